// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the control plane judges may be otherwise by the time that it acts. Each of
 * these goes on for a bounded time, or until it is wrong.
 */
#include <sched.h>
#include <sys/socket.h>

#include <linux/kmq_ring.h>

#include "lib/netlink.h"
#include "lib/ring.h"

#define OWNER 1000
#define MS 3000

static int new_of(struct nl *nl, const char *name, unsigned int uid)
{
	struct nl_request request;

	nl_begin(&request, nl, KMQ_CMD_QUEUE_NEW, NLM_F_EXCL);
	nl_put_text(&request, KMQ_A_NAME, name);
	nl_put_u32(&request, KMQ_A_UID, uid);
	nl_put_u32(&request, KMQ_A_CAPACITY, 16);
	nl_put_u32(&request, KMQ_A_MAX_MESSAGE, 64);
	return nl_transact(nl, &request, NULL);
}

static unsigned int owner_of(struct nl *nl, const char *name)
{
	struct nl_reply queue;

	CHECK_TAKEN(nl, nl_get(nl, name, &queue));
	return nl_number(&queue, KMQ_A_UID);
}

/* The owner, who sets, for ever, what is his; or is told that it is not. */
static void set_for_ever(const char *name, int attribute, __u32 one, __u32 other)
{
	struct nl nl;

	become_user(OWNER);
	nl = nl_open();
	for (;;) {
		if (nl_set_u32(&nl, name, attribute, one) < 0)
			CHECK_EQ(errno, EPERM);
		if (nl_set_u32(&nl, name, attribute, other) < 0)
			CHECK_EQ(errno, EPERM);
	}
}

TEST(who_gave_a_queue_away_does_not_get_it_back)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	uint64_t end;
	pid_t owner[4];
	int i;

	queue_name(name);
	CHECK_TAKEN(&nl, new_of(&nl, name, OWNER));
	for (i = 0; i < 3; i++)
		CHILD(owner[i])
			set_for_ever(name, KMQ_A_UID, OWNER, OWNER);
	/* For others to wait behind. */
	CHILD(owner[i])
		set_for_ever(name, KMQ_A_CAPACITY, 20000, 16);
	for (end = after_ms(MS); now() < end;) {
		CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_UID, 0));
		pause_ms(50);
		CHECK_EQ(owner_of(&nl, name), 0);
		CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_UID, OWNER));
		pause_ms(50);
	}
	for (i = 0; i < 4; i++)
		child_kill(owner[i]);
	CHECK_TAKEN(&nl, nl_del(&nl, name));
}

TEST(who_gave_a_queue_away_does_not_remove_it)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	uint64_t end;
	pid_t owner[3];
	int i;

	queue_name(name);
	for (i = 0; i < 3; i++)
		CHILD(owner[i]) {
			struct nl own;

			become_user(OWNER);
			for (own = nl_open();;)
				if (nl_del(&own, name) < 0)
					CHECK(errno == ENOENT || errno == EPERM);
		}
	for (end = after_ms(MS); now() < end;) {
		if (new_of(&nl, name, 0) < 0)
			CHECK_EQ(errno, EEXIST);
		CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_UID, OWNER));
		/* ENOENT: in time. */
		if (nl_set_u32(&nl, name, KMQ_A_UID, 0) < 0) {
			CHECK_EQ(errno, ENOENT);
			continue;
		}
		for (i = 0; i < 3; i++) {
			sched_yield();
			CHECK_EQ(owner_of(&nl, name), 0);
		}
	}
	for (i = 0; i < 3; i++)
		child_kill(owner[i]);
	if (nl_del(&nl, name) < 0)
		CHECK_EQ(errno, ENOENT);
}

/* A port that others take and leave as well. */
static int port_take(unsigned int port)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_pid = port };
	int fd = CHECK_OK(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
				 NETLINK_GENERIC));

	while (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		CHECK_EQ(errno, EADDRINUSE);
	return fd;
}

static void yield(int times)
{
	while (times--)
		sched_yield();
}

TEST(a_subscription_outlives_the_end_of_who_had_the_port_before)
{
	struct nl nl = nl_open();
	unsigned int port = 123456789;
	uint64_t end;
	pid_t other;

	CHILD(other)
		for (;;) {
			close(port_take(port));
			yield(200);
		}
	for (end = after_ms(MS); now() < end;) {
		struct nl own = nl;

		own.fd = port_take(port);
		CHECK_TAKEN(&own, nl_subscribe(&own, NULL, 0));
		pause_ms(1);
		/* ENOENT: it has gone by itself. */
		CHECK_TAKEN(&own, nl_unsubscribe(&own));
		close(own.fd);
		yield(50);
	}
	child_kill(other);
}

TEST(a_policy_that_changes_under_a_send_gives_it_no_errno)
{
	struct nl nl = nl_open();
	static char big[4096];
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .capacity = 1024, .max_message = sizeof(big),
		       .byte_limit = sizeof(big));
	uint64_t end;
	pid_t child;
	__u64 purged;

	CHILD(child)
		for (;;) {
			CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_POLICY,
						    KMQ_POLICY_DROP_OLDEST));
			CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_POLICY,
						    KMQ_POLICY_BLOCK));
		}
	for (end = after_ms(MS); now() < end;) {
		CHECK_OK(purge(fd, KMQ_SELECT_ANY, 0, &purged));
		/* More than are dropped under one hold of the lock. */
		for (int i = 0; i < 200; i++)
			CHECK_EQ(CHECK_OK(write(fd, "x", 1)), 1);
		CHECK_EQ(CHECK_OK(write(fd, big, sizeof(big))), sizeof(big));
	}
	child_kill(child);
}

/* Is somebody asleep for room, and stays so? */
static bool stuck(int fd)
{
	for (uint64_t end = after_ms(1000); now() < end;) {
		if (!info_of(fd).blocked_senders)
			return false;
		sched_yield();
	}
	return true;
}

TEST(a_ring_that_rejects_keeps_no_sender_asleep)
{
	struct nl nl = nl_open();
	char name[KMQ_NAME_SIZE];
	int fd = NAMED(name, .kind = KMQ_KIND_RING, .byte_limit = 4096);
	uint64_t end;
	pid_t child;
	int n = 0;

	CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
	while (write(fd, "12345678", 8) == 8)
		;
	CHECK_EQ(errno, EAGAIN);
	CHECK_OK(fcntl(fd, F_SETFL, 0));
	CHILD(child)
		for (;;)
			CHECK_ERRNO(write(fd, "12345678", 8), EAGAIN);
	for (end = after_ms(MS); now() < end; n++) {
		CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_POLICY,
					    KMQ_POLICY_BLOCK));
		for (volatile int i = 0; i < n % 3000; i++)
			;
		CHECK_TAKEN(&nl, nl_set_u32(&nl, name, KMQ_A_POLICY,
					    KMQ_POLICY_REJECT));
		CHECK(!stuck(fd));
	}
	child_kill(child);
}
