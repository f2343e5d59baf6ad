// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace_scene: a play of three processes, for trace_test.sh, in which each
 * transition of a message queue happens a known number of times:
 *
 *	jobs	a producer sends 6 into room for 2, and sleeps; a consumer takes
 *		them, and sleeps for the first
 *	log	drop-oldest, room for 2: 3 are sent; one is leased, returned,
 *		leased and acknowledged; one is purged
 *	door	reject, room for 1: 2 are sent
 *	ask	a request and its reply
 *
 * Its processes call themselves scene, producer, consumer and server.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kmq.h>

static char body[1024];

static void check(int result, const char *what)
{
	if (result < 0)
		err(1, "%s", what);
}

static void create(const char *name, uint32_t policy, uint32_t capacity)
{
	struct kmq_create_options options = KMQ_CREATE_OPTIONS_INIT;

	options.policy = policy;
	options.capacity = capacity;
	check(kmq_create(name, &options), name);
}

static int open_queue(const char *name)
{
	int fd = kmq_open(name, O_RDWR);

	check(fd, name);
	return fd;
}

static void send_one(int fd, int64_t type, uint32_t priority, size_t size)
{
	struct kmq_msg msg = kmq_msg_from(type, body, size);

	msg.priority = priority;
	check(kmq_send(fd, &msg), "kmq_send");
}

static uint64_t lease_one(int fd)
{
	struct kmq_msg msg = kmq_msg_into(body, sizeof(body));

	check(kmq_lease(fd, &msg, NULL, 0), "kmq_lease");
	return msg.sequence;
}

static void receive_one(int fd)
{
	struct kmq_msg msg = kmq_msg_into(body, sizeof(body));

	check(kmq_receive(fd, &msg, NULL, 0), "kmq_receive");
}

/* Sleeps, as far as the queue knows. */
static void await(int fd, bool senders)
{
	struct kmq_info info;

	do {
		usleep(10000);
		check(kmq_info(fd, &info), "kmq_info");
	} while (!(senders ? info.blocked_senders : info.blocked_receivers));
}

static pid_t start(const char *name, void (*play)(void))
{
	pid_t pid = fork();

	check(pid, "fork");
	if (pid)
		return pid;
	prctl(PR_SET_NAME, name);
	play();
	exit(0);
}

static void end(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || status)
		errx(1, "a part of the scene failed");
}

static void play_consumer(void)
{
	int fd = open_queue("jobs");

	receive_one(fd);
	await(fd, true);
	for (int i = 0; i < 5; i++)
		receive_one(fd);
}

static void play_producer(void)
{
	int fd = open_queue("jobs");

	await(fd, false);
	for (unsigned int i = 1; i <= 6; i++)
		send_one(fd, i, i / 3, 64 * i);
}

static void play_server(void)
{
	struct kmq_msg request = kmq_msg_into(body, sizeof(body));
	struct kmq_msg reply = kmq_msg_from(1, "yes", 3);
	int fd = open_queue("ask");

	check(kmq_receive(fd, &request, NULL, 0), "kmq_receive");
	check(kmq_reply(fd, request.sequence, &reply), "kmq_reply");
}

static void play_log(void)
{
	int fd = open_queue("log");

	for (int i = 0; i < 3; i++)
		send_one(fd, 1, 0, 10);
	check(kmq_nack(fd, lease_one(fd)), "kmq_nack");
	check(kmq_ack(fd, lease_one(fd)), "kmq_ack");
	check(kmq_purge(fd, NULL), "kmq_purge");
}

static void play_door(void)
{
	struct kmq_msg msg = kmq_msg_from(1, body, 5);
	int fd = open_queue("door");

	check(kmq_try_send(fd, &msg), "kmq_try_send");
	if (!kmq_try_send(fd, &msg) || errno != EAGAIN)
		errx(1, "the door is open");
}

static void play_ask(void)
{
	struct kmq_msg request = kmq_msg_from(7, "more?", 5);
	struct kmq_msg reply = kmq_msg_into(body, sizeof(body));
	int fd = open_queue("ask");
	pid_t server = start("server", play_server);

	await(fd, false);
	check(kmq_call(fd, &request, &reply, 0), "kmq_call");
	end(server);
}

int main(void)
{
	pid_t producer, consumer;

	prctl(PR_SET_NAME, "scene");
	create("jobs", KMQ_POLICY_BLOCK, 2);
	create("log", KMQ_POLICY_DROP_OLDEST, 2);
	create("door", KMQ_POLICY_REJECT, 1);
	create("ask", KMQ_POLICY_BLOCK, 4);
	consumer = start("consumer", play_consumer);
	producer = start("producer", play_producer);
	end(producer);
	end(consumer);
	play_log();
	play_door();
	play_ask();
	check(kmq_remove("jobs"), "kmq_remove");
	check(kmq_remove("log"), "kmq_remove");
	check(kmq_remove("door"), "kmq_remove");
	check(kmq_remove("ask"), "kmq_remove");
	return 0;
}
