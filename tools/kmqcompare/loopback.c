// SPDX-License-Identifier: GPL-2.0-only
#include "loopback.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static int tcp_socket(int send_buffer)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (send_buffer)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer));
	return fd;
}

/* Listens on a port that the system picks; tells it in @address. */
static int listen_somewhere(struct sockaddr_in *address, int send_buffer)
{
	socklen_t length = sizeof(*address);
	int fd = tcp_socket(send_buffer);

	*address = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	if (fd >= 0 && !bind(fd, (struct sockaddr *)address, length) && !listen(fd, 1) &&
	    !getsockname(fd, (struct sockaddr *)address, &length))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int loopback_open(int ends[2], int send_buffer)
{
	struct sockaddr_in address;
	int listener = listen_somewhere(&address, send_buffer);

	if (listener < 0)
		return -1;
	ends[0] = -1;
	ends[1] = tcp_socket(send_buffer);
	/* The kernel completes the connection before it is accepted. */
	if (ends[1] >= 0 && !connect(ends[1], (struct sockaddr *)&address, sizeof(address)))
		ends[0] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	if (ends[0] >= 0)
		return 0;
	if (ends[1] >= 0)
		close(ends[1]);
	return -1;
}
