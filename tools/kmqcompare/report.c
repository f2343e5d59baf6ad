// SPDX-License-Identifier: GPL-2.0-only
/*
 * `kmqcompare report`: what stored results say, on the terminal or as one page of
 * HTML. Instructions come from a run that counted them, times from one that did
 * not, and what mechanisms do from the probe; any of them may be missing.
 */
#include "report/input.h"
#include "report/page.h"
#include "report/terminal.h"
#include "show.h"
#include "subcommand.h"

#include <argp.h>

struct report {
	const char *paths[SOURCES_MAX];
	unsigned int count;
	const char *html;
	bool tables;
};

static const struct argp_option report_argp_options[] = {
	{ "html", 'o', "FILE", 0, "write one self-contained page of HTML instead; - is standard "
				  "output", 0 },
	{ "tables", 't', NULL, 0, "also every table of every file", 0 },
	{ 0 }
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct report *report = state->input;

	switch (key) {
	case 'o':
		report->html = value;
		return 0;
	case 't':
		report->tables = true;
		return 0;
	case ARGP_KEY_ARG:
		if (report->count == SOURCES_MAX)
			argp_error(state, "more than %d files", SOURCES_MAX);
		report->paths[report->count++] = value;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a file is needed, as `kmqcompare bench --json FILE` and "
			   "`kmqcompare probe --json FILE` write it");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp report_argp = {
	.options = report_argp_options,
	.parser = parse,
	.args_doc = "FILE...",
	.doc = "Say what stored results mean: five sentences, one table of all files and the "
	       "matrix of what each mechanism does; or, with --html, a page with plots and "
	       "everything behind them.",
};

static void show_sources(const struct input *input, bool tables)
{
	for (unsigned int i = 0; i < input->count; i++) {
		if (input->sources[i].is_probe)
			continue;
		show_machine(input->sources[i].json, stdout);
		if (tables)
			show_tables(input->sources[i].json, stdout);
	}
	puts("");
}

static int publish(const struct report *report, const struct input *input)
{
	if (report->html)
		return page_write(input, report->html) ? 1 : 0;
	show_sources(input, report->tables);
	terminal_report(input);
	return 0;
}

int report_main(int argc, char **argv)
{
	struct report report = { .count = 0 };
	struct input input;
	int status = 1;

	argp_parse(&report_argp, argc, argv, 0, NULL, &report);
	if (input_read(&input, report.paths, report.count))
		status = publish(&report, &input);
	input_free(&input);
	return status;
}
