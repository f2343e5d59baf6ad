// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family: queues described, made, changed and removed, and
 * subscriptions to events (event.c). <linux/kmq_netlink.h> is its manual.
 *
 * A request runs in the system call of its sender, without a lock of netlink's
 * (parallel_ops): the registry has its own. A dump is continued by whoever reads
 * the socket, and keeps what it needs in struct kmq_dump. An unfinished dump
 * holds the module, as a descriptor of a queue does.
 *
 * What a command takes is in its policy; netlink refuses the rest by itself, with
 * a sentence. What is in no policy's power is refused by kmq_netlink_refuse().
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/slab.h>
#include <linux/sched/signal.h>
#include <linux/user_namespace.h>

#include "compat.h"
#include "create.h"
#include "event.h"
#include "key.h"
#include "netlink.h"
#include "registry.h"
#include "stats.h"
#include "viewer.h"
#include "watch.h"

/**
 * struct kmq_dump - of queues, on its way
 * @viewer: who asked for it
 * @pattern: of names; empty: any
 * @uid: of owners; INVALID_UID: any
 * @kind: of queues; U32_MAX: any
 * @id: of the queue described last
 * @refusal: what is wrong with it
 */
struct kmq_dump {
	struct kmq_viewer viewer;
	char pattern[KMQ_PATTERN_SIZE];
	kuid_t uid;
	u32 kind;
	u32 id;
	struct kmq_refusal refusal;
};

/**
 * kmq_netlink_refuse() - say why
 * @extack: of the request
 * @attribute: that is to blame; or NULL
 * @sentence: a constant
 * @err: to be returned
 *
 * Context: does not sleep.
 * Return: @err.
 */
int kmq_netlink_refuse(struct netlink_ext_ack *extack,
		       const struct nlattr *attribute, const char *sentence,
		       int err)
{
	if (!extack)
		return err;
	extack->_msg = sentence;
	NL_SET_BAD_ATTR(extack, attribute);
	return err;
}

/*
 * What netlink looks at by itself for commands from kmq_family.resv_start_op on:
 * it would refuse NLM_F_EXCL, whichever command it comes with.
 */
static int kmq_netlink_header(const struct nlmsghdr *header, u16 flags,
			      struct netlink_ext_ack *extack)
{
	const struct genlmsghdr *command = nlmsg_data(header);

	flags |= NLM_F_REQUEST | NLM_F_ACK | NLM_F_ECHO;
	if (command->reserved)
		return kmq_netlink_refuse(extack, NULL,
					  "reserved bits of the header are set",
					  -EINVAL);
	if (header->nlmsg_flags & ~flags)
		return kmq_netlink_refuse(extack, NULL,
					  "flags that this command does not have",
					  -EINVAL);
	return 0;
}

/* As found by who knows nothing of netlink. */
static int kmq_netlink_blame(struct netlink_ext_ack *extack,
			     struct nlattr **attrs,
			     const struct kmq_fault *fault, int err)
{
	if (!fault->sentence)
		return err;
	return kmq_netlink_refuse(extack, fault->attribute ?
						  attrs[fault->attribute] :
						  NULL,
				  fault->sentence, err);
}

static int kmq_netlink_miss(struct netlink_ext_ack *extack, u16 attribute,
			    const char *sentence)
{
	NL_SET_ERR_ATTR_MISS(extack, NULL, attribute);
	return kmq_netlink_refuse(extack, NULL, sentence, -EINVAL);
}

/*
 * What netlink's policies let pass: a text that ends before its attribute does,
 * and so is another than its sender may think. @text may be NULL.
 */
static int kmq_netlink_text(const struct nlattr *text,
			    struct netlink_ext_ack *extack)
{
	if (!text || strlen(nla_data(text)) + 1 == nla_len(text))
		return 0;
	return kmq_netlink_refuse(extack, text,
				  "there are bytes behind the end of the text",
				  -EINVAL);
}

/**
 * kmq_refusal_begin() - what a dump's start may refuse with
 * @refusal: out
 * @cb: of the dump
 *
 * In Linux 6.1 a start has no extack: it has to succeed, and the dump is refused
 * at once, by an end that says why.
 *
 * Context: does not sleep.
 * Return: where to put the sentence.
 */
struct netlink_ext_ack *kmq_refusal_begin(struct kmq_refusal *refusal,
					  struct netlink_callback *cb)
{
	*refusal = (struct kmq_refusal){};
	return cb->extack ?: &refusal->extack;
}

/**
 * kmq_refusal_end() - what a dump's start returns
 * @refusal: from kmq_refusal_begin()
 * @cb: of the dump
 * @err: that was found
 *
 * Context: does not sleep.
 * Return: @err, or 0, and kmq_refusal_tell() will.
 */
int kmq_refusal_end(struct kmq_refusal *refusal, struct netlink_callback *cb,
		    int err)
{
	refusal->err = err;
	return cb->extack ? err : 0;
}

/* To be returned by the dump, if it is not 0. Does not sleep. */
int kmq_refusal_tell(const struct kmq_refusal *refusal,
		     struct netlink_callback *cb)
{
	if (!refusal->err)
		return 0;
	return kmq_netlink_refuse(cb->extack, NULL, refusal->extack._msg,
				  refusal->err);
}

/**
 * kmq_netlink_find() - the queue that a request names
 * @attrs: of the request
 * @extack: of the request
 * @queue: out: with a reference for kmq_queue_put()
 *
 * Context: may sleep.
 * Return: 0, -EINVAL, -ENOENT.
 */
int kmq_netlink_find(struct nlattr **attrs, struct netlink_ext_ack *extack,
		     struct kmq_queue **queue)
{
	const struct nlattr *name = attrs[KMQ_A_NAME], *id = attrs[KMQ_A_ID];
	int err;

