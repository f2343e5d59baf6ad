// SPDX-License-Identifier: GPL-2.0-only
#include "page.h"

#include "figures.h"
#include "glance.h"
#include "html.h"
#include "matrix.h"
#include "numbers.h"
#include "sentences.h"
#include "texts.h"
#include "../results.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define SECTION_FIGURES		8
#define SECTION_WORKLOADS	4

/* A section of plots, and the workloads whose numbers stand below them. */
static const struct section {
	const char *id, *title, *intro;
	const struct figure *figures[SECTION_FIGURES];
	const char *workloads[SECTION_WORKLOADS];
} sections[] = {
	{
		"payload", "One way",
		"How much one process can hand to another, and what each byte adds.",
		{ &figure_throughput, &figure_instructions }, { "oneway", "pair" },
	}, {
		"roundtrip", "A message and its answer",
		"Each waits for the other, so that every message wakes somebody up.",
		{ &figure_round_trips, &figure_round_trip_instructions }, { "pingpong" },
	}, {
		"percentiles", "The usual and the rare",
		"A mean hides the one message in a thousand that somebody waits for. These lines "
		"do not: each step to the right is ten times rarer.",
		{ &figure_percentiles, &figure_percentiles_apart, &figure_open_loop_low,
		  &figure_open_loop_middle, &figure_open_loop_high },
		{ "pingpong-2cpu", "open-loop" },
	}, {
		"costs", "What the speed costs",
		"A message also takes processor time from everything else that runs.",
		{ &figure_costs, &figure_round_trip_parts }, { NULL },
	}, {
		"scaling", "More senders, more room, more at a time",
		"One axis at a time, all else as before.",
		{ &figure_fan, &figure_capacity, &figure_batch },
		{ "fan", "oneway-batch", "batch" },
	}, {
		"processors", "One processor, or two",
		"The same work where both processes share a processor, and where each has its own.",
		{ &figure_processors, &figure_round_trip_processors }, { "oneway-1cpu" },
	}, {
		"selection", "Choosing among messages",
		"A queue that knows types lets a receiver take what it is ready for.",
		{ &figure_selection }, { "select-any", "select" },
	},
};
#define SECTIONS (sizeof(sections) / sizeof(*sections))

struct page {
	const struct input *input;
	FILE *out;
	struct drawing drawing;
	unsigned int missing_drawings;
};

static bool is_emulated(const struct input *input)
{
	for (unsigned int i = 0; i < input->count; i++)
		if (json_flag(input->sources[i].json, "machine.emulated"))
			return true;
	return false;
}

static void write_top(struct page *page)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n"
	      "<title>Passing messages between processes: what it costs, what it promises</title>\n"
	      "<style>\n",
	      page->out);
	fputs(page_css, page->out);
	fputs("</style>\n</head>\n<body>\n<main>\n", page->out);
}

static void write_header(struct page *page)
{
	fputs("<header>\n<h1>Passing messages between processes: what it costs, what it "
	      "promises</h1>\n"
	      "<p class=\"intro\">Programs that run side by side cannot see each other's memory; "
	      "to work together they hand messages to each other, and Linux has some twenty ways "
	      "to do it. Courses say: <q>Shared memory is fastest but needs synchronisation; a "
	      "message queue is safer but copies through the kernel.</q> This page holds that "
	      "against one machine, with every figure and every experiment behind "
	      "it.</p>\n", page->out);
	if (is_emulated(page->input))
		fputs("<p class=\"loud\" role=\"note\"><b>Measured under emulation.</b> A program "
		      "played the processor: ratios and counts of instructions are the result, "
		      "<b>times are not</b>.</p>\n", page->out);
	fputs("</header>\n", page->out);
}

static void write_summary(struct page *page)
{
	struct sentence sentences[SENTENCES];

	sentences_make(page->input, sentences);
	fputs("<section id=\"summary\" aria-label=\"Summary\">\n<ol "
	      "class=\"sentences\">\n", page->out);
	for (int i = 0; i < SENTENCES; i++) {
		fputs("<li><h2>", page->out);
		html_text(page->out, sentences[i].lead);
		fputs("</h2><p>", page->out);
		html_text(page->out, sentences[i].text);
		fputs("</p>", page->out);
		if (*sentences[i].basis) {
			fputs("<p class=\"basis\">", page->out);
			html_text(page->out, sentences[i].basis);
			fputs("</p>", page->out);
		}
		fputs("</li>\n", page->out);
	}
	fputs("</ol>\n</section>\n", page->out);
	sentences_free(sentences);
}

