/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of libkmq-nl share.
 *
 *	kmq_nl.h verbs (queue.c, holder.c, event.c)
 *	-> request.c: one request, its answer, the sentence of a refusal
 *	-> channel.c: datagrams of a netlink socket
 *	and beside them fields.c: attributes to the members of structs and back
 *
 * libnl opens the sockets, finds the family and writes messages. They are read
 * here: libnl stops at the end of a datagram, where one event is wanted at a
 * time, and maps the kernel's errno to fewer of its own.
 */
#ifndef LIBKMQ_NL_INTERNAL_H
#define LIBKMQ_NL_INTERNAL_H

#include <stdbool.h>
#include <sys/types.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#pragma GCC visibility push(default)
#include <kmq_nl.h>
#pragma GCC visibility pop

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#include "../src/deadline.h"

/* Beside NO_DEADLINE of deadlines in ns of CLOCK_MONOTONIC. */
#define DEADLINE_NOW	UINT64_MAX	/* never sleep: EAGAIN */

/**
 * struct libkmq_nl_channel - a socket, and what was read from it
 * @sock: libnl's; NULL where a test has put a socket of its own in its place
 * @fd: -1: not open
 * @sequence: of the last request
 * @data: whole messages, each aligned, from @begin to @end
 * @room: bytes at @data
 */
struct libkmq_nl_channel {
	struct nl_sock *sock;
	int fd;
	uint32_t sequence;
	char *data;
	size_t begin;
	size_t end;
	size_t room;
};

/**
 * struct kmq_nl - a handle
 * @requests: open until a receive from it fails; then it is made anew
 * @events: open from the first need on, so that its descriptor stays the same
 * @family: number of the family as last seen; a module that is loaded again has
 *	another one
 * @calling: in a function of the caller's, with @requests in the midst of a dump
 * @subscribed: number of the family that has the subscription; 0: there is none
 * @overrun: @events was full: the kernel tells how many events that cost, but the
 *	family's end may be among what was lost
 * @garbled: something came to @events that is no message; to be told
 * @attribute: for kmq_nl_error_attribute()
 * @sentence: for kmq_nl_error()
 */
struct kmq_nl {
	struct libkmq_nl_channel requests;
	struct libkmq_nl_channel events;
	uint16_t family;
	uint16_t subscribed;
	bool calling;
	bool overrun;
	bool garbled;
	unsigned int attribute;
	char sentence[256];
};

/* handle.c */
struct kmq_nl *libkmq_nl_on(int requests, int events, uint16_t family);
/* The number of the family; 0 and ENODEV if there is none. */
uint16_t libkmq_nl_resolve(struct nl_sock *sock);
/* Each sets errno, says why and returns -1. NULL: as strerror() says it. */
int libkmq_nl_fail(struct kmq_nl *nl, int error, const char *sentence);
/* A call begins: the last one's error is forgotten. */
void libkmq_nl_begin(struct kmq_nl *nl);

/* channel.c: these return 0 or an errno. */
int libkmq_nl_channel_open(struct libkmq_nl_channel *channel);
void libkmq_nl_channel_close(struct libkmq_nl_channel *channel);
int libkmq_nl_send(struct libkmq_nl_channel *channel, const struct nlmsghdr *header);
int libkmq_nl_receive(struct libkmq_nl_channel *channel);

/* The message at @at, which is below channel->end. */
static inline struct nlmsghdr *libkmq_nl_message(const struct libkmq_nl_channel *channel, size_t at)
{
	return (struct nlmsghdr *)(void *)(channel->data + at);
}

/* request.c */

/* Takes one message of an answer. Returns 0 or an errno; after that no more. */
typedef int (*libkmq_nl_taker)(const struct nlmsghdr *header, void *data);

/* A request to be sent by one of the next two, which free it; NULL: no memory. */
struct nl_msg *libkmq_nl_request(struct kmq_nl *nl, uint8_t command, int flags);
int libkmq_nl_put_name(struct nl_msg *msg, const char *name, uint32_t id);
/*
 * Return 0, or -1 with all said. @msg may be NULL, and @put the result of filling
 * it, so that a caller need not look. ask() also returns 1: a dump that was
 * interrupted.
 */
int libkmq_nl_ask(struct kmq_nl *nl, struct nl_msg *msg, int put, libkmq_nl_taker take, void *data);
int libkmq_nl_tell_events(struct kmq_nl *nl, struct nl_msg *msg, int put);

/* fields.c */

enum libkmq_nl_type {
	FIELD_NONE,
	FIELD_U32,
	FIELD_U64,
	FIELD_STRING,
	FIELD_BUCKETS,
	FIELD_PAIR,
	FIELD_KEY,
	FIELD_KEY_SIZE,
	FIELD_MORE,
};

/**
 * struct libkmq_nl_field - where an attribute is kept
 * @type: FIELD_NONE: not in this struct. FIELD_KEY: bytes, their number in the
 *	u32 before them; FIELD_KEY_SIZE: that number alone. FIELD_MORE, in the
 *	place of KMQ_A_UNSPEC: which attributes from 64 on came
 * @offset: of the member
 * @size: of the member, bytes
 */
struct libkmq_nl_field {
	uint16_t type;
	uint16_t offset;
	uint16_t size;
};

#define FIELD(of_type, structure, member) \
	{ FIELD_##of_type, offsetof(struct structure, member), sizeof(((struct structure *)0)->member) }

/* One for each struct, which begins with its @has, or with its FIELD_MORE. */
typedef struct libkmq_nl_field libkmq_nl_fields[KMQ_A_MAX + 1];

/*
 * Fills the zeroed struct at @to. Returns 0, or EBADMSG if a known attribute has a
 * wrong length, something is cut off, or one of @needed (KMQ_NL_BIT()) is missing.
 */
int libkmq_nl_parse(const libkmq_nl_fields fields, const struct nlmsghdr *header,
		    uint64_t needed, void *to);
/* Puts all that @from has. 0, or -NLE_*; a bit that is no field is -NLE_INVAL. */
int libkmq_nl_put(const libkmq_nl_fields fields, struct nl_msg *msg, const void *from);

/* queue.c, holder.c, event.c: one message each; as libkmq_nl_parse(). */
int libkmq_nl_parse_queue(const struct nlmsghdr *header, struct kmq_nl_queue *queue);
int libkmq_nl_parse_key(const struct nlmsghdr *header, struct kmq_nl_key *key);
int libkmq_nl_parse_histograms(const struct nlmsghdr *header, struct kmq_nl_histograms *histograms);
int libkmq_nl_parse_holder(const struct nlmsghdr *header, struct kmq_nl_holder *holder);
int libkmq_nl_parse_event(const struct nlmsghdr *header, struct kmq_nl_event *event);

/* event.c, for deadline.c */
int libkmq_nl_next_event(struct kmq_nl *nl, struct kmq_nl_event *event, uint64_t deadline);

#endif /* LIBKMQ_NL_INTERNAL_H */
