// SPDX-License-Identifier: GPL-2.0-only
/* Subscriptions and events of libkmq-nl. The kernel is tests/unit/nl/kernel.c. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "nl/kernel.h"

static struct wire wire;
/* How many acknowledgements find no room; or: those that come to others do. */
static int lose;
static bool crowded;

static void put_event(uint32_t event, const char *name, uint64_t sequence)
{
	wire_begin_genl(&wire, KMQ_CMD_EVENT, 0, 0);
	wire_put_u32(&wire, KMQ_A_EVENT, event);
	wire_put_u64(&wire, KMQ_A_EVENT_SEQUENCE, sequence);
	wire_put_string(&wire, KMQ_A_NAME, name);
}

static void emit(uint32_t event, const char *name, uint64_t sequence)
{
	wire.size = 0;
	put_event(event, name, sequence);
	kernel_emit(&wire);
}

static void ack(uint32_t sequence)
{
	int unread = 0;

	if (lose && lose--)
		return;
	ioctl(kernel.nl->events.fd, FIONREAD, &unread);
	if (crowded && unread)
		return;
	wire.size = 0;
	wire_error(&wire, 0, NLM_F_CAPPED, sequence);
	kernel_emit(&wire);
}

static void ack_among_events(uint32_t sequence)
{
	emit(KMQ_EVENT_CREATED, "before", 2);
	wire.size = 0;
	put_event(KMQ_EVENT_CREATED, "with", 3);
	wire_error(&wire, 0, NLM_F_CAPPED, sequence);
	put_event(KMQ_EVENT_CREATED, "it", 4);
	kernel_emit(&wire);
	emit(KMQ_EVENT_CREATED, "after", 5);
}

static void no_more_listeners(uint32_t sequence)
{
	wire.size = 0;
	wire_error(&wire, -EUSERS, NLM_F_CAPPED | NLM_F_ACK_TLVS, sequence);
	wire_put_string(&wire, NLMSGERR_ATTR_MSG, "too many listen");
	kernel_emit(&wire);
}

static void not_subscribed(uint32_t sequence)
{
	wire.size = 0;
	wire_error(&wire, -ENOENT, NLM_F_CAPPED, sequence);
	kernel_emit(&wire);
}

/* The controller's words. */
static void emit_control(uint8_t command, uint16_t family)
{
	struct genlmsghdr genl = { .cmd = command, .version = 2 };

	wire.size = 0;
	wire_begin(&wire, GENL_ID_CTRL, 0, 0);
	wire_bytes(&wire, &genl, sizeof(genl));
	wire_put(&wire, CTRL_ATTR_FAMILY_ID, &family, sizeof(family));
	kernel_emit(&wire);
}

static int begin(void **state)
{
	lose = 0;
	crowded = false;
	kernel_begin(state);
	kernel.answer = ack;
	assert_int_equal(kmq_nl_subscribe(kernel.nl, NULL, 0), 0);
	kernel.requests = 0;
	return 0;
}

#define assert_fails(call, with) do { \
	errno = 0; \
	assert_int_equal(call, -1); \
	assert_int_equal(errno, with); \
} while (0)

static void assert_next(uint64_t sequence)
{
	struct kmq_nl_event event;

	memset(&event, 0xa5, sizeof(event));
	assert_int_equal(kmq_nl_try_next_event(kernel.nl, &event), 0);
	assert_int_equal(event.sequence, sequence);
	assert_int_equal(event.lost, 0);
}

static void assert_none(int error)
{
	struct kmq_nl_event event, before;

	memset(&event, 0xa5, sizeof(event));
	before = event;
	assert_fails(kmq_nl_try_next_event(kernel.nl, &event), error);
	assert_memory_equal(&event, &before, sizeof(event));
}

static void a_subscription_says_what_it_is_for(void **state)
{
	const struct genlmsghdr *genl = NLMSG_DATA(&kernel.request.header);
	const struct nlattr *found;

	assert_int_equal(genl->cmd, KMQ_CMD_SUBSCRIBE);
	assert_int_equal(kernel.request.header.nlmsg_len, NLMSG_HDRLEN + GENL_HDRLEN);

	assert_int_equal(kmq_nl_subscribe(kernel.nl, "job*", 1u << KMQ_EVENT_FULL | 1u << KMQ_EVENT_DRAINED), 0);
	found = wire_find(&kernel.request, KMQ_A_PATTERN);
	assert_non_null(found);
	assert_memory_equal(found + 1, "job*", 5);
	found = wire_find(&kernel.request, KMQ_A_EVENTS);
	assert_non_null(found);
	assert_int_equal(*(const uint32_t *)(found + 1), 0x30);
}

