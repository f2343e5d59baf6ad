// SPDX-License-Identifier: GPL-2.0-only
/*
 * Failure at every site of the hub's calls and of the netlink commands: as fault.c has
 * it for queues and rings.
 *
 *	fault_control [PATTERN]		operations whose name contains the pattern
 *
 * A call of the hub that fails has done nothing. A netlink command that fails has done
 * all or nothing: its answer is an allocation and a copy of its own, which may fail when
 * the command has been done. A dump that ends well is whole, and what fails is told.
 *
 * Needs a kernel with fault injection. Ends with `N passed, N failed[, N skipped]`.
 */
#include <sys/socket.h>

#include "lib/failing.h"
#include "lib/hub.h"
#include "lib/netlink.h"

enum { LONG = 20000, SHORT = 100, CAPACITY = 60, OTHERS = 20, WATERMARK = 40 };

static char body[LONG + sizeof(__s64)], back[LONG + sizeof(__s64)];

/* The subject: of the hub. */
static struct key key;
static __u32 id;
static int calls;		/* a descriptor of it, or -1 */

/* And of netlink. */
static char name[KMQ_NAME_SIZE], new_name[KMQ_NAME_SIZE];
static int fd;
static struct nl nl;

/* ---- the hub's calls ---- */

static void make_subject(__u32 slots)
{
	struct kmq_hub_open open;

	key = key_new();
	open = OPENING(&key, .create = { .capacity = CAPACITY, .slots = slots, .max_message = LONG,
					 .byte_limit = 10 * LONG, .mode = 0600 });
	CHECK_OK(hub_open(&open));
	id = open.id;
	calls = -1;
}

static void make_empty(void)
{
	make_subject(0);
}

static void make_narrow(void)
{
	make_subject(1);
	CHECK_OK(hub_put(id, 2, "the only slot"));
}

static int put_sized(__u32 flags, __u32 size)
{
	struct kmq_short message = {
		.body = ptr(body), .size = size, .id = id, .flags = KMQ_DONTWAIT | flags,
		.type = flags & KMQ_HEAD_TYPE ? 0 : 2,
	};
	__s64 type = 2;

	memcpy(body, &type, sizeof(type));
	return ioctl(hub(), KMQ_HUB_PUT, &message);
}

static void make_with_short(void)
{
	make_empty();
	CHECK_OK(put_sized(0, SHORT));
}

static void make_with_long(void)
{
	make_empty();
	CHECK_OK(put_sized(0, LONG));
}

static void make_with_descriptor(void)
{
	struct kmq_hub_open open;

	make_with_short();
	open = OPENING(&key, .create = {}, .flags = KMQ_HUB_DESCRIPTOR | KMQ_HUB_READ | KMQ_HUB_CALLS);
	calls = CHECK_OK(hub_open(&open));
}

static void make_with_notification(void)
{
	struct kmq_notify notify = { .flags = KMQ_NOTIFY_SILENT };

	make_with_descriptor();
	CHECK_EQ(hub_take(id, back, LONG), SHORT);
	CHECK_OK(ioctl(calls, KMQ_IOC_NOTIFY, &notify));
}

static long put_short(void)
{
	return put_sized(0, SHORT);
}

static long put_long(void)
{
	return put_sized(0, LONG);
}

static long put_with_head(void)
{
	return put_sized(KMQ_HEAD_TYPE, LONG);
}

static long take_as(struct kmq_short message)
{
	message.body = ptr(back);
	message.id = id;
	message.flags |= KMQ_DONTWAIT;
	return ioctl(hub(), KMQ_HUB_TAKE, &message);
}

static long take_any(void)
{
	return take_as((struct kmq_short){ .size = LONG, .select = KMQ_SELECT_ANY });
}

static long take_with_head(void)
{
	return take_as((struct kmq_short){
		.size = LONG, .select = KMQ_SELECT_EQUAL, .type = 2, .flags = KMQ_HEAD_TYPE,
	});
}

static long take_with_priority(void)
{
	__u32 priority;

	return take_as((struct kmq_short){ .size = LONG, .priority = ptr(&priority), .flags = KMQ_WHOLE_ROOM });
}

static long take_cut(void)
{
	return take_as((struct kmq_short){ .size = 10, .flags = KMQ_TRUNCATE });
}

