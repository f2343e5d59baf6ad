// SPDX-License-Identifier: GPL-2.0-only
/* The matrix on a terminal: a row for each claim, two characters for each mechanism. */
#include "run.h"

#include <string.h>

#define NAME_WIDTH	20

static char letter_of(enum verdict verdict)
{
	return "-ynp"[verdict];
}

static size_t longest_name(const struct probe *probe)
{
	size_t longest = 0;

	for (const struct subject *const *s = probe->subjects; *s; s++)
		if (strlen((*s)->mechanism) > longest)
			longest = strlen((*s)->mechanism);
	return longest;
}

/* The mechanisms' names from top to bottom, each above its column. */
static void print_head(const struct probe *probe)
{
	size_t height = longest_name(probe);

	for (size_t line = 0; line < height; line++) {
		fprintf(probe->out, "%*s", NAME_WIDTH, "");
		for (const struct subject *const *s = probe->subjects; *s; s++) {
			const char *name = (*s)->mechanism;
			size_t above = height - strlen(name);

			fprintf(probe->out, "%c ", line < above ? ' ' : name[line - above]);
		}
		fputc('\n', probe->out);
	}
}

static const struct cell_result *print_row(const struct probe *probe,
					   const struct cell_result *result)
{
	fprintf(probe->out, "  %-*s", NAME_WIDTH - 2, result->claim->name);
	for (const struct subject *const *s = probe->subjects; *s; s++, result++)
		fprintf(probe->out, "%c%c", letter_of(result->verdict),
			result->broke ? '?' : cell_differs(result) ? '!' : ' ');
	fputc('\n', probe->out);
	return result;
}

static void print_rows(const struct probe *probe, const struct cells *cells)
{
	const struct cell_result *result = cells->results;
	const char *group = "";

	for (const struct claim *const *c = probe->claims; *c; c++) {
		if (strcmp(group, (*c)->group))
			fprintf(probe->out, "%s\n", (*c)->group);
		group = (*c)->group;
		result = print_row(probe, result);
	}
}

static void print_legend(const struct probe *probe)
{
	fputs("\ny yes, n no, p partly (under a condition), - did not run; "
	      "! other than the manual page says,\n? the experiment broke. "
	      "--list tells the questions, --evidence what was seen.\n", probe->out);
}

static void print_lines(const char *text, FILE *out)
{
	while (text && *text) {
		int length = strcspn(text, "\n");

		fprintf(out, "      %.*s\n", length, text);
		text += length + (text[length] == '\n');
	}
}

static void print_cell(const struct cell_result *result, FILE *out)
{
	fprintf(out, "  %s: %s%s%s\n", result->subject->mechanism,
		result->verdict == VERDICT_NONE ? "" : verdict_name(result->verdict),
		result->verdict == VERDICT_NONE ? "" : ", ", result->answer);
	print_lines(result->evidence, out);
}

static void print_textbook(const struct claim *claim, const struct cells *cells, FILE *out)
{
	const struct textbook *textbook = textbook_of(claim->name);
	char finding[FINDING_SIZE] = "";

	if (!textbook)
		return;
	fprintf(out, "  A course says: %s\n", textbook->sentence);
	textbook->finding(cells, finding);
	if (*finding)
		fprintf(out, "  Here: %s\n", finding);
}

static void print_evidence(const struct probe *probe, const struct cells *cells)
{
	const struct claim *claim = NULL;

	for (size_t i = 0; i < cells->count; i++) {
		const struct cell_result *result = &cells->results[i];

		if (result->claim != claim) {
			claim = result->claim;
			fprintf(probe->out, "\n%s: %s\n  %s\n", claim->name, claim->question,
				claim->experiment);
			print_textbook(claim, cells, probe->out);
		}
		print_cell(result, probe->out);
	}
}

static void print_differences(const struct probe *probe, const struct cells *cells)
{
	for (size_t i = 0; i < cells->count; i++) {
		const struct cell_result *result = &cells->results[i];

		if (!cell_differs(result) && !result->broke)
			continue;
		fprintf(probe->out, "\n%s: %s\n", result->claim->name, result->claim->question);
		print_cell(result, probe->out);
		if (!result->broke)
			fprintf(probe->out, "  but %s says %s\n", result->source,
				verdict_name(result->expected));
	}
}

void matrix_print(const struct probe *probe, const struct cells *cells)
{
	struct tally tally = cells_tally(cells);

	print_head(probe);
	print_rows(probe, cells);
	print_legend(probe);
	if (probe->evidence)
		print_evidence(probe, cells);
	print_differences(probe, cells);
	if (tally.silent)
		fprintf(probe->out, "\n%u ran of which the manual pages do not tell", tally.silent);
	fprintf(probe->out, "\n%u agree with the manual pages, %u differ, %u did not run\n",
		tally.agree, tally.differ, tally.not_run);
}
