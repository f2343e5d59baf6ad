// SPDX-License-Identifier: GPL-2.0-only
/*
 * `kmqcompare probe`: puts every claim to every mechanism, by an experiment each.
 */
#include "probe/run.h"
#include "subcommand.h"

#include <argp.h>
#include <string.h>

#define NAMES_MAX	64

enum option_key {
	KEY_CLAIM = 0x100,
	KEY_EVIDENCE,
	KEY_JSON,
	KEY_LIST,
	KEY_ONLY,
	KEY_PROGRESS,
};

/* What the command line asks for; an empty list is all. */
struct request {
	struct probe probe;
	const struct claim *claims[NAMES_MAX + 1];
	const struct subject *subjects[NAMES_MAX + 1];
	bool list;
};

static const struct argp_option probe_argp_options[] = {
	{ "only", KEY_ONLY, "LIST", 0, "mechanisms to try, by comma; --list names them", 0 },
	{ "claim", KEY_CLAIM, "LIST", 0, "claims to try, by comma; --list names them", 0 },
	{ "evidence", KEY_EVIDENCE, NULL, 0, "show what was seen, call by call", 0 },
	{ "json", KEY_JSON, "FILE", 0, 
	  "write everything to FILE; - is standard output, and then no matrix", 0 },
	{ "progress", KEY_PROGRESS, NULL, 0, 
	  "say how far it is, a line each time, also where there is no terminal", 0 },
	{ "list", KEY_LIST, NULL, 0, "list claims and mechanisms, and stop", 0 },
	{ 0 }
};

static void add_claim(struct argp_state *state, struct request *request, const char *name)
{
	unsigned int count = 0;

	if (!claim_find(name))
		argp_error(state, "no such claim: %s (--list names them)", name);
	while (request->claims[count])
		count++;
	if (count < NAMES_MAX)
		request->claims[count] = claim_find(name);
}

static void add_subject(struct argp_state *state, struct request *request, const char *name)
{
	unsigned int count = 0;

	if (!subject_find(name))
		argp_error(state, "no such mechanism: %s (--list names them)", name);
	while (request->subjects[count])
		count++;
	if (count < NAMES_MAX)
		request->subjects[count] = subject_find(name);
}

static void each_of_list(struct argp_state *state, struct request *request, char *list,
			 void (*take)(struct argp_state *, struct request *, const char *))
{
	char *rest = NULL;

	for (char *word = strtok_r(list, ",", &rest); word; word = strtok_r(NULL, ",", &rest))
		take(state, request, word);
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case KEY_CLAIM:
		each_of_list(state, request, value, add_claim);
		return 0;
	case KEY_EVIDENCE:
		request->probe.evidence = true;
		return 0;
	case KEY_JSON:
		request->probe.json = value;
		return 0;
	case KEY_LIST:
		request->list = true;
		return 0;
	case KEY_ONLY:
		each_of_list(state, request, value, add_subject);
		return 0;
	case KEY_PROGRESS:
		request->probe.progress = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "no arguments are taken: %s", value);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp probe_argp = {
	.options = probe_argp_options,
	.parser = parse,
	.doc = "Try what textbooks claim on every mechanism, each by an experiment, and compare "
	       "with what the manual pages say."
	       "\vExit status: 0; 1 if an answer differs from the manual page's or an experiment "
	       "broke; 2 for a wrong usage; 130 if interrupted.",
};

static int list(void)
{
	const char *group = "";

	puts("claims:");
	for (const struct claim *const *c = claims; *c; c++) {
		if (strcmp(group, (*c)->group))
			printf("  %s\n", (*c)->group);
		group = (*c)->group;
		printf("    %-16s %s\n", (*c)->name, (*c)->question);
	}
	puts("mechanisms:");
	for (const struct subject *const *s = subjects; *s; s++) {
		const char *why = (*s)->unavailable ? (*s)->unavailable() : NULL;

		printf("  %s%s%s\n", (*s)->mechanism, why ? ": " : "", why ? why : "");
	}
	return 0;
}

int probe_main(int argc, char **argv)
{
	struct request request = {
		.probe = { .expected = expected_verdict, .out = stdout },
	};

	argp_parse(&probe_argp, argc, argv, 0, NULL, &request);
	if (request.list)
		return list();
	request.probe.claims = request.claims[0] ? request.claims : claims;
	request.probe.subjects = request.subjects[0] ? request.subjects : subjects;
	return probe_all(&request.probe);
}
