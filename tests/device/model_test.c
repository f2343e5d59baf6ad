// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random walks over a queue beside a model of it that is too simple to be
 * wrong: after every step both say the same of every message, every count and
 * every descriptor's readiness.
 *
 * KMQ_TEST_SEED	where chance begins; a failure tells it
 * KMQ_TEST_STEPS	how many steps (2000)
 */
#include "kmq_test.h"

enum { DESCRIPTORS = 3, ITEMS = 64, MAX = 700, QUEUED = -1 };

struct item {
	__u64 sequence;
	__s64 type;
	__u32 priority;
	__u32 size;
	__u32 redeliveries;
	int holder;		/* QUEUED, or the descriptor that leases it */
};

struct filter {
	__u32 select;
	__s64 type;
	__u32 flags;
};

/* What the queue should be. */
static struct {
	struct item items[ITEMS];
	int count;
	__u32 policy;
	__u32 capacity;
	__u64 byte_limit;
	__u64 sent, received, dropped, purged, returned, rejected, peak, lost;
	struct filter filters[DESCRIPTORS];
	__u32 last_size[DESCRIPTORS];
} model;

/* What it is. */
static char name[KMQ_NAME_SIZE];
static int fds[DESCRIPTORS];
static unsigned int seed;

static unsigned int chance(unsigned int below)
{
	return rand_r(&seed) / 7 % below;
}

static int held(int holder)
{
	int count = 0;

	for (int i = 0; i < model.count; i++)
		count += model.items[i].holder == holder;
	return count;
}

static __u64 bytes(void)
{
	__u64 sum = 0;

	for (int i = 0; i < model.count; i++)
		sum += model.items[i].size;
	return sum;
}

static void forget(struct item *item)
{
	*item = model.items[--model.count];
}

static bool admits(__u32 size)
{
	return model.count < (int)model.capacity && bytes() + size <= model.byte_limit;
}

static bool selects(__u32 select, __s64 select_type, __s64 type)
{
	switch (select) {
	case KMQ_SELECT_EQUAL:
		return type == select_type;
	case KMQ_SELECT_NOT_EQUAL:
		return type != select_type;
	case KMQ_SELECT_LOWEST:
		return type <= select_type;
	default:
		return true;
	}
}

static bool before(const struct item *a, const struct item *b, bool by_type)
{
	if (by_type && a->type != b->type)
		return a->type < b->type;
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return a->sequence < b->sequence;
}

static struct item *find(__u32 select, __s64 type)
{
	struct item *found = NULL;

	for (struct item *item = model.items; item < model.items + model.count; item++)
		if (item->holder == QUEUED && selects(select, type, item->type) &&
		    (!found || before(item, found, select == KMQ_SELECT_LOWEST)))
			found = item;
	return found;
}

static struct item *oldest(void)
{
	struct item *found = NULL;

	for (struct item *item = model.items; item < model.items + model.count; item++)
		if (item->holder == QUEUED && (!found || item->sequence < found->sequence))
			found = item;
	return found;
}

/* Only where the queued are in the way is anything gained by dropping them. */
static bool leases_admit(__u32 size)
{
	__u64 bytes = 0;
	__u32 count = 0;

	for (int i = 0; i < model.count; i++) {
		if (model.items[i].holder == QUEUED)
			continue;
		bytes += model.items[i].size;
		count++;
	}
	return count < model.capacity && bytes + size <= model.byte_limit;
}

/* Returns 0 for what is refused, else the sequence told, or ~0 for a drop. */
static __u64 model_send(__s64 type, __u32 priority, __u32 size)
{
	if (!admits(size)) {
		if (model.policy <= KMQ_POLICY_REJECT)
			return 0;
		while (model.policy == KMQ_POLICY_DROP_OLDEST && leases_admit(size) && !admits(size)) {
			forget(oldest());
			model.dropped++;
			model.lost++;
		}
	}
	model.sent++;
	if (!admits(size)) {
		model.dropped++;
		model.lost++;
		return ~0ull;
	}
	CHECK(model.count < ITEMS);
	model.items[model.count++] = (struct item){
		.sequence = model.sent, .type = type, .priority = priority, .size = size,
		.holder = QUEUED,
	};
	if (model.peak < (__u64)model.count)
		model.peak = model.count;
	return model.sent;
}

static void model_take(struct item *item, bool lease, int holder)
{
	if (lease) {
		item->holder = holder;
	} else {
		forget(item);
		model.received++;
	}
}

static __u32 random_size(void)
{
	return chance(4) ? chance(40) : chance(MAX + 1);
}

