// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event-parse.h>
#include <tracefs.h>

#include "command.h"
#include "complain.h"
#include "memory.h"
#include "trace_record.h"

#define TRACING		"/sys/kernel/tracing"
#define SYSTEM		"kmq"

/* More than anyone looks at; beyond it they count as lost. */
#define MOST_EVENTS	1000000

/* The numbers in a tracepoint's record, by name. */
enum field {
	FIELD_QUEUE, FIELD_SEQUENCE, FIELD_TYPE, FIELD_PRIORITY, FIELD_SIZE, FIELD_PID,
	FIELD_TID, FIELD_SIDE, FIELD_RESULT, FIELD_QUEUED, FIELD_BLOCKED, FIELD_LEASE,
	FIELD_REDELIVERIES, FIELD_ATTACHMENT, FIELD_PARTIES, FIELD_COUNT, FIELD_ASKED,
	FIELD_KIND, FIELD_POLICY, FIELD_CAPACITY,
	FIELD_NUMBERS,
	FIELD_NAME = FIELD_NUMBERS, FIELD_COMM,
	FIELDS
};

static const char *const field_names[FIELDS] = {
	"queue", "sequence", "type", "priority", "size", "pid",
	"tid", "side", "result", "queued", "blocked", "lease",
	"redeliveries", "attachment", "parties", "count", "asked",
	"kind", "policy", "capacity",
	"name", "comm",
};

/* A tracepoint of this kernel: which of the fields it has, and where. */
struct format {
	bool known;
	struct tep_format_field *fields[FIELDS];
};

struct trace_record {
	const char *directory;		/* of tracefs */
	const char *pattern;
	char *name;			/* of the instance */
	struct tracefs_instance *instance;
	struct tep_handle *tep;
	struct format formats[TRACE_KINDS];
	struct trace_window window;
	pid_t guard;
	int guard_pipe;			/* the guard waits for its end */
};

static char *path_of(const struct trace_record *record, const char *below)
{
	return memory_print("%s/%s", record->directory, below);
}

static bool exists(const struct trace_record *record, const char *below)
{
	char *path = path_of(record, below);
	bool there = !access(path, F_OK);

	free(path);
	return there;
}

/* Where tracefs is; mounted, if that is all that is missing. */
static int find_tracing(struct trace_record *record)
{
	static const char *const places[] = { TRACING, "/sys/kernel/debug/tracing" };

	if (!geteuid() && access(TRACING "/events", F_OK) && !access(TRACING, F_OK))
		mount("tracefs", TRACING, "tracefs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		record->directory = places[i];
		if (exists(record, "events"))
			return STATUS_OK;
		if (errno == EACCES)
			return complain("tracing is for root: run it with sudo");
	}
	if (geteuid())
		return complain("tracing is for root: run it with sudo");
	return complain("there is no tracefs: the kernel was built without tracing "
			"(CONFIG_FTRACE), or " TRACING " cannot be mounted here");
}

static int check_tracing(struct trace_record *record)
{
	char *instances;
	int denied, status;

	status = find_tracing(record);
	if (status)
		return status;
	instances = path_of(record, "instances");
	denied = access(instances, W_OK) ? errno : 0;
	free(instances);
	if (denied == EACCES || denied == EROFS)
		return complain("tracing is for root: run it with sudo");
	if (denied)
		return complain("the kernel has no instances of tracing: %s", strerror(denied));
	if (exists(record, "events/" SYSTEM))
		return STATUS_OK;
	if (!access("/sys/module/kmq", F_OK))
		return complain("the module that is loaded has no tracepoints: it is older than "
				"this kmqctl, or its kernel has none");
	return complain("the module is not loaded, so there is nothing to trace; "
			"'kmqctl doctor' tells why if it does not load");
}

/*
 * A child that outlives us, however we end, and removes the instance then. It is
 * made before any file of the instance is open, since those would keep it.
 */
static _Noreturn void guard(const char *instance, int end)
{
	char byte;

	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	setsid();
	while (read(end, &byte, 1) < 0 && errno == EINTR)
		;
	for (int tries = 0; rmdir(instance) && errno == EBUSY && tries < 50; tries++)
		usleep(20000);
	_exit(0);
}

