/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sockets with connections: Unix stream and seqpacket, TCP. The creator listens
 * at fd[0]; who attaches, connects. fd[1] and after are connections. The creator
 * accepts them as it needs them, receives from whichever has something, and sends
 * to the first. So what is sent goes to the creator, or from it to who joined.
 */
#ifndef KMQCOMPARE_CONNECTIONS_H
#define KMQCOMPARE_CONNECTIONS_H

#include "descriptors.h"

#include <sys/socket.h>

#define LISTENER	0	/* places in end->fd[] */
#define CONNECTIONS	1
#define LISTENER_ID	5	/* place in object->ids[] */
#define BACKLOG		8

/* Makes fd[LISTENER] of a socket of @type and binds it, says so. -1/errno, nothing open. */
int connections_listen(struct end *end, struct object *object, int type,
		       const struct sockaddr *address, socklen_t size, const char *name);

/* The other side: connects fd[CONNECTIONS]. */
int connections_join(struct end *end, struct object *object, int type,
		     const struct sockaddr *address, socklen_t size, const char *name);

/* Hooks. */
int connections_borrow(struct end *end, struct object *object, enum way way);
ssize_t connections_send(struct end *end, struct parcel *parcel);
ssize_t connections_receive(struct end *end, struct parcel *parcel);
ssize_t connections_half_send(struct end *end, struct parcel *parcel);
int connections_poll_fd(struct end *end, enum way way);

/* The place of a connection with something to read; accepts and waits for it. NULL/errno. */
int *connections_ready(struct end *end, const struct parcel *parcel);

/* A time limit for the calls on a socket; zero: none. */
void socket_set_limit(struct end *end, int fd, enum way way, const struct parcel *parcel);
void socket_unlimit(int fd, enum way way, const struct parcel *parcel);
int socket_flags(const struct parcel *parcel);

#endif
