// SPDX-License-Identifier: GPL-2.0-only
#include "cast.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROW_MS		500	/* for some ten messages; who is asleep then, stays so */
#define FILL_SIZE	64
#define FILL_MS		12000	/* for as many messages as MANY_MAX */

struct cast cast_make(struct cell *cell)
{
	struct cast cast = { .cell = cell, .receiver = puppet_new(cell, "R") };

	must(cast.receiver, puppet_create(cast.receiver));
	cast_add_sender(&cast);
	must(cast.receiver, puppet_keep(cast.receiver, WAY_RECEIVE));
	return cast;
}

struct puppet *cast_add_sender(struct cast *cast)
{
	static const char *const names[SENDERS_MAX] = { "S", "T", "U", "V" };
	struct puppet *puppet;

	if (cast->sender_count == SENDERS_MAX)
		cell_give_up(cast->cell, "needs more than %d senders", SENDERS_MAX);
	puppet = puppet_join(cast->receiver, names[cast->sender_count], WAY_SEND);
	if (!puppet)
		cell_give_up(cast->cell, "nobody can send: %s", error_name(errno));
	cast->senders[cast->sender_count++] = puppet;
	return puppet;
}

/* Where a second one who attaches would have an object of its own, it is forked from the first. */
struct puppet *cast_add_receiver(struct cast *cast, const char *who)
{
	if (cast->cell->subject->traits & SUBJECT_TO_CREATOR)
		return puppet_fork(cast->receiver, who);
	return puppet_join(cast->receiver, who, WAY_RECEIVE);
}

static unsigned int idle_sender(struct cast *cast)
{
	for (unsigned int i = 0; i < cast->sender_count; i++)
		if (!cast->asleep[i])
			return i;
	cast_add_sender(cast);
	return cast->sender_count - 1;
}

struct outcome_of_task cast_post(struct cast *cast, const struct task *task)
{
	unsigned int i = idle_sender(cast);
	struct outcome_of_task outcome = puppet_do(cast->senders[i], task);

	cast->asleep[i] = outcome.ending == ENDING_ASLEEP || outcome.ending == ENDING_BUSY;
	return cast->asleep[i] ? outcome : must(cast->senders[i], outcome);
}

struct outcome_of_task cast_post_small(struct cast *cast, uint32_t seed)
{
	return cast_post(cast, &(struct task){ .deed = DEED_SEND, .size = SMALL, .seed = seed });
}

void cast_wake(struct cast *cast)
{
	for (unsigned int i = 0; i < cast->sender_count; i++) {
		struct outcome_of_task sent;

		if (!cast->asleep[i])
			continue;
		sent = await(cast->senders[i], PATIENCE_MS);
		cast->asleep[i] = sent.ending != ENDING_DONE;
	}
}

size_t cast_room(const struct cast *cast)
{
	bool stream = cast->cell->subject->traits & SUBJECT_IS_STREAM;

	size_t most = cast->cell->objects[0].message_max;

	return stream ? SMALL : most ? most : PARCEL_MAX;
}

void cast_warm_up(struct cast *cast, uint32_t seed)
{
	struct task receive = { .deed = DEED_RECEIVE, .size = cast_room(cast) };
	struct task send = { .deed = DEED_SEND, .size = SMALL, .seed = seed };

	tell(cast->receiver, &receive);
	must(cast->senders[0], puppet_do(cast->senders[0], &send));
	must(cast->receiver, await(cast->receiver, PATIENCE_MS));
}

void cast_settle(struct cast *cast)
{
	struct timespec pause = { .tv_nsec = PATIENCE_MS * 1000000l };

	if (cast->cell->subject->traits & SUBJECT_IS_STREAM)
		nanosleep(&pause, NULL);
}

void cast_senders_exit(struct cast *cast)
{
	for (unsigned int i = 0; i < cast->sender_count; i++) {
		if (cast->asleep[i])
			puppet_kill(cast->senders[i]);
		else
			puppet_exit(cast->senders[i]);
	}
}

/*
 * Many messages by one call of the experiment, in scratch memory.
 * @first: seed of the first one
 * @done: out
 * @error: out: why no more than those; 0: all were
 * @wrong: out: of a receive: seed of what came instead of what was expected
 */
struct many {
	const struct subject *subject;
	uint32_t first;
	unsigned int count;
	size_t size;
	enum patience patience;
	unsigned int done;
	int error;
	uint32_t wrong;
};

enum place { SENT, RECEIVED };

static struct many *many_set(struct cast *cast, enum place place, struct many many)
{
	struct many *scratch = (struct many *)cast->cell->scratch + place;

	*scratch = many;
	scratch->subject = cast->cell->subject;
	return scratch;
}

static uint32_t seed_of(const struct many *many)
{
	return 1 + (many->first - 1 + many->done) % SEED_MAX;
}

/* A byte stream may take a part of a message; that is a refusal, too. */
static bool send_one(struct end *end, struct many *many, void *body)
{
	struct parcel parcel = { .body = body, .size = many->size, .patience = many->patience };
	ssize_t sent;

	parcel_fill(body, many->size, seed_of(many));
	sent = many->subject->send(end, &parcel);
	if (sent >= 0 && many->subject->traits & SUBJECT_IS_STREAM && sent < (ssize_t)many->size) {
		errno = EAGAIN;
		return false;
	}
	return sent >= 0;
}

