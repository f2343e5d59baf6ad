/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * kmq: the control plane, a generic netlink family. The user ABI.
 *
 * Family "kmq", version 1, in every network namespace: what one may see and do
 * is a matter of users, not of networks. kmq.yaml beside this header says the
 * same as a netlink specification; libkmq-nl wraps it.
 *
 * Who may do what
 *	The user is who sent the message, by the ids that file access goes by
 *	(the effective ones), as of the send. Who opened the socket must have the
 *	right, too: a socket handed to another program opens nothing by that.
 *	"Privileged" is CAP_SYS_ADMIN in the initial user namespace, of both.
 *
 *	see a queue	its owner, whatever its mode; who may read it by its
 *			mode; the privileged.
 *			In a dump the others are left out; a GET of one is
 *			EACCES. A queue without a name is seen by its owner and
 *			the privileged alone, unless it was made through the
 *			hub: it has a mode that counts. Its creator, where he
 *			gave it away, is here one of the others, though he may
 *			SET and DEL it. A queue whose removal was deferred
 *			(KMQ_REMOVE_DEFER) tells the name that it had.
 *	NEW		the privileged. (Others create by /dev/kmq/control, the
 *			mode of which says who.)
 *	SET, DEL	the owner; the privileged; of a queue of the hub its
 *			creator. Another owner, or a group that the sender is
 *			not in: CAP_CHOWN, too.
 *
 * Messages
 *	One flat set of attributes, KMQ_A_*, for all commands; those that a
 *	command does not know are refused with the offending attribute named
 *	(NLMSGERR_ATTR_OFFS) and a sentence (NLMSGERR_ATTR_MSG). So is every
 *	other refusal. A dump may be refused by its end, NLMSG_DONE with the
 *	errno: Linux 6.1 has no other way for what is not wrong at first sight,
 *	and then the sentence comes without the attribute. An answer has the
 *	command of its request.
 *
 *	QUEUE_GET	do: KMQ_A_NAME or KMQ_A_ID (one of them): one queue.
 *			dump: all, narrowed by KMQ_A_PATTERN, KMQ_A_UID,
 *			KMQ_A_KIND. Each is described as of one instant. A queue
 *			that exists from the start of a dump to its end is in it
 *			exactly once, whatever comes and goes meanwhile; if any
 *			did, NLM_F_DUMP_INTR is set as a hint that the dump is
 *			not of one instant. A dump that is begun and not read to
 *			its end keeps the module from being unloaded, until its
 *			socket is closed.
 *	QUEUE_NEW	KMQ_A_NAME and any of KIND, POLICY, LIFETIME, CAPACITY,
 *			INLINE_SIZE, MAX_MESSAGE, BYTE_LIMIT, MODE, UID, GID,
 *			RING_MODE, HIGH_WATERMARK, LOW_WATERMARK, LEASE_LIMIT,
 *			HISTOGRAM. What is missing, or a size or MODE that is 0,
 *			has the default of struct kmq_create; owner and group are
 *			the sender's. Answered by the queue as it is. With
 *			NLM_F_EXCL an existing name is EEXIST; without, it is
 *			described as it is.
 *	QUEUE_SET	NAME or ID, and any of CAPACITY, BYTE_LIMIT, POLICY, MODE,
 *			UID, GID, HIGH_WATERMARK, LOW_WATERMARK, LEASE_LIMIT,
 *			HISTOGRAM: all of them or, with an error, none (a MODE of
 *			0 is the default, as with NEW). MODE, UID
 *			and GID make the node anew: for a moment it is not there;
 *			open descriptors stay. POLICY: who sleeps for room under
 *			KMQ_POLICY_BLOCK is woken by another: with EAGAIN by
 *			REJECT, by the others as if it had come now. The watches
 *			keep their values where none is given, but a
 *			HIGH_WATERMARK of 0 switches LOW_WATERMARK off as well.
 *	QUEUE_DEL	NAME or ID. As KMQ_CTL_REMOVE.
 *	HOLDER_GET	dump: NAME or ID: who keeps the queue, or sleeps in it.
 *			Who may see the queue may see them; process ids are those
 *			of the sender's pid namespace, 0 where there is none.
 *			Who opens the queue, or goes to sleep, when the dump has
 *			come to that part of it is not told: it ends.
 *	SUBSCRIBE	do: events to this socket, of all queues that the sender
 *			may see, now and as their modes change; narrowed by
 *			KMQ_A_PATTERN and by KMQ_A_EVENTS. Again: replaces it.
 *			It ends with the socket.
 *	UNSUBSCRIBE	do: no more of them. ENOENT without a subscription.
 *	EVENT		from the kernel only: see below.
 *
 * Events
 *	come to subscribers, and to the multicast group "events", which anyone
 *	may join and which carries what concerns queues that everyone may read
 *	(mode & 0004), in the initial network namespace. They are taken down
 *	in a buffer of fixed size and sent by a worker: who sends a message
 *	never waits for who listens. What did not fit, there or in a socket, is
 *	counted, and told by KMQ_A_LOST of the next event to that subscriber;
 *	if none comes, by one KMQ_EVENT_LOST as soon as there is room. What did
 *	not fit into the buffer counts for all, since nobody knows whom it would
 *	have been for. To the group nothing but its next event tells of that:
 *	KMQ_EVENT_LOST does not go there; who of it had a full socket learns
 *	that by ENOBUFS alone. Ids in the group are those of the initial
 *	namespaces, wherever its listeners live.
 *	What happens to a queue at the same time as its end may be told after
 *	KMQ_EVENT_REMOVED: CHANGED, FULL, DRAINED, HIGH, LOW, DROPPED. KMQ_A_ID
 *	says that it is of the one that is gone.
 *	KMQ_A_EVENT_SEQUENCE counts all events since somebody listens: gaps are
 *	for what is not for this listener, or was lost.
 *
 * Errors, beside those of <linux/kmq.h>:
 *	EINVAL	   an attribute is missing, of the wrong length, out of range, or
 *		   not of this command; a string that ends before its attribute
 *		   (ERANGE: and has more bytes than it may have)
 *	EOPNOTSUPP SET, or a watch, of what a queue of this kind has not; unknown
 *		   command
 *	EACCES	   a queue that the sender may not see
 *	EPERM	   not the owner nor privileged
 *	ENOENT	   no such queue; no subscription
 *	EEXIST	   the name exists (NLM_F_EXCL)
 *	ENOBUFS	   (recvmsg) the socket was full: lost replies; events are counted
 *		   as said above
 *	EUSERS	   more subscriptions than KMQ_SUBSCRIPTIONS_MAX, or, without
 *		   privilege, than KMQ_SUBSCRIPTIONS_USER_MAX of one user
 */
