// SPDX-License-Identifier: GPL-2.0-only
#include "connections.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/*
 * Of each message its sender's credentials: unix(7). Not TCP: it has none to give. Asked of
 * the listener, from which each connection has it at once; asked after accept(2), a message
 * that was sent in between would come without (unix_accept() and maybe_add_creds() in
 * net/unix/af_unix.c).
 */
static void ask_for_credentials(int fd)
{
	int error = errno;
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	errno = error;
}

int connections_listen(struct end *end, struct object *object, int type,
		       const struct sockaddr *address, socklen_t size, const char *name)
{
	/* Several processes may wait here; who comes late to accept(2), must not sleep there. */
	int fd = socket(address->sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask = mask_off();
	int result;

	end_begin(end, object);
	end->fd[LISTENER] = fd;
	end_says(end, "bind(%d, %s)", fd, name);
	result = bind(fd, address, size);
	mask_on(mask);
	if (result)
		return end_fail(end);
	object_made(object);
	object_tell_fd(object, LISTENER_ID, fd);
	ask_for_credentials(fd);
	end_says(end, "listen(%d)", fd);
	return listen(fd, BACKLOG) ? end_fail(end) : 0;
}

/* Small messages go at once. Not TCP: not understood, and no matter. */
static void without_delay(int fd)
{
	int error = errno;
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	errno = error;
}

int connections_join(struct end *end, struct object *object, int type,
		     const struct sockaddr *address, socklen_t size, const char *name)
{
	int fd = socket(address->sa_family, type | SOCK_CLOEXEC, 0);

	end_begin(end, object);
	end->fd[CONNECTIONS] = fd;
	without_delay(fd);
	end_says(end, "connect(%d, %s)", fd, name);
	return connect(fd, address, size) ? end_fail(end) : 0;
}

int connections_borrow(struct end *end, struct object *object, enum way way)
{
	end_begin(end, object);
	end->fd[LISTENER] = borrow_by_pidfd(end, LISTENER_ID);
	return end->fd[LISTENER] < 0 ? -1 : 0;
}

static int *free_place(struct end *end)
{
	for (int i = CONNECTIONS; i < END_FDS; i++)
		if (end->fd[i] < 0)
			return &end->fd[i];
	return NULL;
}

static bool has_connection(const struct end *end)
{
	for (int i = CONNECTIONS; i < END_FDS; i++)
		if (end->fd[i] >= 0)
			return true;
	return false;
}

static void accept_one(struct end *end)
{
	int *place = free_place(end);

	if (!place)
		return;
	*place = accept4(end->fd[LISTENER], NULL, NULL, SOCK_CLOEXEC);
	if (*place < 0)
		return;
	without_delay(*place);
	end_says(end, "accept(%d) = %d", end->fd[LISTENER], *place);
}

/* What there is to wait for: a message on each connection, and new ones while there is a place. */
static void events_of(struct end *end, struct pollfd *events)
{
	for (int i = 0; i < END_FDS; i++)
		events[i] = (struct pollfd){ .fd = end->fd[i], .events = POLLIN };
	if (!free_place(end))
		events[LISTENER].fd = -1;
}

static int poll_ms(const struct parcel *parcel)
{
	if (parcel->patience == PATIENCE_NONE)
		return 0;
	return parcel->patience == PATIENCE_FOREVER ? -1 : (int)parcel->wait_ms;
}

static void accept_pending(struct end *end)
{
	struct pollfd caller = { .fd = end->fd[LISTENER], .events = POLLIN };

	while (free_place(end) && poll(&caller, 1, 0) == 1)
		accept_one(end);
}

/* Who has connected meanwhile; waits for the first one as the patience says. */
static int meet(struct end *end, const struct parcel *parcel)
{
	struct pollfd caller = { .fd = end->fd[LISTENER], .events = POLLIN };

	if (caller.fd < 0)
		return 0;
	accept_pending(end);
	if (has_connection(end))
		return 0;
	end_says(end, "accept(%d)", caller.fd);
	while (!has_connection(end) && poll(&caller, 1, poll_ms(parcel)) == 1)
		accept_pending(end);
	if (has_connection(end))
		return 0;
	errno = EAGAIN;
	return -1;
}

/* The first, if there is no second. */
static int *only_connection(struct end *end)
{
	int *only = NULL;

	for (int i = CONNECTIONS; i < END_FDS; i++) {
		if (end->fd[i] >= 0 && only)
			return NULL;
		if (end->fd[i] >= 0)
			only = &end->fd[i];
	}
	return only;
}

/* One with something to read: waits as the patience says. NULL/EAGAIN: none. */
static int *readable(struct end *end, const struct parcel *parcel)
{
	struct pollfd events[END_FDS];

	end_says(end, "poll(%d and its connections)", end->fd[LISTENER]);
	for (;;) {
		events_of(end, events);
		if (poll(events, END_FDS, poll_ms(parcel)) <= 0)
			break;
		for (int i = CONNECTIONS; i < END_FDS; i++)
			if (events[i].revents)
				return &end->fd[i];
		accept_one(end);
	}
	errno = EAGAIN;
	return NULL;
}

int *connections_ready(struct end *end, const struct parcel *parcel)
{
	return meet(end, parcel) ? NULL : readable(end, parcel);
}

/*
 * To receive from. Who waits for good, waits for new ones, too; else the time is
 * that of the receive itself, where there is but one.
 */
static int *choose(struct end *end, const struct parcel *parcel)
{
	int *only = only_connection(end);

	if (only && (end->fd[LISTENER] < 0 || parcel->patience != PATIENCE_FOREVER))
		return only;
	return readable(end, parcel);
}

static int first_connection(const struct end *end)
{
	for (int i = CONNECTIONS; i < END_FDS; i++)
		if (end->fd[i] >= 0)
			return end->fd[i];
	return -1;
}

static struct timeval limit_timeval(const struct parcel *parcel)
{
	return (struct timeval){ .tv_sec = parcel->wait_ms / 1000,
				 .tv_usec = parcel->wait_ms % 1000 * 1000 };
}

void socket_set_limit(struct end *end, int fd, enum way way, const struct parcel *parcel)
{
	struct timeval limit = limit_timeval(parcel);
	int option = way == WAY_SEND ? SO_SNDTIMEO : SO_RCVTIMEO;

	if (parcel->patience != PATIENCE_DEADLINE)
		return;
	end_says(end, "setsockopt(%d, %s, %u ms)", fd,
		 way == WAY_SEND ? "SO_SNDTIMEO" : "SO_RCVTIMEO", parcel->wait_ms);
	setsockopt(fd, SOL_SOCKET, option, &limit, sizeof(limit));
}

void socket_unlimit(int fd, enum way way, const struct parcel *parcel)
{
	const struct timeval none = { 0 };
	int error = errno;

	if (parcel->patience != PATIENCE_DEADLINE)
		return;
	setsockopt(fd, SOL_SOCKET, way == WAY_SEND ? SO_SNDTIMEO : SO_RCVTIMEO, &none,
		   sizeof(none));
	errno = error;
}

int socket_flags(const struct parcel *parcel)
{
	return parcel->patience == PATIENCE_NONE ? MSG_DONTWAIT : 0;
}

static const char *flag_name(const struct parcel *parcel)
{
	return parcel->patience == PATIENCE_NONE ? "MSG_DONTWAIT" : "0";
}

ssize_t connections_send(struct end *end, struct parcel *parcel)
{
	ssize_t sent;
	int fd;

	if (meet(end, parcel))
		return -1;
	fd = first_connection(end);
	socket_set_limit(end, fd, WAY_SEND, parcel);
	end_says(end, "send(%d, %zu bytes, %s)", fd, parcel->size, flag_name(parcel));
	sent = send(fd, parcel->body, parcel->size, socket_flags(parcel));
	socket_unlimit(fd, WAY_SEND, parcel);
	return sent;
}

ssize_t connections_half_send(struct end *end, struct parcel *parcel)
{
	struct parcel whole = { .patience = PATIENCE_FOREVER };

	if (meet(end, &whole))
		return -1;
	return descriptor_write_half(end, first_connection(end), parcel);
}

/* The kernel vouches for who sent it. TCP: nobody does. */
static void note_sender(struct msghdr *message, struct parcel *parcel)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(message);
	struct ucred sender;

	if (!control || control->cmsg_level != SOL_SOCKET ||
	    control->cmsg_type != SCM_CREDENTIALS)
		return;
	memcpy(&sender, CMSG_DATA(control), sizeof(sender));
	parcel->sender_pid = sender.pid;
	parcel->sender_uid = sender.uid;
}