static void write_words(struct page *page)
{
	fputs("<details class=\"words\"><summary>Words used here</summary><dl>\n"
	      "<dt>kernel</dt><dd>the part of Linux that all programs share and none may change; "
	      "entering it is a <i>system call</i>.</dd>\n"
	      "<dt>message queue</dt><dd>messages kept in the kernel until somebody takes them, "
	      "oldest first.</dd>\n"
	      "<dt>shared memory</dt><dd>memory that two programs see at the same time. Who may "
	      "touch it when, they must agree on themselves: that is <i>synchronisation</i>, by a "
	      "<i>lock</i> for instance.</dd>\n"
	      "<dt>to sleep, to spin</dt><dd>two ways to wait: to give the processor away until "
	      "woken, or to keep it and ask again and again.</dd>\n"
	      "<dt>switch</dt><dd>the processor goes from one program to another.</dd>\n"
	      "<dt>ratio, × </dt><dd>how many times what the System V message queue (or whatever "
	      "is named) takes.</dd>\n"
	      "<dt>95% interval</dt><dd>where the ratio is, as far as the repetitions tell: they "
	      "are drawn anew 2000 times, and 95% of the results lie in it. Only an interval "
	      "without 1 says that two differ.</dd>\n"
	      "<dt>median, p99</dt><dd>half took no longer than the median; 99 of 100 took no "
	      "longer than p99.</dd>\n"
	      "</dl></details>\n", page->out);
}

static void write_navigation(struct page *page)
{
	fputs("<nav aria-label=\"On this page\"><ul>\n<li><a href=\"#glance\">At a "
	      "glance</a></li>\n", page->out);
	for (size_t i = 0; i < SECTIONS; i++)
		fprintf(page->out, "<li><a "
				   "href=\"#%s\">%s</a></li>\n", sections[i].id, sections[i].title);
	fputs("<li><a href=\"#matrix\">What each does</a></li>\n"
	      "<li><a href=\"#sayings\">What courses say</a></li>\n"
	      "<li><a href=\"#evidence\">Evidence</a></li>\n"
	      "<li><a href=\"#machine\">Machine and method</a></li>\n"
	      "<li><a href=\"#data\">Data</a></li>\n</ul></nav>\n", page->out);
}

static void write_missing(const struct figure *figure, FILE *out)
{
	fprintf(out, "<p class=\"missing\">Not among the files: workload <code>%s</code>%s. "
		"<code>%s</code> measures it; give FILE to <code>kmqcompare report</code> as "
		"well.</p>\n",
		figure->needs, figure->counted ? ", counted in instructions" : " in time, on two "
									       "processors",
		figure->counted ? "tools/vm/run --icount --get FILE:FILE -- kmqcompare bench "
				  "--icount --json FILE"
				: "kmqcompare bench --json FILE");
}

static void write_figure(struct page *page, const struct figure *figure)
{
	struct chart *chart = figure->make(page->input);

	fprintf(page->out, "<h3>%s</h3>\n<p>%s</p>\n", figure->title, figure->text);
	if (!chart_count(chart)) {
		write_missing(figure, page->out);
	} else {
		fputs("<div class=\"panels\">\n", page->out);
		if (!chart_draw(chart, &page->drawing)) {
			fputs("<p class=\"missing\">Not drawn: gnuplot was not there, or failed, "
			      "when this page was made. The numbers are in the tables of this "
			      "section.</p>\n", page->out);
			page->missing_drawings++;
		}
		fputs("</div>\n", page->out);
	}
	chart_free(chart);
}

