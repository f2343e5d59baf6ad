/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What people type, turned into numbers. Nothing here prints, and nothing but
 * parse_owner() looks outside its arguments. Every function returns 0, or -1
 * and leaves its output alone when the text is not of its form.
 */
#ifndef KMQCTL_PARSE_H
#define KMQCTL_PARSE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <kmq.h>

/* Decimal digits only, from @low to @high. */
int parse_count(const char *text, uint64_t low, uint64_t high, uint64_t *count);

/* Bytes: digits with an optional K, M or G (powers of 1024, either case). */
int parse_size(const char *text, uint64_t *bytes);

/* Seconds with an optional fraction, in nanoseconds; at most about 30 years. */
int parse_seconds(const char *text, uint64_t *ns);

/*
 * A time in ns: a number, which may have a fraction, and ns, us, ms, s, m, h or d
 * behind it; without one seconds. At most about 30 years.
 */
int parse_duration(const char *text, uint64_t *ns);

/* A level: a number, with an optional K, M or G, or a percentage up to 100, or off. */
struct parse_mark {
	uint64_t value;
	bool percent;
};

int parse_mark(const char *text, struct parse_mark *mark);

/* Permission bits in octal, 1 to 0777 (0 means the default at the device). */
int parse_mode(const char *text, uint32_t *mode);

/* A message type: 1 or more. */
int parse_type(const char *text, int64_t *type);

/* T, !T, <=T or any. */
#define PARSE_SELECTION_FORM	"a type T from 1, !T, <=T or any"
int parse_selection(const char *text, struct kmq_selection *selection);

/* Whether a queue may have this name, as <linux/kmq.h> has it. */
int parse_name(const char *text);

/*
 * USER, USER:GROUP or :GROUP, by name or number. What is not named stays as it
 * was on entry.
 */
int parse_owner(const char *text, uid_t *uid, gid_t *gid);

#endif
