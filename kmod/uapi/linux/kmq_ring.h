/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * kmq: the shared ring. Layout, protocol and barriers of the mapped door.
 *
 * A queue of KMQ_KIND_RING keeps its messages, here called records, in memory
 * that processes map. This header says what lies where, who writes each word,
 * and in which order; kmq_ring(7) tells the same at length, and libkmq does it.
 * The user-space twin (kmq_ring_open_memfd(3)) has the same layout in a memfd,
 * with futexes in place of the two ioctls below.
 *
 * Positions are 64 bit, count bytes of data from the beginning of time, wrap,
 * and are multiples of KMQ_RING_ALIGN; a record at position p lies at data
 * offset p % size. The data are mapped twice in a row, so that no record wraps.
 * Sequence numbers are 64 bit, wrap, and count records. Both are compared by
 * the sign of their difference.
 *
 * ATTACHMENTS
 *
 * KMQ_IOC_RING_ATTACH on a queue's descriptor returns the descriptor of an
 * attachment, which has a number (its id), belongs to the address space that
 * asked, and is for one producer, one consumer, or both. It is mapped in four
 * pieces, each whole and MAP_SHARED (KMQ_RING_*_PAGE, in pages):
 *
 *	page	length		what			who writes
 *	0	1 page		struct kmq_ring_control	  the kernel
 *	1	1 page		struct kmq_ring_consumers the kernel, consumers
 *	2	1 page		struct kmq_ring_producers the kernel, producers
 *	3	2 * size	the data, twice		  the kernel, producers
 *
 * Errors of mmap: EINVAL for another piece, length or MAP_PRIVATE; EACCES for
 * PROT_WRITE on what this attachment does not write (mprotect, too), and for
 * PROT_EXEC; EPERM in another address space than the one that attached; ESRCH
 * after the attachment ended. Neither fork(2) nor execve(2) carries a mapping
 * on; mremap(2) may move a piece but not resize it, munmap(2) must take it
 * whole (EINVAL).
 *
 * An attachment ends when the last of its pieces is unmapped, by munmap or
 * with its address space, or its descriptor is closed with nothing mapped. What
 * it held is repaired at that moment, by the kernel and before its id is given
 * to another: see RECOVERY.
 *
 * RECORDS
 *
 * A record is a struct kmq_ring_record and its body, and takes
 * kmq_ring_record_bytes(size) bytes, at most half of the data. Record follows
 * record without a gap.
 *
 * MODES, fixed at create
 *
 * The policy of a ring is KMQ_POLICY_BLOCK or KMQ_POLICY_REJECT (write(2) to a
 * full one sleeps, or is EAGAIN; who maps it decides for himself). In BROADCAST
 * mode it is KMQ_POLICY_BLOCK, though nobody ever waits for room. Another is
 * EINVAL at create: dropping the oldest is what BROADCAST is for, and what a
 * producer has committed in the other modes is never dropped.
 *
 * KMQ_RING_SPSC: one producer and one consumer at a time. write(2) and read(2)
 * are a producer and a consumer, too (several descriptors are one, in turn):
 * EBUSY for the second kind of party. No atomic read-modify-write anywhere.
 *
 *	produce: room if head + bytes - tail <= size (A); write header and body;
 *	  producers.sequence += 1; head += bytes (B); wake consumers (C).
 *	consume: a record if tail != head (B); read it;
 *	  consumers.expected += 1; tail += bytes (A); wake producers (D).
 *	An open reservation is private to its producer: discard does nothing, and
 *	one whose producer died never was.
 *
 * KMQ_RING_MPSC, KMQ_RING_MPMC: many producers, and one or many consumers.
 *
 *	reserve: take producers.lock (F); room if head + bytes - tail <= size (A);
 *	  write the header {size | BUSY, id, sequence}; head += bytes (B);
 *	  sequence += 1; give the lock back (F).
 *	commit:  write the body; header.word = size (E); wake consumers (C).
 *	discard: header.word = size | DISCARDED (E); wake consumers (C).
 *	A reservation of several records has its headers written, and head moved
 *	once; its records are committed from the last to the first, so that the
 *	consumer that meets the first finds all.
 *
 *	claim: MPMC: take consumers.lock (G). An orphan (a claim in state
 *	  ORPHANED) is taken before anything else, see below. Else, from next
 *	  of the current cursor: nothing there if next == head (B) or the
 *	  record's header is BUSY (E); skip what is DISCARDED or ABANDONED; take
 *	  one record or several. Write claims[id] = {start, end, sequence of the
 *	  first, records, CLAIMED}, set its bit in claims_used; write the
 *	  cursor that is not current {next, expected, received + records,
 *	  skipped + n}; version += 1 (I), which makes it current and is what
 *	  takes the claim. Give back the lock (G).
 *	release: MPMC: take the lock. claims[id].state = FREE, clear its bit;
 *	  tail = the lowest of next and of all starts of claims in use (A);
 *	  give back the lock; wake producers (D).
 *	What a consumer copies out and gives back before it gives back the lock
 *	(MPSC: at once) need not be claimed, where no bit of claims_used is set:
 *	version += 1 (I) takes it and gives it back; then tail = next (A).
 *	What was skipped at the front without a record to claim moves next, and
 *	tail, and wakes producers (D), too.
 *	orphan: the one with the lowest start is taken first, but before that
 *	  one's own (only the kernel's own claim can be an orphan): by
 *	  state = CLAIMED. Of another's: write claims[id], beginning at the
 *	  orphan's start, and set its bit. To take all of it, and who takes its
 *	  last record takes all, with what is given up behind: the orphan's
 *	  state = FREE; clear its bit. To take a part: the orphan's start moves
 *	  behind what was taken; then set its sequence and records. That one
 *	  store, of state or of start, is what takes it. An orphan in which all
 *	  is given up is FREE, by whoever finds it. The cursor has counted an
 *	  orphan's records once, and stays as it is.
 *
 * KMQ_RING_BROADCAST: one producer at a time (mapped, or write(2)); every
 * consumer sees every record, from its own cursor, beginning with the first one
 * after it attached or opened. The producer never waits.
 *
 *	produce: while head + bytes - oldest > size: oldest += bytes of the
 *	  record there; write fence (H); write header and body; sequence += 1;
 *	  head += bytes (B); wake consumers (C). Several records at once take
 *	  at most half of the data together, so that the last one before them
 *	  is never overwritten.
 *	consume: nothing if cursor == head (B); read the record; read fence,
 *	  and the record was whole if oldest - cursor <= 0 (H): else the cursor
 *	  was lapped and goes on at oldest. The record there has a sequence
 *	  number; how much it is above the one expected is how many were lost.
 *	claims[id].start is a copy of the cursor, and claims[id].sequence of the
 *	sequence number expected, for poll(2) of the attachment; nothing else
 *	depends on them. The kernel sets both at attach, and there the consumer
 *	begins.
 *
 * SLEEPING
 *
 * Who finds nothing to do may spin, then sleeps with KMQ_IOC_RING_WAIT, which
 * names a 32-bit word and the value that was seen there, as futex(2) does, and
 * the sequence number or position to be woken at. The kernel puts the lowest of
 * all sleepers' into control.consumer_wake or control.producer_wake before it
 * looks at the word again. A producer that has committed sequence s calls
 * KMQ_IOC_RING_WAKE(KMQ_RING_CONSUMERS) if s - consumer_wake >= 0; a consumer
 * that has moved tail calls KMQ_IOC_RING_WAKE(KMQ_RING_PRODUCERS) if
 * tail - producer_wake >= 0 (both signed). Where nobody sleeps the two words
 * are 2^62 ahead.
 *
 * CONSUMERS wakes the first sleeper whose number is at or below the last one that
 * was reserved, producers.sequence - 1, committed or not (BROADCAST: all such);
 * PRODUCERS all whose position tail has reached, when half of the data is free:
 * room for one record is seldom worth two switches between processes. If it is
 * not, they are left asleep, producer_wake is where it will be, and they are woken
 * there, or 0.1 ms later whatever tail is. Who finds a BUSY record before the one
 * that it waits for waits for that: its header's word, its number.
 *
 * In MPMC mode who has claimed passes the wake-up on if it leaves something
 * behind: it calls WAKE(KMQ_RING_CONSUMERS) if there still is an orphan, or if
 * next != head and (producers.sequence - 1) - consumer_wake >= 0. An orphan
 * changes no word that a consumer sleeps at: WAIT for CONSUMERS returns if
 * there is one, and WAKE wakes the first sleeper then, whatever its number.
 * WAIT returns as well if the record whose number is @wake was claimed already:
 * the word may be that of another record by now.
 *
 * Removal, and the ring being found inconsistent, put
 * both wake words behind everything, so that every commit and release asks the
 * kernel and is told.
 *
 * A lock word is 0, or the holder's id, with KMQ_RING_CONTENDED if someone
 * sleeps for it. Taken by compare-and-swap from 0; who has slept takes it as
 * id | CONTENDED. Given back by an exchange with 0, and KMQ_IOC_RING_WAKE of
 * the lock if it was CONTENDED.
 *
 * BARRIERS
 *
 * X is made before Y is; who sees Y sees X.
 *
 *	 first, and its order		then, and its order
 *	A consumer's loads of a record	| producer's stores into its room
 *	  store-release tail		|   load-acquire tail
 *	B header (and SPSC: body)	| consumer's loads of them
 *	  store-release head		|   load-acquire head
 *	C commit, compiler barrier,	| store consumer_wake, barrier on all
 *	  load consumer_wake		|   processors, load word again
 *	D release, compiler barrier,	| store producer_wake, barrier on all
 *	  load producer_wake		|   processors, load word again
 *	E body				| consumer's loads of it
 *	  store-release header.word	|   load-acquire header.word
 *	F words that producers.lock guards: exchange (release), compare-and-swap
 *	  (acquire)
 *	G likewise for consumers.lock
 *	H store oldest, write fence,	| load of data, read fence,
 *	  store of data			|   load oldest
 *	I cursor			| kernel's loads of it
 *	  store-release version		|   load-acquire version
 *	  version, write fence,		| load cursor, read fence,
 *	  store of the next cursor	|   load version: the same
 *
 * C and D are Dekker's: each side stores one word and loads the other's. The
 * side that is about to sleep pays for both, with an interrupt to every
 * processor (the twin: membarrier(2)), and the side that works pays nothing.
 *
 * RECOVERY
 *
 * When an attachment ends, the kernel
 *	- makes whole what a lock guards whose word names its id, and then gives
 *	  the lock back. Of producers.lock: sequence is one above that of the
 *	  last record between the tail and head that it begins with, if there
 *	  is one. Of consumers.lock (MPSC: always): its claim is FREE if it was
 *	  not taken, that is if it starts at or behind the current cursor's next,
 *	  or in an orphan still; records and sequence of the orphans are counted
 *	  again; claims_used and tail are made from the claims;
 *	- marks ABANDONED each record from tail to head that is BUSY with its
 *	  id, and counts them in control.abandoned;
 *	- marks its claim ORPHANED, which is one store;
 *	- counts the attachment in control.deaths if it held any of those. In SPSC
 *	  and BROADCAST mode: if it had stored one of two words and not yet the
 *	  other (a producer in mid-commit; SPSC: a consumer in mid-release), and
 *	  so one of them had to be made right;
 *	- wakes every sleeper of the ring.
 * In SPSC mode sequence is one above that of the last record before head, or
 * expected if the ring is empty; expected is that of the record at tail, and
 * stays if the ring is empty. In BROADCAST mode sequence is one above that of
 * the last record, or first_sequence if there never was one.
 *
 * The walk from tail to head does not stop the others. After each header is
 * loaded, and a read fence, tail is loaded again; if it has passed the record,
 * what was loaded is void, and the walk goes on at tail. What is BUSY is not
 * passed, so no record of the dead is missed.
 *
 * The id of an attachment is not given to another while its claim is ORPHANED.
 *
 * TRUST
 *
 * Neither the kernel nor libkmq believes what a peer can write: each word is
 * loaded once and checked. What cannot be is EUCLEAN, and the ring BROKEN for
 * good. Nobody outside this ring is affected.
 */
