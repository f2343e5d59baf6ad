// SPDX-License-Identifier: LGPL-2.1-or-later
/* One process, one queue, three messages: order is priority, then arrival. */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <kmq.h>

static void send_text(int queue, const char *text, uint32_t priority)
{
	struct kmq_msg msg = kmq_msg_from(1, text, strlen(text));

	msg.priority = priority;
	if (kmq_send(queue, &msg))
		err(1, "cannot send");
}

int main(void)
{
	char buffer[64];
	struct kmq_msg msg = kmq_msg_into(buffer, sizeof(buffer));
	int queue;

	queue = kmq_create_unnamed(NULL);
	if (queue < 0)
		err(1, "cannot create a queue");

	send_text(queue, "hello", 0);
	send_text(queue, "world", 0);
	send_text(queue, "urgent", 9);

	while (!kmq_try_receive(queue, &msg, NULL, 0))
		printf("message %llu, priority %u: %.*s\n", (unsigned long long)msg.sequence,
		       msg.priority, (int)msg.size, buffer);
	close(queue);
	return 0;
}
