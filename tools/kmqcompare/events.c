// SPDX-License-Identifier: GPL-2.0-only
#include "events.h"

#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A kernel has some of these; older ones have the _node variants apart. */
static const struct source {
	enum event_kind kind;
	const char *tracepoint;
} sources[EVENT_SOURCES] = {
	{ EVENT_SYSCALL, "raw_syscalls/sys_enter" },
	{ EVENT_SLAB, "kmem/kmalloc" },
	{ EVENT_SLAB, "kmem/kmalloc_node" },
	{ EVENT_SLAB, "kmem/kmem_cache_alloc" },
	{ EVENT_SLAB, "kmem/kmem_cache_alloc_node" },
	{ EVENT_PAGE, "kmem/mm_page_alloc" },
};

const char *event_name(enum event_kind kind)
{
	static const char *const names[EVENT_KINDS] = {
		[EVENT_SYSCALL] = "syscalls",
		[EVENT_SLAB] = "slab_allocations",
		[EVENT_PAGE] = "page_allocations",
	};

	return names[kind];
}

long event_tracepoint(const char *tracepoint)
{
	static const char *const roots[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	char path[128];
	long id = -1;

	for (size_t i = 0; i < sizeof(roots) / sizeof(*roots) && id < 0; i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/events/%s/id", roots[i], tracepoint);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fscanf(file, "%ld", &id) != 1)
			id = -1;
		fclose(file);
	}
	return id;
}

static int open_counter(const char *tracepoint)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attributes),
		.disabled = 1,
	};
	long id = event_tracepoint(tracepoint);

	if (id < 0)
		return -1;
	attributes.config = id;
	return syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static void close_all(struct events *events)
{
	for (int i = 0; i < EVENT_SOURCES; i++)
		if (events->fd[i] >= 0)
			close(events->fd[i]);
}

bool events_open(struct events *events)
{
	bool have[EVENT_KINDS] = { false };

	memset(events->fd, -1, sizeof(events->fd));
	for (int i = 0; i < EVENT_SOURCES && sources[i].tracepoint; i++) {
		events->fd[i] = open_counter(sources[i].tracepoint);
		if (events->fd[i] >= 0)
			have[sources[i].kind] = true;
	}
	for (int kind = 0; kind < EVENT_KINDS; kind++) {
		if (have[kind])
			continue;
		close_all(events);
		return false;
	}
	return true;
}

static void control_all(struct events *events, unsigned long command)
{
	for (int i = 0; i < EVENT_SOURCES; i++)
		if (events->fd[i] >= 0)
			ioctl(events->fd[i], command, 0);
}

void events_start(struct events *events)
{
	control_all(events, PERF_EVENT_IOC_RESET);
	control_all(events, PERF_EVENT_IOC_ENABLE);
}

void events_stop(struct events *events)
{
	control_all(events, PERF_EVENT_IOC_DISABLE);
}

void events_finish(struct events *events, uint64_t totals[EVENT_KINDS])
{
	for (int i = 0; i < EVENT_SOURCES; i++) {
		uint64_t count = 0;

		if (events->fd[i] < 0)
			continue;
		if (read(events->fd[i], &count, sizeof(count)) == sizeof(count))
			totals[sources[i].kind] += count;
	}
	close_all(events);
}

void instructions_open(struct instructions *instructions)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attributes),
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.disabled = 1,
		.exclude_hv = 1,
	};

	instructions->fd = syscall(SYS_perf_event_open, &attributes, 0, -1, -1,
				   PERF_FLAG_FD_CLOEXEC);
}

void instructions_start(struct instructions *instructions)
{
	if (instructions->fd >= 0)
		ioctl(instructions->fd, PERF_EVENT_IOC_ENABLE, 0);
}

uint64_t instructions_finish(struct instructions *instructions)
{
	uint64_t count = 0;

	if (instructions->fd < 0)
		return 0;
	ioctl(instructions->fd, PERF_EVENT_IOC_DISABLE, 0);
	if (read(instructions->fd, &count, sizeof(count)) != sizeof(count))
		count = 0;
	close(instructions->fd);
	return count;
}
