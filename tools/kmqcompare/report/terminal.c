// SPDX-License-Identifier: GPL-2.0-only
#include "terminal.h"

#include "sentences.h"
#include "../results.h"
#include "../table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define WIDTH	100

/* Breaks a text between words. */
static void print_wrapped(const char *text, unsigned int indent)
{
	size_t column = 0;

	while (*text) {
		size_t length = strcspn(text, " ");

		if (column && indent + column + 1 + length > WIDTH) {
			putchar('\n');
			column = 0;
		}
		column += column ? printf(" %.*s", (int)length, text)
				 : printf("%*s%.*s", indent, "", (int)length, text) - (int)indent;
		text += length + (text[length] == ' ');
	}
	putchar('\n');
}

static void print_sentences(const struct input *input)
{
	struct sentence sentences[SENTENCES];

	puts("\"Shared memory is fastest but needs synchronisation; a message queue is safer but "
	     "copies\n"
	     "through the kernel.\"");
	sentences_make(input, sentences);
	for (int i = 0; i < SENTENCES; i++) {
		printf("\n%d. %s\n", i + 1, sentences[i].lead);
		print_wrapped(sentences[i].text, 3);
		if (*sentences[i].basis) {
			putchar('\n');
			print_wrapped(sentences[i].basis, 6);
		}
	}
	sentences_free(sentences);
}

static void cell(struct table *table, double value, int digits)
{
	if (isfinite(value))
		table_cell(table, "%.*f", digits, value);
	else
		table_cell(table, "-");
}

static void ratio_cell(struct table *table, const struct row *row)
{
	static const char words[] = { [WORD_NONE] = ' ', [WORD_FASTER] = '<', [WORD_SLOWER] = '>',
				      [WORD_SAME] = '=' };
	struct ratio ratio = ratio_at(row, "ratio");

	if (ratio.word == WORD_NONE)
		table_cell(table, "-");
	else
		table_cell(table, "%.2f %c", ratio.median, words[ratio.word]);
}

static double figure(const struct row *row)
{
	return row ? row->figure : NAN;
}

static double number(const struct row *row, const char *path)
{
	return row ? json_number(row->json, path) : NAN;
}

static void overview_head(struct table *table)
{
	static const char *const heads[] = {
		"mechanism", "in+out\ninstr.", "\nratio", "one way\n1000/s", "\nratio",
		"\nCPU ns", "\nswitches", "\nsyscalls", "\ncopied B", "round trip\n1 CPU, instr.",
		"\n1 CPU, us", "\n2 CPUs, us",
	};

	table_row(table);
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		table_cell(table, "%s", heads[i]);
}

/* A mechanism that moves batches only has no figure for a single message. */
static const struct row *bare(const struct input *input, const char *name)
{
	const struct row *pair = find_base(input->counted, "pair", name);

	return pair ? pair : find_base(input->counted, "batch", name);
}

static void overview_row(const struct input *input, struct table *table, const char *name)
{
	const struct row *alone = bare(input, name);
	const struct row *one_way = find_base(input->timed, "oneway", name);
	const struct row *costs = one_way ? one_way : find_base(input->counted, "oneway", name);

	cell(table, figure(alone), 0);
	ratio_cell(table, alone);
	cell(table, 1e6 / figure(one_way), 0);
	ratio_cell(table, one_way);
	cell(table, number(one_way, "cost.cpu_ns"), 0);
	cell(table, number(costs, "cost.switches"), 3);
	cell(table, number(costs, "cost.syscalls"), 2);
	cell(table, number(costs, "cost.copied_bytes"), 0);
	cell(table, figure(find_base(input->counted, "pingpong", name)), 0);
	cell(table, figure(find_base(input->timed, "pingpong", name)) / 1e3, 1);
	cell(table, figure(find_base(input->timed, "pingpong-2cpu", name)) / 1e3, 1);
}

/* Why a mechanism has no figures in any file, or NULL if it has some. */
static const char *why_absent(const struct input *input, const char *name)
{
	const char *why = NULL;

	for (unsigned int s = 0; s < input->count; s++)
		for (size_t i = 0; i < input->sources[s].count; i++) {
			const struct row *row = &input->sources[s].rows[i];

			if (strcmp(row->mechanism, name))
				continue;
			if (row->ok)
				return NULL;
			if (!why || !strcmp(json_text(row->json, "status"), "failed"))
				why = json_text(row->json, "reason");
		}
	return why ? why : "not measured";
}

