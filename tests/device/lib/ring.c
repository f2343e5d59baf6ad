// SPDX-License-Identifier: GPL-2.0-only
#include "lib/ring.h"

int attach(int fd, __u32 flags, struct kmq_ring_attach *attached)
{
	memset(attached, 0xa5, sizeof(*attached));
	attached->flags = flags;
	memset(attached->reserved, 0, sizeof(attached->reserved));
	return ioctl(fd, KMQ_IOC_RING_ATTACH, attached);
}

size_t piece_bytes(const struct ring *ring, int piece)
{
	return piece == KMQ_RING_DATA_PAGE ? 2 * ring->size : ring->page;
}

int piece_protection(const struct ring *ring, int piece)
{
	__u32 writer = 0;

	if (piece == KMQ_RING_CONSUMERS_PAGE)
		writer = KMQ_RING_CONSUMER;
	else if (piece != KMQ_RING_CONTROL_PAGE)
		writer = KMQ_RING_PRODUCER;
	return PROT_READ | (ring->flags & writer ? PROT_WRITE : 0);
}

void *map_piece(const struct ring *ring, int piece, int protection, int flags)
{
	return mmap(NULL, piece_bytes(ring, piece), protection, flags, ring->fd,
		    (off_t)piece * ring->page);
}

struct ring ring_attach(int fd, __u32 flags)
{
	struct kmq_ring_attach attached;
	struct ring ring = { .flags = flags };

	ring.fd = CHECK_OK(attach(fd, flags, &attached));
	CHECK_EQ(attached.flags, flags);
	CHECK(attached.id > KMQ_RING_KERNEL && attached.id < KMQ_RING_IDS);
	CHECK_EQ(attached.page_size, page_bytes());
	CHECK(attached.mode <= KMQ_RING_BROADCAST);
	ring.id = attached.id;
	ring.size = attached.size;
	ring.page = attached.page_size;
	ring.mode = attached.mode;
	return ring;
}

void ring_map(struct ring *ring)
{
	void *pieces[4];

	for (int i = 0; i < 4; i++) {
		pieces[i] = map_piece(ring, i, piece_protection(ring, i), MAP_SHARED);
		if (pieces[i] == MAP_FAILED)
			FAIL("mmap of piece %d: %s", i, strerrorname_np(errno));
	}
	ring->control = pieces[0];
	ring->consumers = pieces[1];
	ring->producers = pieces[2];
	ring->data = pieces[3];
	CHECK_EQ(ring->control->magic, KMQ_RING_MAGIC);
	CHECK_EQ(ring->control->version, KMQ_RING_VERSION);
	CHECK_EQ(ring->control->mode, ring->mode);
	CHECK_EQ(ring->control->size, ring->size);
	CHECK_EQ(ring->control->page_size, ring->page);
	ring->cursor = ring->consumers->claims[ring->id].start;
	ring->expected = ring->consumers->claims[ring->id].sequence;
}

struct ring ring_open(int fd, __u32 flags)
{
	struct ring ring = ring_attach(fd, flags);

	ring_map(&ring);
	return ring;
}

void ring_unmap(struct ring *ring)
{
	CHECK_OK(munmap((void *)ring->control, ring->page));
	CHECK_OK(munmap(ring->consumers, ring->page));
	CHECK_OK(munmap(ring->producers, ring->page));
	CHECK_OK(munmap(ring->data, 2 * ring->size));
}

void ring_close(struct ring *ring)
{
	if (ring->control)
		ring_unmap(ring);
	CHECK_OK(close(ring->fd));
	*ring = (struct ring){ .fd = -1 };
}

/* ---- doorbells ---- */

__u64 ring_offset(const struct ring *ring, const void *word)
{
	const char *place = word;

	if (place >= (char *)ring->consumers && place < (char *)ring->consumers + ring->page)
		return ring->page + (place - (char *)ring->consumers);
	if (place >= (char *)ring->producers && place < (char *)ring->producers + ring->page)
		return 2 * ring->page + (place - (char *)ring->producers);
	CHECK(place >= (char *)ring->data && place < (char *)ring->data + 2 * ring->size);
	return 3 * ring->page + (place - (char *)ring->data) % ring->size;
}

