// SPDX-License-Identifier: GPL-2.0-only
/*
 * Failure at every site: each operation, of a queue and of a ring of each mode, is
 * repeated with the first, the second, ... allocation or user copy of its way made
 * to fail (/proc/thread-self/fail-nth), until it meets no failure any more. What
 * fails says ENOMEM or EFAULT, leaves the ledger as it was, and works when it is
 * tried again.
 *
 *	fault [PATTERN]		operations whose name contains the pattern
 *
 * Needs a kernel with fault injection. Ends with `N passed, N failed[, N skipped]`.
 */
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "lib/failing.h"
#include "lib/ring.h"

enum { LONG = 20000, RING_BYTES = 1 << 16 };
/* Of memory that one page table maps. */
enum { TABLE_BYTES = 2 << 20 };

static char name[KMQ_NAME_SIZE];
static int fd, other, control_fd;
static char body[LONG], back[LONG];

static const char *const mode_names[] = {
	[KMQ_RING_SPSC] = "spsc", [KMQ_RING_MPSC] = "mpsc", [KMQ_RING_MPMC] = "mpmc",
	[KMQ_RING_BROADCAST] = "broadcast",
};

/* Where it is a ring: */
static bool is_ring;
static __u32 mode;
static struct ring party;
static void *mapped[4], *left_behind[4];
static char *empty_space;

/* ---- the operations; each returns as a system call does ---- */

static long create_unnamed(void)
{
	struct kmq_create create = { .capacity = 8 };
	int created = ioctl(control_fd, KMQ_CTL_CREATE, &create);

	if (created >= 0)
		close(created);
	return created;
}

static long create_named(void)
{
	struct kmq_create create = { .capacity = 8, .flags = KMQ_CREATE_EXCLUSIVE };
	int result;

	queue_name(create.name);
	result = ioctl(control_fd, KMQ_CTL_CREATE, &create);
	/* The failure may meet this instead. */
	while (!result && queue_remove(create.name))
		CHECK(errno == EFAULT || errno == ENOMEM);
	return result;
}

/* One that is returned open, and ends at once. */
static long create_and_close(struct kmq_create *create)
{
	int created;

	create->lifetime = KMQ_LIFETIME_EPHEMERAL;
	create->flags = KMQ_CREATE_EXCLUSIVE | KMQ_CREATE_OPEN;
	queue_name(create->name);
	created = ioctl(control_fd, KMQ_CTL_CREATE, create);
	if (created >= 0)
		close(created);
	return created;
}

static long create_open(void)
{
	return create_and_close(&(struct kmq_create){ .capacity = 8 });
}

static long open_node(void)
{
	int opened = open(queue_path(name), O_RDWR | O_CLOEXEC);

	if (opened >= 0)
		close(opened);
	return opened;
}

static long open_control(void)
{
	int opened = open("/dev/kmq/control", O_RDWR | O_CLOEXEC);

	if (opened >= 0)
		close(opened);
	return opened;
}

static long enumerate(void)
{
	struct kmq_info info = {};

	return ioctl(control_fd, KMQ_CTL_NEXT, &info);
}

static long features(void)
{
	struct kmq_features asked = {};

	return ioctl(control_fd, KMQ_CTL_FEATURES, &asked);
}

static long write_short(void)
{
	return write(fd, body, 100);
}

static long write_long(void)
{
	return write(fd, body, LONG);
}

static long write_vector(void)
{
	struct iovec pieces[] = { { body, 300 }, { body + 300, 300 } };

	return writev(fd, pieces, 2);
}

static long send_short(void)
{
	return send_body(fd, KMQ_DONTWAIT, 2, 3, body, 100);
}

static long send_long(void)
{
	return send_body(fd, KMQ_DONTWAIT, 2, 3, body, LONG);
}

static long send_batch(void)
{
	struct kmq_message messages[40];
	struct kmq_batch batch = { .messages = ptr(messages), .count = 40 };

	for (int i = 0; i < 40; i++)
		messages[i] = (struct kmq_message){
			.body = ptr(body), .size = i % 5 ? 50 : 1000, .type = 1,
		};
	return ioctl(fd, KMQ_IOC_SEND_BATCH, &batch);
}

static long read_one(void)
{
	return read(fd, back, LONG);
}

static long read_vector(void)
{
	struct iovec pieces[] = { { back, 300 }, { back + 300, LONG - 300 } };

	return readv(fd, pieces, 2);
}

