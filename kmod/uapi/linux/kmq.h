/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * kmq: message queues behind character devices. The user ABI.
 *
 * This header is the manual of the system calls; kmq(4) says the same with
 * examples, and libkmq wraps it.
 *
 * Nodes
 *	/dev/kmq/control	creates, removes and enumerates queues.
 *	/dev/kmq/NAME		one named queue. The node comes and goes with
 *				the queue and has its owner and mode.
 *	/dev/kmq/.hub		reaches every queue that was made through it, by
 *				its key or its id, with one descriptor.
 *	A queue without a name is reached by the descriptor that
 *	KMQ_CTL_CREATE returned, and by nothing else.
 *
 * A message is 0 to max_message bytes with a boundary, a type (as in System V:
 * signed 64 bit, greater than 0) and a priority (as in POSIX: 0 lowest,
 * KMQ_PRIORITY_MAX highest). Messages are delivered by priority, then in
 * order of arrival.
 *
 * read(2), write(2)
 *	write() sends one message of type 1 and priority 0. It returns the
 *	length, which is all or nothing. A write() of 0 bytes sends an empty
 *	message (writev() of nothing does not reach the driver).
 *	read() receives one message and returns its length; 0 is an empty
 *	message, never end-of-file. What it may take is ruled by the filter of
 *	the descriptor (KMQ_IOC_SET_DESCRIPTOR).
 *	Both sleep unless O_NONBLOCK (write() only under KMQ_POLICY_BLOCK), and
 *	restart after a signal as SA_RESTART asks. readv, writev and io_uring
 *	behave alike.
 *
 * poll(2)
 *	EPOLLIN	 read() would not sleep and would not fail with EAGAIN: there
 *		 is a message that the descriptor's filter admits.
 *	EPOLLOUT write() of a message of any legal length would neither sleep nor
 *		 fail with EAGAIN.
 *		 Neither is reported where the descriptor is not open for it.
 *	EPOLLHUP|EPOLLERR  the queue has been removed.
 *	io_uring polls by itself where a call would fail with EAGAIN, and so
 *	waits under KMQ_POLICY_REJECT and with O_NONBLOCK, too, unless the
 *	request has RWF_NOWAIT.
 *	Each message that is queued is an edge for EPOLLET. All watchers are
 *	woken, EPOLLEXCLUSIVE or not.
 *
 * Layout: every struct has the same layout for 32 and 64 bit callers. Pointers
 * travel as __u64. Reserved fields and unknown flags must be zero.
 *
 * Errors (one cause, one errno, at every door):
 *	ENOTTY	   the command is unknown, or its struct has another size; on a
 *		   removed queue, too
 *	EINVAL	   reserved field or unknown flag not zero; impossible size,
 *		   type, priority, selection or mode; bad name
 *	EEXIST	   the name exists, and KMQ_CREATE_EXCLUSIVE was asked for
 *	ENOENT	   no such queue
 *	EMSGSIZE   the message is longer than the queue takes, or than the room
 *		   offered (the message stays in the queue)
 *	EAGAIN	   would sleep, and was told not to; or the queue is full and
 *		   its policy is KMQ_POLICY_REJECT
 *	ETIMEDOUT  the deadline passed
 *	EINTR	   a signal came where the call cannot be restarted, or its
 *		   handler has no SA_RESTART
 *	EIDRM	   the queue was removed, before the call or under it (not
 *		   KMQ_IOC_GET_DESCRIPTOR, which works)
 *	EDQUOT	   over the user's or the module's limit; nothing half-made
 *	ENOMEM	   no memory
 *	EFAULT	   bad user address; no message was lost or doubled (but a reply,
 *		   if its room went while the call slept)
 *	EBADF	   the descriptor is not open for what the call does
 *	EACCES	   the mode of a queue reached by the hub does not grant it
 *	EOVERFLOW  the type does not fit the head that was asked for (the message
 *		   stays in the queue)
 *	EPERM	   neither the owner of the queue nor CAP_SYS_ADMIN (of a queue of
 *		   the hub: nor its creator); or another owner is asked for
 *		   without CAP_CHOWN
 *	ESRCH	   no such lease on this descriptor; no such call waits; no such
 *		   registration
 *	ECANCELED  the request of a call was dropped or purged unread
 *	EOPNOTSUPP the kind of queue cannot do this
 *	ENODEV	   mmap or KMQ_IOC_RING_ATTACH of a queue of KMQ_KIND_MESSAGE
 *	EBUSY	   the ring's mode has one producer (or consumer) at a time, and
 *		   there is one, mapped or by this door; or somebody waits to be
 *		   notified already
 *	EUCLEAN	   the ring was found inconsistent, and is broken for good
 *
 * A queue of KMQ_KIND_RING has a mapped door, too: <linux/kmq_ring.h>. By this
 * one it takes read, write, readv, writev, poll, FIONREAD, SEND, RECEIVE (with
 * DONTWAIT and TRUNCATE), their batches, INFO, PURGE (not with
 * KMQ_RING_BROADCAST) and the descriptor's settings. Its messages have type 1 and
 * priority 0 and come in one order: any other type, priority or selection is
 * EOPNOTSUPP, and so are PEEK, LEASE, ACK, NACK, CALL, REPLY and RESIZE. A record
 * has no room for its sender and its time: pid is 0, uid the overflow uid, and
 * time that of the receive.
 * Where the ring's mode has one consumer (producer) at a time, ATTACH waits for
 * a read (write) that is at work, and ends one that sleeps with EBUSY. While one
 * is attached, read (write), FIONREAD and PURGE are EBUSY, and poll says EPOLLIN
 * (EPOLLOUT), since the call would not sleep. With EPOLLET either may come
 * without need. EPOLLIN comes, too, where all there is was given up by its
 * producer: the read passes it, which makes room, and is EAGAIN once.
 * With KMQ_RING_BROADCAST each open file description reads on its own, from the
 * record after its open; what was overwritten before it could be read is told as
 * @lost. A message that is overwritten while it is copied is read again.
 */
