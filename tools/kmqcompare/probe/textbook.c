// SPDX-License-Identifier: GPL-2.0-only
/* What a course commonly says, in a sentence, and what the cells show about it. */
#include "claim.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool says(const struct cells *cells, const char *claim, const char *mechanism,
		 enum verdict verdict)
{
	return cells_verdict(cells, claim, mechanism) == verdict;
}

static bool yes(const struct cells *cells, const char *claim, const char *mechanism)
{
	return says(cells, claim, mechanism, VERDICT_YES);
}

static bool no(const struct cells *cells, const char *claim, const char *mechanism)
{
	return says(cells, claim, mechanism, VERDICT_NO);
}

static bool ran(const struct cells *cells, const char *claim, const char *mechanism)
{
	return !says(cells, claim, mechanism, VERDICT_NONE);
}

/* The finding's sentence, and whether it contradicts the course's. */
__attribute__((format(printf, 3, 4)))
static bool find(bool contradicts, char *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, FINDING_SIZE, format, arguments);
	va_end(arguments);
	return contradicts;
}

/* Names of mechanisms for people. */
struct named {
	const char *mechanism;
	const char *name;
};

__attribute__((format(printf, 2, 3)))
static void append(char *text, const char *format, ...)
{
	size_t used = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + used, FINDING_SIZE - used, format, arguments);
	va_end(arguments);
}

static unsigned int count(const struct cells *cells, const char *claim, enum verdict verdict,
			  const struct named *named)
{
	unsigned int found = 0;

	for (; named->mechanism; named++)
		found += says(cells, claim, named->mechanism, verdict);
	return found;
}

/* "pipes, POSIX queues and shared memory": those of which the cells say so. */
static unsigned int append_list(char *text, const struct cells *cells, const char *claim,
				enum verdict verdict, const struct named *named)
{
	unsigned int all = count(cells, claim, verdict, named), nth = 0;

	for (; named->mechanism; named++) {
		if (!says(cells, claim, named->mechanism, verdict))
			continue;
		append(text, "%s%s", !nth ? "" : nth + 1 == all ? " and " : ", ", named->name);
		nth++;
	}
	return all;
}

static bool find_boundaries(const struct cells *cells, char *text)
{
	static const struct named queues[] = {
		{ "sysv-msg", "" }, { "posix-mq", "" }, { NULL, NULL } };
	static const struct named streams[] = {
		{ "pipe", "" }, { "unix-stream", "" }, { NULL, NULL } };
	unsigned int as_told = count(cells, "boundaries", VERDICT_YES, queues) +
			       count(cells, "boundaries", VERDICT_NO, streams);
	unsigned int silent = count(cells, "boundaries", VERDICT_NONE, queues) +
			      count(cells, "boundaries", VERDICT_NONE, streams);

	if (silent)
		return false;
	if (as_told < 4)
		return find(true, text, "Not so here: see the row.");
	return find(false, text, "True: a large read takes one message from a queue, and two at "
		    "once from a pipe or a stream socket.");
}

static bool find_duplex(const struct cells *cells, char *text)
{
	if (!ran(cells, "duplex", "pipe") || !ran(cells, "duplex", "fifo"))
		return false;
	if (!no(cells, "duplex", "pipe") || !no(cells, "duplex", "fifo"))
		return find(true, text, "Not so here: see the row.");
	return find(false, text, "True on Linux: who writes to a pipe or a FIFO and then reads "
		    "gets its own bytes back. Two pipes are needed, or a socket.");
}

static bool find_priority(const struct cells *cells, char *text)
{
	if (!ran(cells, "priority", "sysv-msg"))
		return false;
	if (yes(cells, "priority", "sysv-msg"))
		return find(false, text, "True here: see the row.");
	find(true, text, "Not by themselves: who takes the next gets the oldest.");
	if (says(cells, "priority", "sysv-msg", VERDICT_PARTLY))
		append(text, " Only a receiver that asks for it (msgrcv(2) with a negative type) "
		       "gets the lowest type first, so that a type can serve as a priority.");
	if (yes(cells, "priority", "posix-mq"))
		append(text, " POSIX queues do order by priority.");
	return true;
}

