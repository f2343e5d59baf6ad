// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One loop watches what happens to queues, and the signals that end it. The
 * events are made here, too: a queue comes, is full, is emptied, and goes.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <kmq.h>
#include <kmq_nl.h>

#define NAME	"nl-monitor"

static void live(void)
{
	struct kmq_create_options options = KMQ_CREATE_OPTIONS_INIT;
	struct kmq_msg msg = kmq_msg_from(1, "tick", 4);
	int queue;

	options.capacity = 2;
	queue = kmq_create_open(NAME, &options);
	if (queue < 0)
		err(1, "cannot create %s", NAME);
	while (!kmq_try_send(queue, &msg))
		;
	if (kmq_purge(queue, NULL) != 2)
		err(1, "cannot empty %s", NAME);
	close(queue);
	if (kmq_remove(NAME))
		err(1, "cannot remove %s", NAME);
}

/* 0: the queue went, and there is nothing to wait for any more. */
static int tell(struct kmq_nl *nl)
{
	struct kmq_nl_event event;

	/* One wake-up may be for many events. */
	while (!kmq_nl_try_next_event(nl, &event)) {
		if (event.lost)
			printf("(%" PRIu64 " events were lost)\n", event.lost);
		printf("%s %s", kmq_event_name(event.event), event.name);
		if (event.count)
			printf(" (%" PRIu64 ")", event.count);
		printf("\n");
		if (event.event == KMQ_EVENT_REMOVED)
			return 0;
	}
	if (errno != EAGAIN)
		errx(1, "cannot read events: %s", kmq_nl_error(nl));
	return 1;
}

static void watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		err(1, "cannot watch");
}

int main(void)
{
	struct kmq_nl *nl = kmq_nl_open();
	struct epoll_event event;
	sigset_t ending;
	int epoll;

	if (!nl)
		err(1, "cannot reach the module");
	if (kmq_nl_subscribe(nl, NAME, 0))
		errx(1, "cannot subscribe: %s", kmq_nl_error(nl));
	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	sigprocmask(SIG_BLOCK, &ending, NULL);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	watch(epoll, signalfd(-1, &ending, SFD_CLOEXEC));
	watch(epoll, kmq_nl_fd(nl));
	live();
	for (;;) {
		if (epoll_wait(epoll, &event, 1, -1) < 0)
			err(1, "cannot wait");
		if (event.data.fd != kmq_nl_fd(nl) || !tell(nl))
			break;
	}
	kmq_nl_close(nl);
	return 0;
}
