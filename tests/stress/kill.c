// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kill storms: the holders of leases, blocked callers, blocked senders and
 * receivers are killed again and again, and no message is lost or doubled.
 *
 *	kill [--seconds N] [--seed N]
 *
 * Each of the three storms takes as many seconds. Ends with `N passed, N failed`.
 */
#include <getopt.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "kmq_test.h"

enum { PROCESSES = 8, NUMBERS = 1 << 20 };

/* Per number, what happened to the message that carries it. */
static struct {
	_Atomic unsigned char tried[NUMBERS], sent[NUMBERS], seen[NUMBERS], acked[NUMBERS];
	atomic_uint next, answered, failures;
	atomic_bool stop, stop_sending;
} *shared;

static unsigned int seed = 1, seconds = 20, passed, failed;
static char name[KMQ_NAME_SIZE];

static unsigned int chance(unsigned int below)
{
	return rand_r(&seed) / 7 % below;
}

static void claim(bool holds, const char *what)
{
	if (holds)
		passed++;
	else
		failed++;
	printf("%s - %s\n", holds ? "ok" : "not ok", what);
}

static void interrupt(int number)
{
	(void)number;
}

/* The number that a process may use next; without one it ends. */
static unsigned int next_number(void)
{
	unsigned int number = atomic_fetch_add(&shared->next, 1);

	if (number >= NUMBERS)
		_exit(EXIT_SUCCESS);
	return number;
}

/* What every victim begins with; returns its own descriptor. */
static int begin(int index)
{
	seed += index + getpid();
	return queue_open(name, O_RDWR);
}

/* Kills one of them after the other for a while; starts each anew. */
static unsigned int storm(pid_t (*start)(int index), pid_t *pids)
{
	uint64_t end = now() + seconds * 1000000000ull;
	unsigned int kills = 0;

	for (int i = 0; i < PROCESSES; i++)
		pids[i] = start(i);
	while (now() < end) {
		int victim = chance(PROCESSES), status;

		pause_ms(chance(8));
		kill(pids[victim], SIGKILL);
		waitpid(pids[victim], &status, 0);
		/* One that ended by itself had something to say. */
		if (!WIFSIGNALED(status) && WEXITSTATUS(status))
			atomic_fetch_add(&shared->failures, 1);
		pids[victim] = start(victim);
		kills++;
	}
	printf("# %u kills, %u messages\n", kills, shared->next);
	return kills;
}

/* Those that were not killed go by themselves when they are told to. */
static bool finish(pid_t *pids, int count, atomic_bool *stop)
{
	uint64_t end = after_ms(60000);
	bool good = true;

	*stop = true;
	for (int i = 0; i < count; i++) {
		int status;

		while (waitpid(pids[i], &status, WNOHANG) == 0) {
			kill(pids[i], now() > end ? SIGKILL : SIGUSR1);
			pause_ms(2);
		}
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			good = false;
	}
	return good && !shared->failures;
}

static unsigned int sum(const _Atomic unsigned char *marks)
{
	unsigned int total = 0;

	for (int i = 0; i < NUMBERS; i++)
		total += marks[i];
	return total;
}

static bool at_most_once(const _Atomic unsigned char *marks)
{
	for (int i = 0; i < NUMBERS; i++)
		if (marks[i] > 1)
			return false;
	return true;
}

static bool nobody_waits(const struct kmq_info *info)
{
	info_print(info);
	return !info->blocked_senders && !info->blocked_receivers && !info->blocked_callers;
}

/* ---- holders of leases ---- */

static pid_t start_feeder(int fd)
{
	pid_t pid;

	CHILD(pid) {
		while (!shared->stop_sending) {
			unsigned int number = next_number();

			if (write(fd, &number, sizeof(number)) < 0) {
				CHECK_EQ(errno, EINTR);
				break;
			}
			shared->sent[number] = 1;
		}
	}
	return pid;
}

