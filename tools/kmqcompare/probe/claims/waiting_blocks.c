// SPDX-License-Identifier: GPL-2.0-only
/* Who waits: when full, when empty, not at all, or for a time. */
#include "cast.h"

#include <errno.h>
#include <time.h>

#define ROOM		64
#define FILLS		20	/* before it is said to be never full */
#define ROUNDS		10	/* of taking ever more until the sender goes on */
#define DEADLINE_MS	100
#define LATE_MS		5000	/* after it, until it is said to be never reached */
#define LONG_MS		60000	/* a deadline that is not to be reached */

/*
 * S waits. R takes one, then up to four, and so on; how many until S goes on, 0:
 * it never does. The first one by waiting: S may have the lock just then, and not
 * to wait is not to get it.
 */
static unsigned int take_until_on(struct cast *cast)
{
	unsigned int taken = 1, count = 1;

	must(cast->receiver, puppet_receive(cast->receiver, ROOM));
	for (int round = 0; round < ROUNDS; round++) {
		if (await(cast->senders[0], PATIENCE_MS).ending == ENDING_DONE)
			return taken;
		count *= 4;
		taken += cast_take(cast, count, ROOM);
	}
	return 0;
}

static void see_going_on(struct cast *cast, bool asleep)
{
	enum verdict verdict = asleep ? VERDICT_YES : VERDICT_PARTLY;
	const char *how = asleep ? "asleep" : "asks again";
	unsigned int taken = take_until_on(cast);

	if (!taken)
		cell_answer(cast->cell, VERDICT_NO, "%s, and never goes on", how);
	else if (taken == 1)
		cell_answer(cast->cell, verdict, "%s until one is taken", how);
	else
		cell_answer(cast->cell, verdict, "%s until there is room again", how);
}

/* Nothing fits at all: a send waits for its receive. */
static void see_rendezvous(struct cast *cast)
{
	struct outcome_of_task got, sent;

	cast_wake(cast);
	sent = cast_post_small(cast, 2);
	got = must(cast->receiver, puppet_receive(cast->receiver, ROOM));
	cast_wake(cast);
	if (sent.ending == ENDING_ASLEEP && got.whole && !cast->asleep[0])
		cell_answer(cast->cell, VERDICT_YES, "asleep until it is taken");
	else
		cell_answer(cast->cell, VERDICT_NO, "goes on untaken");
}

/* With waiting. A stream may move on, and have room again shortly after it had none. */
static struct outcome_of_task send_when_full(struct cast *cast)
{
	struct outcome_of_task sent;

	for (int tries = 0; tries < FILLS; tries++) {
		cast_settle(cast);
		sent = puppet_send(cast->senders[0], SMALL, 1);
		if (sent.ending != ENDING_DONE || sent.result < 0)
			break;
		cast_fill(cast);
	}
	return sent;
}

static void see_full(struct cast *cast, const struct fill *fill)
{
	struct outcome_of_task sent = { .ending = fill->ending };

	if (sent.ending == ENDING_DONE)
		sent = send_when_full(cast);
	if (sent.ending == ENDING_DONE && sent.result < 0)
		cell_answer(cast->cell, VERDICT_NO, "refused: %s", error_name(sent.error));
	else if (sent.ending == ENDING_DONE)
		cell_answer(cast->cell, VERDICT_NO, "was not full");
	else
		see_going_on(cast, sent.ending == ENDING_ASLEEP);
}

static void try_full_blocks(struct cell *cell)
{
	struct cast cast = cast_make(cell);
	struct fill fill = cast_fill(&cast);

	cast.asleep[0] = fill.ending != ENDING_DONE;
	if (!fill.count)
		see_rendezvous(&cast);
	else if (fill_is_endless(&cast, &fill))
		cell_answer(cell, VERDICT_NO, "never full");
	else
		see_full(&cast, &fill);
}

const struct claim claim_full_blocks = {
	.name = "full-blocks",
	.group = "waiting",
	.question = "Does a sender sleep while there is no room, and go on when there is?",
	.experiment = "S sends without waiting until it is refused, then with waiting. R "
		      "takes messages until S goes on.",
	.favour = FAVOUR_YES,
	.try = try_full_blocks,
};

static void try_empty_blocks(struct cell *cell)
{
	struct cast cast = cast_make(cell);
	struct outcome_of_task waits = puppet_receive(cast.receiver, cast_room(&cast)), got;

	if (waits.ending == ENDING_DONE) {
		cell_answer(cell, VERDICT_NO, "returns with nothing");
		return;
	}
	cast_post_small(&cast, 1);
	got = await(cast.receiver, PATIENCE_MS);
	if (got.ending != ENDING_DONE || !got.whole)
		cell_answer(cell, VERDICT_NO, "not woken by a message");
	else if (waits.ending == ENDING_ASLEEP)
		cell_answer(cell, VERDICT_YES, "asleep until one comes");
	else
		cell_answer(cell, VERDICT_PARTLY, "asks again until one comes");
}

