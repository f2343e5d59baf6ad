// SPDX-License-Identifier: GPL-2.0-only
#include "sentences.h"

#include "../results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const leads[SENTENCES] = {
	"How true is the saying?",
	"What does each half cost?",
	"And a queue of one's own?",
	"Who is safe?",
	"Measured on what?",
};

static const char how_to_time[] =
	"`kmqcompare bench --json FILE` on two processors measures it.";
static const char how_to_count[] =
	"`tools/vm/run --icount -- kmqcompare bench --icount --json FILE` counts instructions.";
static const char how_to_probe[] =
	"`kmqcompare probe --json FILE` runs the experiments.";

/* A text that grows. */
struct draft {
	char *text;
	size_t size;
	FILE *out;
};

static void draft_begin(struct draft *draft)
{
	draft->out = open_memstream(&draft->text, &draft->size);
	if (draft->out)
		return;
	fputs("kmqcompare: out of memory\n", stderr);
	exit(1);
}

static char *draft_end(struct draft *draft)
{
	fclose(draft->out);
	return draft->text;
}

static bool has_ratios(const struct input *input, const struct source *source,
		       const char *workload)
{
	for (unsigned int i = 0; source && i < input->subject_count; i++)
		if (input->subjects[i].family == FAMILY_SHARED &&
		    ratio_at(find_base(source, workload, input->subjects[i].name), "ratio").word)
			return true;
	return false;
}

/*
 * Of a counting machine, which has one processor, rather the bare way in and out: how often
 * two processes are switched there hangs by a hair, and carries the figure with it.
 */
static const char *workload_for_saying(const struct input *input, const struct source *source)
{
	static const char *const timed[] = { "oneway", "pingpong", "pair" };
	static const char *const counted[] = { "pair", "pingpong", "oneway" };
	const char *const *names = source && source->counting ? counted : timed;

	for (size_t i = 0; i < sizeof(timed) / sizeof(*timed); i++)
		if (has_ratios(input, source, names[i]))
			return names[i];
	return NULL;
}

struct saying saying_of(const struct input *input)
{
	const char *counted = workload_for_saying(input, input->counted);
	const char *timed = workload_for_saying(input, input->timed);
	bool emulated = input->timed && json_flag(input->timed->json, "machine.emulated");

	if (timed && !(emulated && counted))
		return (struct saying){ input->timed, timed, "faster", "slower", "time" };
	if (counted)
		return (struct saying){ input->counted, counted, "cheaper", "dearer",
					"instructions" };
	return (struct saying){ NULL, "oneway", "faster", "slower", "time" };
}

const char *reference_of(const struct input *input)
{
	const struct source *bench = input_bench(input);
	const char *name = bench ? json_text(bench->json, "options.relative_to") : "";

	return *name ? name : "sysv-msg";
}

/* "0.71 times (0.70 to 0.72)" */
static void say_times(FILE *out, const struct ratio *ratio)
{
	char median[RATIO_SIZE], low[RATIO_SIZE], high[RATIO_SIZE];
	bool has_interval = ratio_texts(ratio, median, low, high);

	fprintf(out, "%s times", median);
	if (isnan(ratio->low) || isnan(ratio->high))
		fputs(" (no interval)", out);
	else if (has_interval)
		fprintf(out, " (%s to %s%s)", low, high,
			ratio->word == WORD_SAME ? ", so not told apart" : "");
}

/* " the time of System V messages": said with the first ratio of a sentence. */
static void say_of_what(const struct input *input, const struct saying *saying, FILE *out)
{
	fprintf(out, " the %s of %s", saying->what, input_title(input, reference_of(input)));
}

/* Of one family at one point: how many are faster than the reference, and how many not. */
struct count {
	unsigned int all, faster, slower, same;
	const struct row *least, *most;		/* ratio, of those whose interval excludes 1 */
};

static void count_row(struct count *count, const struct row *row)
{
	struct ratio ratio = ratio_at(row, "ratio");

	if (ratio.word == WORD_NONE)
		return;
	count->all++;
	count->faster += ratio.word == WORD_FASTER;
	count->slower += ratio.word == WORD_SLOWER;
	count->same += ratio.word == WORD_SAME;
	if (!count->least || ratio.median < ratio_at(count->least, "ratio").median)
		count->least = row;
	if (!count->most || ratio.median > ratio_at(count->most, "ratio").median)
		count->most = row;
}

