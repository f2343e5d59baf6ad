// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One thread serves two queues. A queue is ready when a message is there that
 * passes the filter of the descriptor, so the odd types that nobody here wants
 * never wake the loop.
 */
#include <err.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kmq.h>

#define MESSAGES 30

static void feed(const int queues[2])
{
	struct kmq_msg msg = kmq_msg_from(1, "tick", 4);

	for (int i = 0; i < MESSAGES; i++) {
		msg.type = i % 3 + 1;
		if (kmq_send(queues[i % 2], &msg))
			err(1, "cannot send");
	}
}

int main(void)
{
	struct kmq_selection wanted = kmq_select_type(2);
	int epoll = epoll_create1(EPOLL_CLOEXEC), queues[2], seen[2] = { 0, 0 };

	for (int i = 0; i < 2; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u32 = i };

		queues[i] = kmq_create_unnamed(NULL);
		if (queues[i] < 0 || kmq_set_filter(queues[i], &wanted) ||
		    epoll_ctl(epoll, EPOLL_CTL_ADD, queues[i], &event))
			err(1, "cannot prepare queue %d", i);
	}
	if (!fork()) {
		feed(queues);
		return 0;
	}
	while (seen[0] + seen[1] < MESSAGES / 3) {
		struct epoll_event event;
		char text[16];
		int i;

		if (epoll_wait(epoll, &event, 1, -1) < 0)
			err(1, "cannot wait");
		i = event.data.u32;
		if (read(queues[i], text, sizeof(text)) < 0)
			err(1, "cannot read");
		seen[i]++;
	}
	printf("queue 0: %d messages of type 2, queue 1: %d\n", seen[0], seen[1]);
	wait(NULL);
	return 0;
}
