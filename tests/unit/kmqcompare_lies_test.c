// SPDX-License-Identifier: GPL-2.0-only
/*
 * The claims of the groups messages and waiting are not fooled. Each is put to a
 * mechanism that answers it truly, and then to the same with a lie in one hook,
 * by which the answer must become another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "probe/cell.h"

#define AT_A_TIME	4
#define VICTIM	5	/* the message of a process that something happens to */

/* What lies are told about. */
static struct subject base;

static unsigned int sent;
static char kept[PARCEL_MAX];
static size_t kept_size;

static bool is_victim(void)
{
	return ++sent == VICTIM;
}

/* Lies of the sender */

static ssize_t losing_send(struct end *end, struct parcel *parcel)
{
	return is_victim() ? (ssize_t)parcel->size : base.send(end, parcel);
}

static ssize_t doubling_send(struct end *end, struct parcel *parcel)
{
	if (is_victim())
		base.send(end, parcel);
	return base.send(end, parcel);
}

static ssize_t corrupting_send(struct end *end, struct parcel *parcel)
{
	if (is_victim())
		((char *)parcel->body)[parcel->size / 2] ^= 1;
	return base.send(end, parcel);
}

static ssize_t cutting_send(struct end *end, struct parcel *parcel)
{
	if (is_victim())
		parcel->size /= 2;
	return base.send(end, parcel);
}

/* The victim goes after its successor. */
static ssize_t swapping_send(struct end *end, struct parcel *parcel)
{
	struct parcel late = { .body = kept, .size = kept_size };
	ssize_t result;

	if (is_victim()) {
		memcpy(kept, parcel->body, parcel->size);
		kept_size = parcel->size;
		return parcel->size;
	}
	result = base.send(end, parcel);
	if (kept_size)
		base.send(end, &late);
	kept_size = 0;
	return result;
}

static ssize_t always_doubling_send(struct end *end, struct parcel *parcel)
{
	base.send(end, parcel);
	return base.send(end, parcel);
}

static ssize_t discarding_send(struct end *end, struct parcel *parcel)
{
	return parcel->size;
}

static ssize_t typeless_send(struct end *end, struct parcel *parcel)
{
	parcel->type = 0;
	parcel->priority = 0;
	return base.send(end, parcel);
}

static ssize_t not_the_empty_send(struct end *end, struct parcel *parcel)
{
	return parcel->size ? base.send(end, parcel) : 0;
}

static ssize_t narrow_send(struct end *end, struct parcel *parcel)
{
	if (parcel->size <= 4096)
		return base.send(end, parcel);
	errno = EMSGSIZE;
	return -1;
}

static ssize_t impatient_send(struct end *end, struct parcel *parcel)
{
	parcel->patience = PATIENCE_NONE;
	return base.send(end, parcel);
}

static ssize_t patient_send(struct end *end, struct parcel *parcel)
{
	parcel->patience = PATIENCE_FOREVER;
	return base.send(end, parcel);
}

static ssize_t spinning_send(struct end *end, struct parcel *parcel)
{
	enum patience patience = parcel->patience;
	ssize_t result;

	parcel->patience = PATIENCE_NONE;
	while ((result = base.send(end, parcel)) < 0 && patience == PATIENCE_FOREVER)
		sched_yield();
	return result;
}

/* Full: waits, and then says that it was sent. */
static ssize_t pretending_send(struct end *end, struct parcel *parcel)
{
	enum patience patience = parcel->patience;
	ssize_t result;

	parcel->patience = PATIENCE_NONE;
	result = base.send(end, parcel);
	return result < 0 && patience == PATIENCE_FOREVER ? (ssize_t)parcel->size : result;
}

static ssize_t sulking_send(struct end *end, struct parcel *parcel)
{
	ssize_t result = impatient_send(end, parcel);

	while (result < 0 && parcel->patience != PATIENCE_FOREVER)
		pause();
	return result;
}

