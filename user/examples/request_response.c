// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A server that squares numbers, and a client that calls it. The reply goes to
 * the caller that waits for it and never through the queue, so that any number
 * of clients and servers can share one.
 */
#include <err.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kmq.h>

enum { SQUARE = 1, QUIT = 2, RESULT = 3 };

static void serve(int queue)
{
	int number;
	struct kmq_msg request = kmq_msg_into(&number, sizeof(number));
	struct kmq_msg reply = kmq_msg_from(RESULT, &number, sizeof(number));

	for (;;) {
		if (kmq_receive(queue, &request, NULL, 0))
			err(1, "cannot receive");
		if (request.type == QUIT)
			return;
		number *= number;
		if (kmq_reply(queue, request.sequence, &reply))
			warn("nobody waits for %d", number);
	}
}

int main(void)
{
	int number, square, queue = kmq_create_unnamed(NULL);
	struct kmq_msg request = kmq_msg_from(SQUARE, &number, sizeof(number));
	struct kmq_msg reply = kmq_msg_into(&square, sizeof(square));
	struct kmq_msg quit = kmq_msg_from(QUIT, NULL, 0);

	if (queue < 0)
		err(1, "cannot create a queue");
	if (!fork()) {
		serve(queue);
		return 0;
	}
	for (number = 3; number <= 5; number++) {
		struct timespec deadline = kmq_deadline_in(10000);

		if (kmq_call_until(queue, &request, &reply, 0, &deadline))
			err(1, "no reply");
		printf("%d squared is %d\n", number, square);
	}
	if (kmq_send(queue, &quit))
		err(1, "cannot send");
	wait(NULL);
	return 0;
}
