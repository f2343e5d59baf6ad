/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages by the bench's own hooks (../../mechanism.h), sent and received by one
 * process, which never waits; requests and answers by two.
 */
#ifndef KMQCOMPARE_COST_RIDE_H
#define KMQCOMPARE_COST_RIDE_H

#include "../../mechanism.h"
#include "../claim.h"

#define RIDE_BATCH	25	/* messages of a batch, where there are batches only */
#define RIDERS_MAX	2

/* What a process did between its first and its last message; in shared memory. */
struct rider {
	uint64_t copied;
	uint64_t syscalls;		/* as the mechanism counts them */
	uint64_t cpu_ns;
	int error;
};

struct ride {
	struct cell *cell;
	const struct mechanism *mechanism;
	struct channel channel;
	unsigned int count;		/* of messages */
	unsigned int riders;
	struct rider *rider;		/* RIDERS_MAX of them */
	pid_t pid[RIDERS_MAX];
	bool traced;			/* once warm they stop for their tracer */
};

/*
 * Opens it for @count messages of @size bytes. False: it cannot; the reason is in
 * the channel.
 */
bool ride_open(struct ride *ride, struct cell *cell, uint32_t size, unsigned int count);

/* Starts the processes; if @ride->traced each stops by SIGSTOP before what counts. */
void ride_start(struct ride *ride);

/* Waits for them. False: one failed, and says so in the evidence. */
bool ride_finish(struct ride *ride);

void ride_close(struct ride *ride);

/* Sums over the processes. */
uint64_t ride_copied(const struct ride *ride);
uint64_t ride_syscalls(const struct ride *ride);
uint64_t ride_cpu_ns(const struct ride *ride);

/* mechanism_find(), unless a test puts a mechanism of its own in. */
extern const struct mechanism *(*ride_mechanism)(const char *name);

/* The system call that marks begin and end of what is to be counted. */
#define RIDE_MARK	SYS_getppid

#endif