static void step_send(int fd)
{
	static char body[MAX];
	__s64 type = 1 + chance(5);
	__u32 priority = chance(4), size = random_size();
	__u64 expected;
	struct kmq_transfer transfer = {
		.flags = KMQ_DONTWAIT,
		.message = { .body = ptr(body), .size = size, .type = type,
			     .priority = priority, .sequence = 99 },
	};

	fill(body, size, model.sent + 1);
	expected = model_send(type, priority, size);
	if (!expected) {
		CHECK_ERRNO(ioctl(fd, KMQ_IOC_SEND, &transfer), EAGAIN);
		model.rejected++;
		return;
	}
	CHECK_OK(ioctl(fd, KMQ_IOC_SEND, &transfer));
	CHECK_EQ(transfer.message.sequence, expected == ~0ull ? 0 : expected);
}

static void step_write(int fd)
{
	static char body[MAX];
	__u32 size = random_size();

	fill(body, size, model.sent + 1);
	if (model_send(1, 0, size)) {
		CHECK_EQ(CHECK_OK(write(fd, body, size)), size);
	} else {
		CHECK_ERRNO(write(fd, body, size), EAGAIN);
		model.rejected++;
	}
}

static void step_send_batch(int fd)
{
	static char bodies[8][MAX];
	struct kmq_message messages[8] = {};
	int count = 1 + chance(8), sent = 0;
	struct kmq_batch batch = {
		.flags = KMQ_DONTWAIT, .messages = ptr(messages), .count = count,
	};

	for (int i = 0; i < count; i++) {
		messages[i] = (struct kmq_message){
			.body = ptr(bodies[i]), .size = random_size(),
			.type = 1 + chance(5), .priority = chance(4),
		};
		fill(bodies[i], messages[i].size, model.sent + 1);
		if (sent == i)
			sent += !!model_send(messages[i].type, messages[i].priority,
					     messages[i].size);
	}
	if (sent) {
		CHECK_EQ(CHECK_OK(ioctl(fd, KMQ_IOC_SEND_BATCH, &batch)), sent);
	} else {
		CHECK_ERRNO(ioctl(fd, KMQ_IOC_SEND_BATCH, &batch), EAGAIN);
		model.rejected++;
	}
}

static struct filter random_selection(void)
{
	__u32 select = chance(5);

	return (struct filter){
		.select = select,
		.type = select >= KMQ_SELECT_EQUAL ? 1 + chance(6) : 0,
	};
}

static void expect_item(const struct item *item, const struct kmq_message *message,
			const char *body, __u32 room, __u64 lost)
{
	CHECK_EQ(message->sequence, item->sequence);
	CHECK_EQ(message->type, item->type);
	CHECK_EQ(message->priority, item->priority);
	CHECK_EQ(message->size, item->size < room ? item->size : room);
	CHECK_EQ(message->length, item->size);
	CHECK_EQ(message->redeliveries, item->redeliveries);
	CHECK_EQ(message->flags, item->size > room ? KMQ_MESSAGE_TRUNCATED : 0);
	CHECK_EQ(message->lost, lost);
	CHECK(filled(body, item->size < room ? item->size : room, item->sequence));
}

static __u64 tell_lost(void)
{
	__u64 lost = model.lost;

	model.lost = 0;
	return lost;
}

static void step_receive(int descriptor)
{
	static const __u32 flags[] = { 0, 0, 0, KMQ_LEASE, KMQ_LEASE, KMQ_PEEK };
	static char body[MAX];
	struct filter wanted = random_selection(), effective = wanted;
	__u32 room = chance(5) ? MAX : chance(40);
	struct kmq_transfer transfer = {
		.flags = KMQ_DONTWAIT | flags[chance(6)] | (chance(2) ? KMQ_TRUNCATE : 0),
		.select = wanted.select, .select_type = wanted.type,
		.message = { .body = ptr(body), .size = room },
	};
	struct item *item;

	if (wanted.select == KMQ_SELECT_FILTER)
		effective = model.filters[descriptor];
	item = find(effective.select, effective.type);
	if (!item) {
		CHECK_ERRNO(ioctl(fds[descriptor], KMQ_IOC_RECEIVE, &transfer), EAGAIN);
		return;
	}
	if (item->size > room && !(transfer.flags & KMQ_TRUNCATE)) {
		CHECK_ERRNO(ioctl(fds[descriptor], KMQ_IOC_RECEIVE, &transfer), EMSGSIZE);
		return;
	}
	memset(body, 0xa5, sizeof(body));
	CHECK_OK(ioctl(fds[descriptor], KMQ_IOC_RECEIVE, &transfer));
	if (transfer.flags & KMQ_PEEK) {
		/* Whether a peek tells a loss is not promised. */
		expect_item(item, &transfer.message, body, room, transfer.message.lost);
		return;
	}
	expect_item(item, &transfer.message, body, room, tell_lost());
	model_take(item, transfer.flags & KMQ_LEASE, descriptor);
}

