// SPDX-License-Identifier: GPL-2.0-only
/* A ring in a memfd: what libkmq can do where there is no module. Prints what it sent to itself. */
#include <err.h>
#include <kmq.h>
#include <stdio.h>

int main(void)
{
	char buffer[64];
	struct kmq_ring_part part = { .data = buffer, .size = sizeof(buffer) };
	struct kmq_ring *ring;
	int fd;

	fd = kmq_ring_open_memfd(KMQ_RING_SPSC, 4096);
	ring = kmq_ring_attach(fd, KMQ_RING_PRODUCER | KMQ_RING_CONSUMER);
	if (fd < 0 || !ring)
		err(1, "no ring");
	if (kmq_ring_send(ring, "from the package", 16))
		err(1, "cannot send");
	if (kmq_ring_receive(ring, &part))
		err(1, "cannot receive");
	printf("%.*s\n", (int)part.size, buffer);
	kmq_ring_detach(ring);
	return 0;
}
