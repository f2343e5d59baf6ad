// SPDX-License-Identifier: GPL-2.0-only
/* A library that is there and changes nothing: under it all claims must agree. */
extern const char nothing[];
const char nothing[] = "nothing";