#ifndef _UAPI_LINUX_KMQ_RING_H
#define _UAPI_LINUX_KMQ_RING_H

#include <linux/kmq.h>
#include <linux/types.h>

#define KMQ_RING_MAGIC		0x676e6972716d6bull	/* "kmqring" */
#define KMQ_RING_VERSION	1

#define KMQ_RING_ALIGN		16	/* of records, in bytes */
#define KMQ_RING_SIZE_MAX	(1ull << 28)	/* bytes of data */
#define KMQ_RING_SIZE_DEFAULT	(1ull << 16)
#define KMQ_RING_IDS		64	/* 1 to KMQ_RING_IDS - 1 */
#define KMQ_RING_KERNEL		1	/* the id of read(2) and write(2) */

/* Where the pieces begin, in pages. */
#define KMQ_RING_CONTROL_PAGE	0
#define KMQ_RING_CONSUMERS_PAGE	1
#define KMQ_RING_PRODUCERS_PAGE	2
#define KMQ_RING_DATA_PAGE	3

enum kmq_ring_mode {
	KMQ_RING_SPSC		= 0,
	KMQ_RING_MPSC		= 1,
	KMQ_RING_MPMC		= 2,
	KMQ_RING_BROADCAST	= 3,
};

/* Of kmq_ring_record.word: the size in bytes, and these. */
#define KMQ_RING_BUSY		(1u << 31)	/* reserved, not yet committed */
#define KMQ_RING_ABANDONED	(1u << 30)	/* its producer died */
#define KMQ_RING_DISCARDED	(1u << 29)	/* its producer gave it up */
#define KMQ_RING_RECORD_SIZE	((1u << 28) - 1)