static long peek_at_position(void)
{
	return take_as((struct kmq_short){ .size = LONG, .select = KMQ_SELECT_POSITION, .flags = KMQ_PEEK });
}

/* The failure may meet this instead. */
static void remove_whatever_fails(__u32 made)
{
	while (hub_remove(made, 0))
		CHECK(errno == EFAULT || errno == ENOMEM);
}

static long create_without_key(void)
{
	struct kmq_hub_open open = {
		.space = SPACE, .flags = KMQ_HUB_CREATE, .create = { .capacity = CAPACITY },
	};
	int result = hub_open(&open);

	if (!result)
		remove_whatever_fails(open.id);
	return result;
}

static long create_with_key(void)
{
	struct key made = key_new();
	struct kmq_hub_open open = OPENING(&made);
	int result = hub_open(&open);

	if (!result)
		remove_whatever_fails(open.id);
	return result;
}

static long create_with_descriptor(void)
{
	struct key made = key_new();
	struct kmq_hub_open open = OPENING(
		&made, .flags = KMQ_HUB_CREATE | KMQ_HUB_DESCRIPTOR | KMQ_HUB_READ | KMQ_HUB_CALLS);
	int result = hub_open(&open);

	if (result < 0)
		return result;
	remove_whatever_fails(open.id);
	close(result);
	return 0;
}

static long find_by_key(void)
{
	struct kmq_hub_open open = OPENING(&key, .flags = 0, .create = {});

	return hub_open(&open);
}

static long open_by_key(void)
{
	struct kmq_hub_open open = OPENING(&key, .create = {},
					   .flags = KMQ_HUB_DESCRIPTOR | KMQ_HUB_READ | KMQ_HUB_WRITE);
	int result = hub_open(&open);

	if (result >= 0)
		close(result);
	return result;
}

static long stat_by_id(void)
{
	struct kmq_hub_stat stat = { .id = id, .key = ptr(back) };

	return ioctl(hub(), KMQ_HUB_STAT, &stat);
}

static long stat_totals(void)
{
	struct kmq_hub_stat stat = { .flags = KMQ_HUB_TOTALS, .space = SPACE };

	return ioctl(hub(), KMQ_HUB_STAT, &stat);
}

static long set_all(__u32 capacity, __u64 bytes)
{
	struct kmq_hub_set set = {
		.id = id, .uid = 5, .gid = 6, .mode = 0640, .capacity = capacity, .byte_limit = bytes,
		.what = KMQ_HUB_SET_OWNER | KMQ_HUB_SET_MODE | KMQ_HUB_SET_CAPACITY | KMQ_HUB_SET_BYTES,
	};

	return ioctl(hub(), KMQ_HUB_SET, &set);
}

static long set_larger(void)
{
	return set_all(2 * CAPACITY, 100 * LONG);
}

static long set_smaller(void)
{
	return set_all(3, LONG);
}

static long remove_by_id(void)
{
	return hub_remove(id, 0);
}

static long remove_by_key(void)
{
	return hub_remove_key(&key, 0);
}

static long remove_later(void)
{
	return hub_remove(id, KMQ_REMOVE_DEFER);
}

static long read_state(void)
{
	return pread(calls, back, LONG, 0);
}

static long ask_for_signal(void)
{
	struct kmq_notify notify = {
		.flags = KMQ_NOTIFY_SIGNAL, .show = { 0, SIGUSR1 },
	};

	return ioctl(calls, KMQ_IOC_NOTIFY, &notify);
}

static long open_hub(void)
{
	int opened = open(HUB_PATH, O_RDWR | O_CLOEXEC);

	if (opened >= 0)
		close(opened);
	return opened;
}

struct operation {
	const char *name;
	void (*set_up)(void);
	long (*run)(void);
	bool (*done)(void);	/* of netlink: whether it is */
};

