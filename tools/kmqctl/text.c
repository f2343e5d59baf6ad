// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "memory.h"
#include "text.h"

/*
 * Length of the UTF-8 sequence at @bytes, or 0 if there is none. The second
 * byte's range is what keeps out overlong forms, surrogates and what lies
 * behind U+10FFFF; the later bytes are always 80 to bf.
 */
static size_t utf8_length(const unsigned char *bytes, size_t room)
{
	unsigned char first = bytes[0];
	unsigned char low = 0x80, high = 0xbf;
	size_t length;

	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	if (room < length || bytes[1] < low || bytes[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

bool text_is_utf8(const void *bytes, size_t length)
{
	const unsigned char *at = bytes;

	while (length) {
		size_t step = utf8_length(at, length);

		if (!step)
			return false;
		at += step;
		length -= step;
	}
	return true;
}

static bool is_control(const unsigned char *at, size_t length)
{
	if (length == 1)
		return *at < 0x20 || *at == 0x7f;
	/* U+0080 to U+009f steer terminals as ESC does. */
	return length == 2 && at[0] == 0xc2 && at[1] < 0xa0;
}

static bool is_plain(const unsigned char *at, size_t length, unsigned int flags)
{
	if (!length)
		return false;
	if (length == 1 && strchr("\n\t\\", *at) && *at)
		return flags & TEXT_KEEP_LINES;
	if (length > 1 && flags & TEXT_ASCII)
		return false;
	return !is_control(at, length);
}

static char *escape_byte(char *out, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";

	*out++ = '\\';
	switch (byte) {
	case '\n':
		*out++ = 'n';
		return out;
	case '\t':
		*out++ = 't';
		return out;
	case '\\':
		*out++ = '\\';
		return out;
	}
	*out++ = 'x';
	*out++ = digits[byte >> 4];
	*out++ = digits[byte & 15];
	return out;
}

char *text_escape(const void *bytes, size_t length, unsigned int flags)
{
	const unsigned char *at = bytes, *end = at + length;
	char *text = memory_get(4 * length + 1);
	char *out = text;

	while (at < end) {
		size_t step = utf8_length(at, (size_t)(end - at));

		if (is_plain(at, step, flags)) {
			out = mempcpy(out, at, step);
			at += step;
			continue;
		}
		for (step = step ? step : 1; step; step--)
			out = escape_byte(out, *at++);
	}
	*out = '\0';
	return text;
}

char *text_base64(const void *bytes, size_t length)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *at = bytes;
	char *text = memory_get((length + 2) / 3 * 4 + 1);
	char *out = text;

	for (size_t i = 0; i < length; i += 3) {
		size_t left = length - i;
		uint32_t bits = (uint32_t)at[i] << 16;

		if (left > 1)
			bits |= (uint32_t)at[i + 1] << 8;
		if (left > 2)
			bits |= at[i + 2];
		*out++ = digits[bits >> 18];
		*out++ = digits[bits >> 12 & 63];
		*out++ = left > 1 ? digits[bits >> 6 & 63] : '=';
		*out++ = left > 2 ? digits[bits & 63] : '=';
	}
	return text;
}

char *text_size(uint64_t bytes)
{
	static const char suffixes[] = "BKMGTPE";
	uint64_t whole = bytes, rest = 0;
	size_t unit = 0;

	while (whole >= 1024) {
		rest = whole % 1024;
		whole /= 1024;
		unit++;
	}
	rest = rest * 10 / 1024;
	if (rest)
		return memory_print("%llu.%llu%c", (unsigned long long)whole,
				    (unsigned long long)rest, suffixes[unit]);
	return memory_print("%llu%c", (unsigned long long)whole, suffixes[unit]);
}

char *text_age(uint64_t ns)
{
	unsigned long long seconds = ns / NS_PER_SECOND;
	unsigned long long minutes = seconds / 60, hours = minutes / 60;

	if (seconds < 10)
		return memory_print("%llu.%llus", seconds,
				    (unsigned long long)(ns % NS_PER_SECOND / 100000000));
	if (seconds < 60)
		return memory_print("%llus", seconds);
	if (minutes < 60)
		return memory_print("%llum%02llus", minutes, seconds % 60);
	if (hours < 24)
		return memory_print("%lluh%02llum", hours, minutes % 60);
	return memory_print("%llud%02lluh", hours / 24, hours % 24);
}

char *text_duration(uint64_t ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	uint64_t whole = ns, rest = 0;
	size_t unit = 0;

	while (whole >= 1000 && unit < 3) {
		rest = whole % 1000;
		whole /= 1000;
		unit++;
	}
	rest /= 100;
	if (rest && whole < 100)
		return memory_print("%llu.%llu%s", (unsigned long long)whole,
				    (unsigned long long)rest, units[unit]);
	return memory_print("%llu%s", (unsigned long long)whole, units[unit]);
}

char *text_time(uint64_t seconds, uint64_t now)
{
	time_t when = (time_t)seconds;
	/* One to come wraps, and is not of today. */
	bool today = now - seconds < 24 * 60 * 60;
	char text[32];
	struct tm tm;

	if (!localtime_r(&when, &tm) ||
	    !strftime(text, sizeof(text), today ? "%H:%M:%S" : "%Y-%m-%d", &tm))
		return memory_print("%llu", (unsigned long long)seconds);
	return memory_print("%s", text);
}
