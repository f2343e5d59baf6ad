/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kmq: message queues behind character devices. The C library.
 *
 * Link with -lkmq. Overview in kmq(7); the system calls below in kmq(4) and in
 * <linux/kmq.h>, whose constants and plain structs (struct kmq_info,
 * struct kmq_features, struct kmq_message, struct kmq_descriptor, the enums)
 * are used here as they are.
 *
 * Conventions
 *	A queue is a file descriptor: poll, epoll, dup, fork, SCM_RIGHTS,
 *	fcntl(O_NONBLOCK), read, write and close work on it as on any other.
 *
 *	Functions return 0, or what they say, or -1 with errno set. On failure
 *	nothing was sent, taken or changed, and out parameters are untouched,
 *	unless the function says otherwise.
 *
 *	The verb tells whether the call sleeps:
 *		kmq_send()		sleeps until it can
 *		kmq_try_send()		never sleeps: EAGAIN
 *		kmq_send_until()	sleeps until a deadline: ETIMEDOUT
 *	and so for receive, lease and the batches. On a descriptor with
 *	O_NONBLOCK no send, receive or lease sleeps: EAGAIN.
 *
 *	A deadline is a time of CLOCK_MONOTONIC, never a duration, so that a
 *	call which a signal interrupts can be made again as it is;
 *	kmq_deadline_in() makes one. NULL means none. One that has passed lets
 *	a call succeed that need not sleep. Not a valid time: EINVAL.
 *
 *	Nothing here allocates memory, keeps state, takes a lock or writes to
 *	a terminal: every function may be called from any thread, after fork
 *	and in a signal handler.
 *
 * Errors of every call on a queue, not repeated below:
 *	EBADF	   not a descriptor, or not open for what the call does
 *	ENOTTY	   not a queue
 *	EIDRM	   the queue was removed, before the call or under it (not
 *		   kmq_get_filter() and kmq_get_descriptor(), which work)
 *	EFAULT	   bad address; no message was lost or doubled
 *	EINVAL	   a value out of its range
 * of every call that sleeps:
 *	EINTR	   a signal handler without SA_RESTART ran; see also kmq_call()
 *	EAGAIN	   the descriptor has O_NONBLOCK and the call would sleep
 * and of every call by name or on the control device:
 *	ENOENT, ENXIO	the module is not loaded
 *	EACCES, EMFILE, ENFILE	as open(2) of /dev/kmq/control
 */
#ifndef KMQ_H
#define KMQ_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include <linux/kmq.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of the library; the module's is struct kmq_features.abi_version. */
#define KMQ_LIBRARY_MAJOR	0
#define KMQ_LIBRARY_MINOR	1

#define KMQ_DIRECTORY		"/dev/kmq"
#define KMQ_CONTROL_NAME	"control"

/*
 * With a 32-bit glibc, time_t has two sizes (_TIME_BITS), and so has struct
 * timespec. The library has both, under two names; this picks the caller's.
 */
#if defined(__USE_TIME_BITS64) && defined(__TIMESIZE) && __TIMESIZE == 32
#define KMQ_TIME64(name) __asm__(#name "_time64")
#else
#define KMQ_TIME64(name)
#endif

/* The pointer is kept and not followed: it may be to what is filled in later. */
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#define KMQ_NOT_FOLLOWED(argument) __attribute__((access(none, argument)))
#else
#define KMQ_NOT_FOLLOWED(argument)
#endif

/* ------------------------------------------------------------------------
 * Messages
 */

