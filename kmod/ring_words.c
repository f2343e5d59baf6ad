// SPDX-License-Identifier: GPL-2.0-only
/*
 * The words of a shared ring; the protocol and the letters of the barriers are
 * those of <linux/kmq_ring.h>.
 *
 * Who can write what is read here: everybody who has the ring mapped, at any
 * time, whatever he may hold. Three rules follow.
 *
 * - A word is loaded once, into a local variable, and what is checked is used.
 *   No position is used before it was found to be aligned, and within the size
 *   of the ring of another one: then the record there lies in the data.
 * - A walk has an end that was loaded before it, and a budget of steps, because
 *   a position that is right may lead to a header that is not. All walks of one
 *   call share one budget, the number of records that the ring can have: of the
 *   largest ring that is 2^24, so a walk lets others run now and then.
 * - What is impossible is -EUCLEAN only where an honest ring cannot show it.
 *   Without the lock, words are of different moments. There the version of the
 *   cursor, or tail, is loaded again after the walk, and if it has changed the
 *   walk has seen nothing (-ESTALE; kmq_look()).
 */
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/sched.h>

#include "ring_words.h"

/* How often what others' honest work has spoilt is tried again. */
#define KMQ_TRIES 16

/* Steps of a walk after which others may run; a power of two. */
#define KMQ_STRIDE 4096

/* The lock words while the kernel has them; see kmq_words_kicked(). */
#define KMQ_KERNEL_HOLDS (KMQ_RING_KERNEL | KMQ_RING_CONTENDED)

#define KMQ_RING_GIVEN_UP (KMQ_RING_ABANDONED | KMQ_RING_DISCARDED)

/**
 * struct kmq_header - a record's header, loaded once
 * @word: see struct kmq_ring_record
 * @owner: likewise
 * @sequence: likewise
 * @bytes: that it takes; valid when checked
 */
struct kmq_header {
	u32 word;
	u32 owner;
	u64 sequence;
	u64 bytes;
};

/**
 * struct kmq_walk - from record to record
 * @position: of the next one
 * @end: position behind the last one
 * @sequence: number of the next one
 * @skipped: records passed that were given up
 * @steps: that may still be made
 */
struct kmq_walk {
	u64 position;
	u64 end;
	u64 sequence;
	u64 skipped;
	u64 steps;
};

/**
 * struct kmq_spot - where the consumers of a MPSC or MPMC ring are
 * @cursor: the current one, checked against @head
 * @version: the cursor's
 * @head: as loaded after it
 * @steps: budget for all walks from here
 */
struct kmq_spot {
	struct kmq_ring_cursor cursor;
	u32 version;
	u64 head;
	u64 steps;
};

/**
 * struct kmq_range - what a claim or an orphan spans
 * @start: position of its first record
 * @end: position behind its last
 */
struct kmq_range {
	u64 start;
	u64 end;
};

static bool kmq_has_locks(const struct kmq_words *words)
{
	return words->mode == KMQ_RING_MPSC || words->mode == KMQ_RING_MPMC;
}

/* The most records that the data can have. */
static u64 kmq_records_max(const struct kmq_words *words)
{
	return words->size / KMQ_RING_ALIGN;
}

/* May @from be followed by data up to @to? */
static bool kmq_spans(const struct kmq_words *words, u64 from, u64 to)
{
	return !((from | to) % KMQ_RING_ALIGN) && to - from <= words->size;
}

/* @position was checked. */
static struct kmq_ring_record *kmq_record_at(const struct kmq_words *words,
					     u64 position)
{
	BUILD_BUG_ON(sizeof(struct kmq_ring_record) != KMQ_RING_ALIGN);
	return (struct kmq_ring_record *)(words->data +
					  (position & (words->size - 1)));
}

static struct kmq_header kmq_header_load(const struct kmq_words *words,
					 u64 position)
{
	struct kmq_ring_record *record = kmq_record_at(words, position);
	struct kmq_header header;

	header.word = smp_load_acquire(&record->word);	/* E */
	header.owner = READ_ONCE(record->owner);
	header.sequence = READ_ONCE(record->sequence);
	return header;
}

/* Can this be a header with @left bytes up to the end? */
static bool kmq_header_check(const struct kmq_words *words,
			     struct kmq_header *header, u64 left)
{
	u32 size = header->word & KMQ_RING_RECORD_SIZE;
	u32 flags = header->word & ~KMQ_RING_RECORD_SIZE;

	header->bytes = kmq_ring_record_bytes(size);
	if (size > words->max_message || header->bytes > left)
		return false;
	if (!header->owner || header->owner >= KMQ_RING_IDS)
		return false;
	if (!kmq_has_locks(words))
		return !flags;
	return !flags || flags == KMQ_RING_BUSY ||
	       flags == KMQ_RING_ABANDONED || flags == KMQ_RING_DISCARDED;
}

static void kmq_header_store(const struct kmq_words *words, u64 position,
			     u64 sequence, u32 word)
{
	struct kmq_ring_record *record = kmq_record_at(words, position);

	WRITE_ONCE(record->owner, KMQ_RING_KERNEL);
	WRITE_ONCE(record->sequence, sequence);
	WRITE_ONCE(record->word, word);
}

static struct kmq_walk kmq_walk_from(const struct kmq_words *words,
				     u64 position, u64 end)
{
	return (struct kmq_walk){
		.position = position,
		.end = end,
		.steps = kmq_records_max(words),
	};
}

/* A processor that has no other chance to be given away gets one. */
static inline void kmq_rest(u64 steps)
{
	if (!(steps % KMQ_STRIDE))
		cond_resched();
}

/* The header at the walk's position, which is not its end. */
static int kmq_walk_look(const struct kmq_words *words, struct kmq_walk *walk,
			 struct kmq_header *header)
{
	if (!walk->steps)
		return -EUCLEAN;
	walk->steps--;
	kmq_rest(walk->steps);
	*header = kmq_header_load(words, walk->position);
	if (!kmq_header_check(words, header, walk->end - walk->position))
		return -EUCLEAN;
	return 0;
}

static void kmq_walk_pass(struct kmq_walk *walk,
			  const struct kmq_header *header)
{
	walk->position += header->bytes;
	walk->sequence = header->sequence + 1;
}

static void kmq_found_set(const struct kmq_words *words, u64 position,
			  const struct kmq_header *header,
			  struct kmq_found *found)
{
	struct kmq_ring_record *record = kmq_record_at(words, position);

	*found = (struct kmq_found){
		.position = position,
		.end = position + header->bytes,
		.sequence = header->sequence,
		.size = header->word & KMQ_RING_RECORD_SIZE,
		.body = (const u8 *)(record + 1),
	};
}

/*
 * On to the next record that can be read, past what was given up. The walk goes
 * on behind it. -EAGAIN: not before the end, or before one that is BUSY, where
 * the walk stands then.
 */
static int kmq_walk_seek(const struct kmq_words *words, struct kmq_walk *walk,
			 struct kmq_found *found)
{
	while (walk->position != walk->end) {
		u64 position = walk->position;
		struct kmq_header header;

		if (kmq_walk_look(words, walk, &header) ||
		    header.sequence != walk->sequence)
			return -EUCLEAN;
		if (header.word & KMQ_RING_BUSY)
			return -EAGAIN;
		kmq_walk_pass(walk, &header);
		if (!(header.word & KMQ_RING_GIVEN_UP)) {
			kmq_found_set(words, position, &header, found);
			return 0;
		}
		walk->skipped++;
	}
	return -EAGAIN;
}

/* To the end, so that the walk's sequence is what comes next there. */
static int kmq_walk_all(const struct kmq_words *words, struct kmq_walk *walk)
{
	while (walk->position != walk->end) {
		struct kmq_header header;

		if (kmq_walk_look(words, walk, &header) ||
		    header.sequence != walk->sequence)
			return -EUCLEAN;
		kmq_walk_pass(walk, &header);
	}
	return 0;
}

