// SPDX-License-Identifier: GPL-2.0-only
/*
 * pair sysv|mqueue: what a send and a receive of 64 bytes cost, in ns. Under tools/vm/run --icount a ns is an
 * instruction, and the figure the same each time; pair.sh runs it on the kernel's own queues and under a shim.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <time.h>

enum { SIZE = 64, WARM = 200, ROUNDS = 2000 };

static struct {
	long type;
	char text[SIZE];
} message = { .type = 1 };
static int id;
static mqd_t queue;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static void sysv_pair(void)
{
	if (msgsnd(id, &message, SIZE, 0) || msgrcv(id, &message, SIZE, 0, 0) != SIZE)
		die("msgsnd, msgrcv");
}

/* As most programs do: of a type. */
static void sysv_typed_pair(void)
{
	if (msgsnd(id, &message, SIZE, 0) || msgrcv(id, &message, SIZE, 1, 0) != SIZE)
		die("msgsnd, msgrcv");
}

static void mqueue_pair(void)
{
	unsigned int priority;

	if (mq_send(queue, message.text, SIZE, 0) || mq_receive(queue, message.text, SIZE, &priority) != SIZE)
		die("mq_send, mq_receive");
}

static void measure(const char *name, void (*pair)(void))
{
	long long begin;
	int i;

	for (i = 0; i < WARM; i++)
		pair();
	begin = now();
	for (i = 0; i < ROUNDS; i++)
		pair();
	printf("%s %lld\n", name, (now() - begin + ROUNDS / 2) / ROUNDS);
}

static void sysv(void)
{
	id = msgget(IPC_PRIVATE, 0600);
	if (id < 0)
		die("msgget");
	measure("msgsnd+msgrcv", sysv_pair);
	measure("msgsnd+msgrcv of a type", sysv_typed_pair);
	if (msgctl(id, IPC_RMID, NULL))
		die("msgctl");
}

static void mqueue(void)
{
	struct mq_attr attributes = { .mq_maxmsg = 10, .mq_msgsize = SIZE };

	queue = mq_open("/pair", O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
	if (queue < 0)
		die("mq_open");
	measure("mq_send+mq_receive", mqueue_pair);
	if (mq_unlink("/pair"))
		die("mq_unlink");
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "sysv"))
		sysv();
	else if (argc == 2 && !strcmp(argv[1], "mqueue"))
		mqueue();
	else
		return fputs("usage: pair sysv|mqueue\n", stderr), 2;
	return 0;
}
