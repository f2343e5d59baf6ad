// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sharing a number. Where processes share memory or a file, the number lies
 * there. Where they share a queue, the number is a message: who wants to change
 * it has to take it first.
 */
#include "token.h"

#include <errno.h>

/* What the number is at first, and after both have added one. */
#define FIRST	1
#define BOTH	(FIRST + 2)

static long load(struct puppet *who)
{
	return must(who, act(who, DEED_LOAD, 0)).value;
}

static void store(struct puppet *who, long number)
{
	must(who, puppet_do(who, &(struct task){ .deed = DEED_STORE, .value = number }));
}

static void judge_update(struct cell *cell, long number, const char *saved_by)
{
	cell_note(cell, "two processes added one to %d: it is %ld", FIRST, number);
	if (number < BOTH)
		cell_answer(cell, VERDICT_YES, "%d + 1 + 1 = %ld", FIRST, number);
	else
		cell_answer(cell, VERDICT_NO, "%s", saved_by);
}

static void lose_in_memory(struct game *game)
{
	long of_a, of_b;

	store(game->a, FIRST);
	of_a = load(game->a);
	of_b = load(game->b);
	store(game->a, of_a + 1);
	store(game->b, of_b + 1);
	judge_update(game->cell, load(game->a), "none lost");
}

static uint32_t number_of(struct game *game, struct puppet *who, struct outcome_of_task outcome)
{
	must(who, outcome);
	if (!outcome.whole)
		cell_give_up(game->cell, "the number does not come back whole");
	return outcome.seed;
}

static void lose_in_queue(struct game *game)
{
	struct outcome_of_task asked;
	uint32_t of_a, of_b, number;
	bool waited;

	game_give_number(game, game->b, FIRST);
	of_a = number_of(game, game->a, game_take(game, game->a, 0, PATIENCE_FOREVER));
	asked = game_take(game, game->b, 0, PATIENCE_FOREVER);
	waited = waits(asked);
	game_give_number(game, game->a, of_a + 1);
	of_b = number_of(game, game->b, waited ? game_await(game, game->b) : asked);
	game_give_number(game, game->b, of_b + 1);
	number = number_of(game, game->a, game_take(game, game->a, 0, PATIENCE_FOREVER));
	judge_update(game->cell, number, "who took the message has it alone");
}

static void try_lost_update(struct cell *cell)
{
	struct game game = game_begin(cell, 1);

	if (has_trait(cell, SUBJECT_IS_SHARED))
		lose_in_memory(&game);
	else
		lose_in_queue(&game);
}

const struct claim claim_lost_update = {
	.name = "lost-update",
	.group = "locks",
	.question = "Is an update lost when two processes change the same number with no lock?",
	.experiment = "A reads the number, B reads it, A writes one more, B writes one more. In a "
		      "queue the number is a message, and reading it is taking it.",
	.favour = FAVOUR_NO,
	.try = try_lost_update,
};

/* The number beside a queue whose message is the token: in memory that all share. */
static long load_beside(struct end *end, void *cell)
{
	volatile long *number = ((struct cell *)cell)->scratch;

	end_says(end, "load the number beside the queue");
	return *number;
}

static long store_beside(struct end *end, void *cell)
{
	volatile long *number = ((struct cell *)cell)->scratch;

	end_says(end, "store the number beside the queue, plus one");
	return *number = number[1] + 1;
}

static long guarded_load(struct game *game, struct puppet *who)
{
	if (has_trait(game->cell, SUBJECT_IS_SHARED))
		return load(who);
	return must(who, call(who, 0, load_beside)).result;
}

static void guarded_store(struct game *game, struct puppet *who, long read_before)
{
	if (has_trait(game->cell, SUBJECT_IS_SHARED))
		return store(who, read_before + 1);
	((long *)game->cell->scratch)[1] = read_before;
	must(who, call(who, 0, store_beside));
}

static void guarded_first(struct game *game)
{
	if (has_trait(game->cell, SUBJECT_IS_SHARED))
		store(game->a, FIRST);
	else
		*(long *)game->cell->scratch = FIRST;
}