/* A walk over a range that is not empty and begins with any number. */
static void kmq_walk_adopt(const struct kmq_words *words, struct kmq_walk *walk)
{
	walk->sequence =
		READ_ONCE(kmq_record_at(words, walk->position)->sequence);
}

static u32 *kmq_lock_word(const struct kmq_words *words,
			  enum kmq_ring_side lock)
{
	if (lock == KMQ_RING_PRODUCERS_LOCK)
		return &words->producers->lock;
	return &words->consumers->lock;
}

/* -EINPROGRESS: another has it. The kernel has it in one call at a time only. */
static int kmq_lock(struct kmq_words *words, enum kmq_ring_side lock)
{
	u32 *word = kmq_lock_word(words, lock);
	u32 seen = cmpxchg(word, 0, KMQ_KERNEL_HOLDS);	/* F, G */
	u32 holder = seen & ~KMQ_RING_CONTENDED;

	if (!seen)
		return 0;
	if (!holder || holder == KMQ_RING_KERNEL || holder >= KMQ_RING_IDS)
		return -EUCLEAN;
	return -EINPROGRESS;
}

static int kmq_unlock(struct kmq_words *words, enum kmq_ring_side lock)
{
	u32 seen = xchg(kmq_lock_word(words, lock), 0);	/* F, G */

	WRITE_ONCE(words->kicks[lock], 1);
	return seen == KMQ_KERNEL_HOLDS ? 0 : -EUCLEAN;
}

/*
 * Gives back the lock of @id, which is dead. Until then the word names @id, so
 * that nobody else has it, and who mends what it guards has it for the dead.
 */
static int kmq_unlock_dead(struct kmq_words *words, enum kmq_ring_side lock,
			   u32 id)
{
	u32 seen = xchg(kmq_lock_word(words, lock), 0);	/* F, G */

	WRITE_ONCE(words->kicks[lock], 1);
	return (seen & ~KMQ_RING_CONTENDED) == id ? 0 : -EUCLEAN;
}

bool kmq_words_contend(struct kmq_words *words, enum kmq_ring_side lock)
{
	u32 *word = kmq_lock_word(words, lock);
	u32 seen;
	int i;

	for (i = 0; i < KMQ_TRIES; i++) {
		seen = READ_ONCE(*word);
		if (!seen)
			return false;
		if (seen & KMQ_RING_CONTENDED ||
		    cmpxchg(word, seen, seen | KMQ_RING_CONTENDED) == seen)
			return true;
	}
	return false;
}

u32 kmq_words_lock_holder(const struct kmq_words *words,
			  enum kmq_ring_side lock)
{
	return READ_ONCE(*kmq_lock_word(words, lock)) & ~KMQ_RING_CONTENDED;
}

void kmq_words_init(struct kmq_words *words, u32 page_size, u64 first_sequence,
		    u64 first_position)
{
	struct kmq_ring_control *control = words->control;
	struct kmq_ring_producers *producers = words->producers;
	struct kmq_ring_consumers *consumers = words->consumers;

	words->first_sequence = first_sequence;
	words->first_position = first_position;
	control->version = KMQ_RING_VERSION;
	control->mode = words->mode;
	control->size = words->size;
	control->max_message = words->max_message;
	control->page_size = page_size;
	control->first_sequence = first_sequence;
	control->first_position = first_position;
	control->consumer_wake = first_sequence + (1ull << 62);
	control->producer_wake = first_position + (1ull << 62);
	producers->head = first_position;
	producers->sequence = first_sequence;
	producers->oldest = first_position;
	consumers->tail = first_position;
	consumers->expected = first_sequence;
	consumers->cursor[0].next = first_position;
	consumers->cursor[0].expected = first_sequence;
	control->magic = KMQ_RING_MAGIC;
}

/* Producing. */

/* Room behind @head, or -EAGAIN. */
static int kmq_room_find(const struct kmq_words *words, u64 head, u64 bytes,
			 u64 *wake)
{
	u64 tail = smp_load_acquire(&words->consumers->tail);	/* A */

	if (!kmq_spans(words, tail, head))
		return -EUCLEAN;
	*wake = head + bytes - words->size;
	return head + bytes - tail <= words->size ? 0 : -EAGAIN;
}

/* BROADCAST: gives up what is oldest until there is room. */
static int kmq_room_make(const struct kmq_words *words, u64 head, u64 bytes)
{
	u64 oldest = READ_ONCE(words->producers->oldest);
	struct kmq_walk walk = kmq_walk_from(words, oldest, head);
	struct kmq_header header;

	if (!kmq_spans(words, oldest, head))
		return -EUCLEAN;
	while (head + bytes - walk.position > words->size) {
		if (kmq_walk_look(words, &walk, &header))
			return -EUCLEAN;
		kmq_walk_pass(&walk, &header);
	}
	if (walk.position == oldest)
		return 0;
	WRITE_ONCE(words->producers->oldest, walk.position);
	smp_wmb();	/* H */
	return 0;
}

/* Under producers.lock where the mode has it. */
static int kmq_reserve_locked(struct kmq_words *words, struct kmq_room *room,
			      u64 *wake)
{
	struct kmq_ring_producers *producers = words->producers;
	u64 bytes = kmq_ring_record_bytes(room->size);
	int ret;

	room->position = READ_ONCE(producers->head);
	room->sequence = READ_ONCE(producers->sequence);
	if (words->mode == KMQ_RING_BROADCAST)
		ret = kmq_room_make(words, room->position, bytes);
	else
		ret = kmq_room_find(words, room->position, bytes, wake);
	if (ret)
		return ret;
	room->body = (u8 *)(kmq_record_at(words, room->position) + 1);
	if (!kmq_has_locks(words))
		return 0;
	kmq_header_store(words, room->position, room->sequence,
			 room->size | KMQ_RING_BUSY);
	smp_store_release(&producers->head, room->position + bytes);	/* B */
	WRITE_ONCE(producers->sequence, room->sequence + 1);
	return 0;
}

int kmq_words_reserve(struct kmq_words *words, u32 size, struct kmq_room *room,
		      u64 *wake)
{
	int ret, unlocked;

	if (size > words->max_message)
		return -EMSGSIZE;
	room->size = size;
	if (!kmq_has_locks(words))
		return kmq_reserve_locked(words, room, wake);
	ret = kmq_lock(words, KMQ_RING_PRODUCERS_LOCK);
	if (ret)
		return ret;
	ret = kmq_reserve_locked(words, room, wake);
	unlocked = kmq_unlock(words, KMQ_RING_PRODUCERS_LOCK);
	return unlocked ?: ret;
}

/* SPSC, BROADCAST: it is the only producer, so all words are as it left them. */
static void kmq_commit_single(struct kmq_words *words,
			      const struct kmq_room *room)
{
	struct kmq_ring_producers *producers = words->producers;

	kmq_header_store(words, room->position, room->sequence, room->size);
	WRITE_ONCE(producers->sequence, room->sequence + 1);
	smp_store_release(&producers->head,		/* B */
			  room->position + kmq_ring_record_bytes(room->size));
}

void kmq_words_commit(struct kmq_words *words, const struct kmq_room *room,
		      u64 *sequence)
{
	*sequence = room->sequence;
	if (!kmq_has_locks(words)) {
		kmq_commit_single(words, room);
		return;
	}
	smp_store_release(&kmq_record_at(words, room->position)->word,	/* E */
			  room->size);
}

void kmq_words_discard(struct kmq_words *words, const struct kmq_room *room)
{
	if (!kmq_has_locks(words))
		return;
	smp_store_release(&kmq_record_at(words, room->position)->word,	/* E */
			  room->size | KMQ_RING_DISCARDED);
}