static struct count count_shared(const struct input *input, const struct saying *saying,
				 const struct place *point)
{
	struct count count = { .all = 0 };

	for (unsigned int i = 0; i < input->subject_count; i++) {
		const struct subject *subject = &input->subjects[i];
		const struct row *row = find_row(saying->source, saying->workload, subject->name,
						 point);

		if (subject->family == FAMILY_SHARED && row)
			count_row(&count, row);
	}
	return count;
}

/* The point of the largest messages at which some shared memory can be compared. */
static struct place largest_point(const struct input *input, const struct saying *saying)
{
	const struct source *source = saying->source;
	struct place base = base_place(source, saying->workload), largest = base;

	for (size_t i = 0; source && i < source->count; i++) {
		struct place point = base;

		point.size = source->rows[i].point.size;
		if (point.size > largest.size && count_shared(input, saying, &point).all)
			largest = point;
	}
	return largest;
}

static const char *plural(unsigned int count)
{
	return count == 1 ? "" : "s";
}

/* Cells of a claim among mechanisms with memory or a file in common, or among the others. */
struct answers {
	unsigned int yes, no, partly;
	char yes_titles[160], no_titles[160], partly_titles[160];
};

static bool has_memory_in_common(enum family family)
{
	return family == FAMILY_SHARED || family == FAMILY_SPINNING;
}

struct json_object *probe_cell(const struct input *input, const char *claim,
			       const char *mechanism)
{
	for (size_t i = 0; i < items_count(input->probe, "cells"); i++) {
		struct json_object *cell = items_at(input->probe, "cells", i);

		if (!strcmp(json_text(cell, "claim"), claim) &&
		    !strcmp(json_text(cell, "mechanism"), mechanism))
			return cell;
	}
	return NULL;
}

static void add_title(char titles[160], unsigned int nth, const char *title)
{
	size_t length = strlen(titles);

	if (nth < 3)
		snprintf(titles + length, 160 - length, "%s%s", nth ? "; " : "", title);
	else if (nth == 3)
		snprintf(titles + length, 160 - length, "; and others");
}

static struct answers answers_to(const struct input *input, const char *claim, bool in_common)
{
	struct answers answers = { .yes = 0 };

	for (unsigned int i = 0; i < input->subject_count; i++) {
		const struct subject *subject = &input->subjects[i];
		const char *verdict = json_text(probe_cell(input, claim, subject->name), "verdict");

		if (has_memory_in_common(subject->family) != in_common)
			continue;
		if (!strcmp(verdict, "yes"))
			add_title(answers.yes_titles, answers.yes++, subject->title);
		else if (!strcmp(verdict, "no"))
			add_title(answers.no_titles, answers.no++, subject->title);
		else if (!strcmp(verdict, "partly"))
			add_title(answers.partly_titles, answers.partly++, subject->title);
	}
	return answers;
}

static unsigned int answered(const struct answers *answers)
{
	return answers->yes + answers->no + answers->partly;
}

static void say_lost_updates(const struct input *input, FILE *out)
{
	struct answers shared = answers_to(input, "lost-update", true);
	struct answers saved = answers_to(input, "lock-saves", true);

	if (!answered(&shared)) {
		fputs("whether it needs synchronisation was not tried", out);
		return;
	}
	fprintf(out, "%s: of %u that share memory or a file, %u lost an update without a lock",
		shared.yes ? "and it does need synchronisation" : "synchronisation was not missed",
		answered(&shared), shared.yes);
	if (answered(&saved))
		fprintf(out, ", and %u kept them all with one", saved.yes);
}

static const char *first_half(const struct count *base, const struct count *largest)
{
	if (base->faster == base->all && largest->faster == largest->all)
		return "True here";
	if (!base->faster && !largest->faster)
		return "Not true here";
	return "True only in part";
}

