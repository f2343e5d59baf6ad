// SPDX-License-Identifier: GPL-2.0-only
/*
 * HOLDER_GET: who keeps a queue, or sleeps in it. First the descriptions, then
 * those asleep, reason by reason; each part in an order in which it can go on
 * from where it stopped, so that memory is bounded whatever there is.
 */
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "compat.h"
#include "holder.h"
#include "netlink.h"
#include "registry.h"
#include "ring.h"
#include "viewer.h"
#include "wait.h"

/*
 * Sleepers taken down under one hold of the queue's lock. Each hold walks past
 * those that were told before: few holds are better than short ones.
 */
#define KMQ_SLEEPING_ROWS 512

/**
 * struct kmq_holder_dump - of holders, on its way
 * @viewer: who asked
 * @queue: of which, referenced; NULL: there is none
 * @refusal: why there will be nothing
 * @sleep: enum kmq_sleep of the part it is in; -1: descriptions
 * @serial: of what was told last in this part
 * @last: of this part: who came later is not told, or it might never end
 * @first: the next of @rows
 * @count: of @rows; those before @first are let go
 * @rows: that follow
 */
struct kmq_holder_dump {
	struct kmq_viewer viewer;
	struct kmq_queue *queue;
	struct kmq_refusal refusal;
	int sleep;
	u64 serial;
	u64 last;
	u32 first;
	u32 count;
	struct kmq_sleeping rows[KMQ_SLEEPING_ROWS];
};

static struct kmq_holder_dump *kmq_holder_dump_of(struct netlink_callback *cb)
{
	return (struct kmq_holder_dump *)cb->args[0];
}

int kmq_holder_start(struct netlink_callback *cb)
{
	struct nlattr **attrs = kmq_dump_attrs(cb);
	struct netlink_ext_ack *extack;
	struct kmq_holder_dump *dump;
	int err;

	dump = kvzalloc(sizeof(*dump), GFP_KERNEL_ACCOUNT);
	if (!dump)
		return -ENOMEM;
	dump->sleep = -1;
	cb->args[0] = (long)dump;
	kmq_viewer_get(&dump->viewer, cb->skb);
	extack = kmq_refusal_begin(&dump->refusal, cb);
	err = kmq_netlink_find(attrs, extack, &dump->queue);
	if (!err)
		err = kmq_netlink_see(&dump->viewer, cb->skb, dump->queue,
				      attrs, extack);
	if (!err)
		dump->last = kmq_holder_last(dump->queue);
	err = kmq_refusal_end(&dump->refusal, cb, err);
	/* A start that fails is not followed by its end. */
	if (err)
		kmq_holder_done(cb);
	return err;
}

int kmq_holder_done(struct netlink_callback *cb)
{
	struct kmq_holder_dump *dump = kmq_holder_dump_of(cb);

	for (; dump->first < dump->count; dump->first++) {
		put_pid(dump->rows[dump->first].thread);
		put_pid(dump->rows[dump->first].process);
	}
	kmq_viewer_put(&dump->viewer);
	if (dump->queue)
		kmq_queue_put(dump->queue);
	kvfree(dump);
	return 0;
}

/* What process @pid is called, if it is still there. */
static int kmq_put_comm(struct sk_buff *skb, struct pid *pid)
{
	char comm[TASK_COMM_LEN] = "";
	struct task_struct *task;

	/* What keeps the task, which may be ending, until its name is copied. */
	rcu_read_lock();
	task = pid_task(pid, PIDTYPE_TGID);
	if (task)
		get_task_comm(comm, task);
	rcu_read_unlock();
	return *comm ? nla_put_string(skb, KMQ_A_COMM, comm) : 0;
}

static int kmq_put_process(struct sk_buff *skb, const struct kmq_viewer *viewer,
			   enum kmq_holder kind, struct pid *pid)
{
	u32 number = kmq_viewer_pid(viewer, pid);

	if (nla_put_u32(skb, KMQ_A_HOLDER, kind) ||
	    nla_put_u32(skb, KMQ_A_PID, number))
		return -EMSGSIZE;
	/* Who may not know the number need not know the name. */
	return number ? kmq_put_comm(skb, pid) : 0;
}

