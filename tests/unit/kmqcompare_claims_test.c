// SPDX-License-Identifier: GPL-2.0-only
/*
 * The claims of the groups lifetime, access, locks, deaths and cost are not fooled:
 * each is put to a mechanism that answers it truly, and to the same with a lie in a
 * hook, by which the answer must become another. And the manual pages' answers are
 * there for every cell, and what a course says is judged by what the cells show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "probe/cell.h"
#include "probe/claims/cost_ride.h"

#define NAP_US		2000
#define BODY_MAX	128

/* What lies are told about, and the liar. */
static struct subject base;
static struct subject liar;
static struct cell_result last;

/* What a lie remembers, in memory that all processes of a cell share. */
static struct memory {
	pid_t holder;
	unsigned int sent;
} *memory;

static int begin(void **state)
{
	memory = mmap(NULL, sizeof(*memory), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	return memory == MAP_FAILED ? -1 : 0;
}

static int end(void **state)
{
	free(last.evidence);
	last.evidence = NULL;
	ride_mechanism = mechanism_find;
	return munmap(memory, sizeof(*memory));
}

/* The next cell is about this mechanism, and @liar may be changed. */
static void about(const char *mechanism)
{
	const struct subject *subject = subject_find(mechanism);

	assert_non_null(subject);
	base = *subject;
	liar = base;
}

static enum verdict ask(const char *claim)
{
	free(last.evidence);
	last = (struct cell_result){ .claim = claim_find(claim), .subject = &liar };
	assert_non_null(last.claim);
	cell_run(&last);
	if (last.broke)
		fail_msg("%s of %s: %s\n%s", claim, liar.mechanism, last.answer, last.evidence);
	return last.verdict;
}

static void must_be(enum verdict is, enum verdict should)
{
	if (is != should)
		fail_msg("%s of %s: is %s, %s; should be %s\n%s", last.claim->name, liar.mechanism,
			 verdict_name(is), last.answer, verdict_name(should), last.evidence);
}

#define assert_yes(claim)	must_be(ask(claim), VERDICT_YES)
#define assert_no(claim)	must_be(ask(claim), VERDICT_NO)
#define assert_partly(claim)	must_be(ask(claim), VERDICT_PARTLY)

static void assert_answer(const char *words)
{
	if (!strstr(last.answer, words))
		fail_msg("the answer is %s, not %s\n%s", last.answer, words, last.evidence);
}

static bool lives(pid_t pid)
{
	return pid > 0 && !kill(pid, 0);
}

static bool is_root(void)
{
	return !geteuid();
}

/* Lifetime */

static ssize_t receive_while_creator_lives(struct end *end, struct parcel *parcel)
{
	if (lives(end->object->creator))
		return base.receive(end, parcel);
	errno = EIDRM;
	return -1;
}

static void gone_with_its_creator(void **state)
{
	about("sysv-msg");
	assert_yes("survives-creator");
	liar.receive = receive_while_creator_lives;
	assert_no("survives-creator");
}

static int attach_and_empty(struct end *end, struct object *object, enum way way)
{
	char body[BODY_MAX];
	struct parcel parcel = { .body = body, .size = sizeof(body), .patience = PATIENCE_NONE };
	int result = base.attach(end, object, way);

	while (!result && base.receive(end, &parcel) >= 0)
		continue;
	return result;
}

static void gone_with_its_last_user(void **state)
{
	about("posix-mq");
	assert_yes("persists");
	liar.attach = attach_and_empty;
	assert_no("persists");
	assert_answer("the name stays");
	about("pipe");
	assert_no("persists");
}

static int create_with_litter(struct end *end, struct object *object)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/litter", object->directory);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	return base.create(end, object);
}

static bool see_nothing(const struct object *object, char *where)
{
	return false;
}

static void leaves_a_file_behind(void **state)
{
	about("pipe");
	assert_yes("cleaned");
	liar.create = create_with_litter;
	assert_no("cleaned");
}

static void denies_what_it_leaves_behind(void **state)
{
	about("posix-shm");
	liar.seen = see_nothing;
	assert_no("cleaned");
}

