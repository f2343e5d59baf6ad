// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * MPSC and MPMC: a consumer's claim is in the ring, so that it comes back if the
 * consumer dies. A claim that died is an orphan, and goes before all else.
 *
 * What is read here others may have written, but for MPSC, where there are no
 * others; it is all read under the lock G, where there is one, once, and checked.
 */
#include "ring.h"

/**
 * struct survey - the consumers' words, as loaded and checked
 * @tail: of that name
 * @head: likewise (B)
 * @used: claims_used
 * @version: of that name
 * @cursor: the current one
 */
struct survey {
	uint64_t tail;
	uint64_t head;
	uint64_t used;
	uint32_t version;
	struct kmq_ring_cursor cursor;
};

/**
 * struct outcome - what is to be done when the lock is given back
 * @released: tail was moved, to @tail (D)
 * @left: something is left for another consumer (C)
 * @number: of the first record that is left, or of one before it
 * @orphan: there is an orphan, of which no word tells
 */
struct outcome {
	uint64_t tail;
	uint64_t number;
	int released;
	int left;
	int orphan;
};

/* A claim, or the records of one. */
struct stretch {
	uint64_t start;
	uint64_t end;
	uint64_t sequence;
	uint32_t records;
};

static int is_locked(const struct ring *ring)
{
	return ring->mode == KMQ_RING_MPMC;
}

static int lock(struct ring *ring, uint64_t deadline)
{
	return is_locked(ring) ? lock_ring(ring, KMQ_RING_CONSUMERS_LOCK, deadline) : 0;
}

static void unlock(struct ring *ring)
{
	/* What may be wrong with it the next call finds, too. */
	if (is_locked(ring))
		unlock_ring(ring, KMQ_RING_CONSUMERS_LOCK);
}

static int broken(struct ring *ring)
{
	return libkmq_ring_broken(ring, &ring->hot.consumer);
}

/* What a release has to know: all but head, which belongs to others. */
static inline int survey_claims(const struct ring *ring, struct survey *survey)
{
	struct kmq_ring_consumers *consumers = consumers_of(ring);
	const struct kmq_ring_cursor *cursor;

	survey->tail = LOAD(consumers->tail);
	survey->used = LOAD(consumers->claims_used);
	survey->version = LOAD(consumers->version);
	cursor = &consumers->cursor[survey->version % 2];
	survey->cursor.next = LOAD(cursor->next);
	survey->cursor.expected = LOAD(cursor->expected);
	survey->cursor.received = LOAD(cursor->received);
	survey->cursor.skipped = LOAD(cursor->skipped);
	return survey->tail % KMQ_RING_ALIGN || !is_position(ring, survey->cursor.next, survey->tail) ? EUCLEAN : 0;
}

/*
 * @anew: head, too. Else an only consumer takes the one that it saw last as long as
 * there is something before it; where there are others they are to be told of what is left.
 */
static inline int survey_all(struct ring *ring, struct survey *survey, int anew)
{
	int error = survey_claims(ring, survey);
	uint64_t next = survey->cursor.next;

	survey->head = ring->consuming.seen;
	if (anew || survey->head - next - 1 >= ring->size)
		survey->head = LOAD_ACQUIRE(producers_of(ring)->head); /* B */
	ring->consuming.seen = survey->head;
	if (error || !is_position(ring, survey->head, survey->tail) ||
	    next - survey->tail > survey->head - survey->tail)
		return EUCLEAN;
	return 0;
}

static uint32_t next_id(uint64_t *ids)
{
	uint32_t id = (uint32_t)__builtin_ctzll(*ids);

	*ids &= *ids - 1;
	return id;
}

/* tail is the lowest that is still needed. */
static int move_tail(struct ring *ring, const struct survey *survey, uint64_t next, uint64_t used,
		     struct outcome *outcome)
{
	struct kmq_ring_consumers *consumers = consumers_of(ring);
	uint64_t lowest = next - survey->tail, ids = used;