int ring_wait(struct ring *ring, __u32 side, const void *word, __u32 expected, __u64 wake,
	      __u64 deadline)
{
	struct kmq_ring_wait wait = {
		.deadline = deadline, .side = side, .expected = expected,
		.word = ring_offset(ring, word), .wake = wake,
	};

	ring->waits++;
	return ioctl(ring->fd, KMQ_IOC_RING_WAIT, &wait);
}

int ring_wake(struct ring *ring, __u32 side)
{
	ring->wakes++;
	return ioctl(ring->fd, KMQ_IOC_RING_WAKE, side);
}

void ring_ring_consumers(struct ring *ring, __u64 sequence)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if ((__s64)(sequence - LOAD(ring->control->consumer_wake)) >= 0)
		ring_wake(ring, KMQ_RING_CONSUMERS);
}

void ring_ring_producers(struct ring *ring)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if ((__s64)(LOAD(ring->consumers->tail) - LOAD(ring->control->producer_wake)) >= 0)
		ring_wake(ring, KMQ_RING_PRODUCERS);
}

static __u32 *lock_word(struct ring *ring, __u32 side)
{
	return side == KMQ_RING_PRODUCERS_LOCK ? &ring->producers->lock : &ring->consumers->lock;
}

int ring_lock(struct ring *ring, __u32 side)
{
	__u32 *word = lock_word(ring, side), mine = ring->id, seen = 0;

	while (!__atomic_compare_exchange_n(word, &seen, mine, false, __ATOMIC_ACQUIRE,
					    __ATOMIC_RELAXED)) {
		if (!(seen & KMQ_RING_CONTENDED) &&
		    !__atomic_compare_exchange_n(word, &seen, seen | KMQ_RING_CONTENDED, false,
						 __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
			seen = 0;
			continue;
		}
		if (ring_wait(ring, side, word, seen | KMQ_RING_CONTENDED, 0, 0) && errno != EINTR)
			return -1;
		mine = ring->id | KMQ_RING_CONTENDED;
		seen = 0;
	}
	return 0;
}

void ring_unlock(struct ring *ring, __u32 side)
{
	__u32 *word = lock_word(ring, side);

	if (__atomic_exchange_n(word, 0, __ATOMIC_RELEASE) & KMQ_RING_CONTENDED)
		ring_wake(ring, side);
}

static bool has_locks(const struct ring *ring)
{
	return ring->mode == KMQ_RING_MPSC || ring->mode == KMQ_RING_MPMC;
}

/* ---- producing ---- */

static struct kmq_ring_record *record_at(const struct ring *ring, __u64 position)
{
	return (struct kmq_ring_record *)(ring->data + (position & (ring->size - 1)));
}

static int none(void)
{
	errno = EAGAIN;
	return -1;
}

static void make_room(struct ring *ring, __u64 bytes)
{
	struct kmq_ring_producers *producers = ring->producers;
	__u64 oldest = producers->oldest;

	while (producers->head + bytes - oldest > ring->size)
		oldest += kmq_ring_record_bytes(record_at(ring, oldest)->word & KMQ_RING_RECORD_SIZE);
	__atomic_store_n(&producers->oldest, oldest, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static bool has_room(struct ring *ring, __u64 bytes)
{
	if (ring->mode == KMQ_RING_BROADCAST)
		return true;
	return ring->producers->head + bytes - LOAD(ring->consumers->tail) <= ring->size;
}

int ring_reserve_to(struct ring *ring, __u32 size, enum ring_step last)
{
	struct kmq_ring_producers *producers = ring->producers;
	struct ring_room *room = &ring->room;
	__u64 bytes = kmq_ring_record_bytes(size);

	CHECK(!room->record);
	if (has_locks(ring) && ring_lock(ring, KMQ_RING_PRODUCERS_LOCK))
		return -1;
	if (last == RING_LOCKED)
		return 0;
	if (!has_room(ring, bytes)) {
		if (has_locks(ring))
			ring_unlock(ring, KMQ_RING_PRODUCERS_LOCK);
		return none();
	}
	if (ring->mode == KMQ_RING_BROADCAST)
		make_room(ring, bytes);
	room->position = producers->head;
	room->next = producers->head + bytes;
	room->sequence = producers->sequence;
	room->size = size;
	room->record = record_at(ring, producers->head);
	room->body = (unsigned char *)(room->record + 1);
	*room->record = (struct kmq_ring_record){
		size | (has_locks(ring) ? KMQ_RING_BUSY : 0), ring->id, room->sequence
	};
	if (last == RING_HEADER || !has_locks(ring))
		return 0;
	STORE(producers->head, room->next);
	if (last == RING_HEAD)
		return 0;
	STORE(producers->sequence, room->sequence + 1);
	if (last == RING_SEQUENCE)
		return 0;
	ring_unlock(ring, KMQ_RING_PRODUCERS_LOCK);
	return 0;
}

int ring_reserve(struct ring *ring, __u32 size)
{
	return ring_reserve_to(ring, size, RING_DONE);
}

void ring_commit_silently(struct ring *ring)
{
	struct ring_room *room = &ring->room;

	CHECK(room->record);
	if (has_locks(ring)) {
		STORE(room->record->word, room->size);
	} else {
		STORE(ring->producers->sequence, room->sequence + 1);
		STORE(ring->producers->head, room->next);
	}
	room->record = NULL;
}

void ring_commit(struct ring *ring)
{
	ring_commit_silently(ring);
	ring_ring_consumers(ring, ring->room.sequence);
}

void ring_discard(struct ring *ring)
{
	struct ring_room *room = &ring->room;

	CHECK(room->record);
	if (has_locks(ring)) {
		STORE(room->record->word, room->size | KMQ_RING_DISCARDED);
		ring_ring_consumers(ring, room->sequence);
	}
	room->record = NULL;
}

/* ---- consuming ---- */

static bool is_skipped(__u32 word)
{
	return word & (KMQ_RING_ABANDONED | KMQ_RING_DISCARDED);
}

static void set_room(const struct ring *ring, struct ring_room *room, __u64 position, __u32 word)
{
	room->record = record_at(ring, position);
	room->body = (unsigned char *)(room->record + 1);
	room->position = position;
	room->size = word & KMQ_RING_RECORD_SIZE;
	room->next = position + kmq_ring_record_bytes(room->size);
	room->sequence = room->record->sequence;
}

static int claim_spsc(struct ring *ring)
{
	__u64 tail = ring->consumers->tail;

	if (tail == LOAD(ring->producers->head))
		return none();
	set_room(ring, &ring->claim, tail, record_at(ring, tail)->word);
	return 0;
}

static int claim_broadcast(struct ring *ring)
{
	struct ring_room *claim = &ring->claim;

	for (;;) {
		__u64 oldest;

		if (ring->cursor == LOAD(ring->producers->head))
			return none();
		set_room(ring, claim, ring->cursor, record_at(ring, ring->cursor)->word);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		oldest = __atomic_load_n(&ring->producers->oldest, __ATOMIC_RELAXED);
		if ((__s64)(oldest - ring->cursor) <= 0)
			break;
		ring->cursor = oldest;
	}
	ring->lost = claim->sequence - ring->expected;
	return 0;
}

/* An orphan's id, the one with the lowest start; 0 for none. */
static __u32 find_orphan(const struct kmq_ring_consumers *consumers)
{
	__u32 found = 0;

	for (__u32 id = 1; id < KMQ_RING_IDS; id++) {
		if (!(consumers->claims_used >> id & 1) ||
		    LOAD(consumers->claims[id].state) != KMQ_RING_ORPHANED)
			continue;
		if (!found || (__s64)(consumers->claims[id].start -
				      consumers->claims[found].start) < 0)
			found = id;
	}
	return found;
}

/*
 * Takes up to @count records from @position to @limit, and what is to be skipped
 * behind them, into claim and cursor; returns their number. What is skipped alone
 * moves the cursor, too.
 */
static __u32 collect(struct ring *ring, struct kmq_ring_cursor *cursor, struct kmq_ring_claim *claim,
		     __u64 position, __u64 limit, unsigned int count)
{
	__u32 records = 0;

	claim->start = position;
	while (position != limit) {
		struct kmq_ring_record *record = record_at(ring, position);
		__u32 word = LOAD(record->word);

		if (word & KMQ_RING_BUSY || (records == count && !is_skipped(word)))
			break;
		if (!is_skipped(word) && !records++) {
			claim->start = position;
			claim->sequence = record->sequence;
		}
		cursor->skipped += is_skipped(word);
		cursor->expected = record->sequence + 1;
		position += kmq_ring_record_bytes(word & KMQ_RING_RECORD_SIZE);
	}
	claim->end = position;
	claim->records = records;
	claim->state = KMQ_RING_CLAIMED;
	cursor->next = position;
	cursor->received += records;
	return records;
}

static void move_tail(struct ring *ring)
{
	struct kmq_ring_consumers *consumers = ring->consumers;
	__u64 lowest = consumers->cursor[consumers->version % 2].next;

	for (__u32 id = 1; id < KMQ_RING_IDS; id++)
		if (consumers->claims_used >> id & 1 &&
		    consumers->claims[id].state != KMQ_RING_CLAIM_FREE &&
		    (__s64)(consumers->claims[id].start - lowest) < 0)
			lowest = consumers->claims[id].start;
	STORE(consumers->tail, lowest);
}

static void unlock_consumers(struct ring *ring)
{
	if (ring->mode == KMQ_RING_MPMC)
		ring_unlock(ring, KMQ_RING_CONSUMERS_LOCK);
}

static void make_current(struct ring *ring, const struct kmq_ring_cursor *cursor)
{
	struct kmq_ring_consumers *consumers = ring->consumers;

	consumers->cursor[(consumers->version + 1) % 2] = *cursor;
	STORE(consumers->version, consumers->version + 1);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static void write_claim(struct ring *ring, const struct kmq_ring_claim *claim)
{
	struct kmq_ring_claim *mine = &ring->consumers->claims[ring->id];

	/* The state last: before it the claim is nobody's. */
	mine->start = claim->start;
	mine->end = claim->end;
	mine->sequence = claim->sequence;
	mine->records = claim->records;
	STORE(mine->state, KMQ_RING_CLAIMED);
	memset(&ring->claim, 0, sizeof(ring->claim));
	ring->claim.position = claim->start;
	ring_next(ring, &ring->claim);
}

static void set_used(struct ring *ring, __u32 id, bool used)
{
	__u64 bit = 1ull << id, bits = ring->consumers->claims_used;

	STORE(ring->consumers->claims_used, used ? bits | bit : bits & ~bit);
}

/* The one store that takes it is that of its state, or of its start. */
static int claim_orphan(struct ring *ring, __u32 orphan, unsigned int count, enum ring_step last)
{
	struct kmq_ring_claim *theirs = &ring->consumers->claims[orphan], claim = {};
	struct kmq_ring_cursor unused = {};

	collect(ring, &unused, &claim, theirs->start, theirs->end, count);
	claim.start = theirs->start;
	write_claim(ring, &claim);
	ring->claim.from = orphan;
	if (last == RING_CLAIM)
		return 0;
	set_used(ring, ring->id, true);
	if (last == RING_BIT)
		return 0;
	if (claim.end == theirs->end) {
		STORE(theirs->state, KMQ_RING_CLAIM_FREE);
		if (last == RING_CURSOR)
			return 0;
		set_used(ring, orphan, false);
	} else {
		STORE(theirs->start, claim.end);
		if (last == RING_CURSOR)
			return 0;
		theirs->records -= claim.records;
		theirs->sequence = record_at(ring, claim.end)->sequence;
	}
	return 0;
}

static int claim_next(struct ring *ring, unsigned int count, enum ring_step last)
{
	struct kmq_ring_consumers *consumers = ring->consumers;
	struct kmq_ring_claim claim = {};
	struct kmq_ring_cursor before = consumers->cursor[consumers->version % 2], cursor = before;

	if (!collect(ring, &cursor, &claim, cursor.next, LOAD(ring->producers->head), count)) {
		if (cursor.next == before.next)
			return none();
		make_current(ring, &cursor);
		move_tail(ring);
		ring_ring_producers(ring);
		return none();
	}
	write_claim(ring, &claim);
	if (last == RING_CLAIM)
		return 0;
	set_used(ring, ring->id, true);
	if (last == RING_BIT)
		return 0;
	consumers->cursor[(consumers->version + 1) % 2] = cursor;
	if (last == RING_CURSOR)
		return 0;
	STORE(consumers->version, consumers->version + 1);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	return 0;
}

/* Passes the wake-up on, if something is left behind. */
static void pass_on(struct ring *ring, bool orphans, __u64 next)
{
	if (ring->mode != KMQ_RING_MPMC)
		return;
	if (orphans)
		ring_wake(ring, KMQ_RING_CONSUMERS);
	else if (next != LOAD(ring->producers->head))
		ring_ring_consumers(ring, LOAD(ring->producers->sequence) - 1);
}

static int claim_locked(struct ring *ring, unsigned int count, enum ring_step last)
{
	struct kmq_ring_consumers *consumers = ring->consumers;
	__u32 orphan = find_orphan(consumers);
	int result, error;
	bool orphans;
	__u64 next;

	if (orphan)
		result = claim_orphan(ring, orphan, count, last);
	else
		result = claim_next(ring, count, last);
	error = errno;
	if (!result && last != RING_DONE)
		return 0;
	orphans = find_orphan(consumers);
	next = consumers->cursor[consumers->version % 2].next;
	unlock_consumers(ring);
	if (!result)
		pass_on(ring, orphans, next);
	errno = error;
	return result;
}

int ring_claim_to(struct ring *ring, unsigned int count, enum ring_step last)
{
	CHECK(!ring->claim.record);
	if (ring->mode == KMQ_RING_SPSC)
		return claim_spsc(ring);
	if (ring->mode == KMQ_RING_BROADCAST)
		return claim_broadcast(ring);
	if (ring->mode == KMQ_RING_MPMC && ring_lock(ring, KMQ_RING_CONSUMERS_LOCK))
		return -1;
	if (last == RING_LOCKED)
		return 0;
	return claim_locked(ring, count, last);
}

int ring_claim(struct ring *ring)
{
	return ring_claim_to(ring, 1, RING_DONE);
}

int ring_next(const struct ring *ring, struct ring_room *found)
{
	__u64 position = found->record ? found->next : ring->claim.position;
	__u64 end = ring->consumers->claims[ring->id].end;

	for (; position != end; position = found->next) {
		__u32 word = LOAD(record_at(ring, position)->word);

		set_room(ring, found, position, word);
		if (!is_skipped(word))
			return 0;
	}
	return -1;
}

static int release_broadcast(struct ring *ring)
{
	struct ring_room *claim = &ring->claim;
	struct kmq_ring_claim *mine = &ring->consumers->claims[ring->id];

	claim->record = NULL;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if ((__s64)(__atomic_load_n(&ring->producers->oldest, __ATOMIC_RELAXED) -
		    claim->position) > 0) {
		errno = ESTALE;
		return -1;
	}
	ring->cursor = claim->next;
	ring->expected = claim->sequence + 1;
	STORE(mine->start, ring->cursor);
	STORE(mine->sequence, ring->expected);
	return 0;
}

int ring_release_to(struct ring *ring, enum ring_step last)
{
	struct kmq_ring_consumers *consumers = ring->consumers;

	CHECK(ring->claim.record);
	if (ring->mode == KMQ_RING_BROADCAST)
		return release_broadcast(ring);
	ring->claim.record = NULL;
	if (ring->mode == KMQ_RING_SPSC) {
		STORE(consumers->expected, consumers->expected + 1);
		if (last == RING_SEQUENCE)
			return 0;
		STORE(consumers->tail, ring->claim.next);
	} else {
		if (ring->mode == KMQ_RING_MPMC && ring_lock(ring, KMQ_RING_CONSUMERS_LOCK))
			return -1;
		if (last == RING_LOCKED)
			return 0;
		STORE(consumers->claims[ring->id].state, KMQ_RING_CLAIM_FREE);
		if (last == RING_FREE)
			return 0;
		STORE(consumers->claims_used, consumers->claims_used & ~(1ull << ring->id));
		if (last == RING_BIT)
			return 0;
		move_tail(ring);
		if (last == RING_TAIL)
			return 0;
		unlock_consumers(ring);
	}
	ring_ring_producers(ring);
	return 0;
}

int ring_release(struct ring *ring)
{
	return ring_release_to(ring, RING_DONE);
}

/* ---- what sleeps ---- */

int ring_sleep_for_room(struct ring *ring, __u32 size, __u64 deadline)
{
	__u64 head = LOAD(ring->producers->head), tail = LOAD(ring->consumers->tail);
	__u64 bytes = kmq_ring_record_bytes(size);

	if (head + bytes - tail <= ring->size)
		return 0;
	return ring_wait(ring, KMQ_RING_PRODUCERS, &ring->consumers->tail, tail,
			 head + bytes - ring->size, deadline);
}

int ring_sleep_for_record(struct ring *ring, __u64 deadline)
{
	struct kmq_ring_consumers *consumers = ring->consumers;
	__u64 next = consumers->tail, expected = consumers->expected, head;
	__u32 word;

	if (has_locks(ring)) {
		__u32 version = LOAD(consumers->version);

		next = consumers->cursor[version % 2].next;
		expected = consumers->cursor[version % 2].expected;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (LOAD(consumers->version) != version)
			return 0;
	} else if (ring->mode == KMQ_RING_BROADCAST) {
		next = ring->cursor;
		expected = ring->expected;
	}
	head = LOAD(ring->producers->head);
	if (head == next)
		return ring_wait(ring, KMQ_RING_CONSUMERS, &ring->producers->head, head, expected,
				 deadline);
	word = LOAD(record_at(ring, next)->word);
	if (!has_locks(ring) || !(word & KMQ_RING_BUSY))
		return 0;
	return ring_wait(ring, KMQ_RING_CONSUMERS, &record_at(ring, next)->word, word,
			 record_at(ring, next)->sequence, deadline);
}

int ring_send(struct ring *ring, const void *body, __u32 size, __u64 deadline)
{
	while (ring_reserve(ring, size))
		if (errno != EAGAIN || ring_sleep_for_room(ring, size, deadline))
			return -1;
	memcpy(ring->room.body, body, size);
	ring_commit(ring);
	return 0;
}

int ring_receive(struct ring *ring, void *body, __u32 room, __u64 deadline)
{
	__u32 size;

	do {
		while (ring_claim(ring))
			if (errno != EAGAIN || ring_sleep_for_record(ring, deadline))
				return -1;
		size = ring->claim.size;
		if (size > room && ring->mode == KMQ_RING_BROADCAST)
			size = room;
		CHECK(size <= room);
		memcpy(body, ring->claim.body, size);
	} while (ring_release(ring));
	return size;
}

/* ---- checked ---- */

void ring_put(struct ring *ring, const char *text)
{
	CHECK_OK(ring_reserve(ring, strlen(text)));
	memcpy(ring->room.body, text, strlen(text));
	ring_commit(ring);
}

void ring_expect(struct ring *ring, const char *text)
{
	if (ring_claim(ring))
		FAIL("nothing there instead of \"%s\"", text);
	CHECK_TEXT(ring->claim.body, ring->claim.size, text);
	CHECK_OK(ring_release(ring));
}

void ring_expect_empty(struct ring *ring)
{
	CHECK_ERRNO(ring_claim(ring), EAGAIN);
}

void put_text(int fd, const char *text)
{
	CHECK_EQ(CHECK_OK(write(fd, text, strlen(text))), strlen(text));
}