static bool find_order(const struct cells *cells, char *text)
{
	if (!ran(cells, "order", "signal"))
		return false;
	if (!yes(cells, "order", "signal"))
		return find(false, text, "True here: see the row.");
	return find(true, text, "Only of the classic signals. Real-time signals queue, and each "
		    "brings a value of 8 bytes: all 64 came, in the order sent.");
}

static bool find_zero_length(const struct cells *cells, char *text)
{
	static const struct named queues[] = {
		{ "sysv-msg", "a System V queue" }, { "posix-mq", "a POSIX queue" },
		{ "kmq", "a kmq queue" }, { "unix-dgram", "a datagram socket" }, { NULL, NULL } };

	if (!count(cells, "zero-length", VERDICT_YES, queues))
		return find(false, text, "%s", count(cells, "zero-length", VERDICT_NO, queues)
			    ? "True here: see the row." : "");
	append(text, "Of byte streams. It is an empty message, and more may come, from ");
	append_list(text, cells, "zero-length", VERDICT_YES, queues);
	append(text, ", which have no end of file.");
	return true;
}

static bool find_capacity(const struct cells *cells, char *text)
{
	if (!ran(cells, "capacity", "posix-mq"))
		return false;
	if (!yes(cells, "capacity", "posix-mq"))
		return find(false, text, "True here: see the row.");
	find(true, text, "Asked for nothing, a POSIX queue held %s",
	     cells_answer(cells, "capacity", "posix-mq"));
	if (yes(cells, "capacity", "sysv-msg"))
		append(text, ", a System V queue %s", cells_answer(cells, "capacity", "sysv-msg"));
	append(text,
	       ". It is the first thing to look at when a sender hangs, or when two benchmarks "
	       "differ.");
	return true;
}

static bool find_persists(const struct cells *cells, char *text)
{
	static const struct named shared[] = {
		{ "posix-shm", "POSIX" }, { "sysv-shm", "System V" }, { NULL, NULL } };
	static const struct named nameless[] = {
		{ "pipe", "a pipe" }, { "eventfd-shm", "memory of memfd_create(2)" },
		{ NULL, NULL } };

	if (!count(cells, "persists", VERDICT_YES, shared))
		return find(false, text, "%s", count(cells, "persists", VERDICT_NO, shared)
			    ? "True here: see the row." : "");
	append_list(text, cells, "persists", VERDICT_YES, shared);
	append(text,
	       " shared memory stays, with what is in it, until someone removes it or the system "
	       "goes down.");
	if (count(cells, "persists", VERDICT_NO, nameless)) {
		append(text, " What goes with its last user is what has no name: ");
		append_list(text, cells, "persists", VERDICT_NO, nameless);
		append(text, ".");
	}
	return true;
}

static bool find_ancestor(const struct cells *cells, char *text)
{
	if (!ran(cells, "ancestor", "pipe") || !ran(cells, "passed", "pipe"))
		return false;
	if (!yes(cells, "passed", "pipe"))
		return find(false, text, "True here: no stranger could use one.");
	return find(true, text, "They have no name, so inheritance is the usual way. But a "
		    "stranger to whom the descriptor was sent over a Unix socket used the pipe "
		    "like any other.");
}

static bool find_identity(const struct cells *cells, char *text)
{
	static const struct named some[] = {
		{ "unix-dgram", "Unix datagram" }, { "unix-stream", "Unix stream sockets" },
		{ "signal", "signals" },
		{ "kmq-ioctl", "kmq" }, { "pipe", "pipes" }, { "posix-mq", "POSIX queues" },
		{ "posix-shm", "shared memory" }, { NULL, NULL } };

	if (!count(cells, "identity", VERDICT_YES, some))
		return find(false, text, "%s", count(cells, "identity", VERDICT_NO, some)
			    ? "True here: see the row." : "");
	append(text, "Of each message, and vouched for by the kernel, it is told by ");
	append_list(text, cells, "identity", VERDICT_YES, some);
	if (count(cells, "identity", VERDICT_NO, some)) {
		append(text, "; not by ");
		append_list(text, cells, "identity", VERDICT_NO, some);
	}
	append(text, ".");
	return true;
}

