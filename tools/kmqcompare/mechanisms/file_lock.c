// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plain file with record locks: what processes did before there was anything
 * else. The file holds two numbers and the slots of a ring; who wants to send or
 * receive locks the numbers (fcntl(2), F_SETLKW: sleeps while another holds them),
 * reads and writes by pread(2) and pwrite(2), and unlocks. Nothing wakes anybody when
 * a message comes or goes: who finds the file empty or full asks again.
 */
#include "../mechanism.h"
#include "../shm_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/uio.h>
#include <unistd.h>

/* At the beginning of the file; both only grow. */
struct counts {
	uint64_t sent;
	uint64_t received;
};

#define SLOTS_AT	4096

static int set_lock(struct channel *channel, short type)
{
	struct flock range = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_len = sizeof(struct counts),
	};
	int failed;

	do
		failed = SYSCALL(channel, fcntl(channel->fd[0], F_SETLKW, &range));
	while (failed && errno == EINTR);
	return failed;
}

static int lock_counts(struct channel *channel, struct counts *counts)
{
	if (set_lock(channel, F_WRLCK))
		return -1;
	return SYSCALL(channel, pread(channel->fd[0], counts, sizeof(*counts), 0)) ==
	       sizeof(*counts) ? 0 : -1;
}

static off_t slot_offset(const struct channel *channel, uint64_t number)
{
	return SLOTS_AT + (off_t)(number % channel->capacity) * (sizeof(uint32_t) + channel->size);
}

static int store_count(struct channel *channel, uint64_t count, off_t where)
{
	return SYSCALL(channel, pwrite(channel->fd[0], &count, sizeof(count), where)) ==
	       sizeof(count) ? 0 : -1;
}

static int file_lock_send(struct channel *channel, void *body, uint32_t size)
{
	struct iovec slot[] = { { &size, sizeof(size) }, { body, size } };
	struct counts counts;

	if (lock_counts(channel, &counts))
		return -1;
	while (counts.sent - counts.received == channel->capacity) {
		if (set_lock(channel, F_UNLCK))
			return -1;
		SYSCALL(channel, sched_yield());
		if (lock_counts(channel, &counts))
			return -1;
	}
	if (SYSCALL(channel, pwritev(channel->fd[0], slot, 2, slot_offset(channel, counts.sent))) !=
	    (ssize_t)(sizeof(size) + size))
		return -1;
	COPIED(channel, size);
	if (store_count(channel, counts.sent + 1, offsetof(struct counts, sent)))
		return -1;
	return set_lock(channel, F_UNLCK);
}

static ssize_t file_lock_receive(struct channel *channel, void *body, uint32_t room)
{
	uint32_t size;
	struct iovec slot[] = { { &size, sizeof(size) }, { body, room } };
	struct counts counts;

	if (lock_counts(channel, &counts))
		return -1;
	while (counts.sent == counts.received) {
		if (set_lock(channel, F_UNLCK))
			return -1;
		SYSCALL(channel, sched_yield());
		if (lock_counts(channel, &counts))
			return -1;
	}
	if (SYSCALL(channel, preadv(channel->fd[0], slot, 2,
				    slot_offset(channel, counts.received))) < (ssize_t)sizeof(size))
		return -1;
	COPIED(channel, size);
	if (store_count(channel, counts.received + 1, offsetof(struct counts, received)) ||
	    set_lock(channel, F_UNLCK))
		return -1;
	return size;
}

static int file_lock_open(struct channel *channel)
{
	channel->fd[0] = temporary_file();
	if (channel->fd[0] < 0)
		return channel_refuse(channel, "no file in $TMPDIR or /tmp");
	errno = posix_fallocate(channel->fd[0], 0, slot_offset(channel, channel->capacity - 1) +
						   sizeof(uint32_t) + channel->size);
	if (!errno)
		return 0;
	close(channel->fd[0]);
	return channel_refuse(channel, "no room for the file");
}

static void file_lock_close(struct channel *channel)
{
	close(channel->fd[0]);
}

const struct mechanism mechanism_file_lock = {
	.name = "file-lock",
	.title = "file + locks",
	.about = "A plain file, read and written by pread(2) and pwrite(2) under fcntl(2) "
		 "record locks; nothing tells of a message, so who finds the file empty or "
		 "full asks again after sched_yield(2).",
	.traits = MECHANISM_SPINS,
	.open = file_lock_open,
	.close = file_lock_close,
	.send = file_lock_send,
	.receive = file_lock_receive,
};
