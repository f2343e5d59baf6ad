// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything by key and id at once: processes of three users make, find, open, use,
 * change, defer and remove queues of a few keys, under each other's hands, and some
 * of them are killed in the middle of it. Nobody may see an answer that the ABI does
 * not know, or a ledger that does not balance; and at the end every queue is found
 * and removed, and the spaces are empty again.
 *
 *	hub [--processes N] [--seconds N] [--seed N]
 *
 * Ends with `N passed, N failed`.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "lib/hub.h"

enum { KEYS = 4, MAX = 700, WORKERS = 64, HELD = 4 };
enum { OP_OPEN, OP_DESCRIPTOR, OP_PUT, OP_TAKE, OP_STAT, OP_INDEX, OP_TOTALS, OP_SET, OP_REMOVE, OPERATIONS };

static const char *const operation_names[OPERATIONS] = {
	"open", "descriptor", "put", "take", "stat", "index", "totals", "set", "remove",
};

/* What all processes see. */
static struct {
	atomic_bool stop;
	atomic_uint wrong;
	atomic_uint done[OPERATIONS];
	_Atomic __u32 ids[KEYS];	/* that were once those of the keys */
} *shared;

static unsigned int seed = 1, seconds = 60, processes = 12;
static unsigned int passed, failed;

static unsigned int chance(unsigned int below)
{
	return rand_r(&seed) / 7 % below;
}

static void claim(bool holds, const char *what)
{
	printf("%s: %s\n", holds ? "PASS" : "FAIL", what);
	*(holds ? &passed : &failed) += 1;
}

/* An operation has succeeded, or failed as it may: @allowed ends with 0. */
static void note(int operation, long result, const int *allowed)
{
	int error = errno;

	if (result >= 0) {
		atomic_fetch_add(&shared->done[operation], 1);
		return;
	}
	for (; *allowed; allowed++)
		if (error == *allowed)
			return;
	atomic_fetch_add(&shared->wrong, 1);
	fprintf(stderr, "# %s: %s\n", operation_names[operation], strerrorname_np(error));
}

#define NOTE(operation, result, ...) note(operation, result, (const int[]){ __VA_ARGS__, 0 })

static __u32 some_id(void)
{
	return chance(20) ? shared->ids[chance(KEYS)] : chance(1 << 21);
}

static int open_key(__u32 flags)
{
	unsigned int which = chance(KEYS);
	char key[KMQ_KEY_MAX];
	struct kmq_hub_open open = {
		.space = SPACE + which % 2, .flags = flags | (chance(4) ? KMQ_HUB_CREATE : 0),
		.key = ptr(key), .key_size = 1 + which * 80, .most_queues = chance(3) ? 0 : 6,
		.weight = 10, .most_weight = chance(3) ? 0 : 40, .need = chance(4) ? 0 : 1u << chance(3),
	};
	int result;

	memset(key, 'a' + which, sizeof(key));
	if (open.flags & KMQ_HUB_CREATE) {
		open.create = (struct kmq_create){
			.flags = KMQ_CREATE_EXACT | (chance(2) ? KMQ_CREATE_OVERTAKE : 0),
			.capacity = 1 + chance(40), .byte_limit = chance(4 * MAX), .max_message = MAX,
			.inline_size = 64, .mode = chance(01000),
		};
		open.create.slots = chance(2) ? 0 : 1 + chance(open.create.capacity);
		if (!chance(6))
			open.create.flags |= KMQ_CREATE_EXCLUSIVE;
	}
	result = hub_open(&open);
	if (result >= 0)
		shared->ids[which] = open.id;
	return result;
}

static void do_put(__u32 id)
{
	char body[8 + MAX];
	struct kmq_short message = {
		.body = ptr(body), .size = chance(8) ? chance(64) : chance(MAX + 1), .id = id,
		.flags = KMQ_HEAD_TYPE | (chance(3) ? KMQ_DONTWAIT : 0), .deadline = after_ms(1 + chance(20)),
	};
	__s64 type = 1 + chance(3);

	memcpy(body, &type, sizeof(type));
	fill(body + 8, message.size, message.size);
	NOTE(OP_PUT, ioctl(hub(), KMQ_HUB_PUT, &message), ENOENT, EACCES, EAGAIN, EIDRM, ETIMEDOUT,
	     EINTR, EDQUOT, ENOMEM);
}

static void do_take(__u32 id)
{
	char body[8 + MAX];
	struct kmq_short message = {
		.body = ptr(body), .size = MAX, .id = id, .select = chance(2) ? KMQ_SELECT_ANY : KMQ_SELECT_EQUAL,
		.flags = KMQ_HEAD_TYPE | (chance(3) ? KMQ_DONTWAIT : 0), .deadline = after_ms(1 + chance(20)),
	};
	int result;

	message.type = message.select == KMQ_SELECT_EQUAL ? 1 + chance(3) : 0;
	result = ioctl(hub(), KMQ_HUB_TAKE, &message);
	NOTE(OP_TAKE, result, ENOENT, EACCES, EAGAIN, EIDRM, ETIMEDOUT, EINTR);
	if (result >= 0 && !filled(body + 8, result, result)) {
		atomic_fetch_add(&shared->wrong, 1);
		fprintf(stderr, "# a damaged message\n");
	}
}

