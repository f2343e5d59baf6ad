// SPDX-License-Identifier: GPL-2.0-only
#include "matrix.h"

#include "html.h"
#include "sentences.h"
#include "../results.h"

#include <math.h>
#include <string.h>

#define SHORT_ANSWER	7	/* digits that fit into a cell */

const char *verdict_sign(const char *verdict)
{
	if (!strcmp(verdict, "yes"))
		return "✓";
	if (!strcmp(verdict, "no"))
		return "✗";
	return !strcmp(verdict, "partly") ? "~" : "·";
}

static const char *verdict_word(const char *verdict)
{
	if (!strcmp(verdict, "yes") || !strcmp(verdict, "no") || !strcmp(verdict, "partly"))
		return verdict;
	return "did not run";
}

const char *verdict_class(struct json_object *cell)
{
	const char *verdict = json_text(cell, "verdict");
	const char *good = json_text(cell, "good");

	if (!*verdict || !strcmp(verdict, "none"))
		return "none";
	if (!strcmp(good, "good") || !strcmp(good, "bad"))
		return good;
	return "neutral";
}

static bool differs(struct json_object *cell)
{
	struct json_object *agrees = json_at(cell, "agrees");

	return json_object_is_type(agrees, json_type_boolean) && !json_object_get_boolean(agrees);
}

static const char *answer_of(struct json_object *cell)
{
	const char *answer = json_text(cell, "answer");

	return *answer ? answer : json_text(cell, "reason");
}

static void write_id(FILE *out, const char *claim, const char *mechanism)
{
	fputs("cell-", out);
	html_name(out, claim);
	fputs("--", out);
	html_name(out, mechanism);
}

static void write_heads(const struct input *input, FILE *out)
{
	fputs("<thead><tr><th scope=\"col\" class=\"corner\">question</th>", out);
	for (size_t i = 0; i < items_count(input->probe, "mechanisms"); i++) {
		struct json_object *mechanism = items_at(input->probe, "mechanisms", i);

		fputs("<th scope=\"col\"><span>", out);
		html_text(out, json_text(mechanism, "name"));
		fputs("</span></th>", out);
	}
	fputs("</tr></thead>\n", out);
}

/* An answer that is a number of something stands in the cell itself. */
static void write_count(const char *answer, FILE *out)
{
	size_t digits = strspn(answer, "0123456789");
	const char *rest = answer + digits;

	if (!digits || digits > SHORT_ANSWER ||
	    (*rest && strcmp(rest, " messages") && strcmp(rest, " bytes")))
		return;
	fprintf(out, "<small>%.*s</small>", (int)digits, answer);
}

static void write_matrix_cell(const struct input *input, const char *claim,
			      const char *mechanism, FILE *out)
{
	struct json_object *cell = probe_cell(input, claim, mechanism);
	const char *verdict = json_text(cell, "verdict");
	const char *answer = answer_of(cell);

	if (!cell) {
		fputs("<td class=\"none\"><span title=\"not tried\">·</span></td>", out);
		return;
	}
	fprintf(out, "<td class=\"%s%s\"><a "
		     "href=\"#", verdict_class(cell), differs(cell) ? " differs" : "");
	write_id(out, claim, mechanism);
	fputs("\" title=\"", out);
	html_say(out, "%s: %s", verdict_word(verdict), answer);
	fputs("\" aria-label=\"", out);
	html_say(out, "%s, %s: %s. %s%s", claim, mechanism, verdict_word(verdict), answer,
		 differs(cell) ? "; differs from the manual page" : "");
	fprintf(out, "\">%s%s", verdict_sign(verdict), differs(cell) ? "<sup>≠</sup>" : "");
	write_count(answer, out);
	fputs("</a></td>", out);
}

static void write_claim(const struct input *input, struct json_object *claim, FILE *out)
{
	const char *name = json_text(claim, "name");

	fputs("<tr><th scope=\"row\"><a href=\"#claim-", out);
	html_name(out, name);
	fputs("\">", out);
	html_text(out, name);
	fputs("</a> <span class=\"q\">", out);
	html_text(out, json_text(claim, "question"));
	fputs("</span></th>", out);
	for (size_t i = 0; i < items_count(input->probe, "mechanisms"); i++)
		write_matrix_cell(input, name,
				  json_text(items_at(input->probe, "mechanisms", i), "name"), out);
	fputs("</tr>\n", out);
}

/* A heading over the claims of each group. */
static void write_group(const struct input *input, const char *group, FILE *out)
{
	fprintf(out, "<tr class=\"group\"><th scope=\"colgroup\" colspan=\"%zu\"><span>",
		items_count(input->probe, "mechanisms") + 1);
	html_text(out, group);
	fputs("</span></th></tr>\n", out);
}

static void write_legend(const struct input *input, FILE *out)
{
	double differ = json_number(input->probe, "differ");

	fputs("<p class=\"legend\">✓ yes, ✗ no, ~ partly, · did not run. The colour says whether "
	      "the answer is what most programs want (<span class=\"good\">green, plain</span>), "
	      "not (<span class=\"bad\">red, striped</span>) or a matter of taste "
	      "(<span class=\"neutral\">grey</span>); <sup>≠</sup> differs from what the manual "
	      "page says. Choose a cell to see what happened.", out);
	if (isfinite(differ))
		fprintf(out, " %.0f cells agree with the manual pages (kmq's own among them), "
			     "%.0f differ, of %.0f the pages do not tell, %.0f did not run.",
			json_number(input->probe, "agree"), differ,
			json_number(input->probe, "silent"),
			json_number(input->probe, "not_run"));
	fputs("</p>\n<p>Shared memory and files carry bytes, not messages: boundaries, order, "
	      "the largest message and how many are held are there what this project's ring, "
	      "laid into them, makes of them; another program's may differ.</p>\n", out);
}

