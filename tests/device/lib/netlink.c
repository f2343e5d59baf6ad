// SPDX-License-Identifier: GPL-2.0-only
/* Generic netlink, by hand. */
#include <sys/socket.h>

#include "netlink.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

static const struct nlattr *attribute_next(const struct nlattr *attribute)
{
	return (const void *)((const char *)attribute +
			      NLA_ALIGN(attribute->nla_len));
}

static bool attribute_ok(const struct nlattr *attribute, const char *end)
{
	ptrdiff_t left = end - (const char *)attribute;

	return left >= (ptrdiff_t)sizeof(*attribute) &&
	       attribute->nla_len >= sizeof(*attribute) &&
	       attribute->nla_len <= left;
}

void nl_begin(struct nl_request *request, struct nl *nl, int command, int flags)
{
	memset(request, 0, sizeof(*request));
	request->header.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	request->header.nlmsg_type = nl->family;
	request->header.nlmsg_flags = NLM_F_REQUEST | flags;
	request->header.nlmsg_seq = ++nl->sequence;
	request->command.cmd = command;
	request->command.version = KMQ_GENL_VERSION;
}

void nl_put_bytes(struct nl_request *request, int type, const void *bytes, size_t size)
{
	struct nlattr *attribute = (void *)((char *)request +
					    request->header.nlmsg_len);
	size_t length = NLA_HDRLEN + size;

	CHECK(request->header.nlmsg_len + NLA_ALIGN(length) <= sizeof(*request));
	attribute->nla_type = type;
	attribute->nla_len = length;
	if (size)
		memcpy((char *)attribute + NLA_HDRLEN, bytes, size);
	request->header.nlmsg_len += NLA_ALIGN(length);
}

void nl_put_u32(struct nl_request *request, int type, __u32 value)
{
	nl_put_bytes(request, type, &value, sizeof(value));
}

void nl_put_u64(struct nl_request *request, int type, __u64 value)
{
	nl_put_bytes(request, type, &value, sizeof(value));
}

void nl_put_text(struct nl_request *request, int type, const char *text)
{
	nl_put_bytes(request, type, text, strlen(text) + 1);
}

static void request_send(struct nl *nl, const struct nl_request *request)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	CHECK_EQ(CHECK_OK(sendto(nl->fd, request, request->header.nlmsg_len, 0,
				 (struct sockaddr *)&kernel, sizeof(kernel))),
		 request->header.nlmsg_len);
}

/* What an acknowledgement, or the end of a dump, says beside its number. */
static void read_refusal(struct nl *nl, const struct nlmsghdr *header,
			 const struct nl_request *request)
{
	size_t before = header->nlmsg_type == NLMSG_DONE ?
				sizeof(int) : sizeof(struct nlmsgerr);
	const char *end = (const char *)header + header->nlmsg_len;
	const struct nlattr *attribute = (const void *)
		((const char *)NLMSG_DATA(header) + before);
	__u32 value;

	nl->sentence[0] = '\0';
	nl->attribute = nl->missing = 0;
	if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	for (; attribute_ok(attribute, end); attribute = attribute_next(attribute)) {
		const char *data = (const char *)attribute + NLA_HDRLEN;

		if (attribute->nla_type == NLMSGERR_ATTR_MSG) {
			snprintf(nl->sentence, sizeof(nl->sentence), "%s", data);
			continue;
		}
		if (attribute->nla_len < NLA_HDRLEN + sizeof(value))
			continue;
		memcpy(&value, data, sizeof(value));
		if (attribute->nla_type == NLMSGERR_ATTR_OFFS) {
			CHECK(value + NLA_HDRLEN <= request->header.nlmsg_len);
			nl->attribute = ((const struct nlattr *)
					 ((const char *)request + value))->nla_type;
		} else if (attribute->nla_type == NLMSGERR_ATTR_MISS_TYPE) {
			nl->missing = value;
		}
	}
}

static void parse(struct nl_reply *reply, const struct nlmsghdr *header)
{
	const struct genlmsghdr *command;
	const struct nlattr *attribute;
	const char *end;

	memset(reply, 0, sizeof(*reply));
	CHECK(header->nlmsg_len <= sizeof(reply->bytes));
	CHECK(header->nlmsg_len >= NLMSG_LENGTH(GENL_HDRLEN));
	memcpy(reply->bytes, header, header->nlmsg_len);
	header = (const void *)reply->bytes;
	command = NLMSG_DATA(header);
	reply->command = command->cmd;
	reply->flags = header->nlmsg_flags;
	end = reply->bytes + header->nlmsg_len;
	attribute = (const void *)((const char *)command + GENL_HDRLEN);
	for (; attribute_ok(attribute, end); attribute = attribute_next(attribute)) {
		CHECK(attribute->nla_type <= KMQ_A_MAX);
		if (attribute->nla_type != KMQ_A_PAD)
			CHECK(!reply->attributes[attribute->nla_type]);
		reply->attributes[attribute->nla_type] =
			(const char *)attribute - reply->bytes;
	}
	CHECK_EQ(end - (const char *)attribute, 0);
}

