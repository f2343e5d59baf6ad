/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kmq: message queues behind character devices. The control plane: look at all
 * queues, make, change and remove them, see who holds them, and be told what
 * happens to them.
 *
 * Link with -lkmq-nl (pkg-config libkmq-nl). The family that it speaks to is told
 * in kmq_netlink(7) and <linux/kmq_netlink.h>, whose constants are used here as
 * they are. Who only sends and receives needs libkmq alone.
 *
 * Conventions
 *	As libkmq has them: functions return 0, or what they say, or -1 (NULL)
 *	with errno set; on failure nothing was changed and out parameters are
 *	untouched, unless the function says otherwise.
 *
 *	A handle is one thread's at a time, and no other thread may use it
 *	meanwhile. Threads that each have their own are independent. After
 *	fork() it is one side's; its descriptors are close-on-exec.
 *
 *	No request sleeps for anybody: the kernel has answered when it returns.
 *	Only kmq_nl_next_event() and kmq_nl_next_event_until() wait.
 *
 *	Structs are the caller's, and hold no pointers to the library's memory.
 *	A member @has tells which of the others the kernel gave, by the number
 *	of its attribute:
 *		if (queue.has & KMQ_NL_BIT(KMQ_A_HIGH_WATERMARK))
 *	Attributes from 64 on are in @has_more, by KMQ_NL_BIT_MORE(). What is
 *	missing is zero.
 *
 * Naming a queue
 *	Where a call takes @name and @id, it is the queue of this name, or, where
 *	@name is NULL, of this number. A queue without a name has only its
 *	number.
 *
 * Errors of every request, not repeated below. kmq_nl_error() has the sentence.
 *	EACCES	   a queue that the caller may not see
 *	EINVAL	   an argument is missing, out of its range, or not of this call
 *	ENODEV	   the module is not loaded (any more), or is one without netlink
 *	EBUSY	   called from a function that was given to kmq_nl_dump() or
 *		   kmq_nl_holders() with the same handle
 *	EBADMSG	   the answer is not one; its good parts were told
 *	ENOBUFS, ENOMEM, EMFILE, ENFILE	as socket(2) and recv(2)
 */
#ifndef KMQ_NL_H
#define KMQ_NL_H

#include <kmq.h>
#include <linux/kmq_netlink.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KMQ_NL_BIT(attribute)	(1ull << (attribute))
#define KMQ_NL_BIT_MORE(attribute) (1ull << ((attribute) - 64))

/* ------------------------------------------------------------------------
 * A handle
 */

struct kmq_nl;

/**
 * kmq_nl_open() - make a handle
 *
 * It takes one descriptor, and one more from the first kmq_nl_subscribe() or
 * kmq_nl_fd() on.
 *
 * Return: a handle, to be given to kmq_nl_close(); NULL and errno.
 */
struct kmq_nl *kmq_nl_open(void);

/**
 * kmq_nl_close() - give a handle back, with its descriptors and subscription
 *
 * errno stays as it is. NULL is allowed.
 */
void kmq_nl_close(struct kmq_nl *nl);

/**
 * kmq_nl_error() - why the last call on this handle failed, in a sentence
 *
 * The kernel's own where it gave one, without a full stop; else the C library's
 * for errno. kmq_nl_error_attribute() tells what it is about.
 *
 * Return: a string of the handle's, valid until the next call on it; "" if the
 * last one succeeded.
 */
const char *kmq_nl_error(const struct kmq_nl *nl);

/**
 * kmq_nl_error_attribute() - what the kernel refused, or missed
 *
 * Return: enum kmq_genl_attribute; 0 if it named none.
 */
unsigned int kmq_nl_error_attribute(const struct kmq_nl *nl);

/* ------------------------------------------------------------------------
 * Queues
 */

