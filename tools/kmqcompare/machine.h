/* SPDX-License-Identifier: GPL-2.0-only */
/* What a comparison ran on, as far as it decides what the figures mean. */
#ifndef KMQCOMPARE_MACHINE_H
#define KMQCOMPARE_MACHINE_H

#include <stdbool.h>

/**
 * struct machine - this machine
 * @kernel: release, as uname -r
 * @architecture: as uname -m
 * @processor: as the processor calls itself
 * @hypervisor: "" if there is none to be seen, else what it calls itself
 * @processors: that this process may use
 * @emulated: instructions are emulated in software; times mean nothing
 * @counting: virtual time advances with instructions, so clocks count them
 * @ns_per_instruction: of the clock, if @counting
 * @module: of kmq: "loaded" or "not loaded"
 */
struct machine {
	char kernel[65];
	char architecture[65];
	char processor[64];
	char hypervisor[16];
	unsigned int processors;
	bool emulated;
	bool counting;
	double ns_per_instruction;
	char module[16];
};

/*
 * Looks at it. Whether clocks count instructions is found by timing loops of a
 * known number of them, on the processor the caller is on.
 */
void machine_look(struct machine *machine);

#endif