static const struct operation hub_operations[] = {
	{ "open the hub", make_empty, .run = open_hub },
	{ "create without a key", make_empty, .run = create_without_key },
	{ "create with a key", make_empty, .run = create_with_key },
	{ "create with a descriptor", make_empty, .run = create_with_descriptor },
	{ "find by key", make_empty, .run = find_by_key },
	{ "open by key", make_empty, .run = open_by_key },
	{ "put a short message", make_empty, .run = put_short },
	{ "put a long message", make_empty, .run = put_long },
	{ "put a long message with its head", make_empty, .run = put_with_head },
	{ "put a short message that needs a slot", make_narrow, .run = put_short },
	{ "put a long message that needs a slot", make_narrow, .run = put_long },
	{ "put a message that somebody is notified of", make_with_notification, .run = put_long },
	{ "take a short message", make_with_short, .run = take_any },
	{ "take a long message", make_with_long, .run = take_any },
	{ "take a long message with its head", make_with_long, .run = take_with_head },
	{ "take a long message with its priority", make_with_long, .run = take_with_priority },
	{ "take a long message cut", make_with_long, .run = take_cut },
	{ "peek at a position", make_with_long, .run = peek_at_position },
	{ "stat", make_with_short, .run = stat_by_id },
	{ "stat of a space", make_with_short, .run = stat_totals },
	{ "set to more", make_with_short, .run = set_larger },
	{ "set to less", make_with_short, .run = set_smaller },
	{ "remove", make_with_long, .run = remove_by_id },
	{ "remove by key", make_with_long, .run = remove_by_key },
	{ "remove later", make_with_descriptor, .run = remove_later },
	{ "read its state", make_with_descriptor, .run = read_state },
	{ "ask for a signal", make_with_descriptor, .run = ask_for_signal },
	{},
};

/* What there is to be seen of the subject; or that it is gone. */
struct sight {
	int queues;
	bool gone;
	struct kmq_hub_stat stat;
};

static struct sight look(void)
{
	struct sight sight = { .queues = queue_count() };

	sight.gone = hub_stat(id, KMQ_HUB_ANY, &sight.stat);
	if (sight.gone)
		CHECK(errno == ENOENT || errno == EIDRM);
	/* A receive that met a bad address is one here. */
	sight.stat.last_receiver = sight.stat.last_receive = 0;
	return sight;
}

static bool same_sight(const struct sight *a, const struct sight *b)
{
	return a->queues == b->queues && a->gone == b->gone &&
	       !memcmp(&a->stat, &b->stat, sizeof(a->stat));
}

static void drop_subject(void)
{
	hub_remove(id, 0);
	if (calls >= 0)
		close(calls);
}

static bool fail_hub_call(const void *of, int nth)
{
	const struct operation *operation = of;
	struct sight before, after;
	bool injected;
	long result;
	int error;

	check_context("%s, site %d", operation->name, nth);
	operation->set_up();
	before = look();
	injected = failing_run(operation->run, nth, &result, &error);
	if (result < 0) {
		if (!injected)
			FAIL("failed with %s though nothing was made to fail", strerrorname_np(error));
		if (error != ENOMEM && error != EFAULT)
			FAIL("failed with %s", strerrorname_np(error));
		after = look();
		if (!same_sight(&before, &after)) {
			info_print(&before.stat.info);
			info_print(&after.stat.info);
			FAIL("failed with %s and was done in part", strerrorname_np(error));
		}
		CHECK_OK(operation->run());
	}
	drop_subject();
	return injected;
}

/* ---- netlink ---- */

/*
 * The reply, if there is one, is not looked at but for @rows, which counts the queues of
 * a dump. Nothing comes later than the request: what is not there is lost (EAGAIN).
 */
static long transact(struct nl_request *request, unsigned int *rows)
{
	static char buffer[32768] __attribute__((aligned(8)));
	bool dump = request->header.nlmsg_flags & NLM_F_DUMP;

	request->header.nlmsg_flags |= NLM_F_ACK;
	if (send(nl.fd, request, request->header.nlmsg_len, 0) < 0)
		return -1;
	for (;;) {
		const struct nlmsghdr *header = (const void *)buffer;
		ssize_t left = recv(nl.fd, buffer, sizeof(buffer), MSG_DONTWAIT);

		if (left < 0)
			return -1;
		for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
			CHECK_EQ(header->nlmsg_seq, request->header.nlmsg_seq);
			if (header->nlmsg_type == NLMSG_ERROR ||
			    (dump && header->nlmsg_type == NLMSG_DONE)) {
				memcpy(&errno, NLMSG_DATA(header), sizeof(errno));
				errno = -errno;
				return errno ? -1 : 0;
			}
			if (rows)
				++*rows;
		}
	}
}

