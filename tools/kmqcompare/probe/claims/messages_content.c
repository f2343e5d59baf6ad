// SPDX-License-Identifier: GPL-2.0-only
/* What a message is: boundaries, a receiver's room, nothing at all in it, the largest. */
#include "cast.h"

#include <errno.h>

#define ROOM	64
#define LONG	24	/* bytes of a message that is too long for a room of SMALL */

static void try_boundaries(struct cell *cell)
{
	struct cast cast = cast_make(cell);
	struct outcome_of_task got;

	cast_post_small(&cast, 1);
	cast_post_small(&cast, 2);
	cast_settle(&cast);
	got = must(cast.receiver, puppet_receive(cast.receiver, ROOM));
	if (got.whole)
		cell_answer(cell, VERDICT_YES, "a read gives one message");
	else if (got.pieces > 1)
		cell_answer(cell, VERDICT_NO, "a byte stream: both in one read");
	else
		cell_answer(cell, VERDICT_NO, "neither one nor two: %ld bytes", got.result);
}

const struct claim claim_boundaries = {
	.name = "boundaries",
	.group = "messages",
	.question = "Does a message arrive with the boundaries it was sent with?",
	.experiment = "Two messages of 8 bytes are sent before R asks for up to 64 bytes. "
		      "Does it get one?",
	.favour = FAVOUR_YES,
	.try = try_boundaries,
};

/* After a read that had no room for all: what comes next? */
static void see_rest(struct cell *cell, struct puppet *receiver, size_t size,
		     const struct outcome_of_task *first)
{
	struct outcome_of_task next = puppet_receive(receiver, ROOM);
	bool came = next.ending == ENDING_DONE && next.result > 0;

	if (first->result < 0 && came && next.whole && next.seed == 1)
		cell_answer(cell, VERDICT_YES, "refused: %s", error_name(first->error));
	else if (first->result < 0)
		cell_answer(cell, VERDICT_NO, "refused: %s, and lost", error_name(first->error));
	else if (came && first->intact && next.pieces == 1 && next.piece[0].seed == 1 &&
		 next.piece[0].offset == (size_t)first->result &&
		 next.piece[0].size == size - first->result)
		cell_answer(cell, VERDICT_YES, "the rest comes next (spilled)");
	else
		cell_answer(cell, VERDICT_NO, "cut: the rest is lost%s",
			    first->full_size == size ? ", but its size is told" : "");
}

static void try_too_long(struct cell *cell)
{
	struct cast cast = cast_make(cell);
	struct outcome_of_task sent = puppet_send(cast.senders[0], LONG, 1);
	struct outcome_of_task got;

	if (sent.ending == ENDING_DONE && sent.result < 0) {
		cell_answer(cell, VERDICT_YES, "never: the sender is refused (%s)",
			    error_name(sent.error));
		return;
	}
	cast_settle(&cast);
	got = puppet_receive(cast.receiver, SMALL);
	if (got.ending != ENDING_DONE)
		cell_answer(cell, VERDICT_NO, "not given, not told");
	else
		see_rest(cell, cast.receiver, LONG, &got);
}

const struct claim claim_too_long = {
	.name = "too-long",
	.group = "messages",
	.question = "Is nothing lost if a message is longer than the receiver's room?",
	.experiment = "S sends 24 bytes, R asks for 8, and then for what may be left.",
	.favour = FAVOUR_YES,
	.try = try_too_long,
};

/* An empty message has come. Does the end, when all senders are gone, look the same? */
static void see_end(struct cell *cell, struct cast *cast)
{
	struct outcome_of_task end;

	cast_wake(cast);
	cast_senders_exit(cast);
	end = puppet_receive(cast->receiver, ROOM);
	if (end.ending == ENDING_DONE && !end.result)
		cell_answer(cell, VERDICT_PARTLY, "arrives, and looks like end of file");
	else
		cell_answer(cell, VERDICT_YES, "arrives");
}

static void try_zero_length(struct cell *cell)
{
	struct task empty = { .deed = DEED_SEND, .seed = 1 };
	struct cast cast = cast_make(cell);
	struct outcome_of_task sent = puppet_do(cast.senders[0], &empty), got;

	if (sent.ending == ENDING_DONE && sent.result < 0) {
		cell_answer(cell, VERDICT_NO, "refused: %s", error_name(sent.error));
		return;
	}
	cast.asleep[0] = sent.ending != ENDING_DONE;
	cast_post_small(&cast, 2);
	got = must(cast.receiver, puppet_receive(cast.receiver, ROOM));
	if (got.result) {
		cell_answer(cell, VERDICT_NO, "nothing arrives");
		return;
	}
	got = puppet_receive(cast.receiver, ROOM);
	if (got.ending == ENDING_DONE && got.whole && got.seed == 2)
		see_end(cell, &cast);
	else
		cell_answer(cell, VERDICT_NO, "the next message is lost by it");
}

const struct claim claim_zero_length = {
	.name = "zero-length",
	.group = "messages",
	.question = "Does an empty message arrive, and not look like end of file?",
	.experiment = "S sends a message of no bytes, and one of 8. R receives twice; then "
		      "all senders exit, and R receives again.",
	.favour = FAVOUR_YES,
	.try = try_zero_length,
};

static struct outcome_of_task receive_any(struct cast *cast)
{
	struct outcome_of_task got = must(cast->receiver, await(cast->receiver, PATIENCE_MS));

	tell(cast->receiver, &(struct task){ .deed = DEED_RECEIVE, .size = PARCEL_MAX });
	return got;
}

/* R waits already. False: a message of that size is refused. */
static bool goes_through(struct cast *cast, size_t size)
{
	struct outcome_of_task sent = puppet_send(cast->senders[0], size, 1);
	size_t got = 0;

	if (sent.ending == ENDING_DONE && sent.result < 0)
		return false;
	while (got < size)
		got += receive_any(cast).result;
	if (sent.ending != ENDING_DONE)
		must(cast->senders[0], await(cast->senders[0], PATIENCE_MS));
	return true;
}

/* Between a size that goes and one that does not. */
static size_t largest(struct cast *cast, size_t goes, size_t refused)
{
	while (refused - goes > 1) {
		size_t middle = (goes + refused) / 2;

		if (goes_through(cast, middle))
			goes = middle;
		else
			refused = middle;
	}
	return goes;
}

static void try_message_limit(struct cell *cell)
{
	struct cast cast;

	cell->objects[0].message_max = 0;
	cast = cast_make(cell);
	cast_warm_up(&cast, 1);
	tell(cast.receiver, &(struct task){ .deed = DEED_RECEIVE, .size = PARCEL_MAX });
	if (goes_through(&cast, PARCEL_MAX))
		cell_answer(cell, VERDICT_NO, "%u KiB go", PARCEL_MAX >> 10);
	else
		cell_answer(cell, VERDICT_YES, "%zu bytes", largest(&cast, SMALL, PARCEL_MAX));
}

const struct claim claim_message_limit = {
	.name = "message-limit",
	.group = "messages",
	.question = "Is there a largest message?",
	.experiment = "While R receives, S sends one message of 1 MiB; if that is refused, "
		      "the largest that is not is found by halving.",
	.favour = FAVOUR_NO,
	.try = try_message_limit,
};
