// SPDX-License-Identifier: GPL-2.0-only
/* Who can get at an object, and what the receiver learns of the sender. */
#include "steps.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define MESSAGE	7

static pid_t parent_of(pid_t pid)
{
	char path[32];
	pid_t parent = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%*d (%*[^)]) %*c %d", &parent) != 1)
		parent = 0;
	fclose(file);
	return parent;
}

static void note_parents(struct cell *cell, const struct puppet *a, const struct puppet *b)
{
	cell_note(cell, "A is process %d, its parent %d; B is %d, its parent %d", puppet_pid(a),
		  parent_of(puppet_pid(a)), puppet_pid(b), parent_of(puppet_pid(b)));
}

static void try_unrelated(struct cell *cell)
{
	struct puppet *a = puppet_new(cell, "A"), *b = puppet_new(cell, "B");
	struct outcome_of_task outcome;

	note_parents(cell, a, b);
	must(a, puppet_create(a));
	outcome = puppet_attach(b, WAY_BOTH);
	if (!cell->subject->attach)
		cell_answer(cell, VERDICT_NO, "has no name to find it by");
	else if (!went(outcome))
		cell_answer(cell, VERDICT_NO, "%s", error_name(outcome.error));
	else if (!delivers(b, a, 0, MESSAGE))
		cell_answer(cell, VERDICT_NO, "opens it, but nothing arrives");
	else
		cell_answer(cell, VERDICT_YES, "by its name or number");
}

const struct claim claim_unrelated = {
	.name = "unrelated",
	.group = "access",
	.question =
		"Can processes with no common parent use it, with nothing handed over but a name?",
	.experiment = "A and B have different parents, who opened nothing. A creates the object; B "
		      "opens it by its name or number and sends A a message.",
	.favour = FAVOUR_YES,
	.try = try_unrelated,
};

/* The third way, beside a name and inheritance; true if it goes. */
static bool can_borrow(struct cell *cell, struct puppet *a)
{
	struct puppet *c = puppet_new(cell, "C");

	return went(act(c, DEED_BORROW, 0)) && delivers(c, a, 0, MESSAGE + 1);
}

static void try_ancestor(struct cell *cell)
{
	struct puppet *a = puppet_new(cell, "A"), *b = puppet_new(cell, "B"), *child;

	must(a, puppet_create(a));
	if (went(puppet_attach(b, WAY_BOTH)) && delivers(b, a, 0, MESSAGE))
		return cell_answer(cell, VERDICT_NO, "a stranger gets in by name");
	child = puppet_fork(a, "D");
	if (!delivers(child, a, 0, MESSAGE))
		cell_give_up(cell, "inheriting it does not do either");
	if (can_borrow(cell, a))
		cell_answer(cell, VERDICT_YES, "or pidfd_getfd(2), /proc/PID/fd");
	else
		cell_answer(cell, VERDICT_YES, "inherited only");
}

const struct claim claim_ancestor = {
	.name = "ancestor",
	.group = "access",
	.question = "Has it no name, so that it must be inherited or handed over?",
	.experiment = "B, a stranger, tries to open it by name; if that fails, a child forked from "
		      "A uses what it inherited, and another stranger, C, tries to get at A's "
		      "descriptors from outside.",
	.favour = FAVOUR_NEUTRAL,
	.try = try_ancestor,
};

static bool is_refused(struct outcome_of_task outcome)
{
	return outcome.ending == ENDING_DONE && outcome.result < 0 &&
	       (outcome.error == EACCES || outcome.error == EPERM);
}

/* Gets in as far as it can. What it was told last. */
static struct outcome_of_task intrude(struct puppet *who, unsigned int object)
{
	struct outcome_of_task outcome = attach_to(who, object, WAY_SEND);

	return went(outcome) ? put(who, object, MESSAGE) : outcome;
}

/* The only way to what has no name: the descriptors of a process that has it. */
static void borrow_as_user(struct cell *cell, struct puppet *user)
{
	struct outcome_of_task outcome = act(user, DEED_BORROW, 0);

	if (is_refused(outcome))
		cell_answer(cell, VERDICT_YES, "no name, and no borrowing: %s",
			    error_name(outcome.error));
	else if (went(outcome))
		cell_answer(cell, VERDICT_NO, "takes it from /proc/PID/fd");
	else
		cell_answer(cell, VERDICT_YES, "nothing names it to others");
}