static void say_fastest(const struct input *input, const struct saying *saying, FILE *out)
{
	struct place base = base_place(saying->source, saying->workload);
	struct place largest = largest_point(input, saying);
	struct count at_base = count_shared(input, saying, &base);
	struct count at_largest = count_shared(input, saying, &largest);

	if (!at_base.all) {
		fputs("How fast shared memory is was not measured", out);
		return;
	}
	fprintf(out, "%s, by %s: of %u kind%s of shared memory whose users sleep while they "
		     "wait, %u carried %.0f bytes %s than %s and %u "
		     "%s", first_half(&at_base, &at_largest), saying->what, at_base.all,
		plural(at_base.all), at_base.faster, base.size, saying->better,
		input_title(input, reference_of(input)), at_base.slower, saying->worse);
	if (at_base.same)
		fprintf(out, ", %u not told apart", at_base.same);
	if (largest.size > base.size)
		fprintf(out, "; of %.0f bytes, %u of %u %s and %u %s", largest.size,
			at_largest.faster, at_largest.all, saying->better, at_largest.slower,
			saying->worse);
}

static void explain_saying(const struct saying *saying, FILE *out)
{
	if (!saying->source) {
		fprintf(out, "%s ", how_to_time);
		return;
	}
	fprintf(out, "Measured as %s, workload %s", saying->source->counting ?
		"instructions, user and kernel, counted exactly" : "time", saying->workload);
	if (!saying->source->counting &&
	    json_flag(saying->source->json, "machine.emulated"))
		fputs(", emulated: even these ratios are partly the emulator's", out);
	fprintf(out, "; %s or %s is said only where the 95%% interval of the ratio excludes 1. ",
		saying->better, saying->worse);
}

static void sentence_saying(const struct input *input, FILE *text, FILE *basis)
{
	struct saying saying = saying_of(input);

	say_fastest(input, &saying, text);
	fputs("; ", text);
	say_lost_updates(input, text);
	fputs(".", text);
	explain_saying(&saying, basis);
	fputs(input->probe ? "An update is lost where two processes add to one number, step by "
			     "step." :
	      how_to_probe, basis);
}

static void say_with(const struct input *input, FILE *out, const struct row *row)
{
	fprintf(out, " with %s", input_title(input, row->mechanism));
}

static void say_synchronisation(const struct input *input, const struct saying *saying,
				FILE *out)
{
	struct place base = base_place(saying->source, saying->workload);
	struct count count = count_shared(input, saying, &base);
	struct ratio least = ratio_at(count.least, "ratio"), most = ratio_at(count.most, "ratio");

	fprintf(out, "To carry %.0f bytes, shared memory took ", base.size);
	say_times(out, &least);
	say_of_what(input, saying, out);
	say_with(input, out, count.least);
	if (count.most != count.least) {
		fputs(", and ", out);
		say_times(out, &most);
		say_with(input, out, count.most);
	}
	if (count.faster && count.slower)
		fputs(": what guards it decides", out);
}

static void say_copies(const struct input *input, const struct saying *saying, FILE *out)
{
	struct place base = base_place(saying->source, saying->workload);
	struct place large = largest_point(input, saying);
	struct count at_large = count_shared(input, saying, &large);
	struct count at_base = count_shared(input, saying, &base);
	const struct row *queue = find_row(saying->source, saying->workload, reference_of(input),
					   &base);
	double copied = queue ? json_number(queue->json, "cost.copied_bytes") : NAN;
	double own = json_number(at_base.least->json, "cost.copied_bytes");

	if (isfinite(copied) && copied == own)
		fprintf(out, "; the copying is the same, %.0f bytes either way", own);
	else if (isfinite(copied) && isfinite(own))
		fprintf(out, "; the queue copied %.0f bytes for it, shared memory "
			     "%.0f", copied, own);
	if (large.size > base.size && at_large.least) {
		struct ratio ratio = ratio_at(at_large.least, "ratio");

		fprintf(out, "; and for %.0f bytes it took ", large.size);
		say_times(out, &ratio);
		say_with(input, out, at_large.least);
	}
}

static bool any_shared(const struct input *input, const struct saying *saying)
{
	struct place base = base_place(saying->source, saying->workload);

	return count_shared(input, saying, &base).all;
}