#ifndef _UAPI_LINUX_KMQ_H
#define _UAPI_LINUX_KMQ_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Raised when a released layout changes its meaning. Additions do not. */
#define KMQ_ABI_VERSION		1

#define KMQ_NAME_SIZE		32	/* with the terminating NUL */
#define KMQ_PRIORITY_MAX	32767	/* as MQ_PRIO_MAX - 1 */
#define KMQ_BATCH_MAX		1024	/* messages in one batch call */
#define KMQ_CAPACITY_MAX	65536	/* messages in one queue */
#define KMQ_INLINE_MAX		4096	/* bytes, largest inline_size */
#define KMQ_MESSAGE_MAX		(1u << 24) /* bytes, largest max_message */
#define KMQ_BYTE_LIMIT_MAX	(1ull << 32) /* bytes, largest byte_limit */

/* What a zero in struct kmq_create stands for. */
#define KMQ_CAPACITY_DEFAULT	64
#define KMQ_INLINE_DEFAULT	256
#define KMQ_MESSAGE_DEFAULT	8192
#define KMQ_MODE_DEFAULT	0600
/*
 * byte_limit: capacity * max_message, but at most this; at least max_message.
 */
#define KMQ_BYTE_LIMIT_DEFAULT	(1ull << 24)

enum kmq_kind {
	KMQ_KIND_MESSAGE	= 0,	/* the kernel owns each message */
	KMQ_KIND_RING		= 1,	/* messages lie in a mapped buffer */
};

/* What a send does when the queue is full. */
enum kmq_policy {
	KMQ_POLICY_BLOCK	= 0,	/* sleeps (EAGAIN if told not to) */
	KMQ_POLICY_REJECT	= 1,	/* EAGAIN, always at once */
	KMQ_POLICY_DROP_NEWEST	= 2,	/* accepts it and drops it */
	/* Drops the longest-queued; where leases hold the room, the new one. */
	KMQ_POLICY_DROP_OLDEST	= 3,
};

enum kmq_lifetime {
	KMQ_LIFETIME_PERSISTENT	= 0,	/* until removed */
	KMQ_LIFETIME_EPHEMERAL	= 1,	/* until its last descriptor closes */
};

/**
 * struct kmq_features - what this module can do
 * @abi_version: out: KMQ_ABI_VERSION of the module
 * @reserved: must be zero
 * @features: out: KMQ_FEATURE_* bits
 */
struct kmq_features {
	__u32 abi_version;
	__u32 reserved;
	__aligned_u64 features;
};

#define KMQ_FEATURE_MESSAGE	(1ull << 0)	/* KMQ_KIND_MESSAGE */
#define KMQ_FEATURE_LEASE	(1ull << 1)	/* KMQ_LEASE, ACK, NACK */
#define KMQ_FEATURE_CALL	(1ull << 2)	/* CALL, REPLY */
#define KMQ_FEATURE_BATCH	(1ull << 3)	/* SEND_BATCH, RECEIVE_BATCH */
#define KMQ_FEATURE_RING	(1ull << 4)	/* KMQ_KIND_RING */
#define KMQ_FEATURE_SHORT	(1ull << 5)	/* PUT, TAKE and their flags */
#define KMQ_FEATURE_HUB		(1ull << 6)	/* /dev/kmq/.hub, keys */
#define KMQ_FEATURE_NOTIFY	(1ull << 7)	/* NOTIFY */

/* Flags of struct kmq_create. */
/* EEXIST if the name exists. */
#define KMQ_CREATE_EXCLUSIVE	(1u << 0)
/* Return a descriptor of it; needs EXCLUSIVE when it has a name (EINVAL). */
#define KMQ_CREATE_OPEN		(1u << 1)
/* Take @uid and @gid; EPERM without CAP_CHOWN if they are not the caller's. */
#define KMQ_CREATE_OWNER	(1u << 2)
/* The descriptor has O_NONBLOCK; needs OPEN when it has a name (EINVAL). */
#define KMQ_CREATE_NONBLOCK	(1u << 3)
/*
 * Zero in @capacity, @byte_limit, @max_message and @mode is what is meant, and
 * no default; @byte_limit may be below @max_message. A message that can never
 * fit sleeps until the limits are raised. KMQ_KIND_MESSAGE only (EOPNOTSUPP).
 */
#define KMQ_CREATE_EXACT	(1u << 4)
/*
 * A message that fits is not held up by a sleeper whose message does not; among
 * those that fit the one that has slept longest goes first. EPOLLOUT then does
 * not ask who sleeps. KMQ_KIND_MESSAGE only (EOPNOTSUPP).
 */
#define KMQ_CREATE_OVERTAKE	(1u << 5)