static int kmq_put_holding(struct sk_buff *skb,
			   const struct kmq_holder_dump *dump,
			   const struct kmq_holding *holding)
{
	bool mapping = holding->attachment;

	if (kmq_put_process(skb, &dump->viewer,
			    mapping ? KMQ_HOLDER_MAPPING :
				      KMQ_HOLDER_DESCRIPTOR,
			    holding->opener) ||
	    nla_put_u32(skb, KMQ_A_ACCESS, holding->access))
		return -EMSGSIZE;
	if (mapping)
		return nla_put_u32(skb, KMQ_A_ATTACHMENT, holding->attachment);
	return nla_put_u32(skb, KMQ_A_LEASES, holding->leases);
}

static int kmq_put_sleeping(struct sk_buff *skb,
			    const struct kmq_holder_dump *dump,
			    const struct kmq_sleeping *row)
{
	if (kmq_put_process(skb, &dump->viewer, KMQ_HOLDER_SLEEPER,
			    row->process) ||
	    nla_put_u32(skb, KMQ_A_TID,
			kmq_viewer_pid(&dump->viewer, row->thread)) ||
	    nla_put_u32(skb, KMQ_A_SLEEP, dump->sleep))
		return -EMSGSIZE;
	return nla_put_u64_64bit(skb, KMQ_A_SINCE, row->since, KMQ_A_PAD);
}

/* One message: @holding, or else @row. 0, or -EMSGSIZE with nothing of it. */
static int kmq_holder_message(struct sk_buff *skb, struct netlink_callback *cb,
			      const struct kmq_holding *holding,
			      const struct kmq_sleeping *row)
{
	const struct kmq_holder_dump *dump = kmq_holder_dump_of(cb);
	void *header;
	int err;

	header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
			     cb->nlh->nlmsg_seq, &kmq_family, NLM_F_MULTI,
			     KMQ_CMD_HOLDER_GET);
	if (!header)
		return -EMSGSIZE;
	err = holding ? kmq_put_holding(skb, dump, holding) :
			kmq_put_sleeping(skb, dump, row);
	if (err)
		genlmsg_cancel(skb, header);
	else
		genlmsg_end(skb, header);
	return err;
}

static int kmq_dump_holdings(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct kmq_holder_dump *dump = kmq_holder_dump_of(cb);
	struct kmq_holding holding;
	int err = 0;

	while (!err && kmq_holder_next(dump->queue, dump->serial, dump->last,
				       &holding)) {
		err = kmq_holder_message(skb, cb, &holding, NULL);
		if (!err)
			dump->serial = holding.serial;
		put_pid(holding.opener);
		cond_resched();
	}
	return err;
}

/* Some more rows of the part, or none. */
static void kmq_fetch_sleeping(struct kmq_holder_dump *dump)
{
	struct kmq_queue *queue = dump->queue;

	dump->first = 0;
	dump->count = kmq_sleepers(queue, dump->sleep, dump->serial,
				   dump->last, dump->rows,
				   KMQ_SLEEPING_ROWS);
	if (dump->count)
		dump->serial = dump->rows[dump->count - 1].serial;
}

static int kmq_dump_sleeping(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct kmq_holder_dump *dump = kmq_holder_dump_of(cb);

	for (;;) {
		struct kmq_sleeping *row;

		if (dump->first == dump->count)
			kmq_fetch_sleeping(dump);
		if (!dump->count)
			return 0;
		row = &dump->rows[dump->first];
		if (kmq_holder_message(skb, cb, NULL, row))
			return -EMSGSIZE;
		put_pid(row->thread);
		put_pid(row->process);
		dump->first++;
		cond_resched();
	}
}

int kmq_holder_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct kmq_holder_dump *dump = kmq_holder_dump_of(cb);
	int err;

	err = kmq_refusal_tell(&dump->refusal, cb);
	if (err)
		return err;
	while (!err && dump->sleep <= KMQ_SLEEP_CALL) {
		err = dump->sleep < 0 ? kmq_dump_holdings(skb, cb) :
					kmq_dump_sleeping(skb, cb);
		if (err)
			break;
		dump->sleep++;
		dump->serial = 0;
		dump->last = kmq_sleepers_last(dump->queue, dump->sleep);
	}
	return skb->len;
}