static bool find_full_blocks(const struct cells *cells, char *text)
{
	if (!ran(cells, "full-blocks", "unix-dgram"))
		return false;
	if (!yes(cells, "full-blocks", "unix-dgram"))
		return find(false, text, "True here: see the row.");
	find(true, text, "UDP does, even on one machine, when its receiver is slow. Of "
	     "Unix datagram sockets it is wrong: when "
	     "the receiver's queue is full the sender sleeps.");
	if (yes(cells, "order", "unix-dgram"))
		append(text, " They keep the order, too.");
	return true;
}

static bool find_poll(const struct cells *cells, char *text)
{
	static const struct named queues[] = {
		{ "posix-mq", "a POSIX queue" }, { "kmq", "a kmq queue" },
		{ "sysv-msg", "a System V queue" }, { NULL, NULL } };

	if (!count(cells, "poll", VERDICT_YES, queues))
		return find(false, text, "%s", count(cells, "poll", VERDICT_NO, queues)
			    ? "True here: see the row." : "");
	append(text, "poll(2) was woken by a message in ");
	append_list(text, cells, "poll", VERDICT_YES, queues);
	append(text, ": on Linux each is a file descriptor.");
	if (count(cells, "poll", VERDICT_NO, queues)) {
		append(text, " It cannot wait for ");
		append_list(text, cells, "poll", VERDICT_NO, queues);
		append(text, ".");
	}
	return true;
}

static bool find_mixed_doors(const struct cells *cells, char *text)
{
	static const struct named memory[] = {
		{ "posix-shm", "POSIX shared memory" }, { "mmap-file", "a mapped file" },
		{ "eventfd-shm", "memory of memfd_create(2)" }, { NULL, NULL } };

	if (!count(cells, "mixed-doors", VERDICT_NO, memory))
		return false;
	if (!yes(cells, "mixed-doors", "kmq-ring-mpmc"))
		return find(false, text, "So it was with all that was tried: who read "
			    "memory by its descriptor got bytes, and no message.");
	return find(true, text, "Of one that knows nothing of messages, true: read(2) of shared "
		    "memory gave bytes, and no message. A queue whose memory is a protocol that "
		    "the kernel knows as well, a kmq ring, had both at once.");
}

static bool find_lapped(const struct cells *cells, char *text)
{
	static const struct named waits[] = {
		{ "pipe", "a pipe" }, { "sysv-msg", "a System V queue" },
		{ "posix-mq", "a POSIX queue" }, { "kmq", "a kmq queue" },
		{ "kmq-ring-mpmc", "a kmq ring" }, { NULL, NULL } };

	if (!yes(cells, "lapped", "kmq-ring-broadcast"))
		return false;
	find(true, text, "A ring in broadcast goes on without them: the receiver missed %s. Its "
	     "sender waits in ", cells_answer(cells, "lapped", "kmq-ring-broadcast"));
	append_list(text, cells, "lapped", VERDICT_NO, waits);
	append(text, ".");
	return true;
}

static bool find_lost_update(const struct cells *cells, char *text)
{
	static const struct named shared[] = {
		{ "sysv-shm", "" }, { "posix-shm", "" }, { "shm-futex", "" }, { "shm-spin", "" },
		{ "mmap-file", "" }, { "eventfd-shm", "" }, { "file-lock", "" }, { NULL, NULL } };
	unsigned int lost = count(cells, "lost-update", VERDICT_YES, shared);
	unsigned int kept = count(cells, "lost-update", VERDICT_NO, shared);

	if (!lost && !kept)
		return false;
	if (kept)
		return find(true, text, "Not so here: see the row.");
	find(false, text,
	     "True: of two increments one was lost, in each of %u kinds, and each time", lost);
	if (count(cells, "lock-saves", VERDICT_YES, shared) == lost)
		append(text, "; with the lock, none");
	append(text, ".");
	if (no(cells, "lost-update", "sysv-msg"))
		append(text, " In a queue none was: who takes the message has it alone.");
	return false;
}

