// SPDX-License-Identifier: GPL-2.0-only
/* Processes that are killed in the middle of something. */
#include "token.h"

#include <kmq.h>
#include <string.h>

#define MESSAGE		7
/* A message that can be cut in halves, and how many of them are enough to fill anything small. */
#define WHOLE		64
#define ENOUGH		5000
#define LONG_ONES	32	/* more than any buffer of a connection */

/*
 * kmq has two ways to take a message: for good, as all others, and on a lease.
 * What a lease is for is what these experiments are about.
 */
static bool has_leases(const struct cell *cell)
{
	return is_about(cell, "kmq-ioctl");
}

static long lease(struct end *end, void *cell)
{
	int fd = ((struct cell *)cell)->subject->poll_fd(end, WAY_RECEIVE);
	char body[ROOM];
	struct kmq_msg message = kmq_msg_into(body, sizeof(body));

	end_says(end, "kmq_lease(%d, %zu bytes)", fd, sizeof(body));
	return kmq_lease(fd, &message, NULL, 0);
}

/* Where a receive has a middle, a message can be held, too. */
static long half_receive(struct end *end, void *cell)
{
	char body[ROOM];
	struct parcel parcel = { .body = body, .size = sizeof(body) };

	return ((struct cell *)cell)->subject->half_receive(end, &parcel);
}

static struct outcome_of_task take_to_hold(struct game *game, struct puppet *who)
{
	if (has_leases(game->cell))
		return call(who, 0, lease);
	return game->cell->subject->half_receive ? call(who, 0, half_receive)
						 : game_take(game, who, 0, PATIENCE_FOREVER);
}

static const char *how_released(const struct game *game, struct outcome_of_task outcome)
{
	const char *lock = game->cell->subject->lock_is_a;

	if (strstr(outcome.call, "EOWNERDEAD"))
		return "EOWNERDEAD tells the next";
	if (lock && strstr(lock, "SEM_UNDO"))
		return "SEM_UNDO gives it back";
	if (game->cell->subject->half_receive)
		return "what it had claimed comes back";
	return has_leases(game->cell) ? "the lease comes back" : "the kernel releases it";
}

static void judge_holder(struct game *game, struct outcome_of_task next)
{
	struct cell *cell = game->cell;

	if (waits(next))
		cell_answer(cell, VERDICT_NO,
			    next.ending == ENDING_BUSY ? "gone; the next burns its processor"
						       : "gone; the next sleeps for good");
	else if (!went(next))
		cell_answer(cell, VERDICT_NO, "gone, and the next is told: %s",
			    error_name(next.error));
	else if (!game->locks && !next.whole)
		cell_answer(cell, VERDICT_NO, "gone, and the next is told: end of file");
	else
		cell_answer(cell, VERDICT_YES, "%s", how_released(game, next));
}

static void try_holder_dies(struct cell *cell)
{
	struct game game = game_begin(cell, 1);
	struct outcome_of_task next;

	if (game.locks)
		cell_note(cell, "the lock is a %s", cell->subject->lock_is_a);
	game_place(&game, game.b, 0);
	must(game.a, take_to_hold(&game, game.a));
	next = game_take(&game, game.b, 0, PATIENCE_FOREVER);
	if (!waits(next))
		return cell_answer(cell, VERDICT_NO, "A holds nothing: B need not wait");
	puppet_kill(game.a);
	judge_holder(&game, await(game.b, 2 * PATIENCE_MS));
}

const struct claim claim_holder_dies = {
	.name = "holder-dies",
	.group = "deaths",
	.question = "Does the next get the lock, or the token, when its holder is killed?",
	.experiment = "A takes it, B asks for it and sleeps, A is killed. Where the mechanism has "
		      "no lock, a message is the token; kmq by ioctl takes it on a lease, who has "
		      "a ring mapped is killed before he releases it.",
	.favour = FAVOUR_YES,
	.try = try_holder_dies,
};

/* After a half that did not come: does another's whole message? */
static void see_next_message(struct cell *cell, struct puppet *a, struct puppet *next,
			     struct outcome_of_task first)
{
	struct outcome_of_task sent = put(next, 0, MESSAGE), outcome;

