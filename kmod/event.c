// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: taken down where they happen, told by a worker.
 *
 *	kmq_event(), under a queue's lock	worker
 *	  facts -> kmq_records[head]		  record -> message -> sockets
 *
 * Who causes an event never allocates, never sleeps and never waits for who
 * listens: the records have a fixed number, and when all are taken an event is
 * counted as lost. With nobody listening nothing is taken down.
 *
 * What is lost is told in order: a record carries how many were lost just before
 * it, and what the worker cannot put into a subscriber's socket is added to that
 * subscriber's count. The next event that fits brings the count along; if none
 * comes, the worker tries now and then with a message for the count alone. It is
 * exact for a subscriber's own events, and an upper bound as to records: nobody
 * knows whom those would have been for.
 *
 * A subscription belongs to a socket, which it knows by its network namespace and
 * port; it ends with the socket, by netlink's notifier, which comes before the
 * namespace can go. The port is free a moment before the notifier comes, so that
 * another socket may have it, and have subscribed, by then: what is told to be
 * gone is a port, and whether it is this socket is seen by its being orphaned.
 */
#include <linux/cred.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "event.h"
#include "netlink.h"
#include "queue.h"
#include "viewer.h"

#define KMQ_RECORDS 1024	/* a power of two */

/* How soon, and how seldom, a count that no event carries is tried to be told. */
#define KMQ_RETRY_FIRST	(HZ / 20)
#define KMQ_RETRY_LAST	(2 * HZ)

/* More than all attributes of an event take. */
#define KMQ_EVENT_BYTES	256

/**
 * struct kmq_record - an event, as it happened
 * @sequence: among all of them
 * @time: CLOCK_MONOTONIC, ns
 * @count: as enum kmq_event says
 * @lost: events that had no record, just before this one
 * @pid: referenced, or NULL
 * @subject: who may know
 * @event: enum kmq_event
 * @id: of the queue; 0: there is none
 * @kind: of the queue
 * @name: of the queue, or of the one that was refused
 */
struct kmq_record {
	u64 sequence;
	u64 time;
	u64 count;
	u64 lost;
	struct pid *pid;
	struct kmq_subject subject;
	u32 event;
	u32 id;
	u32 kind;
	char name[KMQ_NAME_SIZE];
};

static DEFINE_SPINLOCK(kmq_records_lock);
/* Guarded by kmq_records_lock. */
static struct kmq_record kmq_records[KMQ_RECORDS];
static u32 kmq_records_head, kmq_records_tail;
static u64 kmq_records_lost;	/* and no record came since */
static u64 kmq_event_sequence;
static u64 kmq_join_after;	/* nothing is added to what came up to this */
static bool kmq_events_on;	/* read without it, too */

/**
 * struct kmq_subscription - of one socket
 * @node: in kmq_subscriptions
 * @net: of the socket, which outlives this
 * @portid: of the socket
 * @sk: the socket, which is not freed before the notifier has come
 * @viewer: who subscribed
 * @interest: in what
 * @since: only what has a greater sequence is for it
 * @lost: events, since the last that arrived
 */
struct kmq_subscription {
	struct list_head node;
	struct net *net;
	u32 portid;
	const struct sock *sk;
	struct kmq_viewer viewer;
	struct kmq_interest interest;
	u64 since;
	u64 lost;
};

static DEFINE_MUTEX(kmq_subscriptions_lock);
/* Guarded by kmq_subscriptions_lock; the number is read without it, too. */
static LIST_HEAD(kmq_subscriptions);
static u32 kmq_subscriptions_count;
static u64 kmq_group_lost;	/* as kmq_subscription.lost, for the group */
static unsigned long kmq_retry_delay = KMQ_RETRY_FIRST;

static void kmq_event_work(struct work_struct *work);
static void kmq_event_retry(struct work_struct *work);
static DECLARE_WORK(kmq_event_worker, kmq_event_work);
static DECLARE_DELAYED_WORK(kmq_event_retrier, kmq_event_retry);

/*
 * Does anybody listen? Does not sleep. No lock: who subscribes just now cannot
 * tell whether the event was before, and the worker judges each of them anew.
 */
bool kmq_event_wanted(void)
{
	if (!READ_ONCE(kmq_events_on))
		return false;
	return READ_ONCE(kmq_subscriptions_count) ||
	       genl_has_listeners(&kmq_family, &init_net, KMQ_GROUP_EVENTS);
}

/*
 * Messages dropped in a row are one event, as long as nobody has been told; but
 * not with some that were dropped before somebody subscribed, who is told of
 * those after only.
 */
