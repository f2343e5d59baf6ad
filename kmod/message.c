// SPDX-License-Identifier: GPL-2.0-only
/*
 * One message: get a slot, copy in, copy out, give back.
 *
 * This is the only file that touches user memory for a body. All of it runs
 * without the queue's lock: a copy may fault, sleep, or be made to stall for as
 * long as user space likes (userfaultfd), and nobody else waits for it.
 */
#include <linux/fault-inject-usercopy.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "message.h"
#include "quota.h"

/* Slots kept beyond the capacity, for messages on their way in or out. */
#define KMQ_POOL_SPARE 32

/* Slots detached under one hold of the pool's lock. */
#define KMQ_POOL_TRIM 64

/* Slots charged for at a time, where not all were when the queue was made. */
#define KMQ_POOL_STEP 64

/* The @i-th word; the addresses need not be aligned. */
#define kmq_word_in(to, from, i, fault)				\
	unsafe_get_user(((unsigned long *)(to))[i],			\
			(const unsigned long __user *)(from) + (i), fault)
#define kmq_word_out(to, from, i, fault)				\
	unsafe_put_user(((const unsigned long *)(from))[i],		\
			(unsigned long __user *)(to) + (i), fault)

/* Inside an access window of the caller; false: a bad address. */
static __always_inline bool kmq_words_in(u8 *to, const u8 __user *from,
					 size_t n)
{
	for (; n >= 8 * sizeof(long); n -= 8 * sizeof(long)) {
		kmq_word_in(to, from, 0, fault);
		kmq_word_in(to, from, 1, fault);
		kmq_word_in(to, from, 2, fault);
		kmq_word_in(to, from, 3, fault);
		kmq_word_in(to, from, 4, fault);
		kmq_word_in(to, from, 5, fault);
		kmq_word_in(to, from, 6, fault);
		kmq_word_in(to, from, 7, fault);
		to += 8 * sizeof(long);
		from += 8 * sizeof(long);
	}
	for (; n >= sizeof(long); n -= sizeof(long)) {
		kmq_word_in(to, from, 0, fault);
		to += sizeof(long);
		from += sizeof(long);
	}
	for (; n; n--) {
		unsafe_get_user(*to, from, fault);
		to++;
		from++;
	}
	return true;

fault:
	return false;
}

/* Likewise. */
static __always_inline bool kmq_words_out(u8 __user *to, const u8 *from,
					  size_t n)
{
	for (; n >= 8 * sizeof(long); n -= 8 * sizeof(long)) {
		kmq_word_out(to, from, 0, fault);
		kmq_word_out(to, from, 1, fault);
		kmq_word_out(to, from, 2, fault);
		kmq_word_out(to, from, 3, fault);
		kmq_word_out(to, from, 4, fault);
		kmq_word_out(to, from, 5, fault);
		kmq_word_out(to, from, 6, fault);
		kmq_word_out(to, from, 7, fault);
		to += 8 * sizeof(long);
		from += 8 * sizeof(long);
	}
	for (; n >= sizeof(long); n -= sizeof(long)) {
		kmq_word_out(to, from, 0, fault);
		to += sizeof(long);
		from += sizeof(long);
	}
	for (; n; n--) {
		unsafe_put_user(*from, to, fault);
		from++;
		to++;
	}
	return true;

fault:
	return false;
}

int kmq_copy_in_short(u8 *to, const u8 __user *from, size_t n)
{
	bool copied;

	might_fault();
	if (should_fail_usercopy() || !user_read_access_begin(from, n))
		return -EFAULT;
	copied = kmq_words_in(to, from, n);
	user_read_access_end();
	return copied ? 0 : -EFAULT;
}

int kmq_copy_out_short(u8 __user *to, const u8 *from, size_t n)
{
	bool copied;

	might_fault();
	if (should_fail_usercopy() || !user_write_access_begin(to, n))
		return -EFAULT;
	copied = kmq_words_out(to, from, n);
	user_write_access_end();
	return copied ? 0 : -EFAULT;
}

