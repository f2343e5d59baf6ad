/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queues of the hub. They outlive who made them, so a test removes what it makes;
 * keys are the test's own, so that one that failed disturbs no other.
 */
#ifndef KMQ_TEST_HUB_H
#define KMQ_TEST_HUB_H

#include "../kmq_test.h"

#define HUB_PATH	"/dev/kmq/.hub"
#define SPACE		7	/* of whoever does not care */

int hub(void);			/* opened when needed; root's children inherit it */
void hub_reopen(int flags);	/* another description in its place */

/* An unused key of this test: bytes without an end. */
struct key {
	char bytes[KMQ_KEY_MAX];
	__u32 size;
};
struct key key_new(void);
struct key key_of(const void *bytes, __u32 size);

/*
 * With CREATE, 8 messages, 0600 unless told: what is told stands behind, and counts.
 */
#pragma GCC diagnostic ignored "-Woverride-init"
#pragma GCC diagnostic ignored "-Woverride-init-side-effects"
#define OPENING(of_key, ...)						\
	((struct kmq_hub_open){						\
		.space = SPACE, .flags = KMQ_HUB_CREATE, .key = ptr((of_key)->bytes), \
		.key_size = (of_key)->size, .create = { .capacity = 8 }, __VA_ARGS__ })

int hub_open(struct kmq_hub_open *open);	/* as ioctl */
/* Checked: without a key; the id. */
__u32 hub_new(struct kmq_create create);
#define HUB_QUEUE(...) hub_new((struct kmq_create){ __VA_ARGS__ })

/* Each as ioctl; nothing sleeps but hub_wait_*(). */
int hub_put(__u32 id, __s64 type, const char *text);
int hub_take(__u32 id, char *body, __u32 room);
int hub_wait_put(__u32 id, __s64 type, const char *text);
int hub_wait_take(__u32 id, char *body, __u32 room);
int hub_stat(__u32 id, __u32 flags, struct kmq_hub_stat *stat);
int hub_set_mode(__u32 id, __u32 mode);
int hub_set_owner(__u32 id, __u32 uid, __u32 gid);
int hub_set_bytes(__u32 id, __u64 bytes);
int hub_remove(__u32 id, __u32 flags);
int hub_remove_key(const struct key *key, __u32 flags);

/* Checked. Root's: asks no permission. */
struct kmq_hub_stat hub_stat_of(__u32 id);
struct kmq_hub_stat hub_totals(__u32 space);
void hub_wait_blocked(__u32 id, unsigned int senders, unsigned int receivers);

/* uid, gid, one more group, and no capability left; 0: no more group. */
void become(unsigned int uid, unsigned int gid, unsigned int group);
/* The same with this capability alone. */
void become_capable(unsigned int uid, int capability);

#endif /* KMQ_TEST_HUB_H */