/**
 * struct kmq_msg - one message, as the calls for single messages see it
 * @data: the bytes. Not owned by the library. May be NULL if there are none.
 * @room: receive, in: bytes that fit at @data
 * @size: send, in: bytes at @data. Receive, out: length of the message, which
 *	is more than @room if it was truncated
 * @type: send, in: 1 or more. Receive, out
 * @priority: send, in: 0 (lowest) to KMQ_PRIORITY_MAX. Receive, out
 * @flags: receive, out: KMQ_MESSAGE_TRUNCATED, KMQ_MESSAGE_CALL
 * @sequence: out: its number in the queue, from 1. It names the message in
 *	kmq_ack(), kmq_nack() and kmq_reply(). 0 after a send of a message
 *	that the policy dropped at once.
 * @time: receive, out: when the queue accepted it, CLOCK_MONOTONIC in ns
 * @lost: receive, out: messages dropped by policy since the last receive that
 *	told this number; after a peek 0
 * @redeliveries: receive, out: how often it was leased and came back
 * @pid: receive, out: sender's process, also if it has died; 0 if not visible
 *	here
 * @uid: receive, out: sender's effective user
 * @reserved: zero
 *
 * Make one with kmq_msg_from() or kmq_msg_into(), or with zeroes and
 * designated initializers. A receive never changes @data and @room, so one
 * struct serves for any number of calls.
 */
struct kmq_msg {
	void *data;
	size_t room;
	size_t size;
	int64_t type;
	uint32_t priority;
	uint32_t flags;
	uint64_t sequence;
	uint64_t time;
	uint64_t lost;
	uint32_t redeliveries;
	pid_t pid;
	uid_t uid;
	uint32_t reserved[3];
};

/**
 * struct kmq_selection - which messages a call may take
 * @select: enum kmq_select
 * @type: 1 or more with KMQ_SELECT_EQUAL, KMQ_SELECT_NOT_EQUAL and
 *	KMQ_SELECT_LOWEST; else 0
 *
 * Where a pointer to one is asked for, NULL stands for KMQ_SELECT_FILTER: as
 * the filter of the descriptor says, which at first admits everything.
 */
struct kmq_selection {
	uint32_t select;
	int64_t type;
};

/** kmq_msg_from() - a message of @type with @size bytes at @data, to send */
KMQ_NOT_FOLLOWED(2)
static inline struct kmq_msg kmq_msg_from(int64_t type, const void *data, size_t size)
{
	struct kmq_msg msg;

	__builtin_memset(&msg, 0, sizeof(msg));
	msg.data = (void *)(uintptr_t)data;
	msg.size = size;
	msg.type = type;
	return msg;
}

/** kmq_msg_into() - a message to receive into the @room bytes at @buffer */
static inline struct kmq_msg kmq_msg_into(void *buffer, size_t room)
{
	struct kmq_msg msg;

	__builtin_memset(&msg, 0, sizeof(msg));
	msg.data = buffer;
	msg.room = room;
	return msg;
}

/** kmq_select_type() - only messages of @type */
static inline struct kmq_selection kmq_select_type(int64_t type)
{
	struct kmq_selection which = { KMQ_SELECT_EQUAL, type };

	return which;
}

/** kmq_deadline_in() - the time @ms milliseconds from now; may be negative */
static inline struct timespec kmq_deadline_in(int64_t ms)
{
	struct timespec at;
	int64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &at);
	ns = at.tv_nsec + ms % 1000 * 1000000;
	at.tv_sec += (time_t)(ms / 1000 + ns / 1000000000);
	ns %= 1000000000;
	if (ns < 0) {
		ns += 1000000000;
		at.tv_sec -= 1;
	}
	at.tv_nsec = (long)ns;
	return at;
}

/* ------------------------------------------------------------------------
 * Queues
 */

