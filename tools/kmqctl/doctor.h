/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * doctor's checks: each looks at one thing that has to be right and says in one
 * sentence what it found, and in another what to do about it.
 */
#ifndef KMQCTL_DOCTOR_H
#define KMQCTL_DOCTOR_H

#include <stdbool.h>

enum finding_level {
	FINDING_OK,
	FINDING_NOTE,		/* worth knowing; nothing is wrong */
	FINDING_PROBLEM,
	FINDING_SKIPPED,	/* could not be looked at, or does not matter now */
};

struct finding {
	enum finding_level level;
	char *sentence;
	char *remedy;		/* or NULL */
};

/* What one check learnt for those behind it. */
struct patient {
	char release[256];	/* of the kernel; empty if unknown */
	char *module_file;	/* kmq.ko for this kernel, or as --module says; or NULL */
	bool module_given;	/* by --module */
	bool loaded;
	bool control_exists;
	bool control_opens;
};

struct check {
	const char *name;
	void (*look)(struct patient *patient, struct finding *finding);
};

/* Both ended by an empty element. */
extern const struct check module_checks[];	/* can the module be loaded, is it */
extern const struct check device_checks[];	/* can it be used, is all well in it */

/* Sets the sentence; once per check. */
void finding_set(struct finding *finding, enum finding_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void finding_advise(struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