int kmq_words_writable(struct kmq_words *words)
{
	u64 bytes = kmq_ring_record_bytes(words->max_message);
	u64 tail, head;
	int i;

	if (words->mode == KMQ_RING_BROADCAST)
		return 1;
	if (kmq_has_locks(words) &&
	    kmq_words_contend(words, KMQ_RING_PRODUCERS_LOCK))
		return 0;
	for (i = 0; i < KMQ_TRIES; i++) {
		tail = smp_load_acquire(&words->consumers->tail);	/* A */
		head = smp_load_acquire(&words->producers->head);	/* B */
		if (kmq_spans(words, tail, head))
			return head + bytes - tail <= words->size;
		smp_rmb();	/* tail: the same as before head was loaded? */
		if (READ_ONCE(words->consumers->tail) == tail)
			return -EUCLEAN;
	}
	return 1;	/* whoever tries will see */
}

/* Consuming: the cursor, the claims, and tail (MPSC, MPMC). */

/*
 * What is loaded while others work may be of two moments; then it is
 * -EUCLEAN, too, and kmq_look() finds out.
 */
static int kmq_spot_load(const struct kmq_words *words, struct kmq_spot *spot)
{
	struct kmq_ring_consumers *consumers = words->consumers;
	const struct kmq_ring_cursor *cursor;

	spot->version = smp_load_acquire(&consumers->version);	/* I */
	cursor = &consumers->cursor[spot->version % 2];
	spot->cursor.next = READ_ONCE(cursor->next);
	spot->cursor.expected = READ_ONCE(cursor->expected);
	spot->cursor.received = READ_ONCE(cursor->received);
	spot->cursor.skipped = READ_ONCE(cursor->skipped);
	spot->head = smp_load_acquire(&words->producers->head);	/* B */
	spot->steps = kmq_records_max(words);
	if (!kmq_spans(words, spot->cursor.next, spot->head))
		return -EUCLEAN;
	/* Whatever it has passed was claimed, or skipped. */
	if (spot->cursor.received + spot->cursor.skipped !=
	    spot->cursor.expected - words->first_sequence)
		return -EUCLEAN;
	return 0;
}

static void kmq_spot_store(const struct kmq_words *words,
			   const struct kmq_spot *spot)
{
	struct kmq_ring_consumers *consumers = words->consumers;
	u32 version = spot->version + 1;
	struct kmq_ring_cursor *cursor = &consumers->cursor[version % 2];

	smp_wmb();	/* I: who sees a part of this sees that it is not current */
	WRITE_ONCE(cursor->next, spot->cursor.next);
	WRITE_ONCE(cursor->expected, spot->cursor.expected);
	WRITE_ONCE(cursor->received, spot->cursor.received);
	WRITE_ONCE(cursor->skipped, spot->cursor.skipped);
	smp_store_release(&consumers->version, version);	/* I */
}

/* Is what a reader is told to wait for within reach of what is produced? */
static int kmq_expected_check(const struct kmq_words *words, u64 expected)
{
	u64 sequence = READ_ONCE(words->producers->sequence);

	/* SPSC: it may run ahead of head, but all that it counts has room. */
	return sequence - expected <= kmq_records_max(words) ? 0 : -EUCLEAN;
}

static struct kmq_ring_claim *kmq_claim_of(const struct kmq_words *words,
					   u32 id)
{
	return &words->consumers->claims[id];
}

/* Bit set of the claims in use; id 0 is nobody's. */
static int kmq_claims_used(const struct kmq_words *words, u64 *used)
{
	*used = READ_ONCE(words->consumers->claims_used);
	return *used & 1 ? -EUCLEAN : 0;
}

bool kmq_words_id_is_free(const struct kmq_words *words, u32 id)
{
	if (!kmq_has_locks(words))
		return true;
	return READ_ONCE(kmq_claim_of(words, id)->state) == KMQ_RING_CLAIM_FREE;
}

static void kmq_claim_use(const struct kmq_words *words, u32 id, bool use)
{
	u64 used = READ_ONCE(words->consumers->claims_used);

	used = use ? used | 1ull << id : used & ~(1ull << id);
	WRITE_ONCE(words->consumers->claims_used, used);
}

static void kmq_claim_free(const struct kmq_words *words, u32 id)
{
	WRITE_ONCE(kmq_claim_of(words, id)->state, KMQ_RING_CLAIM_FREE);
	kmq_claim_use(words, id, false);
}

static int kmq_range_load(const struct kmq_words *words,
			  const struct kmq_spot *spot, u32 id,
			  struct kmq_range *range)
{
	struct kmq_ring_claim *claim = kmq_claim_of(words, id);

	range->start = READ_ONCE(claim->start);
	range->end = READ_ONCE(claim->end);
	if (!kmq_spans(words, range->start, spot->cursor.next) ||
	    range->end - range->start > spot->cursor.next - range->start)
		return -EUCLEAN;
	return 0;
}

/* A walk over an orphan; it may be empty. */
static int kmq_orphan_walk(const struct kmq_words *words,
			   const struct kmq_spot *spot,
			   const struct kmq_range *range, struct kmq_walk *walk)
{
	*walk = kmq_walk_from(words, range->start, range->end);
	walk->steps = spot->steps;
	if (range->start == range->end)
		return 0;
	kmq_walk_adopt(words, walk);
	if (spot->cursor.expected - walk->sequence - 1 >=
	    kmq_records_max(words))
		return -EUCLEAN;
	return 0;
}

/**
 * kmq_orphan_seek() - the first record of an orphan that can be read
 * @words: of the ring
 * @spot: where the consumers are
 * @range: of the orphan
 * @found: out
 * @end: out: position behind it, and if it is the last one, behind all that was
 *	given up there, too
 *
 * Return: 0; -EAGAIN: none is left; -EUCLEAN. Nothing in it can be BUSY.
 */
static int kmq_orphan_seek(const struct kmq_words *words, struct kmq_spot *spot,
			   const struct kmq_range *range,
			   struct kmq_found *found, u64 *end)
{
	struct kmq_found next;
	struct kmq_walk walk;
	int ret, more = -EAGAIN;

	if (kmq_orphan_walk(words, spot, range, &walk))
		return -EUCLEAN;
	ret = kmq_walk_seek(words, &walk, found);
	if (!ret)
		more = kmq_walk_seek(words, &walk, &next);
	if (more && walk.position != walk.end)
		return -EUCLEAN;
	spot->steps = walk.steps;
	*end = more ? walk.end : found->end;
	return ret;
}

/**
 * struct kmq_orphan - what a consumer that died had claimed
 * @range: of it
 * @found: its first record
 * @end: see kmq_orphan_seek()
 * @id: of the one who died
 */
struct kmq_orphan {
	struct kmq_range range;
	struct kmq_found found;
	u64 end;
	u32 id;
};

static bool kmq_is_orphan(const struct kmq_words *words, u32 id)
{
	return READ_ONCE(kmq_claim_of(words, id)->state) == KMQ_RING_ORPHANED;
}

/* -EAGAIN: there is nothing in it. */
static int kmq_orphan_load(const struct kmq_words *words, struct kmq_spot *spot,
			   u32 id, struct kmq_orphan *orphan)
{
	orphan->id = id;
	if (kmq_range_load(words, spot, id, &orphan->range))
		return -EUCLEAN;
	return kmq_orphan_seek(words, spot, &orphan->range, &orphan->found,
			       &orphan->end);
}

/**
 * kmq_orphan_lowest() - the orphan that starts lowest
 * @words: of the ring
 * @spot: where the consumers are
 * @lowest: out
 * @mend: frees those in which nothing is left; with the lock only
 *
 * Return: 0; -EAGAIN: there is none; -EUCLEAN.
 */