static void write_section(struct page *page, const struct section *section)
{
	unsigned int before = page->missing_drawings;

	fprintf(page->out, "<section id=\"%s\">\n<h2>%s</h2>\n"
			   "<p>%s</p>\n", section->id, section->title,
		section->intro);
	for (int i = 0; i < SECTION_FIGURES && section->figures[i]; i++)
		write_figure(page, section->figures[i]);
	for (int i = 0; i < SECTION_WORKLOADS && section->workloads[i]; i++)
		numbers_write(page->input, section->workloads[i],
			      page->missing_drawings > before, page->out);
	if (!section->workloads[0]) {
		numbers_copying(page->input, page->missing_drawings > before, page->out);
		fputs("<p>Processor time, calls, switches and copies of all other measurements are "
		      "in the tables of <a href=\"#payload\">One way</a> and the other "
		      "sections.</p>\n", page->out);
	}
	fputs("</section>\n", page->out);
}

static bool is_in_a_section(const char *workload)
{
	for (size_t s = 0; s < SECTIONS; s++)
		for (int i = 0; i < SECTION_WORKLOADS && sections[s].workloads[i]; i++)
			if (!strcmp(sections[s].workloads[i], workload))
				return true;
	return false;
}

static bool has_row_of(const struct source *source, size_t count, const char *workload)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(source->rows[i].workload, workload))
			return true;
	return false;
}

/* Whether a file before this one, or a row before this one, has the same workload. */
static bool was_written(const struct input *input, unsigned int nth, size_t index)
{
	const char *workload = input->sources[nth].rows[index].workload;

	for (unsigned int s = 0; s < nth; s++)
		if (has_row_of(&input->sources[s], input->sources[s].count, workload))
			return true;
	return has_row_of(&input->sources[nth], index, workload);
}

/* Workloads that no section knows: their numbers are shown nevertheless. */
static void write_other_workloads(struct page *page)
{
	const struct input *input = page->input;

	for (unsigned int s = 0; s < input->count; s++)
		for (size_t i = 0; i < input->sources[s].count; i++) {
			const char *workload = input->sources[s].rows[i].workload;

			if (!is_in_a_section(workload) && !was_written(input, s, i))
				numbers_write(input, workload, page->missing_drawings, page->out);
		}
}

static void write_matrix(struct page *page)
{
	FILE *out = page->out;

	fputs("<section id=\"matrix\">\n<h2>What each does</h2>\n", out);
	if (!page->input->probe) {
		fputs("<p class=\"missing\">Not among the files: the probe's. <code>kmqcompare "
		      "probe --json FILE</code> runs its experiments; give FILE to "
		      "<code>kmqcompare report</code> as well.</p>\n"
		      "</section>\n<section id=\"sayings\"><h2>What courses say</h2><p "
		      "class=\"missing\">The probe's file has it.</p></section>\n<section "
		      "id=\"evidence\"><h2>Evidence</h2><p class=\"missing\">The probe's file has "
		      "it.</p></section>\n", out);
		return;
	}
	fputs("<p>Each row is a question, each column a mechanism, and each cell an experiment "
	      "that was run: real processes did it, and what the kernel answered is the "
	      "answer.</p>\n", out);
	matrix_write(page->input, out);
	fputs("</section>\n<section id=\"sayings\">\n<h2>What a course often says, and what this "
	      "machine showed</h2>\n", out);
	matrix_sayings(page->input, out);
	fputs("</section>\n<section id=\"evidence\">\n<h2>Evidence</h2>\n<p>For each question what "
	      "was done, and for each mechanism every call that was made. A, B and so on are "
	      "processes.</p>\n"
	      "<p class=\"in-print\">It is on the page, not in print: some hundred sheets.</p>\n"
	      "<h3 class=\"on-screen\">By question</h3>\n", out);
	matrix_evidence(page->input, out);
	fputs("</section>\n", out);
}

static void write_entry(FILE *out, const char *term, const char *text)
{
	if (!*text)
		return;
	fputs("<tr><th scope=\"row\">", out);
	html_text(out, term);
	fputs("</th><td>", out);
	html_text(out, text);
	fputs("</td></tr>\n", out);
}

static void write_number_entry(FILE *out, const char *term, double value)
{
	char text[32];

	if (!isfinite(value))
		return;
	snprintf(text, sizeof(text), "%.*f", value == floor(value) ? 0 : 4, value);
	write_entry(out, term, text);
}

static const char *kind_of(const struct source *source)
{
	if (source->is_probe)
		return "experiments (probe)";
	return source->counting ? "instructions, counted exactly (bench)" : "times (bench)";
}