/**
 * struct kmq_create - KMQ_CTL_CREATE
 * @name: 1 to 31 of [A-Za-z0-9._-], not starting with a dot, not "control",
 *	NUL-terminated and zero behind the NUL. Empty: a queue without a name,
 *	which is always KMQ_LIFETIME_EPHEMERAL and returned open (EINVAL with
 *	EXCLUSIVE).
 * @kind: enum kmq_kind (EOPNOTSUPP for a kind this module does not have)
 * @policy: enum kmq_policy
 * @lifetime: enum kmq_lifetime
 * @flags: KMQ_CREATE_*
 * @capacity: messages queued and leased at a time, 1 to KMQ_CAPACITY_MAX
 * @inline_size: bytes; bodies up to this cost no allocation to send; 8 to
 *	KMQ_INLINE_MAX, rounded up to a multiple of 8
 * @max_message: bytes, largest body, 1 to KMQ_MESSAGE_MAX
 * @mode: permission bits of the node, at most 0777
 * @byte_limit: bytes of all bodies queued and leased at a time; at least
 *	@max_message (EINVAL), at most KMQ_BYTE_LIMIT_MAX
 * @uid: owner of the node, with KMQ_CREATE_OWNER; else must be zero
 * @gid: group of the node, with KMQ_CREATE_OWNER; else must be zero
 * @ring_mode: KMQ_KIND_RING: enum kmq_ring_mode of <linux/kmq_ring.h>; else
 *	must be zero
 * @reserved32: must be zero
 * @slots: how many messages have their room taken at once, at most @capacity; 0:
 *	all. Room for more is taken by the send that needs it (ENOMEM, EDQUOT),
 *	for the sender's memory cgroup, and kept up to @slots and 32 (and charged
 *	for in steps, up to @slots and 127).
 *	KMQ_KIND_RING: must be zero
 * @reserved64: must be zero
 * @reserved: must be zero
 *
 * KMQ_KIND_RING: @byte_limit is the size of the data, a power of two of pages,
 * at most KMQ_RING_SIZE_MAX (default KMQ_RING_SIZE_DEFAULT); @max_message at
 * most half of it less a record's header (the default); @capacity and
 * @inline_size must be zero; @policy BLOCK or REJECT (with KMQ_RING_BROADCAST
 * BLOCK, which never does); else EINVAL. The node's @mode rules both doors; by the
 * mapped one a producer sees all records, and a consumer can break the ring.
 *
 * Zero in a size, @mode or @byte_limit asks for the default. On success the
 * struct is written back with what was chosen; it is untouched when a queue of
 * this name existed and KMQ_CREATE_EXCLUSIVE was not given (which succeeds,
 * whatever settings that queue has).
 *
 * Returns a descriptor open for reading and writing (O_CLOEXEC) with
 * KMQ_CREATE_OPEN or without a name; else 0.
 */
struct kmq_create {
	char name[KMQ_NAME_SIZE];
	__u32 kind;
	__u32 policy;
	__u32 lifetime;
	__u32 flags;
	__u32 capacity;
	__u32 inline_size;
	__u32 max_message;
	__u32 mode;
	__aligned_u64 byte_limit;
	__u32 uid;
	__u32 gid;
	__u32 ring_mode;
	__u32 reserved32;
	__u32 slots;
	__u32 reserved64;
	__aligned_u64 reserved[2];
};

/* Flags of struct kmq_remove and struct kmq_hub_remove. */
/* Its name, node and key go now; the queue itself with its last descriptor. */
#define KMQ_REMOVE_DEFER	(1u << 0)

/**
 * struct kmq_remove - KMQ_CTL_REMOVE
 * @name: of the queue
 * @flags: KMQ_REMOVE_*
 * @reserved: must be zero
 *
 * Callers asleep in the queue return EIDRM, pollers see EPOLLHUP|EPOLLERR; with
 * KMQ_REMOVE_DEFER those with descriptors notice nothing, and go on with them;
 * who sleeps by the id in a queue without a descriptor is told EIDRM. A queue that
 * lives on tells its old name (@name of struct kmq_info), by which nothing finds
 * it; another may have it by then.
 * Needs the owner of the queue or CAP_SYS_ADMIN (EPERM).
 */
struct kmq_remove {
	char name[KMQ_NAME_SIZE];
	__u32 flags;
	__u32 reserved;
};

/**
 * struct kmq_info - settings and ledger of one queue, but for @descriptors
 * taken in one instant
 * @id: KMQ_CTL_NEXT: in: the queue with the lowest id above this one is
 *	described (0 for the first); out: its id. An id is not given
 *	again before a million others were.
 * @name: empty for a queue without a name
 * @kind: enum kmq_kind
 * @policy: enum kmq_policy
 * @lifetime: enum kmq_lifetime
 * @capacity: messages
 * @inline_size: bytes
 * @max_message: bytes
 * @mode: as created or as set since (<linux/kmq_netlink.h>)
 * @uid: owner, likewise, in the caller's user namespace
 * @gid: group, likewise, in the caller's user namespace
 * @byte_limit: bytes
 * @bytes: of bodies queued and leased now
 * @sent: messages accepted, ever
 * @received: messages taken for good by a reader
 * @queued: messages waiting now
 * @leased: messages out on a lease now
 * @dropped: messages dropped by policy
 * @purged: messages purged, or withdrawn by a caller that gave up
 * @returned: leases that ended by NACK or by their descriptor's end
 * @rejected: sends refused with EAGAIN or ETIMEDOUT because it was full
 * @calls: requests accepted by KMQ_IOC_CALL
 * @replies: replies delivered by KMQ_IOC_REPLY
 * @peak: most messages queued and leased at a time
 * @blocked_senders: tasks asleep for room now (ring: at either door)
 * @blocked_receivers: tasks asleep for a message now (likewise)
 * @blocked_callers: tasks asleep for a reply now
 * @descriptors: open file descriptions now (ring: attachments, too)
 * @created: CLOCK_MONOTONIC, ns
 * @abandoned: ring: records given up by their producer (or its death) and passed
 * @ring_mode: ring: enum kmq_ring_mode
 * @attachments: ring: parties that have it mapped, or may map it
 * @ring_flags: ring: KMQ_RING_BROKEN of <linux/kmq_ring.h>, or 0
 * @deaths: ring: attachments that ended while they held something
 * @reserved: zero
 *
 * The ledger: sent = received + queued + leased + dropped + purged + abandoned,
 * always. Of a ring: @capacity, @inline_size and @peak are 0, @byte_limit is the
 * size of its data and @bytes what is taken of it, headers included; what is
 * reserved and not yet committed is sent and queued; with KMQ_RING_BROADCAST
 * @received and @purged are 0, @queued is what a new reader could still have, and
 * @dropped what was overwritten. Of a broken ring the ledger may be all zeros.
 */
