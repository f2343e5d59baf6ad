/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits: the module's parameters, and a memory cgroup. Files of one line. */
#ifndef KMQ_TEST_LIMIT_H
#define KMQ_TEST_LIMIT_H

#include "kmq_test.h"

#define PARAMETERS	"/sys/module/kmq/parameters/"

void write_text(const char *path, const char *text);
unsigned long long read_number(const char *path);

unsigned long long parameter(const char *name);
void set_parameter(const char *name, unsigned long long value);
/* Runs what a test does under a changed limit, and puts the limit back. */
void with_limit(const char *name, unsigned long long value, void (*body)(void));

/* A cgroup of our own with the memory controller, or a skip. The caller removes it. */
void cgroup_new(char path[128]);

#endif /* KMQ_TEST_LIMIT_H */