/*
 * Type and body of a message, one behind the other. A short body shares the
 * head's access window: opening one costs more than the head.
 */
static __always_inline int kmq_copy_in_head(struct kmq_slot *slot,
					    const u8 __user *from, size_t head)
{
	size_t size = slot->size, window = head;
	bool copied = true;
	s32 type32;

	if (likely(kmq_copies_short(size)))
		window += size;
	might_fault();
	if (should_fail_usercopy() || !user_read_access_begin(from, window))
		return -EFAULT;
	if (head == sizeof(s64)) {
		unsafe_get_user(slot->type, (const s64 __user *)from, fault);
	} else {
		unsafe_get_user(type32, (const s32 __user *)from, fault);
		slot->type = type32;
	}
	if (likely(kmq_copies_short(size)))
		copied = kmq_words_in(slot->body, from + head, size);
	user_read_access_end();
	if (unlikely(!kmq_copies_short(size)))
		return kmq_copy_in_long(slot->body, from + head, size);
	return copied ? 0 : -EFAULT;

fault:
	user_read_access_end();
	return -EFAULT;
}

static __always_inline int kmq_copy_out_head(const struct kmq_slot *slot,
					     u8 __user *to, u32 size,
					     size_t head)
{
	size_t window = head;
	bool copied = true;

	if (likely(kmq_copies_short(size)))
		window += size;
	might_fault();
	if (should_fail_usercopy() || !user_write_access_begin(to, window))
		return -EFAULT;
	if (head == sizeof(s64))
		unsafe_put_user(slot->type, (s64 __user *)to, fault);
	else
		unsafe_put_user((s32)slot->type, (s32 __user *)to, fault);
	if (likely(kmq_copies_short(size)))
		copied = kmq_words_out(to + head, slot->body, size);
	user_write_access_end();
	if (unlikely(!kmq_copies_short(size)))
		return kmq_copy_out_long(to + head, slot->body, size);
	return copied ? 0 : -EFAULT;

fault:
	user_write_access_end();
	return -EFAULT;
}

/**
 * kmq_slot_copy_in_type() - kmq_slot_copy_in() of a body behind a __s64 type
 * @slot: owned by the caller; its type is set
 * @from: the type, then @slot->size bytes
 *
 * Context: may sleep.
 * Return: 0, or -EFAULT.
 */
int kmq_slot_copy_in_type(struct kmq_slot *slot, const u8 __user *from)
{
	return kmq_copy_in_head(slot, from, sizeof(s64));
}

/* Likewise, behind a __s32. */
int kmq_slot_copy_in_type32(struct kmq_slot *slot, const u8 __user *from)
{
	return kmq_copy_in_head(slot, from, sizeof(s32));
}

/**
 * kmq_slot_copy_out_type() - kmq_slot_copy_out() behind a __s64 type
 * @slot: owned or peeked at
 * @to: room for the type, then @size bytes
 * @size: at most @slot->size
 *
 * Context: may sleep.
 * Return: 0, or -EFAULT.
 */
int kmq_slot_copy_out_type(const struct kmq_slot *slot, u8 __user *to, u32 size)
{
	return kmq_copy_out_head(slot, to, size, sizeof(s64));
}

/* Likewise behind a __s32; -EOVERFLOW: the type needs more. */
int kmq_slot_copy_out_type32(const struct kmq_slot *slot, u8 __user *to,
			     u32 size)
{
	if (slot->type > S32_MAX)
		return -EOVERFLOW;
	return kmq_copy_out_head(slot, to, size, sizeof(s32));
}

int kmq_copy_in_long(void *to, const void __user *from, size_t n)
{
	return copy_from_user(to, from, n) ? -EFAULT : 0;
}

int kmq_copy_out_long(void __user *to, const void *from, size_t n)
{
	return copy_to_user(to, from, n) ? -EFAULT : 0;
}