static long receive_with(__u32 flags)
{
	struct kmq_transfer transfer = {
		.flags = KMQ_DONTWAIT | flags, .select = KMQ_SELECT_ANY,
		.message = { .body = ptr(back), .size = LONG },
	};

	return ioctl(fd, KMQ_IOC_RECEIVE, &transfer);
}

static long receive(void)
{
	return receive_with(0);
}

static long lease(void)
{
	return receive_with(KMQ_LEASE);
}

static long peek(void)
{
	return receive_with(KMQ_PEEK);
}

static long batch_with(__u32 flags)
{
	static char bodies[40][1200];
	struct kmq_message messages[40];
	struct kmq_batch batch = {
		.flags = KMQ_DONTWAIT | KMQ_TRUNCATE | flags, .select = KMQ_SELECT_ANY,
		.messages = ptr(messages), .count = 40,
	};

	for (int i = 0; i < 40; i++)
		messages[i] = (struct kmq_message){ .body = ptr(bodies[i]), .size = 1200 };
	return ioctl(fd, KMQ_IOC_RECEIVE_BATCH, &batch);
}

static long receive_batch(void)
{
	return batch_with(0);
}

static long lease_batch(void)
{
	return batch_with(KMQ_LEASE);
}

static long peek_batch(void)
{
	return batch_with(KMQ_PEEK);
}

static long settle_ack(void)
{
	return ack(fd, 1);
}

static long settle_nack(void)
{
	return nack(fd, 1);
}

static long purge_all(void)
{
	return purge(fd, KMQ_SELECT_NOT_EQUAL, 9, NULL);
}

static long resize_up(void)
{
	struct kmq_resize resize = { .capacity = 200, .byte_limit = 1 << 20 };

	return ioctl(fd, KMQ_IOC_RESIZE, &resize);
}

static long resize_down(void)
{
	struct kmq_resize resize = { .capacity = 3, .byte_limit = LONG };

	return ioctl(fd, KMQ_IOC_RESIZE, &resize);
}

static long info(void)
{
	struct kmq_info asked;

	return ioctl(fd, KMQ_IOC_INFO, &asked);
}

static long set_descriptor(void)
{
	return set_filter(fd, 0, KMQ_SELECT_ANY, 0);
}

static long get_descriptor(void)
{
	struct kmq_descriptor asked;

	return ioctl(fd, KMQ_IOC_GET_DESCRIPTOR, &asked);
}

static long fionread(void)
{
	int size;

	return ioctl(fd, FIONREAD, &size);
}

static long poll_it(void)
{
	struct pollfd entry = { .fd = fd, .events = POLLIN | POLLOUT };

	return poll(&entry, 1, 0);
}

static long epoll_it(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC), result;

	if (epoll < 0)
		return -1;
	result = epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	close(epoll);
	return result;
}

static long async(void)
{
	int result = fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK);

	fcntl(fd, F_SETFL, O_NONBLOCK);
	return result;
}

static long call(void)
{
	struct kmq_call asked = {
		.deadline = after_ms(20000),
		.request = { .body = ptr(body), .size = 1000, .type = 7 },
		.reply = { .body = ptr(back), .size = LONG },
	};

	return ioctl(other, KMQ_IOC_CALL, &asked);
}

static long drop_oldest(void)
{
	return write(fd, body, LONG);
}

static long fdinfo(void)
{
	char path[64];
	int file;
	long result;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = open(path, O_RDONLY);
	if (file < 0)
		return file;
	result = read(file, back, LONG);
	close(file);
	return result;
}

static long remove_queue(void)
{
	return queue_remove(name);
}

/* From the first failure on it goes on where it was. */
static long notify_all(void)
{
	static struct kmq_notify asked;
	static bool dropped;

	if (!asked.cookie && ioctl(fd, KMQ_IOC_NOTIFY, &asked))
		return -1;
	if (!dropped && ioctl(fd, KMQ_IOC_NOTIFY, &(struct kmq_notify){ .operation = KMQ_NOTIFY_DROP }))
		return -1;
	dropped = true;
	asked.operation = KMQ_NOTIFY_WAIT;
	if (ioctl(fd, KMQ_IOC_NOTIFY, &asked))
		return -1;
	CHECK_EQ(asked.outcome, KMQ_NOTIFY_ENDED);
	dropped = false;
	memset(&asked, 0, sizeof(asked));
	return 0;
}

