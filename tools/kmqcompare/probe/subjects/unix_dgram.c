// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unix datagram socket, bound to a path, to which others send. Who attaches to
 * receive, too, is bound to that path with ".peer" behind it; there the creator
 * sends to. fd[0] is the socket.
 */
#include "unix_sockets.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct sockaddr_un peer_address(const struct object *object)
{
	struct sockaddr_un address = unix_address(object);

	strncat(address.sun_path, ".peer", sizeof(address.sun_path) - strlen(address.sun_path) - 1);
	return address;
}

/* A bound socket, which is told who sends. */
static int open_at(struct end *end, const struct object *object, const struct sockaddr_un *address)
{
	mode_t mask = mask_off();
	int on = 1;
	int result;

	end_says(end, "bind(%d, %s)", end->fd[0], address->sun_path);
	result = bind(end->fd[0], (const struct sockaddr *)address, sizeof(*address));
	mask_on(mask);
	if (result)
		return -1;
	setsockopt(end->fd[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	return chmod(address->sun_path, object->mode);
}

static void make_socket(struct end *end, struct object *object)
{
	end_begin(end, object);
	end->fd[0] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static int unix_dgram_create(struct end *end, struct object *object)
{
	struct sockaddr_un address = unix_address(object);

	make_socket(end, object);
	if (open_at(end, object, &address))
		return end_fail(end);
	object_made(object);
	object_tell_fd(object, 0, end->fd[0]);
	return 0;
}

static int unix_dgram_attach(struct end *end, struct object *object, enum way way)
{
	struct sockaddr_un address = unix_address(object);
	struct sockaddr_un own = peer_address(object);

	make_socket(end, object);
	if (way != WAY_SEND && open_at(end, object, &own))
		return end_fail(end);
	end_says(end, "connect(%d, %s)", end->fd[0], address.sun_path);
	if (connect(end->fd[0], (struct sockaddr *)&address, sizeof(address)))
		return end_fail(end);
	return 0;
}

static int unix_dgram_borrow(struct end *end, struct object *object, enum way way)
{
	end_begin(end, object);
	end->fd[0] = borrow_by_pidfd(end, 0);
	return end->fd[0] < 0 ? -1 : 0;
}

static int unix_dgram_remove(struct end *end, struct object *object)
{
	struct sockaddr_un peer = peer_address(object);

	if (object_is_made(object))
		unlink(peer.sun_path);
	return file_remove(end, object);
}

static bool is_connected(int fd)
{
	struct sockaddr_un address;
	socklen_t size = sizeof(address);

	return !getpeername(fd, (struct sockaddr *)&address, &size);
}

static ssize_t unix_dgram_send(struct end *end, struct parcel *parcel)
{
	struct sockaddr_un peer = peer_address(end->object);
	bool connected = is_connected(end->fd[0]);
	int fd = end->fd[0];
	ssize_t sent;

	socket_set_limit(end, fd, WAY_SEND, parcel);
	end_says(end, "sendto(%d, %zu bytes, %s%s%s)", fd, parcel->size,
		 socket_flags(parcel) ? "MSG_DONTWAIT" : "0", connected ? "" : ", ",
		 connected ? "" : peer.sun_path);
	sent = sendto(fd, parcel->body, parcel->size, socket_flags(parcel),
		      connected ? NULL : (struct sockaddr *)&peer, connected ? 0 : sizeof(peer));
	socket_unlimit(fd, WAY_SEND, parcel);
	return sent;
}

static void note_sender(struct msghdr *message, struct parcel *parcel)
{
	struct cmsghdr *item = CMSG_FIRSTHDR(message);
	struct ucred sender;

	if (!item || item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_CREDENTIALS)
		return;
	memcpy(&sender, CMSG_DATA(item), sizeof(sender));
	parcel->sender_pid = sender.pid;
	parcel->sender_uid = sender.uid;
}

/* With MSG_TRUNC recvmsg(2) returns the length of the whole message, however much it cut. */
static ssize_t unix_dgram_receive(struct end *end, struct parcel *parcel)
{
	char control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec room = { .iov_base = parcel->body, .iov_len = parcel->size };
	struct msghdr message = { .msg_iov = &room, .msg_iovlen = 1, .msg_control = control,
				  .msg_controllen = sizeof(control) };
	int fd = end->fd[0];
	ssize_t whole;

	parcel_from_nobody(parcel);
	socket_set_limit(end, fd, WAY_RECEIVE, parcel);
	end_says(end, "recvmsg(%d, %zu bytes, %sMSG_TRUNC)", fd, parcel->size,
		 socket_flags(parcel) ? "MSG_DONTWAIT | " : "");
	whole = recvmsg(fd, &message, socket_flags(parcel) | MSG_TRUNC);
	socket_unlimit(fd, WAY_RECEIVE, parcel);
	if (whole < 0)
		return -1;
	note_sender(&message, parcel);
	parcel->full_size = whole;
	return (size_t)whole < parcel->size ? whole : (ssize_t)parcel->size;
}

const struct subject subject_unix_dgram = {
	.mechanism = "unix-dgram",
	.traits = SUBJECT_TO_CREATOR,
	.create = unix_dgram_create,
	.attach = unix_dgram_attach,
	.borrow = unix_dgram_borrow,
	.adopt = descriptors_adopt,
	.detach = end_close,
	.remove = unix_dgram_remove,
	.seen = unix_seen,
	.send = unix_dgram_send,
	.receive = unix_dgram_receive,
	.poll_fd = poll_only_fd,
};
