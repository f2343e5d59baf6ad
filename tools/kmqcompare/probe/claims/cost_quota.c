// SPDX-License-Identifier: GPL-2.0-only
/* What stops one user from taking all there is. */
#include "steps.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY		65534
#define MANY		300	/* objects; the same for all */
#define PIPE_PAGES	16	/* of a pipe by default */
#define DESCRIPTORS	8192
#define FILL_MOST	1000000
#define RINGS		1024	/* of the default size, which are a user's bytes */

/* What the user's process tells. */
struct grab {
	unsigned int objects;		/* that it could create */
	int error;			/* why not more; 0: it could go on */
	unsigned int first;		/* messages that the first took */
	unsigned int last;		/* and the last, when the others were there */
	size_t size;			/* of each */
	bool stopped;			/* a system-wide limit, not the user's */
};

static bool is_pipe(const struct cell *cell)
{
	return is_about(cell, "pipe") || is_about(cell, "fifo");
}

static bool is_kmq(const struct cell *cell)
{
	return !strncmp(cell->subject->mechanism, "kmq", 3);
}

/*
 * Whose sender waits until it is received: nothing lies in it. Or never waits: it takes
 * everything, and keeps what fits.
 */
static bool holds_nothing(const struct cell *cell)
{
	return is_about(cell, "kmq-call") || is_about(cell, "rpc") ||
	       has_trait(cell, SUBJECT_TO_ALL);
}

static unsigned int soft_pipes(void)
{
	FILE *file = fopen("/proc/sys/fs/pipe-user-pages-soft", "re");
	unsigned int pages = 0;

	if (file && fscanf(file, "%u", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return pages / PIPE_PAGES;
}

static unsigned int enough(const struct cell *cell)
{
	return (is_pipe(cell) ? soft_pipes() : has_trait(cell, SUBJECT_IS_MAPPED) ? RINGS : 0) + MANY;
}

/* Descriptors are each process's limit, not the user's: they shall not be what ends it. */
static void allow_descriptors(void)
{
	struct rlimit limit = { DESCRIPTORS, DESCRIPTORS };

	setrlimit(RLIMIT_NOFILE, &limit);
}

/* /dev/kmq/control is for a group, by default root's; whose the queues are, the uid decides. */
static int keep_way_to_control(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = 1u << CAP_DAC_OVERRIDE, .permitted = 1u << CAP_DAC_OVERRIDE },
	};

	return syscall(SYS_capset, &header, data);
}

static long become_user(struct end *end, void *argument)
{
	const struct cell *cell = argument;
	const struct passwd *user = getpwnam("user");
	uid_t uid = user ? user->pw_uid : NOBODY;

	end_says(end, "setresuid(%u, %u, %u)%s", uid, uid, uid,
		 is_kmq(cell) ? ", with CAP_DAC_OVERRIDE for /dev/kmq/control" : "");
	if (geteuid())
		return 0;
	allow_descriptors();
	prctl(PR_SET_KEEPCAPS, is_kmq(cell));
	if (setgroups(0, NULL) || setresuid(uid, uid, uid))
		return -1;
	return is_kmq(cell) ? keep_way_to_control() : 0;
}

static unsigned int fill_up(const struct cell *cell, struct end *end, struct grab *grab)
{
	if (holds_nothing(cell))
		return 0;
	return fill(cell->subject, end, grab->size, FILL_MOST);
}

static struct end *make(const struct cell *cell, struct object *objects, struct end *ends,
			unsigned int nth)
{
	struct end *end = &ends[nth];

	objects[nth] = cell->objects[0];
	/* As much as the mechanism gives unasked. */
	objects[nth].message_max = 0;
	snprintf(objects[nth].name, sizeof(objects[nth].name), "%.20s-%u", cell->objects[0].name,
		 nth);
	*end = (struct end){ .object = &objects[nth] };
	for (unsigned int i = 0; i < END_FDS; i++)
		end->fd[i] = -1;
	return cell->subject->create(end, &objects[nth]) < 0 ? NULL : end;
}

static void take_what_goes(const struct cell *cell, struct grab *grab, struct object *objects,
			   struct end *ends)
{
	unsigned int most = enough(cell);

	while (grab->objects < most) {
		struct end *end = make(cell, objects, ends, grab->objects);

		if (!end) {
			grab->error = errno;
			return;
		}
		objects[grab->objects].creator = getpid();
		if (!grab->objects++)
			grab->first = fill_up(cell, end, grab);
	}
	grab->last = fill_up(cell, &ends[grab->objects - 1], grab);
}

static void give_all_back(const struct cell *cell, struct object *objects, struct end *ends,
			  unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (cell->subject->remove)
			cell->subject->remove(&ends[i], &objects[i]);
		if (cell->subject->detach)
			cell->subject->detach(&ends[i]);
	}
}

static long take_all(struct end *unused, void *argument)
{
	struct cell *cell = argument;
	struct grab *grab = cell->scratch;
	struct object *objects = calloc(enough(cell), sizeof(*objects));
	struct end *ends = calloc(enough(cell), sizeof(*ends));

	if (!objects || !ends)
		return -1;
	grab->size = is_pipe(cell) ? 4096 : SMALL;
	take_what_goes(cell, grab, objects, ends);
	give_all_back(cell, objects, ends, grab->objects);
	return grab->objects;
}

/* What a system says when nobody may have more, whoever has the rest. */
static bool is_everyones(int error)
{
	return error == ENOSPC || error == ENFILE;
}

static void judge_grab(struct cell *cell, const struct grab *grab)
{
	cell_note(cell, "U creates %u objects%s%s", grab->objects, grab->error ? ", then: " : "",
		  grab->error ? error_name(grab->error) : "");
	if (grab->first)
		cell_note(cell, "the first took %u messages of %zu bytes, the last %u", grab->first,
			  grab->size, grab->last);
	if (grab->error && is_everyones(grab->error))
		cell_answer(cell, VERDICT_NO, "only the system's: %s after %u",
			    error_name(grab->error), grab->objects);
	else if (grab->error)
		cell_answer(cell, VERDICT_YES, "%s after %u objects", error_name(grab->error),
			    grab->objects);
	else if (grab->first && !grab->last)
		cell_answer(cell, VERDICT_YES, "%u messages in all", grab->first);
	else if (grab->last < grab->first)
		cell_answer(cell, VERDICT_PARTLY, "after many, %zu bytes instead of %zu",
			    grab->last * grab->size, grab->first * grab->size);
	else
		cell_answer(cell, VERDICT_NO, "%u objects, no refusal", grab->objects);
}

static void try_quota(struct cell *cell)
{
	struct puppet *user = puppet_new(cell, "U");
	struct outcome_of_task outcome;

	if (is_kmq(cell) && geteuid())
		return cell_answer(cell, VERDICT_NONE, "needs root, for /dev/kmq/control");
	must(user, call(user, 0, become_user));
	tell(user, &(struct task){ .deed = DEED_FUNCTION, .function = take_all, .argument = cell });
	outcome = await(user, CELL_SECONDS * 500);
	must(user, outcome);
	judge_grab(cell, cell->scratch);
}

const struct claim claim_quota = {
	.name = "quota",
	.group = "cost",
	.question = "Does a limit of its own stop one user from taking all there is?",
	.experiment = "U, an ordinary user, creates one object after the other and keeps them, and "
		      "fills the first and the last (not sockets: nobody has connected); "
		      "descriptors are not what is short. It ends at 300, or at 300 more than a "
		      "user's soft limit of pipes, or 1024 rings.",
	.favour = FAVOUR_YES,
	.alone = true,
	.try = try_quota,
};
