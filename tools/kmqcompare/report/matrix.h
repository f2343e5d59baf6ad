/* SPDX-License-Identifier: GPL-2.0-only */
/* What the probe found: the matrix, the evidence behind each cell, and the sayings of courses. */
#ifndef KMQCOMPARE_REPORT_MATRIX_H
#define KMQCOMPARE_REPORT_MATRIX_H

#include "input.h"

#include <stdio.h>

void matrix_write(const struct input *input, FILE *out);

/* "A course often says ... this machine showed ...". */
void matrix_sayings(const struct input *input, FILE *out);

/* For each claim what was done, and each mechanism's answer with its evidence. */
void matrix_evidence(const struct input *input, FILE *out);

/* The class of a cell's colour: what most programs want, the contrary, or neither. */
const char *verdict_class(struct json_object *cell);

/* Yes, no, partly, or nothing, as a sign that needs no colour. */
const char *verdict_sign(const char *verdict);

#endif
