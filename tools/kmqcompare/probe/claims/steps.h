/* SPDX-License-Identifier: GPL-2.0-only */
/* Steps that several experiments share. */
#ifndef KMQCOMPARE_STEPS_H
#define KMQCOMPARE_STEPS_H

#include "../claim.h"

/* A message that every mechanism carries, and how much of a read is one. */
#define SMALL	8
#define ROOM	64

/* It ended, and not by an error. */
bool went(struct outcome_of_task outcome);

/* It has not ended. */
bool waits(struct outcome_of_task outcome);

/* It got exactly message @seed. */
bool got(struct outcome_of_task outcome, uint32_t seed);

/* One deed with object @object, awaited for PATIENCE_MS. */
struct outcome_of_task act(struct puppet *puppet, enum deed deed, unsigned int object);
struct outcome_of_task attach_to(struct puppet *puppet, unsigned int object, enum way way);

/* A message of SMALL bytes. */
struct outcome_of_task put(struct puppet *puppet, unsigned int object, uint32_t seed);
struct outcome_of_task take(struct puppet *puppet, unsigned int object, enum patience patience);

/* Anything else, with the cell as the argument. */
struct outcome_of_task call(struct puppet *puppet, unsigned int object,
			    long (*function)(struct end *end, void *cell));

/* True if what @from sends on @object comes to @to, whether or not the sender waits for that. */
bool delivers(struct puppet *from, struct puppet *to, unsigned int object, uint32_t seed);

/* As puppet_join(), but the experiment broke if it cannot. */
struct puppet *join(struct puppet *creator, const char *who, enum way way);

bool has_trait(const struct cell *cell, enum subject_trait trait);

/* Room for one message of SMALL bytes and no more, or all that a queue's receiver must offer. */
size_t small_room(const struct cell *cell);

/* Whether the cell is about this mechanism. */
bool is_about(const struct cell *cell, const char *mechanism);

/* Whether an outsider sees object 0; says where. */
bool is_seen(const struct cell *cell, char *where);

/* Sends until it would wait, at most @most messages of @size bytes; returns how many. */
unsigned int fill(const struct subject *subject, struct end *end, size_t size, unsigned int most);

#endif
