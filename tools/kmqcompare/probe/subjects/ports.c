// SPDX-License-Identifier: GPL-2.0-only
#include "ports.h"

#include "ends.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct sockaddr_in loopback_address(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

int port_of(int fd)
{
	struct sockaddr_in address = { 0 };
	socklen_t size = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &size))
		return -1;
	return ntohs(address.sin_port);
}

/* An interface that is down has addresses; only a connection tells. */
const char *loopback_unavailable(void)
{
	struct sockaddr_in address = loopback_address(0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int call = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool works;

	works = fd >= 0 && call >= 0 && !bind(fd, (struct sockaddr *)&address, sizeof(address)) &&
		!listen(fd, 1);
	if (works) {
		address = loopback_address(port_of(fd));
		works = !connect(call, (struct sockaddr *)&address, sizeof(address));
	}
	if (fd >= 0)
		close(fd);
	if (call >= 0)
		close(call);
	return works ? NULL : "no TCP over 127.0.0.1";
}

/* Somebody listens there (state 0A). What is left of closed connections is not the object. */
bool port_seen(const struct object *object, char *where)
{
	char listens[64];

	snprintf(listens, sizeof(listens), "%08X:%04X 00000000:0000 0A", htonl(INADDR_LOOPBACK),
		 object->ids[0]);
	if (!line_seen("/proc/net/tcp", 1, listens, where))
		return false;
	snprintf(where, CALL_SIZE, "/proc/net/tcp: 127.0.0.1:%d listens", object->ids[0]);
	return true;
}
