// SPDX-License-Identifier: LGPL-2.1-or-later
/* Subscriptions, and the events that come of them. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>

#include "internal.h"

#define NS_PER_SECOND	1000000000ull
#define EVENT(type, member) FIELD(type, kmq_nl_event, member)

static const libkmq_nl_fields event_fields = {
	[KMQ_A_EVENT] = EVENT(U32, event),
	[KMQ_A_ID] = EVENT(U32, id),
	[KMQ_A_NAME] = EVENT(STRING, name),
	[KMQ_A_KIND] = EVENT(U32, kind),
	[KMQ_A_UID] = EVENT(U32, uid),
	[KMQ_A_GID] = EVENT(U32, gid),
	[KMQ_A_PID] = EVENT(U32, pid),
	[KMQ_A_EVENT_SEQUENCE] = EVENT(U64, sequence),
	[KMQ_A_TIME] = EVENT(U64, time),
	[KMQ_A_COUNT] = EVENT(U64, count),
	[KMQ_A_LOST] = EVENT(U64, lost),
};

int libkmq_nl_parse_event(const struct nlmsghdr *header, struct kmq_nl_event *event)
{
	memset(event, 0, sizeof(*event));
	return libkmq_nl_parse(event_fields, header, KMQ_NL_BIT(KMQ_A_EVENT), event);
}

/*
 * The kernel's controller says when a family goes, and with it all subscriptions;
 * else the socket would be silent for ever. Without it events come as well.
 */
static void watch_family(struct nl_sock *sock)
{
	int group = genl_ctrl_resolve_grp(sock, "nlctrl", "notify");

	if (group > 0)
		nl_socket_add_membership(sock, group);
}

static int open_events(struct kmq_nl *nl)
{
	int error;

	if (nl->events.fd >= 0)
		return 0;
	error = libkmq_nl_channel_open(&nl->events);
	if (!error)
		watch_family(nl->events.sock);
	return error;
}

static int put_subscription(struct nl_msg *msg, const char *pattern, uint32_t events)
{
	int result = 0;

	if (!msg)
		return -NLE_NOMEM;
	if (pattern)
		result = nla_put_string(msg, KMQ_A_PATTERN, pattern);
	if (result >= 0 && events)
		result = nla_put_u32(msg, KMQ_A_EVENTS, events);
	return result;
}

int kmq_nl_subscribe(struct kmq_nl *nl, const char *pattern, uint32_t events)
{
	struct nl_msg *msg;
	int error;

	libkmq_nl_begin(nl);
	error = open_events(nl);
	if (error)
		return libkmq_nl_fail(nl, error, NULL);
	msg = libkmq_nl_request(nl, KMQ_CMD_SUBSCRIBE, 0);
	if (libkmq_nl_tell_events(nl, msg, put_subscription(msg, pattern, events)))
		return -1;
	nl->subscribed = nl->family;
	return 0;
}

int kmq_nl_unsubscribe(struct kmq_nl *nl)
{
	libkmq_nl_begin(nl);
	if (!nl->subscribed)
		return libkmq_nl_fail(nl, ENOENT, "there is no subscription");
	/* That there is none any more is what is wanted. */
	if (libkmq_nl_tell_events(nl, libkmq_nl_request(nl, KMQ_CMD_UNSUBSCRIBE, 0), 0) &&
	    errno != ENOENT && errno != ENODEV)
		return -1;
	libkmq_nl_begin(nl);
	nl->subscribed = 0;
	return 0;
}

int kmq_nl_fd(struct kmq_nl *nl)
{
	int error;

	libkmq_nl_begin(nl);
	error = open_events(nl);
	if (error)
		return libkmq_nl_fail(nl, error, NULL);
	return nl->events.fd;
}

/* Whether this is the controller saying that the family went which had the subscription. */
static bool is_family_gone(const struct kmq_nl *nl, struct nlmsghdr *header)
{
	struct nlattr *id;

	if (header->nlmsg_type != GENL_ID_CTRL || header->nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN ||
	    genlmsg_hdr(header)->cmd != CTRL_CMD_DELFAMILY)
		return false;
	id = nlmsg_find_attr(header, GENL_HDRLEN, CTRL_ATTR_FAMILY_ID);
	return id && nla_len(id) == sizeof(uint16_t) && nla_get_u16(id) == nl->subscribed;
}