static void try_lock_saves(struct cell *cell)
{
	struct game game = game_begin(cell, 1);
	struct outcome_of_task asked;
	long of_a, of_b = FIRST, number;
	bool waited;

	guarded_first(&game);
	game_place(&game, game.b, 0);
	must(game.a, game_take(&game, game.a, 0, PATIENCE_FOREVER));
	of_a = guarded_load(&game, game.a);
	asked = game_take(&game, game.b, 0, PATIENCE_FOREVER);
	waited = waits(asked);
	/* One whom nothing makes wait goes on at once, as in lost-update. */
	if (!waited)
		of_b = guarded_load(&game, game.b);
	guarded_store(&game, game.a, of_a);
	game_give(&game, game.a, 0);
	if (waited) {
		must(game.b, game_await(&game, game.b));
		of_b = guarded_load(&game, game.b);
	}
	guarded_store(&game, game.b, of_b);
	game_give(&game, game.b, 0);
	number = guarded_load(&game, game.a);
	cell_note(cell, "two processes added one to %d: it is %ld", FIRST, number);
	if (number == BOTH && waited)
		cell_answer(cell, VERDICT_YES, "the second waits %s",
			    asked.ending == ENDING_BUSY ? "and burns its processor" : "asleep");
	else
		cell_answer(cell, VERDICT_NO, "%d + 1 + 1 = %ld", FIRST, number);
}

const struct claim claim_lock_saves = {
	.name = "lock-saves",
	.group = "locks",
	.question = "Is every update kept when both take the lock, or the token, before they read?",
	.experiment = "The steps of lost-update, each process between taking and giving back the "
		      "mechanism's lock. Where it has none, a message is a token, and the number "
		      "lies in memory beside the queue.",
	.favour = FAVOUR_YES,
	.try = try_lock_saves,
};

/* Two units: a lock is there with one, and is given one more that nobody took. */
static void try_counts(struct cell *cell)
{
	struct game game = game_begin(cell, 1);
	struct puppet *second = game.locks ? game.b : game.a;
	struct outcome_of_task given, one, two, three;

	game_place(&game, game.b, 0);
	if (game.giving)
		return cell_answer(cell, VERDICT_NO, "its giver waits for the taker");
	given = game_give(&game, game.b, 0);
	one = game_take(&game, game.a, 0, PATIENCE_NONE);
	two = game_take(&game, second, 0, PATIENCE_NONE);
	if (!went(one))
		return cell_answer(cell, VERDICT_NO, "not to be had even once");
	if (!went(two))
		return cell_answer(cell, VERDICT_NO, given.result < 0 ? "a second is refused: %s"
				   : "holds one at most", error_name(given.error));
	three = game_take(&game, second, 0, PATIENCE_NONE);
	if (went(three))
		cell_answer(cell, VERDICT_NO, "gives more than were put in");
	else
		cell_answer(cell, VERDICT_YES, "two in, two out, then %s", error_name(three.error));
}

const struct claim claim_counts = {
	.name = "counts",
	.group = "locks",
	.question = "Does it count: can two units be given first and then both be taken without "
		    "waiting?",
	.experiment = "One unit is there, one more is given; then two are taken without waiting, "
		      "and a third is asked for. In a queue a unit is a message.",
	.favour = FAVOUR_NEUTRAL,
	.try = try_counts,
};

/* B gave what A has. Did it count? C would wait for it otherwise. */
static void judge_posting(struct game *game, struct outcome_of_task given)
{
	struct outcome_of_task again;

	if (given.ending == ENDING_DONE && given.result < 0)
		return cell_answer(game->cell, VERDICT_NO, "has an owner: %s",
				   error_name(given.error));
	if (game->locks)
		again = game_take(game, game->b, 0, PATIENCE_NONE);
	else
		again = game_take(game, game->a, 0, PATIENCE_FOREVER);
	if (went(again))
		cell_answer(game->cell, VERDICT_YES, "who never took it gave it");
	else
		cell_answer(game->cell, VERDICT_NO, "without effect: A still has it");
}

static void try_anyone_posts(struct cell *cell)
{
	struct game game = game_begin(cell, 1);

	game_place(&game, game.b, 0);
	must(game.a, game_take(&game, game.a, 0, PATIENCE_FOREVER));
	judge_posting(&game, game_give(&game, game.b, 0));
}