	while (ids) {
		const struct kmq_ring_claim *claim = &consumers->claims[next_id(&ids)];
		uint64_t start = LOAD(claim->start) - survey->tail;

		if (LOAD(claim->state) == KMQ_RING_CLAIM_FREE)
			continue;
		if (start > next - survey->tail || start % KMQ_RING_ALIGN)
			return EUCLEAN;
		if (start < lowest)
			lowest = start;
	}
	if (!lowest)
		return 0;
	outcome->tail = survey->tail + lowest;
	outcome->released = 1;
	STORE_RELEASE(consumers->tail, outcome->tail); /* A */
	return 0;
}

/* @version: of the one that is current until then. */
IN_ONE_PIECE void write_cursor(struct ring *ring, uint32_t version, const struct kmq_ring_cursor *cursor)
{
	struct kmq_ring_consumers *consumers = consumers_of(ring);
	struct kmq_ring_cursor *other = &consumers->cursor[(version + 1) % 2];

	/* I: the version that made the other one current before this overwrites what was. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	STORE(other->next, cursor->next);
	STORE(other->expected, cursor->expected);
	STORE(other->received, cursor->received);
	STORE(other->skipped, cursor->skipped);
	STORE_RELEASE(consumers->version, version + 1); /* I */
}

static void use(struct ring *ring, uint64_t used)
{
	STORE(consumers_of(ring)->claims_used, used);
}

/* Announces the claim. Whether it was taken is decided by what the caller stores after this. */
static void write_claim(struct ring *ring, const struct stretch *stretch, uint64_t *used)
{
	struct kmq_ring_claim *claim = &consumers_of(ring)->claims[ring->id];

	STORE(claim->start, stretch->start);
	STORE(claim->end, stretch->end);
	STORE(claim->sequence, stretch->sequence);
	STORE(claim->records, stretch->records);
	STEP();
	STORE_RELEASE(claim->state, KMQ_RING_CLAIMED);
	STEP();
	*used |= 1ull << ring->id;
	use(ring, *used);
	STEP();
	ring->consuming.records = stretch->records;
}

static void fill(struct ring *ring, struct kmq_ring_part *part, uint64_t position, uint64_t sequence,
		 uint32_t size, uint32_t flags)
{
	*part = (struct kmq_ring_part){
		.data = record_at(ring, position) + 1,
		.size = size,
		.flags = flags,
		.sequence = sequence,
	};
}

/**
 * struct walk - from record to record
 * @position: of the next one
 * @sequence: its number
 * @end: where to stop
 * @skipped: how many were DISCARDED or ABANDONED
 * @found: the one at @position, if the walk stopped before @end
 */
struct walk {
	uint64_t position;
	uint64_t sequence;
	uint64_t end;
	uint64_t skipped;
	struct ring_found found;
};

/* To the next record that can be taken. EAGAIN: there is none (found.state is BUSY: yet). */
static inline int walk_on(const struct ring *ring, struct walk *walk)
{
	int error;

	for (; walk->position != walk->end; walk->position = walk->found.end) {
		error = look_at_record(ring, walk->position, walk->sequence, walk->end, &walk->found);
		if (error || !walk->found.state)
			return error;
		if (walk->found.state == KMQ_RING_BUSY)
			return EAGAIN;
		walk->sequence++;
		walk->skipped++;
	}
	walk->found.state = 0;
	return EAGAIN;
}

/* Behind the one that it stopped at. */
static inline void pass(struct walk *walk)
{
	walk->position = walk->found.end;
	walk->sequence++;
}

/*
 * More of them, behind the first. What is skipped with none to take behind it is left
 * to the next claim.
 */
static unsigned int gather_more(struct ring *ring, struct walk *here, struct kmq_ring_part *parts,
				unsigned int count, uint32_t flags)
{
	unsigned int n = 0;
	struct walk ahead;

	while (n < count) {
		ahead = *here;
		if (walk_on(ring, &ahead))
			break;
		fill(ring, &parts[n++], ahead.position, ahead.sequence, ahead.found.size, flags);
		pass(&ahead);
		*here = ahead;
	}
	return n;
}

/* Up to @count from here; @stretch: from the first to the last. EAGAIN: none. */
static inline int gather(struct ring *ring, struct walk *here, struct kmq_ring_part *parts, unsigned int count,
			 uint32_t room, uint32_t flags, struct stretch *stretch)
{
	int error = walk_on(ring, here);

	if (!error && here->found.size > room)
		error = EMSGSIZE;
	if (error)
		return error;
	stretch->start = here->position;
	stretch->sequence = here->sequence;
	fill(ring, parts, here->position, here->sequence, here->found.size, flags);
	pass(here);
	stretch->records = 1;
	if (count > 1)
		stretch->records += gather_more(ring, here, parts + 1, count - 1, flags);
	stretch->end = here->position;
	return 0;
}

