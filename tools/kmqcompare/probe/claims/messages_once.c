// SPDX-License-Identifier: GPL-2.0-only
/*
 * each-once: several send, several receive, at the same time. The only
 * experiment that is not a script of steps; what it counts is the same each time.
 */
#include "cast.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define EACH		200	/* messages of one sender */
#define MESSAGES	(2 * EACH)
#define STOP		60000	/* this seed and later ones: a receiver goes home */
#define STOPS		3	/* of each sender */
#define GREETING	50000	/* seeds of messages that are not counted */
#define ROOM		64
#define RUN_MS		6000

/* In scratch memory: what came, of all receivers. */
struct count {
	const struct subject *subject;
	size_t room;			/* that a receiver asks for */
	uint8_t came[MESSAGES + 1];
	unsigned int broken;		/* not one whole message */
};

struct share {
	struct count *count;
	uint32_t first;
};

static long send_share(struct end *end, void *argument)
{
	const struct share *share = argument;
	char body[SMALL];

	for (unsigned int i = 0; i < EACH; i++) {
		struct parcel parcel = { .body = body, .size = SMALL };

		end->call[0] = '\0';
		parcel_fill(body, SMALL, share->first + i);
		if (share->count->subject->send(end, &parcel) < 0)
			return -1;
	}
	snprintf(end->call, sizeof(end->call), "sends messages %u to %u", share->first,
		 share->first + EACH - 1);
	return EACH;
}

static long receive_share(struct end *end, void *argument)
{
	struct count *count = argument;
	struct outcome_of_task got = { 0 };
	char body[ROOM];

	for (long taken = 0;; taken++) {
		struct parcel parcel = { .body = body, .size = count->room };
		ssize_t size;

		end->call[0] = '\0';
		size = count->subject->receive(end, &parcel);
		if (size < 0)
			return -1;
		parcel_look(body, size, &got);
		if (got.whole && got.seed >= STOP) {
			snprintf(end->call, sizeof(end->call), "receives until it is told to stop");
			return taken;
		}
		if (got.whole && got.seed && got.seed <= MESSAGES)
			__atomic_fetch_add(&count->came[got.seed], 1, __ATOMIC_RELAXED);
		else
			__atomic_fetch_add(&count->broken, 1, __ATOMIC_RELAXED);
	}
}

/* Two messages before a read with much room: a byte stream glues them. */
static bool glues(struct cast *cast)
{
	struct outcome_of_task got;

	cast_post_small(cast, GREETING);
	cast_post_small(cast, GREETING + 1);
	cast_settle(cast);
	got = must(cast->receiver, puppet_receive(cast->receiver, ROOM));
	if (got.pieces > 1)
		return true;
	must(cast->receiver, puppet_receive(cast->receiver, ROOM));
	cast_wake(cast);
	return false;
}

/* Does @receiver, who alone waits, get what @sender sends? If not, R takes it. */
static bool gets(struct cast *cast, struct puppet *receiver, struct puppet *sender, uint32_t seed)
{
	struct task receive = { .deed = DEED_RECEIVE, .size = ROOM };
	struct task send = { .deed = DEED_SEND, .size = SMALL, .seed = seed };
	struct outcome_of_task sent, got;

	tell(receiver, &receive);
	sent = puppet_do(sender, &send);
	got = await(receiver, PATIENCE_MS);
	if (got.ending == ENDING_DONE)
		return got.whole && got.seed == seed;
	puppet_kill(receiver);
	if (receiver != cast->receiver)
		must(cast->receiver, puppet_receive(cast->receiver, ROOM));
	if (sent.ending != ENDING_DONE)
		await(sender, PATIENCE_MS);
	return false;
}

/* Over one connection, where there are such: else each receiver might wait on another's. */
static struct puppet *second_sender(struct cast *cast)
{
	if (cast->sender_count > 1)
		return cast->senders[1];
	if (cast->cell->subject->traits & (SUBJECT_TO_CREATOR | SUBJECT_IS_STREAM))
		return puppet_fork(cast->senders[0], "T");
	return cast_add_sender(cast);
}