	if (!name && !id)
		return kmq_netlink_miss(extack, KMQ_A_NAME,
					"which queue? a name or an id is needed");
	if (name && id)
		return kmq_netlink_refuse(extack, id,
					  "a name and an id: one of them",
					  -EINVAL);
	err = kmq_netlink_text(name, extack);
	if (err)
		return err;
	*queue = kmq_registry_find(name ? nla_data(name) : NULL,
				   id ? nla_get_u32(id) : 0);
	if (!*queue)
		return kmq_netlink_refuse(extack, name ?: id, "no such queue",
					  -ENOENT);
	return 0;
}

static struct kmq_subject kmq_subject_of(struct kmq_queue *queue)
{
	struct kmq_subject subject;

	spin_lock(&queue->lock);
	kmq_queue_subject(queue, &subject);
	spin_unlock(&queue->lock);
	return subject;
}

/**
 * kmq_netlink_see() - may a queue be looked at?
 * @viewer: by whom
 * @request: his
 * @queue: whose lock is not held
 * @attrs: of the request
 * @extack: of the request
 *
 * Context: does not sleep.
 * Return: 0 or -EACCES.
 */
int kmq_netlink_see(struct kmq_viewer *viewer, struct sk_buff *request,
		    struct kmq_queue *queue, struct nlattr **attrs,
		    struct netlink_ext_ack *extack)
{
	struct kmq_subject subject = kmq_subject_of(queue);

	if (kmq_viewer_sees(viewer, &subject) ||
	    kmq_viewer_ask(viewer, request))
		return 0;
	return kmq_netlink_refuse(extack, attrs[KMQ_A_NAME] ?: attrs[KMQ_A_ID],
				  "its mode does not let you read this queue",
				  -EACCES);
}

/*
 * @owner: of @queue, as it was when it was looked at. Who made a queue through the
 * hub has its owner's rights for good, here as there; its uid does not change.
 */
static int kmq_netlink_own(struct kmq_viewer *viewer, struct sk_buff *request,
			   const struct kmq_queue *queue, kuid_t owner,
			   struct nlattr **attrs,
			   struct netlink_ext_ack *extack)
{
	if (kmq_viewer_owns(viewer, owner) ||
	    (queue->key && kmq_viewer_owns(viewer, queue->creator_uid)) ||
	    kmq_viewer_ask(viewer, request))
		return 0;
	return kmq_netlink_refuse(extack, attrs[KMQ_A_NAME] ?: attrs[KMQ_A_ID],
				  "you neither own this queue nor have CAP_SYS_ADMIN",
				  -EPERM);
}

/* What is in a description, by where it is. */
struct kmq_word {
	u16 attribute;
	u16 offset;
};

#define KMQ_WORD(a, field) { a, offsetof(struct kmq_description, field) }

static const struct kmq_word kmq_words32[] = {
	KMQ_WORD(KMQ_A_ID, info.id),
	KMQ_WORD(KMQ_A_KIND, info.kind),
	KMQ_WORD(KMQ_A_POLICY, info.policy),
	KMQ_WORD(KMQ_A_LIFETIME, info.lifetime),
	KMQ_WORD(KMQ_A_MAX_MESSAGE, info.max_message),
	KMQ_WORD(KMQ_A_MODE, info.mode),
	KMQ_WORD(KMQ_A_BLOCKED_SENDERS, info.blocked_senders),
	KMQ_WORD(KMQ_A_BLOCKED_RECEIVERS, info.blocked_receivers),
	KMQ_WORD(KMQ_A_BLOCKED_CALLERS, info.blocked_callers),
	KMQ_WORD(KMQ_A_DESCRIPTORS, info.descriptors),
};

static const struct kmq_word kmq_words64[] = {
	KMQ_WORD(KMQ_A_BYTE_LIMIT, info.byte_limit),
	KMQ_WORD(KMQ_A_CREATED, info.created),
	KMQ_WORD(KMQ_A_BYTES, info.bytes),
	KMQ_WORD(KMQ_A_QUEUED, info.queued),
	KMQ_WORD(KMQ_A_LEASED, info.leased),
	KMQ_WORD(KMQ_A_SENT, info.sent),
	KMQ_WORD(KMQ_A_RECEIVED, info.received),
	KMQ_WORD(KMQ_A_DROPPED, info.dropped),
	KMQ_WORD(KMQ_A_PURGED, info.purged),
	KMQ_WORD(KMQ_A_RETURNED, info.returned),
	KMQ_WORD(KMQ_A_REJECTED, info.rejected),
	KMQ_WORD(KMQ_A_CALLS, info.calls),
	KMQ_WORD(KMQ_A_REPLIES, info.replies),
	KMQ_WORD(KMQ_A_PEAK, info.peak),
	KMQ_WORD(KMQ_A_ABANDONED, info.abandoned),
	KMQ_WORD(KMQ_A_LAST_CHANGE, last_change),
};

/* Of a queue that the kernel keeps the messages of. */
static const struct kmq_word kmq_words32_message[] = {
	KMQ_WORD(KMQ_A_CAPACITY, info.capacity),
	KMQ_WORD(KMQ_A_INLINE_SIZE, info.inline_size),
	KMQ_WORD(KMQ_A_HIGH_WATERMARK, watch.high),
	KMQ_WORD(KMQ_A_LOW_WATERMARK, watch.low),
	KMQ_WORD(KMQ_A_LEASE_LIMIT, watch.lease_limit),
};

static const struct kmq_word kmq_words64_message[] = {
	KMQ_WORD(KMQ_A_LAST_SEND, last_send),
	KMQ_WORD(KMQ_A_LAST_RECEIVE, last_receive),
};

