/* SPDX-License-Identifier: GPL-2.0-only */
/* An open file description of a queue that has a ring. */
#ifndef _KMQ_RING_FILE_H
#define _KMQ_RING_FILE_H

#include <linux/fs.h>

#include "holder.h"
#include "ring.h"

/**
 * struct kmq_ring_handle - file->private_data
 * @queue: referenced and counted as open
 * @holder: of it
 * @ring: of @queue
 * @truncate: read() cuts records
 * @last_size: full length of the record that read() took last
 * @reader: BROADCAST: where it reads; written by who has the consumers' door,
 *	under ring->lock
 * @lost: BROADCAST: records overwritten and not yet told; guarded by that door
 * @deaths: told so far; likewise
 */
struct kmq_ring_handle {
	struct kmq_queue *queue;
	struct kmq_keeper holder;
	struct kmq_ring *ring;
	bool truncate;
	u32 last_size;
	struct kmq_reader reader;
	u64 lost;
	u32 deaths;
};

extern const struct file_operations kmq_ring_fops;

struct kmq_ring_handle *kmq_ring_handle_new(struct kmq_queue *queue);

/* ring_ioctl.c */
long kmq_ring_ioctl(struct file *file, unsigned int cmd, void __user *arg);

/**
 * struct kmq_source - one record to be sent
 * @iter: where its body is, for readv and the like; or NULL and
 * @body: user address
 * @size: bytes
 * @sequence: out: its number
 */
struct kmq_source {
	struct iov_iter *iter;
	const void __user *body;
	u32 size;
	u64 sequence;
};

/**
 * struct kmq_sink - where one record is to go
 * @iter: room for its body, for readv and the like; or NULL and
 * @body: user address
 * @message: what is told of it goes there; or NULL
 * @room: bytes
 * @truncate: a longer record is welcome
 * @size: out: bytes of its body, all of them
 */
struct kmq_sink {
	struct iov_iter *iter;
	void __user *body;
	struct kmq_message __user *message;
	u32 room;
	bool truncate;
	u32 size;
};

int kmq_ring_send(struct kmq_ring_handle *handle, struct kmq_source *sources,
		  u32 count, const struct kmq_patience *patience);
int kmq_ring_receive(struct kmq_ring_handle *handle, struct kmq_sink *sinks,
		     u32 count, const struct kmq_patience *patience);
int kmq_ring_peek(struct kmq_ring_handle *handle, u32 *size);
int kmq_ring_purge(struct kmq_ring_handle *handle, u64 *purged);

#endif /* _KMQ_RING_FILE_H */
