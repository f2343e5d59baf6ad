// SPDX-License-Identifier: GPL-2.0-only
#include "token.h"

#define TOKEN	1	/* its seed; token 1's is the next */

/* Both go to B as well, by inheritance. */
static void create_and_fork(struct game *game)
{
	if (game->tokens > 1)
		must(game->a, act(game->a, DEED_CREATE, 1));
	game->b = join(game->a, "B", WAY_BOTH);
}

static void create_mailboxes(struct game *game)
{
	game->b = join(game->a, "B", WAY_SEND);
	must(game->b, act(game->b, DEED_CREATE, 1));
	must(game->a, attach_to(game->a, 1, WAY_SEND));
}

static void create_and_attach(struct game *game)
{
	game->b = join(game->a, "B", WAY_BOTH);
	if (game->tokens < 2)
		return;
	must(game->a, act(game->a, DEED_CREATE, 1));
	must(game->b, attach_to(game->b, 1, WAY_BOTH));
}

struct game game_begin(struct cell *cell, unsigned int tokens)
{
	struct game game = { .cell = cell, .locks = cell->subject->lock };

	game.tokens = game.locks ? 0 : tokens;
	game.mailboxes = !game.locks && has_trait(cell, SUBJECT_TO_CREATOR);
	game.a = puppet_new(cell, "A");
	must(game.a, act(game.a, DEED_CREATE, 0));
	if (game.mailboxes)
		create_mailboxes(&game);
	else if (cell->subject->attach)
		create_and_attach(&game);
	else
		create_and_fork(&game);
	return game;
}

static struct outcome_of_task do_lock(struct puppet *who, enum deed deed, unsigned int which,
				      enum patience patience)
{
	return puppet_do(who,
			 &(struct task){ .deed = deed, .lock = which, .patience = patience });
}

/* Who gives what nobody has asked for may have to wait for the taker. */
static struct outcome_of_task give_seed(struct game *game, struct puppet *who, unsigned int which,
					uint32_t seed)
{
	unsigned int object = game->mailboxes ? who == game->a : which;
	struct outcome_of_task outcome = put(who, object, seed);

	if (waits(outcome))
		game->giving = who;
	return outcome;
}

struct outcome_of_task game_give(struct game *game, struct puppet *who, unsigned int which)
{
	if (game->locks)
		return do_lock(who, DEED_UNLOCK, which, PATIENCE_FOREVER);
	return give_seed(game, who, which, TOKEN + which);
}

struct outcome_of_task game_give_number(struct game *game, struct puppet *who, uint32_t number)
{
	return give_seed(game, who, 0, number);
}

void game_place(struct game *game, struct puppet *giver, unsigned int which)
{
	struct outcome_of_task outcome;

	if (game->locks)
		return;
	outcome = give_seed(game, giver, which, TOKEN + which);
	if (!waits(outcome))
		must(giver, outcome);
}

/* What it took frees who waited in giving it. */
static struct outcome_of_task taken(struct game *game, struct outcome_of_task outcome)
{
	struct puppet *giving = game->giving;

	if (!giving || !went(outcome))
		return outcome;
	game->giving = NULL;
	must(giving, await(giving, PATIENCE_MS));
	return outcome;
}

struct outcome_of_task game_take(struct game *game, struct puppet *who, unsigned int which,
				 enum patience patience)
{
	if (game->locks)
		return do_lock(who, DEED_LOCK, which, patience);
	return taken(game, take(who, game->mailboxes ? who == game->b : which, patience));
}

struct outcome_of_task game_await(struct game *game, struct puppet *who)
{
	return taken(game, await(who, PATIENCE_MS));
}