/* Of a ring. */
static const struct kmq_word kmq_words32_ring[] = {
	KMQ_WORD(KMQ_A_RING_MODE, info.ring_mode),
	KMQ_WORD(KMQ_A_ATTACHMENTS, info.attachments),
	KMQ_WORD(KMQ_A_DEATHS, info.deaths),
	KMQ_WORD(KMQ_A_RING_FLAGS, info.ring_flags),
};

static int kmq_put_words32(struct sk_buff *skb,
			   const struct kmq_description *description,
			   const struct kmq_word *words, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (nla_put_u32(skb, words[i].attribute,
				*(const u32 *)((const u8 *)description +
					       words[i].offset)))
			return -EMSGSIZE;
	return 0;
}

static int kmq_put_words64(struct sk_buff *skb,
			   const struct kmq_description *description,
			   const struct kmq_word *words, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (nla_put_u64_64bit(skb, words[i].attribute,
				      *(const u64 *)((const u8 *)description +
						     words[i].offset),
				      KMQ_A_PAD))
			return -EMSGSIZE;
	return 0;
}

#define kmq_put_words(skb, description, words, width)			\
	kmq_put_words##width(skb, description, words, ARRAY_SIZE(words))

/* What has to be translated for who asks. */
static int kmq_put_ids(struct sk_buff *skb,
		       const struct kmq_description *description,
		       const struct kmq_viewer *viewer)
{
	const struct kmq_subject *subject = &description->subject;

	if (nla_put_u32(skb, KMQ_A_UID, kmq_viewer_uid(viewer, subject->uid)) ||
	    nla_put_u32(skb, KMQ_A_GID, kmq_viewer_gid(viewer, subject->gid)) ||
	    nla_put_u32(skb, KMQ_A_CREATOR_UID,
			kmq_viewer_uid(viewer, description->creator_uid)))
		return -EMSGSIZE;
	return nla_put_u32(skb, KMQ_A_CREATOR_PID,
			   kmq_viewer_pid(viewer, description->creator));
}

/* Who is to be notified, if anybody is. */
static int kmq_put_notified(struct sk_buff *skb,
			    const struct kmq_description *description,
			    const struct kmq_viewer *viewer)
{
	if (!description->notified)
		return 0;
	if (nla_put_u32(skb, KMQ_A_NOTIFY_PID,
			kmq_viewer_pid(viewer, description->notified)))
		return -EMSGSIZE;
	return nla_put_64bit(skb, KMQ_A_NOTIFY_SHOW,
			     sizeof(description->notify_show),
			     description->notify_show, KMQ_A_PAD);
}

static int kmq_put_message_kind(struct sk_buff *skb,
				const struct kmq_description *description,
				const struct kmq_viewer *viewer)
{
	if (kmq_put_words(skb, description, kmq_words32_message, 32) ||
	    kmq_put_words(skb, description, kmq_words64_message, 64) ||
	    nla_put_u32(skb, KMQ_A_HISTOGRAM, description->watch.histogram) ||
	    nla_put_u32(skb, KMQ_A_LAST_SEND_PID,
			kmq_viewer_pid(viewer, description->last_sender)) ||
	    nla_put_u32(skb, KMQ_A_LAST_RECEIVE_PID,
			kmq_viewer_pid(viewer, description->last_receiver)))
		return -EMSGSIZE;
	return kmq_put_notified(skb, description, viewer);
}

static int kmq_put_description(struct sk_buff *skb,
			       const struct kmq_description *description,
			       const struct kmq_viewer *viewer)
{
	const struct kmq_info *info = &description->info;

	if ((*info->name && nla_put_string(skb, KMQ_A_NAME, info->name)) ||
	    kmq_put_words(skb, description, kmq_words32, 32) ||
	    kmq_put_words(skb, description, kmq_words64, 64) ||
	    kmq_put_ids(skb, description, viewer))
		return -EMSGSIZE;
	if (info->kind == KMQ_KIND_RING)
		return kmq_put_words(skb, description, kmq_words32_ring, 32);
	return kmq_put_message_kind(skb, description, viewer);
}

/*
 * What only a queue of the hub has. The key is as constant as the queue, which the
 * caller has a reference on; only its size tells when it was given up.
 */
static int kmq_put_hub(struct sk_buff *skb, struct kmq_queue *queue,
		       const struct kmq_viewer *viewer)
{
	const struct kmq_key *key = queue->key;
	u32 size;

	if (!key)
		return 0;
	size = kmq_key_size(queue);
	if (nla_put_u32(skb, KMQ_A_SPACE, key->space) ||
	    (size && nla_put(skb, KMQ_A_KEY, size, key->bytes)))
		return -EMSGSIZE;
	return nla_put_u32(skb, KMQ_A_CREATOR_GID,
			   kmq_viewer_gid(viewer, queue->creator_gid));
}

static int kmq_put_histograms(struct sk_buff *skb, struct kmq_queue *queue)
{
	struct kmq_histograms copy;

	if (!kmq_watch_times(queue, &copy))
		return 0;
	return nla_put_64bit(skb, KMQ_A_TIME_QUEUED, sizeof(copy.queued),
			     copy.queued, KMQ_A_PAD) ?:
	       nla_put_64bit(skb, KMQ_A_TIME_BLOCKED, sizeof(copy.blocked),
			     copy.blocked, KMQ_A_PAD);
}