/* What is wrong with what came; NULL if nothing is. */
static const char *fault_of(const struct count *count)
{
	unsigned int lost = 0, doubled = 0;

	for (unsigned int i = 1; i <= MESSAGES; i++) {
		lost += !count->came[i];
		doubled += count->came[i] > 1;
	}
	return count->broken ? "messages are broken" : doubled ? "messages come twice" :
	       lost ? "messages are lost" : NULL;
}

static void start_receivers(struct count *count, struct puppet *const receivers[2])
{
	struct task task = { .deed = DEED_FUNCTION, .function = receive_share, .argument = count };

	for (int i = 0; i < 2; i++)
		if (receivers[i])
			tell(receivers[i], &task);
}

static void run_senders(struct count *count, struct puppet *const senders[2])
{
	struct share *shares = (struct share *)(count + 1);

	for (int i = 0; i < 2; i++) {
		shares[i] = (struct share){ .count = count, .first = 1 + i * EACH };
		tell(senders[i], &(struct task){ .deed = DEED_FUNCTION, .function = send_share,
						 .argument = &shares[i] });
	}
	for (int i = 0; i < 2; i++)
		must(senders[i], await(senders[i], RUN_MS));
}

/*
 * One stop message for each receiver, and more if one of them still waits: where
 * two processes serve the same connections, one may wait on that of the sender
 * who was not asked. False: they wait for what was lost.
 */
static bool stop_receivers(struct puppet *const senders[2], struct puppet *const receivers[2])
{
	bool in_send[2] = { false }, ended[2] = { false, !receivers[1] };

	for (uint32_t seed = STOP; seed < STOP + 2 * STOPS && !(ended[0] && ended[1]); seed++) {
		int i = seed % 2;

		if (!in_send[i])
			in_send[i] = puppet_send(senders[i], SMALL, seed).ending != ENDING_DONE;
		for (int r = 0; r < 2; r++)
			if (!ended[r])
				ended[r] = await(receivers[r], PATIENCE_MS).ending == ENDING_DONE;
	}
	return ended[0] && ended[1];
}

static void run_all(struct cell *cell, struct puppet *const senders[2],
		    struct puppet *const receivers[2])
{
	struct count *count = cell->scratch;
	const char *fault;
	bool stopped;

	count->subject = cell->subject;
	start_receivers(count, receivers);
	run_senders(count, senders);
	stopped = stop_receivers(senders, receivers);
	fault = fault_of(count);
	if (fault)
		cell_answer(cell, VERDICT_NO, "%s", fault);
	else if (!stopped)
		cell_answer(cell, VERDICT_NO, "the last messages are lost");
	else if (!receivers[1])
		cell_answer(cell, VERDICT_PARTLY, "only one process can receive");
	else if (count->room == SMALL)
		cell_answer(cell, VERDICT_PARTLY, "if all are short and of one size");
	else
		cell_answer(cell, VERDICT_YES, "%d messages, each once", MESSAGES);
}

static void try_each_once(struct cell *cell)
{
	struct cast cast = cast_make(cell);
	struct puppet *senders[2] = { cast.senders[0] }, *receivers[2] = { cast.receiver };
	bool glued = glues(&cast);

	/* A pipe's short writes are whole, and so are reads of as much: that is left to try. */
	if (glued && cell->subject->traits & SUBJECT_TO_CREATOR) {
		cell_answer(cell, VERDICT_NO, "a byte stream: messages are glued");
		return;
	}
	((struct count *)cell->scratch)->room = glued ? SMALL : ROOM;
	senders[1] = second_sender(&cast);
	receivers[1] = cast_add_receiver(&cast, "Q");
	if (receivers[1] && !gets(&cast, receivers[1], senders[0], GREETING + 2))
		receivers[1] = NULL;
	run_all(cell, senders, receivers);
}

const struct claim claim_each_once = {
	.name = "each-once",
	.group = "messages",
	.question = "Do many receivers get the messages of many senders, each whole and once?",
	.experiment = "S and T send 200 messages each, R and Q receive with room for more "
		      "than one, all at the same time. Each message is looked for. Where a "
		      "read takes two at once: pipes are read by as much as one has; "
		      "connections are not tried further.",
	.favour = FAVOUR_YES,
	.try = try_each_once,
};