static bool kmq_record_joins(const struct kmq_record *record)
{
	struct kmq_record *newest;

	lockdep_assert_held(&kmq_records_lock);
	if (record->event != KMQ_EVENT_DROPPED || kmq_records_lost ||
	    kmq_records_head == kmq_records_tail)
		return false;
	newest = &kmq_records[(kmq_records_head - 1) % KMQ_RECORDS];
	if (newest->event != record->event || newest->id != record->id ||
	    newest->sequence <= kmq_join_after)
		return false;
	newest->count += record->count;
	return true;
}

static void kmq_record_add(struct kmq_record *record)
{
	lockdep_assert_held(&kmq_records_lock);
	if (kmq_record_joins(record))
		return;
	record->sequence = ++kmq_event_sequence;
	if (kmq_records_head - kmq_records_tail == KMQ_RECORDS) {
		kmq_records_lost++;
		return;
	}
	record->lost = kmq_records_lost;
	kmq_records_lost = 0;
	get_pid(record->pid);
	kmq_records[kmq_records_head++ % KMQ_RECORDS] = *record;
}

static void kmq_event_take_down(struct kmq_record *record)
{
	record->time = ktime_get_ns();
	spin_lock(&kmq_records_lock);
	/* Looked at here, nothing begins after kmq_event_end(). */
	if (kmq_events_on) {
		kmq_record_add(record);
		queue_work(system_unbound_wq, &kmq_event_worker);
	}
	spin_unlock(&kmq_records_lock);
}

/**
 * kmq_event() - something has happened to a queue
 * @queue: whose lock, or the registry's, is held
 * @event: what
 * @pid: who did it; or NULL
 * @count: as enum kmq_event says
 *
 * Context: does not sleep.
 */
void kmq_event(const struct kmq_queue *queue, enum kmq_event event,
	       struct pid *pid, u64 count)
{
	struct kmq_record record = {
		.event = event,
		.count = count,
		.pid = pid,
		.id = queue->id,
		.kind = queue->ring ? KMQ_KIND_RING : KMQ_KIND_MESSAGE,
	};

	if (!kmq_event_wanted())
		return;
	kmq_queue_subject(queue, &record.subject);
	memcpy(record.name, queue->name, sizeof(record.name));
	kmq_event_take_down(&record);
}

/* kmq_event() without the lock. Does not sleep. */
void kmq_event_unlocked(struct kmq_queue *queue, enum kmq_event event,
			struct pid *pid, u64 count)
{
	if (!kmq_event_wanted())
		return;
	spin_lock(&queue->lock);
	kmq_event(queue, event, pid, count);
	spin_unlock(&queue->lock);
}

/**
 * kmq_event_quota() - a user has been refused
 * @name: of the queue that was not made or enlarged
 * @uid: who; he and the privileged may know
 *
 * Context: does not sleep.
 */
void kmq_event_quota(const char *name, kuid_t uid)
{
	struct kmq_record record = {
		.event = KMQ_EVENT_QUOTA,
		.pid = task_tgid(current),
		.subject = { .uid = uid, .gid = INVALID_GID },
	};

	if (!kmq_event_wanted())
		return;
	strscpy(record.name, name, sizeof(record.name));
	kmq_event_take_down(&record);
}

/* The oldest record, out of the way of new ones. False: there is none. */
static bool kmq_record_next(struct kmq_record *record)
{
	bool any;

	spin_lock(&kmq_records_lock);
	any = kmq_records_head != kmq_records_tail;
	if (any)
		*record = kmq_records[kmq_records_tail++ % KMQ_RECORDS];
	spin_unlock(&kmq_records_lock);
	return any;
}

static int kmq_put_queue(struct sk_buff *skb, const struct kmq_record *record,
			 const struct kmq_viewer *viewer)
{
	if ((record->id && (nla_put_u32(skb, KMQ_A_ID, record->id) ||
			    nla_put_u32(skb, KMQ_A_KIND, record->kind) ||
			    nla_put_u32(skb, KMQ_A_GID,
					kmq_viewer_gid(viewer,
						       record->subject.gid)))) ||
	    (*record->name && nla_put_string(skb, KMQ_A_NAME, record->name)))
		return -EMSGSIZE;
	return nla_put_u32(skb, KMQ_A_UID,
			   kmq_viewer_uid(viewer, record->subject.uid));
}