static void work_on(int fd, const struct received *received)
{
	unsigned int number;

	CHECK_EQ(received->message.size, sizeof(number));
	memcpy(&number, received->body, sizeof(number));
	CHECK(number < NUMBERS);
	/* What was acked is gone; each return was told. */
	CHECK(!shared->acked[number]);
	CHECK(shared->seen[number] <= received->message.redeliveries);
	shared->seen[number]++;
	if (chance(3) == 0)
		pause_ms(chance(4));
	if (chance(8) == 0) {
		CHECK_OK(nack(fd, received->message.sequence));
		return;
	}
	CHECK_OK(ack(fd, received->message.sequence));
	shared->acked[number] = 1;
}

static pid_t start_lessee(int index)
{
	pid_t pid;

	CHILD(pid) {
		int fd = begin(index);

		while (!shared->stop) {
			struct received received;

			if (!receive_any(fd, KMQ_LEASE, &received))
				work_on(fd, &received);
			else
				CHECK_EQ(errno, EINTR);
		}
	}
	return pid;
}

static bool all_seen(void)
{
	for (int i = 0; i < NUMBERS; i++)
		if (shared->sent[i] && !shared->seen[i])
			return false;
	return true;
}

static void kill_lessees(void)
{
	pid_t lessees[PROCESSES], feeder;
	int fd = NAMED(name, .capacity = 32);
	struct kmq_info info;
	unsigned int kills;
	bool good;

	feeder = start_feeder(fd);
	kills = storm(start_lessee, lessees);
	good = finish(&feeder, 1, &shared->stop_sending);
	/* What is left is worked on by those who live. */
	WAIT_UNTIL(info_of(fd).queued == 0 && info_of(fd).leased == 0);
	good &= finish(lessees, PROCESSES, &shared->stop);
	info = info_of(fd);
	claim(good, "leases: no worker saw an acked message again, or an untold redelivery");
	claim(all_seen(), "leases: every message was worked on");
	claim(info.sent == sum(shared->sent) && info.received == info.sent && !info.queued &&
	      !info.leased && !info.bytes && info.returned > 0 && nobody_waits(&info),
	      "leases: every message was acked once, and the ledger says so");
	claim(info.received - sum(shared->acked) <= kills,
	      "leases: no more acks are unrecorded than workers were killed");
	close(fd);
}

/* ---- blocked callers ---- */

static pid_t start_server(int fd)
{
	pid_t pid;

	CHILD(pid) {
		while (!shared->stop) {
			bool leased = chance(2);
			struct received request;
			unsigned int number;
			struct kmq_transfer reply = {
				.message = { .body = ptr(&number), .size = sizeof(number),
					     .type = 1 },
			};

			if (receive_any(fd, leased ? KMQ_LEASE : 0, &request)) {
				CHECK_EQ(errno, EINTR);
				continue;
			}
			CHECK(request.message.flags & KMQ_MESSAGE_CALL);
			memcpy(&number, request.body, sizeof(number));
			CHECK(number < NUMBERS);
			number *= 3;
			if (chance(4) == 0)
				pause_ms(chance(6));
			reply.message.sequence = request.message.sequence;
			/* Its caller may have been killed meanwhile. */
			if (ioctl(fd, KMQ_IOC_REPLY, &reply))
				CHECK_EQ(errno, ESRCH);
			if (leased)
				CHECK_OK(ack(fd, request.message.sequence));
		}
	}
	return pid;
}

static pid_t start_caller(int index)
{
	pid_t pid;

	CHILD(pid) {
		int fd = begin(index);

		while (!shared->stop_sending) {
			unsigned int number = next_number(), answer = 0;
			struct kmq_call call = {
				.request = { .body = ptr(&number), .size = sizeof(number),
					     .type = 1, .priority = chance(3) },
				.reply = { .body = ptr(&answer), .size = sizeof(answer) },
			};

			if (ioctl(fd, KMQ_IOC_CALL, &call)) {
				CHECK_EQ(errno, EINTR);
				continue;
			}
			CHECK_EQ(call.reply.size, sizeof(answer));
			CHECK_EQ(answer, number * 3);
			atomic_fetch_add(&shared->answered, 1);
		}
	}
	return pid;
}