static bool receive_one(struct end *end, struct many *many, void *body)
{
	struct parcel parcel = { .body = body, .size = many->size, .patience = many->patience };

	return many->subject->receive(end, &parcel) >= 0;
}

static bool expect_one(struct end *end, struct many *many, void *body)
{
	struct parcel parcel = { .body = body, .size = many->size, .patience = many->patience };
	struct outcome_of_task got = { 0 };
	ssize_t size = many->subject->receive(end, &parcel);

	if (size < 0)
		return false;
	parcel_look(body, size, &got);
	if (got.whole && got.seed == seed_of(many))
		return true;
	many->wrong = got.seed;
	errno = EBADMSG;
	return false;
}

/* What is left in end->call is the last call: also how often it was made, and about what. */
static void say_how_often(struct end *end, const struct many *many)
{
	unsigned int times = many->done + (many->done < many->count);
	size_t length = strlen(end->call);

	if (times > 1)
		length += snprintf(end->call + length, sizeof(end->call) - length, ", %u times",
				   times);
	if (many->first && many->done > 1 && length < sizeof(end->call))
		snprintf(end->call + length, sizeof(end->call) - length, " (messages %u to %u)",
			 many->first, many->first + many->done - 1);
}

static long each_of(struct end *end, struct many *many,
		    bool (*one)(struct end *end, struct many *many, void *body))
{
	void *body = malloc(many->size);

	if (!body)
		return -1;
	for (; many->done < many->count; many->done++) {
		end->call[0] = '\0';
		if (!one(end, many, body))
			break;
	}
	many->error = many->done < many->count ? errno : 0;
	free(body);
	say_how_often(end, many);
	return many->done;
}

static long send_many(struct end *end, void *argument)
{
	return each_of(end, argument, send_one);
}

static long receive_many(struct end *end, void *argument)
{
	return each_of(end, argument, receive_one);
}

static long expect_many(struct end *end, void *argument)
{
	return each_of(end, argument, expect_one);
}

static void tell_many(struct puppet *puppet, long (*function)(struct end *end, void *argument),
		      struct many *many)
{
	tell(puppet, &(struct task){ .deed = DEED_FUNCTION, .function = function,
				     .argument = many });
}

static struct outcome_of_task await_many(struct cast *cast, struct puppet *puppet,
					 const struct many *many)
{
	struct outcome_of_task outcome = await_work(puppet, FILL_MS);

	if (outcome.ending == ENDING_DONE && many->error)
		cell_note(cast->cell, "   the last of them: -1 %s", error_name(many->error));
	return outcome;
}

static unsigned int many_enough(const struct cast *cast)
{
	return cast->cell->subject->traits & SUBJECT_TO_ALL ? LAPS_MAX : MANY_MAX;
}

bool fill_is_endless(const struct cast *cast, const struct fill *fill)
{
	return fill->count >= many_enough(cast);
}

static struct fill fill_with(struct cast *cast, size_t size)
{
	struct puppet *sender = cast->senders[0];
	struct outcome_of_task outcome = puppet_try_send(sender, size, 1);
	struct many *many;

	if (outcome.ending != ENDING_DONE)
		return (struct fill){ .ending = outcome.ending };
	if (outcome.result < 0)
		return (struct fill){ .ending = ENDING_DONE, .error = outcome.error };
	many = many_set(cast, SENT, (struct many){ .first = 2, .count = many_enough(cast) - 1,
						   .size = size, .patience = PATIENCE_NONE });
	tell_many(sender, send_many, many);
	outcome = await_many(cast, sender, many);
	return (struct fill){ many->done + 1, outcome.ending, many->error };
}

struct fill cast_fill(struct cast *cast)
{
	struct fill fill = fill_with(cast, FILL_SIZE);

	return fill.error == EMSGSIZE && !fill.count ? fill_with(cast, SMALL) : fill;
}

unsigned int cast_take(struct cast *cast, unsigned int count, size_t room)
{
	struct many *many = many_set(cast, RECEIVED, (struct many){
		.count = count, .size = room, .patience = PATIENCE_NONE });

	tell_many(cast->receiver, receive_many, many);
	must(cast->receiver, await_many(cast, cast->receiver, many));
	return many->done;
}

void cast_send_row(struct cast *cast, uint32_t first, unsigned int count)
{
	tell_many(cast->senders[0], send_many,
		  many_set(cast, SENT, (struct many){ .first = first, .count = count,
						      .size = SMALL }));
	cast->asleep[0] = true;
}

void cast_expect_row(struct cast *cast, uint32_t first, unsigned int count)
{
	tell_many(cast->receiver, expect_many,
		  many_set(cast, RECEIVED, (struct many){ .first = first, .count = count,
							  .size = cast_room(cast) }));
}

bool cast_await_row(struct cast *cast)
{
	const struct many *many = (struct many *)cast->cell->scratch + RECEIVED;
	struct outcome_of_task got = await(cast->receiver, ROW_MS);

	cast_wake(cast);
	if (many->done == many->count && !cast->asleep[0])
		return true;
	cell_note(cast->cell, "   message %u was expected%s", seed_of(many),
		  got.ending == ENDING_DONE ? "" : ", and nothing comes");
	if (many->wrong)
		cell_note(cast->cell, "   message %u came", many->wrong);
	return false;
}
