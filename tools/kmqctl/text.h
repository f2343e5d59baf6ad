/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes and numbers as people and terminals can take them. Pure: no I/O. The
 * functions that return a string return memory that the caller frees; they end
 * the program when there is none left (see memory.h).
 */
#ifndef KMQCTL_TEXT_H
#define KMQCTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Flags of text_escape(). */
enum {
	TEXT_KEEP_LINES	= 1 << 0, /* newline, tab and backslash stay as they are */
	TEXT_ASCII	= 1 << 1, /* the terminal shows nothing but ASCII */
};

/*
 * @length bytes with everything that could steer a terminal written as \n, \t
 * or \xNN: control characters, what is not UTF-8, and the backslash itself.
 */
char *text_escape(const void *bytes, size_t length, unsigned int flags);

/* Whether the bytes are UTF-8 as Unicode defines it (no surrogates, no
 * overlong forms). Nothing at all is.
 */
bool text_is_utf8(const void *bytes, size_t length);

char *text_base64(const void *bytes, size_t length);

/* 0B, 512B, 8K, 1.5M: at most one decimal, cut, not rounded up. */
char *text_size(uint64_t bytes);

/* 0.4s, 12s, 3m20s, 5h07m, 2d03h */
char *text_age(uint64_t ns);

/* 900ns, 1.5us, 12ms, 3.2s: a short time, at most one decimal, cut. */
char *text_duration(uint64_t ns);

/*
 * Local time of @seconds since 1970, as ls shows it: the time of day if that is
 * less than a day before @now, else the date.
 */
char *text_time(uint64_t seconds, uint64_t now);

#endif