/* But once, so that the cell can clean up. */
static int remove_nothing(struct end *end, struct object *object)
{
	end_says(end, "remove");
	return memory->sent++ ? base.remove(end, object) : 0;
}

static void removing_that_removes_nothing(void **state)
{
	about("sysv-msg");
	assert_yes("removed");
	liar.remove = remove_nothing;
	assert_no("removed");
	assert_answer("goes on");
}

static bool see_ever(const struct object *object, char *where)
{
	strcpy(where, "/somewhere");
	return true;
}

static void seen_before_it_is_there(void **state)
{
	about("fifo");
	assert_yes("visible");
	liar.seen = see_ever;
	assert_no("visible");
	liar.seen = see_nothing;
	assert_no("visible");
}

/* Access */

static int attach_elsewhere(struct end *end, struct object *object, enum way way)
{
	struct object other = *object;

	snprintf(other.name, sizeof(other.name), "%.20s-other", object->name);
	if (base.create(end, &other))
		return -1;
	return base.remove(end, &other);
}

static void opens_something_else(void **state)
{
	about("fifo");
	assert_yes("unrelated");
	liar.attach = attach_elsewhere;
	assert_no("unrelated");
	assert_answer("nothing arrives");
}

static void a_pipe_with_a_way_in(void **state)
{
	about("pipe");
	assert_yes("ancestor");
	assert_no("unrelated");
	liar.attach = base.borrow;
	assert_no("ancestor");
	assert_yes("unrelated");
}

static int create_open_to_all(struct end *end, struct object *object)
{
	mode_t mode = object->mode;
	int result;

	object->mode = 0666;
	result = base.create(end, object);
	object->mode = mode;
	return result;
}

static void open_to_all(void **state)
{
	if (!is_root())
		skip();
	about("fifo");
	assert_yes("permission");
	liar.create = create_open_to_all;
	assert_no("permission");
}

static ssize_t receive_from_creator(struct end *end, struct parcel *parcel)
{
	ssize_t size = base.receive(end, parcel);

	parcel->sender_pid = end->object->creator;
	return size;
}

static ssize_t receive_from_nobody(struct end *end, struct parcel *parcel)
{
	ssize_t size = base.receive(end, parcel);

	parcel->sender_pid = 0;
	return size;
}

static void tells_a_wrong_sender(void **state)
{
	about("unix-dgram");
	assert_yes("identity");
	liar.receive = receive_from_creator;
	assert_no("identity");
	liar.receive = receive_from_nobody;
	assert_partly("identity");
	about("unix-stream");
	assert_yes("identity");
	about("pipe");
	assert_no("identity");
}

static int adopt_something_else(struct end *end, struct object *object, const int *fd, enum way way)
{
	return pipe2(end->fd, O_CLOEXEC);
}

static void what_is_passed_is_something_else(void **state)
{
	about("pipe");
	assert_yes("passed");
	liar.adopt = adopt_something_else;
	assert_no("passed");
	liar.adopt = NULL;
	assert_no("passed");
}

/* Locks */

/* Not a taking: the message is there for the next as well. */
static ssize_t receive_and_put_back(struct end *end, struct parcel *parcel)
{
	struct parcel again = *parcel;
	ssize_t size = base.receive(end, parcel);

	if (size < 0)
		return size;
	again.size = size;
	again.patience = PATIENCE_NONE;
	base.send(end, &again);
	return size;
}

static int store_one_more(struct end *end, long value)
{
	long now;

	if (memory->sent++ == 0)
		return base.store(end, value);
	return base.load(end, &now) ? -1 : base.store(end, now + 1);
}

static void a_queue_that_loses_updates(void **state)
{
	about("sysv-msg");
	assert_no("lost-update");
	liar.receive = receive_and_put_back;
	assert_yes("lost-update");
}

static void memory_that_loses_none(void **state)
{
	about("posix-shm");
	assert_yes("lost-update");
	memory->sent = 0;
	liar.store = store_one_more;
	assert_no("lost-update");
}