static void sentence_costs(const struct input *input, FILE *text, FILE *basis)
{
	struct saying saying = saying_of(input);

	if (!saying.source || !any_shared(input, &saying)) {
		fputs("What synchronising and what copying costs was not measured.", text);
		fputs(how_to_time, basis);
		return;
	}
	say_synchronisation(input, &saying, text);
	say_copies(input, &saying, text);
	fputs(".", text);
	fprintf(basis, "The least and the most of those that sleep while they wait; below 1 is %s "
		       "than the queue. %s", saying.better, saying.source->counting ? "" :
		"In brackets: 95% bootstrap intervals.");
}

static void say_kmq_speed(const struct input *input, FILE *out)
{
	struct saying saying = saying_of(input);
	const struct row *carried = find_base(saying.source, saying.workload, "kmq");
	const struct row *replied = find_base(saying.source, "pingpong", "kmq");
	struct ratio one = ratio_at(carried == replied ? NULL : carried, "ratio");
	struct ratio round = ratio_at(replied, "ratio");

	if (one.word == WORD_NONE && round.word == WORD_NONE) {
		fputs("What kmq, a queue in a kernel module of one's own, costs was not compared",
		      out);
		return;
	}
	fputs("kmq, a queue in a kernel module of one's own, took ", out);
	if (one.word != WORD_NONE) {
		say_times(out, &one);
		say_of_what(input, &saying, out);
		fputs(round.word != WORD_NONE ? " for a message and " : " for a message", out);
	}
	if (round.word == WORD_NONE)
		return;
	say_times(out, &round);
	if (one.word == WORD_NONE)
		say_of_what(input, &saying, out);
	fputs(" for a message and its answer", out);
}

static void say_kmq_instructions(const struct input *input, FILE *out)
{
	const struct row *kmq = find_base(input->counted, "pair", "kmq");
	const struct row *other = find_base(input->counted, "pair", reference_of(input));
	const struct row *batch = find_base(input->counted, "batch", "kmq-batch");
	const struct row *typed = find_base(input->counted, "pair", "kmq-ioctl");

	if (!kmq || !other)
		return;
	fprintf(out, "; where nobody waits, sending and receiving is %.0f instructions against "
		     "%.0f", kmq->figure, other->figure);
	if (typed)
		fprintf(out, " (%.0f by kmq ioctl, which has types, priorities and leases)",
			typed->figure);
	if (batch)
		fprintf(out, ", and %.0f in batches of %.0f", batch->figure, batch->point.batch);
}

static void say_kmq_selection(const struct input *input, FILE *out)
{
	const struct source *source = input->counted ? input->counted : input->timed;
	struct ratio kmq = ratio_at(find_base(source, "select", "kmq-ioctl"), "base_ratio");
	struct ratio other = ratio_at(find_base(source, "select", "sysv-msg"), "base_ratio");
	double depth = source ? json_number(source->json, "options.depth") : NAN;

	if (kmq.word == WORD_NONE || other.word == WORD_NONE || isnan(depth))
		return;
	fprintf(out, "; finding one type among %.0f takes %s %.2f times what taking the oldest "
		     "does, and %s %.1f times", depth, input_title(input, "kmq-ioctl"),
		kmq.median, input_title(input, "sysv-msg"), other.median);
}

static void say_kmq_leases(const struct input *input, FILE *out)
{
	static const char *const of_kmq[] = { "kmq-ioctl", "kmq", "kmq-batch", "kmq-call",
					      "kmq-uring" };

	for (size_t i = 0; i < sizeof(of_kmq) / sizeof(*of_kmq); i++) {
		struct json_object *cell = probe_cell(input, "receiver-dies", of_kmq[i]);

		/* The question is whether it is lost. */
		if (strcmp(json_text(cell, "verdict"), "no"))
			continue;
		fprintf(out, "; a message whose receiver died came back (%s)",
			input_title(input, of_kmq[i]));
		return;
	}
}

/* Whether any file has a figure or an answer of kmq. */
static bool has_kmq(const struct input *input)
{
	const char *verdict = json_text(probe_cell(input, "boundaries", "kmq"), "verdict");

	return find_base(input->timed, "oneway", "kmq") ||
	       find_base(input->timed, "pingpong", "kmq") ||
	       find_base(input->counted, "pair", "kmq") || (*verdict && strcmp(verdict, "none"));
}