/* Of whichever number the family had then: nobody else sends to this socket. */
static bool is_event(struct nlmsghdr *header)
{
	return header->nlmsg_type > GENL_ID_CTRL && header->nlmsg_len >= NLMSG_HDRLEN + GENL_HDRLEN &&
	       genlmsg_hdr(header)->cmd == KMQ_CMD_EVENT;
}

/* The next event in memory: 0, an errno, or EAGAIN if there is none. */
static int next_in_memory(struct kmq_nl *nl, struct kmq_nl_event *event)
{
	struct libkmq_nl_channel *channel = &nl->events;
	struct kmq_nl_event parsed;
	struct nlmsghdr *header;
	int error;

	while (channel->begin < channel->end) {
		header = libkmq_nl_message(channel, channel->begin);
		channel->begin += NLMSG_ALIGN(header->nlmsg_len);
		if (is_family_gone(nl, header)) {
			nl->subscribed = 0;
			return ENODEV;
		}
		if (!is_event(header))
			continue;
		error = libkmq_nl_parse_event(header, &parsed);
		if (!error)
			*event = parsed;
		return error;
	}
	channel->begin = 0;
	channel->end = 0;
	return EAGAIN;
}

/*
 * After the socket was full: ENODEV if the family went meanwhile, else EAGAIN. In
 * the midst of a dump nothing can be asked; it is asked the next time.
 */
static int check_family(struct kmq_nl *nl)
{
	uint16_t family;

	if (!nl->subscribed || nl->calling || !nl->requests.sock)
		return EAGAIN;
	family = libkmq_nl_resolve(nl->requests.sock);
	if (!family && errno != ENODEV)
		return EAGAIN;
	nl->overrun = false;
	if (family == nl->subscribed)
		return EAGAIN;
	nl->subscribed = 0;
	return ENODEV;
}

/* The next event that is here already; as above. */
static int next_here(struct kmq_nl *nl, struct kmq_nl_event *event)
{
	int error = next_in_memory(nl, event);

	while (error == EAGAIN && !nl->garbled && nl->events.fd >= 0) {
		error = libkmq_nl_receive(&nl->events);
		if (error == ENOBUFS)
			nl->overrun = true;
		else if (error)
			break;
		error = next_in_memory(nl, event);
	}
	if (error != EAGAIN)
		return error;
	if (nl->garbled) {
		nl->garbled = false;
		return EBADMSG;
	}
	return nl->overrun ? check_family(nl) : EAGAIN;
}

/* Until @fd is readable: 0 or an errno. */
static int wait_until(int fd, uint64_t deadline)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	struct timespec now, rest, *timeout = NULL;
	uint64_t ns, now_ns;
	int ready;

	if (deadline != NO_DEADLINE) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		now_ns = now.tv_sec * NS_PER_SECOND + now.tv_nsec;
		ns = deadline > now_ns ? deadline - now_ns : 0;
		rest.tv_sec = (time_t)(ns / NS_PER_SECOND);
		rest.tv_nsec = (long)(ns % NS_PER_SECOND);
		timeout = &rest;
	}
	ready = ppoll(&pollfd, 1, timeout, NULL);
	if (ready < 0)
		return errno;
	return ready ? 0 : ETIMEDOUT;
}

int libkmq_nl_next_event(struct kmq_nl *nl, struct kmq_nl_event *event, uint64_t deadline)
{
	int error;

	libkmq_nl_begin(nl);
	for (;;) {
		error = next_here(nl, event);
		if (!error)
			return 0;
		if (error == ENODEV)
			return libkmq_nl_fail(nl, error, "the module was unloaded");
		if (error != EAGAIN)
			return libkmq_nl_fail(nl, error, NULL);
		if (!nl->subscribed)
			return libkmq_nl_fail(nl, ENOENT, "there is no subscription");
		if (deadline == DEADLINE_NOW)
			return libkmq_nl_fail(nl, error, NULL);
		error = wait_until(nl->events.fd, deadline);
		if (error)
			return libkmq_nl_fail(nl, error, NULL);
	}
}

int kmq_nl_next_event(struct kmq_nl *nl, struct kmq_nl_event *event)
{
	return libkmq_nl_next_event(nl, event, NO_DEADLINE);
}

int kmq_nl_try_next_event(struct kmq_nl *nl, struct kmq_nl_event *event)
{
	return libkmq_nl_next_event(nl, event, DEADLINE_NOW);
}
