// SPDX-License-Identifier: GPL-2.0-only
/* Evidence: what a puppet did, and what came of it, in a line each. */
#include "puppet_private.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

const char *error_name(int error)
{
	const char *name = strerrorname_np(error);

	return name ? name : "unknown error";
}

/* "message 3", "bytes 8 to 15 of the 24 of message 3" */
static int describe_piece(const struct piece *piece, char *text, size_t room)
{
	if (!piece->offset && piece->size == piece->body_size)
		return snprintf(text, room, "message %u", piece->seed);
	if (!piece->body_size)
		return snprintf(text, room, "the first %zu bytes of message %u", piece->size,
				piece->seed);
	return snprintf(text, room, "bytes %zu to %zu of the %zu of message %u", piece->offset,
			piece->offset + piece->size - 1, piece->body_size, piece->seed);
}

static void describe_pieces(const struct outcome_of_task *outcome, char *text, size_t room)
{
	size_t used = snprintf(text, room, ": ");

	for (unsigned int i = 0; i < outcome->pieces && i < PIECES_MAX && used < room; i++) {
		if (i)
			used += snprintf(text + used, room - used, ", ");
		if (used < room)
			used += describe_piece(&outcome->piece[i], text + used, room - used);
	}
	if (outcome->pieces > PIECES_MAX && used < room)
		snprintf(text + used, room - used, " and more");
}

static void describe_result(const struct puppet *puppet, const struct outcome_of_task *outcome,
			    char *text, size_t room)
{
	const struct task *task = &puppet->task;

	if (task->deed == DEED_FORK && outcome->result > 0)
		snprintf(text, room, "%s", ((struct puppet *)task->argument)->who);
	else if (outcome->result < 0)
		snprintf(text, room, "-1 %s%s", error_name(outcome->error),
			 puppet->sigpipe ? ", and SIGPIPE" : "");
	else if (task->deed == DEED_LOAD)
		snprintf(text, room, "%ld: the number is %ld", outcome->result, outcome->value);
	else if (task->deed == DEED_POLL)
		snprintf(text, room, "%ld%s%s%s%s", outcome->result,
			 outcome->value & POLLIN ? ", POLLIN" : "",
			 outcome->value & POLLOUT ? ", POLLOUT" : "",
			 outcome->value & POLLHUP ? ", POLLHUP" : "",
			 outcome->value & POLLERR ? ", POLLERR" : "");
	else
		snprintf(text, room, "%ld", outcome->result);
}

/* What it says that it is in; who asks again and again, may be saying it anew just now. */
const char *puppet_call(const struct puppet *puppet)
{
	const char *call = puppet->ends[puppet->task.object].call;

	if (*call)
		return call;
	return puppet->task.deed == DEED_SEND ? "(sending)" :
	       puppet->task.deed == DEED_RECEIVE ? "(receiving)" : "(a call)";
}

static void note_end(const struct puppet *puppet, const struct outcome_of_task *outcome)
{
	char result[64], pieces[240] = "", fate[80] = "";

	if (!*outcome->call)
		return;
	describe_result(puppet, outcome, result, sizeof(result));
	if (puppet->task.deed == DEED_RECEIVE && outcome->result > 0)
		describe_pieces(outcome, pieces, sizeof(pieces));
	if (puppet->task.deed == DEED_SEND && outcome->result >= 0 && puppet->task.size)
		snprintf(pieces, sizeof(pieces), ": message %u", puppet->task.seed);
	if (puppet->seen_asleep)
		snprintf(fate, sizeof(fate), "goes on: ");
	cell_note(puppet->cell, "%s: %s%s = %s%s", puppet->who, fate, outcome->call, result,
		  pieces);
}

void puppet_note(const struct puppet *puppet, const struct outcome_of_task *outcome)
{
	static const char *const still[] = {
		[ENDING_ASLEEP] = "asleep", [ENDING_BUSY] = "busy asking again",
	};

	if (outcome->ending == ENDING_DONE)
		note_end(puppet, outcome);
	else if (outcome->ending == ENDING_DEAD)
		cell_note(puppet->cell, "%s: is gone", puppet->who);
	else
		cell_note(puppet->cell, "%s: %s = ... %s%s", puppet->who, puppet_call(puppet),
			  puppet->seen_asleep ? "still " : "", still[outcome->ending]);
}