/* As kmq_slot_copy_in(), for readv, writev and io_uring. */
int kmq_slot_copy_in_iter(struct kmq_slot *slot, struct iov_iter *from)
{
	if (!copy_from_iter_full(slot->body, slot->size, from))
		return -EFAULT;
	return 0;
}

/* As kmq_slot_copy_out(), for readv, writev and io_uring. */
int kmq_slot_copy_out_iter(const struct kmq_slot *slot, struct iov_iter *to,
			   u32 size)
{
	if (copy_to_iter(slot->body, size, to) != size)
		return -EFAULT;
	return 0;
}

/**
 * kmq_slot_bytes() - memory that one slot takes
 * @inline_size: bytes of body in it
 */
size_t kmq_slot_bytes(u32 inline_size)
{
	return kmalloc_size_roundup(struct_size((struct kmq_slot *)NULL,
						inline_body, inline_size));
}

/* Charged to the memory cgroup of the caller. */
static struct kmq_slot *kmq_slot_alloc(const struct kmq_pool *pool)
{
	struct kmq_slot *slot;

	slot = kmalloc(kmq_slot_bytes(pool->inline_size), GFP_KERNEL_ACCOUNT);
	if (!slot)
		return NULL;
	slot->sender = NULL;
	slot->body = slot->inline_body;
	return slot;
}

static void kmq_chain_free(struct kmq_slot *chain)
{
	while (chain) {
		struct kmq_slot *slot = chain;

		chain = slot->next;
		kfree(slot);
	}
}

/* Make @count slots; all or none. */
static struct kmq_slot *kmq_chain_alloc(const struct kmq_pool *pool, u32 count)
{
	struct kmq_slot *chain = NULL;

	while (count--) {
		struct kmq_slot *slot = kmq_slot_alloc(pool);

		if (!slot) {
			kmq_chain_free(chain);
			return NULL;
		}
		slot->next = chain;
		chain = slot;
		cond_resched();
	}
	return chain;
}

/**
 * kmq_pool_init() - take the slots of a new queue
 * @pool: to set up
 * @capacity: messages
 * @slots: how many of them have their slot now; 0: all
 * @inline_size: bytes
 *
 * Context: may sleep.
 * Return: 0, or -ENOMEM with nothing taken.
 */
int kmq_pool_init(struct kmq_pool *pool, u32 capacity, u32 slots,
		  u32 inline_size)
{
	slots = slots ?: capacity;
	spin_lock_init(&pool->lock);
	mutex_init(&pool->charging);
	pool->inline_size = inline_size;
	pool->slots = slots;
	pool->paid = slots;
	pool->capacity = capacity;
	pool->total = slots;
	pool->target = slots + KMQ_POOL_SPARE;
	pool->free = kmq_chain_alloc(pool, slots);
	return pool->free || !slots ? 0 : -ENOMEM;
}

/**
 * kmq_pool_charge_to() - who pays for the slots that are taken after the first
 * @pool: of a queue that nobody knows yet
 * @account: that outlives the pool's use
 *
 * Context: does not sleep.
 */
void kmq_pool_charge_to(struct kmq_pool *pool, struct kmq_account *account)
{
	if (pool->slots < pool->capacity)
		pool->account = account;
}

/* Slots charged for with the queue, when it has @capacity. */
u32 kmq_pool_slots(const struct kmq_pool *pool, u32 capacity)
{
	return pool->account ? pool->slots : capacity;
}

/* Bytes charged for beyond that, when nobody sends any more. */
u64 kmq_pool_extra(const struct kmq_pool *pool)
{
	if (!pool->account)
		return 0;
	return (u64)(pool->paid - pool->slots) *
	       kmq_slot_bytes(pool->inline_size);
}

/**
 * kmq_pool_destroy() - free the slots of a queue that nobody can reach
 * @pool: all its slots have been given back
 */
void kmq_pool_destroy(struct kmq_pool *pool)
{
	kmq_chain_free(pool->free);
	pool->free = NULL;
}

/*
 * Detach free slots above the target, a bounded number. What is in use is freed
 * on its return.
 */
