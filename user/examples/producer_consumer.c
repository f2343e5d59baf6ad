// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A producer and a consumer share a queue that is much smaller than what goes
 * through it: whoever is ahead sleeps. The type of a message tells data from
 * the end of the data.
 */
#include <err.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kmq.h>

enum { NUMBER = 1, END = 2 };

static void produce(int queue)
{
	int number;
	struct kmq_msg msg = kmq_msg_from(NUMBER, &number, sizeof(number));
	struct kmq_msg end = kmq_msg_from(END, NULL, 0);

	for (number = 1; number <= 1000; number++)
		if (kmq_send(queue, &msg))
			err(1, "cannot send");
	if (kmq_send(queue, &end))
		err(1, "cannot send");
}

static void consume(int queue)
{
	int number, count = 0, sum = 0;
	struct kmq_msg msg = kmq_msg_into(&number, sizeof(number));

	for (;;) {
		if (kmq_receive(queue, &msg, NULL, 0))
			err(1, "cannot receive");
		if (msg.type == END)
			break;
		count++;
		sum += number;
	}
	printf("received %d numbers, their sum is %d\n", count, sum);
}

int main(void)
{
	struct kmq_create_options options = KMQ_CREATE_OPTIONS_INIT;
	int queue;

	options.capacity = 4;
	options.max_message = sizeof(int);
	queue = kmq_create_unnamed(&options);
	if (queue < 0)
		err(1, "cannot create a queue");

	if (!fork()) {
		produce(queue);
		return 0;
	}
	consume(queue);
	wait(NULL);
	return 0;
}