/* ---- those of rings alone ---- */

static long create_ring(void)
{
	return create_and_close(&(struct kmq_create){
		.kind = KMQ_KIND_RING, .ring_mode = mode, .byte_limit = RING_BYTES,
	});
}

static long send_one_short(void)
{
	return send_body(fd, KMQ_DONTWAIT, 1, 0, body, 100);
}

static long send_one_long(void)
{
	return send_body(fd, KMQ_DONTWAIT, 1, 0, body, LONG);
}

static long purge_ring(void)
{
	return purge(fd, KMQ_SELECT_ANY, 0, NULL);
}

static long attach_party(void)
{
	struct kmq_ring_attach attached;
	int result = attach(fd, BOTH, &attached);

	if (result >= 0)
		close(result);
	return result;
}

/*
 * Those that were mapped stay so, and the attachment with them. Each has a place
 * that is far from all others, so that page tables have to be made for it.
 */
static long map_pieces(void)
{
	/* The data first: of many pages. */
	for (int piece = KMQ_RING_DATA_PAGE; piece >= 0; piece--) {
		void *memory;

		if (mapped[piece])
			continue;
		memory = mmap(empty_space + piece * TABLE_BYTES, piece_bytes(&party, piece),
			      piece_protection(&party, piece), MAP_SHARED, party.fd,
			      (off_t)piece * page_bytes());
		if (memory == MAP_FAILED)
			return -1;
		mapped[piece] = memory;
	}
	return 0;
}

static long unmap_pieces(void)
{
	for (int piece = 0; piece < 4; piece++) {
		if (mapped[piece] && munmap(mapped[piece], piece_bytes(&party, piece)))
			return -1;
		mapped[piece] = NULL;
	}
	return 0;
}

/*
 * mremap(2) does not fail because the place that it has moved from could not be
 * unmapped: a mapping without a page is left there.
 */
static long move_pieces(void)
{
	for (int piece = 0; piece < 4; piece++) {
		size_t bytes = piece_bytes(&party, piece);
		void *moved;

		if (left_behind[piece])
			continue;
		moved = mremap(mapped[piece], bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED,
			       empty_space + (4 + piece) * TABLE_BYTES);
		if (moved == MAP_FAILED)
			return -1;
		left_behind[piece] = mapped[piece];
		mapped[piece] = moved;
	}
	return 0;
}

/* The word is another one by now: it does not sleep. */
static long wait_party(void)
{
	struct kmq_ring_wait wait = {
		.side = KMQ_RING_PRODUCERS, .expected = 1234,
		.word = KMQ_RING_CONSUMERS_PAGE * page_bytes(),
	};

	return ioctl(party.fd, KMQ_IOC_RING_WAIT, &wait);
}

static long wake_party(void)
{
	return ioctl(party.fd, KMQ_IOC_RING_WAKE, KMQ_RING_CONSUMERS);
}

/* What another operation does with the queue's descriptor, with the attachment's. */
static long with_party(long (*run)(void))
{
	int queue = fd;
	long result;

	fd = party.fd;
	result = run();
	fd = queue;
	return result;
}

static long poll_party(void)
{
	return with_party(poll_it);
}

static long epoll_party(void)
{
	return with_party(epoll_it);
}

static long fdinfo_party(void)
{
	return with_party(fdinfo);
}

/* ---- what each begins with ---- */

enum {
	EMPTY, SHORT = 1, LONGER = 2, MIXED = 4, LEASED = 8, SERVED = 16, FULL = 32,
	/* It may take messages in part, and say how many. */
	PARTIAL = 64,
	/* Of a ring: a process is attached; has it mapped; and holds a record. */
	ATTACHED = 128, MAPPED = 256, HELD = 512,
	/* Not of each mode. */
	NOT_BROADCAST = 1024, ONLY_BROADCAST = 2048, ONLY_LOCKED = 4096,
	/* Of slots: one. */
	FEW = 8192,
};

struct operation {
	const char *name;
	long (*run)(void);
	unsigned int with;
};