static int kmq_put_facts(struct sk_buff *skb, const struct kmq_record *record,
			 const struct kmq_viewer *viewer)
{
	if (nla_put_u64_64bit(skb, KMQ_A_EVENT_SEQUENCE, record->sequence,
			      KMQ_A_PAD) ||
	    nla_put_u64_64bit(skb, KMQ_A_TIME, record->time, KMQ_A_PAD) ||
	    nla_put_u64_64bit(skb, KMQ_A_COUNT, record->count, KMQ_A_PAD))
		return -EMSGSIZE;
	if (record->pid && nla_put_u32(skb, KMQ_A_PID,
				       kmq_viewer_pid(viewer, record->pid)))
		return -EMSGSIZE;
	return kmq_put_queue(skb, record, viewer);
}

/*
 * A message for one listener; or NULL. @record NULL: for the count alone.
 */
static struct sk_buff *kmq_event_message(const struct kmq_record *record,
					 const struct kmq_viewer *viewer,
					 u64 lost)
{
	struct sk_buff *skb = genlmsg_new(KMQ_EVENT_BYTES, GFP_KERNEL);
	void *header;

	if (!skb)
		return NULL;
	header = genlmsg_put(skb, 0, 0, &kmq_family, 0, KMQ_CMD_EVENT);
	if (!header ||
	    nla_put_u32(skb, KMQ_A_EVENT,
			record ? record->event : KMQ_EVENT_LOST) ||
	    (lost && nla_put_u64_64bit(skb, KMQ_A_LOST, lost, KMQ_A_PAD)) ||
	    (record && kmq_put_facts(skb, record, viewer))) {
		WARN_ON_ONCE(1);	/* KMQ_EVENT_BYTES is too small */
		nlmsg_free(skb);
		return NULL;
	}
	genlmsg_end(skb, header);
	return skb;
}

/* To one socket. 0, or an error that means that it has not got there. */
static int kmq_event_send(struct kmq_subscription *subscription,
			  const struct kmq_record *record)
{
	struct sk_buff *skb;
	int err;

	lockdep_assert_held(&kmq_subscriptions_lock);
	skb = kmq_event_message(record, &subscription->viewer,
				subscription->lost);
	if (!skb)
		return -ENOMEM;
	err = genlmsg_unicast(subscription->net, skb, subscription->portid);
	if (!err)
		subscription->lost = 0;
	return err;
}

static bool kmq_event_concerns(const struct kmq_subscription *subscription,
			       const struct kmq_record *record)
{
	return record->sequence > subscription->since &&
	       subscription->interest.events & BIT(record->event) &&
	       kmq_pattern_matches(subscription->interest.pattern,
				   record->name) &&
	       kmq_viewer_sees(&subscription->viewer, &record->subject);
}

/* @lost events before @sequence, as far as they are of its time. */
static void kmq_event_count_lost(struct kmq_subscription *subscription,
				 u64 lost, u64 sequence)
{
	if (sequence > subscription->since + 1)
		subscription->lost += min(lost, sequence - 1 -
						subscription->since);
}

static void kmq_event_unicast(const struct kmq_record *record)
{
	struct kmq_subscription *subscription;

	lockdep_assert_held(&kmq_subscriptions_lock);
	list_for_each_entry(subscription, &kmq_subscriptions, node) {
		kmq_event_count_lost(subscription, record->lost,
				     record->sequence);
		if (kmq_event_concerns(subscription, record) &&
		    kmq_event_send(subscription, record))
			subscription->lost++;
	}
}

/* In the words of the initial namespaces. */
static void kmq_event_to_group(const struct kmq_record *record)
{
	const struct kmq_viewer everyone = {
		.users = &init_user_ns,
		.pids = &init_pid_ns,
	};
	struct sk_buff *skb;

	skb = kmq_event_message(record, &everyone, kmq_group_lost);
	if (!skb) {
		kmq_group_lost++;
		return;
	}
	/* Who of the group had no room is told by ENOBUFS of its own. */
	kmq_group_lost = 0;
	genlmsg_multicast(&kmq_family, skb, 0, KMQ_GROUP_EVENTS, GFP_KERNEL);
}

/* What everyone may read. */
static void kmq_event_multicast(const struct kmq_record *record)
{
	lockdep_assert_held(&kmq_subscriptions_lock);
	kmq_group_lost += record->lost;
	if (!genl_has_listeners(&kmq_family, &init_net, KMQ_GROUP_EVENTS))
		kmq_group_lost = 0;
	else if (record->subject.mode & 0004)
		kmq_event_to_group(record);
}

