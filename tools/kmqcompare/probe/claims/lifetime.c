// SPDX-License-Identifier: GPL-2.0-only
/* How long an object and what is in it live, and who can see it. */
#include "steps.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE	7

/* Of a sender that may be asleep in its sending. */
static void leave(struct puppet *puppet, struct outcome_of_task last)
{
	if (waits(last))
		puppet_kill(puppet);
	else
		puppet_exit(puppet);
}

static void try_survives_creator(struct cell *cell)
{
	struct puppet *a = puppet_new(cell, "A"), *b;
	struct outcome_of_task sent, own = { 0 }, outcome;
	bool by_creator;

	must(a, puppet_create(a));
	b = join(a, "B", WAY_BOTH);
	sent = put(a, 0, MESSAGE);
	by_creator = went(sent) || waits(sent);
	if (!by_creator)
		own = put(b, 0, MESSAGE);
	leave(a, sent);
	if (!by_creator && waits(own))
		await(b, PATIENCE_MS);
	outcome = take(b, 0, PATIENCE_NONE);
	if (got(outcome, MESSAGE))
		cell_answer(cell, VERDICT_YES, "%s", "the message is there");
	else if (waits(sent))
		cell_answer(cell, VERDICT_NO, "withdrawn with its sender");
	else
		cell_answer(cell, VERDICT_NO, "gone with its creator");
}

const struct claim claim_survives_creator = {
	.name = "survives-creator",
	.group = "lifetime",
	.question = "Does a message outlive the process that created the object and sent it?",
	.experiment = "A creates the object, B has it open as well. A sends a message and exits; "
		      "then B asks for it. Where the creator cannot send, B does.",
	.favour = FAVOUR_YES,
	.try = try_survives_creator,
};

/* The sender of the message that is to be waiting. A, or where A cannot send, B. */
static void leave_message(struct cell *cell)
{
	struct puppet *a = puppet_new(cell, "A");
	struct puppet *b;
	struct outcome_of_task sent;

	must(a, puppet_create(a));
	if (!has_trait(cell, SUBJECT_TO_CREATOR)) {
		leave(a, put(a, 0, MESSAGE));
		return;
	}
	b = join(a, "B", WAY_SEND);
	sent = put(b, 0, MESSAGE);
	leave(b, sent);
	puppet_exit(a);
}

static void try_persists(struct cell *cell)
{
	struct puppet *c;
	struct outcome_of_task outcome;

	leave_message(cell);
	c = puppet_new(cell, "C");
	outcome = puppet_attach(c, WAY_BOTH);
	if (!cell->subject->attach)
		return cell_answer(cell, VERDICT_NO, "nothing to find it by");
	if (!went(outcome))
		return cell_answer(cell, VERDICT_NO, "gone: %s", error_name(outcome.error));
	outcome = take(c, 0, PATIENCE_NONE);
	if (got(outcome, MESSAGE))
		cell_answer(cell, VERDICT_YES, "until removed");
	else
		cell_answer(cell, VERDICT_NO, "the name stays, the message goes");
}

const struct claim claim_persists = {
	.name = "persists",
	.group = "lifetime",
	.question = "Does a message wait for a reader while no process has the object open?",
	.experiment = "A creates the object, a message is sent, and everyone exits. Then C, a new "
		      "process, looks for the object and the message.",
	.favour = FAVOUR_NEUTRAL,
	.try = try_persists,
};

/* Entries of a directory that bear the object's name; says the first. */
static unsigned int count_named(struct cell *cell, const char *path, const char *name)
{
	DIR *directory = opendir(path);
	unsigned int count = 0;

	for (struct dirent *entry; directory && (entry = readdir(directory));) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (name && !strstr(entry->d_name, name))
			continue;
		count++;
		cell_note(cell, "left behind: %s/%s", path, entry->d_name);
	}
	if (directory)
		closedir(directory);
	return count;
}

