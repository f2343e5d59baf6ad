/* SPDX-License-Identifier: GPL-2.0-only */
/* A library to be loaded before all others, and whether a program will load it. */
#ifndef KMQCOMPARE_PRELOAD_H
#define KMQCOMPARE_PRELOAD_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * preload_find() - where a library is
 * @name: with a slash its path; without one a soname, to be looked for beside
 *	this program (../lib) and then where the system looks
 * @path: out: absolute
 * @why: out: a sentence, if it is not to be had
 *
 * It is loaded, by a process of its own, to see that it can be.
 */
bool preload_find(const char *name, char path[PATH_MAX], char *why, size_t room);

/**
 * preload_program() - whether a program loads what LD_PRELOAD says
 * @name: of the program, as a shell would look for it
 * @why: out: a sentence, if it does not: it is not there, linked statically, of
 *	another machine, or has more rights than who starts it
 *
 * Of a script it is asked of its interpreter.
 */
bool preload_program(const char *name, char *why, size_t room);

/* What LD_PRELOAD is to be with @libraries (separated by colons) before @others, which may be NULL. To be freed. */
char *preload_value(const char *libraries, const char *others);

#endif
