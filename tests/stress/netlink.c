// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control plane under load: processes that make, change, remove, dump,
 * describe and listen, all at once and some of them killed in the middle of it,
 * while messages go through the same queues. At the end no queue and no
 * subscription is left, the ledger of a queue that nobody removes is exact, and
 * no answer was one that the ABI does not know.
 *
 *	netlink [--processes N] [--seconds N] [--seed N]
 *
 * Ends with `N passed, N failed`.
 */
#include <getopt.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "lib/netlink.h"

enum {
	NAMES = 12,		/* of queues that come and go */
	WORKERS = 64,
};

enum {
	OP_NEW, OP_SET, OP_DEL, OP_GET, OP_DUMP, OP_HOLDERS, OP_LISTEN, OP_MESSAGES,
	OP_SYSFS, OPERATIONS,
};

static const char *const operation_names[OPERATIONS] = {
	"new", "set", "del", "get", "dump", "holders", "listen", "messages", "sysfs",
};

/* What all processes see. */
static struct {
	atomic_bool stop;
	atomic_uint done[OPERATIONS];	/* that had an effect */
	atomic_uint wrong;
	atomic_uint short_dumps;	/* that did not have what stays */
} *shared;

static unsigned int seed = 1, seconds = 30, processes = 12;
static char lasting[KMQ_NAME_SIZE];
static unsigned int passed, failed;

static unsigned int chance(unsigned int below)
{
	return rand_r(&seed) / 7 % below;
}

static void a_name(char name[KMQ_NAME_SIZE])
{
	snprintf(name, KMQ_NAME_SIZE, "nl-stress.%u", chance(NAMES));
}

/* One of these errnos, or it is wrong. The list ends with 0. */
static bool took(int operation, int result, const int *allowed)
{
	if (result >= 0) {
		atomic_fetch_add(&shared->done[operation], 1);
		return true;
	}
	for (; *allowed; allowed++)
		if (errno == *allowed)
			return false;
	fprintf(stderr, "%s failed with %s\n", operation_names[operation],
		strerrorname_np(errno));
	atomic_fetch_add(&shared->wrong, 1);
	return false;
}

static void do_new(struct nl *nl)
{
	static const int allowed[] = { EEXIST, EDQUOT, ENOBUFS, 0 };
	struct nl_request request;
	char name[KMQ_NAME_SIZE];

	a_name(name);
	nl_begin(&request, nl, KMQ_CMD_QUEUE_NEW, chance(2) ? NLM_F_EXCL : 0);
	nl_put_text(&request, KMQ_A_NAME, name);
	nl_put_u32(&request, KMQ_A_MODE, chance(2) ? 0644 : 0600);
	if (chance(4)) {
		nl_put_u32(&request, KMQ_A_CAPACITY, 1 + chance(16));
		nl_put_u32(&request, KMQ_A_POLICY, chance(4));
		nl_put_u32(&request, KMQ_A_HIGH_WATERMARK, 4);
		nl_put_u32(&request, KMQ_A_LOW_WATERMARK, 1);
		nl_put_u32(&request, KMQ_A_LEASE_LIMIT, chance(2) * 5);
		nl_put_u32(&request, KMQ_A_HISTOGRAM, chance(2));
	} else {
		nl_put_u32(&request, KMQ_A_KIND, KMQ_KIND_RING);
		nl_put_u32(&request, KMQ_A_RING_MODE, chance(4));
		nl_put_u64(&request, KMQ_A_BYTE_LIMIT, 4096);
	}
	took(OP_NEW, nl_transact(nl, &request, NULL), allowed);
}

