// SPDX-License-Identifier: GPL-2.0-only
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "complain.h"
#include "doctor.h"
#include "memory.h"
#include "output.h"
#include "subcommands.h"
#include "sysroot.h"
#include "table.h"

#define NAME_WIDTH	12
#define LEVEL_WIDTH	9

const struct option_spec doctor_options[] = {
	{ OPTION_MODULE, "module", "FILE", "examine this kmq.ko, not the one that is installed" },
	{ OPTION_SYSROOT, "sysroot", "DIR", "examine the system below DIR, not the running one" },
	{ 'J', "json", NULL, "print JSON" },
	{ 0 },
};

static const char *const level_names[] = { "ok", "note", "problem", "skipped" };

static char *format_text(const char *format, va_list arguments)
{
	char *text = NULL;

	return memory_check(vasprintf(&text, format, arguments) < 0 ? NULL : text);
}

void finding_set(struct finding *finding, enum finding_level level, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	finding->level = level;
	finding->sentence = format_text(format, arguments);
	va_end(arguments);
}

void finding_advise(struct finding *finding, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	finding->remedy = format_text(format, arguments);
	va_end(arguments);
}

static void print_finding(const struct check *check, const struct finding *finding)
{
	static const char *const colours[] = {
		[FINDING_OK] = COLOUR_GREEN, [FINDING_NOTE] = COLOUR_YELLOW,
		[FINDING_PROBLEM] = COLOUR_RED, [FINDING_SKIPPED] = "",
	};
	const char *colour = output_colour(colours[finding->level]);

	printf("%s%-*s%s%-*s%s\n", colour, LEVEL_WIDTH, level_names[finding->level],
	       *colour ? COLOUR_NONE : "", NAME_WIDTH, check->name, finding->sentence);
	if (finding->remedy)
		printf("%*s-> %s\n", LEVEL_WIDTH + NAME_WIDTH, "", finding->remedy);
}

static struct json_object *finding_json(const struct check *check, const struct finding *finding)
{
	struct json_object *object = memory_check(json_object_new_object());

	json_object_object_add(object, "check", json_object_new_string(check->name));
	json_object_object_add(object, "result",
			       json_object_new_string(level_names[finding->level]));
	json_object_object_add(object, "finding", json_object_new_string(finding->sentence));
	json_object_object_add(object, "remedy", finding->remedy ?
			       json_object_new_string(finding->remedy) : NULL);
	return object;
}

/* Runs one check; prints it, or adds it to @array. Whether it is a problem. */
static bool examine(const struct check *check, struct patient *patient, struct json_object *array)
{
	struct finding finding = { 0 };

	check->look(patient, &finding);
	if (array)
		json_object_array_add(array, finding_json(check, &finding));
	else
		print_finding(check, &finding);
	free(finding.sentence);
	free(finding.remedy);
	return finding.level == FINDING_PROBLEM;
}

static unsigned int examine_all(const struct check *checks, struct patient *patient,
				struct json_object *array)
{
	unsigned int problems = 0;

	for (; checks->name; checks++)
		problems += examine(checks, patient, array);
	return problems;
}

static int diagnose(struct patient *patient, bool json)
{
	struct json_object *array = json ? memory_check(json_object_new_array()) : NULL;
	unsigned int problems;

	problems = examine_all(module_checks, patient, array);
	problems += examine_all(device_checks, patient, array);
	if (json) {
		struct json_object *object = memory_check(json_object_new_object());

		json_object_object_add(object, "problems", json_object_new_int64(problems));
		json_object_object_add(object, "checks", array);
		json_print(object, false);
	} else {
		printf("\n%u problem%s found\n", problems, problems == 1 ? "" : "s");
	}
	free(patient->module_file);
	return problems ? STATUS_FAILED : STATUS_OK;
}

static int check_sysroot(const char *directory)
{
	struct stat status;

	if (stat(directory, &status) || !S_ISDIR(status.st_mode))
		return complain("cannot examine %s: it is not a directory", directory);
	sysroot_set(directory);
	return STATUS_OK;
}

int doctor_main(const struct command *self, int argc, char **argv)
{
	struct patient patient = { 0 };
	struct option_walk walk;
	bool json = false;
	int code, status;

	option_walk_start(&walk, self);
	while ((code = option_walk_next(&walk, argc, argv, &status)) != -1) {
		switch (code) {
		case OPTION_STOP:
			return status;
		case OPTION_MODULE:
			free(patient.module_file);
			patient.module_file = memory_print("%s", optarg);
			patient.module_given = true;
			break;
		case OPTION_SYSROOT:
			status = check_sysroot(optarg);
			if (status)
				return status;
			break;
		case 'J':
			json = true;
			break;
		}
	}
	if (optind < argc)
		return command_misused(self, "it takes no argument");
	return diagnose(&patient, json);
}