static void sentence_kmq(const struct input *input, FILE *text, FILE *basis)
{
	if (!has_kmq(input)) {
		fputs("What kmq, this project's own queue in the kernel, changes is not shown: its "
		      "module was not loaded where this was measured.", text);
		fputs("`sudo make compare` measures it in a virtual machine.", basis);
		return;
	}
	say_kmq_speed(input, text);
	say_kmq_instructions(input, text);
	say_kmq_selection(input, text);
	say_kmq_leases(input, text);
	fputs(".", text);
	if (!input->counted)
		fprintf(basis, "Instructions are not among the files: %s", how_to_count);
	else
		fputs("Instructions, user and kernel, are counted exactly: sending and receiving "
		      "in one process, harness subtracted.", basis);
}

static void say_holders(const struct input *input, FILE *out)
{
	struct answers holder = answers_to(input, "holder-dies", true);

	if (!answered(&holder)) {
		fputs("Who survives the death of a lock's holder was not tried", out);
		return;
	}
	fprintf(out, "When the process that held the lock was killed, %u of the %u that share "
		     "memory or a file went on", holder.yes, answered(&holder));
	if (holder.no)
		fprintf(out, " and %u did not (%s)", holder.no, holder.no_titles);
}

static void say_halves(const struct answers *half, FILE *out)
{
	if (!answered(half))
		return;
	fprintf(out, "; %u never showed half a message of a sender killed while "
		     "writing", half->yes);
	if (half->no)
		fprintf(out, ", %u did (%s)", half->no, half->no_titles);
	if (half->partly)
		fprintf(out, ", %u did of a long one, or carried no more after it (%s)",
			half->partly, half->partly_titles);
}

static void say_messages(const struct input *input, FILE *out)
{
	struct answers lost = answers_to(input, "lost-update", false);
	struct answers holder = answers_to(input, "holder-dies", false);
	struct answers half = answers_to(input, "sender-dies", false);
	struct answers back = answers_to(input, "receiver-dies", false);

	if (!answered(&lost))
		return;
	fprintf(out, "; of the %u that carry messages ", answered(&lost));
	if (lost.yes)
		fprintf(out, "%u lost an update", lost.yes);
	else
		fputs("none lost an update, because to take the number is to lock it", out);
	if (answered(&holder))
		fprintf(out, ", but %u gave it back when its holder was killed", holder.yes);
	say_halves(&half, out);
	if (back.no)
		fprintf(out, "; and %u gave back the message of a receiver that died (%s)", back.no,
			back.no_titles);
	else if (answered(&back))
		fputs("; and none gave back the message of a receiver that died", out);
}

static unsigned int cells_that_ran(const struct input *input)
{
	unsigned int ran = 0;

	for (size_t i = 0; i < items_count(input->probe, "cells"); i++) {
		const char *verdict = json_text(items_at(input->probe, "cells", i), "verdict");

		ran += *verdict && strcmp(verdict, "none");
	}
	return ran;
}

static void sentence_safety(const struct input *input, FILE *text, FILE *basis)
{
	double differ = json_number(input->probe, "differ");

	if (!input->probe) {
		fputs("Who loses updates and who survives a death was not tried.", text);
		fputs(how_to_probe, basis);
		return;
	}
	say_holders(input, text);
	say_messages(input, text);
	fputs(".", text);
	if (isnan(differ))
		return;
	fprintf(basis, "%u experiments ran; %.0f agree with the manual pages (kmq's own among "
		       "them), %.0f differ, %.0f did not run", cells_that_ran(input),
		json_number(input->probe, "agree"), differ, json_number(input->probe, "not_run"));
	if (isfinite(json_number(input->probe, "silent")))
		fprintf(basis, "; of %.0f the pages do not tell",
			json_number(input->probe, "silent"));
	fputs(".", basis);
}

static bool carries(const struct input *input, const char *mechanism)
{
	const struct subject *subject = input_subject(input, mechanism);

	return !subject || subject->family != FAMILY_NONE;
}

