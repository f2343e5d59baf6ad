/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A subject: a mechanism as the probe's experiments see it. Every hook is one
 * thing that a process may try with it, by the mechanism's own calls, with the
 * mechanism's own defaults. What the mechanism has no call for, is NULL; the
 * experiments then do what is left to do, and say so.
 *
 * Hooks run in a puppet (puppet.h), one at a time. They return 0 or a count, or
 * -1 with errno as the mechanism's call left it. Each says in end->call, by
 * end_says(), what it calls, as strace(1) would: that is the evidence. A patience
 * that the mechanism has no means for fails with ENOSYS, and end->call says why.
 *
 * To add a subject: a file in subjects/, and its line in subjects.c.
 */
#ifndef KMQCOMPARE_SUBJECT_H
#define KMQCOMPARE_SUBJECT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define OBJECT_IDS	6
#define END_FDS		6
#define CALL_SIZE	240

/**
 * struct object - what a subject's create() makes, and what others find it by
 * @name: unique to the cell, letters, digits and dashes; at most 24
 * @directory: of the cell's own, for names in a file system; gone with the cell
 * @message_max: bytes of the longest message that will be sent; 0: what the
 *	mechanism gives unasked
 * @capacity: messages that it shall hold; 0: what the mechanism gives unasked
 * @mode: permissions, as of open(2)
 * @creator: pid of the puppet that created it; 0: nobody has
 * @ids: numbers that create() stores for attach() and borrow(): ids, keys, ports,
 *	descriptors; -1 unless used
 *
 * In memory shared by the cell's puppets.
 */
struct object {
	char name[32];
	char directory[64];
	size_t message_max;
	unsigned int capacity;
	mode_t mode;
	pid_t creator;
	int ids[OBJECT_IDS];
};

/* One process's hold on an object. Inherited by a puppet forked from this one. */
struct end {
	struct object *object;
	int fd[END_FDS];	/* -1 unless used */
	void *memory;
	size_t memory_size;
	void *state;		/* anything else; malloc()ed */
	char call[CALL_SIZE];
};

/*
 * Tells what is about to be called: end_says(end, "write(%d, %zu bytes)", fd, size).
 * What a hook calls before it is kept: "accept4(3); read(5, 64 bytes)", as far as
 * there is room. The last one has the hook's result, or sleeps.
 */
__attribute__((format(printf, 2, 3)))
void end_says(struct end *end, const char *format, ...);

enum way { WAY_SEND, WAY_RECEIVE, WAY_BOTH };

/* How long a call may wait. */
enum patience {
	PATIENCE_FOREVER,
	PATIENCE_NONE,		/* O_NONBLOCK, IPC_NOWAIT, MSG_DONTWAIT, trylock ... */
	PATIENCE_DEADLINE,	/* until parcel.wait_ms from now, by the mechanism's own means */
};

/**
 * struct parcel - one message on its way
 * @body: its bytes; of a receive: where they go
 * @size: of @body
 * @type: 0: none in particular; of a receive: of this type only
 * @priority: higher goes first, where there are priorities
 * @sender_pid: out, of a receive: who the kernel says sent it; 0: it did not
 * @sender_uid: the same, -1: it did not
 * @full_size: out, of a receive: length of the whole message where it is told, else 0
 * @lost: out, of a receive: how many it is told were lost before it
 */
struct parcel {
	void *body;
	size_t size;
	long type;
	unsigned int priority;
	enum patience patience;
	unsigned int wait_ms;
	pid_t sender_pid;
	uid_t sender_uid;
	size_t full_size;
	uint64_t lost;
};

enum subject_trait {
	/* No message boundaries of its own. */
	SUBJECT_IS_STREAM	= 1 << 0,
	/*
	 * The bytes lie in memory or in a file that all share, so load() and store()
	 * touch the same place; send() and receive() are our own protocol on top.
	 */
	SUBJECT_IS_SHARED	= 1 << 1,
	/* Waits by asking again. */
	SUBJECT_SPINS		= 1 << 2,
	/*
	 * What is sent goes to the process that created it (or that has the creator's
	 * descriptors); who wants to be sent something creates an object of his own.
	 */
	SUBJECT_TO_CREATOR	= 1 << 3,
	/* Messages lie in mapped memory, but none may be touched out of turn. */
	SUBJECT_IS_MAPPED	= 1 << 4,
	/* Every receiver gets every message, and nobody waits for one who does not. */
	SUBJECT_TO_ALL		= 1 << 5,
};

