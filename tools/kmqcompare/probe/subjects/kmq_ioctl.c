// SPDX-License-Identifier: GPL-2.0-only
/* kmq by ioctl(2), through libkmq: types, priorities, deadlines, who sent it. */
#include "kmq_node.h"

static int send_message(struct end *end, struct kmq_msg *message, const struct parcel *parcel)
{
	struct timespec deadline = kmq_deadline_in(parcel->wait_ms);
	int fd = end->fd[0];

	switch (parcel->patience) {
	case PATIENCE_NONE:
		end_says(end, "kmq_try_send(%d, %zu bytes, type %ld, priority %u)", fd,
			 parcel->size, (long)message->type, parcel->priority);
		return kmq_try_send(fd, message);
	case PATIENCE_DEADLINE:
		end_says(end, "kmq_send_until(%d, %zu bytes, in %u ms)", fd, parcel->size,
			 parcel->wait_ms);
		return kmq_send_until(fd, message, &deadline);
	default:
		end_says(end, "kmq_send(%d, %zu bytes, type %ld, priority %u)", fd, parcel->size,
			 (long)message->type, parcel->priority);
		return kmq_send(fd, message);
	}
}

static ssize_t kmq_ioctl_send(struct end *end, struct parcel *parcel)
{
	struct kmq_msg message = kmq_msg_from(parcel->type ? parcel->type : 1, parcel->body,
					      parcel->size);

	message.priority = parcel->priority;
	return send_message(end, &message, parcel) ? -1 : (ssize_t)parcel->size;
}

static int receive_message(struct end *end, struct kmq_msg *message, const struct parcel *parcel)
{
	struct kmq_selection which = kmq_selection_of(parcel);
	struct timespec deadline = kmq_deadline_in(parcel->wait_ms);
	int fd = end->fd[0];

	switch (parcel->patience) {
	case PATIENCE_NONE:
		end_says(end, "kmq_try_receive(%d, %zu bytes, type %ld)", fd, parcel->size,
			 parcel->type);
		return kmq_try_receive(fd, message, &which, 0);
	case PATIENCE_DEADLINE:
		end_says(end, "kmq_receive_until(%d, %zu bytes, type %ld, in %u ms)", fd,
			 parcel->size, parcel->type, parcel->wait_ms);
		return kmq_receive_until(fd, message, &which, 0, &deadline);
	default:
		end_says(end, "kmq_receive(%d, %zu bytes, type %ld)", fd, parcel->size,
			 parcel->type);
		return kmq_receive(fd, message, &which, 0);
	}
}

static ssize_t kmq_ioctl_receive(struct end *end, struct parcel *parcel)
{
	struct kmq_msg message = kmq_msg_into(parcel->body, parcel->size);

	parcel_from_nobody(parcel);
	if (receive_message(end, &message, parcel))
		return -1;
	kmq_note_sender(parcel, message.pid, message.uid, message.size);
	return message.size;
}

const struct subject subject_kmq_ioctl = {
	.mechanism = "kmq-ioctl",
	.unavailable = kmq_node_unavailable,
	.create = kmq_node_create,
	.attach = kmq_node_attach,
	.borrow = kmq_node_borrow,
	.adopt = descriptors_adopt,
	.detach = end_close,
	.remove = kmq_node_remove,
	.seen = kmq_node_seen,
	.send = kmq_ioctl_send,
	.receive = kmq_ioctl_receive,
	.poll_fd = poll_only_fd,
};