/**
 * struct kmq_ring_record - what is before each body
 * @word: size of the body in bytes, and KMQ_RING_BUSY, ABANDONED or DISCARDED
 * @owner: id of the producer
 * @sequence: its number, one more than the record's before it
 */
struct kmq_ring_record {
	__u32 word;
	__u32 owner;
	__aligned_u64 sequence;
};

/* Bytes of data that a body of @size bytes takes. */
static inline __u64 kmq_ring_record_bytes(__u32 size)
{
	return ((__u64)size + sizeof(struct kmq_ring_record) +
		KMQ_RING_ALIGN - 1) & ~(__u64)(KMQ_RING_ALIGN - 1);
}

/* Flags of struct kmq_ring_control. */
#define KMQ_RING_REMOVED	(1u << 0)	/* EIDRM */
#define KMQ_RING_BROKEN		(1u << 1)	/* EUCLEAN */
#define KMQ_RING_TWIN		(1u << 2)	/* a memfd, without the module */
#define KMQ_RING_FENCED		(1u << 3)	/* twin: both sides of C and D fence */

/**
 * struct kmq_ring_control - page 0; written by the kernel alone
 * @magic: KMQ_RING_MAGIC
 * @version: KMQ_RING_VERSION
 * @mode: enum kmq_ring_mode
 * @size: bytes of data, a power of two of pages
 * @max_message: bytes, largest body
 * @page_size: bytes
 * @first_sequence: of the first record
 * @first_position: of the first record
 * @flags: KMQ_RING_*; REMOVED and BROKEN may come at any time
 * @deaths: attachments that ended while they held something
 * @abandoned: records marked ABANDONED
 * @consumer_wake: sequence number whose commit is to ring
 * @producer_wake: position whose release is to ring
 * @twin_ids: twin: bit set of ids in use
 * @twin_consumer_bell: twin: what sleepers for records wait at
 * @twin_producer_bell: twin: what sleepers for room wait at
 */
