// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmq by request and answer: a send is kmq_call(3), which sleeps until the request
 * is answered; a receive takes the request and answers it at once, by no bytes.
 * So a queue holds requests whose senders all sleep.
 */
#include "kmq_node.h"


static int call(struct end *end, const struct kmq_msg *request, const struct parcel *parcel)
{
	struct kmq_msg answer = kmq_msg_into(NULL, 0);
	struct timespec deadline = kmq_deadline_in(parcel->wait_ms);
	int fd = end->fd[0];

	if (parcel->patience == PATIENCE_DEADLINE) {
		end_says(end, "kmq_call_until(%d, %zu bytes, in %u ms)", fd, parcel->size,
			 parcel->wait_ms);
		return kmq_call_until(fd, request, &answer, 0, &deadline);
	}
	end_says(end, "kmq_call(%d, %zu bytes, type %ld, priority %u)", fd, parcel->size,
		 (long)request->type, parcel->priority);
	return kmq_call(fd, request, &answer, 0);
}

static ssize_t kmq_call_send(struct end *end, struct parcel *parcel)
{
	struct kmq_msg request = kmq_msg_from(parcel->type ? parcel->type : 1, parcel->body,
					      parcel->size);
	int result;

	request.priority = parcel->priority;
	if (parcel->patience == PATIENCE_NONE)
		nonblocking_on(end, end->fd[0]);
	result = call(end, &request, parcel);
	if (parcel->patience == PATIENCE_NONE)
		nonblocking_off(end->fd[0]);
	return result ? -1 : (ssize_t)parcel->size;
}

static int take_request(struct end *end, struct kmq_msg *request, const struct parcel *parcel)
{
	struct kmq_selection which = kmq_selection_of(parcel);
	struct timespec deadline = kmq_deadline_in(parcel->wait_ms);
	int fd = end->fd[0];

	switch (parcel->patience) {
	case PATIENCE_NONE:
		end_says(end, "kmq_try_receive(%d, %zu bytes, type %ld) and kmq_reply()", fd,
			 parcel->size, parcel->type);
		return kmq_try_receive(fd, request, &which, 0);
	case PATIENCE_DEADLINE:
		end_says(end, "kmq_receive_until(%d, %zu bytes, in %u ms) and kmq_reply()", fd,
			 parcel->size, parcel->wait_ms);
		return kmq_receive_until(fd, request, &which, 0, &deadline);
	default:
		end_says(end, "kmq_receive(%d, %zu bytes, type %ld) and kmq_reply()", fd,
			 parcel->size, parcel->type);
		return kmq_receive(fd, request, &which, 0);
	}
}

/* Whoever gave up meanwhile needs no answer. */
static void answer(struct end *end, const struct kmq_msg *request)
{
	const struct kmq_msg nothing = kmq_msg_from(1, NULL, 0);

	if (request->flags & KMQ_MESSAGE_CALL)
		kmq_reply(end->fd[0], request->sequence, &nothing);
}

static ssize_t kmq_call_receive(struct end *end, struct parcel *parcel)
{
	struct kmq_msg request = kmq_msg_into(parcel->body, parcel->size);

	parcel_from_nobody(parcel);
	if (take_request(end, &request, parcel))
		return -1;
	answer(end, &request);
	kmq_note_sender(parcel, request.pid, request.uid, request.size);
	return request.size;
}

/* A caller must read its answer from the queue, too. */
static int kmq_call_attach(struct end *end, struct object *object, enum way way)
{
	return kmq_node_attach(end, object, way == WAY_SEND ? WAY_BOTH : way);
}

const struct subject subject_kmq_call = {
	.mechanism = "kmq-call",
	.unavailable = kmq_node_unavailable,
	.create = kmq_node_create,
	.attach = kmq_call_attach,
	.borrow = kmq_node_borrow,
	.adopt = descriptors_adopt,
	.detach = end_close,
	.remove = kmq_node_remove,
	.seen = kmq_node_seen,
	.send = kmq_call_send,
	.receive = kmq_call_receive,
	.poll_fd = poll_only_fd,
};