static int lock_nothing(struct end *end, unsigned int which, enum patience patience,
			unsigned int wait_ms)
{
	end_says(end, "lock %u", which);
	return 0;
}

static int unlock_nothing(struct end *end, unsigned int which)
{
	end_says(end, "unlock %u", which);
	return 0;
}

static void a_lock_that_does_not_lock(void **state)
{
	about("sysv-shm");
	assert_yes("lock-saves");
	liar.lock = lock_nothing;
	assert_no("lock-saves");
	assert_no("deadlock");
	assert_no("lock-order");
	assert_no("holder-dies");
	assert_no("counts");
}

static void a_token_that_stays(void **state)
{
	about("sysv-msg");
	assert_yes("lock-saves");
	liar.receive = receive_and_put_back;
	assert_no("lock-saves");
}

/* As a mutex would: who is not the holder does not free it. */
static int lock_and_remember(struct end *end, unsigned int which, enum patience patience,
			     unsigned int wait_ms)
{
	int result = base.lock(end, which, patience, wait_ms);

	if (!result)
		memory->holder = getpid();
	return result;
}

static int unlock_as_holder(struct end *end, unsigned int which)
{
	end_says(end, "unlock %u", which);
	if (memory->holder == getpid())
		return base.unlock(end, which);
	errno = EPERM;
	return -1;
}

static void a_semaphore_with_an_owner(void **state)
{
	about("mmap-file");
	assert_yes("counts");
	assert_yes("anyone-posts");
	liar.lock = lock_and_remember;
	liar.unlock = unlock_as_holder;
	assert_no("counts");
	assert_no("anyone-posts");
	liar.unlock = unlock_nothing;
	assert_no("anyone-posts");
	assert_answer("without effect");
}

static int lock_of_nobody(struct end *end, unsigned int which, enum patience patience,
			  unsigned int wait_ms)
{
	if (patience != PATIENCE_NONE)
		return base.lock(end, which, patience, wait_ms);
	return memory->holder ? base.lock(end, which, patience, wait_ms) : 0;
}

static int unlock_of_anyone(struct end *end, unsigned int which)
{
	end_says(end, "unlock %u, whoever has it", which);
	memory->holder = 0;
	return 0;
}

static void a_mutex_that_anyone_may_release(void **state)
{
	about("posix-shm");
	assert_no("anyone-posts");
	assert_answer("EPERM");
	memory->holder = 1;
	liar.lock = lock_of_nobody;
	liar.unlock = unlock_of_anyone;
	assert_yes("anyone-posts");
}

/* The second lock is refused to whoever asks for it while the first is held. */
static int lock_that_sees_circles(struct end *end, unsigned int which, enum patience patience,
				  unsigned int wait_ms)
{
	int result = base.lock(end, which, PATIENCE_NONE, 0);

	if (result)
		errno = EDEADLK;
	return result;
}

static void a_lock_that_sees_circles(void **state)
{
	about("posix-shm");
	assert_yes("deadlock");
	liar.lock = lock_that_sees_circles;
	assert_no("deadlock");
	assert_answer("EDEADLK");
	about("file-lock");
	assert_no("deadlock");
}

static void a_lock_that_nobody_gets_again(void **state)
{
	about("mmap-file");
	assert_yes("lock-order");
	liar.unlock = unlock_nothing;
	assert_no("lock-order");
}

/* Deaths */

static int lock_of_the_living(struct end *end, unsigned int which, enum patience patience,
			      unsigned int wait_ms)
{
	end_says(end, "lock %u", which);
	while (lives(memory->holder))
		usleep(NAP_US);
	memory->holder = getpid();
	return 0;
}

static void a_semaphore_freed_by_death(void **state)
{
	about("mmap-file");
	assert_no("holder-dies");
	memory->holder = 0;
	liar.lock = lock_of_the_living;
	assert_yes("holder-dies");
	about("sysv-shm");
	assert_yes("holder-dies");
	assert_answer("SEM_UNDO");
	about("posix-shm");
	assert_yes("holder-dies");
	assert_answer("EOWNERDEAD");
}