struct kmq_ring_control {
	__aligned_u64 magic;
	__u32 version;
	__u32 mode;
	__aligned_u64 size;
	__u32 max_message;
	__u32 page_size;
	__aligned_u64 first_sequence;
	__aligned_u64 first_position;
	__u32 reserved[4];

	/* Line 1. */
	__u32 flags __attribute__((aligned(64)));
	__u32 deaths;
	__aligned_u64 abandoned;
	/* Line 2: looked at by producers after each commit. */
	__u64 consumer_wake __attribute__((aligned(64)));
	/* Line 3: looked at by consumers after each release. */
	__u64 producer_wake __attribute__((aligned(64)));
	/* Line 4: the twin's. */
	__u64 twin_ids __attribute__((aligned(64)));
	__u32 twin_consumer_bell;
	__u32 twin_producer_bell;
};

/**
 * struct kmq_ring_producers - page 2; written by producers and the kernel
 * @head: position behind the last record (reserved ones, too)
 * @sequence: of the next record
 * @oldest: BROADCAST: position of the oldest record that is whole
 * @lock: MPSC, MPMC: guards the three above and the making of records
 */
struct kmq_ring_producers {
	__u64 head __attribute__((aligned(64)));
	__u64 sequence;
	__u64 oldest;
	/* Line 1. */
	__u32 lock __attribute__((aligned(64)));
};