static const struct operation operations[] = {
	{ "features", features, EMPTY },
	{ "enumerate", enumerate, EMPTY },
	{ "create an unnamed queue", create_unnamed, EMPTY },
	{ "create a named queue", create_named, EMPTY },
	{ "create a named queue open", create_open, EMPTY },
	{ "open a node", open_node, EMPTY },
	{ "open the control node", open_control, EMPTY },
	{ "write a short message", write_short, EMPTY },
	{ "write a long message", write_long, EMPTY },
	{ "write a vector", write_vector, EMPTY },
	{ "send a short message", send_short, EMPTY },
	{ "send a long message", send_long, EMPTY },
	{ "send a batch", send_batch, EMPTY | PARTIAL },
	{ "write over the oldest", drop_oldest, FULL },
	{ "send a short message that needs a slot", send_short, SHORT | FEW },
	{ "send a long message that needs a slot", send_long, SHORT | FEW },
	{ "send a batch that needs slots", send_batch, SHORT | FEW | PARTIAL },
	{ "read a short message", read_one, SHORT },
	{ "read a long message", read_one, LONGER },
	{ "read a vector", read_vector, LONGER },
	{ "receive a short message", receive, SHORT },
	{ "receive a long message", receive, LONGER },
	{ "receive a batch", receive_batch, MIXED | PARTIAL },
	{ "lease a message", lease, LONGER },
	{ "lease a batch", lease_batch, MIXED | PARTIAL },
	{ "peek at a message", peek, LONGER },
	{ "peek at a batch", peek_batch, MIXED },
	{ "ack", settle_ack, LEASED },
	{ "nack", settle_nack, LEASED },
	{ "purge", purge_all, MIXED | PARTIAL },
	{ "resize up", resize_up, SHORT },
	{ "resize down", resize_down, SHORT },
	{ "info", info, SHORT },
	{ "set the descriptor", set_descriptor, SHORT },
	{ "get the descriptor", get_descriptor, SHORT },
	{ "FIONREAD", fionread, LONGER },
	{ "poll", poll_it, SHORT },
	{ "epoll", epoll_it, SHORT },
	{ "ask for SIGIO", async, EMPTY },
	{ "call", call, SERVED | PARTIAL },
	{ "be notified", notify_all, EMPTY },
	{ "fdinfo", fdinfo, SHORT },
	{ "remove", remove_queue, MIXED | PARTIAL },
	{},
};

static const struct operation ring_operations[] = {
	{ "create", create_ring, EMPTY },
	{ "open a node", open_node, MIXED },
	{ "attach", attach_party, SHORT },
	{ "map", map_pieces, ATTACHED },
	{ "unmap", unmap_pieces, ATTACHED | MAPPED },
	{ "unmap with a record held", unmap_pieces, ATTACHED | MAPPED | HELD | ONLY_LOCKED },
	{ "move", move_pieces, ATTACHED | MAPPED },
	{ "wait", wait_party, ATTACHED },
	{ "wake", wake_party, ATTACHED },
	{ "poll an attachment", poll_party, ATTACHED },
	{ "epoll an attachment", epoll_party, ATTACHED },
	{ "fdinfo of an attachment", fdinfo_party, ATTACHED },
	{ "write a short record", write_short, EMPTY },
	{ "write a long record", write_long, EMPTY },
	{ "write a vector", write_vector, EMPTY },
	{ "write over the oldest", write_long, FULL | PARTIAL | ONLY_BROADCAST },
	{ "send a short record", send_one_short, EMPTY },
	{ "send a long record", send_one_long, EMPTY },
	{ "send a batch", send_batch, EMPTY | PARTIAL },
	{ "read a short record", read_one, SHORT },
	{ "read a long record", read_one, LONGER },
	{ "read a vector", read_vector, LONGER },
	{ "receive a short record", receive, SHORT },
	{ "receive a long record", receive, LONGER },
	{ "receive a batch", receive_batch, MIXED | PARTIAL },
	{ "purge", purge_ring, MIXED | PARTIAL | NOT_BROADCAST },
	{ "info", info, SHORT },
	{ "set the descriptor", set_descriptor, SHORT },
	{ "get the descriptor", get_descriptor, SHORT },
	{ "FIONREAD", fionread, LONGER },
	{ "poll", poll_it, SHORT },
	{ "epoll", epoll_it, SHORT },
	{ "ask for SIGIO", async, EMPTY },
	{ "fdinfo", fdinfo, SHORT },
	{ "remove", remove_queue, MIXED | PARTIAL },
	{ "remove what is mapped", remove_queue, ATTACHED | MAPPED | PARTIAL },
	{},
};

