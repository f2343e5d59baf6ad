// SPDX-License-Identifier: GPL-2.0-only
/* Handing an open end over a Unix socket (SCM_RIGHTS), to whoever is connected. */
#include "steps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MESSAGE	7

/* What travels beside the descriptors: in which places of end->fd[] they were. */
struct places {
	unsigned int count;
	int place[END_FDS];
};

union rights {
	char room[CMSG_SPACE(sizeof(int) * END_FDS)];
	struct cmsghdr align;
};

/* The receiver's, between two of its steps. */
static int listener = -1;

static struct sockaddr_un meeting_point(const struct object *object)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/passing", object->directory);
	return address;
}

static long wait_for_end(struct end *end, void *unused)
{
	struct sockaddr_un address = meeting_point(end->object);

	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0)
		return -1;
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)))
		return -1;
	return listen(listener, 1);
}

/* Prepares for sending, or for receiving, up to END_FDS descriptors. */
static struct msghdr message_of(struct iovec *bytes, union rights *rights)
{
	return (struct msghdr){
		.msg_iov = bytes,
		.msg_iovlen = 1,
		.msg_control = rights->room,
		.msg_controllen = sizeof(rights->room),
	};
}

static int connect_to(const struct object *object)
{
	struct sockaddr_un address = meeting_point(object);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return -1;
	return fd;
}

static struct places open_places(const struct end *end, int *descriptors)
{
	struct places places = { 0 };

	for (int i = 0; i < END_FDS; i++) {
		if (end->fd[i] < 0)
			continue;
		descriptors[places.count] = end->fd[i];
		places.place[places.count++] = i;
	}
	return places;
}

static long hand_over(struct end *end, void *unused)
{
	int descriptors[END_FDS], fd;
	struct places places = open_places(end, descriptors);
	struct iovec bytes = { &places, sizeof(places) };
	union rights rights = { 0 };
	struct msghdr message = message_of(&bytes, &rights);
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	end_says(end, "sendmsg(SCM_RIGHTS: %u descriptors)", places.count);
	fd = connect_to(end->object);
	if (fd < 0)
		return -1;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int) * places.count);
	memcpy(CMSG_DATA(header), descriptors, sizeof(int) * places.count);
	message.msg_controllen = CMSG_SPACE(sizeof(int) * places.count);
	return sendmsg(fd, &message, 0) < 0 ? -1 : 0;
}

static long take_over(struct end *end, void *argument)
{
	const struct cell *cell = argument;
	struct places places = { 0 };
	struct iovec bytes = { &places, sizeof(places) };
	union rights rights = { 0 };
	struct msghdr message = message_of(&bytes, &rights);
	struct cmsghdr *header;
	int fd[END_FDS];

	memset(fd, -1, sizeof(fd));
	if (recvmsg(accept(listener, NULL, NULL), &message, MSG_CMSG_CLOEXEC) < 0)
		return -1;
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS) {
		errno = EBADMSG;
		return -1;
	}
	for (unsigned int i = 0; i < places.count && i < END_FDS; i++)
		memcpy(&fd[places.place[i]], CMSG_DATA(header) + i * sizeof(int), sizeof(int));
	return cell->subject->adopt(end, end->object, fd, WAY_BOTH);
}

static void try_passed(struct cell *cell)
{
	struct puppet *a = puppet_new(cell, "A"), *c = puppet_new(cell, "C"), *b;
	struct outcome_of_task outcome;

	must(a, puppet_create(a));
	if (!cell->subject->adopt) {
		cell_note(cell, "A's hold on it is not a descriptor: there is nothing to send");
		return cell_answer(cell, VERDICT_NO, "it is not a descriptor");
	}
	b = join(a, "B", WAY_SEND);
	must(c, call(c, 0, wait_for_end));
	must(a, call(a, 0, hand_over));
	outcome = call(c, 0, take_over);
	if (!went(outcome))
		cell_answer(cell, VERDICT_NO, "not taken: %s", error_name(outcome.error));
	else if (delivers(b, c, 0, MESSAGE))
		cell_answer(cell, VERDICT_YES, "the stranger goes on with it");
	else
		cell_answer(cell, VERDICT_NO, "passed, but it does not work");
}

const struct claim claim_passed = {
	.name = "passed",
	.group = "access",
	.question = "Can an open end be handed to a stranger over a Unix socket?",
	.experiment = "A, who created the object, sends its descriptors to C, a stranger, by "
		      "SCM_RIGHTS. B sends a message, and C receives it with what it was given.",
	.favour = FAVOUR_YES,
	.try = try_passed,
};