struct kmq_info {
	__u32 id;
	char name[KMQ_NAME_SIZE];
	__u32 kind;
	__u32 policy;
	__u32 lifetime;
	__u32 capacity;
	__u32 inline_size;
	__u32 max_message;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__u32 blocked_senders;
	__u32 blocked_receivers;
	__u32 blocked_callers;
	__u32 descriptors;
	__aligned_u64 byte_limit;
	__aligned_u64 bytes;
	__aligned_u64 sent;
	__aligned_u64 received;
	__aligned_u64 queued;
	__aligned_u64 leased;
	__aligned_u64 dropped;
	__aligned_u64 purged;
	__aligned_u64 returned;
	__aligned_u64 rejected;
	__aligned_u64 calls;
	__aligned_u64 replies;
	__aligned_u64 peak;
	__aligned_u64 created;
	__aligned_u64 abandoned;
	__u32 ring_mode;
	__u32 attachments;
	__u32 ring_flags;
	__u32 deaths;
	__aligned_u64 reserved[1];
};

/* Flags of struct kmq_message, out. */
#define KMQ_MESSAGE_TRUNCATED	(1u << 0) /* the body was cut to the room */
#define KMQ_MESSAGE_CALL	(1u << 1) /* a caller waits for KMQ_IOC_REPLY */
/* Ring: since this descriptor was told last, a party died holding something. */
#define KMQ_MESSAGE_OWNER_DIED	(1u << 2)
/* Ring: it was claimed before by a consumer that died. */
#define KMQ_MESSAGE_REDELIVERED	(1u << 3)

/**
 * struct kmq_message - one message and what the kernel knows of it
 * @body: pointer to the bytes; may be 0 if @size is 0
 * @size: send: bytes. Receive: in: room at @body; out: bytes there now, never
 *	more than the room, so that a struct used again promises no more room
 *	than there is
 * @flags: send: zero. Receive: out: KMQ_MESSAGE_*
 * @type: send: 1 or more. Receive: out
 * @priority: send: 0 to KMQ_PRIORITY_MAX. Receive: out
 * @redeliveries: receive: out: how often it was leased before and came back
 * @sequence: out: position among all messages this queue accepted, from 1
 *	(dropped ones have one, so that a gap tells of them);
 *	names the message in ACK, NACK and REPLY. REPLY: in: of the request.
 * @time: receive: out: when it was accepted, CLOCK_MONOTONIC, ns
 * @lost: receive: out: messages dropped by policy since the last receive by
 *	ioctl on this queue that told this number; 0 when peeked
 * @pid: receive: out: sender's process id in the reader's pid namespace; 0
 *	when it is not visible there
 * @uid: receive: out: sender's effective uid in the reader's user namespace
 * @length: receive: out: the full length, above @size when it was truncated
 * @reserved: must be zero
 *
 * What is marked out only is not read on the way in.
 */
struct kmq_message {
	__aligned_u64 body;
	__u32 size;
	__u32 flags;
	__aligned_s64 type;
	__u32 priority;
	__u32 redeliveries;
	__aligned_u64 sequence;
	__aligned_u64 time;
	__aligned_u64 lost;
	__s32 pid;
	__u32 uid;
	__u32 length;
	__u32 reserved;
};

/* Flags of struct kmq_transfer, kmq_batch, kmq_call and kmq_short. */
#define KMQ_DONTWAIT	(1u << 0) /* EAGAIN rather than sleep */
#define KMQ_TRUNCATE	(1u << 1) /* receive: cut what is longer than the room */
#define KMQ_PEEK	(1u << 2) /* receive: copy it and leave it queued */
#define KMQ_LEASE	(1u << 3) /* receive: keep it until ACK or NACK */
/* Flags of struct kmq_short alone. */
/*
 * A handler ends the sleep with EINTR whatever SA_RESTART says. What stops and
 * continues the task goes unnoticed.
 */
#define KMQ_NO_RESTART	(1u << 4)
/* @deadline is of CLOCK_REALTIME, and moves as that clock is set. */
#define KMQ_REALTIME	(1u << 5)
/*
 * A __s64 (__s32) stands at @body before the bytes, and @size does not count it:
 * PUT reads the type of the message from it, TAKE writes it there. One of them
 * at a time.
 */
#define KMQ_HEAD_TYPE	(1u << 6)
#define KMQ_HEAD_TYPE32	(1u << 7)
/* TAKE: EMSGSIZE unless @size is max_message at least, whatever is queued. */
#define KMQ_WHOLE_ROOM	(1u << 8)

/* Which message a receive may take; among those, order decides. */
enum kmq_select {
	KMQ_SELECT_FILTER	= 0,	/* as the descriptor's filter says */
	KMQ_SELECT_ANY		= 1,
	KMQ_SELECT_EQUAL	= 2,	/* type == select_type */
	KMQ_SELECT_NOT_EQUAL	= 3,	/* type != select_type */
	KMQ_SELECT_LOWEST	= 4,	/* the lowest type <= select_type */
	/*
	 * The one with select_type others before it in delivery order; 0 or
	 * more. TAKE with PEEK alone.
	 */
	KMQ_SELECT_POSITION	= 5,
};