static ssize_t silent_send(struct end *end, struct parcel *parcel)
{
	ssize_t result = base.send(end, parcel);

	return result < 0 && errno == EPIPE ? (ssize_t)parcel->size : result;
}

/* Tells of it one message late. */
static ssize_t late_send(struct end *end, struct parcel *parcel)
{
	static unsigned int failed;
	ssize_t result = base.send(end, parcel);

	return result < 0 && errno == EPIPE && !failed++ ? (ssize_t)parcel->size : result;
}

static ssize_t echoing_send(struct end *end, struct parcel *parcel)
{
	memcpy(kept, parcel->body, parcel->size);
	kept_size = parcel->size;
	return base.send(end, parcel);
}

/* Lies of the receiver */

/* As if a length had been sent with each message. */
static ssize_t framing_receive(struct end *end, struct parcel *parcel)
{
	parcel->size = parcel->size < 8 ? parcel->size : 8;
	return base.receive(end, parcel);
}

static ssize_t gluing_receive(struct end *end, struct parcel *parcel)
{
	ssize_t first = base.receive(end, parcel), second;
	struct parcel more = { .size = 64, .patience = PATIENCE_NONE };
	char rest[64];

	if (first < 0 || first + 8 > (ssize_t)parcel->size)
		return first;
	more.body = rest;
	second = base.receive(end, &more);
	if (second > 0)
		memcpy((char *)parcel->body + first, rest, second);
	return second > 0 ? first + second : first;
}

static ssize_t typeless_receive(struct end *end, struct parcel *parcel)
{
	parcel->type = 0;
	return base.receive(end, parcel);
}

static ssize_t cutting_receive(struct end *end, struct parcel *parcel)
{
	char room[64];
	struct parcel all = *parcel;
	ssize_t got;

	if (parcel->size >= sizeof(room))
		return base.receive(end, parcel);
	all.body = room;
	all.size = sizeof(room);
	got = base.receive(end, &all);
	if (got < 0)
		return got;
	got = got < (ssize_t)parcel->size ? got : (ssize_t)parcel->size;
	memcpy(parcel->body, room, got);
	return got;
}

/* Too long: refused, and gone. */
static ssize_t dropping_receive(struct end *end, struct parcel *parcel)
{
	ssize_t got = cutting_receive(end, parcel);

	if (got != 8 || parcel->size != 8)
		return got;
	errno = EMSGSIZE;
	return -1;
}

/* Nothing comes any more: says that an empty message did. */
static ssize_t ending_receive(struct end *end, struct parcel *parcel)
{
	ssize_t got;

	parcel->patience = PATIENCE_NONE;
	got = base.receive(end, parcel);
	return got < 0 ? 0 : got;
}

static ssize_t own_receive(struct end *end, struct parcel *parcel)
{
	size_t size = kept_size;

	if (!size)
		return base.receive(end, parcel);
	memcpy(parcel->body, kept, size);
	kept_size = 0;
	return size;
}

static ssize_t spinning_receive(struct end *end, struct parcel *parcel)
{
	ssize_t got;

	parcel->patience = PATIENCE_NONE;
	while ((got = base.receive(end, parcel)) < 0)
		sched_yield();
	return got;
}

static ssize_t impatient_receive(struct end *end, struct parcel *parcel)
{
	parcel->patience = PATIENCE_NONE;
	return base.receive(end, parcel);
}

static ssize_t patient_receive(struct end *end, struct parcel *parcel)
{
	parcel->patience = PATIENCE_FOREVER;
	return base.receive(end, parcel);
}

/* At the deadline, and whatever comes before it. */
static ssize_t deaf_receive(struct end *end, struct parcel *parcel)
{
	if (parcel->patience != PATIENCE_DEADLINE)
		return base.receive(end, parcel);
	usleep(parcel->wait_ms * 1000);
	errno = ETIMEDOUT;
	return -1;
}

static ssize_t endless_receive(struct end *end, struct parcel *parcel)
{
	ssize_t got = base.receive(end, parcel);

	while (!got)
		pause();
	return got;
}