static void overview_line(const struct input *input, struct table *table,
			  const struct subject *subject)
{
	const char *why = why_absent(input, subject->name);

	table_row(table);
	table_cell(table, "%s", subject->title);
	if (why)
		table_rest(table, "%s", why);
	else
		overview_row(input, table, subject->name);
}

/* The size of the messages in the overview. */
static double base_size(const struct source *source)
{
	double size = base_place(source, "oneway").size;

	return isfinite(size) ? size : base_place(source, "pair").size;
}

static void overview(const struct input *input, bool spinning)
{
	struct table *table = table_new();
	unsigned int lines = 0;

	overview_head(table);
	for (unsigned int i = 0; i < input->subject_count; i++) {
		const struct subject *subject = &input->subjects[i];

		if ((subject->family == FAMILY_SPINNING) != spinning ||
		    !strcmp(subject->name, "harness"))
			continue;
		overview_line(input, table, subject);
		lines++;
	}
	if (lines) {
		printf("\n%s, messages of %.0f bytes\n\n",
		       spinning ? "Those that spin: who waits burns a processor"
				: "Those that sleep while they wait",
		       base_size(input_bench(input)));
		table_print(table, stdout);
	}
	table_free(table);
}

static void overview_legend(const struct input *input)
{
	printf("\nin+out: instructions of sending and receiving one message in one process, "
	       "harness subtracted.\n"
	       "one way: from one process to another. round trip: a message and its answer between "
	       "two that\n"
	       "sleep for each other. ratio: of the figure on its left, as time or instructions, "
	       "to %s;\n"
	       "< less, > more, = not told apart: the 95%% interval holds 1.\n",
	       input_title(input, reference_of(input)));
}

static char letter_of(struct json_object *probe_cell_json)
{
	const char *verdict = json_text(probe_cell_json, "verdict");

	return !strcmp(verdict, "yes") ? 'y' : !strcmp(verdict, "no") ? 'n'
	     : !strcmp(verdict, "partly") ? 'p' : '.';
}

static bool differs(struct json_object *probe_cell_json)
{
	struct json_object *agrees = json_at(probe_cell_json, "agrees");

	return json_object_is_type(agrees, json_type_boolean) && !json_object_get_boolean(agrees);
}

/* Two characters a column: "a ", "b ", ... */
static void matrix_head(const struct input *input)
{
	printf("%-19s", "");
	for (size_t i = 0; i < items_count(input->probe, "mechanisms"); i++)
		printf("%c ", (char)(i < 26 ? 'a' + i : 'A' + (i - 26) % 26));
	putchar('\n');
}

static void matrix_row(const struct input *input, struct json_object *claim)
{
	const char *name = json_text(claim, "name");

	printf("  %-17s", name);
	for (size_t i = 0; i < items_count(input->probe, "mechanisms"); i++) {
		struct json_object *mechanism = items_at(input->probe, "mechanisms", i);
		struct json_object *found = probe_cell(input, name, json_text(mechanism, "name"));

		printf("%c%c", letter_of(found), differs(found) ? '!' : ' ');
	}
	printf(" %s\n", json_text(claim, "question"));
}

static void matrix_legend(const struct input *input)
{
	puts("\ny yes, n no, p partly, . did not run; ! differs from the manual page. Columns:");
	for (size_t i = 0; i < items_count(input->probe, "mechanisms"); i++) {
		struct json_object *mechanism = items_at(input->probe, "mechanisms", i);

		printf("%s%c %-15s", i % 5 ? " " : i ? "\n  " : "  ",
		       (char)(i < 26 ? 'a' + i : 'A' + (i - 26) % 26),
		       json_text(mechanism, "name"));
	}
	puts("\n`kmqcompare probe --evidence` shows how each was found.");
}

static void matrix(const struct input *input)
{
	const char *group = "";

	puts("\nWhat each does\n");
	matrix_head(input);
	for (size_t i = 0; i < items_count(input->probe, "claims"); i++) {
		struct json_object *claim = items_at(input->probe, "claims", i);

		if (strcmp(group, json_text(claim, "group"))) {
			group = json_text(claim, "group");
			printf("%s\n", group);
		}
		matrix_row(input, claim);
	}
	matrix_legend(input);
}

void terminal_report(const struct input *input)
{
	print_sentences(input);
	if (input_bench(input)) {
		overview(input, false);
		overview(input, true);
		overview_legend(input);
	}
	if (input->probe)
		matrix(input);
}