static int kmq_orphan_lowest(const struct kmq_words *words,
			     struct kmq_spot *spot, struct kmq_orphan *lowest,
			     bool mend)
{
	struct kmq_orphan here;
	int ret = -EAGAIN;
	u64 used;

	if (kmq_claims_used(words, &used))
		return -EUCLEAN;
	for (; used; used &= used - 1) {
		u32 id = __ffs64(used);
		int looked;

		if (!kmq_is_orphan(words, id))
			continue;
		looked = kmq_orphan_load(words, spot, id, &here);
		if (looked == -EUCLEAN)
			return looked;
		if (looked) {
			if (mend)
				kmq_claim_free(words, id);
			continue;
		}
		if (!ret &&
		    (s64)(here.range.start - lowest->range.start) >= 0)
			continue;
		*lowest = here;
		ret = 0;
	}
	return ret;
}

bool kmq_words_has_orphan(const struct kmq_words *words)
{
	u64 used;

	if (!kmq_has_locks(words))
		return false;
	used = READ_ONCE(words->consumers->claims_used);
	for (; used; used &= used - 1)
		if (kmq_is_orphan(words, __ffs64(used)))
			return true;
	return false;
}

/* The record at the cursor, for @walk to go on behind. */
static int kmq_fresh_seek(const struct kmq_words *words,
			  const struct kmq_spot *spot, struct kmq_walk *walk,
			  struct kmq_found *found)
{
	*walk = kmq_walk_from(words, spot->cursor.next, spot->head);
	walk->steps = spot->steps;
	walk->sequence = spot->cursor.expected;
	return kmq_walk_seek(words, walk, found);
}

/*
 * tail = the lowest of next and of all starts of claims in use. @tail: out.
 * Return: 1 if it moved, 0, -EUCLEAN.
 */
static int kmq_tail_store(const struct kmq_words *words, u64 next, u64 *tail)
{
	u64 old = READ_ONCE(words->consumers->tail);
	u64 room = next - old;
	u64 used;

	if (!kmq_spans(words, old, next) || kmq_claims_used(words, &used))
		return -EUCLEAN;
	for (; used; used &= used - 1) {
		struct kmq_ring_claim *claim =
			kmq_claim_of(words, __ffs64(used));
		u32 state = READ_ONCE(claim->state);
		u64 start = READ_ONCE(claim->start);

		if (state == KMQ_RING_CLAIM_FREE)
			continue;
		if (state > KMQ_RING_ORPHANED ||
		    !kmq_spans(words, start, next) || start - old > next - old)
			return -EUCLEAN;
		if (start - old < room)
			room = start - old;
	}
	*tail = old + room;
	if (!room)
		return 0;
	smp_store_release(&words->consumers->tail, *tail);	/* A */
	return 1;
}

/* Taking one (MPSC, MPMC); with consumers.lock where the mode has it. */

static int kmq_consumers_lock(struct kmq_words *words)
{
	if (words->mode != KMQ_RING_MPMC)
		return 0;
	return kmq_lock(words, KMQ_RING_CONSUMERS_LOCK);
}

static int kmq_consumers_unlock(struct kmq_words *words, int ret)
{
	int unlocked;

	if (words->mode != KMQ_RING_MPMC)
		return ret;
	unlocked = kmq_unlock(words, KMQ_RING_CONSUMERS_LOCK);
	return unlocked ?: ret;
}

static void kmq_claim_store(const struct kmq_words *words, u64 start, u64 end,
			    u64 sequence)
{
	struct kmq_ring_claim *claim = kmq_claim_of(words, KMQ_RING_KERNEL);

	WRITE_ONCE(claim->start, start);
	WRITE_ONCE(claim->end, end);
	WRITE_ONCE(claim->sequence, sequence);
	WRITE_ONCE(claim->records, 1);
	WRITE_ONCE(claim->state, KMQ_RING_CLAIMED);
	kmq_claim_use(words, KMQ_RING_KERNEL, true);
}

/* Is it none of those before number *@end that are asked for? NULL: all are. */
static bool kmq_is_behind(const struct kmq_found *found, const u64 *end)
{
	return end && (s64)(found->sequence - *end) >= 0;
}

/*
 * What the kernel has given back; nothing else can be claimed before. -ENOENT: it
 * has given nothing back.
 */
static int kmq_claim_own(const struct kmq_words *words, struct kmq_spot *spot,
			 const u64 *end, struct kmq_found *found)
{
	struct kmq_ring_claim *claim = kmq_claim_of(words, KMQ_RING_KERNEL);
	struct kmq_orphan orphan;
	int ret;

	if (READ_ONCE(claim->state) == KMQ_RING_CLAIM_FREE)
		return -ENOENT;
	if (!kmq_is_orphan(words, KMQ_RING_KERNEL))
		return -EUCLEAN;
	ret = kmq_orphan_load(words, spot, KMQ_RING_KERNEL, &orphan);
	if (ret || orphan.end != orphan.range.end)
		return -EUCLEAN;	/* it claims one record at a time */
	if (kmq_is_behind(&orphan.found, end))
		return -EAGAIN;
	*found = orphan.found;
	WRITE_ONCE(claim->state, KMQ_RING_CLAIMED);
	return 0;
}

/*
 * The first record of the lowest orphan. The last one comes with all that was
 * given up behind it, so that no orphan is left that has nothing. -ENOENT: there
 * is none.
 */
static int kmq_claim_orphan(const struct kmq_words *words,
			    struct kmq_spot *spot, const u64 *end,
			    struct kmq_found *found)
{
	struct kmq_orphan orphan;
	struct kmq_ring_claim *claim;
	u32 records;
	int ret;

	ret = kmq_orphan_lowest(words, spot, &orphan, true);
	if (ret)
		return ret == -EAGAIN ? -ENOENT : ret;
	if (kmq_is_behind(&orphan.found, end))
		return -EAGAIN;
	claim = kmq_claim_of(words, orphan.id);
	records = READ_ONCE(claim->records);
	if (!records || (records == 1) != (orphan.end == orphan.range.end))
		return -EUCLEAN;
	*found = orphan.found;
	found->redelivered = true;
	kmq_claim_store(words, orphan.range.start, orphan.end, found->sequence);
	if (records == 1) {
		kmq_claim_free(words, orphan.id);
		return 0;
	}
	WRITE_ONCE(claim->start, orphan.end);
	WRITE_ONCE(claim->sequence, found->sequence + 1);
	WRITE_ONCE(claim->records, records - 1);
	return 0;
}

/* Nothing to claim; but what was given up may be passed, for good. */
static int kmq_claim_none(struct kmq_words *words, const struct kmq_spot *spot,
			  const struct kmq_walk *walk)
{
	u64 tail;
	int ret;

	if (walk->position == walk->end &&
	    kmq_expected_check(words, walk->sequence))
		return -EUCLEAN;
	if (walk->skipped)
		kmq_spot_store(words, spot);
	ret = kmq_tail_store(words, spot->cursor.next, &tail);
	if (ret < 0)
		return ret;
	smp_mb();	/* D */
	if (ret && kmq_words_wakes_producers(words, tail))
		WRITE_ONCE(words->kicks[KMQ_RING_PRODUCERS], 1);
	return -EAGAIN;
}

/*
 * MPMC: a wake-up came for all that was committed until then. Who took it and
 * leaves something passes it on.
 */
static void kmq_pass_on(struct kmq_words *words, const struct kmq_spot *spot)
{
	u64 last;

	if (words->mode != KMQ_RING_MPMC)
		return;
	smp_mb();	/* C */
	last = READ_ONCE(words->producers->sequence) - 1;
	if (kmq_words_has_orphan(words) ||
	    (spot->cursor.next != READ_ONCE(words->producers->head) &&
	     kmq_words_wakes_consumers(words, last)))
		WRITE_ONCE(words->kicks[KMQ_RING_CONSUMERS], 1);
}