#ifndef _UAPI_LINUX_KMQ_NETLINK_H
#define _UAPI_LINUX_KMQ_NETLINK_H

#include <linux/kmq.h>

#define KMQ_GENL_NAME		"kmq"
#define KMQ_GENL_VERSION	1
#define KMQ_GENL_GROUP_EVENTS	"events"

#define KMQ_PATTERN_SIZE	64	/* with the NUL; '*' and '?' as in glob(7) */
#define KMQ_SUBSCRIPTIONS_MAX	1024
#define KMQ_SUBSCRIPTIONS_USER_MAX 64

enum kmq_genl_command {
	KMQ_CMD_UNSPEC,
	KMQ_CMD_QUEUE_GET,
	KMQ_CMD_QUEUE_NEW,
	KMQ_CMD_QUEUE_SET,
	KMQ_CMD_QUEUE_DEL,
	KMQ_CMD_HOLDER_GET,
	KMQ_CMD_SUBSCRIBE,
	KMQ_CMD_UNSUBSCRIBE,
	KMQ_CMD_EVENT,

	__KMQ_CMD_MAX,
	KMQ_CMD_MAX = __KMQ_CMD_MAX - 1
};

/*
 * Integers are of the machine's byte order. u64 may be padded by KMQ_A_PAD.
 */
enum kmq_genl_attribute {
	KMQ_A_UNSPEC,
	KMQ_A_PAD,

