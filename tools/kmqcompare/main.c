// SPDX-License-Identifier: GPL-2.0-only
/* kmqcompare: the same work through kmq and everything else. The subcommands. */
#include "subcommand.h"

#include <argp.h>
#include <stdio.h>
#include <string.h>

static const struct subcommand {
	const char *name;
	int (*main)(int argc, char **argv);
	const char *does;
} subcommands[] = {
	{ "bench", bench_main, "run the same work through every mechanism and measure it" },
	{ "probe", probe_main, "try every textbook claim on every mechanism, and show the evidence" },
	{ "same", same_main, "run one unmodified program on System V or POSIX queues and on kmq" },
	{ "report", report_main, "show stored results, those of several runs in one table" },
	{ "diff", diff_main, "tell what differs between two stored runs, and whether it is more than chance" },
	{ "check", check_main, "hold counted instructions against budgets and a baseline" },
	{ NULL, NULL, NULL }
};

static void usage(FILE *out)
{
	fputs("Usage: kmqcompare COMMAND [OPTION]...\n"
	      "Compare kmq with the other ways to pass messages between processes.\n\n", out);
	for (const struct subcommand *s = subcommands; s->name; s++)
		fprintf(out, "  %-8s %s\n", s->name, s->does);
	fputs("\n`kmqcompare COMMAND --help` tells its options; kmqcompare(1) tells more.\n", out);
}

static int help(const char *word)
{
	if (!word) {
		fputs("kmqcompare: a command is needed; --help lists them\n", stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help")) {
		usage(stdout);
		return 0;
	}
	fprintf(stderr, "kmqcompare: there is no command %s; --help lists them\n", word);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	static char name[64];

	argp_err_exit_status = EXIT_USAGE;
	for (const struct subcommand *s = subcommands; argc > 1 && s->name; s++) {
		if (strcmp(argv[1], s->name))
			continue;
		snprintf(name, sizeof(name), "kmqcompare %s", s->name);
		argv[1] = name;
		return s->main(argc - 1, argv + 1);
	}
	return help(argv[1]);
}