/**
 * struct kmq_nl_queue - what a queue is, and what it holds
 * @has: KMQ_NL_BIT() of the attributes that came
 * @info: as kmq_info() tells it; @info.uid and @info.gid as they are now
 * @creator_uid: who made it
 * @creator_pid: its process; 0 if not visible here
 * @high_watermark: KMQ_EVENT_HIGH comes at so many; 0 for off
 * @low_watermark: KMQ_EVENT_LOW comes at so few, after that; 0 for off
 * @lease_limit: ms after which KMQ_EVENT_LEASE_OVERDUE comes; 0 for off
 * @histogram: 1: times are taken, for struct kmq_nl_histograms
 * @last_send: CLOCK_REALTIME, s, of the last message; 0 for never, and so below
 * @last_receive: likewise
 * @last_change: of creation, the last kmq_nl_set() or kmq_resize()
 * @last_send_pid: process; 0 if not visible here, or none
 * @last_receive_pid: likewise
 * @has_more: KMQ_NL_BIT_MORE() of the attributes from 64 on that came
 * @space: KMQ_SPACE_*, of one that was made through the hub; 0 for all others
 * @creator_gid: of the hub: the group of who made it
 * @key_size: of the hub: bytes of its key, which kmq_nl_key() tells; 0 for none
 * @notify_pid: who is to be notified of a message; 0 if not visible here, or,
 *	without KMQ_A_NOTIFY_PID, if nobody is
 * @notify_show: what that process wants shown of it; for POSIX method and signal
 * @reserved: zero
 *
 * A ring has no watermarks, lease limit, histogram, and no last messages.
 */
struct kmq_nl_queue {
	uint64_t has;
	struct kmq_info info;
	uid_t creator_uid;
	pid_t creator_pid;
	uint32_t high_watermark;
	uint32_t low_watermark;
	uint32_t lease_limit;
	uint32_t histogram;
	uint64_t last_send;
	uint64_t last_receive;
	uint64_t last_change;
	pid_t last_send_pid;
	pid_t last_receive_pid;
	uint64_t has_more;
	uint32_t space;
	gid_t creator_gid;
	uint32_t key_size;
	pid_t notify_pid;
	uint64_t notify_show[2];
	uint64_t reserved[3];
};

/**
 * struct kmq_nl_histogram - how many lasted how long
 * @bucket: see KMQ_HISTOGRAM_BUCKETS and kmq_nl_histogram_bounds()
 */
struct kmq_nl_histogram {
	uint64_t bucket[KMQ_HISTOGRAM_BUCKETS];
};

/**
 * struct kmq_nl_histograms - the times of a queue
 * @has: KMQ_NL_BIT() of KMQ_A_TIME_QUEUED and KMQ_A_TIME_BLOCKED, if they came:
 *	where kmq_nl_queue.histogram is 1
 * @queued: of messages, from accepted to received
 * @blocked: of senders and receivers, asleep
 */
struct kmq_nl_histograms {
	uint64_t has;
	struct kmq_nl_histogram queued;
	struct kmq_nl_histogram blocked;
};

/**
 * kmq_nl_get() - one queue, as of one instant
 * @nl: handle
 * @name: of the queue, or NULL
 * @id: of the queue, if @name is NULL
 * @queue: out; or NULL
 * @histograms: out; or NULL
 *
 * Return: 0. ENOENT: no such queue.
 */
int kmq_nl_get(struct kmq_nl *nl, const char *name, uint32_t id,
	       struct kmq_nl_queue *queue, struct kmq_nl_histograms *histograms);

/**
 * struct kmq_nl_key - what a queue of the hub is found by
 * @has_more: KMQ_NL_BIT_MORE() of the attributes that came
 * @space: KMQ_SPACE_*; 0 if it is none of the hub
 * @size: bytes; 0 if it has no key (any more)
 * @bytes: the key, with a NUL behind it
 */
struct kmq_nl_key {
	uint64_t has_more;
	uint32_t space;
	uint32_t size;
	char bytes[KMQ_KEY_MAX + 1];
};

/**
 * kmq_nl_key() - the key of one queue
 * @nl: handle
 * @id: of the queue
 * @key: out
 *
 * It stays the same as long as the queue can be found by it.
 *
 * Return: 0. ENOENT: no such queue.
 */
int kmq_nl_key(struct kmq_nl *nl, uint32_t id, struct kmq_nl_key *key);

/**
 * struct kmq_nl_filter - which queues
 * @has: KMQ_NL_BIT() of KMQ_A_UID and KMQ_A_KIND: those of the members that count
 * @pattern: of their names, with '*' and '?'; NULL for all, those without a name
 *	among them
 * @uid: their owner
 * @kind: enum kmq_kind
 */