static void kill_callers(void)
{
	pid_t callers[PROCESSES], servers[2];
	int fd = NAMED(name, .capacity = 3);
	struct kmq_info info;
	bool good;

	for (int i = 0; i < 2; i++)
		servers[i] = start_server(fd);
	storm(start_caller, callers);
	good = finish(callers, PROCESSES, &shared->stop_sending);
	WAIT_UNTIL(info_of(fd).queued == 0 && info_of(fd).leased == 0);
	good &= finish(servers, 2, &shared->stop);
	info = info_of(fd);
	claim(good && shared->answered > 0, "calls: every answer was the caller's own");
	claim(info.sent == info.received + info.purged && info.purged > 0 && !info.bytes &&
	      nobody_waits(&info), "calls: every request was read or withdrawn");
	claim(info.calls == info.sent && info.replies >= shared->answered &&
	      info.replies <= info.received, "calls: no request had two replies");
	close(fd);
}

/* ---- blocked senders and receivers ---- */

static void send_numbers(int fd)
{
	while (!shared->stop) {
		unsigned int number = next_number();

		shared->tried[number] = 1;
		if (write(fd, &number, sizeof(number)) < 0)
			CHECK_EQ(errno, EINTR);
		else
			shared->sent[number] = 1;
	}
}

static void receive_numbers(int fd)
{
	while (!shared->stop) {
		unsigned int number;
		ssize_t size = read(fd, &number, sizeof(number));

		if (size < 0) {
			CHECK_EQ(errno, EINTR);
			continue;
		}
		CHECK_EQ(size, sizeof(number));
		CHECK(number < NUMBERS);
		CHECK(shared->tried[number]);
		atomic_fetch_add(&shared->seen[number], 1);
	}
}

static pid_t start_either(int index)
{
	pid_t pid;

	CHILD(pid) {
		int fd = begin(index);

		/* Few receivers at times, few senders at others: both block. */
		if ((index + now() / 1000000000) % PROCESSES < PROCESSES / 2)
			send_numbers(fd);
		else
			receive_numbers(fd);
	}
	return pid;
}

static void kill_blocked(void)
{
	pid_t pids[PROCESSES];
	int fd = NAMED(name, .capacity = 2);
	struct kmq_info info;
	unsigned int kills, number;
	bool good;

	kills = storm(start_either, pids);
	good = finish(pids, PROCESSES, &shared->stop);
	CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
	while (read(fd, &number, sizeof(number)) == sizeof(number))
		shared->seen[number]++;
	info = info_of(fd);
	claim(good, "sleepers: nobody saw a number that was never sent");
	claim(at_most_once(shared->seen), "sleepers: no message was received twice");
	claim(info.sent >= sum(shared->sent) && info.sent <= sum(shared->sent) + kills &&
	      info.received == info.sent && !info.queued && nobody_waits(&info),
	      "sleepers: what was sent was received, and the ledger says so");
	claim(info.received - sum(shared->seen) <= kills,
	      "sleepers: no more messages are unrecorded than readers were killed");
	close(fd);
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'r' },
		{},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			seconds = strtoul(optarg, NULL, 0);
		else if (option == 'r')
			seed = strtoul(optarg, NULL, 0);
		else
			exit(2);
	}
	if (optind < argc || !seconds) {
		fprintf(stderr, "usage: %s [--seconds N] [--seed N]\n", argv[0]);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = interrupt };

	parse(argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# 3 storms of %u seconds, seed %u\n", seconds, seed);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	test_pid = getpid();
	/* Without SA_RESTART, so that the end of a storm ends every sleep. */
	CHECK_OK(sigaction(SIGUSR1, &action, NULL));
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	kill_lessees();
	memset(shared, 0, sizeof(*shared));
	kill_callers();
	memset(shared, 0, sizeof(*shared));
	kill_blocked();
	printf("%u passed, %u failed\n", passed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