static int kmq_claim_fresh(struct kmq_words *words, struct kmq_spot *spot,
			   const u64 *end, struct kmq_found *found, u64 *wake)
{
	struct kmq_walk walk;
	int ret;

	ret = kmq_fresh_seek(words, spot, &walk, found);
	if (ret == -EUCLEAN)
		return ret;
	spot->cursor.next = walk.position;
	spot->cursor.expected = walk.sequence;
	spot->cursor.skipped += walk.skipped;
	*wake = walk.sequence;
	if (ret)
		return kmq_claim_none(words, spot, &walk);
	if (kmq_is_behind(found, end))
		return -EAGAIN;
	kmq_claim_store(words, found->position, found->end, found->sequence);
	spot->cursor.received++;
	kmq_spot_store(words, spot);
	return 0;
}

static int kmq_claim_locked(struct kmq_words *words, const u64 *end,
			    struct kmq_found *found, u64 *wake)
{
	struct kmq_spot spot;
	int ret;

	if (kmq_spot_load(words, &spot))
		return -EUCLEAN;
	ret = kmq_claim_own(words, &spot, end, found);
	if (ret == -ENOENT)
		ret = kmq_claim_orphan(words, &spot, end, found);
	if (ret == -ENOENT)
		ret = kmq_claim_fresh(words, &spot, end, found, wake);
	if (!ret)
		kmq_pass_on(words, &spot);
	return ret;
}

static int kmq_claim_shared(struct kmq_words *words, const u64 *end,
			    struct kmq_found *found, u64 *wake)
{
	int ret = kmq_consumers_lock(words);

	if (ret)
		return ret;
	return kmq_consumers_unlock(words,
				    kmq_claim_locked(words, end, found, wake));
}

static int kmq_release_locked(struct kmq_words *words, u64 *tail)
{
	struct kmq_spot spot;
	int ret;

	kmq_claim_free(words, KMQ_RING_KERNEL);
	if (kmq_spot_load(words, &spot))
		return -EUCLEAN;
	ret = kmq_tail_store(words, spot.cursor.next, tail);
	return ret < 0 ? ret : 0;
}

static int kmq_release_shared(struct kmq_words *words, u64 *tail)
{
	int ret = kmq_consumers_lock(words);

	if (ret)
		return ret;
	return kmq_consumers_unlock(words, kmq_release_locked(words, tail));
}

/*
 * To make a claim an orphan is one store, and needs no lock: who has it may see
 * the one or the other. A process that ends of its own will has done it itself.
 */
static int kmq_claim_give_back(const struct kmq_words *words, u32 id)
{
	u32 *state = &kmq_claim_of(words, id)->state;
	u32 seen = cmpxchg(state, KMQ_RING_CLAIMED, KMQ_RING_ORPHANED);

	return seen == KMQ_RING_CLAIMED || seen == KMQ_RING_ORPHANED ?
	       0 : -EUCLEAN;
}

/* Taking one: SPSC, where what is claimed is private. */

static int kmq_claim_single(struct kmq_words *words, const u64 *end,
			    struct kmq_found *found, u64 *wake)
{
	u64 tail = READ_ONCE(words->consumers->tail);
	u64 head = smp_load_acquire(&words->producers->head);	/* B */
	struct kmq_walk walk = kmq_walk_from(words, tail, head);
	int ret;

	*wake = READ_ONCE(words->consumers->expected);
	if (!kmq_spans(words, tail, head))
		return -EUCLEAN;
	walk.sequence = *wake;
	ret = kmq_walk_seek(words, &walk, found);
	if (ret == -EAGAIN && kmq_expected_check(words, *wake))
		return -EUCLEAN;
	return !ret && kmq_is_behind(found, end) ? -EAGAIN : ret;
}

static void kmq_release_single(struct kmq_words *words,
			       const struct kmq_found *found)
{
	WRITE_ONCE(words->consumers->expected, found->sequence + 1);
	smp_store_release(&words->consumers->tail, found->end);	/* A */
}

/* Taking one: BROADCAST, where nothing is taken. */

/* Has the record at @position been overwritten by now? */
static bool kmq_lapped(const struct kmq_words *words, u64 position)
{
	smp_rmb();	/* H */
	return (s64)(READ_ONCE(words->producers->oldest) - position) > 0;
}

/*
 * The header at @position, which moves to what is oldest if that is later.
 * -EAGAIN: there is none. -ESTALE: it was overwritten meanwhile.
 */
static int kmq_broadcast_look(const struct kmq_words *words, u64 *position,
			      struct kmq_header *header)
{
	u64 oldest = smp_load_acquire(&words->producers->oldest); /* H */
	bool lapped = (s64)(oldest - *position) > 0;
	struct kmq_walk walk;
	u64 head;

	if (lapped)
		*position = oldest;
	head = smp_load_acquire(&words->producers->head);	/* B */
	/* The last record is never given up: a lapped reader finds one. */
	if (*position == head)
		return lapped ? -EUCLEAN : -EAGAIN;
	if (*position % KMQ_RING_ALIGN)
		return -EUCLEAN;
	walk = kmq_walk_from(words, *position, head);
	*header = kmq_header_load(words, walk.position);
	if (kmq_lapped(words, walk.position))
		return -ESTALE;
	if (!kmq_spans(words, walk.position, head) ||
	    !kmq_header_check(words, header, head - walk.position))
		return -EUCLEAN;
	return 0;
}

/*
 * A record is lost for every KMQ_RING_ALIGN bytes that were passed, at most, and
 * at least one if any were.
 */
static bool kmq_lost_check(u64 lost, u64 passed)
{
	return !passed == !lost && lost <= passed / KMQ_RING_ALIGN;
}

static int kmq_claim_reader(const struct kmq_words *words,
			    const struct kmq_reader *reader,
			    struct kmq_found *found, u64 *wake)
{
	struct kmq_header header;
	u64 position, lost;
	int i, ret;

	*wake = reader->expected;
	for (i = 0; i < KMQ_TRIES; i++) {
		position = reader->next;
		ret = kmq_broadcast_look(words, &position, &header);
		if (ret != -ESTALE)
			break;
	}
	if (ret)
		return ret == -ESTALE ? -EAGAIN : ret;
	lost = header.sequence - reader->expected;
	if (!kmq_lost_check(lost, position - reader->next))
		return -EUCLEAN;
	kmq_found_set(words, position, &header, found);
	found->lost = lost;
	return 0;
}

static int kmq_release_reader(const struct kmq_words *words,
			      struct kmq_reader *reader,
			      const struct kmq_found *found)
{
	if (kmq_lapped(words, found->position))
		return -ESTALE;
	reader->next = found->end;
	reader->expected = found->sequence + 1;
	return 0;
}

/*
 * What the next number is cannot be told from producers.sequence, which runs
 * ahead of head at times. So the last record before head is looked for.
 * While this goes on the producer may lap the walk, which is then further on.
 */
int kmq_words_subscribe(struct kmq_words *words, struct kmq_reader *reader)
{
	u64 head = smp_load_acquire(&words->producers->head);	/* B */
	u64 position = READ_ONCE(words->producers->oldest);
	u64 steps = kmq_records_max(words) + KMQ_TRIES;
	struct kmq_header header;
	int ret;

	reader->next = position;
	reader->expected = words->first_sequence;
	if (head % KMQ_RING_ALIGN)
		return -EUCLEAN;
	while (steps--) {
		kmq_rest(steps);
		ret = kmq_broadcast_look(words, &position, &header);
		if (ret == -ESTALE)
			continue;
		if (ret)
			break;
		position += header.bytes;
		reader->next = position;
		reader->expected = header.sequence + 1;
		if ((s64)(position - head) >= 0)
			return 0;
	}
	if (ret == -ESTALE)
		return -EAGAIN;
	/* Only before the first record is there none. */
	if (ret == -EAGAIN && position == words->first_position)
		return 0;
	return -EUCLEAN;
}