	/* What a queue is; struct kmq_info has the same words. */
	KMQ_A_ID,		/* u32 */
	KMQ_A_NAME,		/* string, at most 31 bytes; absent: no name */
	KMQ_A_KIND,		/* u32, enum kmq_kind */
	KMQ_A_POLICY,		/* u32, enum kmq_policy */
	KMQ_A_LIFETIME,		/* u32, enum kmq_lifetime */
	KMQ_A_CAPACITY,		/* u32, messages */
	KMQ_A_INLINE_SIZE,	/* u32, bytes */
	KMQ_A_MAX_MESSAGE,	/* u32, bytes */
	KMQ_A_BYTE_LIMIT,	/* u64, bytes */
	KMQ_A_MODE,		/* u32, at most 0777 */
	KMQ_A_UID,		/* u32, in the sender's user namespace */
	KMQ_A_GID,		/* u32, likewise */
	KMQ_A_RING_MODE,	/* u32, enum kmq_ring_mode; ring only */
	KMQ_A_CREATED,		/* u64, CLOCK_MONOTONIC, ns */
	KMQ_A_CREATOR_UID,	/* u32, who made it */
	KMQ_A_CREATOR_PID,	/* u32 */

	/* Watches, of KMQ_KIND_MESSAGE only: the kernel sees no ring's fill. 0: off. */
	KMQ_A_HIGH_WATERMARK,	/* u32, messages queued and leased */
	KMQ_A_LOW_WATERMARK,	/* u32, below HIGH_WATERMARK; off: HIGH is
				 * told anew as soon as it was below HIGH
				 */
	KMQ_A_LEASE_LIMIT,	/* u32, ms; at most KMQ_LEASE_LIMIT_MAX */
	KMQ_A_HISTOGRAM,	/* u32, 1: times are taken; 0: not */

	/* What it holds, and its ledger. */
	KMQ_A_BYTES,		/* u64 */
	KMQ_A_QUEUED,		/* u64 */
	KMQ_A_LEASED,		/* u64 */
	KMQ_A_SENT,		/* u64 */
	KMQ_A_RECEIVED,		/* u64 */
	KMQ_A_DROPPED,		/* u64 */
	KMQ_A_PURGED,		/* u64 */
	KMQ_A_RETURNED,		/* u64 */
	KMQ_A_REJECTED,		/* u64 */
	KMQ_A_CALLS,		/* u64 */
	KMQ_A_REPLIES,		/* u64 */
	KMQ_A_PEAK,		/* u64 */
	KMQ_A_ABANDONED,	/* u64 */
	KMQ_A_BLOCKED_SENDERS,	/* u32 */
	KMQ_A_BLOCKED_RECEIVERS, /* u32 */
	KMQ_A_BLOCKED_CALLERS,	/* u32 */
	KMQ_A_DESCRIPTORS,	/* u32 */
	KMQ_A_ATTACHMENTS,	/* u32, ring only */
	KMQ_A_DEATHS,		/* u32, ring only */
	KMQ_A_RING_FLAGS,	/* u32, ring only */

	/*
	 * CLOCK_REALTIME, s, as that went then; 0: never. Of the last message,
	 * not of a ring.
	 */
	KMQ_A_LAST_SEND,	/* u64 */
	KMQ_A_LAST_RECEIVE,	/* u64 */
	KMQ_A_LAST_CHANGE,	/* u64, creation, SET or resize; of a ring, too */
	KMQ_A_LAST_SEND_PID,	/* u32, 0: none, or not visible */
	KMQ_A_LAST_RECEIVE_PID,	/* u32, 0: none, or not visible */

	/* u64 array of KMQ_HISTOGRAM_BUCKETS; GET (do) of one queue only. */
	KMQ_A_TIME_QUEUED,	/* from accepted to received, ns */
	KMQ_A_TIME_BLOCKED,	/* that senders and receivers slept, ns */

	/* To choose. */
	KMQ_A_PATTERN,		/* string, at most KMQ_PATTERN_SIZE - 1 bytes */
	KMQ_A_EVENTS,		/* u32, bits 1 << enum kmq_event */

	/* HOLDER_GET: one message each. */
	KMQ_A_HOLDER,		/* u32, enum kmq_holder */
	KMQ_A_PID,		/* u32, process */
	KMQ_A_TID,		/* u32, thread (SLEEPER) */
	KMQ_A_COMM,		/* string, the process's name */
	KMQ_A_ACCESS,		/* u32, KMQ_ACCESS_* */
	KMQ_A_LEASES,		/* u32, of this descriptor */
	KMQ_A_ATTACHMENT,	/* u32, its number (MAPPING) */
	KMQ_A_SLEEP,		/* u32, enum kmq_sleep (SLEEPER) */
	KMQ_A_SINCE,		/* u64, CLOCK_MONOTONIC, ns, to a tick */

