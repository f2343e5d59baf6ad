// SPDX-License-Identifier: GPL-2.0-only
/*
 * ring_peer QUEUE ACTION: a process that maps the ring QUEUE, for kmqctl_test.sh.
 *
 *	produce	attaches as a producer and stays until it is killed
 *	consume	likewise as a consumer
 *	reserve	reserves a record of 5 bytes, and stays
 *	peek	claims a record, and stays
 *	break	writes nonsense where a producer may, and ends
 *
 * Prints a line when it has done so.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kmq.h>

static struct kmq_ring *attach(int queue, unsigned int flags)
{
	struct kmq_ring *ring = kmq_ring_attach(queue, flags);

	if (!ring)
		err(1, "cannot attach");
	return ring;
}

static void reserve(int queue)
{
	if (!kmq_ring_reserve(attach(queue, KMQ_RING_PRODUCER), 5))
		err(1, "cannot reserve");
}

static void peek(int queue)
{
	struct kmq_ring_part part;

	if (kmq_ring_peek(attach(queue, KMQ_RING_CONSUMER), &part))
		err(1, "cannot peek");
}

/* No position is odd. */
static void break_ring(int queue)
{
	struct kmq_ring_attach attach = { .flags = KMQ_RING_PRODUCER };
	struct kmq_ring_producers *producers;
	int ring = ioctl(queue, KMQ_IOC_RING_ATTACH, &attach);

	if (ring < 0)
		err(1, "cannot attach");
	producers = mmap(NULL, attach.page_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring,
			 (off_t)KMQ_RING_PRODUCERS_PAGE * attach.page_size);
	if (producers == MAP_FAILED)
		err(1, "cannot map");
	producers->head = 3;
}

int main(int argc, char **argv)
{
	const char *action = argc == 3 ? argv[2] : "";
	int queue = argc == 3 ? kmq_open(argv[1], O_RDWR) : -1;

	if (queue < 0)
		err(1, "ring_peer QUEUE ACTION");
	if (!strcmp(action, "produce"))
		attach(queue, KMQ_RING_PRODUCER);
	else if (!strcmp(action, "consume"))
		attach(queue, KMQ_RING_CONSUMER);
	else if (!strcmp(action, "reserve"))
		reserve(queue);
	else if (!strcmp(action, "peek"))
		peek(queue);
	else if (!strcmp(action, "break"))
		break_ring(queue);
	else
		errx(1, "there is no action '%s'", action);
	puts(action);
	fflush(stdout);
	/* Its descriptor of the queue is not what is looked at. */
	close(queue);
	if (strcmp(action, "break"))
		pause();
	return 0;
}