/* A message that is not the whole of what was to be sent. */
static ssize_t send_the_half(struct end *end, struct parcel *parcel)
{
	struct parcel half = *parcel;

	half.size /= 2;
	return base.send(end, &half);
}

static void a_ring_that_gives_halves_away(void **state)
{
	about("posix-shm");
	assert_yes("sender-dies");
	liar.half_send = send_the_half;
	assert_no("sender-dies");
}

static void a_queue_of_halves(void **state)
{
	about("posix-mq");
	assert_yes("sender-dies");
	liar.half_send = send_the_half;
	assert_no("sender-dies");
	liar.half_send = NULL;
	liar.send = send_the_half;
	assert_no("sender-dies");
}

static void a_ring_that_is_stuck(void **state)
{
	about("shm-futex");
	assert_partly("sender-dies");
	about("pipe");
	assert_partly("sender-dies");
}

static void a_message_that_comes_back(void **state)
{
	about("sysv-msg");
	assert_yes("receiver-dies");
	liar.receive = receive_and_put_back;
	assert_no("receiver-dies");
}

/* Cost */

/* All but the first go nowhere, and cost nothing. */
static ssize_t send_into_the_void(struct end *end, struct parcel *parcel)
{
	return memory->sent++ ? (ssize_t)parcel->size : base.send(end, parcel);
}

static void messages_that_nobody_pays_for(void **state)
{
	about("sysv-msg");
	if (ask("charged") == VERDICT_NONE)
		skip();
	must_be(last.verdict, VERDICT_YES);
	memory->sent = 0;
	liar.send = send_into_the_void;
	assert_no("charged");
}

static int create_whatever_happens(struct end *end, struct object *object)
{
	base.create(end, object);
	return 0;
}

static ssize_t send_nowhere(struct end *end, struct parcel *parcel)
{
	return memory->sent++ % 10 < 9 ? (ssize_t)parcel->size : -1;
}

static void a_quota_that_is_none(void **state)
{
	about("posix-mq");
	assert_yes("quota");
	/* Nothing is refused, but nothing is had either. */
	liar.create = create_whatever_happens;
	assert_yes("quota");
	assert_null(strstr(last.answer, "EMFILE"));
	liar.send = send_nowhere;
	assert_no("quota");
	about("sysv-msg");
	assert_no("quota");
}

static struct mechanism carrier;
static const struct mechanism *honest;

static const struct mechanism *find_carrier(const char *name)
{
	return &carrier;
}

static void about_carrier(const char *mechanism)
{
	about(mechanism);
	honest = mechanism_find(mechanism);
	assert_non_null(honest);
	carrier = *honest;
	ride_mechanism = find_carrier;
}

static int send_twice_copied(struct channel *channel, void *body, uint32_t size)
{
	COPIED(channel, size);
	return honest->send(channel, body, size);
}

static void a_third_copy(void **state)
{
	about_carrier("pipe");
	assert_yes("copies");
	carrier.send = send_twice_copied;
	assert_no("copies");
	assert_answer("3");
}

static int send_with_uncounted_call(struct channel *channel, void *body, uint32_t size)
{
	syscall(SYS_getuid);
	return honest->send(channel, body, size);
}

static void system_calls_that_the_bench_does_not_count(void **state)
{
	about_carrier("shm-futex");
	assert_no("syscalls");
	carrier.send = send_with_uncounted_call;
	assert_yes("syscalls");
	assert_answer("1");
	about_carrier("pipe");
	assert_yes("syscalls");
	assert_answer("2");
}

static int fail_to_send(struct channel *channel, void *body, uint32_t size)
{
	errno = EIO;
	return -1;
}

static void a_carrier_that_fails(void **state)
{
	about_carrier("pipe");
	carrier.send = fail_to_send;
	must_be(ask("copies"), VERDICT_NONE);
	must_be(ask("syscalls"), VERDICT_NONE);
}

/* The manual pages */

static bool is_page(const char *source)
{
	size_t length = strlen(source);

	return length > 3 && source[length - 3] == '(' && source[length - 1] == ')' &&
	       source[length - 2] >= '1' && source[length - 2] <= '8';
}

