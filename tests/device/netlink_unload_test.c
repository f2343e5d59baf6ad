// SPDX-License-Identifier: GPL-2.0-only
/* The module goes while somebody listens; not while somebody dumps. */
#include <sys/socket.h>

#include "lib/module.h"
#include "lib/netlink.h"

static void subscribe(struct nl *nl)
{
	CHECK_TAKEN(nl, nl_subscribe(nl, NULL, 0));
}

TEST(a_subscription_does_not_keep_the_module_and_its_socket_lives_on)
{
	int file = take_module();
	char name[KMQ_NAME_SIZE];
	struct nl nl = nl_open(), other = nl_open(), again;
	struct nl_reply event;

	subscribe(&nl);
	queue_name(name);
	CHECK_TAKEN(&other, nl_new(&other, name));
	CHECK(nl_event(&nl, &event, 10000));
	CHECK_OK(unload());
	/* What had come is there still; no more comes, and the family is gone. */
	CHECK(!nl_event(&nl, &event, 200));
	CHECK_ERRNO(nl_new(&other, name), ENOENT);
	CHECK_OK(load(file));
	again = nl_open();
	subscribe(&again);
	CHECK_TAKEN(&again, nl_new(&again, name));
	CHECK(!nl_event(&nl, &event, 200));
	nl_close(&nl);
	CHECK_TAKEN(&again, nl_del(&again, name));
}

/* A listener that does not read, and events under way. */
TEST(the_module_goes_while_events_are_lost)
{
	int file = take_module();
	char name[KMQ_NAME_SIZE];
	struct nl nl = nl_open(), other = nl_open();
	int small = 1;

	CHECK_OK(setsockopt(nl.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)));
	subscribe(&nl);
	queue_name(name);
	for (int i = 0; i < 30; i++) {
		CHECK_TAKEN(&other, nl_new(&other, name));
		CHECK_TAKEN(&other, nl_del(&other, name));
	}
	CHECK_OK(unload());
	CHECK_OK(load(file));
}

TEST(an_unfinished_dump_keeps_the_module_until_its_socket_is_closed)
{
	static struct nl_dump dump;
	struct nl nl, other;
	struct nl_request request;
	char name[KMQ_NAME_SIZE];
	int file = take_module();

	nl = nl_open();
	other = nl_open();
	for (int i = 0; i < 50; i++) {
		queue_name(name);
		CHECK_TAKEN(&other, nl_new(&other, name));
	}
	nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, NLM_F_DUMP);
	CHECK_TAKEN(&nl, nl_dump_start(&dump, &nl, &request));
	CHECK_ERRNO(unload(), EWOULDBLOCK);
	nl_close(&nl);
	WAIT_UNTIL(!unload());
	CHECK_OK(load(file));
}

/* Requests that are at work, and one that comes when it is too late. */
TEST(the_module_goes_between_requests)
{
	int file = take_module();
	pid_t askers[3];

	for (int i = 0; i < 3; i++)
		CHILD(askers[i])
			for (;;) {
				struct nl_request request;
				struct nl nl = nl_open();

				nl_begin(&request, &nl, KMQ_CMD_SUBSCRIBE, 0);
				nl_transact(&nl, &request, NULL);
				nl_begin(&request, &nl, KMQ_CMD_QUEUE_GET, 0);
				nl_put_u32(&request, KMQ_A_ID, 1);
				nl_transact(&nl, &request, NULL);
				nl_close(&nl);
			}
	for (int i = 0; i < 10; i++) {
		int status;

		WAIT_UNTIL(!unload());
		CHECK_OK(load(file));
		/* Without the family there is nobody to ask. */
		for (int k = 0; k < 3; k++)
			if (waitpid(askers[k], &status, WNOHANG) == askers[k])
				CHILD(askers[k])
					pause();
	}
	/* One may be about to end by itself: it has just not met the family. */
	for (int i = 0; i < 3; i++) {
		CHECK_OK(kill(askers[i], SIGKILL));
		CHECK_EQ(CHECK_OK(waitpid(askers[i], NULL, 0)), askers[i]);
	}
}
