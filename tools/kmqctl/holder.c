// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account.h"
#include "holder.h"
#include "memory.h"
#include "sysroot.h"
#include "text.h"

/* How /proc shows an attachment, as a link and in a line of maps. */
#define RING_LINK	"anon_inode:[kmq-ring]"

static bool is_number(const char *name)
{
	return *name && !name[strspn(name, "0123456789")];
}

/* Where a link of /proc/PID/fd leads if it is one of ours. A chroot or a mount
 * may show the node elsewhere than below /dev.
 */
static bool is_kmq_link(const char *target)
{
	return strstr(target, "/kmq/") || !strcmp(target, "anon_inode:[kmq]") ||
	       !strcmp(target, RING_LINK);
}

static bool is_control_link(const char *target)
{
	static const char name[] = "/kmq/" KMQ_CONTROL_NAME;
	const char *base = strstr(target, name);

	return base && !base[sizeof(name) - 1];
}

/* What the module writes of the descriptor. False if it is not a queue's. */
static bool read_fdinfo(struct holder *holder)
{
	char path[64], content[2048];
	const char *id, *name;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", holder->pid, holder->fd);
	if (sysroot_read(path, content, sizeof(content)) < 0)
		return false;
	id = strstr(content, "kmq-id:\t");
	name = strstr(content, "kmq-queue:\t");
	if (!id || !name)
		return false;
	holder->id = (uint32_t)strtoul(id + strlen("kmq-id:\t"), NULL, 10);
	name += strlen("kmq-queue:\t");
	snprintf(holder->queue, sizeof(holder->queue), "%.*s", (int)strcspn(name, "\n"), name);
	return true;
}

static void read_process(struct holder *holder)
{
	char path[64], *whole;
	struct stat status;

	snprintf(path, sizeof(path), "/proc/%d/comm", holder->pid);
	if (sysroot_read(path, holder->command, sizeof(holder->command)) < 0)
		strcpy(holder->command, "?");
	whole = sysroot_path("/proc/%d", holder->pid);
	if (!stat(whole, &status))
		holder->uid = status.st_uid;
	free(whole);
}

static void holders_add(struct holders *holders, const struct holder *holder)
{
	holders->list = memory_resize(holders->list, holders->count + 1, sizeof(*holder));
	holders->list[holders->count++] = *holder;
}

static void look_at_descriptor(struct holders *holders, DIR *directory, pid_t pid,
			       const char *number)
{
	struct holder holder = { .pid = pid, .fd = atoi(number) };
	char target[512];
	ssize_t length;

	length = readlinkat(dirfd(directory), number, target, sizeof(target) - 1);
	if (length < 0)
		return;
	target[length] = '\0';
	if (!is_kmq_link(target))
		return;
	if (is_control_link(target))
		strcpy(holder.queue, KMQ_CONTROL_NAME);
	else if (!read_fdinfo(&holder))
		return;
	holder.ring = !strcmp(target, RING_LINK);
	read_process(&holder);
	holders_add(holders, &holder);
}

static bool maps_a_ring(pid_t pid)
{
	char *path = sysroot_path("/proc/%d/maps", pid), *line = NULL;
	FILE *maps = fopen(path, "re");
	bool found = false;
	size_t room = 0;

	free(path);
	if (!maps)
		return false;
	while (!found && getline(&line, &room, maps) > 0)
		found = strstr(line, RING_LINK);
	free(line);
	fclose(maps);
	return found;
}

/* A ring that is mapped holds the module without a descriptor, too. */
static void look_at_mappings(struct holders *holders, pid_t pid)
{
	struct holder holder = { .pid = pid, .fd = -1 };

	for (size_t i = holders->count; i-- && holders->list[i].pid == pid;) {
		if (holders->list[i].ring)
			return;
	}
	if (!maps_a_ring(pid))
		return;
	read_process(&holder);
	holders_add(holders, &holder);
}

static void look_at_process(struct holders *holders, pid_t pid)
{
	char *path = sysroot_path("/proc/%d/fd", pid);
	DIR *directory = opendir(path);
	struct dirent *entry;

	free(path);
	if (!directory) {
		/* One that has ended meanwhile holds nothing. */
		if (errno == EACCES)
			holders->complete = false;
		return;
	}
	while ((entry = readdir(directory))) {
		if (is_number(entry->d_name))
			look_at_descriptor(holders, directory, pid, entry->d_name);
	}
	closedir(directory);
	look_at_mappings(holders, pid);
}

struct holders holders_find(void)
{
	struct holders holders = { .complete = true };
	char *path = sysroot_path("/proc");
	DIR *directory = opendir(path);
	struct dirent *entry;

	free(path);
	if (!directory) {
		holders.complete = false;
		return holders;
	}
	while ((entry = readdir(directory))) {
		pid_t pid = is_number(entry->d_name) ? atoi(entry->d_name) : 0;

		if (pid)
			look_at_process(&holders, pid);
	}
	closedir(directory);
	return holders;
}

void holders_free(struct holders *holders)
{
	free(holders->list);
	holders->list = NULL;
	holders->count = 0;
}

/* A process may call itself anything; JSON is UTF-8. */
static struct json_object *command_json(const char *command)
{
	size_t length = strlen(command);
	struct json_object *value;
	char *text;

	if (text_is_utf8(command, length))
		return json_object_new_string(command);
	text = text_escape(command, length, 0);
	value = json_object_new_string(text);
	free(text);
	return value;
}

struct json_object *holder_json(const struct holder *holder)
{
	struct json_object *object = memory_check(json_object_new_object());

	json_object_object_add(object, "pid", json_object_new_int(holder->pid));
	json_object_object_add(object, "command", command_json(holder->command));
	json_object_object_add(object, "user", account_user(holder->uid));
	json_object_object_add(object, "uid", json_object_new_int64(holder->uid));
	json_object_object_add(object, "fd", json_object_new_int(holder->fd));
	json_object_object_add(object, "queue",
			       *holder->queue ? json_object_new_string(holder->queue) : NULL);
	json_object_object_add(object, "queue_id",
			       holder->id ? json_object_new_int64(holder->id) : NULL);
	return object;
}