/**
 * struct kmq_transfer - KMQ_IOC_SEND, KMQ_IOC_RECEIVE, KMQ_IOC_REPLY
 * @deadline: absolute CLOCK_MONOTONIC in ns after which the call gives up with
 *	ETIMEDOUT; 0 for none. It holds across restarts by signals.
 * @flags: send: KMQ_DONTWAIT. Receive: all (PEEK and LEASE exclude each
 *	other; PEEK never sleeps: EAGAIN). Reply: zero.
 * @select: receive: enum kmq_select; send and reply: zero
 * @select_type: receive: 1 or more with EQUAL, NOT_EQUAL, LOWEST; else zero
 * @message: the message
 *
 * SEND writes back @message.sequence (0 if policy dropped it at once).
 * REPLY hands @message to the caller that waits under @message.sequence, whose
 * request must have been received (ESRCH); its @deadline must be zero.
 * EMSGSIZE there: longer than that caller has room for, who goes on waiting.
 */
struct kmq_transfer {
	__aligned_u64 deadline;
	__u32 flags;
	__u32 select;
	__aligned_s64 select_type;
	struct kmq_message message;
};

/**
 * struct kmq_batch - KMQ_IOC_SEND_BATCH, KMQ_IOC_RECEIVE_BATCH
 * @deadline: as in struct kmq_transfer
 * @flags: as in struct kmq_transfer
 * @select: as in struct kmq_transfer
 * @select_type: as in struct kmq_transfer
 * @messages: pointer to an array of struct kmq_message
 * @count: elements of it, 1 to KMQ_BATCH_MAX
 * @reserved: must be zero
 *
 * Sleeps, if it must, for the first message only, then moves what can be moved
 * at once. Returns how many messages were sent or received, in array order;
 * an error is returned only if that is none (an error at a later message ends
 * the batch before it, and meets the next call). The sequence of messages sent
 * is not written back. Peeking does not go in delivery order but by type, then
 * priority, then arrival.
 */
struct kmq_batch {
	__aligned_u64 deadline;
	__u32 flags;
	__u32 select;
	__aligned_s64 select_type;
	__aligned_u64 messages;
	__u32 count;
	__u32 reserved;
};

/**
 * struct kmq_call - KMQ_IOC_CALL: send a request and sleep until its reply
 * @deadline: for both halves; 0 for none
 * @flags: KMQ_DONTWAIT (for room; the reply is waited for all the same),
 *	KMQ_TRUNCATE (of the reply)
 * @reserved: must be zero
 * @request: as for KMQ_IOC_SEND
 * @reply: as for KMQ_IOC_RECEIVE
 *
 * Needs a descriptor open for reading and writing. A signal before the request
 * was accepted restarts the call as SA_RESTART asks; later it ends it with EINTR
 * (any signal that is not ignored, whatever SA_RESTART says, and being stopped
 * and continued). Until the call returns the bytes at @reply.body are its own,
 * and may be written as they were. A request still unread when its caller gives
 * up is withdrawn. A receiver that dies with the request leased puts it back for
 * another; one that took it for good and never answers leaves the caller to its
 * deadline.
 */
struct kmq_call {
	__aligned_u64 deadline;
	__u32 flags;
	__u32 reserved;
	struct kmq_message request;
	struct kmq_message reply;
};

/**
 * struct kmq_settle - KMQ_IOC_ACK, KMQ_IOC_NACK
 * @sequence: of a message leased by this descriptor (ESRCH)
 * @flags: must be zero
 * @reserved: must be zero
 *
 * ACK ends the lease and the message. NACK, like the end of the descriptor,
 * puts it back at its place in the order with its redeliveries raised.
 */
struct kmq_settle {
	__aligned_u64 sequence;
	__u32 flags;
	__u32 reserved;
};

/* Flags of struct kmq_descriptor. */
#define KMQ_DESCRIPTOR_TRUNCATE	(1u << 0) /* read() cuts instead of EMSGSIZE */

/**
 * struct kmq_descriptor - KMQ_IOC_SET_DESCRIPTOR, KMQ_IOC_GET_DESCRIPTOR
 * @flags: KMQ_DESCRIPTOR_*
 * @select: filter of this open file description: enum kmq_select but FILTER
 *	(which stands for ANY)
 * @select_type: 1 or more with EQUAL, NOT_EQUAL, LOWEST; else zero
 * @last_size: get: full length of the message that read() took last; set: zero
 * @leases: get: messages leased by it; set: zero
 * @reserved: must be zero
 *
 * The filter rules read(), poll() and receives with KMQ_SELECT_FILTER.
 */
struct kmq_descriptor {
	__u32 flags;
	__u32 select;
	__aligned_s64 select_type;
	__u32 last_size;
	__u32 leases;
	__aligned_u64 reserved[2];
};

/* Flags of struct kmq_resize. */
/* 0 is meant, in both, and byte_limit may be below max_message. */
#define KMQ_RESIZE_EXACT	(1u << 0)

/**
 * struct kmq_resize - KMQ_IOC_RESIZE
 * @capacity: messages, 1 to KMQ_CAPACITY_MAX; 0 keeps it
 * @flags: KMQ_RESIZE_*
 * @byte_limit: bytes, at least max_message (EINVAL); 0 keeps it
 * @reserved: must be zero
 *
 * Nothing queued is lost by it: a queue that holds more than its new limits
 * takes no more until it has drained, or as its policy drops. What it holds
 * beyond them stays charged until the next resize or its end. Needs the owner or
 * CAP_SYS_ADMIN (EPERM).
 */
struct kmq_resize {
	__u32 capacity;
	__u32 flags;
	__aligned_u64 byte_limit;
	__aligned_u64 reserved[2];
};