/* As one that others have overtaken: two messages are gone before the first comes. */
static ssize_t lapped_receive(struct end *end, struct parcel *parcel)
{
	static bool lapped;

	for (int i = 0; i < 2 && !lapped; i++)
		base.receive(end, parcel);
	lapped = true;
	return base.receive(end, parcel);
}

static ssize_t told_receive(struct end *end, struct parcel *parcel)
{
	ssize_t got = lapped_receive(end, parcel);

	parcel->lost = 2;
	return got;
}

static ssize_t miscounting_receive(struct end *end, struct parcel *parcel)
{
	ssize_t got = lapped_receive(end, parcel);

	parcel->lost = 3;
	return got;
}

/* Lies about readiness */

static int always_ready(struct end *end, enum way way)
{
	return open("/dev/zero", O_RDONLY | O_CLOEXEC);
}

static int never_ready(struct end *end, enum way way)
{
	int fd[2];

	return pipe2(fd, O_CLOEXEC) ? -1 : fd[0];
}

/* One lie about a claim, and what the verdict is with it. */
struct lie {
	const char *claim;
	const char *mechanism;
	enum verdict truth;
	enum verdict verdict;
	ssize_t (*send)(struct end *end, struct parcel *parcel);
	ssize_t (*receive)(struct end *end, struct parcel *parcel);
	int (*poll_fd)(struct end *end, enum way way);
};

#define Y	VERDICT_YES
#define N	VERDICT_NO
#define P	VERDICT_PARTLY

static const struct lie lies[] = {
	{ "boundaries", "pipe", N, Y, .receive = framing_receive },
	{ "boundaries", "sysv-msg", Y, N, .receive = gluing_receive },
	{ "duplex", "unix-seqpacket", Y, N, .send = echoing_send, .receive = own_receive },
	{ "duplex", "unix-seqpacket", Y, N, .send = discarding_send },
	{ "duplex", "sysv-msg", P, N, .receive = typeless_receive },
	{ "order", "sysv-msg", Y, N, .send = swapping_send },
	{ "order", "sysv-msg", Y, N, .send = losing_send },
	{ "order", "sysv-msg", Y, N, .send = doubling_send },
	{ "order", "pipe", Y, N, .send = swapping_send },
	{ "order", "pipe", Y, N, .send = corrupting_send },
	{ "priority", "posix-mq", Y, N, .send = typeless_send },
	{ "types", "sysv-msg", Y, N, .send = typeless_send },
	{ "types", "sysv-msg", Y, N, .receive = typeless_receive },
	{ "too-long", "sysv-msg", Y, N, .receive = cutting_receive },
	{ "too-long", "sysv-msg", Y, N, .receive = dropping_receive },
	{ "zero-length", "sysv-msg", Y, N, .send = not_the_empty_send },
	{ "zero-length", "sysv-msg", Y, P, .receive = ending_receive },
	{ "each-once", "sysv-msg", Y, N, .send = losing_send },
	{ "each-once", "sysv-msg", Y, N, .send = doubling_send },
	{ "each-once", "sysv-msg", Y, N, .send = corrupting_send },
	{ "each-once", "sysv-msg", Y, N, .send = cutting_send },
	{ "each-once", "sysv-msg", Y, P, .receive = gluing_receive },
	{ "message-limit", "pipe", N, Y, .send = narrow_send },
	{ "capacity", "posix-mq", Y, N, .send = discarding_send },
	{ "full-blocks", "pipe", Y, N, .send = impatient_send },
	{ "full-blocks", "pipe", Y, N, .send = pretending_send },
	{ "full-blocks", "pipe", Y, P, .send = spinning_send },
	{ "full-blocks", "pipe", Y, N, .send = sulking_send },
	{ "empty-blocks", "pipe", Y, N, .receive = impatient_receive },
	{ "empty-blocks", "pipe", Y, P, .receive = spinning_receive },
	{ "empty-blocks", "sysv-msg", Y, N, .send = discarding_send },
	{ "nonblocking", "pipe", Y, N, .receive = patient_receive },
	{ "nonblocking", "pipe", Y, P, .send = patient_send },
	{ "deadline", "posix-mq", Y, N, .receive = impatient_receive },
	{ "deadline", "posix-mq", Y, N, .receive = patient_receive },
	{ "deadline", "posix-mq", Y, N, .receive = deaf_receive },
	{ "poll", "pipe", Y, N, .poll_fd = always_ready },
	{ "poll", "pipe", Y, N, .poll_fd = never_ready },
	{ "eof", "pipe", Y, N, .receive = endless_receive },
	{ "no-reader", "pipe", Y, N, .send = silent_send },
	{ "no-reader", "pipe", Y, P, .send = late_send },
	{ "wakes-one", "sysv-msg", Y, N, .send = always_doubling_send },
	{ "lapped", "sysv-msg", N, P, .receive = lapped_receive },
	{ "lapped", "sysv-msg", N, P, .receive = miscounting_receive },
	{ "lapped", "sysv-msg", N, Y, .receive = told_receive },
};