/* Counts that no record has carried so far go to all. */
static void kmq_event_spread_lost(void)
{
	struct kmq_subscription *subscription;
	u64 lost, sequence;

	lockdep_assert_held(&kmq_subscriptions_lock);
	spin_lock(&kmq_records_lock);
	lost = kmq_records_head == kmq_records_tail ? kmq_records_lost : 0;
	kmq_records_lost -= lost;
	sequence = kmq_event_sequence + 1;
	spin_unlock(&kmq_records_lock);
	kmq_group_lost += lost;
	list_for_each_entry(subscription, &kmq_subscriptions, node)
		kmq_event_count_lost(subscription, lost, sequence);
}

static bool kmq_event_owes(void)
{
	struct kmq_subscription *subscription;

	lockdep_assert_held(&kmq_subscriptions_lock);
	list_for_each_entry(subscription, &kmq_subscriptions, node)
		if (subscription->lost)
			return true;
	return false;
}

static void kmq_event_work(struct work_struct *work)
{
	struct kmq_record record;
	unsigned long delay;
	bool owes;

	while (kmq_record_next(&record)) {
		mutex_lock(&kmq_subscriptions_lock);
		kmq_event_multicast(&record);
		kmq_event_unicast(&record);
		mutex_unlock(&kmq_subscriptions_lock);
		put_pid(record.pid);
		cond_resched();
	}
	mutex_lock(&kmq_subscriptions_lock);
	kmq_event_spread_lost();
	owes = kmq_event_owes();
	delay = kmq_retry_delay;
	mutex_unlock(&kmq_subscriptions_lock);
	if (owes)
		queue_delayed_work(system_unbound_wq, &kmq_event_retrier,
				   delay);
}

/* Nothing came that could have told of losses: tell of them alone. */
static void kmq_event_retry(struct work_struct *work)
{
	struct kmq_subscription *subscription;
	bool progress = false, owes;
	unsigned long delay;

	mutex_lock(&kmq_subscriptions_lock);
	list_for_each_entry(subscription, &kmq_subscriptions, node)
		if (subscription->lost && !kmq_event_send(subscription, NULL))
			progress = true;
	owes = kmq_event_owes();
	/* Who does not read for long is asked less and less often. */
	kmq_retry_delay = progress || !owes ?
				  KMQ_RETRY_FIRST :
				  min_t(unsigned long, 2 * kmq_retry_delay,
					KMQ_RETRY_LAST);
	delay = kmq_retry_delay;
	mutex_unlock(&kmq_subscriptions_lock);
	if (owes && READ_ONCE(kmq_events_on))
		queue_delayed_work(system_unbound_wq, &kmq_event_retrier,
				   delay);
}

static struct kmq_subscription *kmq_subscription_find(const struct net *net,
						      u32 portid)
{
	struct kmq_subscription *subscription;

	lockdep_assert_held(&kmq_subscriptions_lock);
	list_for_each_entry(subscription, &kmq_subscriptions, node)
		if (subscription->net == net && subscription->portid == portid)
			return subscription;
	return NULL;
}

static void kmq_subscription_end(struct kmq_subscription *subscription)
{
	lockdep_assert_held(&kmq_subscriptions_lock);
	list_del(&subscription->node);
	WRITE_ONCE(kmq_subscriptions_count, kmq_subscriptions_count - 1);
	kmq_viewer_put(&subscription->viewer);
	kfree(subscription);
}

/* May @viewer have one more? One user cannot use up all there may be. */
static bool kmq_subscription_allowed(const struct kmq_viewer *viewer)
{
	const struct kmq_subscription *subscription;
	u32 own = 0;

	lockdep_assert_held(&kmq_subscriptions_lock);
	if (viewer->privileged)
		return true;
	if (kmq_subscriptions_count >= KMQ_SUBSCRIPTIONS_MAX)
		return false;
	list_for_each_entry(subscription, &kmq_subscriptions, node)
		own += uid_eq(subscription->viewer.sender->fsuid,
			      viewer->sender->fsuid);
	return own < KMQ_SUBSCRIPTIONS_USER_MAX;
}

/*
 * A new one, in place of @old, which is this socket's, or one's that had the
 * port before and is as good as gone.
 */
static int kmq_subscription_add(struct kmq_subscription *fresh,
				struct kmq_subscription *old)
{
	lockdep_assert_held(&kmq_subscriptions_lock);
	if (old) {
		if (old->sk == fresh->sk) {
			fresh->lost = old->lost;
			fresh->since = old->since;
		}
		kmq_subscription_end(old);
	} else if (!kmq_subscription_allowed(&fresh->viewer)) {
		return -EUSERS;
	}
	list_add_tail(&fresh->node, &kmq_subscriptions);
	WRITE_ONCE(kmq_subscriptions_count, kmq_subscriptions_count + 1);
	return 0;
}

