// SPDX-License-Identifier: GPL-2.0-only
/*
 * What may be asked of a new queue, and what is chosen where nothing was. Both
 * doors that create come through here, /dev/kmq/control and netlink; the first
 * has no use for the sentences.
 */
#include <linux/ctype.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/kmq_netlink.h>
#include <linux/kmq_ring.h>

#include "create.h"

#define KMQ_CREATE_FLAGS (KMQ_CREATE_EXCLUSIVE | KMQ_CREATE_OPEN |  \
			  KMQ_CREATE_OWNER | KMQ_CREATE_NONBLOCK | \
			  KMQ_CREATE_EXACT | KMQ_CREATE_OVERTAKE)
/* Of these, what the hub's queues have: they have no node to own or to open. */
#define KMQ_KEYED_FLAGS (KMQ_CREATE_EXCLUSIVE | KMQ_CREATE_NONBLOCK | \
			 KMQ_CREATE_EXACT | KMQ_CREATE_OVERTAKE)

/* NUL-terminated, and zero behind: what is unused now may mean something. */
bool kmq_name_terminated(const char name[KMQ_NAME_SIZE])
{
	size_t length = strnlen(name, KMQ_NAME_SIZE);

	return length < KMQ_NAME_SIZE &&
	       !memchr_inv(name + length, 0, KMQ_NAME_SIZE - length);
}

/* True of an empty name, too. */
bool kmq_name_valid(const char *name)
{
	const char *c;

	if (*name == '.' || !strcmp(name, KMQ_CONTROL_NAME))
		return false;
	for (c = name; *c; c++)
		if (!isascii(*c) || !(isalnum(*c) || strchr("._-", *c)))
			return false;
	return true;
}

static int kmq_wrong(struct kmq_fault *fault, u16 attribute,
		     const char *sentence)
{
	return kmq_refuse(fault, attribute, sentence, -EINVAL);
}

/* What does not depend on defaults. */
static int kmq_check_words(const struct kmq_create *create,
			   struct kmq_fault *fault)
{
	if (memchr_inv(create->reserved, 0, sizeof(create->reserved)) ||
	    create->reserved32 || create->reserved64 ||
	    create->flags & ~KMQ_CREATE_FLAGS)
		return kmq_wrong(fault, 0, "reserved field or unknown flag");
	if (create->kind > KMQ_KIND_RING)
		return kmq_wrong(fault, KMQ_A_KIND, "no such kind of queue");
	if (create->policy > KMQ_POLICY_DROP_OLDEST)
		return kmq_wrong(fault, KMQ_A_POLICY, "no such policy");
	if (create->lifetime > KMQ_LIFETIME_EPHEMERAL)
		return kmq_wrong(fault, KMQ_A_LIFETIME, "no such lifetime");
	if (create->mode & ~0777)
		return kmq_wrong(fault, KMQ_A_MODE,
				 "a mode has permission bits only");
	if (!(create->flags & KMQ_CREATE_OWNER) && (create->uid || create->gid))
		return kmq_wrong(fault, 0, "an owner without its flag");
	if (create->kind != KMQ_KIND_RING && create->ring_mode)
		return kmq_wrong(fault, KMQ_A_RING_MODE,
				 "only a ring has a ring mode");
	if (create->kind == KMQ_KIND_RING &&
	    create->flags & (KMQ_CREATE_EXACT | KMQ_CREATE_OVERTAKE))
		return kmq_refuse(fault, KMQ_A_KIND,
				  "a ring has no exact limits and no overtaking",
				  -EOPNOTSUPP);
	return 0;
}

static int kmq_check_name(struct kmq_create *create, struct kmq_fault *fault)
{
	bool exclusive = create->flags & KMQ_CREATE_EXCLUSIVE;
	bool open = create->flags & KMQ_CREATE_OPEN;

	if (!kmq_name_terminated(create->name))
		return kmq_wrong(fault, KMQ_A_NAME, "the name is too long");
	if (!*create->name) {
		create->lifetime = KMQ_LIFETIME_EPHEMERAL;
		return exclusive ? -EINVAL : 0;
	}
	if (!kmq_name_valid(create->name))
		return kmq_wrong(fault, KMQ_A_NAME,
				 "a name is of letters, digits and ._-, does not begin with a dot and is not \"control\"");
	if (open && !exclusive)
		return -EINVAL;
	if (create->flags & KMQ_CREATE_NONBLOCK && !open)
		return -EINVAL;
	return 0;
}

static int kmq_check_ring_size(struct kmq_create *create,
			       struct kmq_fault *fault)
{
	u64 most;

	create->byte_limit = create->byte_limit ?: KMQ_RING_SIZE_DEFAULT;
	if (!is_power_of_2(create->byte_limit) ||
	    create->byte_limit < PAGE_SIZE ||
	    create->byte_limit > KMQ_RING_SIZE_MAX)
		return kmq_wrong(fault, KMQ_A_BYTE_LIMIT,
				 "a ring's byte limit is a power of two of pages, up to its maximum");
	most = create->byte_limit / 2 - sizeof(struct kmq_ring_record);
	create->max_message = create->max_message ?: most;
	if (create->max_message > most)
		return kmq_wrong(fault, KMQ_A_MAX_MESSAGE,
				 "a record of a ring takes at most half of it");
	return 0;
}

