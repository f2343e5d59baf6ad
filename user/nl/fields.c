// SPDX-License-Identifier: LGPL-2.1-or-later
/* Attributes to the members of a struct, and back, by a table for each struct. */
#include <errno.h>
#include <string.h>

#include <netlink/errno.h>

#include "internal.h"

_Static_assert(KMQ_A_LOST == 64 && KMQ_A_COUNT == 63, "@has has a bit for each attribute but KMQ_A_LOST");

static bool length_fits(const struct libkmq_nl_field *field, const char *data, int length)
{
	switch (field->type) {
	case FIELD_STRING:
		/* With its NUL or without; and the member keeps one. */
		return strnlen(data, length) < field->size;
	default:
		return length == field->size;
	}
}

int libkmq_nl_parse(const libkmq_nl_fields fields, const struct nlmsghdr *header,
		    uint64_t needed, void *to)
{
	const struct libkmq_nl_field *field;
	int length, type, left;
	struct nlattr *at;
	uint64_t has = 0;

	if (header->nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN)
		return EBADMSG;
	left = (int)(header->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN);
	at = (struct nlattr *)(void *)((char *)NLMSG_DATA(header) + GENL_HDRLEN);
	for (; nla_ok(at, left); at = nla_next(at, &left)) {
		type = nla_type(at);
		/* A kernel that is younger than this may say more. */
		if (type > KMQ_A_MAX || fields[type].type == FIELD_NONE)
			continue;
		field = &fields[type];
		length = nla_len(at);
		if (!length_fits(field, nla_data(at), length))
			return EBADMSG;
		if (field->type == FIELD_STRING)
			length = (int)strnlen(nla_data(at), length);
		/* 64 bits begin at any multiple of 4. */
		memcpy((char *)to + field->offset, nla_data(at), length);
		if (type < 64)
			has |= KMQ_NL_BIT(type);
	}
	if (left > 0 || (has & needed) != needed)
		return EBADMSG;
	memcpy(to, &has, sizeof(has));
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