/* ------------------------------------------------------------------------
 * Orphans
 */

/* The one that starts lowest; 0: there is none. */
static uint32_t find_orphan(const struct ring *ring, const struct survey *survey)
{
	const struct kmq_ring_claim *claims = consumers_of(ring)->claims;
	uint64_t ids = survey->used, lowest = UINT64_MAX;
	uint32_t found = 0;

	while (ids) {
		uint32_t id = next_id(&ids);
		uint64_t start = LOAD(claims[id].start) - survey->tail;

		if (LOAD_ACQUIRE(claims[id].state) == KMQ_RING_ORPHANED && start < lowest) {
			lowest = start;
			found = id;
		}
	}
	return found;
}

static void free_claim(struct ring *ring, uint32_t id, uint64_t *used)
{
	STORE_RELEASE(consumers_of(ring)->claims[id].state, KMQ_RING_CLAIM_FREE);
	STEP();
	*used &= ~(1ull << id);
	use(ring, *used);
	STEP();
}

static int read_orphan(const struct ring *ring, const struct survey *survey, uint32_t id, struct walk *walk)
{
	const struct kmq_ring_claim *orphan = &consumers_of(ring)->claims[id];

	*walk = (struct walk){
		.position = LOAD(orphan->start),
		.sequence = LOAD(orphan->sequence),
		.end = LOAD(orphan->end),
	};
	/* Between tail and next. */
	if (!is_position(ring, walk->position, survey->tail) || !is_position(ring, walk->end, walk->position) ||
	    walk->end - survey->tail > survey->cursor.next - survey->tail)
		return EUCLEAN;
	return 0;
}

/* What is in it was received already. EAGAIN: it was of nothing but what is skipped. */
static int take_orphan(struct ring *ring, struct survey *survey, uint32_t id, struct kmq_ring_part *parts,
		       unsigned int count, uint32_t room)
{
	struct kmq_ring_claim *orphan = &consumers_of(ring)->claims[id];
	struct stretch stretch;
	struct walk here, ahead;
	uint64_t start;
	uint32_t records;
	int error = read_orphan(ring, survey, id, &here);

	if (error)
		return error;
	start = here.position;
	error = gather(ring, &here, parts, count, room, KMQ_RING_RECORD_REDELIVERED, &stretch);
	if (error == EAGAIN && here.found.state)
		return EUCLEAN;
	if (error == EAGAIN)
		free_claim(ring, id, &survey->used);
	if (error)
		return error;
	ahead = here;
	error = walk_on(ring, &ahead);
	if (error == EUCLEAN || (error && ahead.found.state))
		return EUCLEAN;
	/* It starts where the orphan does: not taken as long as that is so. */
	stretch.start = start;
	if (error) {
		/* The last: with what is given up behind it. */
		stretch.end = here.end;
		write_claim(ring, &stretch, &survey->used);
		free_claim(ring, id, &survey->used);
		return 0;
	}
	write_claim(ring, &stretch, &survey->used);
	records = LOAD(orphan->records);
	STORE(orphan->start, here.position);
	STEP();
	STORE(orphan->sequence, here.sequence);
	STORE(orphan->records, records > stretch.records ? records - stretch.records : 0);
	return 0;
}

/* ------------------------------------------------------------------------
 * Claiming
 */

static void want_after(struct ring *ring, struct ring_want *want, const struct walk *walk, uint64_t missing)
{
	want->patient = 0;
	if (walk->found.state == KMQ_RING_BUSY) {
		/* Whatever is missing behind it, this is what must come first. */
		want->word = &record_at(ring, walk->position)->word;
		want->expected = walk->found.busy;
		want->wake = walk->sequence;
		return;
	}
	want->word = lower_half(&producers_of(ring)->head);
	want->expected = (uint32_t)walk->end;
	want->wake = walk->sequence + missing - 1;
	want->patient = missing > 1;
}