static void the_table_tells_of_every_cell_once(void **state)
{
	const char *source;

	for (const struct claim *const *c = claims; *c; c++)
		for (const struct subject *const *s = subjects; *s; s++)
			if (expected_count((*c)->name, (*s)->mechanism) != 1)
				fail_msg("%s of %s: told %u times", (*c)->name, (*s)->mechanism,
					 expected_count((*c)->name, (*s)->mechanism));
	assert_int_equal(expected_count("boundaries", "kmq-"), 0);
	assert_int_equal(expected_verdict("boundaries", "no-such", &source), VERDICT_NONE);
	assert_int_equal(expected_verdict("no-such", "kmq", &source), VERDICT_NONE);
}

static void every_answer_has_its_page(void **state)
{
	const char *source;

	for (const struct claim *const *c = claims; *c; c++)
		for (const struct subject *const *s = subjects; *s; s++) {
			enum verdict verdict =
				expected_verdict((*c)->name, (*s)->mechanism, &source);

			assert_true((verdict == VERDICT_NONE) == !source);
			assert_true(!source || is_page(source));
		}
}

static void a_prefix_is_not_another_mechanism(void **state)
{
	const char *source;

	assert_int_equal(expected_verdict("types", "kmq", &source), VERDICT_NO);
	assert_int_equal(expected_verdict("types", "kmq-ioctl", &source), VERDICT_YES);
}

/* What a course says */

/* Cells of one claim each, as the findings see them. */
static struct cell_result planted[8];
static struct cells cells = { .results = planted };

static void plant(const char *claim, const char *mechanism, enum verdict verdict)
{
	struct cell_result *one = &planted[cells.count++];

	*one = (struct cell_result){ .claim = claim_find(claim), .subject = subject_find(mechanism),
				     .verdict = verdict, .answer = "10" };
	assert_non_null(one->claim);
	assert_non_null(one->subject);
}

static bool contradicted(const char *claim, char *text)
{
	const struct textbook *textbook = textbook_of(claim);

	assert_non_null(textbook);
	text[0] = '\0';
	return textbook->finding(&cells, text);
}

