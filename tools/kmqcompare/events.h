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

#endif