static void do_set(struct nl *nl)
{
	static const int allowed[] = { ENOENT, EOPNOTSUPP, EINVAL, EDQUOT,
				       ENOBUFS, 0 };
	struct nl_request request;
	char name[KMQ_NAME_SIZE];

	a_name(name);
	nl_begin(&request, nl, KMQ_CMD_QUEUE_SET, 0);
	nl_put_text(&request, KMQ_A_NAME, chance(4) ? name : lasting);
	if (!chance(2))
		nl_put_u32(&request, KMQ_A_CAPACITY, 1 + chance(32));
	if (!chance(2))
		nl_put_u32(&request, KMQ_A_MODE, chance(2) ? 0644 : 0600);
	if (!chance(2))
		nl_put_u32(&request, KMQ_A_HISTOGRAM, chance(2));
	if (!chance(2))
		nl_put_u32(&request, KMQ_A_HIGH_WATERMARK, chance(8));
	if (!chance(3))
		nl_put_u32(&request, KMQ_A_LEASE_LIMIT, chance(20));
	nl_put_u32(&request, KMQ_A_POLICY, chance(4));
	took(OP_SET, nl_transact(nl, &request, NULL), allowed);
}

static void do_del(struct nl *nl)
{
	static const int allowed[] = { ENOENT, ENOBUFS, 0 };
	char name[KMQ_NAME_SIZE];

	a_name(name);
	took(OP_DEL, nl_del(nl, name), allowed);
}

static void do_get(struct nl *nl)
{
	static const int allowed[] = { ENOENT, ENOBUFS, 0 };
	struct nl_reply queue;
	char name[KMQ_NAME_SIZE];

	a_name(name);
	if (took(OP_GET, nl_get(nl, name, &queue), allowed))
		CHECK(!strcmp(nl_text(&queue, KMQ_A_NAME), name));
}

static void do_dump(int command)
{
	static const int allowed[] = { ENOENT, ENOBUFS, 0 };
	int operation = command == KMQ_CMD_QUEUE_GET ? OP_DUMP : OP_HOLDERS;
	static struct nl_dump dump;
	struct nl_request request;
	struct nl own = nl_open();
	struct nl_reply row;
	char name[KMQ_NAME_SIZE];
	bool lasts = false, whole = false;

	a_name(name);
	nl_begin(&request, &own, command, 0);
	if (command == KMQ_CMD_HOLDER_GET)
		nl_put_text(&request, KMQ_A_NAME, chance(2) ? name : lasting);
	if (took(operation, nl_dump_start(&dump, &own, &request), allowed)) {
		/* Now and then nobody reads on. */
		while (!whole && chance(100)) {
			whole = !nl_dump_next(&dump, &row);
			if (!whole && nl_has(&row, KMQ_A_NAME))
				lasts |= !strcmp(nl_text(&row, KMQ_A_NAME), lasting);
		}
	}
	if (whole && command == KMQ_CMD_QUEUE_GET && !lasts)
		atomic_fetch_add(&shared->short_dumps, 1);
	nl_close(&own);
}