static bool find_anyone_posts(const struct cells *cells, char *text)
{
	static const struct named ownerless[] = {
		{ "sysv-shm", "a System V semaphore" }, { "mmap-file", "a POSIX semaphore" },
		{ "shm-futex", "a plain futex lock" }, { "shm-spin", "a spin lock" },
		{ NULL, NULL } };

	if (!ran(cells, "anyone-posts", "posix-shm"))
		return false;
	if (!no(cells, "anyone-posts", "posix-shm"))
		return find(false, text, "True here: see the row.");
	find(true, text, "A robust mutex has an owner, and who is not it was refused. A plain "
	     "one does not look; to release another's is a mistake all the same.");
	if (count(cells, "anyone-posts", VERDICT_YES, ownerless)) {
		append(text, " Anyone may, also by mistake, with ");
		append_list(text, cells, "anyone-posts", VERDICT_YES, ownerless);
		append(text, ".");
	}
	return true;
}

static bool find_deadlock(const struct cells *cells, char *text)
{
	static const struct named locks[] = {
		{ "sysv-shm", "System V semaphores" }, { "posix-shm", "mutexes" },
		{ "mmap-file", "POSIX semaphores" }, { NULL, NULL } };

	if (!count(cells, "deadlock", VERDICT_YES, locks))
		return find(false, text, "%s", count(cells, "deadlock", VERDICT_NO, locks)
			    ? "True here: see the row." : "");
	append(text, "Two processes waited for each other until they were killed, with ");
	append_list(text, cells, "deadlock", VERDICT_YES, locks);
	append(text, ".");
	if (no(cells, "deadlock", "file-lock"))
		append(text, " For record locks of a file the kernel does look: EDEADLK.");
	return true;
}

static bool find_holder_dies(const struct cells *cells, char *text)
{
	static const struct named things[] = {
		{ "sysv-shm", "a System V semaphore with SEM_UNDO" },
		{ "posix-shm", "a robust mutex (the next is told)" },
		{ "file-lock", "a record lock" }, { "kmq-ioctl", "a leased kmq message" },
		{ "mmap-file", "a POSIX semaphore" }, { "shm-futex", "a plain futex lock" },
		{ "sysv-msg", "a token in a System V queue" }, { NULL, NULL } };

	if (!ran(cells, "holder-dies", "mmap-file"))
		return false;
	if (!no(cells, "holder-dies", "mmap-file"))
		return find(false, text, "True here: see the row.");
	append(text, "Gone for good with its holder was ");
	append_list(text, cells, "holder-dies", VERDICT_NO, things);
	if (count(cells, "holder-dies", VERDICT_YES, things)) {
		append(text, ". Given to the next was ");
		append_list(text, cells, "holder-dies", VERDICT_YES, things);
	}
	append(text, ".");
	return true;
}

static bool find_sender_dies(const struct cells *cells, char *text)
{
	if (!ran(cells, "sender-dies", "pipe"))
		return false;
	if (yes(cells, "sender-dies", "pipe"))
		return find(false, text, "True here: see the row.");
	return find(true, text, "A short one is: all or nothing, as is promised up to PIPE_BUF "
		    "(4096 bytes). A long one goes in pieces: its writer was killed in the "
		    "middle, and the reader got the first part.");
}

static bool find_quota(const struct cells *cells, char *text)
{
	static const struct named some[] = {
		{ "posix-mq", "POSIX queues" }, { "signal", "signals" }, { "kmq", "kmq" },
		{ "sysv-msg", "System V queues" }, { "sysv-shm", "System V shared memory" },
		{ "posix-shm", "POSIX shared memory" }, { NULL, NULL } };

	if (!ran(cells, "quota", "sysv-msg"))
		return false;
	if (!no(cells, "quota", "sysv-msg"))
		return find(false, text, "True here: see the row.");
	append(text, "No limit of the user's own stopped one who took more and more of ");
	append_list(text, cells, "quota", VERDICT_NO, some);
	append(text, ".");
	if (count(cells, "quota", VERDICT_YES, some)) {
		append(text, " One did with ");
		append_list(text, cells, "quota", VERDICT_YES, some);
		append(text, ".");
	}
	if (says(cells, "quota", "pipe", VERDICT_PARTLY))
		append(text, " Pipes just got smaller.");
	return true;
}