static int kmq_reply_fill(struct sk_buff *skb, struct genl_info *info,
			  struct kmq_queue *queue,
			  const struct kmq_viewer *viewer)
{
	struct kmq_description description;
	void *header;
	int err;

	header = genlmsg_put_reply(skb, info, &kmq_family, 0,
				   info->genlhdr->cmd);
	if (!header)
		return -EMSGSIZE;
	kmq_describe_queue(queue, &description);
	err = kmq_put_description(skb, &description, viewer) ?:
	      kmq_put_hub(skb, queue, viewer) ?:
	      kmq_put_histograms(skb, queue);
	kmq_description_put(&description);
	if (!err)
		genlmsg_end(skb, header);
	return err;
}

/* For kmq_reply_queue(); or NULL. */
static struct sk_buff *kmq_reply_new(void)
{
	return genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
}

/* One queue, to who asked. @skb: of kmq_reply_new(), given away. */
static int kmq_reply_queue(struct sk_buff *skb, struct genl_info *info,
			   struct kmq_queue *queue,
			   const struct kmq_viewer *viewer)
{
	int err;

	err = kmq_reply_fill(skb, info, queue, viewer);
	if (!err)
		return genlmsg_reply(skb, info);
	WARN_ON_ONCE(err == -EMSGSIZE);
	nlmsg_free(skb);
	return err;
}

/* Those that narrow a dump. */
static const u16 kmq_dump_attributes[] = { KMQ_A_PATTERN, KMQ_A_UID,
					   KMQ_A_KIND };

static int kmq_get_queue(struct sk_buff *skb, struct genl_info *info,
			 struct kmq_queue *queue)
{
	struct kmq_viewer viewer;
	struct sk_buff *reply;
	int err;

	kmq_viewer_get(&viewer, skb);
	err = kmq_netlink_see(&viewer, skb, queue, info->attrs, info->extack);
	if (!err) {
		reply = kmq_reply_new();
		err = reply ? kmq_reply_queue(reply, info, queue, &viewer) :
			      -ENOMEM;
	}
	kmq_viewer_put(&viewer);
	return err;
}

static int kmq_do_get(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	struct kmq_queue *queue;
	int err, i;

	err = kmq_netlink_header(info->nlhdr, 0, info->extack);
	if (err)
		return err;
	for (i = 0; i < ARRAY_SIZE(kmq_dump_attributes); i++)
		if (attrs[kmq_dump_attributes[i]])
			return kmq_netlink_refuse(info->extack,
						  attrs[kmq_dump_attributes[i]],
						  "this narrows a dump, not a get",
						  -EINVAL);
	err = kmq_netlink_find(attrs, info->extack, &queue);
	if (err)
		return err;
	err = kmq_get_queue(skb, info, queue);
	kmq_queue_put(queue);
	return err;
}

static int kmq_dump_narrow(struct kmq_dump *dump, struct nlattr **attrs,
			   struct user_namespace *users,
			   struct netlink_ext_ack *extack)
{
	int err;

	if (attrs[KMQ_A_NAME] || attrs[KMQ_A_ID])
		return kmq_netlink_refuse(extack,
					  attrs[KMQ_A_NAME] ?: attrs[KMQ_A_ID],
					  "a dump is of all queues; a get is of one",
					  -EINVAL);
	err = kmq_netlink_text(attrs[KMQ_A_PATTERN], extack);
	if (err)
		return err;
	if (attrs[KMQ_A_PATTERN])
		nla_strscpy(dump->pattern, attrs[KMQ_A_PATTERN],
			    sizeof(dump->pattern));
	dump->kind = U32_MAX;
	if (attrs[KMQ_A_KIND])
		dump->kind = nla_get_u32(attrs[KMQ_A_KIND]);
	if (attrs[KMQ_A_KIND] && dump->kind > KMQ_KIND_RING)
		return kmq_netlink_refuse(extack, attrs[KMQ_A_KIND],
					  "no such kind of queue", -EINVAL);
	dump->uid = INVALID_UID;
	if (!attrs[KMQ_A_UID])
		return 0;
	dump->uid = make_kuid(users,
			      nla_get_u32(attrs[KMQ_A_UID]));
	if (uid_valid(dump->uid))
		return 0;
	return kmq_netlink_refuse(extack, attrs[KMQ_A_UID],
				  "no such user in your user namespace",
				  -EINVAL);
}

static int kmq_get_done(struct netlink_callback *cb)
{
	struct kmq_dump *dump = (struct kmq_dump *)cb->args[0];

	kmq_viewer_put(&dump->viewer);
	kfree(dump);
	return 0;
}

static int kmq_get_start(struct netlink_callback *cb)
{
	struct netlink_ext_ack *extack;
	struct kmq_dump *dump;
	int err;

	dump = kzalloc(sizeof(*dump), GFP_KERNEL_ACCOUNT);
	if (!dump)
		return -ENOMEM;
	cb->args[0] = (long)dump;
	kmq_viewer_get(&dump->viewer, cb->skb);
	/* Queues that he may not see otherwise are met when he is gone. */
	kmq_viewer_ask(&dump->viewer, cb->skb);
	extack = kmq_refusal_begin(&dump->refusal, cb);
	err = kmq_netlink_header(cb->nlh, NLM_F_DUMP, extack);
	if (!err)
		err = kmq_dump_narrow(dump, kmq_dump_attrs(cb),
				      dump->viewer.users, extack);
	err = kmq_refusal_end(&dump->refusal, cb, err);
	/* A start that fails is not followed by its end. */
	if (err)
		kmq_get_done(cb);
	return err;
}

static bool kmq_dump_wants(const struct kmq_dump *dump, struct kmq_queue *queue)
{
	struct kmq_subject subject = kmq_subject_of(queue);
	u32 kind = queue->ring ? KMQ_KIND_RING : KMQ_KIND_MESSAGE;

	return (dump->kind == U32_MAX || dump->kind == kind) &&
	       (!uid_valid(dump->uid) || uid_eq(dump->uid, subject.uid)) &&
	       kmq_pattern_matches(dump->pattern, queue->name) &&
	       kmq_viewer_sees(&dump->viewer, &subject);
}