static struct kmq_slot *kmq_pool_trim(struct kmq_pool *pool)
{
	struct kmq_slot *chain = NULL;
	u32 n;

	lockdep_assert_held(&pool->lock);
	for (n = 0; n < KMQ_POOL_TRIM; n++) {
		struct kmq_slot *slot = pool->free;

		if (!slot || pool->total <= pool->target)
			break;
		pool->free = slot->next;
		pool->total--;
		slot->next = chain;
		chain = slot;
	}
	return chain;
}

/* Link a chain of new slots in. */
static void kmq_pool_add(struct kmq_pool *pool, struct kmq_slot *chain,
			 u32 count)
{
	struct kmq_slot *last = chain;

	if (!chain)
		return;
	while (last->next)
		last = last->next;
	spin_lock(&pool->lock);
	last->next = pool->free;
	pool->free = chain;
	pool->total += count;
	spin_unlock(&pool->lock);
}

/**
 * kmq_pool_resize() - take or free slots for a new capacity
 * @pool: in use
 * @capacity: messages
 *
 * A pool that takes its slots as they are needed keeps those that it has.
 *
 * Context: may sleep; the caller lets one resize run at a time.
 * Return: 0, or -ENOMEM with nothing changed.
 */
int kmq_pool_resize(struct kmq_pool *pool, u32 capacity)
{
	u32 have = READ_ONCE(pool->target) - KMQ_POOL_SPARE;
	u32 more = capacity > have ? capacity - have : 0;
	struct kmq_slot *chain;

	if (pool->account) {
		spin_lock(&pool->lock);
		pool->capacity = capacity;
		spin_unlock(&pool->lock);
		return 0;
	}
	chain = kmq_chain_alloc(pool, more);
	if (more && !chain)
		return -ENOMEM;
	kmq_pool_add(pool, chain, more);
	spin_lock(&pool->lock);
	pool->target = capacity + KMQ_POOL_SPARE;
	spin_unlock(&pool->lock);
	do {
		spin_lock(&pool->lock);
		chain = kmq_pool_trim(pool);
		spin_unlock(&pool->lock);
		kmq_chain_free(chain);
		cond_resched();
	} while (chain);
	return 0;
}

static struct kmq_slot *kmq_pool_pop(struct kmq_pool *pool)
{
	struct kmq_slot *slot;

	spin_lock(&pool->lock);
	slot = pool->free;
	if (likely(slot))
		pool->free = slot->next;
	spin_unlock(&pool->lock);
	return slot;
}

/* Slots to be charged for before there are as many as @total says. */
static u32 kmq_pool_owes(const struct kmq_pool *pool)
{
	lockdep_assert_held(&pool->lock);
	if (!pool->account || pool->total <= pool->paid ||
	    pool->paid >= pool->capacity)
		return 0;
	return min(round_up(pool->total - pool->paid, KMQ_POOL_STEP),
		   pool->capacity - pool->paid);
}

/*
 * Charge for the caller's slot, which is in @total, unless somebody has who came
 * at the same edge: a step pays for many.
 */
static int kmq_pool_charge(struct kmq_pool *pool)
{
	u64 bytes = kmq_slot_bytes(pool->inline_size);
	int err = 0;
	u32 more;

	mutex_lock(&pool->charging);
	spin_lock(&pool->lock);
	more = kmq_pool_owes(pool);
	spin_unlock(&pool->lock);
	if (more)
		err = kmq_quota_change(pool->account, 0, more * bytes);
	spin_lock(&pool->lock);
	/* Before the next one asks, who is not to be refused for this slot. */
	if (err)
		pool->total--;
	else
		pool->paid += more;
	spin_unlock(&pool->lock);
	mutex_unlock(&pool->charging);
	return err;
}

/* A slot more is to come. */
static int kmq_pool_enlist(struct kmq_pool *pool)
{
	bool owes;

	spin_lock(&pool->lock);
	pool->total++;
	owes = kmq_pool_owes(pool);
	spin_unlock(&pool->lock);
	return owes ? kmq_pool_charge(pool) : 0;
}