/**
 * struct subject - the hooks
 * @mechanism: its name in the bench's table of mechanisms
 * @traits: enum subject_trait, or-ed
 * @unavailable: NULL, or why it is not to be had here (NULL: it is)
 * @create: makes the object, and opens it for both ways where one process may
 *	have both. Fails with EEXIST if the name is taken, where there are names
 * @attach: opens the object that another, maybe unrelated, process created, by
 *	whatever the mechanism's manual page names it by. NULL: nothing names it
 * @borrow: gets at the object of a living process by way of its descriptors
 *	(/proc/PID/fd, pidfd_getfd(2)). NULL: has no descriptors
 * @adopt: makes an end of descriptors that were another's end->fd[] (END_FDS of
 *	them, in the same places) and came over a Unix socket (SCM_RIGHTS). NULL:
 *	has no descriptor that would do
 * @keep: gives up the other way of this end, by closing its descriptor. NULL: an
 *	end is not divided
 * @detach: lets go: close(2), munmap(2), shmdt(2)
 * @remove: takes its name or itself away from the system: unlink(2), IPC_RMID.
 *	Needs no open end; what create() did not make it does not touch. NULL:
 *	there is nothing to take away
 * @seen: looks from outside, with no end of its own, whether the object is
 *	there, and says where (a path, a line of /proc/sysvipc/msg) in @where, of
 *	CALL_SIZE bytes. True if it is. NULL: nothing outside shows it
 * @send: sends a parcel
 * @receive: takes one. What it read, or -1
 * @drained: closes this end's way out, so that a reader may learn that nothing
 *	comes any more. NULL: the same as detach
 * @poll_fd: a descriptor that poll(2) takes for that way, or -1
 * @lock: takes lock @which (0 or 1) as the mechanism's users guard what they
 *	share; patience as of parcels. For a shared kind: its own semaphore, mutex,
 *	futex. NULL: there is none; experiments use a message as a token
 * @unlock: gives it back
 * @lock_is_a: "System V semaphore with SEM_UNDO", for people; NULL as @lock
 * @load: reads the shared number. NULL: experiments take it from a message
 * @store: writes it. Two halves of an update, with no lock around them
 * @half_send: begins a send and stops in the middle of it, as a process would
 *	that is killed there: half of the bytes written, the record not yet marked
 *	whole. NULL: a send is one system call, and there is no middle
 * @half_receive: begins to receive and stops in the middle of it, as a process would
 *	that is killed there: it has the message, and has not yet said so. Waits
 *	for one. NULL: a receive is one step
 */
struct subject {
	const char *mechanism;
	unsigned int traits;
	const char *(*unavailable)(void);
	int (*create)(struct end *end, struct object *object);
	int (*attach)(struct end *end, struct object *object, enum way way);
	int (*borrow)(struct end *end, struct object *object, enum way way);
	int (*adopt)(struct end *end, struct object *object, const int *fd, enum way way);
	int (*keep)(struct end *end, enum way way);
	void (*detach)(struct end *end);
	int (*remove)(struct end *end, struct object *object);
	bool (*seen)(const struct object *object, char *where);
	ssize_t (*send)(struct end *end, struct parcel *parcel);
	ssize_t (*receive)(struct end *end, struct parcel *parcel);
	void (*drained)(struct end *end);
	int (*poll_fd)(struct end *end, enum way way);
	int (*lock)(struct end *end, unsigned int which, enum patience patience,
		    unsigned int wait_ms);
	int (*unlock)(struct end *end, unsigned int which);
	const char *lock_is_a;
	int (*load)(struct end *end, long *value);
	int (*store)(struct end *end, long value);
	ssize_t (*half_send)(struct end *end, struct parcel *parcel);
	ssize_t (*half_receive)(struct end *end, struct parcel *parcel);
};

/* The table, in the order of the bench's; ends with NULL. */
extern const struct subject *const subjects[];

/* Returns the subject of that mechanism, or NULL. */
const struct subject *subject_find(const char *mechanism);

#endif