/**
 * struct kmq_create_options - what a new queue is to be like
 * @version: KMQ_CREATE_OPTIONS_VERSION, set by KMQ_CREATE_OPTIONS_INIT
 * @flags: KMQ_CREATE_EXCLUSIVE, KMQ_CREATE_OWNER, KMQ_CREATE_EXACT,
 *	KMQ_CREATE_OVERTAKE; and KMQ_CREATE_NONBLOCK for the calls that return a
 *	descriptor
 * @kind: enum kmq_kind
 * @policy: enum kmq_policy
 * @lifetime: enum kmq_lifetime
 * @capacity: messages; 0 for KMQ_CAPACITY_DEFAULT
 * @inline_size: bytes; 0 for KMQ_INLINE_DEFAULT
 * @max_message: bytes; 0 for KMQ_MESSAGE_DEFAULT
 * @byte_limit: bytes; 0 for @capacity * @max_message, at most 16 MiB
 * @mode: permission bits of the node; 0 for KMQ_MODE_DEFAULT
 * @uid: owner of the node, with KMQ_CREATE_OWNER
 * @gid: group of the node, with KMQ_CREATE_OWNER
 * @ring_mode: enum kmq_ring_mode, of KMQ_KIND_RING; else 0
 * @slots: messages whose room is taken at once, at most @capacity; 0 for all
 * @reserved: zero
 *
 * The meaning of each is that of struct kmq_create in <linux/kmq.h>. Start
 * from KMQ_CREATE_OPTIONS_INIT, which asks for the defaults and says which
 * members this program was compiled with: a library with more of them takes
 * the missing ones as defaulted.
 */
struct kmq_create_options {
	uint32_t version;
	uint32_t flags;
	uint32_t kind;
	uint32_t policy;
	uint32_t lifetime;
	uint32_t capacity;
	uint32_t inline_size;
	uint32_t max_message;
	uint64_t byte_limit;
	uint32_t mode;
	uid_t uid;
	gid_t gid;
	uint32_t ring_mode;
	uint32_t slots;		/* since version 2 */
	uint32_t reserved;	/* likewise */
};