/*
 * What is charged for in vain. Half a step is kept beyond what there is, so that
 * a message that comes and goes at the edge does not take the account's lock each
 * time.
 */
static u32 kmq_pool_surplus(const struct kmq_pool *pool)
{
	u32 kept = max(pool->total, pool->slots) + KMQ_POOL_STEP / 2;

	lockdep_assert_held(&pool->lock);
	return pool->paid > kept ?
		       round_down(pool->paid - kept, KMQ_POOL_STEP) : 0;
}

/* A slot has been freed: is enough charged for in vain to give it back? */
static void kmq_pool_refund(struct kmq_pool *pool)
{
	u64 bytes = kmq_slot_bytes(pool->inline_size);
	u32 surplus;

	if (!pool->account)
		return;
	spin_lock(&pool->lock);
	surplus = kmq_pool_surplus(pool);
	spin_unlock(&pool->lock);
	if (!surplus)
		return;
	mutex_lock(&pool->charging);
	spin_lock(&pool->lock);
	surplus = kmq_pool_surplus(pool);
	pool->paid -= surplus;
	spin_unlock(&pool->lock);
	kmq_quota_change(pool->account, surplus * bytes, 0);
	mutex_unlock(&pool->charging);
}

/*
 * All slots are in use: a message more, on its way into a full queue, or into one
 * that takes its slots as they are needed.
 */
static noinline struct kmq_slot *kmq_pool_grow(struct kmq_pool *pool)
{
	struct kmq_slot *slot;
	int err = kmq_pool_enlist(pool);

	if (err)
		return ERR_PTR(err);
	slot = kmq_slot_alloc(pool);
	if (slot)
		return slot;
	spin_lock(&pool->lock);
	pool->total--;
	spin_unlock(&pool->lock);
	kmq_pool_refund(pool);
	return ERR_PTR(-ENOMEM);
}

static bool kmq_pool_push(struct kmq_pool *pool, struct kmq_slot *slot)
{
	bool keep;

	spin_lock(&pool->lock);
	keep = pool->total <= pool->target;
	if (likely(keep)) {
		slot->next = pool->free;
		pool->free = slot;
	} else {
		pool->total--;
	}
	spin_unlock(&pool->lock);
	return keep;
}

/* @slot is new to its owner, and a reference of @sender is the slot's. */
static inline void kmq_slot_prepare(struct kmq_slot *slot, struct pid *sender,
				    kuid_t uid)
{
	slot->redeliveries = 0;
	slot->peekers = 0;
	slot->doomed = false;
	slot->is_call = false;
	slot->lost = 0;
	slot->uid = uid;
	/* The number depends on who reads, so the identity itself is kept. */
	slot->sender = sender;
}

/* A body that is too long for the slot itself. */
int kmq_slot_extend(struct kmq_slot *slot, u32 size)
{
	u8 *body = kvmalloc(size, GFP_KERNEL_ACCOUNT);

	if (!body)
		return -ENOMEM;
	slot->body = body;
	return 0;
}

/**
 * kmq_slot_get() - a slot for a message of the caller
 * @pool: of the queue
 * @size: bytes of the body, at most the queue's max_message
 *
 * The sender is stamped here. Nothing is allocated for a body that fits inline,
 * as long as fewer messages are on their way than the pool has to spare.
 *
 * Context: may sleep.
 * Return: the slot, the caller's until the queue accepts it or kmq_slot_put();
 * or ERR_PTR of -ENOMEM, -EDQUOT.
 */
struct kmq_slot *kmq_slot_get(struct kmq_pool *pool, u32 size)
{
	struct kmq_slot *slot = kmq_pool_pop(pool);

	if (unlikely(!slot)) {
		slot = kmq_pool_grow(pool);
		if (IS_ERR(slot))
			return slot;
	}
	kmq_slot_prepare(slot, get_pid(task_tgid(current)), current_euid());
	slot->size = size;
	if (likely(size <= pool->inline_size) || !kmq_slot_extend(slot, size))
		return slot;
	kmq_slot_put(pool, slot);
	return ERR_PTR(-ENOMEM);
}