void kmq_words_set_cursor(struct kmq_words *words, u32 id,
			  const struct kmq_reader *reader)
{
	struct kmq_ring_claim *claim = kmq_claim_of(words, id);

	WRITE_ONCE(claim->start, reader->next);
	WRITE_ONCE(claim->sequence, reader->expected);
}

/* Taking one: all modes. */

int kmq_words_claim(struct kmq_words *words, struct kmq_reader *reader,
		    struct kmq_found *found, u64 *wake)
{
	switch (words->mode) {
	case KMQ_RING_SPSC:
		return kmq_claim_single(words, NULL, found, wake);
	case KMQ_RING_BROADCAST:
		return kmq_claim_reader(words, reader, found, wake);
	default:
		return kmq_claim_shared(words, NULL, found, wake);
	}
}

int kmq_words_claim_before(struct kmq_words *words, u64 end,
			   struct kmq_found *found)
{
	u64 wake;

	if (words->mode == KMQ_RING_SPSC)
		return kmq_claim_single(words, &end, found, &wake);
	return kmq_claim_shared(words, &end, found, &wake);
}

int kmq_words_release(struct kmq_words *words, struct kmq_reader *reader,
		      const struct kmq_found *found, u64 *tail)
{
	*tail = found->end;
	switch (words->mode) {
	case KMQ_RING_SPSC:
		kmq_release_single(words, found);
		return 0;
	case KMQ_RING_BROADCAST:
		return kmq_release_reader(words, reader, found);
	default:
		return kmq_release_shared(words, tail);
	}
}

int kmq_words_unclaim(struct kmq_words *words, struct kmq_reader *reader,
		      const struct kmq_found *found)
{
	int ret = 0;

	if (words->mode == KMQ_RING_BROADCAST)
		return 0;
	if (kmq_has_locks(words))
		ret = kmq_claim_give_back(words, KMQ_RING_KERNEL);
	WRITE_ONCE(words->kicks[KMQ_RING_CONSUMERS], 1);
	return ret;
}

/* Looking, without the lock. */

/* The consumer's word may run ahead of tail. */
static int kmq_look_single_once(const struct kmq_words *words, u64 tail,
				struct kmq_found *found)
{
	u64 head = smp_load_acquire(&words->producers->head);	/* B */
	struct kmq_walk walk = kmq_walk_from(words, tail, head);

	if (!kmq_spans(words, tail, head))
		return -EUCLEAN;
	if (tail == head)
		return -EAGAIN;
	kmq_walk_adopt(words, &walk);
	if (READ_ONCE(words->consumers->expected) - walk.sequence >
	    kmq_records_max(words))
		return -EUCLEAN;
	return kmq_walk_seek(words, &walk, found);
}

/* What is at tail stays as long as tail does. */
static int kmq_look_single(const struct kmq_words *words,
			   struct kmq_found *found)
{
	u64 tail = smp_load_acquire(&words->consumers->tail);	/* A */
	int ret = kmq_look_single_once(words, tail, found);

	smp_rmb();	/* A */
	return READ_ONCE(words->consumers->tail) == tail ? ret : -ESTALE;
}

/*
 * A record at or behind next stays as long as next does; so what was seen with
 * one version of the cursor was there. Claims do not have that: the orphan must
 * be one still, where it was; and if one looks wrong, who has the lock finds out.
 */
static int kmq_look_shared(const struct kmq_words *words,
			   struct kmq_found *found)
{
	struct kmq_orphan orphan;
	struct kmq_ring_claim *claim;
	struct kmq_spot spot;
	struct kmq_walk walk;
	int ret, orphaned = -EAGAIN;

	ret = kmq_spot_load(words, &spot);
	if (!ret)
		orphaned = kmq_orphan_lowest(words, &spot, &orphan, false);
	if (orphaned == -EUCLEAN)
		return -ESTALE;
	if (!ret && orphaned)
		ret = kmq_fresh_seek(words, &spot, &walk, found);
	smp_rmb();	/* I */
	if (READ_ONCE(words->consumers->version) != spot.version)
		return -ESTALE;
	if (orphaned)
		return ret == -EAGAIN && walk.skipped ? -ENODATA : ret;
	claim = kmq_claim_of(words, orphan.id);
	if (READ_ONCE(claim->start) != orphan.range.start ||
	    !kmq_is_orphan(words, orphan.id))
		return -ESTALE;
	*found = orphan.found;
	found->redelivered = orphan.id != KMQ_RING_KERNEL;
	return 0;
}

/*
 * -ESTALE: others are so busy, or something so wrong, that nothing can be said.
 * -ENODATA: there is none, but something given up before where one will be.
 */
static int kmq_look(const struct kmq_words *words, struct kmq_found *found)
{
	int i, ret;

	for (i = 0; i < KMQ_TRIES; i++) {
		if (words->mode == KMQ_RING_SPSC)
			ret = kmq_look_single(words, found);
		else
			ret = kmq_look_shared(words, found);
		if (ret != -ESTALE)
			return ret;
	}
	return -ESTALE;
}

int kmq_words_peek(struct kmq_words *words, const struct kmq_reader *reader,
		   struct kmq_found *found)
{
	u64 wake;
	int ret;

	if (words->mode == KMQ_RING_BROADCAST)
		return kmq_claim_reader(words, reader, found, &wake);
	ret = kmq_look(words, found);
	return ret == -ESTALE || ret == -ENODATA ? -EAGAIN : ret;
}

static int kmq_readable_reader(const struct kmq_words *words, u32 id,
			       const struct kmq_reader *reader)
{
	u64 head = smp_load_acquire(&words->producers->head);	/* B */

	if (id == KMQ_RING_KERNEL)
		return reader->next != head;
	return READ_ONCE(kmq_claim_of(words, id)->start) != head;
}

static bool kmq_holds_claim(const struct kmq_words *words, u32 id)
{
	if (!kmq_has_locks(words) || id == KMQ_RING_KERNEL)
		return false;
	return READ_ONCE(kmq_claim_of(words, id)->state) == KMQ_RING_CLAIMED;
}

int kmq_words_readable(struct kmq_words *words, u32 id,
		       const struct kmq_reader *reader)
{
	struct kmq_found found;
	int ret;

	if (words->mode == KMQ_RING_BROADCAST)
		return kmq_readable_reader(words, id, reader);
	if (kmq_holds_claim(words, id))
		return 1;
	ret = kmq_look(words, &found);
	if (!ret || ret == -ESTALE)
		return 1;	/* if not, whoever tries will see */
	/*
	 * Nobody but a consumer that tries makes room of what is given up, and
	 * the producer of the record that is polled for may be asleep for it.
	 */
	if (ret == -ENODATA)
		return 1;
	return ret == -EAGAIN ? 0 : ret;
}

/* The ledger. */

/* What is not of one moment is made to agree. */
static void kmq_ledger_settle(const struct kmq_words *words,
			      struct kmq_ring_ledger *ledger)
{
	u64 gone = ledger->received + ledger->dropped + ledger->abandoned;
	u64 queued = ledger->sent - gone;

	if ((s64)queued < 0)
		queued = 0;
	ledger->queued = min_t(u64, queued, kmq_records_max(words));
	ledger->bytes = min_t(u64, ledger->bytes, words->size);
	if (words->mode == KMQ_RING_BROADCAST)
		ledger->dropped = ledger->sent - ledger->queued;
	else
		ledger->sent = gone + ledger->queued;
}