/* One queue into a dump: 0, or -EMSGSIZE with nothing of it there. */
static int kmq_dump_queue(struct sk_buff *skb, struct netlink_callback *cb,
			  struct kmq_dump *dump, struct kmq_queue *queue)
{
	struct kmq_description description;
	void *header;
	int err;

	header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
			     cb->nlh->nlmsg_seq, &kmq_family, NLM_F_MULTI,
			     KMQ_CMD_QUEUE_GET);
	if (!header)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, header);
	kmq_describe_queue(queue, &description);
	err = kmq_put_description(skb, &description, &dump->viewer) ?:
	      kmq_put_hub(skb, queue, &dump->viewer);
	kmq_description_put(&description);
	if (err)
		genlmsg_cancel(skb, header);
	else
		genlmsg_end(skb, header);
	return err;
}

/*
 * On from where it stopped, by id: each queue that stays is met once, however
 * many come and go. What comes or goes shows in the generation.
 */
static int kmq_get_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct kmq_dump *dump = (struct kmq_dump *)cb->args[0];
	struct kmq_queue *queue;
	int err;

	err = kmq_refusal_tell(&dump->refusal, cb);
	if (err)
		return err;
	while (!err && (queue = kmq_registry_next(dump->id, &cb->seq))) {
		if (kmq_dump_wants(dump, queue))
			err = kmq_dump_queue(skb, cb, dump, queue);
		if (!err)
			dump->id = queue->id;
		kmq_queue_put(queue);
		cond_resched();
	}
	return skb->len;
}

/* Chown, as chown(2) has it. Of whom it is now: @uid, @gid. */
static int kmq_netlink_owner(struct sk_buff *skb, struct genl_info *info,
			     const struct kmq_viewer *viewer, kuid_t *uid,
			     kgid_t *gid)
{
	const struct nlattr *user = info->attrs[KMQ_A_UID];
	const struct nlattr *group = info->attrs[KMQ_A_GID];
	kuid_t old_uid = *uid;
	kgid_t old_gid = *gid;

	if (user)
		*uid = make_kuid(viewer->users, nla_get_u32(user));
	if (!uid_valid(*uid))
		return kmq_netlink_refuse(info->extack, user,
					  "no such user in your user namespace",
					  -EINVAL);
	if (group)
		*gid = make_kgid(viewer->users, nla_get_u32(group));
	if (!gid_valid(*gid))
		return kmq_netlink_refuse(info->extack, group,
					  "no such group in your user namespace",
					  -EINVAL);
	if (!uid_eq(*uid, old_uid) && !kmq_request_capable(skb, CAP_CHOWN))
		return kmq_netlink_refuse(info->extack, user,
					  "another owner needs CAP_CHOWN",
					  -EPERM);
	if (gid_eq(*gid, old_gid) || kmq_viewer_is_in(viewer, *gid) ||
	    kmq_request_capable(skb, CAP_CHOWN))
		return 0;
	return kmq_netlink_refuse(info->extack, group,
				  "a group that you are not in needs CAP_CHOWN",
				  -EPERM);
}

static u32 kmq_u32_or(const struct nlattr *attribute, u32 otherwise)
{
	return attribute ? nla_get_u32(attribute) : otherwise;
}

static int kmq_netlink_watch(struct genl_info *info, struct kmq_watch *watch)
{
	struct nlattr **attrs = info->attrs;
	u32 histogram = kmq_u32_or(attrs[KMQ_A_HISTOGRAM], watch->histogram);

	watch->high = kmq_u32_or(attrs[KMQ_A_HIGH_WATERMARK], watch->high);
	watch->low = kmq_u32_or(attrs[KMQ_A_LOW_WATERMARK], watch->low);
	watch->lease_limit = kmq_u32_or(attrs[KMQ_A_LEASE_LIMIT],
					watch->lease_limit);
	watch->histogram = histogram;
	if (histogram <= 1)
		return 0;
	return kmq_netlink_refuse(info->extack, attrs[KMQ_A_HISTOGRAM],
				  "a histogram is on (1) or off (0)", -EINVAL);
}

static void kmq_new_settings(struct genl_info *info, struct kmq_create *create)
{
	struct nlattr **attrs = info->attrs;

	*create = (struct kmq_create){
		.kind = kmq_u32_or(attrs[KMQ_A_KIND], KMQ_KIND_MESSAGE),
		.policy = kmq_u32_or(attrs[KMQ_A_POLICY], KMQ_POLICY_BLOCK),
		.lifetime = kmq_u32_or(attrs[KMQ_A_LIFETIME],
				       KMQ_LIFETIME_PERSISTENT),
		.capacity = kmq_u32_or(attrs[KMQ_A_CAPACITY], 0),
		.inline_size = kmq_u32_or(attrs[KMQ_A_INLINE_SIZE], 0),
		.max_message = kmq_u32_or(attrs[KMQ_A_MAX_MESSAGE], 0),
		.mode = kmq_u32_or(attrs[KMQ_A_MODE], 0),
		.ring_mode = kmq_u32_or(attrs[KMQ_A_RING_MODE], 0),
	};
	if (attrs[KMQ_A_BYTE_LIMIT])
		create->byte_limit = nla_get_u64(attrs[KMQ_A_BYTE_LIMIT]);
	if (info->nlhdr->nlmsg_flags & NLM_F_EXCL)
		create->flags |= KMQ_CREATE_EXCLUSIVE;
	nla_strscpy(create->name, attrs[KMQ_A_NAME], sizeof(create->name));
}

