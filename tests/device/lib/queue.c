// SPDX-License-Identifier: GPL-2.0-only
/* Queues: made, found, counted, and their ledger. */
#include "kmq_test.h"

pid_t test_pid;

static int control_fd = -1;

int control(void)
{
	if (control_fd < 0)
		control_fd = CHECK_OK(open("/dev/kmq/control", O_RDWR | O_CLOEXEC));
	return control_fd;
}

void close_control(void)
{
	if (control_fd >= 0)
		close(control_fd);
	control_fd = -1;
}

int queue_create(struct kmq_create create)
{
	return CHECK_OK(ioctl(control(), KMQ_CTL_CREATE, &create));
}

void queue_name(char name[KMQ_NAME_SIZE])
{
	static unsigned int count;

	memset(name, 0, KMQ_NAME_SIZE);
	snprintf(name, KMQ_NAME_SIZE, NAME_PREFIX "%u", test_pid, ++count);
}

int queue_named(char name[KMQ_NAME_SIZE], struct kmq_create create)
{
	queue_name(name);
	memcpy(create.name, name, KMQ_NAME_SIZE);
	create.flags |= KMQ_CREATE_EXCLUSIVE | KMQ_CREATE_OPEN;
	create.lifetime = KMQ_LIFETIME_EPHEMERAL;
	return queue_create(create);
}

char *queue_path(const char *name)
{
	static char path[sizeof("/dev/kmq/") + KMQ_NAME_SIZE];

	snprintf(path, sizeof(path), "/dev/kmq/%s", name);
	return path;
}

int queue_open(const char *name, int flags)
{
	return CHECK_OK(open(queue_path(name), flags | O_CLOEXEC));
}

int queue_remove(const char *name)
{
	struct kmq_remove removal = {};

	memcpy(removal.name, name, strnlen(name, KMQ_NAME_SIZE));
	return ioctl(control(), KMQ_CTL_REMOVE, &removal);
}

int queue_count(void)
{
	struct kmq_info info = {};
	int count = 0;

	while (!ioctl(control(), KMQ_CTL_NEXT, &info)) {
		memset(info.reserved, 0, sizeof(info.reserved));
		count++;
	}
	CHECK_EQ(errno, ENOENT);
	return count;
}

void queue_remove_prefix(const char *prefix)
{
	struct kmq_info info = {};

	while (!ioctl(control(), KMQ_CTL_NEXT, &info))
		if (info.name[0] && !strncmp(info.name, prefix, strlen(prefix)))
			queue_remove(info.name);
}

bool info_balances(const struct kmq_info *info)
{
	return info->sent == info->received + info->queued + info->leased +
			     info->dropped + info->purged + info->abandoned;
}

void info_print(const struct kmq_info *info)
{
	fprintf(stderr,
		"# queue %u: sent %llu = received %llu + queued %llu + leased %llu + dropped %llu + purged %llu + abandoned %llu; returned %llu, rejected %llu, calls %llu, replies %llu, bytes %llu, peak %llu, blocked %u/%u/%u\n",
		info->id, (unsigned long long)info->sent,
		(unsigned long long)info->received, (unsigned long long)info->queued,
		(unsigned long long)info->leased, (unsigned long long)info->dropped,
		(unsigned long long)info->purged, (unsigned long long)info->abandoned,
		(unsigned long long)info->returned,
		(unsigned long long)info->rejected, (unsigned long long)info->calls,
		(unsigned long long)info->replies, (unsigned long long)info->bytes,
		(unsigned long long)info->peak, info->blocked_senders,
		info->blocked_receivers, info->blocked_callers);
}

struct kmq_info info_of(int fd)
{
	struct kmq_info info;

	memset(&info, 0xa5, sizeof(info));
	CHECK_OK(ioctl(fd, KMQ_IOC_INFO, &info));
	if (!info_balances(&info)) {
		info_print(&info);
		FAIL("the ledger does not balance");
	}
	CHECK_EQ(info.reserved[0], 0);
	if (info.kind == KMQ_KIND_RING) {
		CHECK(info.bytes <= info.byte_limit);
		return info;
	}
	CHECK(info.queued || info.leased || !info.bytes);
	CHECK(info.peak <= info.sent && info.peak >= info.queued + info.leased);
	CHECK(!info.abandoned && !info.ring_mode && !info.attachments && !info.ring_flags &&
	      !info.deaths);
	return info;
}

void ledger_expect(const char *file, int line, int fd, struct kmq_info expected)
{
	struct kmq_info info = info_of(fd);

	if (info.sent == expected.sent && info.received == expected.received &&
	    info.queued == expected.queued && info.leased == expected.leased &&
	    info.dropped == expected.dropped && info.purged == expected.purged &&
	    info.abandoned == expected.abandoned)
		return;
	info_print(&info);
	check_failed(file, line,
		     "expected sent %llu = received %llu + queued %llu + leased %llu + dropped %llu + purged %llu + abandoned %llu",
		     (unsigned long long)expected.sent,
		     (unsigned long long)expected.received,
		     (unsigned long long)expected.queued,
		     (unsigned long long)expected.leased,
		     (unsigned long long)expected.dropped,
		     (unsigned long long)expected.purged,
		     (unsigned long long)expected.abandoned);
}

void wait_blocked_receivers(int fd, unsigned int count)
{
	WAIT_UNTIL(info_of(fd).blocked_receivers == count);
}

void wait_blocked_senders(int fd, unsigned int count)
{
	WAIT_UNTIL(info_of(fd).blocked_senders == count);
}

void wait_blocked_callers(int fd, unsigned int count)
{
	WAIT_UNTIL(info_of(fd).blocked_callers == count);
}