/* Receives and answers until the queue is gone. */
static pid_t start_server(void)
{
	pid_t pid;

	CHILD(pid) {
		for (;;) {
			struct received request;
			struct kmq_transfer reply = {
				.message = { .body = ptr(body), .size = 2000, .type = 1 },
			};

			if (receive_any(fd, 0, &request)) {
				CHECK_EQ(errno, EIDRM);
				break;
			}
			reply.message.sequence = request.message.sequence;
			if (ioctl(fd, KMQ_IOC_REPLY, &reply))
				CHECK(errno == ESRCH || errno == EIDRM);
		}
	}
	return pid;
}

static void find_empty_space(void)
{
	const size_t bytes = 9 * TABLE_BYTES;
	char *found = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(found != MAP_FAILED);
	CHECK_OK(munmap(found, bytes));
	empty_space = found + TABLE_BYTES - (uintptr_t)found % TABLE_BYTES;
}

static void attach_and_map(unsigned int with)
{
	memset(mapped, 0, sizeof(mapped));
	memset(left_behind, 0, sizeof(left_behind));
	if (!(with & ATTACHED))
		return;
	party = ring_attach(fd, BOTH);
	find_empty_space();
	if (!(with & MAPPED))
		return;
	CHECK_OK(map_pieces());
	if (!(with & HELD))
		return;
	party.control = mapped[0];
	party.consumers = mapped[1];
	party.producers = mapped[2];
	party.data = mapped[3];
	CHECK_OK(ring_reserve(&party, 100));
}

static void create_subject(unsigned int with)
{
	if (is_ring)
		fd = NAMED_RING(name, .ring_mode = mode, .byte_limit = RING_BYTES,
				.flags = KMQ_CREATE_NONBLOCK);
	else
		fd = NAMED(name, .capacity = 60, .slots = with & FEW ? 1 : 0, .max_message = LONG, .byte_limit = 10 * LONG,
			   .policy = with & FULL ? KMQ_POLICY_DROP_OLDEST : KMQ_POLICY_BLOCK,
			   .flags = with & SERVED ? 0 : KMQ_CREATE_NONBLOCK);
	other = queue_open(name, O_RDWR);
}

static void set_up(const struct operation *operation)
{
	unsigned int with = operation->with;

	create_subject(with);
	if (with & (SHORT | LEASED))
		CHECK_OK(write(fd, body, 100));
	if (with & LONGER)
		CHECK_OK(write(fd, body, LONG));
	for (int i = 0; with & MIXED && i < 40; i++)
		CHECK_OK(write(fd, body, i % 5 ? 50 : 1000));
	for (int i = 0; with & FULL && i < 10; i++)
		CHECK_OK(write(fd, body, LONG));
	if (with & LEASED)
		CHECK_OK(receive_with(KMQ_LEASE));
	attach_and_map(with);
}

/*
 * Of a ring with locks: a record that was reserved before its body could not be
 * copied is discarded. It was sent, and is given up for all to skip.
 */
static __u64 discarded(const struct kmq_info *before, const struct kmq_info *after, int error)
{
	__u64 more = after->sent - before->sent;

	if (mode != KMQ_RING_MPSC && mode != KMQ_RING_MPMC)
		return 0;
	return more == 1 && error == EFAULT;
}

static bool same_ring_ledger(const struct kmq_info *before, const struct kmq_info *after,
			     int error)
{
	__u64 more = discarded(before, after, error);

	return after->sent == before->sent + more &&
	       after->queued + after->abandoned == before->queued + before->abandoned + more &&
	       after->received == before->received && after->dropped == before->dropped &&
	       after->purged == before->purged && after->attachments == before->attachments &&
	       after->deaths == before->deaths && after->ring_flags == before->ring_flags;
}

static bool same_ledger(const struct kmq_info *a, const struct kmq_info *b, int error)
{
	if (is_ring)
		return same_ring_ledger(a, b, error);
	return a->sent == b->sent && a->received == b->received && a->queued == b->queued &&
	       a->leased == b->leased && a->dropped == b->dropped && a->purged == b->purged &&
	       a->bytes == b->bytes && a->capacity == b->capacity;
}

/* What the kernel counts is what is there, and can be read. */
static void check_pieces(void)
{
	static const char label[] = "kmq-mappings:\t";
	char *line;
	int there = 0;

	for (int piece = 0; piece < 4; piece++) {
		if (!mapped[piece])
			continue;
		(void)*(volatile char *)mapped[piece];
		there++;
	}
	memset(back, 0, sizeof(back));
	CHECK_OK(fdinfo_party());
	line = strstr(back, label);
	CHECK(line);
	CHECK_EQ(atoi(line + strlen(label)), there);
}