static void step_read(int descriptor)
{
	static char body[MAX];
	struct filter *filter = &model.filters[descriptor];
	struct item *item = find(filter->select, filter->type);
	size_t room = chance(4) ? MAX : chance(40);
	bool cut = item && item->size > room;

	if (!item || (cut && !(filter->flags & KMQ_DESCRIPTOR_TRUNCATE))) {
		CHECK_ERRNO(read(fds[descriptor], body, room), item ? EMSGSIZE : EAGAIN);
		return;
	}
	CHECK_EQ(CHECK_OK(read(fds[descriptor], body, room)), cut ? room : item->size);
	CHECK(filled(body, cut ? room : item->size, item->sequence));
	model.last_size[descriptor] = item->size;
	model_take(item, false, descriptor);
}

static void step_receive_batch(int descriptor)
{
	static char bodies[8][MAX];
	struct kmq_message messages[8] = {};
	struct filter wanted = random_selection(), effective = wanted;
	int count = 1 + chance(8), got;
	struct kmq_batch batch = {
		.flags = KMQ_DONTWAIT | (chance(3) ? 0 : KMQ_LEASE) |
			 (chance(2) ? KMQ_TRUNCATE : 0),
		.select = wanted.select, .select_type = wanted.type,
		.messages = ptr(messages), .count = count,
	};
	__u32 room = chance(4) ? MAX : 40;

	if (wanted.select == KMQ_SELECT_FILTER)
		effective = model.filters[descriptor];
	for (int i = 0; i < count; i++)
		messages[i] = (struct kmq_message){ .body = ptr(bodies[i]), .size = room };
	got = ioctl(fds[descriptor], KMQ_IOC_RECEIVE_BATCH, &batch);
	for (int i = 0; i < count; i++) {
		struct item *item = find(effective.select, effective.type);

		if (!item || (item->size > room && !(batch.flags & KMQ_TRUNCATE))) {
			if (!i)
				CHECK_EQ(errno, item ? EMSGSIZE : EAGAIN);
			CHECK_EQ(got, i ? i : -1);
			return;
		}
		CHECK(got > i);
		expect_item(item, &messages[i], bodies[i], room, tell_lost());
		model_take(item, batch.flags & KMQ_LEASE, descriptor);
	}
	CHECK_EQ(got, count);
}

static void give_back(struct item *item)
{
	item->holder = QUEUED;
	item->redeliveries++;
	model.returned++;
}

static void step_settle(int descriptor)
{
	struct item *item = model.count ? &model.items[chance(model.count)] : NULL;
	__u64 sequence = item ? item->sequence : 77;
	bool mine = item && item->holder == descriptor, positive = chance(2);
	int result = positive ? ack(fds[descriptor], sequence) :
				nack(fds[descriptor], sequence);

	if (!mine) {
		CHECK_EQ(result, -1);
		CHECK_EQ(errno, ESRCH);
		return;
	}
	CHECK_EQ(result, 0);
	if (!positive) {
		give_back(item);
		return;
	}
	forget(item);
	model.received++;
}

static void step_purge(int fd)
{
	struct filter wanted = random_selection();
	__u64 purged, expected = 0;

	CHECK_OK(purge(fd, wanted.select, wanted.type, &purged));
	for (int i = model.count - 1; i >= 0; i--) {
		struct item *item = &model.items[i];

		if (item->holder == QUEUED && selects(wanted.select, wanted.type, item->type)) {
			forget(item);
			expected++;
		}
	}
	CHECK_EQ(purged, expected);
	model.purged += expected;
}

static void step_filter(int descriptor)
{
	struct filter filter = random_selection();

	filter.flags = chance(2) ? KMQ_DESCRIPTOR_TRUNCATE : 0;
	CHECK_OK(set_filter(fds[descriptor], filter.flags, filter.select, filter.type));
	model.filters[descriptor] = filter;
}

static void step_resize(int fd)
{
	struct kmq_resize resize = {
		.capacity = chance(3) ? 1 + chance(16) : 0,
		.byte_limit = chance(3) ? MAX + chance(6 * MAX) : 0,
	};

	CHECK_OK(ioctl(fd, KMQ_IOC_RESIZE, &resize));
	if (resize.capacity)
		model.capacity = resize.capacity;
	if (resize.byte_limit)
		model.byte_limit = resize.byte_limit;
}