static void without_a_subscription_nothing_is_waited_for(void **state)
{
	struct kmq_nl_event event;
	struct timespec deadline = kmq_deadline_in(60000);

	kernel_end(NULL);
	kernel_begin(NULL);
	assert_fails(kmq_nl_next_event(kernel.nl, &event), ENOENT);
	assert_fails(kmq_nl_next_event_until(kernel.nl, &event, &deadline), ENOENT);
	assert_none(ENOENT);
	assert_fails(kmq_nl_unsubscribe(kernel.nl), ENOENT);
	assert_int_equal(kernel.requests, 0);
}

static void events_come_one_at_a_time_and_in_order(void **state)
{
	assert_none(EAGAIN);
	emit(KMQ_EVENT_CREATED, "one", 1);
	wire.size = 0;
	put_event(KMQ_EVENT_FULL, "two", 2);
	put_event(KMQ_EVENT_DRAINED, "three", 3);
	kernel_emit(&wire);
	emit(KMQ_EVENT_REMOVED, "four", 4);
	for (uint64_t sequence = 1; sequence <= 4; sequence++)
		assert_next(sequence);
	assert_none(EAGAIN);
}

static void lost_ones_are_told_with_the_next(void **state)
{
	struct kmq_nl_event event;

	wire.size = 0;
	put_event(KMQ_EVENT_FULL, "jobs", 9);
	wire_put_u64(&wire, KMQ_A_LOST, 5);
	kernel_emit(&wire);
	assert_int_equal(kmq_nl_try_next_event(kernel.nl, &event), 0);
	assert_int_equal(event.event, KMQ_EVENT_FULL);
	assert_int_equal(event.lost, 5);
}

/* The kernel says how many were lost; that something was is no news. */
static void a_full_socket_is_no_error_and_reading_goes_on(void **state)
{
	emit(KMQ_EVENT_FULL, "jobs", 9);
	kernel.failing = ENOBUFS;
	assert_next(9);
	kernel.failing = ENOBUFS;
	assert_none(EAGAIN);
	emit(KMQ_EVENT_FULL, "jobs", 10);
	kernel.failing = ENOBUFS;
	assert_int_equal(kmq_nl_subscribe(kernel.nl, "*", 0), 0);
	assert_next(10);
}

static void garbage_before_an_answer_is_told_after_it(void **state)
{
	emit(KMQ_EVENT_FULL, "jobs", 1);
	wire.size = 0;
	wire_begin(&wire, NLMSG_NOOP, 0, 0);
	wire_header(&wire)->nlmsg_len = 3;
	kernel_emit(&wire);
	assert_int_equal(kmq_nl_subscribe(kernel.nl, "*", 0), 0);
	emit(KMQ_EVENT_FULL, "jobs", 2);
	assert_next(1);
	assert_none(EBADMSG);
	assert_next(2);
	assert_none(EAGAIN);
}

static void an_event_that_this_library_does_not_know_is_told(void **state)
{
	struct kmq_nl_event event;

	emit(KMQ_EVENT_MAX + 7, "jobs", 9);
	assert_int_equal(kmq_nl_try_next_event(kernel.nl, &event), 0);
	assert_int_equal(event.event, KMQ_EVENT_MAX + 7);
}

static void what_is_no_event_is_passed_over(void **state)
{
	wire.size = 0;
	wire_begin_genl(&wire, KMQ_CMD_QUEUE_GET, 0, 0);
	wire_put_u32(&wire, KMQ_A_ID, 7);
	wire_error(&wire, -EPERM, 0, 12345);
	put_event(KMQ_EVENT_FULL, "jobs", 1);
	kernel_emit(&wire);
	emit_control(CTRL_CMD_DELFAMILY, FAMILY + 1);
	/* The same number of another family's. */
	assert_int_equal(CTRL_CMD_DELMCAST_GRP, KMQ_CMD_EVENT);
	emit_control(CTRL_CMD_DELMCAST_GRP, FAMILY);
	emit(KMQ_EVENT_FULL, "jobs", 2);
	assert_next(1);
	assert_next(2);
	assert_none(EAGAIN);
}

static void a_bad_event_is_refused_and_the_next_one_comes(void **state)
{
	wire.size = 0;
	wire_begin_genl(&wire, KMQ_CMD_EVENT, 0, 0);
	put_event(KMQ_EVENT_FULL, "jobs", 2);
	kernel_emit(&wire);
	assert_none(EBADMSG);
	assert_next(2);

	wire.size = 0;
	put_event(KMQ_EVENT_FULL, "jobs", 3);
	put_event(KMQ_EVENT_FULL, "jobs", 4);
	wire.size -= 8;
	kernel_emit(&wire);
	emit(KMQ_EVENT_FULL, "jobs", 5);
	assert_none(EBADMSG);
	assert_next(3);
	assert_next(5);
	assert_none(EAGAIN);
}

