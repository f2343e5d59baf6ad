/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The subcommands are one table, commands[]. It says what there is; parsing,
 * the help texts, and through them the completion of the shell, follow from it.
 * tests/unit/kmqctl_manual_test.sh holds the man page against it.
 */
#ifndef KMQCTL_COMMAND_H
#define KMQCTL_COMMAND_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

struct column;

/* What kmqctl exits with. */
enum {
	STATUS_OK = 0,
	STATUS_FAILED = 1,	/* said on standard error */
	STATUS_USAGE = 2,
	STATUS_LATER = 3,	/* would have to wait, and was not to (any longer) */
};

/* Codes of options without a letter start here; one per name, for all commands. */
enum {
	OPTION_LONG = 256,
	OPTION_BATCH,
	OPTION_BUFFER,
	OPTION_BYTE_LIMIT,
	OPTION_CAPACITY,
	OPTION_EPHEMERAL,
	OPTION_EVENTS,
	OPTION_EXIST_OK,
	OPTION_FULL,
	OPTION_HIGH_WATERMARK,
	OPTION_HISTOGRAM,
	OPTION_ID,
	OPTION_INLINE,
	OPTION_KIND,
	OPTION_LEASE_LIMIT,
	OPTION_LINES,
	OPTION_LOW_WATERMARK,
	OPTION_MAX_MESSAGE,
	OPTION_META,
	OPTION_MISSING_OK,
	OPTION_MODE,
	OPTION_MODULE,
	OPTION_NOHEADINGS,
	OPTION_NONBLOCK,
	OPTION_OWNER,
	OPTION_POLICY,
	OPTION_RAW,
	OPTION_RING_MODE,
	OPTION_SIZE,
	OPTION_SPACE,
	OPTION_SYSROOT,
	OPTION_TIMEOUT,
};

struct option_spec {
	int code;		/* its letter, or one of the above */
	const char *name;	/* without the dashes */
	const char *argument;	/* its name in the help; NULL: takes none */
	const char *help;
};

/* A word that an argument may be, for the help and the completion. */
struct word_spec {
	const char *name;
	const char *help;
};

struct command {
	const char *name;
	const char *aliases;	/* other names, with blanks between; or NULL */
	const char *arguments;	/* synopsis of what is not an option */
	const char *help;	/* one line */
	int (*run)(const struct command *self, int argc, char **argv);
	/* Up to three arrays, each ended by an empty element. */
	const struct option_spec *options[3];
	const struct column *columns;	/* what -o chooses from, or NULL */
	const char *default_columns;
	const struct word_spec *words;	/* of the argument in words_title, or NULL */
	const char *words_title;
};

extern const struct command commands[];	/* ended by an empty element */

/*
 * By its name, an alias, or as much of its name as no other begins with. NULL if
 * there is none, which was said: in one sentence, with what else it may mean.
 */
const struct command *command_find(const char *name);

void command_print_overview(void);
void command_print_help(const struct command *command);

/* Prints a usage error in one sentence. Returns STATUS_USAGE. */
int command_misused(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* As above, for an option's argument that is not of its form. */
int command_bad_argument(const struct command *command, const char *option,
			 const char *argument, const char *form);

/* Walks over the options of one command line. */
struct option_walk {
	const struct command *command;
	struct option longs[32];
	char shorts[64];
};

/* What option_walk_next() returns when the walk ended the command. */
#define OPTION_STOP	(-2)

void option_walk_start(struct option_walk *walk, const struct command *command);

/*
 * The code of the next option, its argument in optarg; -1 behind the last, when
 * argv[optind] is the first argument (options may stand anywhere before "--");
 * OPTION_STOP when *@status is what the command is to return: --help was asked
 * for and has been given, or the option is wrong and that has been said.
 */
int option_walk_next(struct option_walk *walk, int argc, char **argv, int *status);

#endif