static void step_reopen(int descriptor)
{
	close(fds[descriptor]);
	fds[descriptor] = queue_open(name, O_RDWR | O_NONBLOCK);
	for (int i = 0; i < model.count; i++)
		if (model.items[i].holder == descriptor)
			give_back(&model.items[i]);
	model.filters[descriptor] = (struct filter){ .select = KMQ_SELECT_ANY };
	model.last_size[descriptor] = 0;
}

static void step(void)
{
	int descriptor = chance(DESCRIPTORS), fd = fds[descriptor];

	switch (chance(32)) {
	case 0 ... 7:
		return step_send(fd);
	case 8 ... 9:
		return step_write(fd);
	case 10 ... 11:
		return step_send_batch(fd);
	case 12 ... 17:
		return step_receive(descriptor);
	case 18 ... 20:
		return step_read(descriptor);
	case 21 ... 22:
		return step_receive_batch(descriptor);
	case 23 ... 27:
		return step_settle(descriptor);
	case 28:
		return step_purge(fd);
	case 29:
		return step_filter(descriptor);
	case 30:
		return step_resize(fd);
	case 31:
		return step_reopen(descriptor);
	}
}

static void compare_descriptor(int descriptor)
{
	struct filter *filter = &model.filters[descriptor];
	struct item *item = find(filter->select, filter->type);
	bool writable = model.policy >= KMQ_POLICY_DROP_NEWEST || admits(MAX);
	struct kmq_descriptor got = descriptor_of(fds[descriptor]);
	short ready = poll_now(fds[descriptor]);

	CHECK_EQ(!!(ready & POLLIN), !!item);
	CHECK_EQ(!!(ready & POLLOUT), writable);
	CHECK_EQ(ready & ~(POLLIN | POLLOUT), 0);
	CHECK_EQ(queued_size(fds[descriptor]), item ? item->size : 0);
	CHECK_EQ(got.leases, held(descriptor));
	CHECK_EQ(got.last_size, model.last_size[descriptor]);
}

static void compare(void)
{
	struct kmq_info info = info_of(fds[0]);

	CHECK_EQ(info.sent, model.sent);
	CHECK_EQ(info.received, model.received);
	CHECK_EQ(info.queued, held(QUEUED));
	CHECK_EQ(info.leased, model.count - held(QUEUED));
	CHECK_EQ(info.dropped, model.dropped);
	CHECK_EQ(info.purged, model.purged);
	CHECK_EQ(info.returned, model.returned);
	CHECK_EQ(info.rejected, model.rejected);
	CHECK_EQ(info.bytes, bytes());
	CHECK_EQ(info.peak, model.peak);
	CHECK_EQ(info.capacity, model.capacity);
	CHECK_EQ(info.byte_limit, model.byte_limit);
	CHECK_EQ(info.descriptors, DESCRIPTORS);
	for (int i = 0; i < DESCRIPTORS; i++)
		compare_descriptor(i);
}

static unsigned int setting(const char *variable, unsigned int otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

static void walk(__u32 policy)
{
	unsigned int first = setting("KMQ_TEST_SEED", 1 + policy);
	unsigned int steps = setting("KMQ_TEST_STEPS", 2000);

	seed = first;
	memset(&model, 0, sizeof(model));
	model.policy = policy;
	model.capacity = 10;
	model.byte_limit = 4 * MAX;
	fds[0] = NAMED(name, .policy = policy, .capacity = model.capacity,
		       .byte_limit = model.byte_limit, .max_message = MAX,
		       .inline_size = 64, .flags = KMQ_CREATE_NONBLOCK);
	for (int i = 1; i < DESCRIPTORS; i++)
		fds[i] = queue_open(name, O_RDWR | O_NONBLOCK);
	for (int i = 0; i < DESCRIPTORS; i++)
		model.filters[i].select = KMQ_SELECT_ANY;
	for (unsigned int i = 0; i < steps; i++) {
		check_context("seed %u, step %u", first, i);
		step();
		compare();
	}
	/* A walk that met nothing proves nothing. */
	CHECK(model.received > steps / 20);
	CHECK(model.returned > steps / 100);
	CHECK(model.purged > steps / 100);
	CHECK(model.rejected + model.dropped > steps / 20);
}

TEST(a_blocking_queue_does_what_its_model_does)
{
	walk(KMQ_POLICY_BLOCK);
}

TEST(a_rejecting_queue_does_what_its_model_does)
{
	walk(KMQ_POLICY_REJECT);
}

TEST(a_queue_that_drops_the_newest_does_what_its_model_does)
{
	walk(KMQ_POLICY_DROP_NEWEST);
}

TEST(a_queue_that_drops_the_oldest_does_what_its_model_does)
{
	walk(KMQ_POLICY_DROP_OLDEST);
}