const struct claim claim_empty_blocks = {
	.name = "empty-blocks",
	.group = "waiting",
	.question = "Does a receiver sleep while there is no message, and wake when one comes?",
	.experiment = "R receives, and is looked at; then S sends.",
	.favour = FAVOUR_YES,
	.try = try_empty_blocks,
};

/* At once, and with an error that says that it would have to wait. */
static bool is_refusal(const struct outcome_of_task *outcome)
{
	return outcome->ending == ENDING_DONE && outcome->result < 0 && outcome->error != ENOSYS;
}

static void try_nonblocking(struct cell *cell)
{
	struct cast cast = cast_make(cell);
	struct outcome_of_task got = puppet_try_receive(cast.receiver, cast_room(&cast));
	bool receiver = is_refusal(&got), sender;
	struct fill fill = { 0 };

	if (got.ending == ENDING_DONE)
		fill = cast_fill(&cast);
	sender = fill.ending == ENDING_DONE && fill.error && fill.error != ENOSYS;
	if (receiver && sender)
		cell_answer(cell, VERDICT_YES, "%s empty, %s full", error_name(got.error),
			    error_name(fill.error));
	else if (receiver)
		cell_answer(cell, VERDICT_PARTLY, "receiving alone: %s", error_name(got.error));
	else if (sender)
		cell_answer(cell, VERDICT_PARTLY, "sending alone: %s", error_name(fill.error));
	else
		cell_answer(cell, VERDICT_NO, "neither way");
}

const struct claim claim_nonblocking = {
	.name = "nonblocking",
	.group = "waiting",
	.question = "Can one ask not to wait, and be refused at once?",
	.experiment = "R receives without waiting while there is nothing; S sends without "
		      "waiting until there is no room.",
	.favour = FAVOUR_YES,
	.try = try_nonblocking,
};

static struct outcome_of_task receive_until(struct cast *cast, unsigned int ms)
{
	tell(cast->receiver, &(struct task){ .deed = DEED_RECEIVE, .size = cast_room(cast),
					     .patience = PATIENCE_DEADLINE, .wait_ms = ms });
	return await(cast->receiver, PATIENCE_MS);
}

/* A deadline must not keep a message from coming before it. */
static bool comes_before(struct cast *cast)
{
	struct outcome_of_task got = receive_until(cast, LONG_MS);

	if (got.ending == ENDING_DONE)
		return false;
	cast_post_small(cast, 1);
	got = await(cast->receiver, PATIENCE_MS);
	return got.ending == ENDING_DONE && got.whole;
}

/*
 * Some count in ticks, of which the first has begun already. Where a tick comes late,
 * several come at once, and the time is up before it is over by an exact clock; so the
 * ticks' own may tell it, too.
 */
static bool is_early(const struct outcome_of_task *got)
{
	struct timespec tick;
	double least;

	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	least = DEADLINE_MS - 2 * tick.tv_nsec / 1e6;
	return got->elapsed_ms < least && got->ticking_ms < least;
}

static void try_deadline(struct cell *cell)
{
	struct cast cast = cast_make(cell);
	struct outcome_of_task got = receive_until(&cast, DEADLINE_MS);

	if (got.ending == ENDING_ASLEEP || got.ending == ENDING_BUSY)
		got = await(cast.receiver, LATE_MS);
	if (got.ending != ENDING_DONE)
		cell_answer(cell, VERDICT_NO, "never returns");
	else if (got.result >= 0)
		cell_answer(cell, VERDICT_NO, "returns a message that is not there");
	else if (got.error == ENOSYS)
		cell_answer(cell, VERDICT_NO, "its calls have none");
	else if (is_early(&got))
		cell_answer(cell, VERDICT_NO, "returns too early: %s", error_name(got.error));
	else if (!comes_before(&cast))
		cell_answer(cell, VERDICT_NO, "a message in time does not come");
	else
		cell_answer(cell, VERDICT_YES, "%s after it", error_name(got.error));
}

const struct claim claim_deadline = {
	.name = "deadline",
	.group = "waiting",
	.question = "Can a receive have a time limit, by the mechanism's own means?",
	.experiment = "R receives with a limit of 100 ms, and nothing comes; then with a "
		      "longer one, and S sends.",
	.favour = FAVOUR_YES,
	.try = try_deadline,
};