/* Can it be of one moment? An orphan may be seen twice, on its way. */
static bool kmq_ledger_check(const struct kmq_words *words,
			     const struct kmq_ring_ledger *ledger)
{
	u64 gone = ledger->received + ledger->dropped + ledger->abandoned;

	return ledger->bytes <= words->size &&
	       ledger->sent - gone <= 2 * kmq_records_max(words);
}

/* Records that were received and are queued again. */
static u64 kmq_orphaned(const struct kmq_words *words)
{
	u64 records = 0;
	u32 id;

	for (id = 1; id < KMQ_RING_IDS; id++) {
		struct kmq_ring_claim *claim = kmq_claim_of(words, id);

		if (kmq_is_orphan(words, id))
			records += READ_ONCE(claim->records);
	}
	return records;
}

/* @mark: out: what does not change while the ledger can be of one moment. */
static int kmq_ledger_gone(const struct kmq_words *words,
			   struct kmq_ring_ledger *ledger, u64 *mark)
{
	struct kmq_header header;
	struct kmq_spot spot;
	u64 position, orphaned;
	int ret;

	*ledger = (struct kmq_ring_ledger){};
	switch (words->mode) {
	case KMQ_RING_SPSC:
		*mark = smp_load_acquire(&words->consumers->tail); /* A */
		ledger->received = READ_ONCE(words->consumers->expected) -
				   words->first_sequence;
		return 0;
	case KMQ_RING_BROADCAST:
		*mark = smp_load_acquire(&words->producers->oldest); /* H */
		position = *mark;
		ret = kmq_broadcast_look(words, &position, &header);
		if (!ret && position == *mark)
			ledger->dropped = header.sequence -
					  words->first_sequence;
		return ret == -EUCLEAN ? ret : 0;
	default:
		*mark = smp_load_acquire(&words->consumers->tail); /* A */
		orphaned = kmq_orphaned(words);
		smp_rmb();	/* not more than were received */
		kmq_spot_load(words, &spot);
		ledger->received = spot.cursor.received - orphaned;
		ledger->abandoned = spot.cursor.skipped;
		return 0;
	}
}

static u64 kmq_ledger_mark(const struct kmq_words *words)
{
	if (words->mode == KMQ_RING_BROADCAST)
		return READ_ONCE(words->producers->oldest);
	return READ_ONCE(words->consumers->tail);
}

int kmq_words_ledger(struct kmq_words *words, struct kmq_ring_ledger *ledger)
{
	u64 mark;
	int i;

	for (i = 0; i < KMQ_TRIES; i++) {
		if (kmq_ledger_gone(words, ledger, &mark))
			return -EUCLEAN;
		smp_rmb();	/* what is gone was sent before */
		ledger->sent = READ_ONCE(words->producers->sequence) -
			       words->first_sequence;
		ledger->bytes = READ_ONCE(words->producers->head) - mark;
		smp_rmb();	/* the mark: the same as before all these? */
		if (kmq_ledger_mark(words) != mark)
			continue;
		if (!kmq_ledger_check(words, ledger))
			return -EUCLEAN;
		break;
	}
	kmq_ledger_settle(words, ledger);
	return 0;
}

/* Recovery of producers. */

/*
 * What the next number is, if @sequence is it at @from. Nobody makes records
 * meanwhile: the producer is dead, or the kernel has the lock. Consumers may
 * pass some, which does them no harm.
 */
static int kmq_mend_sequence(struct kmq_words *words, u64 from, u64 sequence,
			     struct kmq_repair *repair)
{
	struct kmq_ring_producers *producers = words->producers;
	u64 head = READ_ONCE(producers->head);
	struct kmq_walk walk = kmq_walk_from(words, from, head);

	if (!kmq_spans(words, from, head))
		return -EUCLEAN;
	walk.sequence = sequence;
	if (from != head)
		kmq_walk_adopt(words, &walk);
	if (kmq_walk_all(words, &walk))
		return -EUCLEAN;
	if (READ_ONCE(producers->sequence) == walk.sequence)
		return 0;
	WRITE_ONCE(producers->sequence, walk.sequence);
	repair->held = true;
	return 0;
}

/*
 * In an empty ring the consumer's word is right, which has followed the records:
 * he has none between it and tail.
 */
static int kmq_repair_single_producer(struct kmq_words *words,
				      struct kmq_repair *repair)
{
	u64 tail = smp_load_acquire(&words->consumers->tail);	/* A */
	u64 expected = READ_ONCE(words->consumers->expected);

	if (tail == READ_ONCE(words->producers->head) &&
	    kmq_expected_check(words, expected))
		return -EUCLEAN;
	return kmq_mend_sequence(words, tail, expected, repair);
}

/*
 * What the lock guards, if the dead one has it. In an empty ring sequence is
 * right: a record that is not counted yet is BUSY, and tail does not pass it.
 */
static int kmq_repair_lock_holder(struct kmq_words *words, u32 id,
				  struct kmq_repair *repair)
{
	u64 tail, sequence;
	int ret, unlocked;

	if (kmq_words_lock_holder(words, KMQ_RING_PRODUCERS_LOCK) != id)
		return 0;
	repair->held = true;
	tail = smp_load_acquire(&words->consumers->tail);	/* A */
	sequence = READ_ONCE(words->producers->sequence);
	ret = kmq_mend_sequence(words, tail, sequence, repair);
	unlocked = kmq_unlock_dead(words, KMQ_RING_PRODUCERS_LOCK, id);
	return unlocked ?: ret;
}

/*
 * Is the walk overtaken by tail? What it has read there may have been written
 * since by another, who saw tail (A) before he wrote. Then it goes on at tail;
 * it can only come nearer to its end, so the work is bounded.
 */
static int kmq_abandon_follow(const struct kmq_words *words,
			      struct kmq_walk *walk)
{
	u64 tail;

	smp_rmb();	/* A: the header, and then tail */
	tail = READ_ONCE(words->consumers->tail);
	if ((s64)(tail - walk->position) <= 0)
		return 0;
	if (tail % KMQ_RING_ALIGN)
		return -EUCLEAN;
	walk->position = (s64)(tail - walk->end) >= 0 ? walk->end : tail;
	return 1;
}

/*
 * Live producers add records behind the end of this walk, and live consumers
 * take some at its beginning. But none of them passes a record of @id that is
 * BUSY, and nobody but @id would change it: once such a one was seen with tail
 * not behind it, it stays.
 */
static int kmq_abandon(struct kmq_words *words, u32 id,
		       struct kmq_repair *repair)
{
	u64 tail = smp_load_acquire(&words->consumers->tail);	/* A */
	u64 head = smp_load_acquire(&words->producers->head);	/* B */
	struct kmq_walk walk;

	walk = kmq_walk_from(words, tail, head);
	walk.steps += KMQ_TRIES;	/* tail may be older than head */
	while (walk.position != walk.end) {
		struct kmq_header header;
		u32 *word;
		int looked, ret;

		if (walk.position % KMQ_RING_ALIGN)
			return -EUCLEAN;
		looked = kmq_walk_look(words, &walk, &header);
		ret = kmq_abandon_follow(words, &walk);
		if (ret < 0)
			return ret;
		if (ret)
			continue;
		if (looked || walk.end - walk.position > words->size)
			return -EUCLEAN;
		if (header.owner == id && header.word & KMQ_RING_BUSY) {
			word = &kmq_record_at(words, walk.position)->word;
			if (cmpxchg(word, header.word,		/* E */
				    (header.word & KMQ_RING_RECORD_SIZE) |
				    KMQ_RING_ABANDONED) != header.word)
				return -EUCLEAN;
			repair->abandoned++;
			repair->held = true;
		}
		kmq_walk_pass(&walk, &header);
	}
	return 0;
}

