// SPDX-License-Identifier: GPL-2.0-only
/* Which message comes when: order, priority, types; both ways; how many fit. */
#include "cast.h"

#include <string.h>

#define BURST		7	/* sent before any is received */
#define MESSAGES	(1 + 9 * BURST)
#define LATER		5	/* the priority of the message that shall overtake */
#define ROOM		64

/* Sent, all of them, before any is received. */
static bool burst(struct cast *cast, uint32_t first)
{
	cast_send_row(cast, first, BURST);
	cast_wake(cast);
	cast_settle(cast);
	cast_expect_row(cast, first, BURST);
	return cast_await_row(cast);
}

/* A send waits for its receive. */
static bool one_by_one(struct cast *cast)
{
	cast_expect_row(cast, 1, MESSAGES);
	cast_wake(cast);
	if (cast->asleep[0])
		return false;
	cast_send_row(cast, 2, MESSAGES - 1);
	return cast_await_row(cast);
}

static bool all_in_order(struct cast *cast)
{
	if (cast_post_small(cast, 1).ending != ENDING_DONE)
		return one_by_one(cast);
	cast_settle(cast);
	cast_expect_row(cast, 1, 1);
	if (await(cast->receiver, PATIENCE_MS).result != 1)
		return false;
	for (uint32_t first = 2; first <= MESSAGES; first += BURST)
		if (!burst(cast, first))
			return false;
	return true;
}

static void try_order(struct cell *cell)
{
	struct cast cast = cast_make(cell);

	if (all_in_order(&cast))
		cell_answer(cell, VERDICT_YES, "%d came in order", MESSAGES);
	else
		cell_answer(cell, VERDICT_NO, "lost or out of order");
}

const struct claim claim_order = {
	.name = "order",
	.group = "messages",
	.question = "Do messages come in the order in which they were sent?",
	.experiment = "S sends 64 messages, several before R receives as many.",
	.favour = FAVOUR_YES,
	.try = try_order,
};

/*
 * A System V type may be used as a priority: a receiver that asks for type -N gets
 * the lowest one up to N. The others are not asked: they have nothing of the kind.
 */
static bool goes_by_lowest_type(struct cast *cast)
{
	struct task send = { .deed = DEED_SEND, .size = SMALL, .seed = 4, .type = 3 };
	struct task receive = { .deed = DEED_RECEIVE, .size = ROOM, .type = -3 };
	struct outcome_of_task got;

	if (strcmp(cast->cell->subject->mechanism, "sysv-msg"))
		return false;
	for (int i = 0; i < 2; i++)
		must(cast->receiver, puppet_receive(cast->receiver, cast_room(cast)));
	cast_post(cast, &send);
	send.seed = 5;
	send.type = 2;
	cast_post(cast, &send);
	got = puppet_do(cast->receiver, &receive);
	return got.ending == ENDING_DONE && got.whole && got.seed == 5;
}

static void try_priority(struct cell *cell)
{
	struct cast cast = cast_make(cell);
	struct task urgent = { .deed = DEED_SEND, .size = SMALL, .seed = 3, .priority = LATER };
	struct outcome_of_task got;

	cast_post_small(&cast, 1);
	cast_post_small(&cast, 2);
	cast_post(&cast, &urgent);
	cast_settle(&cast);
	got = must(cast.receiver, puppet_receive(cast.receiver, cast_room(&cast)));
	if (got.whole && got.seed == 3)
		cell_answer(cell, VERDICT_YES, "the urgent one overtakes");
	else if (goes_by_lowest_type(&cast))
		cell_answer(cell, VERDICT_PARTLY, "lowest type first, if asked (msgtyp < 0)");
	else
		cell_answer(cell, VERDICT_NO, "in the order of arrival");
}

const struct claim claim_priority = {
	.name = "priority",
	.group = "messages",
	.question = "Does an urgent message overtake older ones?",
	.experiment = "Two messages are sent, then a third with a higher priority (where "
		      "there is such a thing). Which comes first? System V: also a "
		      "message of type 3, then one of type 2, and R asks for type -3.",
	.favour = FAVOUR_YES,
	.try = try_priority,
};

