// SPDX-License-Identifier: GPL-2.0-only
/* Whom the memory of what is queued is charged to: two memory cgroups tell. */
#include "steps.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BODY		4096
#define BODIES		64		/* at most; many mechanisms hold fewer */
#define SMALL_BODIES	2000		/* where only SMALL ones go */
/* Of a mechanism whose sender waits for the receiver only one message is on its way. */
#define LONE_BODY	65536

static const char root[] = "/sys/fs/cgroup";

struct group {
	char path[96];
};

/* What is on both groups' books, for what the kernel keeps for a process or shares. */
struct books {
	long of_receiver;
	long of_sender;
};

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), error = 0;

	if (fd < 0)
		return -1;
	if (write(fd, text, strlen(text)) < 0)
		error = errno;
	close(fd);
	errno = error;
	return error ? -1 : 0;
}

static bool has_word(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	bool found = false;
	char one[64];

	while (file && !found && fscanf(file, "%63s", one) == 1)
		found = !strcmp(one, word);
	if (file)
		fclose(file);
	return found;
}

static int switch_controller(const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", root);
	return write_text(path, text);
}

static bool controller_is_on(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", root);
	return has_word(path, "memory");
}

static const char *why_not(void)
{
	char path[64];

	if (geteuid())
		return "needs root, to make memory cgroups";
	snprintf(path, sizeof(path), "%s/cgroup.controllers", root);
	if (access(path, F_OK))
		return "needs cgroup v2 at /sys/fs/cgroup";
	if (!has_word(path, "memory"))
		return "needs the memory controller of cgroup v2";
	return NULL;
}

static bool group_make(struct cell *cell, struct group *group, const char *who)
{
	snprintf(group->path, sizeof(group->path), "%s/%s-%s", root, cell->objects[0].name, who);
	return !mkdir(group->path, 0755);
}

static void group_put(const struct group *group, const struct puppet *puppet)
{
	char path[128], pid[16];

	snprintf(path, sizeof(path), "%s/cgroup.procs", group->path);
	snprintf(pid, sizeof(pid), "%d", puppet_pid(puppet));
	write_text(path, pid);
}

/*
 * The figures of memory.stat are some pages and seconds late; reading cpu.stat has
 * them brought up to date.
 */
static void group_refresh(const struct group *group)
{
	char path[128], text[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/cpu.stat", group->path);
	file = fopen(path, "re");
	while (file && fgets(text, sizeof(text), file))
		continue;
	if (file)
		fclose(file);
}

/* The kernel's own memory, sockets, shared memory and files' pages; not a process's own. */
static long group_bytes(const struct group *group)
{
	char path[128], name[64];
	long bytes, sum = 0;
	FILE *file;

	group_refresh(group);
	snprintf(path, sizeof(path), "%s/memory.stat", group->path);
	file = fopen(path, "re");
	while (file && fscanf(file, "%63s %ld", name, &bytes) == 2)
		/* What is shared memory is in the file cache as well. */
		if (!strcmp(name, "kernel") || !strcmp(name, "sock") || !strcmp(name, "file"))
			sum += bytes;
	if (file)
		fclose(file);
	return sum;
}

/* Whoever is left in it ends with it. */
static void group_end(const struct group *group)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/cgroup.kill", group->path);
	write_text(path, "1");
	for (int tries = 0; rmdir(group->path) && errno == EBUSY && tries < 1000; tries++)
		usleep(10000);
}

/* Its sender waits until the receiver takes the message. */
static bool is_meeting(const struct cell *cell)
{
	return is_about(cell, "kmq-call") || is_about(cell, "rpc");
}

/* How much was sent; by the sender's function, for the judge. */
struct filling {
	size_t size;
	unsigned int count;
};

static long send_much(struct end *end, void *argument)
{
	struct cell *cell = argument;
	struct filling *filling = cell->scratch;

	filling->size = cell->objects[0].message_max;
	filling->count = fill(cell->subject, end, filling->size, BODIES);
	if (!filling->count) {
		filling->size = SMALL;
		filling->count = fill(cell->subject, end, SMALL, SMALL_BODIES);
	}
	end->call[0] = '\0';
	end_says(end, "sends %zu bytes again and again until it would wait", filling->size);
	return filling->count;
}

static long touch_memory(struct end *end, void *argument)
{
	char *memory = malloc(2 * LONE_BODY);

	if (memory)
		memset(memory, 1, 2 * LONE_BODY);
	free(memory);
	return 0;
}

