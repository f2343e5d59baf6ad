// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "column.h"
#include "command.h"

#define HELP_COLUMN	30

static const struct option_spec help_option[] = {
	{ 'h', "help", NULL, "print this help and exit" },
	{ 0 },
};

/* The @index-th array of options a command knows, help last; NULL behind it. */
static const struct option_spec *options_of(const struct command *command, size_t index)
{
	size_t count = 0;

	while (count < 3 && command->options[count])
		count++;
	if (index < count)
		return command->options[index];
	return index == count ? help_option : NULL;
}

const struct command *command_find(const char *name)
{
	for (const struct command *command = commands; command->name; command++) {
		if (!strcmp(command->name, name))
			return command;
	}
	return NULL;
}

static void print_usage(const struct command *command)
{
	printf("Usage: kmqctl %s [OPTION]...%s%s\n", command->name,
	       *command->arguments ? " " : "", command->arguments);
}

static void print_option(const struct option_spec *option)
{
	char left[80];
	int width;

	width = snprintf(left, sizeof(left), "  %c%c%c --%s%s%s",
			 option->code < OPTION_LONG ? '-' : ' ',
			 option->code < OPTION_LONG ? option->code : ' ',
			 option->code < OPTION_LONG ? ',' : ' ', option->name,
			 option->argument ? " " : "",
			 option->argument ? option->argument : "");
	if (width < HELP_COLUMN)
		printf("%-*s%s\n", HELP_COLUMN, left, option->help);
	else
		printf("%s\n%*s%s\n", left, HELP_COLUMN, "", option->help);
}

void command_print_help(const struct command *command)
{
	const struct option_spec *option;

	print_usage(command);
	printf("\n%s.\n\nOptions:\n", command->help);
	for (size_t i = 0; (option = options_of(command, i)); i++) {
		for (; option->name; option++)
			print_option(option);
	}
	if (!command->columns)
		return;
	puts("\nColumns:");
	for (const struct column *column = command->columns; column->name; column++)
		printf("  %-*s%s\n", HELP_COLUMN - 2, column->name, column->help);
	printf("\nShown unless told otherwise: %s\n", command->default_columns);
}

void command_print_overview(void)
{
	puts("Usage: kmqctl [COMMAND [OPTION]... [ARGUMENT]...]\n"
	     "\n"
	     "Creates, uses and examines the kernel's kmq message queues.\n"
	     "Without a command: list.\n"
	     "\n"
	     "Commands:");
	for (const struct command *command = commands; command->name; command++)
		printf("  %-10s%s\n", command->name, command->help);
	puts("\n"
	     "Options:\n"
	     "  -h, --help     print this help and exit\n"
	     "  -V, --version  print the version and exit\n"
	     "\n"
	     "'kmqctl COMMAND --help' tells more of one command; kmqctl(1) of all.\n"
	     "Exit status: 0 done, 1 failed, 2 misused, 3 would have to wait.");
}

static int say_misused(const struct command *command, const char *format, va_list arguments)
{
	fprintf(stderr, "kmqctl: %s: ", command->name);
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "; see 'kmqctl %s --help'\n", command->name);
	return STATUS_USAGE;
}

int command_misused(const struct command *command, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say_misused(command, format, arguments);
	va_end(arguments);
	return STATUS_USAGE;
}

int command_bad_argument(const struct command *command, const char *option,
			 const char *argument, const char *form)
{
	return command_misused(command, "--%s takes %s, not '%s'", option, form, argument);
}

void option_walk_start(struct option_walk *walk, const struct command *command)
{
	const struct option_spec *option;
	struct option *next = walk->longs;
	char *letter = walk->shorts;

	memset(walk, 0, sizeof(*walk));
	walk->command = command;
	/* A leading colon has getopt tell a missing argument from a wrong option. */
	*letter++ = ':';
	for (size_t i = 0; (option = options_of(command, i)); i++) {
		for (; option->name; option++) {
			next->name = option->name;
			next->has_arg = option->argument ? required_argument : no_argument;
			next->val = option->code;
			next++;
			if (option->code >= OPTION_LONG)
				continue;
			*letter++ = (char)option->code;
			if (option->argument)
				*letter++ = ':';
		}
	}
	optind = 0;
	opterr = 0;
}

static const struct option_spec *option_of(const struct command *command, int code)
{
	const struct option_spec *option;

	for (size_t i = 0; (option = options_of(command, i)); i++) {
		for (; option->name; option++) {
			if (option->code == code)
				return option;
		}
	}
	return NULL;
}

/* getopt leaves the code of the option in optopt: a known one has the wrong
 * number of arguments, an unknown letter is there as it is, an unknown word is 0.
 */
static int say_bad_option(const struct option_walk *walk, char **argv, int code)
{
	const struct option_spec *option = optopt ? option_of(walk->command, optopt) : NULL;

	if (option)
		return command_misused(walk->command, "option --%s %s", option->name,
				       code == ':' ? "needs an argument" : "takes no argument");
	if (optopt)
		return command_misused(walk->command, "there is no option -%c", optopt);
	return command_misused(walk->command, "there is no option %s", argv[optind - 1]);
}

int option_walk_next(struct option_walk *walk, int argc, char **argv, int *status)
{
	int code = getopt_long(argc, argv, walk->shorts, walk->longs, NULL);

	switch (code) {
	case 'h':
		command_print_help(walk->command);
		*status = STATUS_OK;
		return OPTION_STOP;
	case ':':
	case '?':
		*status = say_bad_option(walk, argv, code);
		return OPTION_STOP;
	}
	return code;
}