/* What a ring has in place of the sizes below. */
static int kmq_check_ring(struct kmq_create *create, struct kmq_fault *fault)
{
	create->mode = create->mode ?: KMQ_MODE_DEFAULT;
	if (create->ring_mode > KMQ_RING_BROADCAST)
		return kmq_wrong(fault, KMQ_A_RING_MODE, "no such ring mode");
	if (create->policy > KMQ_POLICY_REJECT)
		return kmq_wrong(fault, KMQ_A_POLICY,
				 "a ring blocks or rejects, it does not drop");
	if (create->ring_mode == KMQ_RING_BROADCAST &&
	    create->policy != KMQ_POLICY_BLOCK)
		return kmq_wrong(fault, KMQ_A_POLICY,
				 "a broadcast ring is never full");
	if (create->capacity)
		return kmq_wrong(fault, KMQ_A_CAPACITY,
				 "a ring has a byte limit, no capacity");
	if (create->inline_size)
		return kmq_wrong(fault, KMQ_A_INLINE_SIZE,
				 "a ring has no inline size");
	if (create->slots)
		return kmq_wrong(fault, 0, "a ring has no slots");
	return kmq_check_ring_size(create, fault);
}

static int kmq_check_byte_limit(struct kmq_create *create,
				struct kmq_fault *fault)
{
	bool exact = create->flags & KMQ_CREATE_EXACT;

	/* In an order that no product can overflow. */
	if (!create->byte_limit && !exact)
		create->byte_limit = clamp_t(u64, (u64)create->capacity *
						  create->max_message,
					     create->max_message,
					     KMQ_BYTE_LIMIT_DEFAULT);
	if (create->byte_limit < create->max_message && !exact)
		return kmq_wrong(fault, KMQ_A_BYTE_LIMIT,
				 "the byte limit is below the largest message");
	if (create->byte_limit > KMQ_BYTE_LIMIT_MAX)
		return kmq_wrong(fault, KMQ_A_BYTE_LIMIT,
				 "the byte limit is above its maximum");
	return 0;
}

/* What zero stands for, where it is not meant. */
static void kmq_default_sizes(struct kmq_create *create)
{
	create->inline_size = create->inline_size ?: KMQ_INLINE_DEFAULT;
	if (create->flags & KMQ_CREATE_EXACT)
		return;
	create->capacity = create->capacity ?: KMQ_CAPACITY_DEFAULT;
	create->max_message = create->max_message ?: KMQ_MESSAGE_DEFAULT;
	create->mode = create->mode ?: KMQ_MODE_DEFAULT;
}

/* Defaults and limits. */
static int kmq_check_sizes(struct kmq_create *create, struct kmq_fault *fault)
{
	if (create->kind == KMQ_KIND_RING)
		return kmq_check_ring(create, fault);
	kmq_default_sizes(create);
	if (create->capacity > KMQ_CAPACITY_MAX)
		return kmq_wrong(fault, KMQ_A_CAPACITY,
				 "the capacity is above its maximum");
	if (create->slots > create->capacity)
		return kmq_wrong(fault, 0, "more slots than capacity");
	if (create->inline_size < 8 || create->inline_size > KMQ_INLINE_MAX)
		return kmq_wrong(fault, KMQ_A_INLINE_SIZE,
				 "the inline size is out of its range");
	if (create->max_message > KMQ_MESSAGE_MAX)
		return kmq_wrong(fault, KMQ_A_MAX_MESSAGE,
				 "the largest message is above its maximum");
	create->inline_size = round_up(create->inline_size, 8);
	return kmq_check_byte_limit(create, fault);
}

/**
 * kmq_create_check() - may there be such a queue?
 * @create: as asked for; out: complete, zeros replaced by defaults
 * @fault: out: what is wrong, when it is wrong
 *
 * The owner is the caller's to look at: it depends on who asks.
 *
 * Context: does not sleep.
 * Return: 0, -EINVAL or -EOPNOTSUPP.
 */
int kmq_create_check(struct kmq_create *create, struct kmq_fault *fault)
{
	int err = kmq_check_words(create, fault);

	if (!err)
		err = kmq_check_name(create, fault);
	if (!err)
		err = kmq_check_sizes(create, fault);
	return err;
}

/**
 * kmq_create_check_keyed() - the same for a queue of the hub
 * @create: as asked for; out: complete
 *
 * Context: does not sleep.
 * Return: 0, -EINVAL or -EOPNOTSUPP.
 */
int kmq_create_check_keyed(struct kmq_create *create)
{
	struct kmq_fault fault;
	int err = kmq_check_words(create, &fault);

	if (err)
		return err;
	if (memchr_inv(create->name, 0, sizeof(create->name)) ||
	    create->flags & ~KMQ_KEYED_FLAGS ||
	    create->lifetime != KMQ_LIFETIME_PERSISTENT)
		return -EINVAL;
	/* Who sleeps in a ring cannot be asked again whether he may. */
	if (create->kind != KMQ_KIND_MESSAGE)
		return -EOPNOTSUPP;
	return kmq_check_sizes(create, &fault);
}