static void check_failure(const struct operation *operation, const struct kmq_info *before,
			  int error)
{
	struct kmq_info after;

	if (error != ENOMEM && error != EFAULT)
		FAIL("failed with %s", strerrorname_np(error));
	if (operation->with & ATTACHED)
		check_pieces();
	if (operation->with & PARTIAL)
		return;
	after = info_of(other);
	if (same_ledger(before, &after, error))
		return;
	info_print(before);
	info_print(&after);
	FAIL("failed with %s and changed the ledger", strerrorname_np(error));
}

static void detach(void)
{
	CHECK_OK(unmap_pieces());
	for (int piece = 0; piece < 4; piece++)
		if (left_behind[piece])
			CHECK_OK(munmap(left_behind[piece], piece_bytes(&party, piece)));
	CHECK_OK(close(party.fd));
}

/* All that is in the ring comes out, and what was held is given up. */
static void check_ring(const struct operation *operation)
{
	bool held = operation->with & HELD;
	struct kmq_info info = info_of(other);

	CHECK_EQ(info.attachments, 0);
	CHECK_EQ(info.ring_flags, 0);
	CHECK_EQ(info.deaths, held);
	if (mode == KMQ_RING_BROADCAST)
		return;
	while (read(fd, back, LONG) >= 0)
		;
	CHECK_EQ(errno, EAGAIN);
	info = info_of(other);
	CHECK_EQ(info.queued, 0);
	if (held)
		CHECK_EQ(info.abandoned, 1);
}

static void clean_up(const struct operation *operation)
{
	if (operation->with & ATTACHED)
		detach();
	if (operation->run != remove_queue) {
		if (is_ring)
			check_ring(operation);
		else
			info_of(other);
		CHECK_OK(queue_remove(name));
	}
	close(fd);
	close(other);
}

/* One operation with one failure. */
static bool fail_once(const void *of, int nth)
{
	const struct operation *operation = of;
	struct kmq_info before;
	int queues, error;
	pid_t server = 0;
	bool injected;
	long result;

	check_context("%s, site %d", operation->name, nth);
	set_up(operation);
	if (operation->with & SERVED)
		server = start_server();
	queues = queue_count();
	before = info_of(other);
	injected = failing_run(operation->run, nth, &result, &error);
	if (result < 0 && !injected)
		FAIL("failed with %s though nothing was made to fail", strerrorname_np(error));
	if (result < 0)
		check_failure(operation, &before, error);
	/* Nothing half-made, and it works as if nothing had been. */
	CHECK_EQ(queue_count(), operation->run == remove_queue && !result ? queues - 1 : queues);
	if (result < 0)
		CHECK_OK(operation->run());
	clean_up(operation);
	if (server)
		child_join(server);
	return injected;
}

static bool mode_has(const struct operation *operation)
{
	bool broadcast = mode == KMQ_RING_BROADCAST;

	if (operation->with & NOT_BROADCAST)
		return !broadcast;
	if (operation->with & ONLY_BROADCAST)
		return broadcast;
	return !(operation->with & ONLY_LOCKED) || mode == KMQ_RING_MPSC || mode == KMQ_RING_MPMC;
}

static void try_queue(const char *pattern)
{
	for (const struct operation *operation = operations; operation->name; operation++)
		if (strstr(operation->name, pattern))
			failing_claim("", operation->name, fail_once, operation);
}

static void try_ring(const char *pattern)
{
	const struct operation *operation;
	char subject[32], whole[96];

	snprintf(subject, sizeof(subject), "%s ring: ", mode_names[mode]);
	for (operation = ring_operations; operation->name; operation++) {
		snprintf(whole, sizeof(whole), "%s%s", subject, operation->name);
		if (mode_has(operation) && strstr(whole, pattern))
			failing_claim(subject, operation->name, fail_once, operation);
	}
}

static void try_all(const char *pattern)
{
	control_fd = control();
	try_queue(pattern);
	is_ring = true;
	for (mode = 0; mode <= KMQ_RING_BROADCAST; mode++)
		try_ring(pattern);
}

int main(int argc, char **argv)
{
	return failing_main(argc, argv, try_all);
}
