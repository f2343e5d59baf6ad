// SPDX-License-Identifier: GPL-2.0-only
/* kmq by the batch ioctls, each a batch of one message. */
#include "kmq_node.h"

static int send_batch(struct end *end, const struct kmq_message *message,
		      const struct parcel *parcel)
{
	struct timespec deadline = kmq_deadline_in(parcel->wait_ms);
	int fd = end->fd[0];

	switch (parcel->patience) {
	case PATIENCE_NONE:
		end_says(end, "kmq_try_send_batch(%d, 1 of %zu bytes, type %ld, priority %u)", fd,
			 parcel->size, (long)message->type, parcel->priority);
		return kmq_try_send_batch(fd, message, 1);
	case PATIENCE_DEADLINE:
		end_says(end, "kmq_send_batch_until(%d, 1 of %zu bytes, in %u ms)", fd,
			 parcel->size, parcel->wait_ms);
		return kmq_send_batch_until(fd, message, 1, &deadline);
	default:
		end_says(end, "kmq_send_batch(%d, 1 of %zu bytes, type %ld, priority %u)", fd,
			 parcel->size, (long)message->type, parcel->priority);
		return kmq_send_batch(fd, message, 1);
	}
}

static ssize_t kmq_batch_send(struct end *end, struct parcel *parcel)
{
	struct kmq_message message;

	kmq_message_from(&message, parcel->type ? parcel->type : 1, parcel->body, parcel->size);
	message.priority = parcel->priority;
	return send_batch(end, &message, parcel) == 1 ? (ssize_t)parcel->size : -1;
}

static int receive_batch(struct end *end, struct kmq_message *message,
			 const struct parcel *parcel)
{
	struct kmq_selection which = kmq_selection_of(parcel);
	struct timespec deadline = kmq_deadline_in(parcel->wait_ms);
	int fd = end->fd[0];

	switch (parcel->patience) {
	case PATIENCE_NONE:
		end_says(end, "kmq_try_receive_batch(%d, 1 of %zu bytes, type %ld)", fd,
			 parcel->size, parcel->type);
		return kmq_try_receive_batch(fd, message, 1, &which, 0);
	case PATIENCE_DEADLINE:
		end_says(end, "kmq_receive_batch_until(%d, 1 of %zu bytes, type %ld, in %u ms)", fd,
			 parcel->size, parcel->type, parcel->wait_ms);
		return kmq_receive_batch_until(fd, message, 1, &which, 0, &deadline);
	default:
		end_says(end, "kmq_receive_batch(%d, 1 of %zu bytes, type %ld)", fd, parcel->size,
			 parcel->type);
		return kmq_receive_batch(fd, message, 1, &which, 0);
	}
}

static ssize_t kmq_batch_receive(struct end *end, struct parcel *parcel)
{
	struct kmq_message message;

	parcel_from_nobody(parcel);
	kmq_message_into(&message, parcel->body, parcel->size);
	if (receive_batch(end, &message, parcel) != 1)
		return -1;
	kmq_note_sender(parcel, message.pid, message.uid, message.length);
	return message.size;
}

const struct subject subject_kmq_batch = {
	.mechanism = "kmq-batch",
	.unavailable = kmq_node_unavailable,
	.create = kmq_node_create,
	.attach = kmq_node_attach,
	.borrow = kmq_node_borrow,
	.adopt = descriptors_adopt,
	.detach = end_close,
	.remove = kmq_node_remove,
	.seen = kmq_node_seen,
	.send = kmq_batch_send,
	.receive = kmq_batch_receive,
	.poll_fd = poll_only_fd,
};