	/* EVENT. */
	KMQ_A_EVENT,		/* u32, enum kmq_event */
	KMQ_A_EVENT_SEQUENCE,	/* u64 */
	KMQ_A_TIME,		/* u64, CLOCK_MONOTONIC, ns */
	KMQ_A_COUNT,		/* u64, see enum kmq_event */
	KMQ_A_LOST,		/* u64, events lost to this listener before it */

	/* Of a queue that was made through the hub. */
	KMQ_A_SPACE,		/* u32, KMQ_SPACE_*; absent: not of the hub */
	KMQ_A_KEY,		/* binary, at most KMQ_KEY_MAX bytes; absent: none */
	KMQ_A_CREATOR_GID,	/* u32, who made it */
	/* Absent: nobody is to be notified. */
	KMQ_A_NOTIFY_PID,	/* u32, 0: not visible */
	KMQ_A_NOTIFY_SHOW,	/* u64 array of 2, @show of struct kmq_notify */

	__KMQ_A_MAX,
	KMQ_A_MAX = __KMQ_A_MAX - 1
};

#define KMQ_LEASE_LIMIT_MAX	86400000	/* ms: a day */

/*
 * Bucket 0 is 0 to 1023 ns; bucket n, 1 <= n < KMQ_HISTOGRAM_BUCKETS - 1, is
 * 2^(n+9) to 2^(n+10) - 1 ns; the last one all that is longer.
 */
#define KMQ_HISTOGRAM_BUCKETS	32

/*
 * Each event has EVENT, EVENT_SEQUENCE, TIME and, but for QUOTA and LOST, the
 * queue's ID, NAME (if it has one), KIND, UID and GID.
 */
enum kmq_event {
	KMQ_EVENT_LOST		= 0,	/* nothing but KMQ_A_LOST */
	KMQ_EVENT_CREATED	= 1,	/* PID: who did it */
	KMQ_EVENT_REMOVED	= 2,	/* PID: who did it; or its last holder */
	KMQ_EVENT_CHANGED	= 3,	/* PID: who set or resized it */
	KMQ_EVENT_FULL		= 4,	/* a sender found no room, for the first
					 * time since it was drained and somebody
					 * listens; PID: it; COUNT: messages that
					 * the queue holds. Not of a ring
					 */
	KMQ_EVENT_DRAINED	= 5,	/* empty, for the first time since FULL */
	KMQ_EVENT_HIGH		= 6,	/* HIGH_WATERMARK was reached; COUNT */
	KMQ_EVENT_LOW		= 7,	/* LOW_WATERMARK, after HIGH; COUNT */
	KMQ_EVENT_DROPPED	= 8,	/* COUNT: messages dropped by policy, in a
					 * row. Not of a ring
					 */
	KMQ_EVENT_LEASE_OVERDUE	= 9,	/* leased longer than LEASE_LIMIT; PID: who
					 * opened the descriptor; COUNT: the
					 * message's sequence number
					 */
	KMQ_EVENT_PEER_DIED	= 10,	/* ring: PID held a record or a claim;
					 * COUNT: the attachment's number
					 */
	KMQ_EVENT_BROKEN	= 11,	/* ring: found inconsistent */
	KMQ_EVENT_QUOTA		= 12,	/* UID was refused; NAME: of the queue that
					 * was not made or enlarged, if it has one;
					 * PID: who; told to the user and the
					 * privileged
					 */
	__KMQ_EVENT_MAX,
	KMQ_EVENT_MAX = __KMQ_EVENT_MAX - 1
};

enum kmq_holder {
	KMQ_HOLDER_DESCRIPTOR	= 0,	/* an open file description; PID opened
					 * it, others may have it by now
					 */
	KMQ_HOLDER_MAPPING	= 1,	/* an attachment of a ring */
	KMQ_HOLDER_SLEEPER	= 2,	/* a thread that sleeps in the queue */
};

#define KMQ_ACCESS_READ		(1u << 0)
#define KMQ_ACCESS_WRITE	(1u << 1)
#define KMQ_ACCESS_NONBLOCK	(1u << 2)

enum kmq_sleep {
	KMQ_SLEEP_SEND		= 0,	/* for room */
	KMQ_SLEEP_RECEIVE	= 1,	/* for a message */
	KMQ_SLEEP_CALL		= 2,	/* for a reply */
};

#endif /* _UAPI_LINUX_KMQ_NETLINK_H */