struct kmq_nl_filter {
	uint64_t has;
	const char *pattern;
	uid_t uid;
	uint32_t kind;
};

/**
 * kmq_nl_dump() - all queues that the caller may see
 * @nl: handle
 * @filter: NULL for all
 * @each: called for each, in the order of their numbers; @queue is valid
 *	meanwhile. If it returns anything but 0 it is not called again. It may
 *	not make requests with @nl (EBUSY).
 * @data: for @each
 *
 * Each queue is told as of one instant, and one that lives all the while is told
 * exactly once. Others may come and go between them.
 *
 * Return: 0 if none came or went: they are all of one instant; 1 if some did.
 * On failure @each may have been called before. ECANCELED: @each did not return
 * 0.
 */
int kmq_nl_dump(struct kmq_nl *nl, const struct kmq_nl_filter *filter,
		int (*each)(const struct kmq_nl_queue *queue, void *data), void *data);

/**
 * kmq_nl_list() - the same as an array
 * @nl: handle
 * @filter: NULL for all
 * @queues: out: an array, to be given to free(), also if @count is 0
 * @count: out: how many they are
 *
 * Return: as kmq_nl_dump().
 */
int kmq_nl_list(struct kmq_nl *nl, const struct kmq_nl_filter *filter,
		struct kmq_nl_queue **queues, size_t *count);

/**
 * struct kmq_nl_settings - what a queue is to be like
 * @has: KMQ_NL_BIT() of those members that count, by their attributes
 * @kind: enum kmq_kind			KMQ_A_KIND		new ones only
 * @policy: enum kmq_policy		KMQ_A_POLICY
 * @lifetime: enum kmq_lifetime		KMQ_A_LIFETIME		new ones only
 * @capacity: messages			KMQ_A_CAPACITY
 * @inline_size: bytes			KMQ_A_INLINE_SIZE	new ones only
 * @max_message: bytes			KMQ_A_MAX_MESSAGE	new ones only
 * @byte_limit: bytes			KMQ_A_BYTE_LIMIT
 * @mode: at most 0777			KMQ_A_MODE
 * @uid: owner				KMQ_A_UID
 * @gid: group				KMQ_A_GID
 * @ring_mode: enum kmq_ring_mode	KMQ_A_RING_MODE		new ones only
 * @high_watermark: messages		KMQ_A_HIGH_WATERMARK	0: off
 * @low_watermark: below that		KMQ_A_LOW_WATERMARK	0: off
 * @lease_limit: ms			KMQ_A_LEASE_LIMIT	0: off
 * @histogram: 1: take times		KMQ_A_HISTOGRAM		0: off
 * @reserved: not looked at
 *
 * So that 0 can be said and what is not named stays:
 *	struct kmq_nl_settings settings = {
 *		.has = KMQ_NL_BIT(KMQ_A_CAPACITY) | KMQ_NL_BIT(KMQ_A_MODE),
 *		.capacity = 128, .mode = 0640,
 *	};
 */
struct kmq_nl_settings {
	uint64_t has;
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
	uint32_t high_watermark;
	uint32_t low_watermark;
	uint32_t lease_limit;
	uint32_t histogram;
	uint64_t reserved[4];
};

/**
 * kmq_nl_create() - make a queue
 * @nl: handle
 * @name: of the queue
 * @settings: what is not in it has its default, as in kmq_create(); NULL for
 *	the defaults
 * @flags: 0 or KMQ_CREATE_EXCLUSIVE
 * @queue: out: the queue as it is; or NULL
 *
 * A queue that exists already is told and stays as it is, unless
 * KMQ_CREATE_EXCLUSIVE is given. For the privileged; others have kmq_create().
 *
 * Return: 0. EEXIST: the name exists (exclusive). EPERM: not privileged.
 * EOPNOTSUPP, EDQUOT: as kmq_create().
 */
int kmq_nl_create(struct kmq_nl *nl, const char *name, const struct kmq_nl_settings *settings,
		  unsigned int flags, struct kmq_nl_queue *queue);