/* A packet's own size, also where it is cut: recv(2). On TCP it would throw bytes away. */
static int size_flag(int fd)
{
	int type = 0, error = errno;
	socklen_t size = sizeof(type);

	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
	errno = error;
	return type == SOCK_SEQPACKET ? MSG_TRUNC : 0;
}

static ssize_t receive_from(struct end *end, int fd, struct parcel *parcel)
{
	struct iovec room = { .iov_base = parcel->body, .iov_len = parcel->size };
	union {
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr aligned;
	} control;
	struct msghdr message = { .msg_iov = &room, .msg_iovlen = 1, .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	int flags = size_flag(fd);
	ssize_t got;

	socket_set_limit(end, fd, WAY_RECEIVE, parcel);
	end_says(end, "recvmsg(%d, %zu bytes, %s%s)", fd, parcel->size, flag_name(parcel),
		 flags ? " | MSG_TRUNC" : "");
	got = recvmsg(fd, &message, socket_flags(parcel) | flags);
	socket_unlimit(fd, WAY_RECEIVE, parcel);
	if (got > 0)
		note_sender(&message, parcel);
	if (flags && got >= 0)
		parcel->full_size = got;
	if (got > (ssize_t)parcel->size)
		got = parcel->size;
	if (got >= 0 && message.msg_flags & MSG_TRUNC)
		end_says(end, "(msg_flags: MSG_TRUNC)");
	return got;
}

static bool has_ended(int fd)
{
	char byte;

	return !recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
}

/* A server closes a connection that has ended. True: there is another to go on with. */
static bool hang_up(struct end *end, int *fd)
{
	if (end->fd[LISTENER] < 0 || !has_ended(*fd))
		return false;
	close(*fd);
	*fd = -1;
	return has_connection(end);
}

ssize_t connections_receive(struct end *end, struct parcel *parcel)
{
	ssize_t got;
	int *fd;

	parcel_from_nobody(parcel);
	if (meet(end, parcel))
		return -1;
	do {
		fd = choose(end, parcel);
		if (!fd)
			return -1;
		got = receive_from(end, *fd, parcel);
	} while (!got && hang_up(end, fd));
	return got;
}

int connections_poll_fd(struct end *end, enum way way)
{
	const struct parcel at_once = { .patience = PATIENCE_NONE };

	if (meet(end, &at_once))
		return end->fd[LISTENER];
	return first_connection(end);
}