static void try_types(struct cell *cell)
{
	struct cast cast = cast_make(cell);
	struct task send = { .deed = DEED_SEND, .size = SMALL, .seed = 1, .type = 1 };
	struct task receive = { .deed = DEED_RECEIVE, .size = cast_room(&cast), .type = 2 };
	struct outcome_of_task got;

	cast_post(&cast, &send);
	send.seed = 2;
	send.type = 2;
	cast_post(&cast, &send);
	cast_settle(&cast);
	got = puppet_do(cast.receiver, &receive);
	if (got.ending == ENDING_DONE && got.whole && got.seed == 2)
		cell_answer(cell, VERDICT_YES, "received past an older one");
	else if (got.ending == ENDING_DONE && got.result >= 0)
		cell_answer(cell, VERDICT_NO, "the oldest comes");
	else
		cell_answer(cell, VERDICT_NO, "cannot be asked for");
}

const struct claim claim_types = {
	.name = "types",
	.group = "messages",
	.question = "Can a receiver ask for a message of one type, past older ones of another?",
	.experiment = "A message of type 1 and one of type 2 are sent (where there are "
		      "types). R asks for type 2.",
	.favour = FAVOUR_YES,
	.try = try_types,
};

/* Who created it talks to who joined, and the other way round. */
static bool carries(struct puppet *from, struct puppet *to, const struct task *send,
		    const struct task *receive)
{
	struct outcome_of_task sent = puppet_do(from, send), got;

	if (sent.ending == ENDING_DEAD || (sent.ending == ENDING_DONE && sent.result < 0))
		return false;
	got = puppet_do(to, receive);
	if (got.ending != ENDING_DONE || !got.whole || got.seed != send->seed)
		return false;
	return sent.ending == ENDING_DONE || await(from, PATIENCE_MS).ending == ENDING_DONE;
}

/* A sends, and asks at once for what there is: its own? */
static bool takes_its_own(struct puppet *a, long sent_type, long asked_type)
{
	struct task send = { .deed = DEED_SEND, .size = SMALL, .seed = 3, .type = sent_type };
	struct task receive = { .deed = DEED_RECEIVE, .size = ROOM, .type = asked_type,
				.patience = PATIENCE_NONE };
	struct outcome_of_task got;

	if (puppet_do(a, &send).ending != ENDING_DONE)
		return false;
	got = puppet_do(a, &receive);
	return got.ending == ENDING_DONE && got.result > 0 && got.seed == 3;
}

static void try_duplex(struct cell *cell)
{
	struct task send = { .deed = DEED_SEND, .size = SMALL, .seed = 1, .type = 1 };
	struct task receive = { .deed = DEED_RECEIVE, .size = ROOM };
	struct puppet *a = puppet_new(cell, "A"), *b;

	must(a, puppet_create(a));
	b = puppet_join(a, "B", WAY_BOTH);
	if (!b) {
		cell_answer(cell, VERDICT_NO, "cannot be opened for both");
		return;
	}
	if (!carries(b, a, &send, &receive)) {
		cell_answer(cell, VERDICT_NO, "nothing comes from B to A");
		return;
	}
	send.seed = 2;
	if (!carries(a, b, &send, &receive))
		cell_answer(cell, VERDICT_NO, "one way only");
	else if (!takes_its_own(a, 0, 0))
		cell_answer(cell, VERDICT_YES, "each gets the other's");
	else if (!takes_its_own(a, 1, 2))
		cell_answer(cell, VERDICT_PARTLY, "if each way has a type of its own");
	else
		cell_answer(cell, VERDICT_NO, "the sender may take back its own");
}

const struct claim claim_duplex = {
	.name = "duplex",
	.group = "messages",
	.question = "Can two processes talk both ways on one object?",
	.experiment = "B sends to A and A to B on the same object; then A sends and asks "
		      "for a message itself: it must not get its own, or at least not if it "
		      "asks for another type.",
	.favour = FAVOUR_YES,
	.try = try_duplex,
};

static void try_capacity(struct cell *cell)
{
	struct cast cast = cast_make(cell);
	struct fill fill = cast_fill(&cast);

	if (fill_is_endless(&cast, &fill))
		cell_answer(cell, VERDICT_NO, "%u and no end", fill.count);
	else if (!fill.count)
		cell_answer(cell, VERDICT_YES, "0: each waits until it is taken");
	else
		cell_answer(cell, VERDICT_YES, "%u messages", fill.count);
}

const struct claim claim_capacity = {
	.name = "capacity",
	.group = "messages",
	.question = "Is there an end to what it holds unread?",
	.experiment = "S sends messages of 64 bytes (8 where no more fit) that nobody "
		      "reads, without waiting, until one is refused. The answer is how many "
		      "it holds if nothing else is asked for.",
	.favour = FAVOUR_NEUTRAL,
	.try = try_capacity,
};