/* By where things with names are known to lie, whatever the subject says. */
static unsigned int count_names(struct cell *cell)
{
	static const char *const paths[] = { "/dev/shm", "/dev/mqueue", "/dev/kmq" };
	unsigned int count = count_named(cell, cell->objects[0].directory, NULL);

	for (unsigned int i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		count += count_named(cell, paths[i], cell->objects[0].name);
	return count;
}

static void try_cleaned(struct cell *cell)
{
	struct puppet *a = puppet_new(cell, "A"), *b;
	char where[CALL_SIZE];
	unsigned int names;
	bool seen;

	must(a, puppet_create(a));
	b = join(a, "B", WAY_BOTH);
	put(b, 0, MESSAGE);
	puppet_kill(a);
	puppet_kill(b);
	names = count_names(cell);
	seen = is_seen(cell, where);
	if (seen)
		cell_note(cell, "left behind: %s", where);
	if (names || seen)
		return cell_answer(cell, VERDICT_NO, "it stays until removed");
	cell_note(cell, "nothing of it is left in the system");
	cell_answer(cell, VERDICT_YES, "nothing is left");
}

const struct claim claim_cleaned = {
	.name = "cleaned",
	.group = "lifetime",
	.question = "Is nothing left in the system when its last user dies without cleaning up?",
	.experiment = "A creates the object, B joins and sends a message; both are killed. Then "
		      "the system is searched for what has its name, number or path.",
	.favour = FAVOUR_YES,
	.try = try_cleaned,
};

/* Nobody told the sleeper. Does the object still work for who has it open? */
static void use_removed(struct cell *cell, struct puppet *sleeper, struct puppet *sender)
{
	struct outcome_of_task sent = put(sender, 0, MESSAGE);
	struct outcome_of_task outcome = await(sleeper, PATIENCE_MS);

	if (got(outcome, MESSAGE))
		cell_answer(cell, VERDICT_NO, "goes on until closed");
	else if (!went(sent) && !waits(sent))
		cell_answer(cell, VERDICT_NO, "sleeper is not told, sender is: %s",
			    error_name(sent.error));
	else
		cell_answer(cell, VERDICT_NO, "sleeper is never told");
}

static void try_removed(struct cell *cell)
{
	struct puppet *a = puppet_new(cell, "A"), *b;
	struct outcome_of_task outcome, removal;

	must(a, puppet_create(a));
	b = join(a, "B", WAY_BOTH);
	outcome = take(a, 0, PATIENCE_FOREVER);
	if (!waits(outcome))
		cell_give_up(cell, "A does not wait for a message");
	removal = act(b, DEED_REMOVE, 0);
	if (!cell->subject->remove)
		return cell_answer(cell, VERDICT_NO, "it cannot be removed, only closed");
	must(b, removal);
	outcome = await(a, PATIENCE_MS);
	if (waits(outcome))
		use_removed(cell, a, b);
	else if (went(outcome))
		cell_answer(cell, VERDICT_YES, "end of file to the sleeper");
	else
		cell_answer(cell, VERDICT_YES, "%s to the sleeper", error_name(outcome.error));
}

const struct claim claim_removed = {
	.name = "removed",
	.group = "lifetime",
	.question = "Is a process that sleeps in an object told when the object is removed?",
	.experiment = "A sleeps receiving, B removes the object. If A sleeps on, B sends a message "
		      "to see whether the object still works for those who have it open.",
	.favour = FAVOUR_YES,
	.try = try_removed,
};

/* How much of @where comes before the name, or the bracket around it. */
static int before(const char *where, const char *name)
{
	int bracket = strcspn(where, "(");

	return bracket < name - where ? bracket : name - where;
}

/* Where it was seen, without what is one run's: the name, the directory, a process. */
static void answer_where(struct cell *cell, const char *where)
{
	const struct object *object = &cell->objects[0];
	const char *name = strstr(where, object->name);
	char file[32];

	if (!strncmp(where, object->directory, strlen(object->directory)))
		cell_answer(cell, VERDICT_YES, "a path in a file system");
	else if (sscanf(where, "/proc/%*d/%31[a-z]", file) == 1)
		cell_answer(cell, VERDICT_YES, "/proc/PID/%s", file);
	else if (name)
		/* "/dev/shm/" of "/dev/shm/NAME", "mq_open" of "mq_open(/NAME)" */
		cell_answer(cell, VERDICT_YES, "%.*s", before(where, name), where);
	else
		cell_answer(cell, VERDICT_YES, "%.*s", (int)strcspn(where, ": "), where);
}

static void try_visible(struct cell *cell)
{
	struct puppet *a = puppet_new(cell, "A");
	char where[CALL_SIZE];

	if (is_seen(cell, where))
		return cell_answer(cell, VERDICT_NO, "seen before it was there");
	must(a, puppet_create(a));
	if (!is_seen(cell, where)) {
		cell_note(cell, "no name, no number: only its users' descriptors show it");
		return cell_answer(cell, VERDICT_NO, "by nothing outside its users");
	}
	cell_note(cell, "seen: %s", where);
	answer_where(cell, where);
	if (!cell->subject->remove)
		return;
	must(a, act(a, DEED_REMOVE, 0));
	if (is_seen(cell, where))
		cell_note(cell, "still seen: %s", where);
	else
		cell_note(cell, "no longer seen");
}

const struct claim claim_visible = {
	.name = "visible",
	.group = "lifetime",
	.question = "Can an outsider see that the object exists, by a name or in a list?",
	.experiment = "Before A creates the object, after it, and after A removed it, a process "
		      "with no part in it looks for a path or a line in /proc.",
	.favour = FAVOUR_YES,
	.try = try_visible,
};