/**
 * kmq_slots_get() - kmq_slot_get() for a batch, but for the sizes
 * @pool: of the queue
 * @slots: out: each wants a kmq_slot_fit()
 * @count: of @slots, at least 1
 *
 * Context: may sleep.
 * Return: how many, at least 1; or -ENOMEM, -EDQUOT.
 */
int kmq_slots_get(struct kmq_pool *pool, struct kmq_slot **slots, u32 count)
{
	struct pid *sender = task_tgid(current);
	kuid_t uid = current_euid();
	int err = -ENOMEM;
	u32 got, i;

	spin_lock(&pool->lock);
	for (got = 0; got < count && pool->free; got++) {
		slots[got] = pool->free;
		pool->free = pool->free->next;
	}
	spin_unlock(&pool->lock);
	for (; unlikely(got < count); got++) {
		slots[got] = kmq_pool_grow(pool);
		if (IS_ERR(slots[got])) {
			err = PTR_ERR(slots[got]);
			break;
		}
	}
	if (!got)
		return err;
	refcount_add(got, &sender->count);
	for (i = 0; i < got; i++)
		kmq_slot_prepare(slots[i], sender, uid);
	return got;
}

static inline void kmq_slot_shrink(struct kmq_slot *slot)
{
	if (likely(slot->body == slot->inline_body))
		return;
	kvfree(slot->body);
	slot->body = slot->inline_body;
}

/**
 * kmq_slot_put() - give a slot back, and its message up
 * @pool: that it came from
 * @slot: owned by the caller
 *
 * Context: may sleep (vfree); no lock held.
 */
void kmq_slot_put(struct kmq_pool *pool, struct kmq_slot *slot)
{
	put_pid(slot->sender);
	kmq_slot_shrink(slot);
	if (unlikely(!kmq_pool_push(pool, slot))) {
		kfree(slot);
		kmq_pool_refund(pool);
	}
}

/* kmq_slot_put() for a chain linked through @next. */
void kmq_slots_put_chain(struct kmq_pool *pool, struct kmq_slot *chain)
{
	while (chain) {
		struct kmq_slot *slot = chain;

		chain = slot->next;
		kmq_slot_put(pool, slot);
		cond_resched();
	}
}

/* Drop @count references at once. */
static void kmq_pid_put(struct pid *pid, u32 count)
{
	/* All but the last cannot be the last. */
	if (count > 1)
		WARN_ON_ONCE(refcount_sub_and_test(count - 1, &pid->count));
	put_pid(pid);
}

/* What hangs on the messages: bodies, and senders, who tend to repeat. */
static void kmq_slots_strip(struct kmq_slot **slots, u32 count)
{
	struct pid *sender = slots[0]->sender;
	u32 i, same = 0;

	for (i = 0; i < count; i++) {
		kmq_slot_shrink(slots[i]);
		if (unlikely(slots[i]->sender != sender)) {
			kmq_pid_put(sender, same);
			sender = slots[i]->sender;
			same = 0;
		}
		same++;
	}
	kmq_pid_put(sender, same);
}

/**
 * kmq_slots_put() - kmq_slot_put() for a batch
 * @pool: that they came from
 * @slots: owned by the caller
 * @count: of @slots, at least 1
 *
 * Context: may sleep (vfree); no lock held.
 */
void kmq_slots_put(struct kmq_pool *pool, struct kmq_slot **slots, u32 count)
{
	struct kmq_slot *extra = NULL;
	u32 i;

	kmq_slots_strip(slots, count);
	spin_lock(&pool->lock);
	for (i = 0; i < count; i++) {
		slots[i]->next = pool->free;
		pool->free = slots[i];
	}
	if (unlikely(pool->total > pool->target))
		extra = kmq_pool_trim(pool);
	spin_unlock(&pool->lock);
	if (likely(!extra))
		return;
	kmq_chain_free(extra);
	kmq_pool_refund(pool);
}