static struct books look(struct cell *cell, const struct group *receiver,
			 const struct group *sender, const char *when)
{
	struct books books = { group_bytes(receiver), group_bytes(sender) };

	cell_note(cell, "%s: on the receiver's books %ld bytes, on the sender's %ld", when,
		  books.of_receiver, books.of_sender);
	return books;
}

static void judge_charge(struct cell *cell, struct books empty, struct books full, long bytes)
{
	long receiver = full.of_receiver - empty.of_receiver;
	long sender = full.of_sender - empty.of_sender;

	cell_note(cell, "%ld bytes of bodies brought %ld to the receiver, %ld to the sender", bytes,
		  receiver, sender);
	if (receiver >= bytes / 4 && sender >= bytes / 4)
		cell_answer(cell, VERDICT_YES, "to both: what is where");
	else if (receiver + sender >= bytes / 2)
		cell_answer(cell, VERDICT_YES, "to the %s",
			    sender > receiver ? "sender" : "receiver");
	else
		cell_answer(cell, VERDICT_NO, "to nobody");
}

static long filled_bytes(const struct cell *cell, struct outcome_of_task outcome)
{
	const struct filling *filling = cell->scratch;

	if (waits(outcome))
		return cell->objects[0].message_max;
	return (long)filling->size * filling->count;
}

/* What it opens is to be charged to its group from the start: sockets are to their maker's. */
static struct puppet *join_in_group(struct cell *cell, struct puppet *creator,
				    const struct group *group)
{
	struct puppet *b = cell->subject->attach ? puppet_new(cell, "B")
						 : join(creator, "B", WAY_SEND);

	group_put(group, b);
	if (cell->subject->attach)
		must(b, puppet_attach(b, WAY_SEND));
	return b;
}

/* The sender's first message makes what is made once. */
static void fill_and_judge(struct cell *cell, const struct group *receiver,
			   const struct group *sender)
{
	struct puppet *a = puppet_new(cell, "A"), *b;
	struct outcome_of_task outcome;
	struct books empty, full;
	long bytes;

	group_put(receiver, a);
	must(a, call(a, 0, touch_memory));
	must(a, puppet_create(a));
	b = join_in_group(cell, a, sender);
	must(b, call(b, 0, touch_memory));
	if (!delivers(b, a, 0, 1))
		cell_give_up(cell, "nothing arrives");
	empty = look(cell, receiver, sender, "empty");
	outcome = is_meeting(cell) ? puppet_send(b, LONE_BODY, 1) : call(b, 0, send_much);
	full = look(cell, receiver, sender, "full");
	bytes = filled_bytes(cell, outcome);
	if (!bytes)
		cell_give_up(cell, "nothing can be sent");
	judge_charge(cell, empty, full, bytes);
	puppet_kill(b);
	puppet_kill(a);
}

/* In a process of its own: the groups have to be taken away whatever becomes of it. */
static void experiment_apart(struct cell *cell, const struct group *receiver,
			     const struct group *sender)
{
	pid_t stage = getpid(), pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == stage)
			fill_and_judge(cell, receiver, sender);
		_exit(0);
	}
	if (pid < 0)
		cell_answer(cell, VERDICT_NONE, "fork: %s", error_name(errno));
	else
		waitpid(pid, NULL, 0);
}

static void try_charged(struct cell *cell)
{
	const char *reason = why_not();
	bool was_on = controller_is_on();
	struct group receiver = { "" }, sender = { "" };

	if (reason)
		return cell_answer(cell, VERDICT_NONE, "%s", reason);
	cell->objects[0].message_max = is_meeting(cell) ? LONE_BODY : BODY;
	if (!was_on && switch_controller("+memory"))
		return cell_answer(cell, VERDICT_NONE, "no memory controller: %s",
				   error_name(errno));
	if (group_make(cell, &receiver, "receiver") && group_make(cell, &sender, "sender"))
		experiment_apart(cell, &receiver, &sender);
	else
		cell_answer(cell, VERDICT_NONE, "cannot make a cgroup: %s", error_name(errno));
	group_end(&sender);
	group_end(&receiver);
	if (!was_on)
		switch_controller("-memory");
}

const struct claim claim_charged = {
	.name = "charged",
	.group = "cost",
	.question = "Is the memory of messages that wait charged to someone's memory cgroup?",
	.experiment =
		"A, who creates and receives, and B, who sends, are each in a memory cgroup of "
		"their own. B fills the object; memory.stat of both is read before and after.",
	.favour = FAVOUR_YES,
	.alone = true,
	.try = try_charged,
};