/**
 * struct kmq_ring_cursor - MPSC, MPMC: how far the consumers are
 * @next: position of the next record to claim
 * @expected: its sequence number
 * @received: records claimed from here, ever; what became an orphan is counted,
 *	and not counted again
 * @skipped: records that were DISCARDED or ABANDONED, ever
 */
struct kmq_ring_cursor {
	__u64 next;
	__u64 expected;
	__u64 received;
	__u64 skipped;
};

enum kmq_ring_claim_state {
	KMQ_RING_CLAIM_FREE	= 0,
	KMQ_RING_CLAIMED	= 1,
	KMQ_RING_ORPHANED	= 2,	/* its consumer died */
};

/**
 * struct kmq_ring_claim - MPSC, MPMC: what a consumer holds
 * @start: position of its first record
 * @end: position behind its last
 * @sequence: of its first record
 * @records: without what was given up among them
 * @state: enum kmq_ring_claim_state
 */
struct kmq_ring_claim {
	__u64 start;
	__u64 end;
	__u64 sequence;
	__u32 records;
	__u32 state;
};

/**
 * struct kmq_ring_consumers - page 1; written by consumers and the kernel
 * @tail: position of the oldest record that is still needed (not BROADCAST)
 * @expected: SPSC: sequence number of the record at @tail
 * @lock: MPMC: guards all below, and @tail
 * @version: cursor[version % 2] is the current one
 * @cursor: MPSC, MPMC
 * @claims_used: bit per id: claims[id].state is not FREE
 * @claims: by id
 */
struct kmq_ring_consumers {
	__u64 tail __attribute__((aligned(64)));
	__u64 expected;
	/* Line 1. */
	__u32 lock __attribute__((aligned(64)));
	__u32 version;
	/* Line 2. */
	struct kmq_ring_cursor cursor[2] __attribute__((aligned(64)));
	/* Line 3. */
	__u64 claims_used __attribute__((aligned(64)));
	struct kmq_ring_claim claims[KMQ_RING_IDS];
};

