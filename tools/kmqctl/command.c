// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "column.h"
#include "command.h"
#include "text.h"

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

static bool is_alias(const struct command *command, const char *name)
{
	const char *word = command->aliases ? command->aliases : "";
	size_t length;

	for (; *word; word += length, word += strspn(word, " ")) {
		length = strcspn(word, " ");
		if (strlen(name) == length && !strncmp(word, name, length))
			return true;
	}
	return false;
}

static bool begins(const struct command *command, const char *name)
{
	return *name && !strncmp(command->name, name, strlen(name));
}

static void say_no_command(const char *name)
{
	char *shown = text_escape(name, strlen(name), TEXT_ASCII);
	const char *before = ": it may be ";

	fprintf(stderr, "kmqctl: there is no command '%s'", shown);
	free(shown);
	for (const struct command *command = commands; command->name; command++) {
		if (!begins(command, name))
			continue;
		fprintf(stderr, "%s%s", before, command->name);
		before = " or ";
	}
	fputs("; see 'kmqctl --help'\n", stderr);
}

const struct command *command_find(const char *name)
{
	const struct command *meant = NULL;
	unsigned int count = 0;

	for (const struct command *command = commands; command->name; command++) {
		if (!strcmp(command->name, name) || is_alias(command, name))
			return command;
		if (!begins(command, name))
			continue;
		meant = command;
		count++;
	}
	if (count == 1)
		return meant;
	say_no_command(name);
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

static void print_words(const struct command *command)
{
	printf("\n%s:\n", command->words_title);
	for (const struct word_spec *word = command->words; word->name; word++)
		printf("  %-*s%s\n", HELP_COLUMN - 2, word->name, word->help);
}

static void print_columns(const struct command *command)
{
	const struct column *column;

	puts("\nColumns:");
	for (column = command->columns; column->name; column = column_next(column))
		printf("  %-*s%s\n", HELP_COLUMN - 2, column->name, column->help);
	printf("\nShown unless told otherwise: %s\n", command->default_columns);
}

void command_print_help(const struct command *command)
{
	const struct option_spec *option;

	print_usage(command);
	printf("\n%s.\n", command->help);
	if (command->aliases)
		printf("Other names: %s\n", command->aliases);
	puts("\nOptions:");
	for (size_t i = 0; (option = options_of(command, i)); i++) {
		for (; option->name; option++)
			print_option(option);
	}
	if (command->words)
		print_words(command);
	if (command->columns)
		print_columns(command);
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
	     "A command may be abbreviated as long as no other begins so.");
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
