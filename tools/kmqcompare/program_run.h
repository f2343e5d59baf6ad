/* SPDX-License-Identifier: GPL-2.0-only */
/* One run of a program that knows nothing of being measured. */
#ifndef KMQCOMPARE_PROGRAM_RUN_H
#define KMQCOMPARE_PROGRAM_RUN_H

#include "outputs.h"

#include <stdbool.h>
#include <stdint.h>

/* Of what it writes, in this order. */
enum { STREAM_OUTPUT, STREAM_ERROR, STREAMS };

/**
 * struct program - what is run
 * @arguments: its name first, NULL last
 * @preload: what LD_PRELOAD is; NULL: as it is here
 * @timeout_ns: a run that takes longer is killed; 0: none
 * @counting: also its system calls, by a tracepoint, which slows it down
 */
struct program {
	char **arguments;
	const char *preload;
	uint64_t timeout_ns;
	bool counting;
};

/**
 * struct program_run - what it took: of the program and of all descendants that
 *	were waited for when it ended
 * @status: as wait(2) has it
 * @late: it was killed for taking too long
 * @instructions: of user space and kernel, by the processor's counter; 0: not to be had
 * @syscalls: if they were counted; 0: not to be had
 * @streams: what was written; to be given back by program_forget()
 */
struct program_run {
	int status;
	bool late;
	uint64_t elapsed_ns;
	uint64_t user_ns;
	uint64_t system_ns;
	uint64_t switches;
	uint64_t instructions;
	uint64_t syscalls;
	struct text streams[STREAMS];
};

/*
 * Its standard input is empty. It is a process group of its own, which is killed if
 * this program is interrupted meanwhile (program_catch()). False, with a sentence on
 * stderr, if it could not be run at all.
 */
bool program_run(const struct program *program, struct program_run *run);
void program_forget(struct program_run *run);

/* From now on SIGINT, SIGTERM and SIGHUP end the program that runs, and this one with 130. */
void program_catch(void);

#endif
