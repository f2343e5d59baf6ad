/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One message: its slot, its bytes, its way in and out of user memory.
 *
 * A slot is owned by exactly one party at a time, who alone may touch it:
 *
 *	the pool	free, linked through @next
 *	a sender	from kmq_slot_get() until the queue accepts it
 *	the queue	while queued (fields guarded by the queue's lock)
 *	a receiver	from the moment it is taken until it is given back to the
 *			pool, leased to a descriptor or put back into the order
 *	a descriptor	while leased (guarded by the queue's lock)
 *
 * Who peeks holds a count in @peekers besides, which keeps the slot from being
 * used again while its (constant) body is copied.
 */
#ifndef _KMQ_MESSAGE_H
#define _KMQ_MESSAGE_H

#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct iov_iter;
struct kmq_account;
struct kmq_slot;
struct kmq_waiter;
struct pid;

/* What order.c keeps of a subtree: the first to deliver, the first to drop. */
struct kmq_bounds {
	struct kmq_slot *best;
	struct kmq_slot *oldest;
};

struct kmq_slot {
	/* order.c's while queued; lease.c's while leased. */
	struct rb_node node;
	union {
		struct {
			/* The run, a circle: behind its newest, who leads it. */
			struct kmq_slot *newer;
			struct kmq_slot *older;
			struct kmq_bounds bounds;
		};
		struct {
			struct list_head by_age;
			unsigned long leased;	/* jiffies */
		};
	};
	bool leads;
	bool restored;

	/* Constant from the moment the queue accepts the message. */
	bool is_call;
	u32 size;
	u32 priority;
	s64 type;
	u64 sequence;
	u64 time;
	struct pid *sender;
	kuid_t uid;

	/* Guarded by the queue's lock. */
	u32 redeliveries;
	u32 peekers;
	bool doomed;		/* the last one who peeks gives it back */

	u64 lost;		/* told to its receiver; owned by that one */
	struct kmq_waiter *caller;	/* of a call; until accepted */
	struct kmq_slot *next;	/* free, or in a chain */
	u8 *body;		/* inline_body, or kvmalloc()ed when longer */
	u8 inline_body[] __aligned(8);
};

/**
 * struct kmq_pool - the slots of one queue
 * @lock: guards all below but @charging; a leaf, nothing is taken inside it
 * @free: stack of slots that hold no message
 * @total: slots in existence
 * @target: slots to keep; above it a slot that comes back is freed
 * @inline_size: bytes of body in a slot; constant
 * @slots: taken when the queue was made, and charged for with it; constant, but
 *	where all are taken then
 * @paid: slots charged for, some of them ahead
 * @capacity: of the queue: what is charged for at the most
 * @account: that is charged for slots beyond @slots; NULL: there are none to
 *	charge for; constant
 * @charging: held while @paid changes and the account with it, so that nobody is
 *	refused for a slot that another is paying for
 *
 * A queue keeps as many slots as it has capacity, taken when it is created, and
 * a few more for messages that are on their way in or out while it is full. So
 * neither sending nor receiving allocates in the steady state.
 *
 * One that was made with fewer slots takes more when there are none left, each at
 * the send that needs it. They are charged for a step at a time, since the account
 * has a lock that all queues of a user share.
 */
struct kmq_pool {
	spinlock_t lock;
	struct kmq_slot *free;
	u32 total;
	u32 target;
	u32 inline_size;
	u32 slots;
	u32 paid;
	u32 capacity;
	struct kmq_account *account;
	struct mutex charging;
};

int kmq_pool_init(struct kmq_pool *pool, u32 capacity, u32 slots,
		  u32 inline_size);
void kmq_pool_destroy(struct kmq_pool *pool);
void kmq_pool_charge_to(struct kmq_pool *pool, struct kmq_account *account);
u32 kmq_pool_slots(const struct kmq_pool *pool, u32 capacity);
u64 kmq_pool_extra(const struct kmq_pool *pool);
int kmq_pool_resize(struct kmq_pool *pool, u32 capacity);
size_t kmq_slot_bytes(u32 inline_size);

struct kmq_slot *kmq_slot_get(struct kmq_pool *pool, u32 size);
void kmq_slot_put(struct kmq_pool *pool, struct kmq_slot *slot);
void kmq_slots_put_chain(struct kmq_pool *pool, struct kmq_slot *chain);

int kmq_slots_get(struct kmq_pool *pool, struct kmq_slot **slots, u32 count);
int kmq_slot_extend(struct kmq_slot *slot, u32 size);
void kmq_slots_put(struct kmq_pool *pool, struct kmq_slot **slots, u32 count);

int kmq_copy_in_short(u8 *to, const u8 __user *from, size_t n);
int kmq_copy_in_long(void *to, const void __user *from, size_t n);
int kmq_copy_out_short(u8 __user *to, const u8 *from, size_t n);
int kmq_copy_out_long(void __user *to, const void *from, size_t n);
int kmq_slot_copy_in_type(struct kmq_slot *slot, const u8 __user *from);
int kmq_slot_copy_in_type32(struct kmq_slot *slot, const u8 __user *from);
int kmq_slot_copy_out_type(const struct kmq_slot *slot, u8 __user *to,
			   u32 size);
int kmq_slot_copy_out_type32(const struct kmq_slot *slot, u8 __user *to,
			     u32 size);
int kmq_slot_copy_in_iter(struct kmq_slot *slot, struct iov_iter *from);
int kmq_slot_copy_out_iter(const struct kmq_slot *slot, struct iov_iter *to,
			   u32 size);

/*
 * Bodies up to this many bytes are copied word by word. What copy_from_user()
 * does before its first byte (the object-size check of HARDENED_USERCOPY, the
 * start-up of a string instruction) costs more than the words. The bound that
 * the check would find is ours to keep anyway: no caller passes more than the
 * slot holds.
 */
#define KMQ_SHORT_COPY 256

static inline bool kmq_copies_short(size_t n)
{
	return IS_ENABLED(CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS) &&
	       n <= KMQ_SHORT_COPY;
}

/**
 * kmq_copy_in() - copy from user memory
 * @to: room for @n bytes; nobody else looks at it yet
 * @from: @n bytes
 * @n: bytes
 *
 * Context: may sleep.
 * Return: 0, or -EFAULT.
 */
static inline int kmq_copy_in(void *to, const void __user *from, size_t n)
{
	return kmq_copies_short(n) ? kmq_copy_in_short(to, from, n) :
				     kmq_copy_in_long(to, from, n);
}

/**
 * kmq_copy_out() - copy to user memory
 * @to: room for @n bytes
 * @from: @n bytes
 * @n: bytes
 *
 * Context: may sleep.
 * Return: 0, or -EFAULT (some bytes may have been written).
 */
static inline int kmq_copy_out(void __user *to, const void *from, size_t n)
{
	return kmq_copies_short(n) ? kmq_copy_out_short(to, from, n) :
				     kmq_copy_out_long(to, from, n);
}

/* The body of @slot, which the caller owns, from @slot->size user bytes. */
static inline int kmq_slot_copy_in(struct kmq_slot *slot,
				   const void __user *from)
{
	return kmq_copy_in(slot->body, from, slot->size);
}

/* @size bytes, at most @slot->size, of a body that is owned or peeked at. */
static inline int kmq_slot_copy_out(const struct kmq_slot *slot,
				    void __user *to, u32 size)
{
	return kmq_copy_out(to, slot->body, size);
}

/**
 * kmq_slot_fit() - room in a slot for a body
 * @slot: owned by the caller, got without a size
 * @pool: that it came from
 * @size: bytes, at most the queue's max_message
 *
 * Context: may sleep.
 * Return: 0, or -ENOMEM.
 */
static inline int kmq_slot_fit(struct kmq_slot *slot,
			       const struct kmq_pool *pool, u32 size)
{
	slot->size = size;
	return likely(size <= pool->inline_size) ? 0 :
						   kmq_slot_extend(slot, size);
}

#endif /* _KMQ_MESSAGE_H */