/**
 * kmq_nl_set() - change a queue: all that @settings names, or, on failure, nothing
 * @nl: handle
 * @name: of the queue, or NULL
 * @id: of the queue, if @name is NULL
 * @settings: at least one
 *
 * MODE, UID and GID make the node anew: for a moment it is not there.
 *
 * Return: 0. ENOENT: no such queue. EPERM: not its owner (of the hub: nor its
 * creator), nor privileged.
 * EOPNOTSUPP: a queue of this kind does not have it. EDQUOT: too much.
 */
int kmq_nl_set(struct kmq_nl *nl, const char *name, uint32_t id,
	       const struct kmq_nl_settings *settings);

/**
 * kmq_nl_remove() - remove a queue, as kmq_remove()
 * @nl: handle
 * @name: of the queue, or NULL
 * @id: of the queue, if @name is NULL
 *
 * Return: 0. ENOENT: no such queue. EPERM: as kmq_nl_set().
 */
int kmq_nl_remove(struct kmq_nl *nl, const char *name, uint32_t id);

/* ------------------------------------------------------------------------
 * Holders
 */

/**
 * struct kmq_nl_holder - who keeps a queue, or sleeps in it
 * @has: KMQ_NL_BIT() of the attributes that came
 * @holder: enum kmq_holder
 * @pid: process (DESCRIPTOR: that opened it); 0 if not visible here
 * @tid: SLEEPER: thread; likewise
 * @access: KMQ_ACCESS_*
 * @leases: DESCRIPTOR: how many messages it has on a lease
 * @attachment: MAPPING: its number
 * @sleep: SLEEPER: enum kmq_sleep
 * @since: CLOCK_MONOTONIC, ns, to a tick of the kernel
 * @comm: name of the process
 * @reserved: zero
 */
struct kmq_nl_holder {
	uint64_t has;
	uint32_t holder;
	pid_t pid;
	pid_t tid;
	uint32_t access;
	uint32_t leases;
	uint32_t attachment;
	uint32_t sleep;
	uint32_t reserved32;
	uint64_t since;
	char comm[32];
	uint64_t reserved[4];
};

/**
 * kmq_nl_holders() - who keeps a queue, or sleeps in it
 * @nl: handle
 * @name: of the queue, or NULL
 * @id: of the queue, if @name is NULL
 * @each: as in kmq_nl_dump()
 * @data: for @each
 *
 * Return: as kmq_nl_dump(). ENOENT: no such queue.
 */
int kmq_nl_holders(struct kmq_nl *nl, const char *name, uint32_t id,
		   int (*each)(const struct kmq_nl_holder *holder, void *data), void *data);

/* ------------------------------------------------------------------------
 * Events
 *
 * They come to a socket of their own, so requests may be made between them.
 */

/**
 * struct kmq_nl_event - something happened
 * @has: KMQ_NL_BIT() of the attributes that came, but for KMQ_A_LOST
 * @event: enum kmq_event, also one that this library does not know yet
 * @id: of the queue
 * @kind: of the queue, enum kmq_kind
 * @uid: its owner; KMQ_EVENT_QUOTA: who was refused
 * @gid: its group
 * @pid: whose doing it is, see enum kmq_event; 0 if not visible here
 * @sequence: its number among all events since somebody listens. Who may not
 *	see all queues, or subscribed to some, sees gaps
 * @time: CLOCK_MONOTONIC, ns
 * @count: see enum kmq_event
 * @lost: events for this subscription that were lost right before this one
 * @name: of the queue; empty for one without a name
 * @reserved: zero
 */
struct kmq_nl_event {
	uint64_t has;
	uint32_t event;
	uint32_t id;
	uint32_t kind;
	uid_t uid;
	gid_t gid;
	pid_t pid;
	uint64_t sequence;
	uint64_t time;
	uint64_t count;
	uint64_t lost;
	char name[KMQ_NAME_SIZE];
	uint64_t reserved[4];
};

/**
 * kmq_nl_subscribe() - be told of events from now on
 * @nl: handle
 * @pattern: of the names of queues, with '*' and '?'; NULL for all
 * @events: bits 1u << enum kmq_event; 0 for all
 *
 * Of the queues that the caller may see, now and as their modes change. Takes
 * the place of an earlier subscription of this handle; its events that were not
 * read yet stay to be read. To miss nothing, subscribe first and then ask for
 * what there is.
 *
 * Return: 0. EUSERS: too many listen already, or too many of this user.
 */
