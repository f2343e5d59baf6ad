/* SPDX-License-Identifier: GPL-2.0-only */
/* The module as a whole, for tests that end it and begin it again. */
#ifndef KMQ_TEST_MODULE_H
#define KMQ_TEST_MODULE_H

/*
 * Nobody but this test may use the module: skips it if others do, or if the
 * module's file is not found (KMQ_MODULE names it). Returns its file, open.
 */
int take_module(void);

/* As delete_module(2) and finit_module(2): 0, or -1 and errno. Do not wait. */
int unload(void);
int load(int file);
int load_with(int file, const char *parameters);

#endif