	if (waits(first))
		outcome = await(a, PATIENCE_MS);
	else
		outcome = take(a, 0, PATIENCE_FOREVER);
	if (got(outcome, MESSAGE))
		cell_answer(cell, VERDICT_YES, "nothing of it; the next comes whole");
	else if (waits(sent) || waits(outcome))
		cell_answer(cell, VERDICT_PARTLY, "nothing of it, but all are stuck");
	else
		cell_answer(cell, VERDICT_NO, "the next message is spoilt");
}

/* A send of several calls, in the middle of which the process is killed. */
static void cut_in_half(struct cell *cell, struct puppet *a)
{
	/* One that only a fork can be is needed before A sleeps. */
	struct puppet *d = join(a, "D", WAY_SEND);
	struct puppet *e = cell->subject->attach ? NULL : join(a, "E", WAY_SEND);
	struct outcome_of_task outcome;

	must(d, puppet_do(d, &(struct task){ .deed = DEED_HALF_SEND, .size = WHOLE, .seed = 1 }));
	puppet_kill(d);
	outcome = puppet_receive(a, ROOM);
	if (went(outcome) && outcome.result > 0 && !outcome.whole)
		return cell_answer(cell, VERDICT_NO, "%ld of its %d bytes", outcome.result, WHOLE);
	if (went(outcome) && outcome.whole)
		return cell_answer(cell, VERDICT_YES, "all of it");
	see_next_message(cell, a, e ? e : join(a, "E", WAY_SEND), outcome);
}

/* What the two functions below tell. */
struct tally {
	size_t size;
	unsigned int whole;
	unsigned int spoilt;
};

static long send_until_full(struct end *end, void *argument)
{
	struct cell *cell = argument;
	struct tally *tally = cell->scratch;
	unsigned int count = fill(cell->subject, end, tally->size = WHOLE, ENOUGH);

	if (!count)
		count = fill(cell->subject, end, tally->size = SMALL, ENOUGH);
	end->call[0] = '\0';
	end_says(end, "sends %zu bytes again and again until it would wait", tally->size);
	return count;
}

/*
 * For reading what there is. What a dead process sent over a connection may still be on
 * its way, but its end comes behind all of it and can be waited for; elsewhere what was
 * sent is there.
 */
static enum patience until_end(const struct cell *cell)
{
	return has_trait(cell, SUBJECT_IS_STREAM) && has_trait(cell, SUBJECT_TO_CREATOR)
		       ? PATIENCE_FOREVER : PATIENCE_NONE;
}

static long receive_all(struct end *end, void *argument)
{
	struct cell *cell = argument;
	struct tally *tally = cell->scratch;
	struct outcome_of_task look;
	char body[ROOM];
	struct parcel parcel = { .body = body, .size = sizeof(body),
				 .patience = until_end(cell) };

	for (ssize_t size; (size = cell->subject->receive(end, &parcel)) > 0;) {
		parcel_look(body, size, &look);
		*(look.whole ? &tally->whole : &tally->spoilt) += 1;
		end->call[0] = '\0';
	}
	end->call[0] = '\0';
	end_says(end, "receives what there is");
	return tally->whole + tally->spoilt;
}

/* A send of one system call has one place to be killed in: asleep, because it is full. */
static bool kill_asleep(struct cell *cell, struct puppet *a)
{
	const struct tally *tally = cell->scratch;
	struct puppet *b = join(a, "B", WAY_SEND);
	struct outcome_of_task filling = call(b, 0, send_until_full), last;

	last = waits(filling) ? filling : puppet_send(b, tally->size, 1);
	puppet_kill(b);
	must(a, call(a, 0, receive_all));
	cell_note(cell, "%u whole messages, %u others", tally->whole, tally->spoilt);
	return waits(last);
}

static void judge_asleep(struct cell *cell, struct puppet *a, bool waited)
{
	const struct tally *tally = cell->scratch;

	if (tally->spoilt)
		cell_answer(cell, VERDICT_NO, "%u were not whole", tally->spoilt);
	else if (!delivers(join(a, "C", WAY_SEND), a, 0, MESSAGE))
		cell_answer(cell, VERDICT_PARTLY, "whole ones, but no more come");
	else
		cell_answer(cell, VERDICT_YES, waited ? "one call: all of it or nothing"
			    : "one call that never waits");
}

