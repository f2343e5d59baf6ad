// SPDX-License-Identifier: GPL-2.0-only
/* How often a body is copied on its way; counted, and held against what memcpy(3) costs. */
#include "cost_ride.h"
#include "steps.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BODY	4096
/* The slope between two sizes has no part of what a message costs whatever its size. */
#define SHORT	512
#define LONG	8192
#define TURNS	200
#define SLOTS	64

/* CPU time of one message of @size; 0 if it has no such. */
static double message_ns(struct cell *cell, uint32_t size)
{
	struct ride ride;
	double ns = 0;

	if (!ride_open(&ride, cell, size, TURNS))
		return 0;
	ride_start(&ride);
	if (ride_finish(&ride))
		ns = (double)ride_cpu_ns(&ride) / TURNS;
	ride_close(&ride);
	return ns;
}

/* CPU time of copying @size bytes in and out, through as many places as the bench has. */
static double copy_ns(size_t size)
{
	char *body = calloc(1, size), *slots = calloc(SLOTS, size);
	struct timespec begin, end;

	if (!body || !slots)
		exit(1);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	for (int i = 0; i < TURNS; i++) {
		memcpy(slots + i % SLOTS * size, body, size);
		__asm__ volatile("" : : "r"(slots) : "memory");
		memcpy(body, slots + i % SLOTS * size, size);
		__asm__ volatile("" : : "r"(body) : "memory");
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	free(body);
	free(slots);
	return ((end.tv_sec - begin.tv_sec) * 1e9 + (end.tv_nsec - begin.tv_nsec)) / TURNS;
}

/* The other witness. It is told and not judged: a kernel's copy has another speed. */
static void note_slope(struct cell *cell)
{
	double less = message_ns(cell, SHORT), more = message_ns(cell, LONG);

	if (less && more)
		cell_note(cell, "%d bytes more make a message cost %.0f ns of CPU time more; "
			  "memcpy() in and out of memory, %.0f ns", LONG - SHORT, more - less,
			  copy_ns(LONG) - copy_ns(SHORT));
}

static void judge_copies(struct cell *cell, uint64_t copied, uint32_t size)
{
	unsigned int copies = copied / size;

	cell_note(cell, "1 message of %u bytes, sent and received: %lu bytes were copied", size,
		  (unsigned long)copied);
	if (copies == 2)
		cell_answer(cell, VERDICT_YES, "2: in and out");
	else
		cell_answer(cell, VERDICT_NO, "%u", copies);
}

static void try_copies(struct cell *cell)
{
	uint32_t size = BODY;
	unsigned int count;
	struct ride ride;

	if (!ride_open(&ride, cell, size, 1) && !ride_open(&ride, cell, size = SMALL, 1)) {
		cell_note(cell, "%s", ride.channel.reason);
		return cell_answer(cell, VERDICT_NONE, "%.*s", ANSWER_SIZE - 1,
				   ride.channel.reason);
	}
	/* Batches come whole. */
	count = ride.mechanism->traits & MECHANISM_BATCHES_ONLY ? RIDE_BATCH : 1;
	ride_start(&ride);
	if (ride_finish(&ride))
		judge_copies(cell, ride_copied(&ride) / count, size);
	else
		cell_answer(cell, VERDICT_NONE, "the bench's mechanism fails");
	ride_close(&ride);
	if (size == BODY && cell->verdict != VERDICT_NONE)
		note_slope(cell);
}

const struct claim claim_copies = {
	.name = "copies",
	.group = "cost",
	.question = "Is the body of a message copied twice, once in and once out?",
	.experiment = "One message of 4096 bytes (8 where no more fit) by the bench's hooks, which "
		      "count what they have copied; beside it how CPU time grows with the size.",
	.favour = FAVOUR_NEUTRAL,
	.alone = true,
	.try = try_copies,
};
