// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "parse.h"

#define SECONDS_MAX	1000000000ull

/* strtoull() alone would take blanks, signs and the empty string. */
static int parse_digits(const char *text, int base, uint64_t *value, char **end)
{
	unsigned long long number;

	if (!isdigit((unsigned char)*text))
		return -1;
	errno = 0;
	number = strtoull(text, end, base);
	if (errno)
		return -1;
	*value = number;
	return 0;
}

int parse_count(const char *text, uint64_t low, uint64_t high, uint64_t *count)
{
	uint64_t value;
	char *end;

	if (parse_digits(text, 10, &value, &end) || *end)
		return -1;
	if (value < low || value > high)
		return -1;
	*count = value;
	return 0;
}

static int size_shift(const char *suffix)
{
	static const char letters[] = "KMG";
	const char *found;

	if (!*suffix)
		return 0;
	found = strchr(letters, toupper((unsigned char)*suffix));
	if (!found || suffix[1])
		return -1;
	return 10 * (int)(found - letters + 1);
}

int parse_size(const char *text, uint64_t *bytes)
{
	uint64_t value;
	char *end;
	int shift;

	if (parse_digits(text, 10, &value, &end))
		return -1;
	shift = size_shift(end);
	if (shift < 0 || value > UINT64_MAX >> shift)
		return -1;
	*bytes = value << shift;
	return 0;
}

/* Digits behind the point; what is finer than a nanosecond is cut. */
static int parse_fraction(const char *text, uint64_t *ns)
{
	uint64_t unit = NS_PER_SECOND / 10;
	uint64_t value = 0;

	if (!*text)
		return -1;
	for (; isdigit((unsigned char)*text); text++, unit /= 10)
		value += unit * (uint64_t)(*text - '0');
	if (*text)
		return -1;
	*ns = value;
	return 0;
}

int parse_seconds(const char *text, uint64_t *ns)
{
	uint64_t seconds, fraction = 0;
	char *end = (char *)text;

	seconds = 0;
	if (*text != '.' && parse_digits(text, 10, &seconds, &end))
		return -1;
	if (*end && *end != '.')
		return -1;
	if (*end == '.' && parse_fraction(end + 1, &fraction))
		return -1;
	if (seconds > SECONDS_MAX)
		return -1;
	*ns = seconds * NS_PER_SECOND + fraction;
	return 0;
}

static uint64_t unit_ns(const char *suffix)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{ "", NS_PER_SECOND }, { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 },
		{ "s", NS_PER_SECOND }, { "m", 60 * NS_PER_SECOND },
		{ "h", 3600 * NS_PER_SECOND }, { "d", 86400 * NS_PER_SECOND },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (!strcmp(units[i].name, suffix))
			return units[i].ns;
	}
	return 0;
}

int parse_duration(const char *text, uint64_t *ns)
{
	uint64_t whole = 0, part = 0, unit, step;
	char *end = (char *)text;
	const char *digits;

	if (*text != '.' && parse_digits(text, 10, &whole, &end))
		return -1;
	digits = *end == '.' ? end + 1 : NULL;
	if (digits)
		end = (char *)digits + strspn(digits, "0123456789");
	unit = unit_ns(end);
	if (!unit || digits == end || whole > SECONDS_MAX * NS_PER_SECOND / unit)
		return -1;
	step = unit;
	for (; digits && digits < end; digits++) {
		step /= 10;
		part += step * (uint64_t)(*digits - '0');
	}
	*ns = whole * unit + part;
	return 0;
}

int parse_mark(const char *text, struct parse_mark *mark)
{
	struct parse_mark parsed = { 0, false };
	char *end;

	if (!strcmp(text, "off")) {
		*mark = parsed;
		return 0;
	}
	if (!parse_digits(text, 10, &parsed.value, &end) && !strcmp(end, "%")) {
		parsed.percent = true;
		if (parsed.value > 100)
			return -1;
	} else if (parse_size(text, &parsed.value)) {
		return -1;
	}
	*mark = parsed;
	return 0;
}

int parse_mode(const char *text, uint32_t *mode)
{
	uint64_t value;
	char *end;

	if (parse_digits(text, 8, &value, &end) || *end)
		return -1;
	if (value < 1 || value > 0777)
		return -1;
	*mode = (uint32_t)value;
	return 0;
}

int parse_type(const char *text, int64_t *type)
{
	uint64_t value;

	if (parse_count(text, 1, INT64_MAX, &value))
		return -1;
	*type = (int64_t)value;
	return 0;
}

int parse_selection(const char *text, struct kmq_selection *selection)
{
	uint32_t select = KMQ_SELECT_EQUAL;
	int64_t type;

	if (!strcmp(text, "any")) {
		*selection = (struct kmq_selection){ .select = KMQ_SELECT_ANY };
		return 0;
	}
	if (*text == '!') {
		select = KMQ_SELECT_NOT_EQUAL;
		text += 1;
	} else if (!strncmp(text, "<=", 2)) {
		select = KMQ_SELECT_LOWEST;
		text += 2;
	}
	if (parse_type(text, &type))
		return -1;
	*selection = (struct kmq_selection){ .select = select, .type = type };
	return 0;
}

int parse_name(const char *text)
{
	static const char legal[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t length = strlen(text);

	if (!length || length >= KMQ_NAME_SIZE || *text == '.')
		return -1;
	if (!strcmp(text, KMQ_CONTROL_NAME))
		return -1;
	return text[strspn(text, legal)] ? -1 : 0;
}

static int parse_user(const char *text, uid_t *uid)
{
	const struct passwd *user = getpwnam(text);
	uint64_t number;

	if (!user && parse_count(text, 0, UINT32_MAX - 1, &number))
		return -1;
	*uid = user ? user->pw_uid : (uid_t)number;
	return 0;
}

static int parse_group(const char *text, gid_t *gid)
{
	const struct group *group = getgrnam(text);
	uint64_t number;

	if (!group && parse_count(text, 0, UINT32_MAX - 1, &number))
		return -1;
	*gid = group ? group->gr_gid : (gid_t)number;
	return 0;
}

int parse_owner(const char *text, uid_t *uid, gid_t *gid)
{
	char user[256];
	size_t length = strcspn(text, ":");
	const char *group = text[length] ? text + length + 1 : NULL;
	uid_t new_uid = *uid;

	if (length >= sizeof(user) || (!length && !group))
		return -1;
	memcpy(user, text, length);
	user[length] = '\0';
	if (length && parse_user(user, &new_uid))
		return -1;
	if (group && parse_group(group, gid))
		return -1;
	*uid = new_uid;
	return 0;
}