static bool find_copies(const struct cells *cells, char *text)
{
	static const struct named kernel[] = {
		{ "sysv-msg", "" }, { "posix-mq", "" }, { "pipe", "" }, { "unix-stream", "" },
		{ "kmq", "" }, { NULL, NULL } };

	if (count(cells, "copies", VERDICT_NO, kernel))
		return find(true, text, "Not so here: see the row.");
	if (!count(cells, "copies", VERDICT_YES, kernel))
		return false;
	find(false, text, "True of queues, pipes and sockets: once in, once out.");
	if (yes(cells, "copies", "shm-futex"))
		append(text, " But shared memory that is used like a queue is copied to and from "
		       "as often: it saves system calls, and saves copies only where the data "
		       "are made and used in place.");
	return false;
}

static bool find_syscalls(const struct cells *cells, char *text)
{
	if (!ran(cells, "syscalls", "sysv-shm") || !ran(cells, "syscalls", "shm-futex"))
		return false;
	if (!yes(cells, "syscalls", "sysv-shm"))
		return find(false, text, "True here: see the row.");
	find(true, text, "That depends on the lock. With System V semaphores a message made %s of "
	     "them, with a futex %s, as long as nobody had to wait",
	     cells_answer(cells, "syscalls", "sysv-shm"),
	     cells_answer(cells, "syscalls", "shm-futex"));
	if (yes(cells, "syscalls", "sysv-msg"))
		append(text, "; in a System V queue, %s",
		       cells_answer(cells, "syscalls", "sysv-msg"));
	append(text, ".");
	return true;
}

static const struct textbook textbooks[] = {
	{ "boundaries", "Message queues keep boundaries, streams do not.", find_boundaries },
	{ "duplex", "Pipes are one-way, and so are FIFOs.", find_duplex },
	{ "order", "Signals carry no data, and are lost when several are pending.", find_order },
	{ "priority", "System V queues deliver by priority.", find_priority },
	{ "zero-length", "A read of 0 bytes is the end of file.", find_zero_length },
	{ "capacity", "A POSIX queue holds as much as memory allows.", find_capacity },
	{ "persists", "Shared memory disappears with its last user.", find_persists },
	{ "ancestor", "Pipes work only between relatives.", find_ancestor },
	{ "identity", "A receiver cannot know who sent a message.", find_identity },
	{ "full-blocks", "Datagram sockets lose messages.", find_full_blocks },
	{ "poll", "Message queues cannot be waited for with poll or select.", find_poll },
	{ "mixed-doors", "It is shared memory or system calls: a program chooses one.",
	  find_mixed_doors },
	{ "lapped", "A slow receiver slows its sender down.", find_lapped },
	{ "lost-update", "Shared memory needs a lock.", find_lost_update },
	{ "anyone-posts", "A mutex can be released by anyone.", find_anyone_posts },
	{ "deadlock", "The kernel notices a deadlock.", find_deadlock },
	{ "holder-dies", "A semaphore is freed when its holder dies.", find_holder_dies },
	{ "sender-dies", "A write to a pipe is atomic.", find_sender_dies },
	{ "quota", "The system keeps one user from taking it all.", find_quota },
	{ "copies", "The kernel copies a message twice.", find_copies },
	{ "syscalls", "Shared memory needs no system calls.", find_syscalls },
};

const struct textbook *textbook_of(const char *claim)
{
	for (size_t i = 0; i < sizeof(textbooks) / sizeof(*textbooks); i++)
		if (!strcmp(textbooks[i].claim, claim))
			return &textbooks[i];
	return NULL;
}