static double verified_in(const struct row *row)
{
	double verified = 0;

	for (size_t i = 0; i < items_count(row->json, "repetitions"); i++) {
		double count = json_number(items_at(row->json, "repetitions", i),
					   "verified_messages");

		verified += isnan(count) ? 0 : count;
	}
	return verified;
}

double verified_messages(const struct input *input)
{
	double verified = 0;

	for (unsigned int s = 0; s < input->count; s++)
		for (size_t i = 0; i < input->sources[s].count; i++)
			if (carries(input, input->sources[s].rows[i].mechanism))
				verified += verified_in(&input->sources[s].rows[i]);
	return verified;
}

unsigned int failed_measurements(const struct input *input)
{
	unsigned int failed = 0;

	for (unsigned int s = 0; s < input->count; s++)
		for (size_t i = 0; i < input->sources[s].count; i++)
			failed += !strcmp(json_text(input->sources[s].rows[i].json, "status"),
					  "failed");
	return failed;
}

static void say_machine(struct json_object *file, FILE *out)
{
	double processors = json_number(file, "machine.processors");

	fprintf(out, "Linux %s", json_text(file, "machine.kernel"));
	if (*json_text(file, "machine.processor"))
		fprintf(out, " on %s", json_text(file, "machine.processor"));
	if (isfinite(processors))
		fprintf(out, " with %.0f processor%s", processors, processors == 1 ? "" : "s");
}

/* 12345678 as 12,345,678. */
static void say_grouped(FILE *out, double value)
{
	char digits[32];
	int length = snprintf(digits, sizeof(digits), "%.0f", value);

	for (int i = 0; i < length; i++) {
		fputs(i && (length - i) % 3 == 0 ? "," : "", out);
		fputc(digits[i], out);
	}
}

static void say_verification(const struct input *input, FILE *out)
{
	double verified = verified_messages(input);
	unsigned int failed = failed_measurements(input);

	if (!input_bench(input)) {
		fputs("no message was measured", out);
		return;
	}
	say_grouped(out, verified);
	fputs(" messages were verified by whoever received them, and ", out);
	if (failed)
		fprintf(out, "%u measurement%s FAILED", failed, plural(failed));
	else
		fputs("none was lost, doubled, reordered or corrupt", out);
}

static bool was_interrupted(const struct input *input)
{
	for (unsigned int s = 0; s < input->count; s++)
		if (json_flag(input->sources[s].json, "interrupted"))
			return true;
	return false;
}

static void sentence_machine(const struct input *input, FILE *text, FILE *basis)
{
	const struct source *first = input->timed ? input->timed : &input->sources[0];
	bool emulated = json_flag(first->json, "machine.emulated");

	say_machine(first->json, text);
	if (emulated)
		fputs(", emulated in software, so that ratios and counts are the result and times "
		      "are not", text);
	fputs("; ", text);
	say_verification(input, text);
	fputs(".", text);
	if (was_interrupted(input))
		fputs("A run was interrupted before its end; what there is, is right. ", basis);
	if (!input->counted)
		fprintf(basis, "Not among the files: counted instructions. %s ", how_to_count);
	if (!input->timed)
		fprintf(basis, "Not among the files: times. %s ", how_to_time);
	if (input->timed && input->counted)
		fputs("Times come from a machine with two processors, instructions from one with a "
		      "single one whose clock they are.", basis);
}

void sentences_make(const struct input *input, struct sentence sentences[SENTENCES])
{
	static void (*const make[SENTENCES])(const struct input *, FILE *, FILE *) = {
		sentence_saying, sentence_costs, sentence_kmq, sentence_safety, sentence_machine,
	};

	for (int i = 0; i < SENTENCES; i++) {
		struct draft text, basis;

		draft_begin(&text);
		draft_begin(&basis);
		make[i](input, text.out, basis.out);
		sentences[i] = (struct sentence){ leads[i], draft_end(&text), draft_end(&basis) };
	}
}

void sentences_free(struct sentence sentences[SENTENCES])
{
	for (int i = 0; i < SENTENCES; i++) {
		free(sentences[i].text);
		free(sentences[i].basis);
	}
}