static void judge_permission(struct cell *cell, struct outcome_of_task closed,
			     struct outcome_of_task open)
{
	if (is_refused(closed))
		cell_answer(cell, VERDICT_YES, is_refused(open) ? "%s; no mode would change that"
			    : "%s; mode 0666 lets it in", error_name(closed.error));
	else if (went(closed) || waits(closed))
		cell_answer(cell, VERDICT_NO, "anyone may");
	else
		cell_give_up(cell, "neither lets it in nor refuses it");
}

static void try_permission(struct cell *cell)
{
	struct puppet *a, *root, *user;
	struct outcome_of_task closed;

	if (geteuid())
		return cell_answer(cell, VERDICT_NONE, "needs root, to be two users");
	cell->objects[1].mode = 0666;
	a = puppet_new(cell, "A");
	root = puppet_new(cell, "R");
	user = puppet_new(cell, "U");
	must(a, puppet_create(a));
	must(a, act(a, DEED_CREATE, 1));
	must(user, act(user, DEED_BECOME_USER, 0));
	if (!cell->subject->attach)
		return borrow_as_user(cell, user);
	must(root, puppet_attach(root, WAY_SEND));
	closed = intrude(user, 0);
	judge_permission(cell, closed, waits(closed) ? closed : intrude(user, 1));
}

const struct claim claim_permission = {
	.name = "permission",
	.group = "access",
	.question =
		"Is another user kept out of an object that its owner has not opened to others?",
	.experiment = "A, root, creates one object with mode 0600 and one with 0666. R, root as "
		      "well, opens the first: that must go. U, an ordinary user, tries to open "
		      "and to send to both.",
	.favour = FAVOUR_YES,
	.try = try_permission,
};

static void judge_identity(struct cell *cell, pid_t first, pid_t second,
			   struct outcome_of_task one, struct outcome_of_task two)
{
	cell_note(cell, "of message 1 the kernel says: pid %d, uid %d; it was sent by %d",
		  one.sender_pid, (int)one.sender_uid, first);
	cell_note(cell, "of message 2 the kernel says: pid %d, uid %d; it was sent by %d",
		  two.sender_pid, (int)two.sender_uid, second);
	if (one.sender_pid == first && two.sender_pid == second)
		cell_answer(cell, VERDICT_YES, "pid%s of each message's sender",
			    one.sender_uid == geteuid() ? " and uid" : "");
	else if (one.sender_pid == first && two.sender_pid == first)
		cell_answer(cell, VERDICT_PARTLY, "who connected, not who sent");
	else if (two.sender_pid == second)
		cell_answer(cell, VERDICT_PARTLY, "who sent last");
	else if (!one.sender_pid && one.sender_uid == geteuid())
		cell_answer(cell, VERDICT_PARTLY, "the user, not the process");
	else
		cell_answer(cell, VERDICT_NO, one.sender_pid ? "a wrong process" : "no");
}

static void try_identity(struct cell *cell)
{
	struct puppet *a = puppet_new(cell, "A"), *b, *child;
	struct outcome_of_task sent, one = { 0 }, two;

	must(a, puppet_create(a));
	b = join(a, "B", WAY_SEND);
	child = puppet_fork(b, "C");
	sent = put(b, 0, 1);
	if (waits(sent)) {
		one = must(a, take(a, 0, PATIENCE_FOREVER));
		must(b, await(b, PATIENCE_MS));
	}
	put(child, 0, 2);
	if (!waits(sent))
		one = must(a, take(a, 0, PATIENCE_FOREVER));
	two = must(a, take(a, 0, PATIENCE_FOREVER));
	judge_identity(cell, puppet_pid(b), puppet_pid(child), one, two);
}

const struct claim claim_identity = {
	.name = "identity",
	.group = "access",
	.question = "Does the kernel tell the receiver which process sent a message?",
	.experiment = "B sends a message, and C, a child of B, another one by the same end. Then A "
		      "receives both, and asks the kernel whose they are.",
	.favour = FAVOUR_YES,
	.try = try_identity,
};
