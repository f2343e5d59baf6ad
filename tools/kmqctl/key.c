// SPDX-License-Identifier: GPL-2.0-only
#include <signal.h>
#include <string.h>

#include <linux/kmq.h>

#include "key.h"
#include "memory.h"
#include "parse.h"
#include "text.h"

static const char *const names[] = {
	[KMQ_SPACE_SYSV] = "sysv",
	[KMQ_SPACE_POSIX] = "posix",
};

#define NAMES	(sizeof(names) / sizeof(*names))

const char *space_name(uint32_t space)
{
	return space < NAMES ? names[space] : NULL;
}

int space_value(const char *text, uint32_t *space)
{
	uint64_t number;

	for (uint32_t i = 0; i < NAMES; i++) {
		if (names[i] && !strcmp(names[i], text)) {
			*space = i;
			return 0;
		}
	}
	if (parse_count(text, 1, KMQ_SPACE_MAX, &number))
		return -1;
	*space = (uint32_t)number;
	return 0;
}

static char *key_hexadecimal(const unsigned char *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	char *text = memory_get(2 * size + 3);
	char *out = text;

	*out++ = '0';
	*out++ = 'x';
	for (size_t i = 0; i < size; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = '\0';
	return text;
}

char *key_text(uint32_t space, const void *bytes, size_t size)
{
	uint32_t number;

	if (space == KMQ_SPACE_SYSV && size == sizeof(number)) {
		memcpy(&number, bytes, sizeof(number));
		return memory_print("0x%08x", number);
	}
	if (!text_is_utf8(bytes, size) || memchr(bytes, '\0', size))
		return key_hexadecimal(bytes, size);
	return memory_print("%s%.*s", space == KMQ_SPACE_POSIX ? "/" : "", (int)size,
			    (const char *)bytes);
}

static char *signal_text(uint64_t number)
{
	const char *name = number < NSIG ? sigabbrev_np((int)number) : NULL;

	if (name)
		return memory_print("SIG%s", name);
	if (number >= (uint64_t)SIGRTMIN && number <= (uint64_t)SIGRTMAX)
		return memory_print("SIGRTMIN+%llu", (unsigned long long)(number - SIGRTMIN));
	return memory_print("signal %llu", (unsigned long long)number);
}

char *notify_text(uint32_t space, const uint64_t show[2])
{
	if (space == KMQ_SPACE_POSIX && show[0] == SIGEV_SIGNAL)
		return signal_text(show[1]);
	if (space == KMQ_SPACE_POSIX && show[0] == SIGEV_THREAD)
		return memory_print("thread");
	if (space == KMQ_SPACE_POSIX && show[0] == SIGEV_NONE)
		return memory_print("none");
	return memory_print("%llu,%llu", (unsigned long long)show[0],
			    (unsigned long long)show[1]);
}
