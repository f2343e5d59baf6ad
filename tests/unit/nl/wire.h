/* SPDX-License-Identifier: GPL-2.0-only */
/* Generic netlink messages made by hand, so that they can be wrong. */
#ifndef TESTS_UNIT_NL_WIRE_H
#define TESTS_UNIT_NL_WIRE_H

#include <stdint.h>
#include <string.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include <kmq_nl.h>

#define WIRE_SIZE	(256 * 1024)
#define FAMILY		0x25

/* A datagram in the making; @message is where its last message begins. */
struct wire {
	char data[WIRE_SIZE];
	size_t size;
	size_t message;
};

static inline struct nlmsghdr *wire_header(struct wire *wire)
{
	return (struct nlmsghdr *)(void *)(wire->data + wire->message);
}

static inline void wire_bytes(struct wire *wire, const void *data, size_t size)
{
	memcpy(wire->data + wire->size, data, size);
	wire->size += size;
	while (wire->size % 4)
		wire->data[wire->size++] = 0;
	wire_header(wire)->nlmsg_len = (uint32_t)(wire->size - wire->message);
}

static inline void wire_begin(struct wire *wire, uint16_t type, uint16_t flags, uint32_t sequence)
{
	struct nlmsghdr header = { .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = sequence };

	wire->message = wire->size;
	wire_bytes(wire, &header, sizeof(header));
}

static inline void wire_begin_genl(struct wire *wire, uint8_t command, uint16_t flags, uint32_t sequence)
{
	struct genlmsghdr genl = { .cmd = command, .version = 1 };

	wire_begin(wire, FAMILY, flags, sequence);
	wire_bytes(wire, &genl, sizeof(genl));
}

static inline void wire_put(struct wire *wire, uint16_t type, const void *data, size_t size)
{
	struct nlattr attribute = { .nla_len = (uint16_t)(sizeof(attribute) + size), .nla_type = type };

	wire_bytes(wire, &attribute, sizeof(attribute));
	if (size)
		wire_bytes(wire, data, size);
}

static inline void wire_put_u32(struct wire *wire, uint16_t type, uint32_t value)
{
	wire_put(wire, type, &value, sizeof(value));
}

static inline void wire_put_u64(struct wire *wire, uint16_t type, uint64_t value)
{
	wire_put(wire, type, &value, sizeof(value));
}

static inline void wire_put_string(struct wire *wire, uint16_t type, const char *value)
{
	wire_put(wire, type, value, strlen(value) + 1);
}

/* The answer's end: @error is 0 or negative. Reasons may follow it. */
static inline void wire_error(struct wire *wire, int error, uint16_t flags, uint32_t sequence)
{
	struct nlmsgerr told = { .error = error, .msg = { .nlmsg_len = 28 } };

	wire_begin(wire, NLMSG_ERROR, flags, sequence);
	wire_bytes(wire, &told, sizeof(told));
}

static inline void wire_done(struct wire *wire, int error, uint16_t flags, uint32_t sequence)
{
	wire_begin(wire, NLMSG_DONE, NLM_F_MULTI | flags, sequence);
	wire_bytes(wire, &error, sizeof(error));
}

/* The attribute of @type in the message at @data, or NULL. */
static inline const struct nlattr *wire_find(const void *data, uint16_t type)
{
	const struct nlmsghdr *header = data;
	size_t at = NLMSG_HDRLEN + GENL_HDRLEN;

	while (at + NLA_HDRLEN <= header->nlmsg_len) {
		const struct nlattr *attribute = (const void *)((const char *)data + at);

		if (attribute->nla_type == type)
			return attribute;
		if (attribute->nla_len < NLA_HDRLEN)
			break;
		at += NLA_ALIGN(attribute->nla_len);
	}
	return NULL;
}

#endif /* TESTS_UNIT_NL_WIRE_H */
