// SPDX-License-Identifier: LGPL-2.1-or-later
/* Names: of queues, and of the constants in <linux/kmq.h>. */
#include <errno.h>
#include <string.h>

#include "internal.h"

static int is_name_character(char c)
{
	/* Not isalnum(): the kernel knows no locale. */
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

int libkmq_name(char to[KMQ_NAME_SIZE], const char *name)
{
	size_t length = 0;

	if (!name || name[0] == '.' || !strcmp(name, KMQ_CONTROL_NAME))
		goto bad;
	for (; name[length]; length++)
		if (length == KMQ_NAME_SIZE - 1 || !is_name_character(name[length]))
			goto bad;
	if (!length)
		goto bad;
	memset(to, 0, KMQ_NAME_SIZE);
	memcpy(to, name, length);
	return 0;
bad:
	errno = EINVAL;
	return -1;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const kinds[] = {
	[KMQ_KIND_MESSAGE] = "message",
	[KMQ_KIND_RING] = "ring",
};

static const char *const policies[] = {
	[KMQ_POLICY_BLOCK] = "block",
	[KMQ_POLICY_REJECT] = "reject",
	[KMQ_POLICY_DROP_NEWEST] = "drop-newest",
	[KMQ_POLICY_DROP_OLDEST] = "drop-oldest",
};

static const char *const lifetimes[] = {
	[KMQ_LIFETIME_PERSISTENT] = "persistent",
	[KMQ_LIFETIME_EPHEMERAL] = "ephemeral",
};

static const char *const selects[] = {
	[KMQ_SELECT_FILTER] = "filter",
	[KMQ_SELECT_ANY] = "any",
	[KMQ_SELECT_EQUAL] = "equal",
	[KMQ_SELECT_NOT_EQUAL] = "not-equal",
	[KMQ_SELECT_LOWEST] = "lowest",
};

static const struct {
	uint64_t feature;
	const char *name;
} features[] = {
	{ KMQ_FEATURE_MESSAGE, "message" },
	{ KMQ_FEATURE_LEASE, "lease" },
	{ KMQ_FEATURE_CALL, "call" },
	{ KMQ_FEATURE_BATCH, "batch" },
	{ KMQ_FEATURE_RING, "ring" },
	{ KMQ_FEATURE_SHORT, "short" },
	{ KMQ_FEATURE_HUB, "hub" },
	{ KMQ_FEATURE_NOTIFY, "notify" },
};

static int value_of(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; name && i < count; i++)
		if (!strcmp(names[i], name))
			return (int)i;
	errno = EINVAL;
	return -1;
}

const char *kmq_kind_name(uint32_t kind)
{
	return kind < COUNT(kinds) ? kinds[kind] : NULL;
}

int kmq_kind_value(const char *name)
{
	return value_of(kinds, COUNT(kinds), name);
}

const char *kmq_policy_name(uint32_t policy)
{
	return policy < COUNT(policies) ? policies[policy] : NULL;
}

int kmq_policy_value(const char *name)
{
	return value_of(policies, COUNT(policies), name);
}

const char *kmq_lifetime_name(uint32_t lifetime)
{
	return lifetime < COUNT(lifetimes) ? lifetimes[lifetime] : NULL;
}

int kmq_lifetime_value(const char *name)
{
	return value_of(lifetimes, COUNT(lifetimes), name);
}

const char *kmq_select_name(uint32_t select)
{
	return select < COUNT(selects) ? selects[select] : NULL;
}

int kmq_select_value(const char *name)
{
	return value_of(selects, COUNT(selects), name);
}

const char *kmq_feature_name(uint64_t feature)
{
	for (size_t i = 0; i < COUNT(features); i++)
		if (features[i].feature == feature)
			return features[i].name;
	return NULL;
}
