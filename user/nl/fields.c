// SPDX-License-Identifier: LGPL-2.1-or-later
/* Attributes to the members of a struct, and back, by a table for each struct. */
#include <errno.h>
#include <string.h>

#include <netlink/errno.h>

#include "internal.h"

_Static_assert(KMQ_A_LOST == 64 && KMQ_A_COUNT == 63, "@has has a bit for each attribute up to KMQ_A_COUNT");
_Static_assert(KMQ_A_MAX < 128, "@has_more has one for each of the others");

static bool length_fits(const struct libkmq_nl_field *field, const char *data, int length)
{
	switch (field->type) {
	case FIELD_STRING:
		/* With its NUL or without; and the member keeps one. */
		return strnlen(data, length) < field->size;
	case FIELD_KEY:
	case FIELD_KEY_SIZE:
		return length <= (int)KMQ_KEY_MAX;
	default:
		return length == field->size;
	}
}

static void keep(const struct libkmq_nl_field *field, const char *data, int length, char *to)
{
	uint32_t size = (uint32_t)length;

	switch (field->type) {
	case FIELD_STRING:
		length = (int)strnlen(data, length);
		break;
	case FIELD_KEY:
		memcpy(to + field->offset - sizeof(size), &size, sizeof(size));
		break;
	case FIELD_KEY_SIZE:
		memcpy(to + field->offset, &size, sizeof(size));
		return;
	}
	/* 64 bits begin at any multiple of 4. */
	memcpy(to + field->offset, data, length);
}

int libkmq_nl_parse(const libkmq_nl_fields fields, const struct nlmsghdr *header,
		    uint64_t needed, void *to)
{
	const struct libkmq_nl_field *field;
	int length, type, left;
	struct nlattr *at;
	uint64_t has[2] = { 0, 0 };

	if (header->nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN)
		return EBADMSG;
	left = (int)(header->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN);
	at = (struct nlattr *)(void *)((char *)NLMSG_DATA(header) + GENL_HDRLEN);
	for (; nla_ok(at, left); at = nla_next(at, &left)) {
		type = nla_type(at);
		/* A kernel that is younger than this may say more. */
		if (type == KMQ_A_UNSPEC || type > KMQ_A_MAX || fields[type].type == FIELD_NONE)
			continue;
		field = &fields[type];
		length = nla_len(at);
		if (!length_fits(field, nla_data(at), length))
			return EBADMSG;
		keep(field, nla_data(at), length, to);
		has[type / 64] |= 1ull << type % 64;
	}
	if (left > 0 || (has[0] & needed) != needed)
		return EBADMSG;
	memcpy(to, &has[0], sizeof(has[0]));
	field = &fields[KMQ_A_UNSPEC];
	if (field->type == FIELD_MORE)
		memcpy((char *)to + field->offset, &has[1], sizeof(has[1]));
	return 0;
}

static int put_one(const struct libkmq_nl_field *field, struct nl_msg *msg, int attribute, const char *from)
{
	switch (field->type) {
	case FIELD_U32:
	case FIELD_U64:
		return nla_put(msg, attribute, field->size, from + field->offset);
	default:
		return -NLE_INVAL;
	}
}

int libkmq_nl_put(const libkmq_nl_fields fields, struct nl_msg *msg, const void *from)
{
	uint64_t has;
	int result;

	if (!msg)
		return -NLE_NOMEM;
	memcpy(&has, from, sizeof(has));
	for (int attribute = 0; attribute < 64; attribute++) {
		if (!(has & KMQ_NL_BIT(attribute)))
			continue;
		result = put_one(&fields[attribute], msg, attribute, from);
		if (result < 0)
			return result;
	}
	return 0;
}
