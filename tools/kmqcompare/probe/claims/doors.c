// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is mapped and a descriptor that is read and written: whether one object
 * has both, and both the same messages. And readers that fall behind.
 */
#include "steps.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define WHOLE	64	/* bytes; what is sent to fall behind */
#define ENOUGH	5000	/* of them */
#define PAGE	4096

/* Something to read or write, where there is any. */
static int descriptor_of(struct end *end, const struct cell *cell, enum way way)
{
	int fd = -1;

	if (cell->subject->poll_fd && !has_trait(cell, SUBJECT_IS_MAPPED))
		fd = cell->subject->poll_fd(end, way);
	if (fd < 0)
		fd = end->fd[0];
	if (fd < 0)
		errno = ENOSYS;
	return fd;
}

static long map_plainly(struct end *end, void *cell)
{
	int fd = descriptor_of(end, cell, WAY_RECEIVE);
	void *memory;

	end->call[0] = '\0';
	end_says(end, fd < 0 ? "(there is no descriptor to map)" : "mmap(%d, MAP_SHARED)", fd);
	if (fd < 0)
		return -1;
	memory = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return -1;
	munmap(memory, PAGE);
	return 0;
}

/* As a program does that knows nothing of the other door. Does not wait for ever. */
static long read_plainly(struct end *end, void *cell)
{
	int fd = descriptor_of(end, cell, WAY_RECEIVE);
	char body[ROOM] = { 0 };
	struct outcome_of_task *look = ((struct cell *)cell)->scratch;
	ssize_t size;

	end->call[0] = '\0';
	end_says(end, fd < 0 ? "(there is no descriptor to read)" : "read(%d, %d bytes)", fd, ROOM);
	size = fd < 0 ? -1 : read(fd, body, sizeof(body));
	*look = (struct outcome_of_task){ .result = size };
	if (size > 0)
		parcel_look(body, size, look);
	return size;
}

static long write_plainly(struct end *end, void *cell)
{
	int fd = descriptor_of(end, cell, WAY_SEND);
	char body[SMALL];

	parcel_fill(body, sizeof(body), 2);
	end->call[0] = '\0';
	end_says(end, "write(%d, %d bytes)", fd, SMALL);
	return write(fd, body, sizeof(body));
}

static bool reads(struct cell *cell, struct puppet *who, uint32_t seed)
{
	const struct outcome_of_task *look = cell->scratch;

	return went(call(who, 0, read_plainly)) && look->result == SMALL && look->whole &&
	       look->seed == seed;
}

static void try_mixed_doors(struct cell *cell)
{
	struct puppet *a = puppet_new(cell, "A"), *b;
	struct outcome_of_task mapped;

	must(a, puppet_create(a));
	if (!has_trait(cell, SUBJECT_IS_SHARED) && !has_trait(cell, SUBJECT_IS_MAPPED)) {
		mapped = call(a, 0, map_plainly);
		return cell_answer(cell, VERDICT_NO, went(mapped) ? "what is mapped is no message"
				   : mapped.error == ENOSYS ? "one door, and no descriptor"
				   : "one door: %s", error_name(mapped.error));
	}
	b = join(a, "B", WAY_BOTH);
	must(a, put(a, 0, 1));
	if (!reads(cell, b, 1))
		return cell_answer(cell, VERDICT_NO, "one door: no message comes by read(2)");
	/* Of one that goes to all, it has its own. */
	if (has_trait(cell, SUBJECT_TO_ALL))
		must(a, take(a, 0, PATIENCE_FOREVER));
	must(b, call(b, 0, write_plainly));
	if (!got(take(a, 0, PATIENCE_FOREVER), 2))
		return cell_answer(cell, VERDICT_PARTLY, "out by read(2), not in by write(2)");
	cell_answer(cell, VERDICT_YES, "read(2), write(2) and memory");
}

const struct claim claim_mixed_doors = {
	.name = "mixed-doors",
	.group = "access",
	.question = "Can one process use it in mapped memory, and another the same by read and "
		    "write?",
	.experiment = "A sends by its own means, in memory; B, who knows of a descriptor only, calls "
		      "read(2), then write(2), and A receives. Where nothing is in memory, A tries "
		      "mmap(2) of the descriptor.",
	.favour = FAVOUR_YES,
	.try = try_mixed_doors,
};

static long send_much(struct end *end, void *argument)
{
	struct cell *cell = argument;
	unsigned int count = fill(cell->subject, end, WHOLE, ENOUGH);

	if (!count)
		count = fill(cell->subject, end, SMALL, ENOUGH);
	end->call[0] = '\0';
	end_says(end, "sends again and again until it would wait, %d at most", ENOUGH);
	return count;
}

static void judge_lapped(struct cell *cell, struct outcome_of_task first, bool waited)
{
	if (!went(first) || !first.seed)
		cell_give_up(cell, "no message of those that were sent came");
	if (first.seed == 1)
		cell_answer(cell, VERDICT_NO, waited ? "none is lost: the sender waits"
						     : "none is lost: it holds them all");
	else if (first.lost == first.seed - 1)
		cell_answer(cell, VERDICT_YES, "%llu lost, and told so",
			    (unsigned long long)first.lost);
	else
		cell_answer(cell, VERDICT_PARTLY, "%u lost, told of %llu", first.seed - 1,
			    (unsigned long long)first.lost);
}

static void try_lapped(struct cell *cell)
{
	struct puppet *a = puppet_new(cell, "A"), *b;
	struct outcome_of_task sent;

	must(a, puppet_create(a));
	b = join(a, "B", WAY_SEND);
	sent = call(b, 0, send_much);
	/* None goes without its receiver. */
	if (went(sent) && !sent.result)
		sent = put(b, 0, 1);
	judge_lapped(cell, puppet_receive(a, ROOM), waits(sent) || sent.result < ENOUGH);
}

const struct claim claim_lapped = {
	.name = "lapped",
	.group = "waiting",
	.question = "Does the sender go on when a receiver falls behind, and is that one told what it "
		    "lost?",
	.experiment = "B sends until it would wait, at most 5000 messages, which A does not receive "
		      "meanwhile. Then A receives one: the first, or a later one and how many "
		      "are missing.",
	.favour = FAVOUR_NEUTRAL,
	.try = try_lapped,
};
