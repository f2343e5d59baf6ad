/* SPDX-License-Identifier: GPL-2.0-only */
/* The generic netlink family. */
#ifndef _KMQ_NETLINK_H
#define _KMQ_NETLINK_H

#include <net/genetlink.h>
#include <linux/kmq_netlink.h>

struct kmq_queue;
struct kmq_viewer;

#define KMQ_GROUP_EVENTS 0	/* in kmq_family */

/**
 * struct kmq_refusal - of a dump, found at its start
 * @err: 0: there is none
 * @extack: where there is no other, the sentence
 */
struct kmq_refusal {
	int err;
	struct netlink_ext_ack extack;
};

extern struct genl_family kmq_family;

struct netlink_ext_ack *kmq_refusal_begin(struct kmq_refusal *refusal,
					  struct netlink_callback *cb);
int kmq_refusal_end(struct kmq_refusal *refusal, struct netlink_callback *cb,
		    int err);
int kmq_refusal_tell(const struct kmq_refusal *refusal,
		     struct netlink_callback *cb);

int kmq_netlink_refuse(struct netlink_ext_ack *extack,
		       const struct nlattr *attribute, const char *sentence,
		       int err);
int kmq_netlink_find(struct nlattr **attrs, struct netlink_ext_ack *extack,
		     struct kmq_queue **queue);
int kmq_netlink_see(struct kmq_viewer *viewer, struct sk_buff *request,
		    struct kmq_queue *queue, struct nlattr **attrs,
		    struct netlink_ext_ack *extack);

/* netlink_holder.c */
int kmq_holder_start(struct netlink_callback *cb);
int kmq_holder_dump(struct sk_buff *skb, struct netlink_callback *cb);
int kmq_holder_done(struct netlink_callback *cb);

int kmq_netlink_init(void);
void kmq_netlink_exit(void);

#endif /* _KMQ_NETLINK_H */