static void events_that_came_before_an_answer_are_kept(void **state)
{
	emit(KMQ_EVENT_CREATED, "long before", 1);
	kernel.answer = ack_among_events;
	assert_int_equal(kmq_nl_subscribe(kernel.nl, "*", 0), 0);
	for (uint64_t sequence = 1; sequence <= 5; sequence++)
		assert_next(sequence);
	assert_none(EAGAIN);
}

static void an_acknowledgement_that_found_no_room_is_asked_for_again(void **state)
{
	lose = 3;
	assert_int_equal(kmq_nl_subscribe(kernel.nl, "*", 0), 0);
	assert_int_equal(kernel.requests, 4);
	lose = 1000;
	assert_fails(kmq_nl_subscribe(kernel.nl, "*", 0), ENOBUFS);
	assert_in_range(kernel.requests, 6, 30);
}

static void events_are_taken_out_of_the_way_of_an_answer(void **state)
{
	for (uint64_t sequence = 1; sequence <= 5; sequence++)
		emit(KMQ_EVENT_FULL, "jobs", sequence);
	crowded = true;
	assert_int_equal(kmq_nl_subscribe(kernel.nl, "*", 0), 0);
	assert_int_equal(kernel.requests, 1);
	for (uint64_t sequence = 1; sequence <= 5; sequence++)
		assert_next(sequence);
}

static void a_refused_subscription_says_why(void **state)
{
	kernel.answer = no_more_listeners;
	assert_fails(kmq_nl_subscribe(kernel.nl, "*", 0), EUSERS);
	assert_string_equal(kmq_nl_error(kernel.nl), "too many listen");
	/* The one before is as it was. */
	assert_none(EAGAIN);
}

static void what_came_before_the_end_of_a_subscription_can_be_read(void **state)
{
	emit(KMQ_EVENT_CREATED, "one", 1);
	assert_int_equal(kmq_nl_unsubscribe(kernel.nl), 0);
	assert_int_equal(((const struct genlmsghdr *)NLMSG_DATA(&kernel.request.header))->cmd, KMQ_CMD_UNSUBSCRIBE);
	emit(KMQ_EVENT_CREATED, "two", 2);
	assert_next(1);
	assert_next(2);
	assert_none(ENOENT);
	assert_fails(kmq_nl_unsubscribe(kernel.nl), ENOENT);
}

static void a_subscription_that_is_not_there_any_more_can_be_ended(void **state)
{
	kernel.answer = not_subscribed;
	assert_int_equal(kmq_nl_unsubscribe(kernel.nl), 0);
	assert_string_equal(kmq_nl_error(kernel.nl), "");
	assert_none(ENOENT);
}

static void the_end_of_the_module_is_told_once_and_in_its_place(void **state)
{
	struct kmq_nl_event event;

	emit(KMQ_EVENT_REMOVED, "jobs", 1);
	emit_control(CTRL_CMD_DELFAMILY, FAMILY);
	assert_next(1);
	assert_fails(kmq_nl_next_event(kernel.nl, &event), ENODEV);
	assert_string_equal(kmq_nl_error(kernel.nl), "the module was unloaded");
	assert_fails(kmq_nl_next_event(kernel.nl, &event), ENOENT);
	assert_int_equal(kmq_nl_subscribe(kernel.nl, NULL, 0), 0);
	assert_none(EAGAIN);
}

static void the_end_of_the_module_is_told_even_if_it_came_back(void **state)
{
	/* As a request finds it after that. */
	kernel.nl->family = FAMILY + 1;
	emit_control(CTRL_CMD_DELFAMILY, FAMILY + 1);
	emit(KMQ_EVENT_FULL, "jobs", 1);
	emit_control(CTRL_CMD_DELFAMILY, FAMILY);
	assert_next(1);
	assert_none(ENODEV);
	assert_none(ENOENT);
}

static void answers_do_not_pile_up_among_events(void **state)
{
	size_t size;

	emit(KMQ_EVENT_FULL, "jobs", 1);
	size = wire.size;
	for (int i = 0; i < 100; i++)
		assert_int_equal(kmq_nl_subscribe(kernel.nl, "*", 0), 0);
	assert_int_equal(kernel.nl->events.end - kernel.nl->events.begin, size);
	assert_next(1);
	assert_none(EAGAIN);
}

