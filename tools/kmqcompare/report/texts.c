// SPDX-License-Identifier: GPL-2.0-only
#include "texts.h"

const char page_css[] =
#include "page.css.h"
;

const char page_js[] =
#include "page.js.h"
;

const char plots_gp[] =
#include "plots.gp.h"
;