static void do_listen(void)
{
	static const int allowed[] = { EUSERS, ENOBUFS, 0 };
	struct nl own = nl_open();
	int small = 1;

	if (chance(2))
		setsockopt(own.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (took(OP_LISTEN, nl_subscribe(&own, chance(2) ? "nl-*" : NULL, 0), allowed))
		for (unsigned int i = chance(50); i; i--) {
			struct pollfd poller = { .fd = own.fd, .events = POLLIN };
			char event[4096];

			if (poll(&poller, 1, 2) <= 0)
				break;
			/* It may say ENOBUFS, which is what this is for. */
			if (recv(own.fd, event, sizeof(event), MSG_DONTWAIT) < 0 &&
			    errno != ENOBUFS && errno != EAGAIN)
				atomic_fetch_add(&shared->wrong, 1);
		}
	nl_close(&own);
}

static void do_messages(void)
{
	char name[KMQ_NAME_SIZE], body[64];
	struct received leased;
	int fd;

	a_name(name);
	fd = open(queue_path(chance(2) ? name : lasting), O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	for (unsigned int i = chance(30); i; i--) {
		if (chance(2))
			write(fd, body, chance(sizeof(body)));
		else if (chance(3))
			read(fd, body, sizeof(body));
		else
			receive_any(fd, KMQ_LEASE | KMQ_DONTWAIT, &leased);
	}
	atomic_fetch_add(&shared->done[OP_MESSAGES], 1);
	close(fd);
}

static void do_sysfs(void)
{
	static const char *const words[] = { "sent", "mode", "bytes", "policy" };
	char path[128], name[KMQ_NAME_SIZE], text[64];
	int fd;

	a_name(name);
	snprintf(path, sizeof(path), "/sys/class/kmq/%s/%s", name, words[chance(4)]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (read(fd, text, sizeof(text)) > 0)
		atomic_fetch_add(&shared->done[OP_SYSFS], 1);
	close(fd);
}

static void work(unsigned int number)
{
	struct nl nl = nl_open();

	seed = seed * 1000 + number;
	while (!atomic_load(&shared->stop))
		switch (chance(OPERATIONS)) {
		case OP_NEW: do_new(&nl); break;
		case OP_SET: do_set(&nl); break;
		case OP_DEL: do_del(&nl); break;
		case OP_GET: do_get(&nl); break;
		case OP_DUMP: do_dump(KMQ_CMD_QUEUE_GET); break;
		case OP_HOLDERS: do_dump(KMQ_CMD_HOLDER_GET); break;
		case OP_LISTEN: do_listen(); break;
		case OP_MESSAGES: do_messages(); break;
		default: do_sysfs(); break;
		}
}

static void verdict(bool good, const char *claim)
{
	printf("%s %s\n", good ? "ok" : "not ok", claim);
	good ? passed++ : failed++;
}

static pid_t start(unsigned int number)
{
	pid_t pid;

	CHILD(pid)
		work(number);
	return pid;
}

/* Until the time is up, one worker in a while is killed and another begins. */
static bool run(void)
{
	pid_t workers[WORKERS];
	uint64_t end = after_ms(seconds * 1000);
	unsigned int next = 0;
	bool good = true;
	int status;

	for (; next < processes; next++)
		workers[next] = start(next);
	while (now() < end) {
		unsigned int victim = chance(processes);

		pause_ms(50);
		kill(workers[victim], SIGKILL);
		CHECK_EQ(CHECK_OK(waitpid(workers[victim], &status, 0)),
			 workers[victim]);
		good &= WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		workers[victim] = start(next++);
	}
	atomic_store(&shared->stop, true);
	for (unsigned int i = 0; i < processes; i++) {
		CHECK_EQ(CHECK_OK(waitpid(workers[i], &status, 0)), workers[i]);
		good &= WIFEXITED(status) && !WEXITSTATUS(status);
	}
	return good;
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "processes", required_argument, NULL, 'p' },
		{ "seconds", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'r' },
		{}
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case 'p': processes = atoi(optarg); break;
		case 's': seconds = atoi(optarg); break;
		case 'r': seed = atoi(optarg); break;
		default: exit(2);
		}
	if (!processes || processes > WORKERS)
		exit(2);
}

int main(int argc, char **argv)
{
	bool all_done = true;
	struct kmq_info info;
	struct nl nl;
	int fd;

	parse(argc, argv);
	test_pid = getpid();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	fd = NAMED(lasting, .capacity = 8, .mode = 0644);
	verdict(run(), "every worker ended by a kill or in good order");
	for (int i = 0; i < OPERATIONS; i++) {
		printf("# %s: %u\n", operation_names[i],
		       atomic_load(&shared->done[i]));
		all_done &= atomic_load(&shared->done[i]) > 0;
	}
	verdict(all_done, "every operation had an effect");
	verdict(!atomic_load(&shared->wrong), "no errno was one that the ABI does not know");
	verdict(!atomic_load(&shared->short_dumps), "every whole dump had the queue that stayed");
	info = info_of(fd);
	verdict(info_balances(&info), "the ledger of the queue that stayed is exact");
	verdict(info.descriptors == 1 && !info.leased && !info.blocked_senders,
		"no descriptor, lease or sleeper of it is left");
	nl = nl_open();
	for (unsigned int i = 0; i < NAMES; i++) {
		char name[KMQ_NAME_SIZE];

		snprintf(name, sizeof(name), "nl-stress.%u", i);
		nl_del(&nl, name);
	}
	close(fd);
	verdict(queue_count() == 0, "no queue is left");
	printf("%u passed, %u failed\n", passed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