static const struct contradiction {
	const char *claim;
	struct { const char *claim, *mechanism; enum verdict verdict; } cells[4];
	bool contradicts;
} contradictions[] = {
	{ "ancestor",
	  { { "ancestor", "pipe", VERDICT_YES }, { "passed", "pipe", VERDICT_YES } },
	  true },
	{ "ancestor",
	  { { "ancestor", "pipe", VERDICT_YES }, { "passed", "pipe", VERDICT_NO } },
	  false },
	{ "duplex", { { "duplex", "pipe", VERDICT_NO }, { "duplex", "fifo", VERDICT_NO } }, false },
	{ "duplex", { { "duplex", "pipe", VERDICT_YES }, { "duplex", "fifo", VERDICT_NO } }, true },
	{ "priority",
	  { { "priority", "sysv-msg", VERDICT_NO }, { "types", "sysv-msg", VERDICT_YES } },
	  true },
	{ "priority",
	  { { "priority", "sysv-msg", VERDICT_YES }, { "types", "sysv-msg", VERDICT_YES } },
	  false },
	{ "order", { { "order", "signal", VERDICT_YES } }, true },
	{ "order", { { "order", "signal", VERDICT_NO } }, false },
	{ "zero-length", { { "zero-length", "posix-mq", VERDICT_YES } }, true },
	{ "zero-length", { { "zero-length", "posix-mq", VERDICT_NO } }, false },
	{ "capacity", { { "capacity", "posix-mq", VERDICT_YES } }, true },
	{ "capacity", { { "capacity", "posix-mq", VERDICT_NO } }, false },
	{ "persists", { { "persists", "posix-shm", VERDICT_YES } }, true },
	{ "persists", { { "persists", "posix-shm", VERDICT_NO } }, false },
	{ "identity", { { "identity", "unix-dgram", VERDICT_YES } }, true },
	{ "identity", { { "identity", "unix-dgram", VERDICT_NO } }, false },
	{ "full-blocks", { { "full-blocks", "unix-dgram", VERDICT_YES } }, true },
	{ "full-blocks", { { "full-blocks", "unix-dgram", VERDICT_NO } }, false },
	{ "poll", { { "poll", "posix-mq", VERDICT_YES } }, true },
	{ "poll", { { "poll", "posix-mq", VERDICT_NO } }, false },
	{ "lost-update",
	  { { "lost-update", "posix-shm", VERDICT_YES },
	    { "lost-update", "shm-futex", VERDICT_YES } },
	  false },
	{ "lost-update",
	  { { "lost-update", "posix-shm", VERDICT_NO },
	    { "lost-update", "shm-futex", VERDICT_YES } },
	  true },
	{ "anyone-posts", { { "anyone-posts", "posix-shm", VERDICT_NO } }, true },
	{ "anyone-posts", { { "anyone-posts", "posix-shm", VERDICT_YES } }, false },
	{ "deadlock", { { "deadlock", "posix-shm", VERDICT_YES } }, true },
	{ "deadlock", { { "deadlock", "posix-shm", VERDICT_NO } }, false },
	{ "holder-dies", { { "holder-dies", "mmap-file", VERDICT_NO } }, true },
	{ "holder-dies", { { "holder-dies", "mmap-file", VERDICT_YES } }, false },
	{ "sender-dies", { { "sender-dies", "pipe", VERDICT_PARTLY } }, true },
	{ "sender-dies", { { "sender-dies", "pipe", VERDICT_YES } }, false },
	{ "quota", { { "quota", "sysv-msg", VERDICT_NO } }, true },
	{ "quota", { { "quota", "sysv-msg", VERDICT_YES } }, false },
	{ "copies",
	  { { "copies", "sysv-msg", VERDICT_YES }, { "copies", "pipe", VERDICT_YES } },
	  false },
	{ "lost-update",
	  { { "lost-update", "posix-shm", VERDICT_YES },
	    { "lost-update", "file-lock", VERDICT_NO } },
	  true },
	{ "copies",
	  { { "copies", "sysv-msg", VERDICT_NO }, { "copies", "pipe", VERDICT_YES } },
	  true },
	{ "syscalls",
	  { { "syscalls", "sysv-shm", VERDICT_YES }, { "syscalls", "shm-futex", VERDICT_NO } },
	  true },
	{ "syscalls",
	  { { "syscalls", "sysv-shm", VERDICT_NO }, { "syscalls", "shm-futex", VERDICT_NO } },
	  false },
	{ "mixed-doors",
	  { { "mixed-doors", "posix-shm", VERDICT_NO },
	    { "mixed-doors", "kmq-ring-mpmc", VERDICT_YES } },
	  true },
	{ "mixed-doors",
	  { { "mixed-doors", "posix-shm", VERDICT_NO },
	    { "mixed-doors", "kmq-ring-mpmc", VERDICT_NO } },
	  false },
	{ "lapped", { { "lapped", "kmq-ring-broadcast", VERDICT_YES } }, true },
	{ "boundaries",
	  { { "boundaries", "sysv-msg", VERDICT_YES },
	    { "boundaries", "posix-mq", VERDICT_YES },
	    { "boundaries", "pipe", VERDICT_NO },
	    { "boundaries", "unix-stream", VERDICT_NO } },
	  false },
	{ "boundaries",
	  { { "boundaries", "sysv-msg", VERDICT_NO },
	    { "boundaries", "posix-mq", VERDICT_YES },
	    { "boundaries", "pipe", VERDICT_NO },
	    { "boundaries", "unix-stream", VERDICT_NO } },
	  true },
};

#define CONTRADICTIONS	(sizeof(contradictions) / sizeof(*contradictions))

static char last_of(const char *text)
{
	return text[strlen(text) - 1];
}

