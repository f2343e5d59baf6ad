// SPDX-License-Identifier: GPL-2.0-only
/* Who is told: by poll(2), that the others are gone, one of several that wait. */
#include "cast.h"

#include <errno.h>
#include <poll.h>

#define ROOM		64
#define FOREVER		((unsigned int)-1)
#define TRIES		3	/* sends to nobody */

static struct outcome_of_task poll_for(struct cast *cast, unsigned int ms)
{
	return puppet_do(cast->receiver, &(struct task){ .deed = DEED_POLL, .way = WAY_RECEIVE,
							 .wait_ms = ms });
}

static bool is_readable(const struct outcome_of_task *outcome)
{
	return outcome->ending == ENDING_DONE && outcome->result > 0 && outcome->value & POLLIN;
}

static void see_poller_woken(struct cast *cast)
{
	struct outcome_of_task woken = poll_for(cast, FOREVER);

	if (woken.ending != ENDING_ASLEEP) {
		cell_answer(cast->cell, VERDICT_NO, "poll(2) does not wait");
		return;
	}
	cast_post_small(cast, 2);
	woken = await(cast->receiver, PATIENCE_MS);
	if (is_readable(&woken))
		cell_answer(cast->cell, VERDICT_YES, "POLLIN when one comes");
	else
		cell_answer(cast->cell, VERDICT_NO, "a message wakes nobody");
}

static const char *why_not_polled(int error)
{
	return error == ENOSYS ? "no descriptor to poll" : error_name(error);
}

static void try_poll(struct cell *cell)
{
	struct cast cast = cast_make(cell);
	struct outcome_of_task before;

	cast_warm_up(&cast, 1);
	before = poll_for(&cast, 0);
	if (before.result < 0)
		cell_answer(cell, VERDICT_NO, "%s", why_not_polled(before.error));
	else if (before.result)
		cell_answer(cell, VERDICT_NO, "ready although there is nothing");
	else
		see_poller_woken(&cast);
}

const struct claim claim_poll = {
	.name = "poll",
	.group = "waiting",
	.question = "Does poll(2) tell when there is a message, and only then?",
	.experiment = "R polls while there is nothing, without and with waiting; then S "
		      "sends.",
	.favour = FAVOUR_YES,
	.try = try_poll,
};

static void try_eof(struct cell *cell)
{
	struct cast cast = cast_make(cell);
	struct outcome_of_task told;

	cast_warm_up(&cast, 1);
	told = puppet_receive(cast.receiver, cast_room(&cast));
	if (told.ending == ENDING_DONE) {
		cell_answer(cell, VERDICT_NO, "does not even wait");
		return;
	}
	puppet_exit(cast.senders[0]);
	told = await(cast.receiver, PATIENCE_MS);
	if (told.ending != ENDING_DONE)
		cell_answer(cell, VERDICT_NO, "waits on, for nobody");
	else if (told.result < 0)
		cell_answer(cell, VERDICT_YES, "told: %s", error_name(told.error));
	else
		cell_answer(cell, VERDICT_YES, "told: end of file");
}

const struct claim claim_eof = {
	.name = "eof",
	.group = "waiting",
	.question = "Is a receiver told when the last sender has gone?",
	.experiment = "S sends a message, R takes it and waits for another one. S exits.",
	.favour = FAVOUR_YES,
	.try = try_eof,
};

/* The sends that went before one was refused; TRIES: none was. */
static unsigned int sends_unnoticed(struct cast *cast, struct outcome_of_task *last)
{
	for (unsigned int i = 0; i < TRIES; i++) {
		*last = puppet_send(cast->senders[0], SMALL, 2 + i);
		if (last->ending != ENDING_DONE || last->result < 0)
			return i;
		cast_settle(cast);
	}
	return TRIES;
}

static void try_no_reader(struct cell *cell)
{
	struct cast cast = cast_make(cell);
	struct outcome_of_task last;
	unsigned int unnoticed;

	cast_warm_up(&cast, 1);
	puppet_exit(cast.receiver);
	cast_settle(&cast);
	unnoticed = sends_unnoticed(&cast, &last);
	if (last.ending != ENDING_DONE)
		cell_answer(cell, VERDICT_NO, "waits on, for nobody");
	else if (unnoticed == TRIES)
		cell_answer(cell, VERDICT_NO, "not told: it is kept for whoever comes");
	else if (unnoticed)
		cell_answer(cell, VERDICT_PARTLY, "%s, but only after one was lost",
			    error_name(last.error));
	else
		cell_answer(cell, VERDICT_YES, "told: %s", error_name(last.error));
}

const struct claim claim_no_reader = {
	.name = "no-reader",
	.group = "waiting",
	.question = "Is a sender told at once when the last receiver has gone?",
	.experiment = "R takes a message and exits. S sends up to three more.",
	.favour = FAVOUR_YES,
	.try = try_no_reader,
};

static bool has_it(const struct outcome_of_task *outcome)
{
	return outcome->ending == ENDING_DONE && outcome->whole && outcome->seed == 2;
}

static bool waits_on(const struct outcome_of_task *outcome)
{
	return outcome->ending == ENDING_ASLEEP || outcome->ending == ENDING_BUSY;
}

static void try_wakes_one(struct cell *cell)
{
	struct task receive = { .deed = DEED_RECEIVE, .size = ROOM };
	struct cast cast = cast_make(cell);
	struct outcome_of_task r, q;
	struct puppet *second;

	cast_warm_up(&cast, 1);
	second = cast_add_receiver(&cast, "Q");
	if (!second) {
		cell_answer(cell, VERDICT_NO, "only one process can receive");
		return;
	}
	r = puppet_do(cast.receiver, &receive);
	q = puppet_do(second, &receive);
	if (!waits_on(&r) || !waits_on(&q)) {
		cell_answer(cell, VERDICT_NO, "they do not wait");
		return;
	}
	cast_post_small(&cast, 2);
	r = await(cast.receiver, PATIENCE_MS);
	q = await(second, PATIENCE_MS);
	if ((has_it(&r) && waits_on(&q)) || (has_it(&q) && waits_on(&r)))
		cell_answer(cell, VERDICT_YES, "one has it, the other waits on");
	else if (waits_on(&r) && waits_on(&q))
		cell_answer(cell, VERDICT_NO, "nobody has it");
	else
		cell_answer(cell, VERDICT_NO, "both return");
}

const struct claim claim_wakes_one = {
	.name = "wakes-one",
	.group = "waiting",
	.question = "If two wait and one message comes, does exactly one of them return with it?",
	.experiment = "R and Q wait. S sends one message.",
	.favour = FAVOUR_YES,
	.try = try_wakes_one,
};