static void a_descriptor_is_readable_when_there_is_an_event(void **state)
{
	struct pollfd pollfd = { .fd = kmq_nl_fd(kernel.nl), .events = POLLIN };

	assert_int_equal(poll(&pollfd, 1, 0), 0);
	emit(KMQ_EVENT_CREATED, "one", 1);
	assert_int_equal(poll(&pollfd, 1, 0), 1);
	assert_next(1);
	assert_int_equal(poll(&pollfd, 1, 0), 0);
	assert_int_equal(kmq_nl_fd(kernel.nl), pollfd.fd);
}

static void a_deadline_ends_the_wait_and_not_before(void **state)
{
	struct timespec deadline = kmq_deadline_in(50), now;
	struct kmq_nl_event event;

	assert_fails(kmq_nl_next_event_until(kernel.nl, &event, &deadline), ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &now);
	assert_true(now.tv_sec > deadline.tv_sec ||
		    (now.tv_sec == deadline.tv_sec && now.tv_nsec >= deadline.tv_nsec));
	/* One that has passed takes what is there. */
	emit(KMQ_EVENT_CREATED, "one", 1);
	assert_int_equal(kmq_nl_next_event_until(kernel.nl, &event, &deadline), 0);
	assert_int_equal(event.sequence, 1);
	deadline = (struct timespec){ 0, 0 };
	assert_fails(kmq_nl_next_event_until(kernel.nl, &event, &deadline), ETIMEDOUT);
}

static void a_time_that_is_none_is_refused(void **state)
{
	static const struct timespec bad[] = { { -1, 0 }, { 0, -1 }, { 0, 1000000000 } };
	struct kmq_nl_event event;

	emit(KMQ_EVENT_CREATED, "one", 1);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_fails(kmq_nl_next_event_until(kernel.nl, &event, &bad[i]), EINVAL);
	assert_next(1);
}

static void *emit_soon(void *data)
{
	usleep(20000);
	emit(KMQ_EVENT_CREATED, "one", 1);
	return NULL;
}

static void a_sleeper_is_woken_by_the_event(void **state)
{
	struct kmq_nl_event event;
	pthread_t thread;

	for (int round = 0; round < 2; round++) {
		assert_int_equal(pthread_create(&thread, NULL, emit_soon, NULL), 0);
		if (round)
			assert_int_equal(kmq_nl_next_event(kernel.nl, &event), 0);
		else
			assert_int_equal(kmq_nl_next_event_until(kernel.nl, &event, NULL), 0);
		assert_int_equal(event.sequence, 1);
		assert_string_equal(event.name, "one");
		pthread_join(thread, NULL);
	}
}

static void on_signal(int number)
{
}

static volatile int woken;

/* Again and again: the first may come before the sleep. */
static void *signal_soon(void *thread)
{
	while (!woken) {
		usleep(20000);
		pthread_kill(*(pthread_t *)thread, SIGUSR1);
	}
	return NULL;
}

static void a_signal_ends_the_sleep(void **state)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	pthread_t self = pthread_self(), thread;
	struct kmq_nl_event event;

	sigaction(SIGUSR1, &action, NULL);
	woken = 0;
	assert_int_equal(pthread_create(&thread, NULL, signal_soon, &self), 0);
	assert_fails(kmq_nl_next_event(kernel.nl, &event), EINTR);
	woken = 1;
	pthread_join(thread, NULL);
	emit(KMQ_EVENT_CREATED, "one", 1);
	assert_next(1);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, begin, kernel_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_subscription_says_what_it_is_for),
		TEST(without_a_subscription_nothing_is_waited_for),
		TEST(events_come_one_at_a_time_and_in_order),
		TEST(lost_ones_are_told_with_the_next),
		TEST(a_full_socket_is_no_error_and_reading_goes_on),
		TEST(garbage_before_an_answer_is_told_after_it),
		TEST(an_event_that_this_library_does_not_know_is_told),
		TEST(what_is_no_event_is_passed_over),
		TEST(a_bad_event_is_refused_and_the_next_one_comes),
		TEST(events_that_came_before_an_answer_are_kept),
		TEST(an_acknowledgement_that_found_no_room_is_asked_for_again),
		TEST(events_are_taken_out_of_the_way_of_an_answer),
		TEST(answers_do_not_pile_up_among_events),
		TEST(a_refused_subscription_says_why),
		TEST(what_came_before_the_end_of_a_subscription_can_be_read),
		TEST(a_subscription_that_is_not_there_any_more_can_be_ended),
		TEST(the_end_of_the_module_is_told_once_and_in_its_place),
		TEST(the_end_of_the_module_is_told_even_if_it_came_back),
		TEST(a_descriptor_is_readable_when_there_is_an_event),
		TEST(a_deadline_ends_the_wait_and_not_before),
		TEST(a_time_that_is_none_is_refused),
		TEST(a_sleeper_is_woken_by_the_event),
		TEST(a_signal_ends_the_sleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