/* Of a lock word. */
#define KMQ_RING_CONTENDED	(1u << 31)

/* Flags of struct kmq_ring_attach. */
#define KMQ_RING_PRODUCER	(1u << 0)	/* EBADF if not open for writing */
#define KMQ_RING_CONSUMER	(1u << 1)	/* EBADF if not open for reading */

/**
 * struct kmq_ring_attach - KMQ_IOC_RING_ATTACH, on a queue's descriptor
 * @flags: KMQ_RING_PRODUCER, KMQ_RING_CONSUMER or both (EINVAL for neither)
 * @id: out: number of the attachment, 2 to KMQ_RING_IDS - 1
 * @size: out: bytes of data
 * @mode: out: enum kmq_ring_mode
 * @page_size: out: bytes
 * @reserved: must be zero
 *
 * Returns the descriptor of the attachment (O_CLOEXEC), which takes mmap, poll
 * (EPOLLIN: a record for this consumer; EPOLLOUT: room for the largest one;
 * EPOLLHUP|EPOLLERR: removed or broken) and the two ioctls below.
 * EBUSY: the mode allows one party, and there is one. EDQUOT: no id is free.
 * ENODEV: not a ring. EIDRM, EUCLEAN.
 */
struct kmq_ring_attach {
	__u32 flags;
	__u32 id;
	__aligned_u64 size;
	__u32 mode;
	__u32 page_size;
	__aligned_u64 reserved[2];
};

/* What is waited for, and who is woken. */
enum kmq_ring_side {
	KMQ_RING_CONSUMERS	= 0,	/* records; @wake is a sequence number */
	KMQ_RING_PRODUCERS	= 1,	/* room; @wake is a position of tail */
	KMQ_RING_PRODUCERS_LOCK	= 2,	/* @word is producers.lock */
	KMQ_RING_CONSUMERS_LOCK	= 3,	/* @word is consumers.lock */
};

/**
 * struct kmq_ring_wait - KMQ_IOC_RING_WAIT, on an attachment
 * @deadline: absolute CLOCK_MONOTONIC in ns (ETIMEDOUT); 0 for none
 * @side: enum kmq_ring_side; EBADF if the attachment is not of that side
 * @expected: value of the word for which to sleep
 * @word: offset in bytes from the beginning of page 0 to an aligned __u32 of
 *	the pages 1 and 2 or the first of the two copies of the data (EINVAL)
 * @wake: when to be woken; 0 for a lock
 * @flags: must be zero
 * @reserved: must be zero
 *
 * Sleeps if the word has the value @expected. Returns 0 when woken (even if a
 * signal or the deadline came, too: a wake-up is for one), or when the word has
 * another value; it may also return 0 for no reason. EINTR as KMQ_IOC_RECEIVE;
 * EIDRM, EUCLEAN; EPERM in another address space; ESRCH after the attachment ended.
 *
 * Who sleeps for records counts in kmq_info.blocked_receivers and who sleeps for
 * room in blocked_senders, as in read(2) and write(2); who sleeps for a lock in
 * neither.
 */
struct kmq_ring_wait {
	__aligned_u64 deadline;
	__u32 side;
	__u32 expected;
	__aligned_u64 word;
	__aligned_u64 wake;
	__u32 flags;
	__u32 reserved;
};

/* On a queue of KMQ_KIND_RING. */
#define KMQ_IOC_RING_ATTACH	_IOWR(KMQ_IOC_MAGIC, 0x40, struct kmq_ring_attach)
/* On an attachment. WAKE: the argument is enum kmq_ring_side itself. */
#define KMQ_IOC_RING_WAIT	_IOW(KMQ_IOC_MAGIC, 0x41, struct kmq_ring_wait)
#define KMQ_IOC_RING_WAKE	_IO(KMQ_IOC_MAGIC, 0x42)

#endif /* _UAPI_LINUX_KMQ_RING_H */
