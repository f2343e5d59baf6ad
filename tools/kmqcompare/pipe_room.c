// SPDX-License-Identifier: GPL-2.0-only
/*
 * The capacity of a pipe is a power of two of pages. A message of up to a page lies
 * in one page: with those before it, if it fits in behind them. The page that is
 * being read takes no new messages; so where several share a page, one page more than
 * the messages need is asked for. What is told is what fits in without that page; what
 * fits in with it, and in whole pages that were not asked for, is told as the most.
 */
#include "pipe_room.h"

#include "sysctl.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

static long pages_of(long bytes)
{
	long page = sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page;
}

static long pages_wanted(const struct channel *channel, long per_page)
{
	if (per_page > 1)
		return (channel->capacity + per_page - 1) / per_page + 1;
	return channel->capacity * pages_of(channel->size);
}

static uint32_t messages_in(const struct channel *channel, long pages, long per_page)
{
	long messages = per_page > 1 ? (pages - 1) * per_page : pages / pages_of(channel->size);

	/* A message longer than all of it is written and read in pieces. */
	return messages > 1 ? messages : 1;
}

/*
 * What an empty pipe takes. What a message of more than a page leaves over is put into
 * the page where the one before it ended, if it fits in there; the whole pages of it
 * follow, and so no third shares that page.
 */
static uint32_t most_in(const struct channel *channel, long pages, long per_page)
{
	long page = sysconf(_SC_PAGESIZE);
	long each = pages_of(channel->size), rest = channel->size % page;

	if (per_page > 1)
		return pages * per_page;
	if (channel->size < page || !rest || 2 * rest > page)
		return pages / each;
	return pages / (2 * each - 1) * 2 + (pages % (2 * each - 1) >= each);
}

void pipe_set_room(struct channel *channel, int fd)
{
	long page = sysconf(_SC_PAGESIZE);
	long per_page = page / channel->size;
	long bytes = pages_wanted(channel, per_page) * page, pages;
	uint32_t most;

	/* Refused above that limit to the unprivileged. */
	if (bytes > INT_MAX || fcntl(fd, F_SETPIPE_SZ, (int)bytes) < 0)
		fcntl(fd, F_SETPIPE_SZ, (int)sysctl_read("/proc/sys/fs/pipe-max-size"));
	pages = fcntl(fd, F_GETPIPE_SZ) / page;
	channel->capacity = messages_in(channel, pages, per_page);
	most = most_in(channel, pages, per_page);
	channel->most = most > channel->capacity ? most : 0;
}

const char *pipe_unfit(const struct shape *shape)
{
	if (shape->size <= PIPE_BUF || (shape->senders == 1 && shape->receivers == 1))
		return NULL;
	return shape->senders > 1 ? "messages of several writers mix above 4096 bytes (PIPE_BUF)"
				  : "several readers share messages above 4096 bytes (PIPE_BUF)";
}

unsigned int pipe_batch(const struct channel *channel, unsigned int count)
{
	unsigned int most = channel->capacity;

	if (channel->shape.senders > 1 || channel->shape.receivers > 1)
		most = PIPE_BUF / channel->size;
	return count < most ? count : most;
}