static void begin(struct nl_request *request, int command, int flags)
{
	nl_begin(request, &nl, command, flags);
}

static struct nl_request named(int command, const char *whose, int flags)
{
	struct nl_request request;

	begin(&request, command, flags);
	nl_put_text(&request, KMQ_A_NAME, whose);
	return request;
}

static void socket_anew(void)
{
	if (nl.fd >= 0)
		nl_close(&nl);
	nl = nl_open();
}

static void make_queue(void)
{
	fd = NAMED(name, .capacity = CAPACITY, .max_message = LONG, .byte_limit = 10 * LONG,
		   .mode = 0600, .flags = KMQ_CREATE_NONBLOCK);
	CHECK_OK(write(fd, body, LONG));
	queue_name(new_name);
	nl.fd = -1;
	socket_anew();
}

/* So that a dump takes more than one buffer. */
static void make_queues(void)
{
	make_queue();
	for (int i = 0; i < OTHERS; i++) {
		char other[KMQ_NAME_SIZE];

		close(NAMED(other, .capacity = 1));
	}
}

/* Not by its node: where memory fails devtmpfs makes none, and tells nobody (device_add()). */
static bool is_there(const char *whose)
{
	struct nl other = nl_open();
	struct nl_reply reply;
	int result = nl_get(&other, whose, &reply);

	if (result)
		CHECK_EQ(errno, ENOENT);
	nl_close(&other);
	return !result;
}

static bool is_made(void)
{
	return is_there(new_name);
}

static bool is_removed(void)
{
	return !is_there(name);
}

static long make_by_netlink(void)
{
	struct nl_request request = named(KMQ_CMD_QUEUE_NEW, new_name, NLM_F_EXCL);

	nl_put_u32(&request, KMQ_A_CAPACITY, CAPACITY);
	nl_put_u32(&request, KMQ_A_MODE, 0640);
	nl_put_u32(&request, KMQ_A_HIGH_WATERMARK, WATERMARK);
	nl_put_u32(&request, KMQ_A_HISTOGRAM, 1);
	return transact(&request, NULL);
}

static long make_ring_by_netlink(void)
{
	struct nl_request request = named(KMQ_CMD_QUEUE_NEW, new_name, NLM_F_EXCL);

	nl_put_u32(&request, KMQ_A_KIND, KMQ_KIND_RING);
	return transact(&request, NULL);
}

static long get_by_netlink(void)
{
	struct nl_request request = named(KMQ_CMD_QUEUE_GET, name, 0);

	return transact(&request, NULL);
}

static long set_by_netlink(void)
{
	struct nl_request request = named(KMQ_CMD_QUEUE_SET, name, 0);

	nl_put_u32(&request, KMQ_A_CAPACITY, 2 * CAPACITY);
	nl_put_u64(&request, KMQ_A_BYTE_LIMIT, 100 * LONG);
	nl_put_u32(&request, KMQ_A_POLICY, KMQ_POLICY_REJECT);
	nl_put_u32(&request, KMQ_A_MODE, 0640);
	nl_put_u32(&request, KMQ_A_UID, 5);
	nl_put_u32(&request, KMQ_A_GID, 6);
	nl_put_u32(&request, KMQ_A_HIGH_WATERMARK, WATERMARK);
	nl_put_u32(&request, KMQ_A_HISTOGRAM, 1);
	return transact(&request, NULL);
}

static __u32 asked(int attribute)
{
	struct nl_reply reply;
	struct nl other = nl_open();

	CHECK_OK(nl_get(&other, name, &reply));
	nl_close(&other);
	return nl_has(&reply, attribute) ? nl_number(&reply, attribute) : 0;
}

/*
 * All of it, or none. But for the node: where memory fails devtmpfs leaves the old one
 * where it was, and tells nobody.
 */
static bool is_set(void)
{
	struct kmq_info info = info_of(fd);
	bool set = info.capacity == 2 * CAPACITY;

	CHECK_EQ(info.byte_limit, set ? 100 * LONG : 10 * LONG);
	CHECK_EQ(info.policy, set ? KMQ_POLICY_REJECT : KMQ_POLICY_BLOCK);
	CHECK_EQ(info.mode, set ? 0640 : 0600);
	CHECK_EQ(info.uid, set ? 5 : 0);
	CHECK_EQ(info.gid, set ? 6 : 0);
	CHECK_EQ(asked(KMQ_A_HIGH_WATERMARK), set ? WATERMARK : 0);
	return set;
}

