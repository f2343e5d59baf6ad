// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One request and its answer.
 *
 * A generic netlink family answers while the request is being sent, and each
 * receive of a dump has made the next datagram before it returns. So whatever is
 * not there when it is looked for will not come: nothing here sleeps, and an
 * answer that was lost hangs nobody.
 */
#include <errno.h>
#include <string.h>

#include <netlink/errno.h>

#include "internal.h"

/* How often a request is sent whose acknowledgement found the socket full. */
#define TRIES	8
/* Events taken out of the way before that. */
#define DRAIN_MAX	65536

/**
 * struct answer - what came of a request
 * @take: for each message, as long as @failure is 0; or NULL
 * @data: for @take
 * @failure: errno of the first thing that went wrong on this side
 * @explained: the kernel refused it and said why
 * @interrupted: a dump, and not of one instant
 */
struct answer {
	libkmq_nl_taker take;
	void *data;
	int failure;
	bool explained;
	bool interrupted;
};

struct nl_msg *libkmq_nl_request(struct kmq_nl *nl, uint8_t command, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg)
		return NULL;
	/* The family is filled in when it is sent. */
	if (!genlmsg_put(msg, 0, 0, NLMSG_MIN_TYPE, 0, NLM_F_REQUEST | NLM_F_ACK | flags,
			 command, KMQ_GENL_VERSION)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

int libkmq_nl_put_name(struct nl_msg *msg, const char *name, uint32_t id)
{
	if (!msg)
		return -NLE_NOMEM;
	return name ? nla_put_string(msg, KMQ_A_NAME, name) : nla_put_u32(msg, KMQ_A_ID, id);
}

/* The attribute that begins @offset bytes into @request; 0 if none does. */
static unsigned int attribute_at(const struct nlmsghdr *request, uint32_t offset)
{
	if (offset < NLMSG_HDRLEN + GENL_HDRLEN || offset > request->nlmsg_len ||
	    request->nlmsg_len - offset < NLA_HDRLEN || offset % NLA_ALIGNTO)
		return 0;
	return nla_type((const struct nlattr *)(const void *)((const char *)request + offset));
}

/* The attributes of a refusal: @size bytes at @data. True if they have a sentence. */
static bool note_reasons(struct kmq_nl *nl, const struct nlmsghdr *request, void *data, int size)
{
	struct nlattr *attribute;
	bool said = false;
	int length, left;

	nla_for_each_attr(attribute, data, size, left) {
		length = nla_len(attribute);
		switch (nla_type(attribute)) {
		case NLMSGERR_ATTR_MSG:
			if (length > (int)sizeof(nl->sentence) - 1)
				length = sizeof(nl->sentence) - 1;
			memcpy(nl->sentence, nla_data(attribute), length);
			nl->sentence[length] = '\0';
			said = nl->sentence[0];
			break;
		case NLMSGERR_ATTR_OFFS:
			if (length == sizeof(uint32_t))
				nl->attribute = attribute_at(request, nla_get_u32(attribute));
			break;
		case NLMSGERR_ATTR_MISS_TYPE:
			if (length == sizeof(uint32_t))
				nl->attribute = nla_get_u32(attribute);
			break;
		}
	}
	return said;
}

/*
 * The last message of an answer: an errno, 0 if the kernel did what was asked.
 * Before the reasons is the errno; and in a NLMSG_ERROR the header of the request,
 * with all that followed it unless the message says that it was left out.
 */
static int final_error(struct kmq_nl *nl, const struct nlmsghdr *request, struct nlmsghdr *header,
		       struct answer *answer)
{
	size_t size = header->nlmsg_len - NLMSG_HDRLEN, before = sizeof(int);
	const struct nlmsgerr *told = NLMSG_DATA(header);
	int error;

	if (size < before)
		return header->nlmsg_type == NLMSG_DONE ? 0 : EBADMSG;
	memcpy(&error, NLMSG_DATA(header), sizeof(error));
	if (error >= 0)
		return 0;
	if (header->nlmsg_type == NLMSG_ERROR) {
		if (size < sizeof(*told))
			return EBADMSG;
		before = sizeof(*told);
		if (!(header->nlmsg_flags & NLM_F_CAPPED) && told->msg.nlmsg_len > NLMSG_HDRLEN)
			before += told->msg.nlmsg_len - NLMSG_HDRLEN;
	}
	before = NLMSG_ALIGN(before);
	if ((header->nlmsg_flags & NLM_F_ACK_TLVS) && before < size)
		answer->explained = note_reasons(nl, request, (char *)NLMSG_DATA(header) + before,
						 (int)(size - before));
	return -error;
}

static void take(struct answer *answer, const struct nlmsghdr *header)
{
	if (header->nlmsg_flags & NLM_F_DUMP_INTR)
		answer->interrupted = true;
	if (!answer->failure && answer->take && header->nlmsg_type >= NLMSG_MIN_TYPE)
		answer->failure = answer->take(header, answer->data);
}

/* Cuts the message at @at out, so that who reads on does not meet it. */
static void cut_out(struct libkmq_nl_channel *channel, size_t at, size_t size)
{
	memmove(channel->data + at, channel->data + at + size, channel->end - at - size);
	channel->end -= size;
}

static bool is_final(const struct nlmsghdr *header)
{
	return header->nlmsg_type == NLMSG_ERROR || header->nlmsg_type == NLMSG_DONE;
}

/* As libkmq_nl_receive(), for what does not end the answer. */
static int receive(struct kmq_nl *nl, struct libkmq_nl_channel *channel, struct answer *answer)
{
	int error = libkmq_nl_receive(channel);
	bool is_events = channel == &nl->events;

	if (error == ENOBUFS && is_events)
		nl->overrun = true;
	else if (error == EBADMSG && is_events)
		nl->garbled = true;
	else if (error == EBADMSG)
		answer->failure = answer->failure ? answer->failure : error;
	else
		return error;
	return 0;
}

/*
 * Reads until the answer to @request is complete, and calls answer->take for each
 * part of it. On the channel of requests nothing else is of interest (an answer
 * to an earlier one, that was given up); on that of events all else stays.
 *
 * Return: 0 or the errno that the kernel answered; negative: of receiving.
 */
static int await(struct kmq_nl *nl, struct libkmq_nl_channel *channel,
		 const struct nlmsghdr *request, struct answer *answer)
{
	bool keep = channel == &nl->events;
	size_t at = channel->end, size;
	struct nlmsghdr *header;
	int error;

	for (;;) {
		if (at == channel->end) {
			if (!keep)
				at = channel->end = 0;
			error = receive(nl, channel, answer);
			if (error)
				return -error;
			continue;
		}
		header = libkmq_nl_message(channel, at);
		size = NLMSG_ALIGN(header->nlmsg_len);
		if (header->nlmsg_seq != request->nlmsg_seq) {
			at += size;
			continue;
		}
		take(answer, header);
		if (!is_final(header)) {
			at += size;
			continue;
		}
		error = final_error(nl, request, header, answer);
		if (keep)
			cut_out(channel, at, size);
		return error;
	}
}

static int exchange(struct kmq_nl *nl, struct libkmq_nl_channel *channel,
		    struct nlmsghdr *request, struct answer *answer)
{
	int error;

	request->nlmsg_type = nl->family;
	request->nlmsg_seq = ++channel->sequence;
	error = libkmq_nl_send(channel, request);
	if (error)
		return -error;
	return await(nl, channel, request, answer);
}

/*
 * Of a family that is not there the kernel says ENOENT and nothing else. True if
 * it has another number by now; @error is ENODEV if there is none.
 */
static bool family_moved(struct kmq_nl *nl, const struct answer *answer, int *error)
{
	uint16_t family;

	if (*error != ENOENT || answer->explained || !nl->requests.sock)
		return false;
	family = libkmq_nl_resolve(nl->requests.sock);
	if (!family)
		*error = errno;
	if (!family || family == nl->family)
		return false;
	nl->family = family;
	return true;
}

/* What keeps a request from being sent; else the channel is open. */
static int refuse(struct kmq_nl *nl, struct libkmq_nl_channel *channel, struct nl_msg *msg, int put)
{
	int error;

	if (nl->calling)
		return libkmq_nl_fail(nl, EBUSY, "the handle is in the midst of a dump");
	if (!msg)
		return libkmq_nl_fail(nl, ENOMEM, NULL);
	if (put == -NLE_INVAL)
		return libkmq_nl_fail(nl, EINVAL, "not a setting");
	/* A message has room for all legal values together. */
	if (put < 0)
		return libkmq_nl_fail(nl, EINVAL, "a string is too long");
	error = nl->requests.fd < 0 ? libkmq_nl_channel_open(&nl->requests) : 0;
	if (!error && channel->fd < 0)
		error = libkmq_nl_channel_open(channel);
	return error ? libkmq_nl_fail(nl, error, NULL) : 0;
}

/* What a call returns, and errno. @error is as await() returned it. */
static int outcome(struct kmq_nl *nl, const struct answer *answer, int error)
{
	if (error == ENODEV && !answer->explained)
		return libkmq_nl_fail(nl, error, "the module is not loaded any more");
	if (error > 0 && answer->explained) {
		errno = error;
		return -1;
	}
	if (error > 0)
		return libkmq_nl_fail(nl, error, NULL);
	if (answer->failure)
		return libkmq_nl_fail(nl, answer->failure, NULL);
	/* Nothing was there, and so nothing will come: the end was lost. */
	if (error)
		return libkmq_nl_fail(nl, error == -EAGAIN ? ENOBUFS : -error, NULL);
	return answer->interrupted;
}

int libkmq_nl_ask(struct kmq_nl *nl, struct nl_msg *msg, int put, libkmq_nl_taker taker, void *data)
{
	struct answer answer = { .take = taker, .data = data };
	int error;

	libkmq_nl_begin(nl);
	if (refuse(nl, &nl->requests, msg, put)) {
		nlmsg_free(msg);
		return -1;
	}
	nl->calling = true;
	do
		error = exchange(nl, &nl->requests, nlmsg_hdr(msg), &answer);
	while (error > 0 && family_moved(nl, &answer, &error));
	nl->calling = false;
	nlmsg_free(msg);
	/* The rest of this answer is of no use to the next request. */
	if (error < 0 && nl->requests.sock)
		libkmq_nl_channel_close(&nl->requests);
	return outcome(nl, &answer, error);
}

/* Into memory with all that came: room for an answer. 0 or an errno. */
static int drain(struct kmq_nl *nl, struct answer *answer)
{
	int error;

	for (int i = 0; i < DRAIN_MAX; i++) {
		error = receive(nl, &nl->events, answer);
		if (error)
			return error == EAGAIN ? 0 : error;
	}
	return 0;
}

/*
 * The kernel acknowledges without waiting for room. Where events took it, the
 * request is sent again: none of those on this channel minds being told twice.
 */
int libkmq_nl_tell_events(struct kmq_nl *nl, struct nl_msg *msg, int put)
{
	struct answer answer = { .take = NULL };
	int error, tries = 0;

	libkmq_nl_begin(nl);
	if (refuse(nl, &nl->events, msg, put)) {
		nlmsg_free(msg);
		return -1;
	}
	do {
		error = -drain(nl, &answer);
		if (!error)
			error = exchange(nl, &nl->events, nlmsg_hdr(msg), &answer);
	} while ((error == -EAGAIN && ++tries < TRIES) ||
		 (error > 0 && family_moved(nl, &answer, &error)));
	nlmsg_free(msg);
	return outcome(nl, &answer, error);
}