int kmq_nl_subscribe(struct kmq_nl *nl, const char *pattern, uint32_t events);

/**
 * kmq_nl_unsubscribe() - no more events
 *
 * Those that came before are still there to be read.
 *
 * Return: 0. ENOENT: no subscription.
 */
int kmq_nl_unsubscribe(struct kmq_nl *nl);

/**
 * kmq_nl_fd() - what to watch for events
 *
 * For poll(2), epoll and select(2): readable if kmq_nl_try_next_event() has
 * something to say. After each wake-up, and after kmq_nl_subscribe() and
 * kmq_nl_unsubscribe(), call that until it fails with EAGAIN or ENOENT: what lies
 * in the library's memory already wakes nobody. It may be readable for nothing.
 * setsockopt(SO_RCVBUF) makes more room for events. Nothing else may be done with
 * it.
 *
 * Return: a descriptor of the handle's, the same until kmq_nl_close(); -1.
 */
int kmq_nl_fd(struct kmq_nl *nl);

/**
 * kmq_nl_next_event() - sleep until there is an event, and take it
 * @nl: handle
 * @event: out
 *
 * That the socket was full is no error: how many events it cost is told by the
 * next one, in @event->lost.
 *
 * Return: 0. EINTR: a signal handler ran, whatever its SA_RESTART. ENOENT: no
 * subscription, and no event left of an earlier one. ENODEV: the module was
 * unloaded, and with it the subscription went; told once, in its place. EBADMSG:
 * this one cannot be read; the next one can.
 */
int kmq_nl_next_event(struct kmq_nl *nl, struct kmq_nl_event *event);

/** kmq_nl_try_next_event() - the same, never sleeps. EAGAIN: none there */
int kmq_nl_try_next_event(struct kmq_nl *nl, struct kmq_nl_event *event);

/** kmq_nl_next_event_until() - the same. ETIMEDOUT: none until @deadline */
int kmq_nl_next_event_until(struct kmq_nl *nl, struct kmq_nl_event *event,
			    const struct timespec *deadline)
	KMQ_TIME64(kmq_nl_next_event_until);

/* ------------------------------------------------------------------------
 * Histograms
 */

/** kmq_nl_histogram_total() - how many are in all buckets */
uint64_t kmq_nl_histogram_total(const struct kmq_nl_histogram *histogram);

/**
 * kmq_nl_histogram_percentile() - the time that @percent of them did not exceed
 * @histogram: in
 * @percent: 0 to 100; what is outside counts as the nearer of them
 *
 * A histogram knows the bucket, not the time: this is the bucket's upper bound,
 * and the truth lies within a factor of two below (or anywhere below 1024 ns).
 *
 * Return: ns; UINT64_MAX if it lies in the last bucket, which has no bound; 0 if
 * the histogram is empty.
 */
uint64_t kmq_nl_histogram_percentile(const struct kmq_nl_histogram *histogram, double percent);

/**
 * kmq_nl_histogram_bounds() - the times of one bucket
 * @bucket: its number
 * @lowest: out: ns
 * @highest: out: ns, UINT64_MAX for the last one
 *
 * Return: 0. EINVAL: no such bucket.
 */
int kmq_nl_histogram_bounds(unsigned int bucket, uint64_t *lowest, uint64_t *highest);

/* ------------------------------------------------------------------------
 * Names of the constants, as in kmq.h: static strings; kmq_..._name() gives NULL
 * for an unknown value, kmq_..._value() gives -1 and EINVAL for an unknown name.
 */

const char *kmq_event_name(uint32_t event);		/* "lease-overdue" ... */
int kmq_event_value(const char *name);
const char *kmq_holder_name(uint32_t holder);		/* "descriptor" ... */
const char *kmq_sleep_name(uint32_t sleep);		/* "send" ... */
const char *kmq_nl_attribute_name(unsigned int attribute); /* "low-watermark" */
int kmq_nl_attribute_value(const char *name);

#ifdef __cplusplus
}
#endif

#endif /* KMQ_NL_H */