/**
 * struct kmq_purge - KMQ_IOC_PURGE
 * @select: enum kmq_select but FILTER (which stands for ANY)
 * @flags: must be zero
 * @select_type: 1 or more with EQUAL, NOT_EQUAL, LOWEST; else zero
 * @purged: out: how many messages were thrown away
 *
 * Throws away the queued messages that are selected (LOWEST: all with a type
 * at or below select_type). Leases stay. Needs a descriptor open for reading.
 */
struct kmq_purge {
	__u32 select;
	__u32 flags;
	__aligned_s64 select_type;
	__aligned_u64 purged;
};

/**
 * struct kmq_short - KMQ_IOC_PUT, KMQ_IOC_TAKE, KMQ_HUB_PUT, KMQ_HUB_TAKE: one
 *	message with what most callers know of it, and no more
 * @body: pointer to the head, if there is one, then the bytes
 * @size: PUT: bytes. TAKE: room
 * @flags: PUT: DONTWAIT, NO_RESTART, REALTIME, HEAD_TYPE, HEAD_TYPE32. TAKE:
 *	these, TRUNCATE, PEEK and WHOLE_ROOM (not LEASE, which needs a sequence
 *	to end it by)
 * @type: PUT: of the message, 1 or more; 0 with a head. TAKE: select_type
 * @priority: PUT: of the message. TAKE: pointer to a __u32 that gets it, or 0
 * @deadline: as in struct kmq_transfer
 * @id: of the queue, on the hub; else zero
 * @select: TAKE: enum kmq_select (on the hub FILTER stands for ANY). PUT: zero
 *
 * It is not written to. PUT returns 0, TAKE the number of bytes at @body, and
 * errors as SEND and RECEIVE do. A TAKE that meets a bad address leaves the
 * message in the queue. A ring takes no head and no POSITION (EOPNOTSUPP).
 */
struct kmq_short {
	__aligned_u64 body;
	__u32 size;
	__u32 flags;
	__aligned_s64 type;
	__aligned_u64 priority;
	__aligned_u64 deadline;
	__u32 id;
	__u32 select;
};

enum kmq_notify_operation {
	KMQ_NOTIFY_ADD		= 0,	/* EBUSY: there is one */
	KMQ_NOTIFY_DROP		= 1,	/* the caller's process's, if it is */
	KMQ_NOTIFY_WAIT		= 2,	/* sleep until it has ended */
};

enum kmq_notify_outcome {
	KMQ_NOTIFY_ARRIVED	= 0,	/* a message came into an empty queue */
	KMQ_NOTIFY_ENDED	= 1,	/* dropped, closed or removed */
	KMQ_NOTIFY_SIGNALLED	= 2,	/* as ARRIVED, and the signal was sent */
};

/* Flags of struct kmq_notify, with ADD. */
#define KMQ_NOTIFY_SILENT	(1u << 0) /* it holds the place; no WAIT comes */
/*
 * Send the signal @show[1] (1 to 64) with the value @cookie to the process when
 * the message comes, before anybody can take it: SI_MESGQ, @si_pid, @si_uid and
 * all. It goes to a thread that does not block it, is not stopped and does not end.
 * Where there is none, or it cannot be queued (RLIMIT_SIGPENDING), WAIT says ARRIVED:
 * to make it pending for the process is the waiter's then. So not with SILENT.
 */
#define KMQ_NOTIFY_SIGNAL	(1u << 1)

/**
 * struct kmq_notify - KMQ_IOC_NOTIFY: be told once that a message has come into
 *	the empty queue, with no receiver asleep for it
 * @operation: enum kmq_notify_operation
 * @flags: ADD: KMQ_NOTIFY_*; else zero
 * @cookie: ADD: in: the value with KMQ_NOTIFY_SIGNAL, else not looked at; out:
 *	names the registration. WAIT: in. DROP: zero
 * @outcome: WAIT: out: enum kmq_notify_outcome
 * @pid: WAIT: out: who sent the message, in the caller's pid namespace, or 0
 * @uid: WAIT: out: its real uid, in the caller's user namespace
 * @reserved: must be zero
 * @show: ADD: what netlink shows of it (mq_notify(3): method, signal); else zero
 *
 * A queue has one registration at most, and it is a process's. It ends when it
 * is told, by DROP, with the queue, and when the process closes any descriptor
 * of the queue, or ends. Needs no access mode. WAIT is for any thread of the
 * process; ESRCH if the cookie is not of a registration of it that nobody has
 * waited for; it is restarted after a signal as SA_RESTART asks. Of a ring:
 * EOPNOTSUPP.
 */
struct kmq_notify {
	__u32 operation;
	__u32 flags;
	__aligned_u64 cookie;
	__u32 outcome;
	__s32 pid;
	__u32 uid;
	__u32 reserved;
	__aligned_u64 show[2];
};

/*
 * The hub. A queue made through it has no node and no name but a key in a space,
 * or no key at all, and is of KMQ_KIND_MESSAGE. Who may do what is asked at each
 * call, of the caller as it is then: the owner and the creator have the first
 * three bits of the mode, the members of either's group the next, all others the
 * last; CAP_IPC_OWNER has all. That is how System V's queues do it, and so a
 * change of the mode is felt by who sleeps in the queue, too.
 *
 * Keys are the same for all namespaces of IPC. ENOENT on the hub: there is no
 * queue of this id or key. Its O_NONBLOCK means nothing: a descriptor that many
 * share, and inherit, leaves it to each call (KMQ_DONTWAIT).
 */
#define KMQ_SPACE_SYSV		1u	/* the key is a key_t */
#define KMQ_SPACE_POSIX		2u	/* the key is the name without its slash */
#define KMQ_SPACE_MAX		15u	/* 3 and more are free for others */
#define KMQ_KEY_MAX		255u	/* bytes */