/* The options as the file has them, each as it would be written in JSON. */
static void write_options(const struct source *source, FILE *out)
{
	struct json_object *options = json_at(source->json, "options");

	if (!json_object_is_type(options, json_type_object))
		return;
	fputs("<tr><th scope=\"row\">options</th><td>", out);
	json_object_object_foreach(options, key, value)
		html_say(out, "%s: %s; ", key,
			 json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
	fputs("</td></tr>\n", out);
}

static void write_source(const struct source *source, FILE *out)
{
	struct json_object *json = source->json;
	bool emulated = json_flag(json, "machine.emulated");

	fputs("<table class=\"machine\"><caption>", out);
	html_text(out, source_name(source));
	fputs("</caption><tbody>\n", out);
	write_entry(out, "what", kind_of(source));
	write_entry(out, "Linux", json_text(json, "machine.kernel"));
	write_entry(out, "processor", json_text(json, "machine.processor"));
	write_number_entry(out, "processors", json_number(json, "machine.processors"));
	write_entry(out, "architecture", json_text(json, "machine.architecture"));
	write_entry(out, "hypervisor", json_text(json, "machine.hypervisor"));
	write_entry(out, "emulated", emulated ? "YES: ratios and counts are the result, times are "
						"not"
					      : "no");
	write_number_entry(out, "ns per "
				"instruction", json_number(json, "machine.ns_per_instruction"));
	write_entry(out, "kmq", json_text(json, "machine.kmq"));
	write_entry(out, "user", json_text(json, "machine.user"));
	write_entry(out, "interrupted", json_flag(json, "interrupted") ? "YES: what there is, is "
									 "right"
								       : "no");
	write_options(source, out);
	fputs("</tbody></table>\n", out);
}

static void write_abouts(const struct input *input, FILE *out)
{
	fputs("<h3>The mechanisms</h3>\n<dl class=\"abouts\">\n", out);
	for (unsigned int i = 0; i < input->subject_count; i++) {
		const struct subject *subject = &input->subjects[i];

		fputs("<dt>", out);
		html_say(out, "%s (%s)", subject->title, subject->name);
		fputs("</dt><dd>", out);
		html_text(out, subject->about);
		fputs("</dd>\n", out);
	}
	fputs("</dl>\n", out);
}

static void write_method(FILE *out)
{
	fputs("<h3>How each figure was taken</h3>\n<ul>\n"
	      "<li><b>Verified.</b> Every message carries a sequence number and a checksum, and "
	      "whoever receives it checks both. A mechanism that loses, doubles, reorders or "
	      "corrupts one has no figure: it FAILED.</li>\n"
	      "<li><b>Equal terms.</b> Sleepers and spinners are never in one table or plot. The "
	      "same capacity is asked of all; what each is sure to hold is told (a pipe may take "
	      "twice that, TCP many times). Making channels and "
	      "starting processes is not timed; a warm-up goes before.</li>\n"
	      "<li><b>Harness subtracted.</b> The loop, and making and checking messages, cost "
	      "something too. Where only one process runs at a time that is measured by itself and "
	      "subtracted (column <i>harness</i>); where two overlap it cannot be.</li>\n"
	      "<li><b>Repeated and interleaved.</b> All mechanisms take turns, repetition by "
	      "repetition, and each turn begins with another one, so that what drifts drifts for "
	      "all. Figures are medians; least and most are told beside them.</li>\n"
	      "<li><b>Ratios.</b> Each repetition is divided by the same repetition of the "
	      "mechanism compared with. The interval is a bootstrap: the ratios are drawn anew "
	      "2000 times, and the middle 95% of the medians is the interval. <i>Less</i> and "
	      "<i>more</i> are said only where it excludes 1.</li>\n"
	      "<li><b>Latencies.</b> Every single one goes into a histogram of three significant "
	      "digits (the layout of HdrHistogram). A percentile is told only where ten or more "
	      "messages lie beyond it. In the open loop the clock starts when a message was due, "
	      "not when it was sent.</li>\n"
	      "<li><b>Instructions.</b> Counted by a virtual machine with one processor whose "
	      "clock they are: user and kernel, everything that ran, the same on every run. The "
	      "emulator counts a string instruction (<code>rep movsb</code>, which copies a "
	      "message of any length) once for each byte: copying looks dearer in instructions "
	      "than it is in time on a real processor.</li>\n"
	      "<li><b>Switches</b> are counted by the kernel, forced ones (<i>forced</i>) among "
	      "them; <b>system calls</b> and <b>copied bytes</b> where the mechanism makes them; "
	      "<b>slab objects</b> and <b>pages</b> by the kernel, in a repetition of its "
	      "own.</li>\n</ul>\n", out);
}

static void write_machine(struct page *page)
{
	fputs("<section id=\"machine\">\n<h2>Machine and method</h2>\n", page->out);
	if (is_emulated(page->input))
		fputs("<p class=\"loud\"><b>Emulated.</b> The processor was a program (QEMU "
		      "without hardware help). Under emulation <b>ratios and instruction counts "
		      "are the result, times are not</b>; and where two processors work at once, "
		      "even the ratios of times are partly the emulator's.</p>\n", page->out);
	for (unsigned int i = 0; i < page->input->count; i++)
		write_source(&page->input->sources[i], page->out);
	write_method(page->out);
	numbers_limits(page->input, page->out);
	write_abouts(page->input, page->out);
	fputs("</section>\n", page->out);
}

static void write_data(struct page *page)
{
	fputs("<section id=\"data\">\n<h2>Data</h2>\n<p>Everything that this page was made of is "
	      "in it, as JSON (kmqcompare(1) tells what the fields mean; without scripts, it is in "
	      "the page's source). <code>kmqcompare report --html FILE</code> makes the page "
	      "again.</p>\n<ul class=\"downloads\">\n",
	      page->out);
	for (unsigned int i = 0; i < page->input->count; i++) {
		fprintf(page->out, "<li><a class=\"download\" data-of=\"raw-%u\" download=\"", i);
		html_text(page->out, source_name(&page->input->sources[i]));
		fprintf(page->out, "\" href=\"#raw-%u\">", i);
		html_say(page->out, "%s: %s", source_name(&page->input->sources[i]),
			 kind_of(&page->input->sources[i]));
		fputs("</a></li>\n", page->out);
	}
	fputs("</ul>\n</section>\n", page->out);
	for (unsigned int i = 0; i < page->input->count; i++) {
		fprintf(page->out, "<script type=\"application/json\" id=\"raw-%u\">", i);
		html_json(page->out, page->input->sources[i].json);
		fputs("</script>\n", page->out);
	}
}

static void write_bottom(struct page *page)
{
	fputs("</main>\n<dialog id=\"shown\" aria-label=\"Evidence\"><form "
	      "method=\"dialog\"><button>Close</button></form><div "
	      "id=\"shown-body\"></div></dialog>\n<script>\n", page->out);
	fputs(page_js, page->out);
	fputs("</script>\n</body>\n</html>\n", page->out);
}

static void write_page(const struct input *input, FILE *out)
{
	struct page page = { .input = input, .out = out, .drawing = { .out = out } };

	write_top(&page);
	write_header(&page);
	write_summary(&page);
	fputs("<section id=\"glance\">\n<h2>At a glance</h2>\n", out);
	glance_write(input, out);
	write_words(&page);
	fputs("</section>\n", out);
	write_navigation(&page);
	for (size_t i = 0; i < SECTIONS; i++)
		write_section(&page, &sections[i]);
	write_other_workloads(&page);
	write_matrix(&page);
	write_machine(&page);
	write_data(&page);
	write_bottom(&page);
	if (page.missing_drawings)
		fputs("kmqcompare: no plots: gnuplot is not there, or failed; the page says "
		      "so\n", stderr);
}

int page_write(const struct input *input, const char *path)
{
	FILE *out = strcmp(path, "-") ? fopen(path, "we") : stdout;
	bool failed;

	if (!out) {
		fprintf(stderr, "kmqcompare: %s: %s\n", path, strerror(errno));
		return -1;
	}
	write_page(input, out);
	failed = ferror(out) || fflush(out);
	if (out != stdout)
		failed |= fclose(out) != 0;
	if (failed)
		fprintf(stderr, "kmqcompare: %s: not written whole\n", path);
	return failed ? -1 : 0;
}