static void do_stat(__u32 id)
{
	struct kmq_hub_stat stat;
	int result = hub_stat(id, chance(2) ? KMQ_HUB_ANY : 0, &stat);

	NOTE(OP_STAT, result, ENOENT, EACCES);
	if (!result && !info_balances(&stat.info)) {
		atomic_fetch_add(&shared->wrong, 1);
		info_print(&stat.info);
	}
	stat = (struct kmq_hub_stat){ .flags = KMQ_HUB_INDEX, .space = SPACE + chance(2), .index = chance(5) };
	NOTE(OP_INDEX, ioctl(hub(), KMQ_HUB_STAT, &stat), EINVAL, EACCES);
	stat = (struct kmq_hub_stat){ .flags = KMQ_HUB_TOTALS, .space = SPACE + chance(2) };
	NOTE(OP_TOTALS, ioctl(hub(), KMQ_HUB_STAT, &stat), 0);
}

static void do_set(__u32 id)
{
	struct kmq_hub_set set = { .id = id, .what = 1 + chance(15) };

	if (set.what & KMQ_HUB_SET_OWNER)
		set.uid = set.gid = 1000 + chance(3);
	if (set.what & KMQ_HUB_SET_MODE)
		set.mode = chance(3) ? 0666 : chance(01000);
	if (set.what & KMQ_HUB_SET_CAPACITY)
		set.capacity = chance(40);
	if (set.what & KMQ_HUB_SET_BYTES)
		set.byte_limit = chance(4 * MAX);
	NOTE(OP_SET, ioctl(hub(), KMQ_HUB_SET, &set), ENOENT, EPERM, EIDRM, EDQUOT, ENOMEM);
}

static void work(unsigned int number)
{
	int held[HELD] = { -1, -1, -1, -1 };

	seed = seed * 1000 + number;
	become(1000 + number % 3, 1000 + number % 3, 1000 + (number + 1) % 3);
	while (!shared->stop) {
		unsigned int which = chance(HELD);
		__u32 id = some_id();

		switch (chance(16)) {
		case 0:
			NOTE(OP_OPEN, open_key(0), ENOENT, EEXIST, EACCES, EDQUOT, ENOMEM);
			break;
		case 1:
			if (held[which] >= 0)
				close(held[which]);
			held[which] = open_key(KMQ_HUB_DESCRIPTOR | KMQ_HUB_READ | KMQ_HUB_WRITE);
			NOTE(OP_DESCRIPTOR, held[which], ENOENT, EEXIST, EACCES, EDQUOT, ENOMEM);
			break;
		case 2:
			do_set(id);
			break;
		case 3:
			do_stat(id);
			break;
		case 4:
			if (!chance(4))
				NOTE(OP_REMOVE, hub_remove(id, chance(2) ? KMQ_REMOVE_DEFER : 0), ENOENT,
				     EPERM, EINVAL);
			break;
		default:
			if (chance(2))
				do_put(id);
			else
				do_take(id);
		}
	}
}

static pid_t start(unsigned int number)
{
	pid_t pid;

	CHILD(pid)
		work(number);
	return pid;
}

static void blow(pid_t *workers)
{
	uint64_t end = after_ms(seconds * 1000);
	unsigned int number = processes;

	while (now() < end) {
		unsigned int which = chance(processes);

		pause_ms(20);
		child_kill(workers[which]);
		workers[which] = start(number++);
	}
}

static unsigned int remove_all(__u32 space)
{
	unsigned int removed = 0;

	for (__u32 index = 0, highest = hub_totals(space).highest; index <= highest; index++) {
		struct kmq_hub_stat stat = {
			.flags = KMQ_HUB_INDEX | KMQ_HUB_ANY, .space = space, .index = index,
		};

		if (ioctl(hub(), KMQ_HUB_STAT, &stat)) {
			CHECK_EQ(errno, EINVAL);
			continue;
		}
		CHECK(info_balances(&stat.info));
		CHECK_EQ(stat.info.blocked_senders + stat.info.blocked_receivers + stat.info.descriptors, 0);
		CHECK_OK(hub_remove(stat.id, 0));
		removed++;
	}
	return removed;
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "processes", required_argument, NULL, 'p' }, { "seconds", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'e' }, {},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			processes = atoi(optarg);
			break;
		case 's':
			seconds = atoi(optarg);
			break;
		case 'e':
			seed = atoi(optarg);
			break;
		default:
			exit(2);
		}
	}
	if (!processes || processes > WORKERS)
		exit(2);
}

int main(int argc, char **argv)
{
	pid_t workers[WORKERS];
	int queues, status;
	bool ended = true;

	parse(argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# %u processes, %u seconds, seed %u\n", processes, seconds, seed);
	test_pid = getpid();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	queues = queue_count();
	for (unsigned int i = 0; i < processes; i++)
		workers[i] = start(i);
	blow(workers);
	shared->stop = true;
	for (unsigned int i = 0; i < processes; i++) {
		CHECK_EQ(waitpid(workers[i], &status, 0), workers[i]);
		ended &= WIFEXITED(status) && !WEXITSTATUS(status);
	}
	claim(ended, "every process ends when it is told to");
	claim(!shared->wrong, "nobody saw an answer that the ABI does not know");
	remove_all(SPACE);
	remove_all(SPACE + 1);
	claim(!hub_totals(SPACE).index && !hub_totals(SPACE + 1).index, "the spaces are empty again");
	claim(queue_count() == queues, "no queue is left");
	for (int i = 0; i < OPERATIONS; i++) {
		printf("# %s: %u\n", operation_names[i], shared->done[i]);
		claim(shared->done[i] > 0, operation_names[i]);
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