#define KMQ_CREATE_OPTIONS_VERSION	2
#define KMQ_CREATE_OPTIONS_INIT \
	{ KMQ_CREATE_OPTIONS_VERSION, 0, KMQ_KIND_MESSAGE, KMQ_POLICY_BLOCK, \
	  KMQ_LIFETIME_PERSISTENT, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * kmq_create() - create a queue with a name
 * @name: 1 to 31 of [A-Za-z0-9._-], not starting with a dot, not "control"
 * @options: NULL for the defaults
 *
 * Makes the queue and its node, /dev/kmq/@name, and does not open it. If the
 * name exists already it stays as it is and the call succeeds, unless
 * @options->flags has KMQ_CREATE_EXCLUSIVE.
 *
 * Return: 0. EEXIST: the name exists (exclusive). EINVAL: bad name or option.
 * EOPNOTSUPP: the module does not have this kind. EPERM: KMQ_CREATE_OWNER for
 * someone else, without CAP_CHOWN. EDQUOT, ENOMEM: nothing was made.
 */
int kmq_create(const char *name, const struct kmq_create_options *options);

/**
 * kmq_create_open() - create a queue with a name, and open it
 *
 * As kmq_create() with KMQ_CREATE_EXCLUSIVE, but nobody can come between
 * creating and opening.
 *
 * Return: a descriptor, open for reading and writing and close-on-exec, with
 * O_NONBLOCK if asked for; errors as kmq_create().
 */
int kmq_create_open(const char *name, const struct kmq_create_options *options);

/**
 * kmq_create_unnamed() - create a queue that only its descriptor finds
 * @options: NULL for the defaults; KMQ_CREATE_EXCLUSIVE is EINVAL, and the
 *	queue is ephemeral whatever @options->lifetime says
 *
 * To share it: fork, or pass the descriptor over a socket.
 *
 * Return: a descriptor as kmq_create_open(); errors as kmq_create().
 */
int kmq_create_unnamed(const struct kmq_create_options *options);

/**
 * kmq_open() - open a queue by name
 * @name: of the queue
 * @flags: O_RDONLY to receive, O_WRONLY to send or O_RDWR; or'ed with
 *	O_NONBLOCK if wanted. O_CLOEXEC is always set. Others: EINVAL.
 *
 * Return: a descriptor. ENOENT: no such queue, or the module is not loaded.
 * EACCES: the node's mode forbids it. EINVAL: bad name. EMFILE, ENFILE,
 * ENOMEM: as open(2).
 */
int kmq_open(const char *name, int flags);

/**
 * kmq_remove() - remove a queue by name
 *
 * Messages in it are gone, sleepers wake with EIDRM, pollers see
 * POLLHUP|POLLERR.
 *
 * Return: 0. ENOENT: no such queue. EPERM: neither its owner nor
 * CAP_SYS_ADMIN. EINVAL: bad name.
 */
int kmq_remove(const char *name);

/**
 * kmq_open_control() - open /dev/kmq/control, for kmq_next_info()
 *
 * Return: a descriptor, close-on-exec.
 */
int kmq_open_control(void);

/**
 * kmq_features() - what the loaded module can do
 * @features: out
 *
 * Return: 0.
 */
int kmq_features(struct kmq_features *features);

/* ------------------------------------------------------------------------
 * Send and receive
 */

/**
 * kmq_send() - send one message
 * @fd: queue, open for writing
 * @msg: @data, @size, @type and @priority are sent; @sequence is written
 *
 * What a full queue does is its policy: block sleeps, reject fails with
 * EAGAIN, the drop policies succeed.
 *
 * Return: 0. EMSGSIZE: longer than the queue's max_message. EAGAIN: full, and
 * the policy is reject. ENOMEM: no memory for a long body.
 */
int kmq_send(int fd, struct kmq_msg *msg);

/** kmq_try_send() - as kmq_send(), never sleeps. EAGAIN: full */
int kmq_try_send(int fd, struct kmq_msg *msg);

/** kmq_send_until() - as kmq_send(). ETIMEDOUT: full until @deadline */
int kmq_send_until(int fd, struct kmq_msg *msg, const struct timespec *deadline)
	KMQ_TIME64(kmq_send_until);

/**
 * kmq_receive() - take one message
 * @fd: queue, open for reading
 * @msg: @data and @room in; everything else is written
 * @which: messages to choose from; among those the highest priority goes
 *	first, then the oldest. NULL: the descriptor's filter
 * @flags: 0 or KMQ_TRUNCATE: cut the message to @msg->room and throw the rest
 *	away, rather than fail with EMSGSIZE. Others: EINVAL
 *
 * Return: 0; @msg->size is the length. EMSGSIZE: longer than @msg->room; the
 * message stays.
 */
int kmq_receive(int fd, struct kmq_msg *msg, const struct kmq_selection *which,
		unsigned int flags);

/** kmq_try_receive() - as kmq_receive(), never sleeps. EAGAIN: none there */
int kmq_try_receive(int fd, struct kmq_msg *msg, const struct kmq_selection *which,
		    unsigned int flags);

/** kmq_receive_until() - as kmq_receive(). ETIMEDOUT: none until @deadline */
int kmq_receive_until(int fd, struct kmq_msg *msg, const struct kmq_selection *which,
		      unsigned int flags, const struct timespec *deadline)
	KMQ_TIME64(kmq_receive_until);

/**
 * kmq_peek() - as kmq_receive(), but the message stays, and it never sleeps
 *
 * Return: as kmq_try_receive().
 */
int kmq_peek(int fd, struct kmq_msg *msg, const struct kmq_selection *which,
	     unsigned int flags);

/**
 * kmq_next_size() - length of the message that read(2) would take now
 * @fd: queue, open for reading
 *
 * Return: bytes; 0 also if there is none.
 */
ssize_t kmq_next_size(int fd);

/* ------------------------------------------------------------------------
 * Leases
 */

/**
 * kmq_lease() - take one message, to be confirmed
 *
 * As kmq_receive(), but the message stays in the queue's books as leased by
 * this open file description until kmq_ack(). If kmq_nack() comes first, or
 * the last descriptor of it is closed, also by death, it is queued again at
 * its old place, with @redeliveries raised.
 *
 * Return: 0; @msg->sequence names the lease. Errors as kmq_receive().
 */
int kmq_lease(int fd, struct kmq_msg *msg, const struct kmq_selection *which,
	      unsigned int flags);

/** kmq_try_lease() - as kmq_lease(), never sleeps. EAGAIN: none there */
int kmq_try_lease(int fd, struct kmq_msg *msg, const struct kmq_selection *which,
		  unsigned int flags);

/** kmq_lease_until() - as kmq_lease(). ETIMEDOUT: none until @deadline */
int kmq_lease_until(int fd, struct kmq_msg *msg, const struct kmq_selection *which,
		    unsigned int flags, const struct timespec *deadline)
	KMQ_TIME64(kmq_lease_until);

/**
 * kmq_ack() - done with a leased message: it is gone
 *
 * Never sleeps. Return: 0. ESRCH: this descriptor has no such lease.
 */
int kmq_ack(int fd, uint64_t sequence);

/**
 * kmq_nack() - give a leased message back to the queue
 *
 * Never sleeps. Return: 0. ESRCH: this descriptor has no such lease.
 */
int kmq_nack(int fd, uint64_t sequence);

/* ------------------------------------------------------------------------
 * Batches
 *
 * The batch calls exist for speed, so they take the array that the kernel
 * reads, struct kmq_message of <linux/kmq.h>, and nothing is translated. Its
 * body is a pointer kept in 64 bits; set and get it with the functions below.
 * Unlike struct kmq_msg it has one size for the room, before, and for the bytes
 * that came, after: prepare each message with kmq_message_into() before every
 * receive, or it has only as much room as the message before it was long.
 */

/** kmq_message_from() - prepare @m to send @size bytes at @data */
KMQ_NOT_FOLLOWED(3)
static inline void kmq_message_from(struct kmq_message *m, int64_t type,
				    const void *data, size_t size)
{
	__builtin_memset(m, 0, sizeof(*m));
	m->body = (uintptr_t)data;
	/* A length that does not fit stays too long: EMSGSIZE. */
	m->size = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
	m->type = type;
}

/** kmq_message_into() - prepare @m to receive into the @room bytes at @buffer */
static inline void kmq_message_into(struct kmq_message *m, void *buffer, size_t room)
{
	kmq_message_from(m, 0, buffer, room);
}

/** kmq_message_data() - the bytes of @m, as set by one of the above */
static inline void *kmq_message_data(const struct kmq_message *m)
{
	return (void *)(uintptr_t)m->body;
}

/**
 * kmq_send_batch() - send up to @count messages in one call
 * @fd: queue, open for writing
 * @messages: array of them, sent in this order
 * @count: 1 to KMQ_BATCH_MAX
 *
 * Sleeps, if it must, for the first message only; then sends what goes at
 * once. Call again with the rest.
 *
 * Return: how many were sent, 1 to @count. Errors as kmq_send(), for the first
 * message; one at a later message ends the batch before it.
 */
int kmq_send_batch(int fd, const struct kmq_message *messages, unsigned int count);

/** kmq_try_send_batch() - as kmq_send_batch(), never sleeps. EAGAIN: full */
int kmq_try_send_batch(int fd, const struct kmq_message *messages, unsigned int count);

/** kmq_send_batch_until() - as kmq_send_batch(). ETIMEDOUT: @deadline passed */
int kmq_send_batch_until(int fd, const struct kmq_message *messages, unsigned int count,
			 const struct timespec *deadline)
	KMQ_TIME64(kmq_send_batch_until);

/**
 * kmq_receive_batch() - take up to @count messages in one call
 * @fd: queue, open for reading
 * @messages: array of them, each prepared with kmq_message_into()
 * @count: 1 to KMQ_BATCH_MAX
 * @which: as kmq_receive()
 * @flags: as kmq_receive()
 *
 * Sleeps, if it must, for the first message only; then takes what is there.
 *
 * Return: how many were received, 1 to @count. Errors as kmq_receive(), for
 * the first message; one at a later message ends the batch before it.
 */
int kmq_receive_batch(int fd, struct kmq_message *messages, unsigned int count,
		      const struct kmq_selection *which, unsigned int flags);

/** kmq_try_receive_batch() - as kmq_receive_batch(), never sleeps: EAGAIN */
int kmq_try_receive_batch(int fd, struct kmq_message *messages, unsigned int count,
			  const struct kmq_selection *which, unsigned int flags);

/** kmq_receive_batch_until() - as kmq_receive_batch(), or ETIMEDOUT */
int kmq_receive_batch_until(int fd, struct kmq_message *messages, unsigned int count,
			    const struct kmq_selection *which, unsigned int flags,
			    const struct timespec *deadline)
	KMQ_TIME64(kmq_receive_batch_until);

/**
 * kmq_peek_batch() - copies of up to @count messages, which stay
 *
 * As kmq_try_receive_batch(), but not in the order of delivery: by type, then
 * priority, then arrival.
 */
int kmq_peek_batch(int fd, struct kmq_message *messages, unsigned int count,
		   const struct kmq_selection *which, unsigned int flags);

/** kmq_lease_batch() - as kmq_receive_batch(), each to be confirmed */
int kmq_lease_batch(int fd, struct kmq_message *messages, unsigned int count,
		    const struct kmq_selection *which, unsigned int flags);

/** kmq_try_lease_batch() - as kmq_lease_batch(), never sleeps: EAGAIN */
int kmq_try_lease_batch(int fd, struct kmq_message *messages, unsigned int count,
			const struct kmq_selection *which, unsigned int flags);

/** kmq_lease_batch_until() - as kmq_lease_batch(), or ETIMEDOUT */
int kmq_lease_batch_until(int fd, struct kmq_message *messages, unsigned int count,
			  const struct kmq_selection *which, unsigned int flags,
			  const struct timespec *deadline)
	KMQ_TIME64(kmq_lease_batch_until);

/* ------------------------------------------------------------------------
 * Request and response
 */

/**
 * kmq_call() - send a request and sleep until its reply
 * @fd: queue, open for reading and writing
 * @request: as kmq_send(), and its @sequence is not written
 * @reply: as kmq_receive()
 * @flags: 0 or KMQ_TRUNCATE, for the reply
 *
 * Any receiver of the queue sees KMQ_MESSAGE_CALL in the request's flags, and
 * answers with kmq_reply(). With O_NONBLOCK the call does not sleep for room,
 * but always for the reply.
 *
 * Return: 0. EMSGSIZE: the request is too long. ECANCELED: the request was
 * dropped or purged. EINTR: a signal handler ran while the reply was waited
 * for, with SA_RESTART or without, or the process was stopped and continued;
 * the request is withdrawn if nobody has taken it. Else as kmq_send().
 *
 * Until it returns the bytes at @reply->data are its own, and may be written as
 * they were.
 */
int kmq_call(int fd, const struct kmq_msg *request, struct kmq_msg *reply,
	     unsigned int flags);

/** kmq_call_until() - as kmq_call(). ETIMEDOUT: no reply until @deadline */
int kmq_call_until(int fd, const struct kmq_msg *request, struct kmq_msg *reply,
		   unsigned int flags, const struct timespec *deadline)
	KMQ_TIME64(kmq_call_until);

/**
 * kmq_reply() - answer a request
 * @fd: queue, open for reading, as it was for taking the request
 * @sequence: of the request
 * @reply: @data, @size, @type and @priority, as for kmq_send()
 *
 * Never sleeps. A request that was leased still wants its kmq_ack().
 *
 * Return: 0. ESRCH: nobody waits for this reply (any more). EMSGSIZE: longer
 * than the caller has room for, who goes on waiting.
 */
int kmq_reply(int fd, uint64_t sequence, const struct kmq_msg *reply);

/* ------------------------------------------------------------------------
 * Descriptor settings. They belong to the open file description, and so are
 * shared by dup and fork. Each of these sets one and keeps the other, in two
 * system calls: threads that change the same descriptor at once must agree.
 */

/**
 * kmq_set_filter() - what read(2), poll(2) and receives without a selection see
 * @which: NULL or KMQ_SELECT_FILTER for all messages
 *
 * poll(2) then says readable only if there is a message that passes.
 *
 * Return: 0.
 */
int kmq_set_filter(int fd, const struct kmq_selection *which);

/** kmq_get_filter() - the filter in force, into @which. Return: 0 */
int kmq_get_filter(int fd, struct kmq_selection *which);

/**
 * kmq_set_truncate() - read(2) cuts a message too long for its buffer (@on not
 * 0), rather than fail with EMSGSIZE. Return: 0
 *
 * kmq_get_descriptor() tells the full length afterwards.
 */
int kmq_set_truncate(int fd, int on);

/** kmq_get_descriptor() - all settings and counts of a descriptor. Return: 0 */
int kmq_get_descriptor(int fd, struct kmq_descriptor *descriptor);

/* ------------------------------------------------------------------------
 * Looking at and looking after queues
 */

/**
 * kmq_info() - settings and ledger of a queue, all but the number of its
 * descriptors as of one instant
 * @fd: queue
 * @info: out
 *
 * Return: 0.
 */
int kmq_info(int fd, struct kmq_info *info);

/**
 * kmq_next_info() - the queue that follows another, for a walk over all
 * @control: from kmq_open_control()
 * @info: in: @id of the last one seen, 0 to begin; out: the next
 *
 * A queue that lives through the whole walk is seen exactly once.
 *
 * Return: 0. ENOENT: no more.
 */
int kmq_next_info(int control, struct kmq_info *info);

/**
 * kmq_purge() - throw away queued messages
 * @fd: queue, open for reading
 * @which: NULL for all. KMQ_SELECT_LOWEST means all types at or below
 *
 * Return: how many there were. Leased messages stay.
 */
int kmq_purge(int fd, const struct kmq_selection *which);

/**
 * kmq_resize() - change the limits of a queue
 * @fd: queue
 * @capacity: messages; 0 to keep it
 * @byte_limit: bytes; 0 to keep it
 *
 * Nothing queued is lost by it. What the queue holds beyond its new limits
 * stays charged to its user until the next resize or its end.
 *
 * Return: 0. EPERM: neither its owner nor CAP_SYS_ADMIN. EDQUOT, ENOMEM:
 * nothing has changed.
 */
int kmq_resize(int fd, uint32_t capacity, uint64_t byte_limit);

/* ------------------------------------------------------------------------
 * Names of the constants, as kmqctl(1) prints and takes them. The names are
 * static strings. kmq_..._name() gives NULL for an unknown value, and
 * kmq_..._value() gives -1 and EINVAL for an unknown name.
 */

const char *kmq_kind_name(uint32_t kind);		/* "message", "ring" */
int kmq_kind_value(const char *name);
const char *kmq_policy_name(uint32_t policy);		/* "drop-oldest" ... */
int kmq_policy_value(const char *name);
const char *kmq_lifetime_name(uint32_t lifetime);	/* "persistent" ... */
int kmq_lifetime_value(const char *name);
const char *kmq_select_name(uint32_t select);		/* "not-equal" ... */
int kmq_select_value(const char *name);
const char *kmq_feature_name(uint64_t feature);		/* of one KMQ_FEATURE_* */

#ifdef __cplusplus
}
#endif

#include <kmq_ring.h>

#endif /* KMQ_H */