static struct walk from_next(const struct survey *survey)
{
	return (struct walk){
		.position = survey->cursor.next,
		.sequence = survey->cursor.expected,
		.end = survey->head,
	};
}

static struct kmq_ring_cursor cursor_at(const struct survey *survey, const struct walk *walk, uint32_t records)
{
	return (struct kmq_ring_cursor){
		.next = walk->position,
		.expected = walk->sequence,
		.received = survey->cursor.received + records,
		.skipped = survey->cursor.skipped + walk->skipped,
	};
}

/* Nothing to take. What was skipped, perhaps as all that was left of an orphan, makes room. */
static int skip(struct ring *ring, const struct survey *survey, const struct walk *walk, struct outcome *outcome)
{
	struct kmq_ring_cursor cursor = cursor_at(survey, walk, 0);

	if (walk->skipped)
		write_cursor(ring, survey->version, &cursor);
	STEP();
	return cursor.next == survey->tail ? 0 : move_tail(ring, survey, cursor.next, survey->used, outcome);
}

/* Head, if there was nothing before the one that was rested on. EAGAIN: it is where it was. */
static int look_at_head(struct ring *ring, struct survey *survey)
{
	uint64_t head = LOAD_ACQUIRE(producers_of(ring)->head); /* B */
	uint64_t seen = survey->head;

	if (!is_position(ring, head, survey->tail) || head - survey->tail < seen - survey->tail)
		return EUCLEAN;
	survey->head = ring->consuming.seen = head;
	return head == seen ? EAGAIN : 0;
}

static int take_next(struct ring *ring, struct survey *survey, struct kmq_ring_part *parts, unsigned int count,
		     uint32_t room, struct ring_want *want, struct outcome *outcome)
{
	struct walk walk = from_next(survey);
	struct kmq_ring_cursor cursor;
	struct stretch stretch;
	int error = gather(ring, &walk, parts, count, room, 0, &stretch);

	if (error == EAGAIN && !walk.found.state) {
		error = look_at_head(ring, survey);
		walk.end = survey->head;
		if (!error)
			error = gather(ring, &walk, parts, count, room, 0, &stretch);
	}
	outcome->number = survey->cursor.expected;
	if (error == EAGAIN) {
		want_after(ring, want, &walk, 1);
		error = skip(ring, survey, &walk, outcome);
		return error ? error : EAGAIN;
	}
	/* One that is too long is there for others. */
	outcome->left = error == EMSGSIZE;
	if (error)
		return error;
	write_claim(ring, &stretch, &survey->used);
	cursor = cursor_at(survey, &walk, stretch.records);
	write_cursor(ring, survey->version, &cursor);
	outcome->left = cursor.next != survey->head;
	return 0;
}

static int claim_locked(struct ring *ring, struct kmq_ring_part *parts, unsigned int count, uint32_t room,
			struct ring_want *want, struct outcome *outcome)
{
	struct survey words;
	uint32_t orphan;
	int error = survey_all(ring, &words, is_locked(ring));

	if (!error && LOAD(consumers_of(ring)->claims[ring->id].state) != KMQ_RING_CLAIM_FREE)
		error = EUCLEAN;
	if (error)
		return error;
	while ((orphan = find_orphan(ring, &words))) {
		error = take_orphan(ring, &words, orphan, parts, count, room);
		if (error == EAGAIN)
			continue;
		outcome->orphan = !!find_orphan(ring, &words);
		outcome->left = words.cursor.next != words.head;
		outcome->number = words.cursor.expected;
		return error;
	}
	return take_next(ring, &words, parts, count, room, want, outcome);
}

/* ------------------------------------------------------------------------
 * The common case: no claim in use, and a record at the front
 */

/**
 * struct front - the record that is next, where nobody holds a claim
 * @record: it
 * @start: of it
 * @end: behind it
 * @sequence: its number
 * @version: of the current cursor
 * @size: of its body
 */
struct front {
	const struct kmq_ring_record *record;
	uint64_t start;
	uint64_t end;
	uint64_t sequence;
	uint32_t version;
	uint32_t size;
};

/*
 * Head, which is loaded as seldom as can be, as its producers write there. The one
 * that was seen last will do if it is behind @next: it only grows.
 */