static long remove_by_netlink(void)
{
	struct nl_request request = named(KMQ_CMD_QUEUE_DEL, name, 0);

	return transact(&request, NULL);
}

static long dump(int command, bool of_one, unsigned int expected)
{
	struct nl_request request;
	unsigned int rows = 0;

	begin(&request, command, NLM_F_DUMP);
	if (of_one)
		nl_put_text(&request, KMQ_A_NAME, name);
	if (transact(&request, &rows))
		return -1;
	/* It has not said that anything is missing. */
	CHECK_EQ(rows, expected);
	return 0;
}

static unsigned int queues_now;

static long dump_queues(void)
{
	return dump(KMQ_CMD_QUEUE_GET, false, queues_now);
}

static long dump_holders(void)
{
	return dump(KMQ_CMD_HOLDER_GET, true, 1);
}

static long subscribe(void)
{
	struct nl_request request;

	begin(&request, KMQ_CMD_SUBSCRIBE, 0);
	nl_put_text(&request, KMQ_A_PATTERN, "t*");
	return transact(&request, NULL);
}

static void make_subscribed(void)
{
	make_queue();
	CHECK_OK(subscribe());
}

static long unsubscribe(void)
{
	struct nl_request request;

	begin(&request, KMQ_CMD_UNSUBSCRIBE, 0);
	return transact(&request, NULL);
}

static const struct operation netlink_operations[] = {
	{ "make a queue", make_queue, make_by_netlink, is_made },
	{ "make a ring", make_queue, make_ring_by_netlink, is_made },
	{ "get", make_queue, .run = get_by_netlink },
	{ "set", make_queue, set_by_netlink, is_set },
	{ "remove", make_queue, remove_by_netlink, is_removed },
	{ "dump of queues", make_queues, .run = dump_queues },
	{ "dump of holders", make_queue, .run = dump_holders },
	{ "subscribe", make_queue, .run = subscribe },
	{ "unsubscribe", make_subscribed, .run = unsubscribe },
	{},
};

/* Said to be done, or said to have failed: by the command, by its answer, or by silence. */
static bool may_fail_with(int error)
{
	return error == ENOMEM || error == EFAULT || error == ENOBUFS || error == EAGAIN;
}

/* It was done, and its answer was lost: there is nothing to do any more. */
static bool finds_it_done(const struct operation *operation, int error)
{
	return (operation->done || operation->run == unsubscribe) &&
	       (error == ENOENT || error == EEXIST);
}

static bool fail_command(const void *of, int nth)
{
	const struct operation *operation = of;
	bool injected;
	long result;
	int error;

	check_context("%s, site %d", operation->name, nth);
	operation->set_up();
	queues_now = queue_count();
	injected = failing_run(operation->run, nth, &result, &error);
	if (result < 0) {
		if (!injected)
			FAIL("failed with %s though nothing was made to fail", strerrorname_np(error));
		if (!may_fail_with(error))
			FAIL("failed with %s", strerrorname_np(error));
		if (operation->done)
			operation->done();
		/* A dump that failed has not ended for the socket; a subscription is the socket's. */
		if (operation->run != unsubscribe)
			socket_anew();
		if (operation->run() && !finds_it_done(operation, errno))
			FAIL("failed with %s at the second time", strerrorname_np(errno));
	}
	CHECK(!operation->done || operation->done());
	nl_close(&nl);
	close(fd);
	queue_remove_prefix("t");
	return injected;
}

/* ---- all of them ---- */

static void try_table(const struct operation *operations, const char *subject, const char *pattern,
		      bool (*try_site)(const void *operation, int nth))
{
	char whole[96];

	for (; operations->name; operations++) {
		snprintf(whole, sizeof(whole), "%s%s", subject, operations->name);
		if (strstr(whole, pattern))
			failing_claim(subject, operations->name, try_site, operations);
	}
}

static void try_all(const char *pattern)
{
	hub();
	try_table(hub_operations, "hub: ", pattern, fail_hub_call);
	try_table(netlink_operations, "netlink: ", pattern, fail_command);
}

int main(int argc, char **argv)
{
	return failing_main(argc, argv, try_all);
}
