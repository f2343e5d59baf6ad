// SPDX-License-Identifier: GPL-2.0-only
/* What a report says of stored results, and how it is written down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/figures.h"
#include "report/html.h"
#include "report/input.h"
#include "report/sentences.h"
#include "report/svg.h"

#define FILES	3

/* Files that live as long as a test. */
static char paths[FILES][64];
static unsigned int path_count;

static const char *store(const char *format, ...)
{
	char *path = paths[path_count++];
	va_list arguments;
	FILE *file;
	int fd;

	strcpy(path, "/tmp/kmqcompare_report_test.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	va_start(arguments, format);
	vfprintf(file, format, arguments);
	va_end(arguments);
	fclose(file);
	return path;
}

static int forget_files(void **state)
{
	while (path_count)
		unlink(paths[--path_count]);
	return 0;
}

#define MECHANISMS \
	"\"mechanisms\":[" \
	"{\"name\":\"sysv-msg\",\"title\":\"System V\",\"waits\":\"sleeps\",\"is_kmq\":false}," \
	"{\"name\":\"shm-futex\",\"title\":\"futex\",\"waits\":\"sleeps\",\"is_kmq\":false}," \
	"{\"name\":\"shm-spin\",\"title\":\"spin\",\"waits\":\"spins\",\"is_kmq\":false}," \
	"{\"name\":\"kmq\",\"title\":\"kmq\",\"waits\":\"sleeps\",\"is_kmq\":true}]"

/* An entry of "results" without its end. */
#define ROW(workload, mechanism, size, capacity, figure) \
	"{\"workload\":\"" workload "\",\"mechanism\":\"" mechanism "\",\"size\":" size "," \
	"\"capacity\":" capacity ",\"status\":\"ok\",\"figure\":{\"median\":" figure "}"

/* A run of one workload: the reference, shared memory as @ratio says, and what else is wanted. */
static const char *store_run(const char *workload, bool counting, bool emulated,
			     const char *ratio, const char *more)
{
	return store("{\"schema\":\"kmqcompare-bench/2\",\"machine\":{\"kernel\":\"6.1\","
		     "\"processors\":2,\"emulated\":%s,\"counting\":%s},"
		     "\"options\":{\"relative_to\":\"sysv-msg\"}," MECHANISMS ","
		     "\"workloads\":[],\"results\":["
		     ROW("%s", "sysv-msg", "64", "64", "100") ",\"cost\":{\"copied_bytes\":128},"
		     "\"ratio\":{\"median\":1,\"low\":1,\"high\":1,\"verdict\":\"same\"},"
		     "\"repetitions\":[{\"verified_messages\":1000},{\"verified_messages\":234}]},"
		     ROW("%s", "shm-futex", "64", "64", "80") ",\"cost\":{\"copied_bytes\":128},"
		     "\"ratio\":%s}%s]}",
		     emulated ? "true" : "false", counting ? "true" : "false", workload, workload,
		     ratio, more);
}

#define FASTER	"{\"median\":0.8,\"low\":0.7,\"high\":0.9,\"verdict\":\"faster\"}"
#define SLOWER	"{\"median\":1.3,\"low\":1.1,\"high\":1.5,\"verdict\":\"slower\"}"

static const char probe_text[] =
	"{\"schema\":\"kmqcompare-probe/1\",\"machine\":{\"kernel\":\"6.1\"}," MECHANISMS ","
	"\"claims\":[],\"cells\":["
	"{\"claim\":\"lost-update\",\"mechanism\":\"shm-futex\",\"verdict\":\"yes\"},"
	"{\"claim\":\"lost-update\",\"mechanism\":\"shm-spin\",\"verdict\":\"no\"},"
	"{\"claim\":\"lost-update\",\"mechanism\":\"sysv-msg\",\"verdict\":\"no\"},"
	"{\"claim\":\"holder-dies\",\"mechanism\":\"shm-futex\",\"verdict\":\"no\"},"
	"{\"claim\":\"receiver-dies\",\"mechanism\":\"sysv-msg\",\"verdict\":\"yes\"},"
	"{\"claim\":\"receiver-dies\",\"mechanism\":\"kmq\",\"verdict\":\"no\"}],"
	"\"agree\":5,\"differ\":1,\"not_run\":0}";

static struct input input;
static struct sentence sentences[SENTENCES];

static void read_paths(unsigned int count, ...)
{
	const char *files[FILES];
	va_list arguments;

	va_start(arguments, count);
	for (unsigned int i = 0; i < count; i++)
		files[i] = va_arg(arguments, const char *);
	va_end(arguments);
	assert_true(input_read(&input, files, count));
	sentences_make(&input, sentences);
}

static void done(void)
{
	sentences_free(sentences);
	input_free(&input);
}

static void assert_says(int sentence, const char *words)
{
	if (!strstr(sentences[sentence].text, words))
		fail_msg("not in \"%s\": %s", sentences[sentence].text, words);
}

static void assert_silent(const char *words)
{
	for (int i = 0; i < SENTENCES; i++)
		if (strstr(sentences[i].text, words))
			fail_msg("in \"%s\": %s", sentences[i].text, words);
}

static void faster_is_said_where_the_interval_excludes_1(void **state)
{
	read_paths(1, store_run("oneway", false, false, FASTER, ""));
	assert_says(0, "True here, by time");
	assert_says(0, "1 carried 64 bytes faster than System V and 0 slower");
	assert_says(1, "0.80 times (0.70 to 0.90) the time of System V with futex");
	done();
}

static void slower_is_said_where_the_interval_excludes_1(void **state)
{
	read_paths(1, store_run("oneway", false, false, SLOWER, ""));
	assert_says(0, "Not true here, by time");
	assert_says(0, "0 carried 64 bytes faster than System V and 1 slower");
	done();
}

/* Whatever the file calls it. */
static void nothing_is_faster_whose_interval_holds_1(void **state)
{
	read_paths(1, store_run("oneway", false, false, "{\"median\":0.5,\"low\":0.4,\"high\":1.01,"
				"\"verdict\":\"faster\"}", ""));
	assert_silent("1 carried");
	assert_says(0, "0 carried 64 bytes faster than System V and 0 slower, 1 not told apart");
	assert_says(1, "not told apart");
	done();
}

static void a_verdict_of_same_is_believed(void **state)
{
	read_paths(1, store_run("oneway", false, false, "{\"median\":0.5,\"low\":0.4,\"high\":0.6,"
				"\"verdict\":\"same\"}", ""));
	assert_says(0, "1 not told apart");
	done();
}

static void a_spinning_mechanism_is_not_among_the_shared_memories(void **state)
{
	read_paths(1, store_run("oneway", false, false, SLOWER,
		   "," ROW("oneway", "shm-spin", "64", "64", "10") ",\"ratio\":" FASTER "}"));
	assert_says(0, "of 1 kind of shared memory");
	assert_says(0, "0 carried");
	done();
}

static void exact_counts_go_before_emulated_times(void **state)
{
	read_paths(2, store_run("oneway", false, true, SLOWER, ""),
		   store_run("pingpong", true, true, FASTER, ""));
	assert_says(0, "1 carried 64 bytes cheaper");
	assert_ptr_equal(saying_of(&input).source, input.counted);
	done();
}

static void real_times_go_before_counts(void **state)
{
	read_paths(2, store_run("pingpong", true, true, FASTER, ""),
		   store_run("oneway", false, false, SLOWER, ""));
	assert_says(0, "1 slower");
	assert_ptr_equal(saying_of(&input).source, input.timed);
	done();
}

static void the_largest_size_is_told_beside_the_base(void **state)
{
	read_paths(1, store_run("oneway", false, false, SLOWER,
		   "," ROW("oneway", "shm-futex", "4096", "64", "90") ",\"ratio\":" FASTER "}"));
	assert_says(0, "True only in part, by time");
	assert_says(0, "of 4096 bytes, 1 of 1 faster and 0 slower");
	done();
}

static void what_was_verified_is_added_up(void **state)
{
	read_paths(1, store_run("oneway", false, false, FASTER, ""));
	assert_says(4, "1,234 messages were verified");
	assert_says(4, "none was lost");
	done();
}

static void a_failed_measurement_is_told(void **state)
{
	read_paths(1, store_run("oneway", false, false, FASTER,
		   ",{\"workload\":\"oneway\",\"mechanism\":\"kmq\",\"status\":\"failed\",\"reason\":\"lost\"}"));
	assert_says(4, "1 measurement FAILED");
	assert_silent("none was lost");
	done();
}

static void the_probe_says_who_is_safe(void **state)
{
	read_paths(1, store("%s", probe_text));
	assert_says(0, "of 2 that share memory or a file, 1 lost an update without a lock");
	assert_says(3, "0 of the 1 that share memory or a file went on and 1 did not (futex)");
	assert_says(3, "1 gave back the message of a receiver that died (kmq)");
	done();
}

static void whatever_is_missing_no_sentence_is_empty(void **state)
{
	const char *timed = store_run("oneway", false, true, FASTER, "");
	const char *counted = store_run("pair", true, true, FASTER, "");
	const char *probe = store("%s", probe_text);
	const char *const files[] = { timed, counted, probe };

	for (unsigned int mask = 1; mask < 8; mask++) {
		const char *some[FILES];
		unsigned int count = 0;

		for (int i = 0; i < FILES; i++)
			if (mask & (1u << i))
				some[count++] = files[i];
		assert_true(input_read(&input, some, count));
		sentences_make(&input, sentences);
		for (int i = 0; i < SENTENCES; i++) {
			assert_true(strlen(sentences[i].text) > 20);
			assert_null(strstr(sentences[i].text, "nan"));
			assert_int_equal(sentences[i].text[strlen(sentences[i].text) - 1], '.');
		}
		done();
	}
}

/* As no run of ours makes it: shared memory has its base where the others are not. */
static void a_base_that_nobody_shares_was_not_measured(void **state)
{
	read_paths(1, store("{\"schema\":\"kmqcompare-bench/2\"," MECHANISMS ",\"workloads\":[],"
			    "\"results\":["
			    ROW("oneway", "sysv-msg", "64", "64", "100") ",\"at_base\":true},"
			    ROW("oneway", "shm-futex", "128", "64", "80") ",\"at_base\":true,"
			    "\"ratio\":" FASTER "}]}"));
	assert_says(1, "What synchronising and what copying costs was not measured.");
	done();
}

static void what_is_no_result_is_refused(void **state)
{
	const char *path = store("{\"schema\":\"kmqcompare-bench/1\",\"results\":[]}");

	assert_false(input_read(&input, &path, 1));
	input_free(&input);
}

static void results_that_are_no_list_do_no_harm(void **state)
{
	const char *path = store("{\"schema\":\"kmqcompare-bench/2\",\"results\":{\"a\":1},\"mechanisms\":5,"
				 "\"machine\":[],\"options\":7}");

	assert_true(input_read(&input, &path, 1));
	assert_int_equal(input.sources[0].count, 0);
	input_free(&input);
}

/* A run with sweeps of two axes: one point has all the usual values. */
static void the_base_is_where_the_sweeps_cross(void **state)
{
	const struct source *source;

	read_paths(1, store_run("oneway", false, false, FASTER,
		   "," ROW("oneway", "shm-futex", "8", "64", "1") "},"
		   ROW("oneway", "shm-futex", "64", "1", "2") "}"));
	source = input.timed;
	assert_true(base_place(source, "oneway").size == 64);
	assert_true(base_place(source, "oneway").capacity == 64);
	assert_true(find_base(source, "oneway", "shm-futex")->figure == 80);
	assert_null(find_base(source, "oneway", "pipe"));
	done();
}

static void where_the_file_names_the_base_it_is_that(void **state)
{
	read_paths(1, store_run("oneway", false, false, FASTER,
		   "," ROW("oneway", "shm-futex", "16", "64", "7") ",\"at_base\":true" "}"));
	assert_true(find_base(input.timed, "oneway", "shm-futex")->figure == 7);
	done();
}

static void a_round_trip_is_the_sum_of_its_parts(void **state)
{
	struct round_trip parts;

	read_paths(1, store_run("pair", true, true, FASTER,
		   "," ROW("pair", "sysv-msg", "4096", "64", "150") "},"
		   ROW("pingpong", "sysv-msg", "4096", "64", "1000") "}"));
	parts = round_trip_of(input.counted, "sysv-msg", 4096);
	assert_true(parts.handling == 200);
	assert_true(parts.copying == 100);
	assert_true(parts.switching == 700);
	assert_true(isnan(round_trip_of(input.counted, "pipe", 4096).handling));
	done();
}

static void sleeping_and_spinning_never_share_a_panel(void **state)
{
	struct chart *chart;

	read_paths(1, store_run("oneway", false, false, SLOWER,
		   "," ROW("oneway", "shm-futex", "8", "64", "10") "},"
		   ROW("oneway", "shm-spin", "8", "64", "10") "},"
		   ROW("oneway", "shm-spin", "64", "64", "10") "}"));
	chart = figure_throughput.make(&input);
	assert_int_equal(chart->panel_count, 2);
	assert_int_equal(chart->panels[0].count, 2);
	assert_string_equal(chart->panels[0].curves[0].label, "futex");
	assert_string_equal(chart->panels[0].curves[1].label, "System V");
	assert_int_equal(chart->panels[1].count, 1);
	assert_string_equal(chart->panels[1].curves[0].label, "spin");
	chart_free(chart);
	done();
}

/* What @write leaves, as a text that lives until the next call. */
static const char *written(void (*write)(FILE *, const void *), const void *what)
{
	static char text[4096];
	FILE *out;

	memset(text, 0, sizeof(text));
	out = fmemopen(text, sizeof(text) - 1, "w");
	write(out, what);
	fclose(out);
	return text;
}

static void write_text(FILE *out, const void *what)
{
	html_text(out, what);
}

static void write_json(FILE *out, const void *what)
{
	struct json_object *json = json_object_new_string(what);

	html_json(out, json);
	json_object_put(json);
}

static void write_name(FILE *out, const void *what)
{
	html_name(out, what);
}

static void write_svg(FILE *out, const void *what)
{
	svg_adopt(out, what, "a \"label\"", false);
}

static void text_cannot_become_markup(void **state)
{
	assert_string_equal(written(write_text, "<b>\"&'\001"), "&lt;b&gt;&quot;&amp;&#39;");
	assert_string_equal(written(write_name, "a b\"><i"), "a-b---i");
}

static void json_cannot_end_its_script(void **state)
{
	assert_string_equal(written(write_json, "</script><!--"),
			    "\"\\u003c/script>\\u003c!--\"");
}

static void a_drawing_takes_the_page_s_colours_and_no_names_of_its_own(void **state)
{
	const char *svg = written(write_svg, "<?xml version=\"1.0\"?><svg viewBox=\"0 0 4 2\" "
		"xmlns=\"http://www.w3.org/2000/svg\"><title>Gnuplot</title><g "
		"id=\"gnuplot_plot_1\"><path stroke='rgb(  0,   0,   0)'/><path stroke='rgb(  3,   "
		"0,   3)'/><path stroke='rgb( 10,  10,  10)'/><path fill='rgb( 12,   0,  12)'/>"
		"<text fill=\"black\">xmlns id=\"gnuplot</text></g></svg>");

	assert_non_null(strstr(svg, "aria-label=\"a &quot;label&quot;\" viewBox=\"0 0 4 2\""));
	assert_non_null(strstr(svg, "stroke='currentColor'"));
	assert_non_null(strstr(svg, "stroke='var(--s3)'"));
	assert_non_null(strstr(svg, "stroke='var(--grid)'"));
	assert_non_null(strstr(svg, "fill='var(--b2)'"));
	assert_non_null(strstr(svg, "fill=\"currentColor\""));
	assert_non_null(strstr(svg, ">xmlns id=\"gnuplot<"));
	assert_null(strstr(svg, "http"));
	assert_null(strstr(svg, "plot_1"));
	assert_null(strstr(svg, "Gnuplot"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(faster_is_said_where_the_interval_excludes_1, forget_files),
		cmocka_unit_test_teardown(slower_is_said_where_the_interval_excludes_1, forget_files),
		cmocka_unit_test_teardown(nothing_is_faster_whose_interval_holds_1, forget_files),
		cmocka_unit_test_teardown(a_verdict_of_same_is_believed, forget_files),
		cmocka_unit_test_teardown(a_spinning_mechanism_is_not_among_the_shared_memories,
					  forget_files),
		cmocka_unit_test_teardown(exact_counts_go_before_emulated_times, forget_files),
		cmocka_unit_test_teardown(real_times_go_before_counts, forget_files),
		cmocka_unit_test_teardown(the_largest_size_is_told_beside_the_base, forget_files),
		cmocka_unit_test_teardown(what_was_verified_is_added_up, forget_files),
		cmocka_unit_test_teardown(a_failed_measurement_is_told, forget_files),
		cmocka_unit_test_teardown(the_probe_says_who_is_safe, forget_files),
		cmocka_unit_test_teardown(whatever_is_missing_no_sentence_is_empty, forget_files),
		cmocka_unit_test_teardown(a_base_that_nobody_shares_was_not_measured, forget_files),
		cmocka_unit_test_teardown(what_is_no_result_is_refused, forget_files),
		cmocka_unit_test_teardown(results_that_are_no_list_do_no_harm, forget_files),
		cmocka_unit_test_teardown(the_base_is_where_the_sweeps_cross, forget_files),
		cmocka_unit_test_teardown(where_the_file_names_the_base_it_is_that, forget_files),
		cmocka_unit_test_teardown(a_round_trip_is_the_sum_of_its_parts, forget_files),
		cmocka_unit_test_teardown(sleeping_and_spinning_never_share_a_panel, forget_files),
		cmocka_unit_test(text_cannot_become_markup),
		cmocka_unit_test(json_cannot_end_its_script),
		cmocka_unit_test(a_drawing_takes_the_page_s_colours_and_no_names_of_its_own),
	};

	return cmocka_run_group_tests_name("kmqcompare: report", tests, NULL, NULL);
}