IN_ONE_PIECE uint64_t head_behind(struct ring *ring, uint64_t next)
{
	uint64_t head = ring->consuming.seen;

	if (head - next - 1 >= ring->size)
		head = ring->consuming.seen = LOAD_ACQUIRE(producers_of(ring)->head); /* B */
	return head;
}

IN_ONE_PIECE int want_front(struct ring_want *want, const uint32_t *word, uint64_t expected, uint64_t sequence)
{
	if (!want)
		return EAGAIN;
	want->word = word;
	want->expected = (uint32_t)expected;
	want->wake = sequence;
	return EAGAIN;
}

/* ENOTSUP: it is not that case. EAGAIN: there is none yet. */
IN_ONE_PIECE int look_at_front(struct ring *ring, struct front *front, struct ring_want *want)
{
	struct kmq_ring_consumers *consumers = consumers_of(ring);
	const struct kmq_ring_cursor *cursor;
	uint64_t head;
	uint32_t word;

	front->version = LOAD(consumers->version);
	cursor = &consumers->cursor[front->version % 2];
	front->start = LOAD(cursor->next);
	front->sequence = LOAD(cursor->expected);
	if (LOAD(consumers->claims_used) || LOAD(consumers->tail) != front->start || front->start % KMQ_RING_ALIGN)
		return ENOTSUP;
	head = head_behind(ring, front->start);
	if (head == front->start)
		return want_front(want, lower_half(&producers_of(ring)->head), head, front->sequence);
	if (!is_position(ring, head, front->start))
		return ENOTSUP;
	front->record = record_at(ring, front->start);
	word = LOAD_ACQUIRE(front->record->word); /* E */
	if ((word & ~KMQ_RING_RECORD_SIZE) == KMQ_RING_BUSY)
		return want_front(want, &front->record->word, word, front->sequence);
	front->end = front->start + kmq_ring_record_bytes(word);
	front->size = word;
	if (word > ring->max_message || front->end - front->start > head - front->start ||
	    LOAD(front->record->sequence) != front->sequence)
		return ENOTSUP;
	return 0;
}

/* The record is no longer the next one. MPMC: is another? */
IN_ONE_PIECE int pass_front(struct ring *ring, const struct front *front, int locked)
{
	const struct kmq_ring_cursor *from = &consumers_of(ring)->cursor[front->version % 2];
	struct kmq_ring_cursor cursor = {
		.next = front->end,
		.expected = front->sequence + 1,
		.received = LOAD(from->received) + 1,
		.skipped = LOAD(from->skipped),
	};

	write_cursor(ring, front->version, &cursor);
	return locked && head_behind(ring, front->end) != front->end;
}

/* As take_next(), for one. */
IN_ONE_PIECE int claim_front(struct ring *ring, struct kmq_ring_part *part, uint32_t room, struct ring_want *want,
			      struct outcome *outcome)
{
	struct front front;
	struct stretch stretch;
	uint64_t used = 0;
	int error = look_at_front(ring, &front, want);

	if (!error && (front.size > room || LOAD(consumers_of(ring)->claims[ring->id].state) != KMQ_RING_CLAIM_FREE))
		error = ENOTSUP;
	if (error)
		return error;
	fill(ring, part, front.start, front.sequence, front.size, 0);
	stretch = (struct stretch){ front.start, front.end, front.sequence, 1 };
	write_claim(ring, &stretch, &used);
	outcome->left = pass_front(ring, &front, is_locked(ring));
	outcome->number = front.sequence + 1;
	return 0;
}

/* C: something is left, for which somebody may sleep. */
IN_ONE_PIECE int pass_on(struct ring *ring, uint64_t number)
{
	between(ring);
	/* Nobody, by a word that others hardly ever write: there are no more records than fit. */
	if ((int64_t)(number + ring->size - LOAD(control_of(ring)->consumer_wake)) < 0)
		return 0;
	/* Whoever waits for no more than what is there. */
	return committed(ring, &ring->consuming, LOAD(producers_of(ring)->sequence) - 1);
}

/* C, D, when the lock is given back. */
IN_ONE_PIECE int conclude(struct ring *ring, const struct outcome *outcome)
{
	int error = 0;

	if (outcome->released)
		error = released(ring, outcome->tail);
	if (error || !is_locked(ring))
		return error;
	if (outcome->orphan)
		return libkmq_ring_wake(ring, &ring->consuming, KMQ_RING_CONSUMERS);
	return outcome->left ? pass_on(ring, outcome->number) : 0;
}

