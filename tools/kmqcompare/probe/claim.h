/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A claim: a question of the textbooks, and the experiment that answers it for
 * any mechanism. A cell is one claim put to one subject: the experiment runs in
 * a process of its own, which may take CELL_SECONDS, and leaves no process and
 * no object behind.
 *
 * To add a claim: a function in a file of claims/, its line in claims.c, and the
 * manual pages' answers in expected.c.
 */
#ifndef KMQCOMPARE_CLAIM_H
#define KMQCOMPARE_CLAIM_H

#include "puppet.h"

#define CELL_SECONDS	60
#define OBJECTS		2
#define ANSWER_SIZE	64
#define EVIDENCE_SIZE	8192
#define SCRATCH_SIZE	4096

enum verdict {
	VERDICT_NONE,		/* the experiment did not run; the answer says why */
	VERDICT_YES,
	VERDICT_NO,
	VERDICT_PARTLY,		/* under a condition that the answer names */
};

/* For the colour alone: is this what most programs want? */
enum favour { FAVOUR_NEUTRAL, FAVOUR_YES, FAVOUR_NO };

/* An experiment's notebook. In memory shared by the runner and all puppets. */
struct cell {
	const struct claim *claim;
	const struct subject *subject;
	struct object *objects;			/* OBJECTS of them, named, not yet created */
	enum verdict verdict;
	char answer[ANSWER_SIZE];
	char evidence[EVIDENCE_SIZE];		/* lines; cut at the end, and says so */
	void *scratch;				/* SCRATCH_SIZE for experiments, zero, shared */
	/* The rest is puppet.c's and cell.c's. */
	bool answered;
	bool broke;
	bool touched[OBJECTS];			/* somebody tried to create it */
	struct puppet *puppets;
	unsigned int puppet_count;
};

/**
 * struct claim
 * @name: what --claim takes and JSON says
 * @group: heading of the matrix: messages, lifetime, access, waiting, locks, deaths, cost
 * @question: ends with a question mark; "yes" answers it
 * @experiment: what is done, for people, in one or two sentences
 * @favour: which answer most programs want
 * @alone: nothing else may run meanwhile: it touches what the whole system shares
 * @seconds: it may take longer or less than CELL_SECONDS; 0: those
 * @try: the experiment. Ends by cell_answer(); called once for each cell
 */
struct claim {
	const char *name;
	const char *group;
	const char *question;
	const char *experiment;
	enum favour favour;
	bool alone;
	unsigned int seconds;
	void (*try)(struct cell *cell);
};

/* The table, in the order of output; ends with NULL. */
extern const struct claim *const claims[];

const struct claim *claim_find(const char *name);

/* Ends the experiment's thinking: the verdict, and a few words for the matrix. */
__attribute__((format(printf, 3, 4)))
void cell_answer(struct cell *cell, enum verdict verdict, const char *format, ...);

/* What should have gone did not: the experiment broke. Ends it; does not return. */
__attribute__((noreturn, format(printf, 2, 3)))
void cell_give_up(struct cell *cell, const char *format, ...);

/* A line of evidence beside those that the puppets leave. */
__attribute__((format(printf, 2, 3)))
void cell_note(struct cell *cell, const char *format, ...);

struct cells;
#define FINDING_SIZE	400

/**
 * struct textbook - what a course commonly says about a claim (textbook.c)
 * @claim: its name
 * @sentence: the common one
 * @finding: what the cells show about it, a sentence of FINDING_SIZE bytes, empty
 *	if the cells that it needs did not run; true if they contradict it
 */
struct textbook {
	const char *claim;
	const char *sentence;
	bool (*finding)(const struct cells *cells, char *text);
};

/* Returns that claim's, or NULL. */
const struct textbook *textbook_of(const char *claim);

/* For findings: the verdict of one cell; VERDICT_NONE if it did not run. */
enum verdict cells_verdict(const struct cells *cells, const char *claim, const char *mechanism);
const char *cells_answer(const struct cells *cells, const char *claim, const char *mechanism);

/*
 * What the manual pages (and kmq's own) say. VERDICT_NONE: they are silent.
 * @source: out: "pipe(7)".
 */
enum verdict expected_verdict(const char *claim, const char *mechanism, const char **source);

/* In how many places the table tells of it, if only that they are silent: 1. */
unsigned int expected_count(const char *claim, const char *mechanism);

#endif