/*
 * What is oldest may be given up already for a record that was not made. But the
 * last one never is: it and a reservation have room for both.
 */
static int kmq_repair_broadcaster(struct kmq_words *words,
				  struct kmq_repair *repair)
{
	u64 oldest = READ_ONCE(words->producers->oldest);

	if (oldest == READ_ONCE(words->producers->head) &&
	    oldest != words->first_position)
		return -EUCLEAN;
	return kmq_mend_sequence(words, oldest, words->first_sequence, repair);
}

int kmq_words_repair_producer(struct kmq_words *words, u32 id,
			      struct kmq_repair *repair)
{
	int ret;

	switch (words->mode) {
	case KMQ_RING_SPSC:
		return kmq_repair_single_producer(words, repair);
	case KMQ_RING_BROADCAST:
		return kmq_repair_broadcaster(words, repair);
	}
	ret = kmq_repair_lock_holder(words, id, repair);
	return ret ?: kmq_abandon(words, id, repair);
}

/* Recovery of consumers. */

/*
 * The number of the record at tail. In an empty ring the word is right: it is
 * changed before tail is, when there is one. A live producer may add some now,
 * and his word runs ahead of head.
 */
static int kmq_repair_single_consumer(struct kmq_words *words,
				      struct kmq_repair *repair)
{
	struct kmq_ring_consumers *consumers = words->consumers;
	u64 tail = READ_ONCE(consumers->tail);
	u64 head = smp_load_acquire(&words->producers->head);	/* B */
	u64 expected = READ_ONCE(consumers->expected);
	struct kmq_walk walk = kmq_walk_from(words, tail, head);
	struct kmq_header header;

	if (!kmq_spans(words, tail, head))
		return -EUCLEAN;
	if (tail == head)
		return kmq_expected_check(words, expected);
	if (kmq_walk_look(words, &walk, &header))
		return -EUCLEAN;
	if (header.sequence == expected)
		return 0;
	WRITE_ONCE(consumers->expected, header.sequence);
	repair->held = true;
	return 0;
}

/*
 * Counts the records of an orphan again: the dead one may have been changing
 * these two words. The headers are behind tail, so they are as they were.
 */
static int kmq_mend_orphan(const struct kmq_words *words, struct kmq_spot *spot,
			   u32 id)
{
	struct kmq_ring_claim *claim = kmq_claim_of(words, id);
	struct kmq_range range;
	struct kmq_found found;
	struct kmq_walk walk;
	u32 records = 0;

	if (kmq_range_load(words, spot, id, &range) ||
	    kmq_orphan_walk(words, spot, &range, &walk))
		return -EUCLEAN;
	WRITE_ONCE(claim->sequence, walk.sequence);
	while (!kmq_walk_seek(words, &walk, &found))
		records++;
	spot->steps = walk.steps;
	WRITE_ONCE(claim->records, records);
	return walk.position == walk.end ? 0 : -EUCLEAN;
}

/*
 * Did the dead one get as far as to take his claim? Not if the cursor has not
 * passed it, nor if an orphan still has it.
 */
static int kmq_claim_taken(const struct kmq_words *words,
			   const struct kmq_spot *spot, u32 id, u64 orphans)
{
	u64 start = READ_ONCE(kmq_claim_of(words, id)->start);
	struct kmq_range range;

	if ((s64)(start - spot->cursor.next) >= 0)
		return 0;
	for (; orphans; orphans &= orphans - 1) {
		if (kmq_range_load(words, spot, __ffs64(orphans), &range))
			return -EUCLEAN;
		if (start - range.start < range.end - range.start)
			return 0;
	}
	return 1;
}

/**
 * struct kmq_claims - what kmq_mend_claims() finds
 * @used: bit set of those in use
 * @orphans: bit set of those ORPHANED
 */
struct kmq_claims {
	u64 used;
	u64 orphans;
};

/* @id's claim is an orphan, or is so now. */
static int kmq_mend_one(struct kmq_words *words, struct kmq_spot *spot, u32 id,
			struct kmq_claims *claims)
{
	if (kmq_mend_orphan(words, spot, id))
		return -EUCLEAN;
	WRITE_ONCE(kmq_claim_of(words, id)->state, KMQ_RING_ORPHANED);
	claims->used |= 1ull << id;
	claims->orphans |= 1ull << id;
	return 0;
}

/* All but @id's, which is dead. */
static int kmq_mend_others(struct kmq_words *words, struct kmq_spot *spot,
			   u32 id, struct kmq_claims *claims)
{
	u32 other;

	for (other = 1; other < KMQ_RING_IDS; other++) {
		u32 state = READ_ONCE(kmq_claim_of(words, other)->state);

		if (state > KMQ_RING_ORPHANED)
			return -EUCLEAN;
		if (other == id || state == KMQ_RING_CLAIM_FREE)
			continue;
		if (state == KMQ_RING_CLAIMED)
			claims->used |= 1ull << other;
		else if (kmq_mend_one(words, spot, other, claims))
			return -EUCLEAN;
	}
	return 0;
}

/* @id's own: an orphan if it was taken, else FREE. */
static int kmq_mend_dead(struct kmq_words *words, struct kmq_spot *spot, u32 id,
			 struct kmq_claims *claims)
{
	u32 *state = &kmq_claim_of(words, id)->state;
	int taken;

	if (READ_ONCE(*state) == KMQ_RING_CLAIM_FREE)
		return 0;
	taken = kmq_claim_taken(words, spot, id, claims->orphans);
	if (taken < 0)
		return taken;
	if (taken)
		return kmq_mend_one(words, spot, id, claims);
	WRITE_ONCE(*state, KMQ_RING_CLAIM_FREE);
	return 0;
}

/*
 * Makes whole what consumers.lock guards, where the dead one may have left any of
 * it half changed. All but the cursor is made from the states of the claims and
 * from what the records say; so it does not matter where he stopped.
 */
static int kmq_mend_claims(struct kmq_words *words, u32 id,
			   struct kmq_repair *repair)
{
	struct kmq_claims claims = {};
	struct kmq_spot spot;
	u64 tail;
	int ret;

	if (!kmq_words_id_is_free(words, id))
		repair->held = true;
	if (kmq_spot_load(words, &spot) ||
	    kmq_mend_others(words, &spot, id, &claims) ||
	    kmq_mend_dead(words, &spot, id, &claims))
		return -EUCLEAN;
	WRITE_ONCE(words->consumers->claims_used, claims.used);
	ret = kmq_tail_store(words, spot.cursor.next, &tail);
	return ret < 0 ? ret : 0;
}

/* Without the lock it has changed nothing, and its claim is whole. */
static int kmq_repair_consumer_locked(struct kmq_words *words, u32 id,
				      struct kmq_repair *repair)
{
	int ret, unlocked;

	if (kmq_words_lock_holder(words, KMQ_RING_CONSUMERS_LOCK) == id) {
		repair->held = true;
		ret = kmq_mend_claims(words, id, repair);
		unlocked = kmq_unlock_dead(words, KMQ_RING_CONSUMERS_LOCK, id);
		return unlocked ?: ret;
	}
	if (kmq_words_id_is_free(words, id))
		return 0;
	repair->held = true;
	return kmq_claim_give_back(words, id);
}

int kmq_words_repair_consumer(struct kmq_words *words, u32 id,
			      struct kmq_repair *repair)
{
	switch (words->mode) {
	case KMQ_RING_SPSC:
		return kmq_repair_single_consumer(words, repair);
	case KMQ_RING_BROADCAST:
		kmq_words_set_cursor(words, id, &(struct kmq_reader){});
		return 0;
	case KMQ_RING_MPSC:
		return kmq_mend_claims(words, id, repair);
	default:
		return kmq_repair_consumer_locked(words, id, repair);
	}
}
