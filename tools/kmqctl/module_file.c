// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <fts.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"
#include "module_file.h"
#include "sysroot.h"

#define SIZE_LIMIT	(64u << 20)

static const char vermagic_key[] = "vermagic=";
static const char signature_mark[] = "~Module signature appended~\n";

extern char **environ;

static bool is_module_name(const char *name)
{
	static const char *const names[] = { "kmq.ko", "kmq.ko.xz", "kmq.ko.zst", "kmq.ko.gz" };

	for (size_t i = 0; i < 4; i++) {
		if (!strcmp(name, names[i]))
			return true;
	}
	return false;
}

char *module_file_find(const char *release)
{
	char *directory = sysroot_path("/lib/modules/%s", release);
	char *const roots[] = { directory, NULL };
	char *found = NULL;
	FTSENT *entry;
	FTS *walk;

	/* Physical: the links "build" and "source" lead to whole source trees. The
	 * directory itself may be a link.
	 */
	walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
	while (walk && !found && (entry = fts_read(walk))) {
		if (entry->fts_info != FTS_D && is_module_name(entry->fts_name))
			found = memory_print("%s", entry->fts_path);
	}
	if (walk)
		fts_close(walk);
	free(directory);
	return found;
}

bool module_file_is_indexed(const char *release)
{
	char *path = sysroot_path("/lib/modules/%s/modules.dep", release);
	FILE *file = fopen(path, "re");
	bool found = false;
	char *line = NULL;
	size_t room = 0;

	free(path);
	while (file && !found && getline(&line, &room, file) > 0) {
		const char *base;

		line[strcspn(line, ":")] = '\0';
		base = strrchr(line, '/');
		found = is_module_name(base ? base + 1 : line);
	}
	free(line);
	if (file)
		fclose(file);
	return found;
}

char *module_file_other_release(const char *release)
{
	char *path = sysroot_path("/lib/modules");
	DIR *directory = opendir(path);
	char *other = NULL;
	struct dirent *entry;

	free(path);
	while (directory && !other && (entry = readdir(directory))) {
		char *file;

		if (*entry->d_name == '.' || !strcmp(entry->d_name, release))
			continue;
		file = module_file_find(entry->d_name);
		if (file)
			other = memory_print("%s", entry->d_name);
		free(file);
	}
	if (directory)
		closedir(directory);
	return other;
}

int module_file_parse(const void *bytes, size_t size, struct module_file *file)
{
	const size_t mark = sizeof(signature_mark) - 1;
	const char *end = (const char *)bytes + size;
	const char *magic;

	if (size < sizeof(Elf64_Ehdr) || memcmp(bytes, ELFMAG, SELFMAG))
		return -1;
	magic = memmem(bytes, size, vermagic_key, sizeof(vermagic_key) - 1);
	if (!magic)
		return -1;
	magic += sizeof(vermagic_key) - 1;
	snprintf(file->vermagic, sizeof(file->vermagic), "%.*s",
		 (int)strnlen(magic, (size_t)(end - magic)), magic);
	file->is_signed = size >= mark && !memcmp(end - mark, signature_mark, mark);
	return 0;
}

static const char *const *unpacker_for(const char *path)
{
	static const struct {
		const char *suffix;
		const char *command[3];
	} unpackers[] = {
		{ ".xz", { "xz", "-dc", NULL } },
		{ ".zst", { "zstd", "-dcq", NULL } },
		{ ".gz", { "gzip", "-dc", NULL } },
	};
	const char *suffix = strrchr(path, '.');

	for (size_t i = 0; suffix && i < 3; i++) {
		if (!strcmp(suffix, unpackers[i].suffix))
			return unpackers[i].command;
	}
	return NULL;
}

/* Starts the unpacker with @from as its input. Its output, or -1. */
static int unpack(const char *const *command, int from, pid_t *child)
{
	posix_spawn_file_actions_t actions;
	int ends[2], error;

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, from, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	error = posix_spawnp(child, command[0], &actions, NULL, (char **)command, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (!error)
		return ends[0];
	close(ends[0]);
	return -1;
}

static int read_all(int fd, struct module_file *file)
{
	size_t room = 1u << 20, used = 0;
	char *bytes = memory_get(room);
	ssize_t got;
	int result;

	while ((got = read(fd, bytes + used, room - used)) > 0 && used < SIZE_LIMIT) {
		used += (size_t)got;
		if (used < room)
			continue;
		room *= 2;
		bytes = memory_resize(bytes, room, 1);
	}
	result = got < 0 ? -1 : module_file_parse(bytes, used, file);
	free(bytes);
	return result;
}

static int read_unpacked(int fd, const char *const *command, struct module_file *file)
{
	pid_t child;
	int out, result;

	out = unpack(command, fd, &child);
	if (out < 0)
		return -1;
	result = read_all(out, file);
	close(out);
	waitpid(child, NULL, 0);
	return result;
}

int module_file_read(const char *path, struct module_file *file)
{
	const char *const *command = unpacker_for(path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int result;

	if (fd < 0)
		return -1;
	result = command ? read_unpacked(fd, command, file) : read_all(fd, file);
	close(fd);
	return result;
}