static long count_bytes(struct end *end, void *argument)
{
	struct cell *cell = argument;
	static char body[65536];
	struct parcel parcel = { .body = body, .size = sizeof(body),
				 .patience = until_end(cell) };
	long sum = 0;

	for (ssize_t size; (size = cell->subject->receive(end, &parcel)) > 0; sum += size)
		end->call[0] = '\0';
	end->call[0] = '\0';
	end_says(end, "reads what there is, and counts bytes");
	return sum;
}

/*
 * A write that is longer than all that fits sleeps with a part of it written. TCP
 * takes some of them before there is one that does not fit.
 */
static void cut_long_one(struct cell *cell, struct puppet *a, bool short_ones_are_whole)
{
	struct puppet *c = join(a, "C", WAY_SEND);
	struct outcome_of_task sent;
	int before = 0;
	long bytes;

	while (sent = puppet_send(c, PARCEL_MAX, 1), went(sent) && before < LONG_ONES)
		before++;
	puppet_kill(c);
	bytes = must(a, call(a, 0, count_bytes)).result - before * (long)PARCEL_MAX;
	if (!waits(sent) || bytes <= 0 || bytes >= PARCEL_MAX)
		cell_give_up(cell, "no send sleeps with a part of it written");
	if (short_ones_are_whole)
		cell_answer(cell, VERDICT_PARTLY, "short ones are whole, %u bytes cut at %ld",
			    PARCEL_MAX, bytes);
	else
		cell_answer(cell, VERDICT_NO, "%ld of %u bytes", bytes, PARCEL_MAX);
}

static void try_sender_dies(struct cell *cell)
{
	const struct tally *tally = cell->scratch;
	struct puppet *a = puppet_new(cell, "A");
	bool waited;

	must(a, puppet_create(a));
	if (has_trait(cell, SUBJECT_IS_SHARED))
		return cut_in_half(cell, a);
	waited = kill_asleep(cell, a);
	if (has_trait(cell, SUBJECT_IS_STREAM))
		cut_long_one(cell, a, !tally->spoilt);
	else if (cell->subject->half_send && !tally->spoilt)
		cut_in_half(cell, a);
	else
		judge_asleep(cell, a, waited);
}

const struct claim claim_sender_dies = {
	.name = "sender-dies",
	.group = "deaths",
	.question = "When a sender is killed in mid-send, does no half message come, and do the "
		    "rest go on?",
	.experiment =
		"Where a send is one system call, B is killed asleep in it, on a full object, "
		"and A counts what is whole; in a stream C is killed in the middle of 1 MiB, too. "
		"Where it is several steps, D is killed between them, and then E sends a message.",
	.favour = FAVOUR_YES,
	.try = try_sender_dies,
};

/* Who creates is the receiver where messages go to the creator alone. */
static void try_receiver_dies(struct cell *cell)
{
	bool to_creator = has_trait(cell, SUBJECT_TO_CREATOR);
	struct puppet *a = puppet_new(cell, "A"), *b, *receiver;
	struct outcome_of_task sent, outcome;

	must(a, puppet_create(a));
	b = join(a, "B", to_creator ? WAY_SEND : WAY_BOTH);
	receiver = to_creator ? a : b;
	if (to_creator)
		a = b;
	sent = put(a, 0, MESSAGE);
	if (has_leases(cell))
		must(receiver, call(receiver, 0, lease));
	else if (cell->subject->half_receive)
		must(receiver, call(receiver, 0, half_receive));
	else
		must(receiver, take(receiver, 0, PATIENCE_FOREVER));
	if (waits(sent))
		await(a, PATIENCE_MS);
	puppet_kill(receiver);
	outcome = take(a, 0, PATIENCE_NONE);
	if (got(outcome, MESSAGE))
		cell_answer(cell, VERDICT_NO, has_leases(cell) ? "the lease comes back"
			    : "it is still there");
	else
		cell_answer(cell, VERDICT_YES, "taken is gone");
}

const struct claim claim_receiver_dies = {
	.name = "receiver-dies",
	.group = "deaths",
	.question = "Is a message lost when its receiver is killed after taking it?",
	.experiment = "A message is sent, B takes it (kmq by ioctl: on a lease; of a mapped ring: "
		      "not yet released) and is killed. Then the other one looks whether it is back.",
	.favour = FAVOUR_NO,
	.try = try_receiver_dies,
};
