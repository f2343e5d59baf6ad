// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Jobs that survive their workers. A leased job comes back when the worker's
 * descriptor ends, so the job that kills the first worker goes to the second.
 * Each worker opens the queue by name: a lease belongs to an open file
 * description, and fork would share the parent's.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kmq.h>

static void work(const char *name, int worker)
{
	int job, queue = kmq_open(name, O_RDONLY);
	struct kmq_msg msg = kmq_msg_into(&job, sizeof(job));

	if (queue < 0)
		err(1, "cannot open %s", name);
	while (!kmq_try_lease(queue, &msg, NULL, 0)) {
		if (job == 2 && !msg.redeliveries) {
			printf("worker %d dies with job %d\n", worker, job);
			fflush(stdout);
			_exit(0);
		}
		printf("worker %d did job %d, redelivered %u times\n", worker, job,
		       msg.redeliveries);
		if (kmq_ack(queue, msg.sequence))
			err(1, "cannot confirm job %d", job);
	}
	fflush(stdout);
	_exit(0);
}

int main(void)
{
	const char *name = "example-work";
	int job, queue = kmq_create_open(name, NULL);
	struct kmq_msg msg = kmq_msg_from(1, &job, sizeof(job));
	struct kmq_info info;

	if (queue < 0)
		err(1, "cannot create %s", name);
	for (job = 1; job <= 4; job++)
		if (kmq_send(queue, &msg))
			err(1, "cannot send");
	for (int worker = 1; worker <= 2; worker++) {
		if (!fork())
			work(name, worker);
		wait(NULL);
	}
	if (kmq_info(queue, &info) || kmq_remove(name))
		err(1, "cannot finish %s", name);
	printf("sent %llu, received %llu, returned %llu\n", (unsigned long long)info.sent,
	       (unsigned long long)info.received, (unsigned long long)info.returned);
	return 0;
}
