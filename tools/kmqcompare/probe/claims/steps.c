// SPDX-License-Identifier: GPL-2.0-only
#include "steps.h"

#include "../puppet_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool went(struct outcome_of_task outcome)
{
	return outcome.ending == ENDING_DONE && outcome.result >= 0;
}

bool waits(struct outcome_of_task outcome)
{
	return outcome.ending == ENDING_ASLEEP || outcome.ending == ENDING_BUSY;
}

bool got(struct outcome_of_task outcome, uint32_t seed)
{
	return went(outcome) && outcome.whole && outcome.seed == seed;
}

bool has_trait(const struct cell *cell, enum subject_trait trait)
{
	return cell->subject->traits & trait;
}

bool is_about(const struct cell *cell, const char *mechanism)
{
	return !strcmp(cell->subject->mechanism, mechanism);
}

size_t small_room(const struct cell *cell)
{
	size_t longest = cell->objects[0].message_max;

	if (has_trait(cell, SUBJECT_IS_STREAM))
		return SMALL;
	return longest > ROOM ? longest : ROOM;
}

struct outcome_of_task act(struct puppet *puppet, enum deed deed, unsigned int object)
{
	return puppet_do(puppet, &(struct task){ .deed = deed, .way = WAY_BOTH, .object = object });
}

struct outcome_of_task attach_to(struct puppet *puppet, unsigned int object, enum way way)
{
	return puppet_do(puppet,
			 &(struct task){ .deed = DEED_ATTACH, .way = way, .object = object });
}

struct outcome_of_task put(struct puppet *puppet, unsigned int object, uint32_t seed)
{
	return puppet_do(puppet, &(struct task){ .deed = DEED_SEND, .object = object,
						 .size = SMALL, .seed = seed });
}

struct outcome_of_task take(struct puppet *puppet, unsigned int object, enum patience patience)
{
	return puppet_do(puppet, &(struct task){ .deed = DEED_RECEIVE, .object = object,
						 .size = small_room(puppet->cell),
						 .patience = patience });
}

struct outcome_of_task call(struct puppet *puppet, unsigned int object,
			    long (*function)(struct end *end, void *cell))
{
	return puppet_do(puppet, &(struct task){ .deed = DEED_FUNCTION, .object = object,
						 .function = function,
						 .argument = puppet->cell });
}

bool delivers(struct puppet *from, struct puppet *to, unsigned int object, uint32_t seed)
{
	struct outcome_of_task sent = put(from, object, seed);
	struct outcome_of_task taken;

	if (!went(sent) && !waits(sent))
		return false;
	taken = take(to, object, PATIENCE_FOREVER);
	if (waits(sent))
		sent = await(from, PATIENCE_MS);
	return went(sent) && got(taken, seed);
}

struct puppet *join(struct puppet *creator, const char *who, enum way way)
{
	struct puppet *puppet = puppet_join(creator, who, way);

	if (!puppet)
		cell_give_up(creator->cell, "%s cannot join: %s", who, error_name(errno));
	return puppet;
}

bool is_seen(const struct cell *cell, char *where)
{
	where[0] = '\0';
	return cell->subject->seen && cell->subject->seen(&cell->objects[0], where);
}

unsigned int fill(const struct subject *subject, struct end *end, size_t size, unsigned int most)
{
	struct parcel parcel = { .body = malloc(size), .size = size, .patience = PATIENCE_NONE };
	unsigned int count = 0;

	if (!parcel.body)
		return 0;
	while (count < most) {
		parcel_fill(parcel.body, size, count % SEED_MAX + 1);
		end->call[0] = '\0';
		if (subject->send(end, &parcel) < 0)
			break;
		count++;
	}
	free(parcel.body);
	return count;
}