/* Complete and checked; or why not. */
static int kmq_new_check(struct genl_info *info, struct kmq_create *create,
			 struct kmq_watch *watch)
{
	const struct nlattr *name = info->attrs[KMQ_A_NAME];
	struct kmq_fault fault = {};
	int err;

	if (!name)
		return kmq_netlink_miss(info->extack, KMQ_A_NAME,
					"a queue that is made here has a name");
	err = kmq_netlink_text(name, info->extack);
	if (err)
		return err;
	if (!*(const char *)nla_data(name))
		return kmq_netlink_refuse(info->extack, name,
					  "the name is empty", -EINVAL);
	kmq_new_settings(info, create);
	err = kmq_netlink_watch(info, watch);
	if (err)
		return err;
	err = kmq_create_check(create, &fault) ?:
	      kmq_watch_check(watch, create->kind, &fault);
	return err ? kmq_netlink_blame(info->extack, info->attrs, &fault, err) :
		     0;
}

/* Made, or found. */
static struct kmq_queue *kmq_new_make(struct genl_info *info,
				      const struct kmq_create *create,
				      const struct kmq_watch *watch,
				      kuid_t uid, kgid_t gid)
{
	struct kmq_queue *queue;

	do {
		queue = kmq_registry_create(create, watch, uid, gid, false);
		if (PTR_ERR_OR_ZERO(queue) != -EEXIST ||
		    create->flags & KMQ_CREATE_EXCLUSIVE)
			return queue;
		queue = kmq_registry_find(create->name, 0);
		/* Or removed meanwhile: then it can be made. */
	} while (!queue && !signal_pending(current));
	return queue ?: ERR_PTR(-EINTR);
}

static int kmq_new_refused(struct genl_info *info, int err)
{
	const struct nlattr *name = info->attrs[KMQ_A_NAME];

	switch (err) {
	case -EEXIST:
		return kmq_netlink_refuse(info->extack, name,
					  "a queue of this name exists", err);
	case -EDQUOT:
		return kmq_netlink_refuse(info->extack, NULL,
					  "over the limit of queues, or of their bytes, of this user or of the module",
					  err);
	default:
		return err;
	}
}

static int kmq_new_privileged(struct sk_buff *skb, struct genl_info *info,
			      struct kmq_viewer *viewer)
{
	kuid_t uid = viewer->sender->fsuid;
	kgid_t gid = viewer->sender->fsgid;
	struct kmq_watch watch = {};
	struct kmq_create create;
	struct kmq_queue *queue;
	struct sk_buff *reply;
	int err;

	if (!kmq_viewer_ask(viewer, skb))
		return kmq_netlink_refuse(info->extack, NULL,
					  "to make queues needs CAP_SYS_ADMIN here; /dev/kmq/control may let you",
					  -EPERM);
	err = kmq_new_check(info, &create, &watch);
	if (!err)
		err = kmq_netlink_owner(skb, info, viewer, &uid, &gid);
	if (err)
		return err;
	/* First: what cannot be told need not be made. */
	reply = kmq_reply_new();
	if (!reply)
		return -ENOMEM;
	queue = kmq_new_make(info, &create, &watch, uid, gid);
	if (IS_ERR(queue)) {
		nlmsg_free(reply);
		return kmq_new_refused(info, PTR_ERR(queue));
	}
	err = kmq_reply_queue(reply, info, queue, viewer);
	kmq_queue_put(queue);
	return err;
}

static int kmq_do_new(struct sk_buff *skb, struct genl_info *info)
{
	struct kmq_viewer viewer;
	int err;

	err = kmq_netlink_header(info->nlhdr, NLM_F_CREATE | NLM_F_EXCL,
				 info->extack);
	if (err)
		return err;
	kmq_viewer_get(&viewer, skb);
	err = kmq_new_privileged(skb, info, &viewer);
	kmq_viewer_put(&viewer);
	return err;
}

static const struct {
	u16 attribute;
	u16 change;
} kmq_changes[] = {
	{ KMQ_A_CAPACITY, KMQ_CHANGE_CAPACITY },
	{ KMQ_A_BYTE_LIMIT, KMQ_CHANGE_BYTE_LIMIT },
	{ KMQ_A_POLICY, KMQ_CHANGE_POLICY },
	{ KMQ_A_MODE, KMQ_CHANGE_MODE },
	{ KMQ_A_UID, KMQ_CHANGE_UID },
	{ KMQ_A_GID, KMQ_CHANGE_GID },
	{ KMQ_A_HIGH_WATERMARK, KMQ_CHANGE_HIGH },
	{ KMQ_A_LOW_WATERMARK, KMQ_CHANGE_LOW },
	{ KMQ_A_LEASE_LIMIT, KMQ_CHANGE_LEASE_LIMIT },
	{ KMQ_A_HISTOGRAM, KMQ_CHANGE_HISTOGRAM },
};

static int kmq_set_words(struct genl_info *info, struct kmq_change *change)
{
	struct nlattr **attrs = info->attrs;
	struct kmq_watch watch = {};
	int err, i;

	for (i = 0; i < ARRAY_SIZE(kmq_changes); i++)
		if (attrs[kmq_changes[i].attribute])
			change->what |= kmq_changes[i].change;
	if (!change->what)
		return kmq_netlink_refuse(info->extack, NULL,
					  "nothing to be set", -EINVAL);
	err = kmq_netlink_watch(info, &watch);
	if (err)
		return err;
	change->high = watch.high;
	change->low = watch.low;
	change->lease_limit = watch.lease_limit;
	change->histogram = watch.histogram;
	change->capacity = kmq_u32_or(attrs[KMQ_A_CAPACITY], 0);
	change->policy = kmq_u32_or(attrs[KMQ_A_POLICY], 0);
	/* As QUEUE_NEW has it; mode 0 itself is for KMQ_CREATE_EXACT and the hub. */
	change->mode = kmq_u32_or(attrs[KMQ_A_MODE], 0) ?: KMQ_MODE_DEFAULT;
	if (attrs[KMQ_A_BYTE_LIMIT])
		change->byte_limit = nla_get_u64(attrs[KMQ_A_BYTE_LIMIT]);
	if (change->mode & ~0777)
		return kmq_netlink_refuse(info->extack, attrs[KMQ_A_MODE],
					  "a mode has permission bits only",
					  -EINVAL);
	return 0;
}