static void findings_follow_the_cells(void **state)
{
	char text[FINDING_SIZE];

	for (size_t i = 0; i < CONTRADICTIONS; i++) {
		const struct contradiction *one = &contradictions[i];

		cells.count = 0;
		for (int c = 0; c < 4 && one->cells[c].claim; c++)
			plant(one->cells[c].claim, one->cells[c].mechanism, one->cells[c].verdict);
		if (contradicted(one->claim, text) != one->contradicts || !text[0])
			fail_msg("line %zu, %s: %s", i, one->claim, text);
		/* Cut sentences do not end. */
		assert_int_equal(last_of(text), '.');
	}
}

static bool mentions(const char *claim, const char *words)
{
	char text[FINDING_SIZE];

	contradicted(claim, text);
	return strstr(text, words);
}

static void findings_name_what_ran_and_no_more(void **state)
{
	cells.count = 0;
	plant("holder-dies", "mmap-file", VERDICT_NO);
	assert_false(mentions("holder-dies", "kmq"));
	plant("holder-dies", "kmq-ioctl", VERDICT_YES);
	plant("holder-dies", "file-lock", VERDICT_YES);
	assert_true(mentions("holder-dies", "a record lock and a leased kmq message."));
	plant("lost-update", "posix-shm", VERDICT_YES);
	assert_false(mentions("lost-update", "with the lock, none"));
	plant("lock-saves", "posix-shm", VERDICT_YES);
	assert_true(mentions("lost-update", "with the lock, none"));
}

static bool is_tried(const char *claim)
{
	for (size_t i = 0; i < CONTRADICTIONS; i++)
		if (!strcmp(contradictions[i].claim, claim))
			return true;
	return false;
}

static void without_cells_nothing_is_found(void **state)
{
	char text[FINDING_SIZE];

	cells.count = 0;
	for (const struct claim *const *c = claims; *c; c++) {
		if (!textbook_of((*c)->name))
			continue;
		assert_true(is_tried((*c)->name));
		assert_false(contradicted((*c)->name, text));
		assert_string_equal(text, "");
	}
}

static void the_words_of_every_claim_are_there(void **state)
{
	for (const struct claim *const *c = claims; *c; c++) {
		assert_int_equal(last_of((*c)->question), '?');
		assert_true(strchr(".?", last_of((*c)->experiment)));
		assert_ptr_equal(claim_find((*c)->name), *c);
	}
}

#define claim_test(name)	cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		claim_test(gone_with_its_creator),
		claim_test(gone_with_its_last_user),
		claim_test(leaves_a_file_behind),
		claim_test(denies_what_it_leaves_behind),
		claim_test(removing_that_removes_nothing),
		claim_test(seen_before_it_is_there),
		claim_test(opens_something_else),
		claim_test(a_pipe_with_a_way_in),
		claim_test(open_to_all),
		claim_test(tells_a_wrong_sender),
		claim_test(what_is_passed_is_something_else),
		claim_test(a_queue_that_loses_updates),
		claim_test(memory_that_loses_none),
		claim_test(a_lock_that_does_not_lock),
		claim_test(a_token_that_stays),
		claim_test(a_semaphore_with_an_owner),
		claim_test(a_mutex_that_anyone_may_release),
		claim_test(a_lock_that_sees_circles),
		claim_test(a_lock_that_nobody_gets_again),
		claim_test(a_semaphore_freed_by_death),
		claim_test(a_ring_that_gives_halves_away),
		claim_test(a_queue_of_halves),
		claim_test(a_ring_that_is_stuck),
		claim_test(a_message_that_comes_back),
		claim_test(messages_that_nobody_pays_for),
		claim_test(a_quota_that_is_none),
		claim_test(a_third_copy),
		claim_test(system_calls_that_the_bench_does_not_count),
		claim_test(a_carrier_that_fails),
		claim_test(the_table_tells_of_every_cell_once),
		claim_test(every_answer_has_its_page),
		claim_test(a_prefix_is_not_another_mechanism),
		claim_test(findings_follow_the_cells),
		claim_test(findings_name_what_ran_and_no_more),
		claim_test(without_cells_nothing_is_found),
		claim_test(the_words_of_every_claim_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