void matrix_write(const struct input *input, FILE *out)
{
	const char *group = "";

	write_legend(input, out);
	fputs("<div class=\"scroll matrix\" tabindex=\"0\" role=\"region\" aria-label=\"What each "
	      "mechanism does\"><table>\n", out);
	write_heads(input, out);
	fputs("<tbody>\n", out);
	for (size_t i = 0; i < items_count(input->probe, "claims"); i++) {
		struct json_object *claim = items_at(input->probe, "claims", i);

		if (strcmp(group, json_text(claim, "group")))
			write_group(input, group = json_text(claim, "group"), out);
		write_claim(input, claim, out);
	}
	fputs("</tbody></table></div>\n", out);
}

static void write_saying(struct json_object *claim, FILE *out)
{
	bool contradicted = json_flag(claim, "contradicted");
	const char *finding = json_text(claim, "finding");

	fputs("<li><q>", out);
	html_text(out, json_text(claim, "textbook"));
	fprintf(out, "</q> <b class=\"%s\">%s</b> ", contradicted ? "bad" : "good",
		contradicted ? "✗ not so here" : "✓ held here");
	html_text(out, *finding ? finding : "Its matrix row has the answers.");
	fputs(" <a href=\"#claim-", out);
	html_name(out, json_text(claim, "name"));
	fputs("\">See ", out);
	html_text(out, json_text(claim, "name"));
	fputs("</a></li>\n", out);
}

void matrix_sayings(const struct input *input, FILE *out)
{
	unsigned int sayings = 0;

	fputs("<ul class=\"sayings\">\n", out);
	for (int contradicted = 1; contradicted >= 0; contradicted--)
		for (size_t i = 0; i < items_count(input->probe, "claims"); i++) {
			struct json_object *claim = items_at(input->probe, "claims", i);

			if (!*json_text(claim, "textbook") ||
			    json_flag(claim, "contradicted") != contradicted)
				continue;
			write_saying(claim, out);
			sayings++;
		}
	fputs(sayings ? "</ul>\n" : "<li>No claim of this probe names one.</li></ul>\n", out);
}

static void write_expectation(struct json_object *cell, FILE *out)
{
	const char *expected = json_text(cell, "expected");

	if (!*expected)
		return;
	fputs("<p class=\"expected\">", out);
	html_say(out, "%s says %s%s", *json_text(cell, "source") ? json_text(cell, "source")
		 : "The manual page", expected, differs(cell) ? ": DIFFERS from what was "
								"seen." : ".");
	fputs("</p>\n", out);
}

static void write_evidence(struct json_object *cell, FILE *out)
{
	fputs("<pre>", out);
	for (size_t i = 0; i < items_count(cell, "evidence"); i++) {
		const char *line = json_object_get_string(items_at(cell, "evidence", i));

		html_text(out, line ? line : "");
		fputc('\n', out);
	}
	fputs("</pre>\n", out);
}

static void write_cell(const struct input *input, struct json_object *cell, FILE *out)
{
	const char *mechanism = json_text(cell, "mechanism");
	double elapsed = json_number(cell, "elapsed_ms");

	fputs("<div class=\"cell\" id=\"", out);
	write_id(out, json_text(cell, "claim"), mechanism);
	fputs("\"><h4>", out);
	html_text(out, input_title(input, mechanism));
	fprintf(out, ": <span class=\"%s\">%s %s</span></h4>\n<p>", verdict_class(cell),
		verdict_sign(json_text(cell, "verdict")), verdict_word(json_text(cell, "verdict")));
	html_text(out, answer_of(cell));
	if (isfinite(elapsed))
		fprintf(out, " <small>(%.1f ms)</small>", elapsed);
	fputs("</p>\n", out);
	write_expectation(cell, out);
	if (items_count(cell, "evidence"))
		write_evidence(cell, out);
	fputs("</div>\n", out);
}

static void write_claim_evidence(const struct input *input, struct json_object *claim, FILE *out)
{
	const char *name = json_text(claim, "name");

	fputs("<details class=\"evidence\" id=\"claim-", out);
	html_name(out, name);
	fputs("\" open><summary><b>", out);
	html_text(out, name);
	fputs("</b> ", out);
	html_text(out, json_text(claim, "question"));
	fputs("</summary>\n<p class=\"experiment\">", out);
	html_text(out, json_text(claim, "experiment"));
	fputs("</p>\n<div class=\"cells\">\n", out);
	for (size_t i = 0; i < items_count(input->probe, "cells"); i++) {
		struct json_object *cell = items_at(input->probe, "cells", i);

		if (!strcmp(json_text(cell, "claim"), name))
			write_cell(input, cell, out);
	}
	fputs("</div></details>\n", out);
}

void matrix_evidence(const struct input *input, FILE *out)
{
	for (size_t i = 0; i < items_count(input->probe, "claims"); i++)
		write_claim_evidence(input, items_at(input->probe, "claims", i), out);
}