static int kmq_set_judged(struct sk_buff *skb, struct genl_info *info,
			  struct kmq_viewer *viewer, struct kmq_queue *queue)
{
	struct kmq_subject subject = kmq_subject_of(queue);
	struct kmq_change change = {};
	struct kmq_fault fault;
	int err;

	change.uid = subject.uid;
	change.gid = subject.gid;
	change.judged_uid = subject.uid;
	change.judged_gid = subject.gid;
	err = kmq_netlink_own(viewer, skb, queue, subject.uid, info->attrs,
			      info->extack);
	if (!err)
		err = kmq_set_words(info, &change);
	if (!err)
		err = kmq_netlink_owner(skb, info, viewer, &change.uid,
					&change.gid);
	if (err)
		return err;
	err = kmq_registry_set(queue, &change, &fault);
	/* It was found, and is being removed now. */
	if (err == -EIDRM)
		err = -ENOENT;
	if (err == -ENOENT)
		return kmq_netlink_refuse(info->extack, NULL, "no such queue",
					  err);
	return err ? kmq_netlink_blame(info->extack, info->attrs, &fault, err) :
		     0;
}

static int kmq_set_queue(struct sk_buff *skb, struct genl_info *info,
			 struct kmq_viewer *viewer, struct kmq_queue *queue)
{
	int err;

	/* Given away between the judgement and the lock: judged anew. */
	do
		err = kmq_set_judged(skb, info, viewer, queue);
	while (err == -ESTALE);
	return err;
}

static int kmq_do_set(struct sk_buff *skb, struct genl_info *info)
{
	struct kmq_viewer viewer;
	struct kmq_queue *queue;
	int err;

	err = kmq_netlink_find(info->attrs, info->extack, &queue);
	if (err)
		return err;
	kmq_viewer_get(&viewer, skb);
	err = kmq_set_queue(skb, info, &viewer, queue);
	kmq_viewer_put(&viewer);
	kmq_queue_put(queue);
	return err;
}

static int kmq_del_judged(struct sk_buff *skb, struct genl_info *info,
			  struct kmq_viewer *viewer, struct kmq_queue *queue)
{
	/* No lock: kmq_registry_end() compares it again under one. */
	kuid_t owner = READ_ONCE(queue->uid);

	return kmq_netlink_own(viewer, skb, queue, owner, info->attrs,
			       info->extack) ?:
	       kmq_registry_end(queue, owner);
}

static int kmq_do_del(struct sk_buff *skb, struct genl_info *info)
{
	struct kmq_viewer viewer;
	struct kmq_queue *queue;
	int err;

	err = kmq_netlink_find(info->attrs, info->extack, &queue);
	if (err)
		return err;
	kmq_viewer_get(&viewer, skb);
	/* As kmq_set_queue(). */
	do
		err = kmq_del_judged(skb, info, &viewer, queue);
	while (err == -ESTALE);
	kmq_viewer_put(&viewer);
	kmq_queue_put(queue);
	if (err == -ENOENT)
		return kmq_netlink_refuse(info->extack, NULL, "no such queue",
					  err);
	return err;
}

#define KMQ_EVENTS_ALL (GENMASK(KMQ_EVENT_MAX, 0) & ~BIT(KMQ_EVENT_LOST))

static int kmq_do_subscribe(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	struct kmq_interest interest = {
		.events = kmq_u32_or(attrs[KMQ_A_EVENTS], KMQ_EVENTS_ALL),
	};
	struct kmq_viewer viewer;
	int err;

	err = kmq_netlink_text(attrs[KMQ_A_PATTERN], info->extack);
	if (err)
		return err;
	if (attrs[KMQ_A_PATTERN])
		nla_strscpy(interest.pattern, attrs[KMQ_A_PATTERN],
			    sizeof(interest.pattern));
	if (!interest.events || interest.events & ~KMQ_EVENTS_ALL)
		return kmq_netlink_refuse(info->extack, attrs[KMQ_A_EVENTS],
					  "no event, or one that there is not",
					  -EINVAL);
	kmq_viewer_get(&viewer, skb);
	/* What there will be to see is not known. */
	kmq_viewer_ask(&viewer, skb);
	err = kmq_subscribe(genl_info_net(info), info->snd_portid,
			    NETLINK_CB(skb).sk, &viewer, &interest);
	kmq_viewer_put(&viewer);
	if (err == -EUSERS)
		return kmq_netlink_refuse(info->extack, NULL,
					  "there are too many subscriptions",
					  err);
	return err;
}

static int kmq_do_unsubscribe(struct sk_buff *skb, struct genl_info *info)
{
	if (!kmq_unsubscribe(genl_info_net(info), info->snd_portid))
		return 0;
	return kmq_netlink_refuse(info->extack, NULL,
				  "this socket has no subscription", -ENOENT);
}

#define KMQ_POLICY_NAMES						\
	[KMQ_A_ID] = { .type = NLA_U32 },				\
	[KMQ_A_NAME] = { .type = NLA_NUL_STRING, .len = KMQ_NAME_SIZE - 1 }