int nl_transact(struct nl *nl, struct nl_request *request, struct nl_reply *reply)
{
	char buffer[8192] __attribute__((aligned(8)));
	const struct nlmsghdr *header = (const void *)buffer;
	const struct nlmsgerr *error;
	bool replied = false;

	nl->refused_at_end = false;
	request->header.nlmsg_flags |= NLM_F_ACK;
	request_send(nl, request);
	for (;;) {
		ssize_t got = recv(nl->fd, buffer, sizeof(buffer), 0);

		if (got < 0)
			return -1;
		CHECK_EQ(header->nlmsg_len, got);
		/* An event may come between. */
		if (header->nlmsg_seq != request->header.nlmsg_seq)
			continue;
		if (header->nlmsg_type == NLMSG_ERROR)
			break;
		if (reply)
			parse(reply, header);
		replied = true;
	}
	error = NLMSG_DATA(header);
	read_refusal(nl, header, request);
	if (error->error) {
		errno = -error->error;
		return -1;
	}
	CHECK(replied || !reply);
	return 0;
}

int nl_dump_start(struct nl_dump *dump, struct nl *nl, struct nl_request *request)
{
	const struct nlmsghdr *header;

	dump->nl = nl;
	dump->interrupted = false;
	dump->error = 0;
	request->header.nlmsg_flags |= NLM_F_DUMP;
	request_send(nl, request);
	dump->left = CHECK_OK(recv(nl->fd, dump->buffer, sizeof(dump->buffer), 0));
	dump->next = dump->buffer;
	header = (const void *)dump->buffer;
	CHECK_EQ(header->nlmsg_seq, request->header.nlmsg_seq);
	nl->refused_at_end = header->nlmsg_type == NLMSG_DONE;
	if (header->nlmsg_type != NLMSG_ERROR && !nl->refused_at_end)
		return 0;
	/* Both begin with the errno; an empty dump ends at once, too. */
	memcpy(&dump->error, NLMSG_DATA(header), sizeof(dump->error));
	if (!dump->error)
		return 0;
	read_refusal(nl, header, request);
	errno = -dump->error;
	return -1;
}

bool nl_dump_next(struct nl_dump *dump, struct nl_reply *row)
{
	const struct nlmsghdr *header;

	if (dump->left <= 0) {
		dump->left = CHECK_OK(recv(dump->nl->fd, dump->buffer,
					   sizeof(dump->buffer), 0));
		dump->next = dump->buffer;
	}
	header = (const void *)dump->next;
	CHECK(NLMSG_OK(header, dump->left));
	if (header->nlmsg_flags & NLM_F_DUMP_INTR)
		dump->interrupted = true;
	if (header->nlmsg_type == NLMSG_DONE) {
		memcpy(&dump->error, NLMSG_DATA(header), sizeof(dump->error));
		return false;
	}
	CHECK(header->nlmsg_type == dump->nl->family);
	CHECK(header->nlmsg_flags & NLM_F_MULTI);
	parse(row, header);
	dump->next += NLMSG_ALIGN(header->nlmsg_len);
	dump->left -= NLMSG_ALIGN(header->nlmsg_len);
	return true;
}

bool nl_event(struct nl *nl, struct nl_reply *event, unsigned int ms)
{
	char buffer[8192] __attribute__((aligned(8)));
	const struct nlmsghdr *header = (const void *)buffer;
	struct pollfd poller = { .fd = nl->fd, .events = POLLIN };
	ssize_t got;

	for (;;) {
		if (!CHECK_OK(poll(&poller, 1, ms)))
			return false;
		got = recv(nl->fd, buffer, sizeof(buffer), MSG_DONTWAIT);
		if (got >= 0)
			break;
		/* It says once that there is a gap, and goes on. */
		CHECK_EQ(errno, ENOBUFS);
		nl->overruns++;
	}
	CHECK_EQ(header->nlmsg_len, got);
	CHECK_EQ(header->nlmsg_seq, 0);
	CHECK_EQ(header->nlmsg_type, nl->family);
	parse(event, header);
	CHECK_EQ(event->command, KMQ_CMD_EVENT);
	return true;
}

bool nl_has(const struct nl_reply *reply, int attribute)
{
	return reply->attributes[attribute];
}

const struct nlattr *nl_attribute(const struct nl_reply *reply, int attribute)
{
	if (!nl_has(reply, attribute))
		FAIL("attribute %d is not there", attribute);
	return (const void *)(reply->bytes + reply->attributes[attribute]);
}

__u64 nl_number(const struct nl_reply *reply, int attribute)
{
	const struct nlattr *found = nl_attribute(reply, attribute);
	__u64 wide = 0;
	__u32 narrow;

	if (found->nla_len == NLA_HDRLEN + sizeof(wide)) {
		memcpy(&wide, (const char *)found + NLA_HDRLEN, sizeof(wide));
		return wide;
	}
	CHECK_EQ(found->nla_len, NLA_HDRLEN + sizeof(narrow));
	memcpy(&narrow, (const char *)found + NLA_HDRLEN, sizeof(narrow));
	return narrow;
}