/*
 * The lock, for who may have been woken for a record: if it gives up before it has
 * looked, the wake-up is another's.
 */
IN_ONE_PIECE int lock_to_look(struct ring *ring, uint64_t deadline)
{
	int error = lock(ring, deadline);

	if (__builtin_expect(error == ETIMEDOUT || error == EINTR, 0))
		libkmq_ring_wake(ring, &ring->consuming, KMQ_RING_CONSUMERS);
	return error;
}

int libkmq_ring_claim(struct ring *ring, struct kmq_ring_part *parts, unsigned int count, uint32_t room,
		      struct ring_want *want, uint64_t deadline)
{
	struct outcome outcome = { .released = 0 };
	int error = lock_to_look(ring, deadline), told;

	if (error)
		return error;
	error = count == 1 ? claim_front(ring, parts, room, want, &outcome) : ENOTSUP;
	if (error == ENOTSUP)
		error = claim_locked(ring, parts, count, room, want, &outcome);
	unlock(ring);
	if (error == EUCLEAN)
		return broken(ring);
	if (!error)
		parts[0].flags |= libkmq_ring_deaths(ring);
	/* What was claimed is claimed: that the ring is gone the release tells. */
	told = conclude(ring, &outcome);
	return error && told ? told : error;
}

/* A longer one is claimed, so that nobody waits for the copy. The lock is given back. */
static int __attribute__((noinline)) take_long(struct ring *ring, struct kmq_ring_part *part,
					       const struct front *front)
{
	struct stretch stretch = { front->start, front->end, front->sequence, 1 };
	uint64_t used = 0;
	int left;

	write_claim(ring, &stretch, &used);
	left = pass_front(ring, front, is_locked(ring));
	unlock(ring);
	memcpy(part->data, front->record + 1, front->size);
	part->size = front->size;
	part->flags = libkmq_ring_deaths(ring);
	part->sequence = front->sequence;
	part->lost = 0;
	/* It was taken: what is wrong the next call tells. */
	if (left)
		pass_on(ring, front->sequence + 1);
	libkmq_ring_unclaim(ring);
	return 0;
}

/*
 * A claim that is given back under the same lock need not be written down: the store
 * of version takes the record, and who dies before it has taken nothing, behind it
 * all. Under a lock the copy is into the stack first, where it cannot fault.
 */
IN_ONE_PIECE int take_front(struct ring *ring, struct kmq_ring_part *part, struct ring_want *want, int locked)
{
	char body[SHORT_BODY];
	struct front front;
	int error = look_at_front(ring, &front, want), left = 0;

	if (!error && front.size > part->size)
		error = ENOTSUP;
	if (__builtin_expect(!error && front.size > SHORT_BODY, 0)) {
		/* A copy: what has an address is not in registers. */
		struct front taken = front;

		if (LOAD(consumers_of(ring)->claims[ring->id].state) == KMQ_RING_CLAIM_FREE)
			return take_long(ring, part, &taken);
		error = ENOTSUP;
	}
	if (!error) {
		copy_short(locked ? body : part->data, front.record + 1, front.size);
		left = pass_front(ring, &front, locked);
		STORE_RELEASE(consumers_of(ring)->tail, front.end); /* A */
	}
	if (locked)
		unlock(ring);
	if (error)
		return error;
	if (locked)
		copy_short(part->data, body, front.size);
	part->size = front.size;
	part->flags = 0;
	if (__builtin_expect(LOAD(control_of(ring)->deaths) != ring->hot.consumer.deaths, 0))
		part->flags = libkmq_ring_deaths(ring);
	part->sequence = front.sequence;
	part->lost = 0;
	/* It was taken: what is wrong the next call tells. */
	released(ring, front.end);
	if (left)
		pass_on(ring, front.sequence + 1);
	return 0;
}

int libkmq_ring_take_now(struct ring *ring, struct kmq_ring_part *part)
{
	if (!is_locked(ring))
		return take_front(ring, part, NULL, 0);
	if (!try_lock(lock_word(ring, KMQ_RING_CONSUMERS_LOCK), ring->id))
		return EAGAIN;
	return take_front(ring, part, NULL, 1);
}

