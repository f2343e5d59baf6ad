/* SPDX-License-Identifier: GPL-2.0-only */
/* What is told to those who listen to the control plane. */
#ifndef _KMQ_EVENT_H
#define _KMQ_EVENT_H

#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/kmq_netlink.h>

struct kmq_queue;
struct kmq_viewer;
struct net;
struct pid;
struct sock;

/**
 * struct kmq_interest - what a subscriber wants to hear
 * @pattern: of the queue's name; empty: any
 * @events: bits 1 << enum kmq_event
 */
struct kmq_interest {
	char pattern[KMQ_PATTERN_SIZE];
	u32 events;
};

bool kmq_event_wanted(void);
void kmq_event(const struct kmq_queue *queue, enum kmq_event event,
	       struct pid *pid, u64 count);
void kmq_event_unlocked(struct kmq_queue *queue, enum kmq_event event,
			struct pid *pid, u64 count);
void kmq_event_quota(const char *name, kuid_t uid);

int kmq_subscribe(struct net *net, u32 portid, const struct sock *sk,
		  const struct kmq_viewer *viewer,
		  const struct kmq_interest *interest);
int kmq_unsubscribe(struct net *net, u32 portid);

int kmq_event_init(void);
void kmq_event_begin(void);
void kmq_event_end(void);
void kmq_event_exit(void);

#endif /* _KMQ_EVENT_H */