const char *nl_text(const struct nl_reply *reply, int attribute)
{
	const struct nlattr *found = nl_attribute(reply, attribute);

	CHECK(memchr((const char *)found + NLA_HDRLEN, 0,
		     found->nla_len - NLA_HDRLEN));
	return (const char *)found + NLA_HDRLEN;
}

/* The numbers of family and group, from the controller. */
static void resolve(struct nl *nl)
{
	char buffer[8192] __attribute__((aligned(8)));
	const struct nlmsghdr *header = (const void *)buffer;
	const struct nlattr *attribute, *group;
	const char *end;
	struct nl_request request;

	nl->family = GENL_ID_CTRL;
	nl_begin(&request, nl, CTRL_CMD_GETFAMILY, 0);
	nl_put_text(&request, CTRL_ATTR_FAMILY_NAME, KMQ_GENL_NAME);
	request_send(nl, &request);
	end = buffer + CHECK_OK(recv(nl->fd, buffer, sizeof(buffer), 0));
	if (header->nlmsg_type == NLMSG_ERROR)
		FAIL("there is no family \"%s\"", KMQ_GENL_NAME);
	attribute = (const void *)(buffer + NLMSG_LENGTH(GENL_HDRLEN));
	for (; attribute_ok(attribute, end); attribute = attribute_next(attribute)) {
		const char *data = (const char *)attribute + NLA_HDRLEN;

		if (attribute->nla_type == CTRL_ATTR_FAMILY_ID)
			memcpy(&nl->family, data, sizeof(nl->family));
		if ((attribute->nla_type & NLA_TYPE_MASK) != CTRL_ATTR_MCAST_GROUPS)
			continue;
		/* The first group, and in it its attributes. */
		group = (const void *)(data + NLA_HDRLEN);
		for (; attribute_ok(group, data + ((const struct nlattr *)data)->nla_len);
		     group = attribute_next(group))
			if (group->nla_type == CTRL_ATTR_MCAST_GRP_ID)
				memcpy(&nl->group, (const char *)group + NLA_HDRLEN,
				       sizeof(nl->group));
	}
	CHECK(nl->family != GENL_ID_CTRL);
	CHECK(nl->group);
}

struct nl nl_open(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	socklen_t length = sizeof(address);
	struct nl nl = {};
	int on = 1;

	nl.fd = CHECK_OK(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC));
	CHECK_OK(setsockopt(nl.fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)));
	CHECK_OK(setsockopt(nl.fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)));
	CHECK_OK(bind(nl.fd, (struct sockaddr *)&address, sizeof(address)));
	CHECK_OK(getsockname(nl.fd, (struct sockaddr *)&address, &length));
	nl.port = address.nl_pid;
	resolve(&nl);
	return nl;
}

void nl_close(struct nl *nl)
{
	close(nl->fd);
	nl->fd = -1;
}

int nl_get(struct nl *nl, const char *name, struct nl_reply *reply)
{
	struct nl_request request;

	nl_begin(&request, nl, KMQ_CMD_QUEUE_GET, 0);
	nl_put_text(&request, KMQ_A_NAME, name);
	return nl_transact(nl, &request, reply);
}

int nl_new(struct nl *nl, const char *name)
{
	struct nl_request request;

	nl_begin(&request, nl, KMQ_CMD_QUEUE_NEW, NLM_F_EXCL);
	nl_put_text(&request, KMQ_A_NAME, name);
	return nl_transact(nl, &request, NULL);
}

int nl_del(struct nl *nl, const char *name)
{
	struct nl_request request;

	nl_begin(&request, nl, KMQ_CMD_QUEUE_DEL, 0);
	nl_put_text(&request, KMQ_A_NAME, name);
	return nl_transact(nl, &request, NULL);
}

int nl_set_u32(struct nl *nl, const char *name, int attribute, __u32 value)
{
	struct nl_request request;

	nl_begin(&request, nl, KMQ_CMD_QUEUE_SET, 0);
	nl_put_text(&request, KMQ_A_NAME, name);
	nl_put_u32(&request, attribute, value);
	return nl_transact(nl, &request, NULL);
}

int nl_subscribe(struct nl *nl, const char *pattern, __u32 events)
{
	struct nl_request request;

	nl_begin(&request, nl, KMQ_CMD_SUBSCRIBE, 0);
	if (pattern)
		nl_put_text(&request, KMQ_A_PATTERN, pattern);
	if (events)
		nl_put_u32(&request, KMQ_A_EVENTS, events);
	return nl_transact(nl, &request, NULL);
}

int nl_unsubscribe(struct nl *nl)
{
	struct nl_request request;

	nl_begin(&request, nl, KMQ_CMD_UNSUBSCRIBE, 0);
	return nl_transact(nl, &request, NULL);
}
