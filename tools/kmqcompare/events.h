/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel events that a process causes, counted by the kernel: perf counters on
 * its tracepoints. They need root (or perf_event_paranoid at -1) and tracefs,
 * and they slow down what they count.
 */
#ifndef KMQCOMPARE_EVENTS_H
#define KMQCOMPARE_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

enum event_kind {
	EVENT_SYSCALL,		/* any system call */
	EVENT_SLAB,		/* kmalloc and kmem_cache_alloc */
	EVENT_PAGE,		/* allocations from the page allocator */
	EVENT_KINDS
};

/* How JSON says it. */
const char *event_name(enum event_kind kind);

/* The number that perf knows a tracepoint ("raw_syscalls/sys_enter") by; -1 if there is none, or not for us. */
long event_tracepoint(const char *tracepoint);

#define EVENT_SOURCES	8

/* Counters of the calling process. */
struct events {
	int fd[EVENT_SOURCES];
};

/* Opens them, stopped. False, and nothing is open, if they cannot be had. */
bool events_open(struct events *events);

void events_start(struct events *events);
void events_stop(struct events *events);

/* Adds what was counted to @totals and closes the counters. */
void events_finish(struct events *events, uint64_t totals[EVENT_KINDS]);

/*
 * Instructions of the calling process, in user space and in the kernel, counted
 * by the processor where it can and the kernel lets us.
 */
struct instructions {
	int fd;
};

void instructions_open(struct instructions *instructions);
void instructions_start(struct instructions *instructions);

/* Since the start; 0 if they cannot be counted. */
uint64_t instructions_finish(struct instructions *instructions);

#endif