/* Flags of struct kmq_hub_open. */
/* Make it if there is none. */
#define KMQ_HUB_CREATE		(1u << 0)
/* Return a descriptor of it (O_CLOEXEC), open for what the next two say. */
#define KMQ_HUB_DESCRIPTOR	(1u << 1)
#define KMQ_HUB_READ		(1u << 2)
#define KMQ_HUB_WRITE		(1u << 3)
/* @create.mode is less the caller's umask. */
#define KMQ_HUB_UMASK		(1u << 4)
/*
 * With DESCRIPTOR: messages go by its ioctls alone. write() is EINVAL; read() tells
 * how full the queue is and who is to be notified of what was said in @show, as a
 * file with a position: "QSIZE:bytes NOTIFY:show[0] SIGNO:show[1] NOTIFY_PID:pid" and
 * a newline, and then its end.
 */
#define KMQ_HUB_CALLS		(1u << 5)

/* Which limit EDQUOT is about. */
enum kmq_refused {
	KMQ_REFUSED_QUEUES	= 1,	/* @most_queues, or the module's */
	KMQ_REFUSED_WEIGHT	= 2,	/* @most_weight */
	KMQ_REFUSED_QUOTA	= 3,	/* the module's, of a user's memory */
};

/**
 * struct kmq_hub_open - KMQ_HUB_OPEN: find a queue by its key, or make one
 * @space: 1 to KMQ_SPACE_MAX
 * @flags: KMQ_HUB_*
 * @key: pointer to the key
 * @key_size: bytes, at most KMQ_KEY_MAX. 0: without a key: always a new one,
 *	which its id alone finds (ENOENT without CREATE)
 * @need: of a queue that exists, bits that its mode must grant: 4 read, 2
 *	write, 1 execute (EACCES); READ and WRITE need theirs besides
 * @id: out: of the queue
 * @refused: out, with EDQUOT: enum kmq_refused
 * @most_queues: EDQUOT if the space has that many; 0: the module's limits only
 * @reserved32: must be zero
 * @weight: what the new queue weighs, as the caller reckons
 * @most_weight: EDQUOT if all of this space that the caller's real user made
 *	would weigh more; 0: it is not looked at
 * @reserved: must be zero
 * @create: with CREATE, as for KMQ_CTL_CREATE: KMQ_KIND_MESSAGE, without a name,
 *	PERSISTENT; of its flags EXCLUSIVE, EXACT, OVERTAKE, and NONBLOCK with
 *	DESCRIPTOR. Not written back; not looked at if the queue exists, but for
 *	EXCLUSIVE (EEXIST) and NONBLOCK. Without CREATE zero but NONBLOCK
 *
 * Needs no access mode of the hub's descriptor. Returns a descriptor with
 * KMQ_HUB_DESCRIPTOR, else 0.
 */
struct kmq_hub_open {
	__u32 space;
	__u32 flags;
	__aligned_u64 key;
	__u32 key_size;
	__u32 need;
	__u32 id;
	__u32 refused;
	__u32 most_queues;
	__u32 reserved32;
	__aligned_u64 weight;
	__aligned_u64 most_weight;
	__aligned_u64 reserved[2];
	struct kmq_create create;
};

/* Flags of struct kmq_hub_stat. */
#define KMQ_HUB_INDEX	(1u << 0) /* by index in the space, not by id */
#define KMQ_HUB_ANY	(1u << 1) /* no read permission is wanted */
#define KMQ_HUB_TOTALS	(1u << 2) /* of the whole space; needs no permission */

/**
 * struct kmq_hub_stat - KMQ_HUB_STAT
 * @id: in: of the queue, without INDEX and TOTALS. Out
 * @flags: KMQ_HUB_INDEX or TOTALS or neither, KMQ_HUB_ANY
 * @space: in: with INDEX and TOTALS, else zero. Out
 * @key_size: in: zero. Out: bytes of the key; 0: it has none
 * @key: pointer to KMQ_KEY_MAX bytes that get the key, or 0
 * @creator_uid: out, of the creator, in the caller's user namespace
 * @creator_gid: out, likewise
 * @last_sender: out: process of the last send, in the caller's pid namespace; 0
 *	if none, or not to be seen there
 * @last_receiver: out: likewise of the last receive, though it met a bad address
 * @notify_pid: out: who is to be notified, likewise
 * @index: in: with INDEX that of the queue (EINVAL if none has it), else zero. A
 *	queue keeps its index as long as it lives: the lowest that no other of its
 *	space had when it was made, from 0. Out: with TOTALS: how many queues the
 *	space has; else as it was
 * @last_send: out: CLOCK_REALTIME, s; 0: never
 * @last_receive: out: likewise
 * @last_change: out: of the creation or the last SET, likewise
 * @highest: in: zero. Out: with TOTALS: the highest index that a queue of the
 *	space has, 0 if there is none; else zero
 * @reserved32: must be zero
 * @reserved: must be zero
 * @info: out. With TOTALS: @queued and @bytes are sums over the space
 */
struct kmq_hub_stat {
	__u32 id;
	__u32 flags;
	__u32 space;
	__u32 key_size;
	__aligned_u64 key;
	__u32 creator_uid;
	__u32 creator_gid;
	__s32 last_sender;
	__s32 last_receiver;
	__s32 notify_pid;
	__u32 index;
	__aligned_u64 last_send;
	__aligned_u64 last_receive;
	__aligned_u64 last_change;
	__u32 highest;
	__u32 reserved32;
	__aligned_u64 reserved[2];
	struct kmq_info info;
};

/* What KMQ_HUB_SET sets. */
#define KMQ_HUB_SET_OWNER	(1u << 0)
#define KMQ_HUB_SET_MODE	(1u << 1)
#define KMQ_HUB_SET_CAPACITY	(1u << 2)
#define KMQ_HUB_SET_BYTES	(1u << 3)