int libkmq_ring_take(struct ring *ring, struct kmq_ring_part *part, struct ring_want *want, uint64_t deadline)
{
	int error = lock_to_look(ring, deadline);

	if (error)
		return error;
	return is_locked(ring) ? take_front(ring, part, want, 1) : take_front(ring, part, want, 0);
}

/* ------------------------------------------------------------------------
 * Giving back
 */

static int release_locked(struct ring *ring, struct outcome *outcome)
{
	struct survey words;
	int error = survey_claims(ring, &words);

	if (error)
		return error;
	free_claim(ring, ring->id, &words.used);
	return move_tail(ring, &words, words.cursor.next, words.used, outcome);
}

/* A signal cannot keep it from what it has to do. */
static int lock_anyway(struct ring *ring)
{
	int error;

	do {
		error = lock(ring, NO_DEADLINE);
	} while (error == EINTR);
	return error;
}

int libkmq_ring_unclaim(struct ring *ring)
{
	struct outcome outcome = { .released = 0 };
	int error = lock_anyway(ring);

	ring->consuming.records = 0;
	if (error)
		return error;
	error = release_locked(ring, &outcome);
	unlock(ring);
	return error ? broken(ring) : conclude(ring, &outcome);
}

void libkmq_ring_orphan(struct ring *ring)
{
	if (!ring->consuming.records || is_exclusive(ring->mode, KMQ_RING_PRODUCER))
		return;
	if (health(ring) || lock_anyway(ring))
		return;
	STORE_RELEASE(consumers_of(ring)->claims[ring->id].state, KMQ_RING_ORPHANED);
	unlock(ring);
	/* Sleepers know of it by nothing else. */
	libkmq_ring_wake(ring, &ring->consuming, KMQ_RING_CONSUMERS);
}

/* ------------------------------------------------------------------------
 * Counting
 */

/* On from where the last count ended, if the cursor has not moved. */
static int count_from(struct ring_half *half, struct walk *here)
{
	if (!half->counted_records || half->counted != here->position) {
		half->counted = here->position;
		half->counted_records = 0;
		return 0;
	}
	/* Head was believed for this one look; it may have gone back. */
	if (half->counted_to - here->position > here->end - here->position)
		return EUCLEAN;
	here->position = half->counted_to;
	here->sequence = half->counted_sequence;
	return 0;
}

/* EAGAIN: not so many. In MPMC mode one will do: others may have the rest at any time. */
static int count_locked(struct ring *ring, uint64_t count, struct ring_want *want, struct outcome *outcome)
{
	struct ring_half *half = &ring->consuming;
	struct survey words;
	struct walk here;
	int error = survey_all(ring, &words, 1);

	if (error)
		return error;
	outcome->number = words.cursor.expected;
	/* What is in it, if anything, is received before all else. */
	outcome->orphan = !!find_orphan(ring, &words);
	if (outcome->orphan)
		return 0;
	if (is_locked(ring))
		count = 1;
	here = from_next(&words);
	error = count_from(half, &here);
	if (error)
		return error;
	while (half->counted_records < count) {
		error = walk_on(ring, &here);
		/* Who waits for room may wait for this, and then nothing would come behind it. */
		if (error != EUCLEAN && here.skipped && !half->counted_records) {
			if (skip(ring, &words, &here, outcome))
				return EUCLEAN;
			half->counted = here.position;
		}
		if (error)
			break;
		pass(&here);
		half->counted_records++;
		half->counted_to = here.position;
		half->counted_sequence = here.sequence;
	}
	if (error == EAGAIN)
		want_after(ring, want, &here, count - half->counted_records);
	/* This one takes nothing: the others are to look, too. */
	outcome->left = !error;
	return error;
}

int libkmq_ring_claimable(struct ring *ring, uint64_t count, struct ring_want *want, uint64_t deadline)
{
	struct outcome outcome = { .released = 0 };
	int error = lock_to_look(ring, deadline), told;

	if (error)
		return error;
	error = count_locked(ring, count, want, &outcome);
	unlock(ring);
	if (error == EUCLEAN)
		return broken(ring);
	told = conclude(ring, &outcome);
	return told ? told : error;
}