const struct claim claim_anyone_posts = {
	.name = "anyone-posts",
	.group = "locks",
	.question = "May a process that does not hold the lock, or the token, give it back?",
	.experiment = "A takes it. B, who has not, gives it back, and then it is asked for again: "
		      "a semaphore is free then, a mutex still has its owner.",
	.favour = FAVOUR_NEUTRAL,
	.try = try_anyone_posts,
};

/* The kernel sees the circle where it knows who holds what. */
static bool is_noticed(struct outcome_of_task outcome)
{
	return outcome.ending == ENDING_DONE && outcome.result < 0 && outcome.error == EDEADLK;
}

static void judge_deadlock(struct cell *cell, struct outcome_of_task a, struct outcome_of_task b)
{
	if (is_noticed(a) || is_noticed(b))
		cell_answer(cell, VERDICT_NO, "EDEADLK: the kernel notices");
	else if (!waits(a) || !waits(b))
		cell_answer(cell, VERDICT_NO, "one got what the other has");
	else if (a.ending == ENDING_BUSY && b.ending == ENDING_BUSY)
		cell_answer(cell, VERDICT_YES, "both burn their processors for good");
	else
		cell_answer(cell, VERDICT_YES, "both sleep for good");
}

static void try_deadlock(struct cell *cell)
{
	struct game game = game_begin(cell, 2);
	struct outcome_of_task of_a, of_b;

	game_place(&game, game.b, 0);
	must(game.a, game_take(&game, game.a, 0, PATIENCE_FOREVER));
	game_place(&game, game.a, 1);
	must(game.b, game_take(&game, game.b, 1, PATIENCE_FOREVER));
	of_a = game_take(&game, game.a, 1, PATIENCE_FOREVER);
	of_b = game_take(&game, game.b, 0, PATIENCE_FOREVER);
	if (waits(of_a))
		of_a = await(game.a, PATIENCE_MS);
	judge_deadlock(cell, of_a, of_b);
	puppet_kill(game.a);
	puppet_kill(game.b);
}

const struct claim claim_deadlock = {
	.name = "deadlock",
	.group = "locks",
	.question = "Do two processes that take two locks crosswise wait for each other for good?",
	.experiment = "A takes 0, B takes 1, A asks for 1, B asks for 0: locks, or messages as "
		      "tokens. Then both are looked at, and killed.",
	.favour = FAVOUR_NO,
	.try = try_deadlock,
};

/* Whether B, whom A makes wait, comes to have both. */
static bool b_follows(struct game *game)
{
	struct outcome_of_task asked;

	game_give(game, game->a, 0);
	if (!went(game_await(game, game->b)))
		return false;
	asked = game_take(game, game->b, 1, PATIENCE_FOREVER);
	game_give(game, game->a, 1);
	return went(waits(asked) ? game_await(game, game->b) : asked);
}

static void try_lock_order(struct cell *cell)
{
	struct game game = game_begin(cell, 2);
	struct outcome_of_task asked = { 0 };
	bool early;

	game_place(&game, game.b, 0);
	must(game.a, game_take(&game, game.a, 0, PATIENCE_FOREVER));
	game_place(&game, game.b, 1);
	/* One who waits for the taker of token 1 cannot ask for token 0 yet. */
	early = !game.giving;
	if (early)
		asked = game_take(&game, game.b, 0, PATIENCE_FOREVER);
	must(game.a, game_take(&game, game.a, 1, PATIENCE_FOREVER));
	if (!early)
		asked = game_take(&game, game.b, 0, PATIENCE_FOREVER);
	if (!waits(asked))
		cell_answer(cell, VERDICT_NO, "B has what A has");
	else if (b_follows(&game))
		cell_answer(cell, VERDICT_YES, "A is done, then B");
	else
		cell_answer(cell, VERDICT_NO, "B does not come to its end");
}

const struct claim claim_lock_order = {
	.name = "lock-order",
	.group = "locks",
	.question = "Do both finish when both take the two locks in the same order?",
	.experiment = "A takes 0, B asks for 0 and has to wait; so A gets 1 as well, and when it "
		      "gives them back B gets both.",
	.favour = FAVOUR_YES,
	.try = try_lock_order,
};