/* A cell with a lie, or without. It forks here: what it is made of may change then. */
static struct cell_job *start(const struct lie *lie, bool lying, struct cell_result *result)
{
	static struct subject subject;

	base = *subject_find(lie->mechanism);
	subject = base;
	if (lying && lie->send)
		subject.send = lie->send;
	if (lying && lie->receive)
		subject.receive = lie->receive;
	if (lying && lie->poll_fd)
		subject.poll_fd = lie->poll_fd;
	*result = (struct cell_result){ .claim = claim_find(lie->claim), .subject = &subject };
	return cell_start(result);
}

static void await_all(struct cell_job **jobs, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		while (jobs[i] && !cell_is_over(jobs[i]))
			usleep(5000);
}

static void compare(const struct lie *lie, struct cell_result *truth, struct cell_result *lied)
{
	if (truth->verdict != lie->truth || lied->verdict != lie->verdict)
		fail_msg("lie %zu, %s of %s: truth %s (%s)\n%swith the lie %s (%s)\n%s", lie - lies,
			 lie->claim, lie->mechanism, verdict_name(truth->verdict), truth->answer,
			 truth->evidence, verdict_name(lied->verdict), lied->answer,
			 lied->evidence);
	free(truth->evidence);
	free(lied->evidence);
}

/* Several at a time: they mostly wait. */
static void check(const struct lie *some, unsigned int count)
{
	struct cell_result truth[AT_A_TIME], lied[AT_A_TIME];
	struct cell_job *jobs[2 * AT_A_TIME];

	for (unsigned int i = 0; i < count; i++) {
		jobs[2 * i] = start(&some[i], false, &truth[i]);
		jobs[2 * i + 1] = start(&some[i], true, &lied[i]);
	}
	await_all(jobs, 2 * count);
	for (unsigned int i = 0; i < count; i++)
		compare(&some[i], &truth[i], &lied[i]);
}

static void every_lie_changes_the_answer(void **state)
{
	const unsigned int count = sizeof(lies) / sizeof(*lies);

	for (unsigned int i = 0; i < count; i += AT_A_TIME)
		check(&lies[i], count - i < AT_A_TIME ? count - i : AT_A_TIME);
}

/* So that nobody adds a claim to these groups without a lie about it. */
static void every_claim_of_these_groups_is_lied_about(void **state)
{
	for (const struct claim *const *claim = claims; *claim; claim++) {
		const char *group = (*claim)->group;
		bool found = strcmp(group, "messages") && strcmp(group, "waiting");

		for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++)
			found |= !strcmp(lies[i].claim, (*claim)->name);
		if (!found)
			fail_msg("no lie about %s", (*claim)->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_lie_changes_the_answer),
		cmocka_unit_test(every_claim_of_these_groups_is_lied_about),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