/**
 * struct kmq_hub_set - KMQ_HUB_SET
 * @id: of the queue
 * @what: KMQ_HUB_SET_*
 * @uid: owner, in the caller's user namespace (EINVAL if it maps nothing)
 * @gid: group, likewise
 * @mode: at most 0777
 * @capacity: as KMQ_RESIZE_EXACT has it; what is not set must be zero
 * @byte_limit: likewise
 * @reserved: must be zero
 *
 * All or none. Needs the owner, the creator or CAP_SYS_ADMIN (EPERM), and no
 * CAP_CHOWN: to give a queue away is what System V lets its owner do. Those
 * asleep in the queue are asked again whether they may: receivers at once,
 * senders when their message would fit (EACCES), and who is asked again loses his
 * place among those asleep. A call that was judged just before may still be done.
 */
struct kmq_hub_set {
	__u32 id;
	__u32 what;
	__u32 uid;
	__u32 gid;
	__u32 mode;
	__u32 capacity;
	__aligned_u64 byte_limit;
	__aligned_u64 reserved[2];
};

/**
 * struct kmq_hub_remove - KMQ_HUB_REMOVE
 * @id: of the queue, or 0: by its key
 * @space: with @key; else zero
 * @key: pointer to the key
 * @key_size: bytes
 * @flags: KMQ_REMOVE_*
 *
 * Needs the owner, the creator or CAP_SYS_ADMIN (EPERM).
 */
struct kmq_hub_remove {
	__u32 id;
	__u32 space;
	__aligned_u64 key;
	__u32 key_size;
	__u32 flags;
};

#define KMQ_IOC_MAGIC		0xBC

/* On /dev/kmq/control. */
#define KMQ_CTL_FEATURES	_IOWR(KMQ_IOC_MAGIC, 0x00, struct kmq_features)
#define KMQ_CTL_CREATE		_IOWR(KMQ_IOC_MAGIC, 0x01, struct kmq_create)
#define KMQ_CTL_REMOVE		_IOW(KMQ_IOC_MAGIC, 0x02, struct kmq_remove)
#define KMQ_CTL_NEXT		_IOWR(KMQ_IOC_MAGIC, 0x03, struct kmq_info)

/*
 * On a queue. FIONREAD (int, out) works too: the length of the message that
 * read() would take now, 0 if there is none; it needs a descriptor open for
 * reading. SEND and SEND_BATCH need one open for writing; RECEIVE,
 * RECEIVE_BATCH, ACK, NACK, REPLY and PURGE for reading; CALL for both (EBADF).
 * PUT is as SEND, TAKE as RECEIVE.
 */
#define KMQ_IOC_SEND		_IOWR(KMQ_IOC_MAGIC, 0x20, struct kmq_transfer)
#define KMQ_IOC_RECEIVE		_IOWR(KMQ_IOC_MAGIC, 0x21, struct kmq_transfer)
#define KMQ_IOC_SEND_BATCH	_IOW(KMQ_IOC_MAGIC, 0x22, struct kmq_batch)
#define KMQ_IOC_RECEIVE_BATCH	_IOW(KMQ_IOC_MAGIC, 0x23, struct kmq_batch)
#define KMQ_IOC_ACK		_IOW(KMQ_IOC_MAGIC, 0x24, struct kmq_settle)
#define KMQ_IOC_NACK		_IOW(KMQ_IOC_MAGIC, 0x25, struct kmq_settle)
#define KMQ_IOC_CALL		_IOWR(KMQ_IOC_MAGIC, 0x26, struct kmq_call)
#define KMQ_IOC_REPLY		_IOW(KMQ_IOC_MAGIC, 0x27, struct kmq_transfer)
#define KMQ_IOC_INFO		_IOR(KMQ_IOC_MAGIC, 0x28, struct kmq_info)
#define KMQ_IOC_PURGE		_IOWR(KMQ_IOC_MAGIC, 0x29, struct kmq_purge)
#define KMQ_IOC_RESIZE		_IOW(KMQ_IOC_MAGIC, 0x2a, struct kmq_resize)
#define KMQ_IOC_SET_DESCRIPTOR	_IOW(KMQ_IOC_MAGIC, 0x2b, struct kmq_descriptor)
#define KMQ_IOC_GET_DESCRIPTOR	_IOR(KMQ_IOC_MAGIC, 0x2c, struct kmq_descriptor)
#define KMQ_IOC_PUT		_IOW(KMQ_IOC_MAGIC, 0x2d, struct kmq_short)
#define KMQ_IOC_TAKE		_IOW(KMQ_IOC_MAGIC, 0x2e, struct kmq_short)
#define KMQ_IOC_NOTIFY		_IOWR(KMQ_IOC_MAGIC, 0x2f, struct kmq_notify)

/*
 * On /dev/kmq/.hub, which answers none of these with ENOTTY or EBADF: by those
 * a program knows that its number is another file's by now.
 */
#define KMQ_HUB_OPEN		_IOWR(KMQ_IOC_MAGIC, 0x50, struct kmq_hub_open)
#define KMQ_HUB_PUT		_IOW(KMQ_IOC_MAGIC, 0x51, struct kmq_short)
#define KMQ_HUB_TAKE		_IOW(KMQ_IOC_MAGIC, 0x52, struct kmq_short)
#define KMQ_HUB_STAT		_IOWR(KMQ_IOC_MAGIC, 0x53, struct kmq_hub_stat)
#define KMQ_HUB_SET		_IOW(KMQ_IOC_MAGIC, 0x54, struct kmq_hub_set)
#define KMQ_HUB_REMOVE		_IOW(KMQ_IOC_MAGIC, 0x55, struct kmq_hub_remove)

#endif /* _UAPI_LINUX_KMQ_H */