static int post_guard(struct trace_record *record)
{
	char *instance = memory_print("%s/instances/%s", record->directory, record->name);
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return complain("cannot make a pipe: %s", strerror(errno));
	record->guard = fork();
	if (!record->guard) {
		close(ends[1]);
		/* Nobody who reads our output waits for the guard. */
		close(STDIN_FILENO);
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		guard(instance, ends[0]);
	}
	close(ends[0]);
	record->guard_pipe = ends[1];
	free(instance);
	if (record->guard < 0)
		return complain("cannot fork: %s", strerror(errno));
	return STATUS_OK;
}

/* Only a matter of room in the buffers: what comes through is matched again. */
static void filter_in_kernel(struct trace_record *record)
{
	static const char harmless[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789._-*?";
	char *filter;

	if (!record->pattern || !*record->pattern ||
	    record->pattern[strspn(record->pattern, harmless)])
		return;
	filter = memory_print("name ~ \"%s\"", record->pattern);
	tracefs_instance_file_write(record->instance, "events/" SYSTEM "/filter", filter);
	free(filter);
}

static int set_buffer(const struct trace_record *record, uint64_t kibibytes)
{
	char *text = memory_print("%" PRIu64, kibibytes);
	int written = tracefs_instance_file_write(record->instance, "buffer_size_kb", text);

	free(text);
	return written < 0 ? -1 : 0;
}

static int set_up_instance(struct trace_record *record, uint64_t buffer)
{
	record->instance = tracefs_instance_create(record->name);
	if (!record->instance)
		return complain("cannot make an instance of tracing: %s", strerror(errno));
	if (tracefs_instance_file_write(record->instance, "trace_clock", "mono") < 0)
		return complain("cannot set the clock of the trace: %s", strerror(errno));
	if (set_buffer(record, (buffer + 1023) / 1024))
		return complain("the kernel has no room for buffers of this size");
	filter_in_kernel(record);
	return STATUS_OK;
}

static void find_formats(struct trace_record *record)
{
	for (size_t kind = 0; kind < TRACE_KINDS; kind++) {
		char *name = memory_print(SYSTEM "_%s", trace_kind_name(kind));
		struct tep_event *event = tep_find_event_by_name(record->tep, SYSTEM, name);
		struct format *format = &record->formats[kind];

		free(name);
		if (!event)
			continue;
		format->known = true;
		for (size_t i = 0; i < FIELDS; i++)
			format->fields[i] = tep_find_field(event, field_names[i]);
	}
}

static int read_formats(struct trace_record *record)
{
	static const char *const systems[] = { SYSTEM, NULL };

	record->tep = tracefs_local_events_system(record->directory, systems);
	if (!record->tep)
		return complain("cannot read the formats of the tracepoints: %s", strerror(errno));
	find_formats(record);
	return STATUS_OK;
}

int trace_record_open(struct trace_record **made, const char *pattern, uint64_t buffer)
{
	struct trace_record *record = memory_get(sizeof(*record));
	int status;

	record->pattern = pattern;
	record->guard_pipe = -1;
	record->guard = -1;
	record->name = memory_print("kmqctl-%d", (int)getpid());
	status = check_tracing(record);
	if (!status)
		status = read_formats(record);
	if (!status)
		status = post_guard(record);
	if (!status)
		status = set_up_instance(record, buffer);
	if (status)
		trace_record_close(record);
	else
		*made = record;
	return status;
}

int trace_record_start(struct trace_record *record)
{
	if (tracefs_event_enable(record->instance, SYSTEM, NULL))
		return complain("cannot switch the tracepoints on: %s", strerror(errno));
	return STATUS_OK;
}

static uint64_t number(const struct format *format, enum field field, const void *data)
{
	unsigned long long value = 0;

	if (format->fields[field])
		tep_read_number_field(format->fields[field], data, &value);
	return value;
}

static void text(const struct format *format, enum field field, const char *data, char *to,
		 size_t room)
{
	const struct tep_format_field *of = format->fields[field];
	size_t size = of ? (size_t)of->size : 0;

	memset(to, 0, room);
	if (of)
		memcpy(to, data + of->offset, size < room - 1 ? size : room - 1);
}

static void decode(const struct format *format, const void *data, struct trace_event *event)
{
	event->queue = (uint32_t)number(format, FIELD_QUEUE, data);
	event->sequence = number(format, FIELD_SEQUENCE, data);
	event->type = (int64_t)number(format, FIELD_TYPE, data);
	event->priority = (uint32_t)number(format, FIELD_PRIORITY, data);
	event->size = (uint32_t)number(format, FIELD_SIZE, data);
	event->pid = (int32_t)number(format, FIELD_PID, data);
	event->tid = (int32_t)number(format, FIELD_TID, data);
	event->side = (uint32_t)number(format, FIELD_SIDE, data);
	event->result = (int32_t)number(format, FIELD_RESULT, data);
	event->span = number(format, FIELD_QUEUED, data) + number(format, FIELD_BLOCKED, data);
	event->lease = (uint32_t)number(format, FIELD_LEASE, data);
	event->redeliveries = (uint32_t)number(format, FIELD_REDELIVERIES, data);
	event->attachment = (uint32_t)number(format, FIELD_ATTACHMENT, data);
	event->parties = (uint32_t)number(format, FIELD_PARTIES, data);
	event->count = number(format, FIELD_COUNT, data) + number(format, FIELD_ASKED, data);
	event->queue_kind = (uint32_t)number(format, FIELD_KIND, data);
	event->policy = (uint32_t)number(format, FIELD_POLICY, data);
	event->capacity = (uint32_t)number(format, FIELD_CAPACITY, data);
	text(format, FIELD_NAME, data, event->name, sizeof(event->name));
	text(format, FIELD_COMM, data, event->comm, sizeof(event->comm));
}

static size_t kind_of(const char *name)
{
	size_t kind;

	for (kind = 0; kind < TRACE_KINDS; kind++) {
		if (!strcmp(name + strlen(SYSTEM "_"), trace_kind_name(kind)))
			break;
	}
	return kind;
}

static bool is_wanted(const struct trace_record *record, const struct trace_event *event)
{
	return !record->pattern || event->kind == TRACE_QUOTA ||
	       !fnmatch(record->pattern, event->name, 0);
}

static int take(struct tep_event *of, struct tep_record *raw, int cpu, void *context)
{
	struct trace_record *record = context;
	struct trace_window *window = &record->window;
	size_t kind = strncmp(of->name, SYSTEM "_", 4) ? TRACE_KINDS : kind_of(of->name);
	struct trace_event *event;

	/* A newer module's may be unknown here. */
	if (kind == TRACE_KINDS || !record->formats[kind].known)
		return 0;
	if (window->count == MOST_EVENTS) {
		window->lost++;
		return 0;
	}
	if (!(window->count & (window->count - 1)))
		window->events = memory_resize(window->events, window->count ? 2 * window->count : 1,
					       sizeof(*event));
	event = &window->events[window->count];
	memset(event, 0, sizeof(*event));
	event->time = raw->ts;
	event->kind = kind;
	decode(&record->formats[kind], raw->data, event);
	if (is_wanted(record, event))
		window->count++;
	return 0;
}

void trace_record_read(struct trace_record *record)
{
	tracefs_iterate_raw_events(record->tep, record->instance, NULL, 0, take, record);
}

/* What the kernel says of one processor's buffer; 0 if it has none. */
static uint64_t lost_of(const struct trace_record *record, int cpu)
{
	static const char *const words[] = { "\noverrun: ", "\ndropped events: " };
	char *path = memory_print("per_cpu/cpu%d/stats", cpu);
	char *stats = tracefs_instance_file_read(record->instance, path, NULL);
	uint64_t lost = 0;

	for (size_t i = 0; stats && i < sizeof(words) / sizeof(*words); i++) {
		const char *word = strstr(stats, words[i]);

		if (word)
			lost += strtoull(word + strlen(words[i]), NULL, 10);
	}
	free(stats);
	free(path);
	return lost;
}

void trace_record_stop(struct trace_record *record, struct trace_window *window)
{
	int processors = (int)sysconf(_SC_NPROCESSORS_CONF);

	tracefs_trace_off(record->instance);
	tracefs_event_disable(record->instance, SYSTEM, NULL);
	trace_record_read(record);
	for (int cpu = 0; cpu < processors; cpu++)
		record->window.lost += lost_of(record, cpu);
	*window = record->window;
	record->window = (struct trace_window){ 0 };
}

void trace_record_close(struct trace_record *record)
{
	if (record->instance) {
		tracefs_instance_destroy(record->instance);
		tracefs_instance_free(record->instance);
	}
	if (record->guard_pipe >= 0)
		close(record->guard_pipe);
	if (record->guard > 0)
		waitpid(record->guard, NULL, 0);
	if (record->tep)
		tep_free(record->tep);
	free(record->window.events);
	free(record->name);
	free(record);
}