/**
 * kmq_subscribe() - events for a socket
 * @net: of the socket
 * @portid: of the socket
 * @sk: the socket
 * @viewer: who asks
 * @interest: in what
 *
 * Context: may sleep; in a request of that socket, which cannot end meanwhile.
 * Return: 0, -EUSERS, -ENOMEM.
 */
int kmq_subscribe(struct net *net, u32 portid, const struct sock *sk,
		  const struct kmq_viewer *viewer,
		  const struct kmq_interest *interest)
{
	struct kmq_subscription *fresh = kzalloc(sizeof(*fresh),
						 GFP_KERNEL_ACCOUNT);
	int err;

	if (!fresh)
		return -ENOMEM;
	fresh->net = net;
	fresh->portid = portid;
	fresh->sk = sk;
	fresh->interest = *interest;
	kmq_viewer_copy(&fresh->viewer, viewer);
	spin_lock(&kmq_records_lock);
	fresh->since = kmq_event_sequence;
	kmq_join_after = kmq_event_sequence;
	spin_unlock(&kmq_records_lock);
	mutex_lock(&kmq_subscriptions_lock);
	err = kmq_subscription_add(fresh, kmq_subscription_find(net, portid));
	mutex_unlock(&kmq_subscriptions_lock);
	if (!err)
		return 0;
	kmq_viewer_put(&fresh->viewer);
	kfree(fresh);
	return err;
}

/**
 * kmq_unsubscribe() - no more of them
 * @net: of the socket
 * @portid: of the socket
 *
 * Context: may sleep.
 * Return: 0 or -ENOENT.
 */
int kmq_unsubscribe(struct net *net, u32 portid)
{
	struct kmq_subscription *subscription;

	mutex_lock(&kmq_subscriptions_lock);
	subscription = kmq_subscription_find(net, portid);
	if (subscription)
		kmq_subscription_end(subscription);
	mutex_unlock(&kmq_subscriptions_lock);
	return subscription ? 0 : -ENOENT;
}

/* A socket is gone; any netlink socket of the machine. May sleep. */
static int kmq_event_socket_gone(struct notifier_block *block,
				 unsigned long state, void *data)
{
	const struct netlink_notify *notify = data;
	struct kmq_subscription *subscription;

	/* No lock to count: a socket that is closed does not subscribe just now. */
	if (state != NETLINK_URELEASE || notify->protocol != NETLINK_GENERIC ||
	    !READ_ONCE(kmq_subscriptions_count))
		return NOTIFY_DONE;
	mutex_lock(&kmq_subscriptions_lock);
	subscription = kmq_subscription_find(notify->net, notify->portid);
	/* It has not been told of yet, so its socket is still there. */
	if (subscription && sock_flag(subscription->sk, SOCK_DEAD))
		kmq_subscription_end(subscription);
	mutex_unlock(&kmq_subscriptions_lock);
	return NOTIFY_DONE;
}

static struct notifier_block kmq_event_notifier = {
	.notifier_call = kmq_event_socket_gone,
};

int kmq_event_init(void)
{
	return netlink_register_notifier(&kmq_event_notifier);
}

/* The family is there: from now on events are taken down. */
void kmq_event_begin(void)
{
	spin_lock(&kmq_records_lock);
	WRITE_ONCE(kmq_events_on, true);
	spin_unlock(&kmq_records_lock);
}

/*
 * The family is about to go, and its group's number to somebody else: from now
 * on nothing is taken down and nothing told. May sleep.
 */
void kmq_event_end(void)
{
	spin_lock(&kmq_records_lock);
	WRITE_ONCE(kmq_events_on, false);
	spin_unlock(&kmq_records_lock);
	flush_work(&kmq_event_worker);
	cancel_delayed_work_sync(&kmq_event_retrier);
}

/* The family is gone: nobody can subscribe. Sockets that have live on. */
void kmq_event_exit(void)
{
	struct kmq_subscription *subscription, *next;

	netlink_unregister_notifier(&kmq_event_notifier);
	mutex_lock(&kmq_subscriptions_lock);
	list_for_each_entry_safe(subscription, next, &kmq_subscriptions, node)
		kmq_subscription_end(subscription);
	mutex_unlock(&kmq_subscriptions_lock);
}