#define KMQ_POLICY_CHANGES						\
	[KMQ_A_POLICY] = { .type = NLA_U32 },				\
	[KMQ_A_CAPACITY] = { .type = NLA_U32 },				\
	[KMQ_A_BYTE_LIMIT] = { .type = NLA_U64 },			\
	[KMQ_A_MODE] = { .type = NLA_U32 },				\
	[KMQ_A_UID] = { .type = NLA_U32 },				\
	[KMQ_A_GID] = { .type = NLA_U32 },				\
	[KMQ_A_HIGH_WATERMARK] = { .type = NLA_U32 },			\
	[KMQ_A_LOW_WATERMARK] = { .type = NLA_U32 },			\
	[KMQ_A_LEASE_LIMIT] = { .type = NLA_U32 },			\
	[KMQ_A_HISTOGRAM] = { .type = NLA_U32 }

#define KMQ_POLICY_PATTERN						\
	[KMQ_A_PATTERN] = { .type = NLA_NUL_STRING,			\
			    .len = KMQ_PATTERN_SIZE - 1 }

/* Of dumps, too: which of them goes with which is told apart in sentences. */
static const struct nla_policy kmq_get_policy[KMQ_A_MAX + 1] = {
	KMQ_POLICY_NAMES,
	KMQ_POLICY_PATTERN,
	[KMQ_A_UID] = { .type = NLA_U32 },
	[KMQ_A_KIND] = { .type = NLA_U32 },
};

static const struct nla_policy kmq_new_policy[KMQ_A_MAX + 1] = {
	KMQ_POLICY_CHANGES,
	[KMQ_A_NAME] = { .type = NLA_NUL_STRING, .len = KMQ_NAME_SIZE - 1 },
	[KMQ_A_KIND] = { .type = NLA_U32 },
	[KMQ_A_LIFETIME] = { .type = NLA_U32 },
	[KMQ_A_INLINE_SIZE] = { .type = NLA_U32 },
	[KMQ_A_MAX_MESSAGE] = { .type = NLA_U32 },
	[KMQ_A_RING_MODE] = { .type = NLA_U32 },
};

static const struct nla_policy kmq_set_policies[KMQ_A_MAX + 1] = {
	KMQ_POLICY_NAMES,
	KMQ_POLICY_CHANGES,
};

/* Of HOLDER_GET, too. */
static const struct nla_policy kmq_name_policy[KMQ_A_MAX + 1] = {
	KMQ_POLICY_NAMES,
};

static const struct nla_policy kmq_subscribe_policy[KMQ_A_MAX + 1] = {
	KMQ_POLICY_PATTERN,
	[KMQ_A_EVENTS] = { .type = NLA_U32 },
};

static const struct nla_policy kmq_no_policy[KMQ_A_MAX + 1] = {};

static const struct genl_ops kmq_ops[] = {
	{
		.cmd = KMQ_CMD_QUEUE_GET,
		.policy = kmq_get_policy,
		.maxattr = KMQ_A_MAX,
		.doit = kmq_do_get,
		.start = kmq_get_start,
		.dumpit = kmq_get_dump,
		.done = kmq_get_done,
	},
	{
		.cmd = KMQ_CMD_QUEUE_NEW,
		.policy = kmq_new_policy,
		.maxattr = KMQ_A_MAX,
		.doit = kmq_do_new,
	},
	{
		.cmd = KMQ_CMD_QUEUE_SET,
		.policy = kmq_set_policies,
		.maxattr = KMQ_A_MAX,
		.doit = kmq_do_set,
	},
	{
		.cmd = KMQ_CMD_QUEUE_DEL,
		.policy = kmq_name_policy,
		.maxattr = KMQ_A_MAX,
		.doit = kmq_do_del,
	},
	{
		.cmd = KMQ_CMD_HOLDER_GET,
		.policy = kmq_name_policy,
		.maxattr = KMQ_A_MAX,
		.start = kmq_holder_start,
		.dumpit = kmq_holder_dump,
		.done = kmq_holder_done,
	},
	{
		.cmd = KMQ_CMD_SUBSCRIBE,
		.policy = kmq_subscribe_policy,
		.maxattr = KMQ_A_MAX,
		.doit = kmq_do_subscribe,
	},
	{
		.cmd = KMQ_CMD_UNSUBSCRIBE,
		.policy = kmq_no_policy,
		.maxattr = KMQ_A_MAX,
		.doit = kmq_do_unsubscribe,
	},
};

static const struct genl_multicast_group kmq_groups[] = {
	[KMQ_GROUP_EVENTS] = { .name = KMQ_GENL_GROUP_EVENTS },
};

struct genl_family kmq_family __ro_after_init = {
	.name = KMQ_GENL_NAME,
	.version = KMQ_GENL_VERSION,
	.maxattr = KMQ_A_MAX,
	.netnsok = true,
	.parallel_ops = true,
	.ops = kmq_ops,
	.n_ops = ARRAY_SIZE(kmq_ops),
	.resv_start_op = KMQ_CMD_QUEUE_NEW + 1,	/* kmq_netlink_header() */
	.mcgrps = kmq_groups,
	.n_mcgrps = ARRAY_SIZE(kmq_groups),
	.module = THIS_MODULE,
};

int kmq_netlink_init(void)
{
	int err = kmq_event_init();

	if (err)
		return err;
	err = genl_register_family(&kmq_family);
	if (err)
		kmq_event_exit();
	else
		kmq_event_begin();
	return err;
}

/*
 * The first to go. No dump is unfinished, since that holds the module. Events
 * end before the family, which waits for requests that are at work: those find
 * everything else as it was. Subscriptions end last, when nobody can make one.
 */
void kmq_netlink_exit(void)
{
	kmq_event_end();
	genl_unregister_family(&kmq_family);
	kmq_event_exit();
}
