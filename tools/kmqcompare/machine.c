// SPDX-License-Identifier: GPL-2.0-only
#include "machine.h"

#include "kmq_queue.h"
#include "placement.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#ifdef __x86_64__
#include <cpuid.h>

#define HYPERVISOR_BIT	(1u << 31)	/* of CPUID leaf 1, ecx */
#define HYPERVISOR_LEAF	0x40000000u

static void look_at_hypervisor(struct machine *machine)
{
	unsigned int eax, name[3], ecx;

	if (!__get_cpuid(1, &eax, &name[0], &ecx, &name[2]) || !(ecx & HYPERVISOR_BIT))
		return;
	__cpuid(HYPERVISOR_LEAF, eax, name[0], name[1], name[2]);
	memcpy(machine->hypervisor, name, sizeof(name));
	machine->emulated = !strncmp(machine->hypervisor, "TCG", 3);
}

/* Two instructions a turn. */
static void spin(uint64_t turns)
{
	__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(turns) : : "cc");
}

/* Five instructions a turn, which no real processor does in time proportional. */
static void spin_longer(uint64_t turns)
{
	__asm__ volatile("1: nop\n\tnop\n\tnop\n\tdec %0\n\tjnz 1b" : "+r"(turns) : : "cc");
}

#define CAN_SPIN	true
#else
static void look_at_hypervisor(struct machine *machine)
{
	(void)machine;
}

static void spin(uint64_t turns)
{
	(void)turns;
}

static void spin_longer(uint64_t turns)
{
	(void)turns;
}

#define CAN_SPIN	false
#endif

static int64_t time_of(void (*loop)(uint64_t), uint64_t turns)
{
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	loop(turns);
	clock_gettime(CLOCK_MONOTONIC, &to);
	return (to.tv_sec - from.tv_sec) * 1000000000ll + to.tv_nsec - from.tv_nsec;
}

/*
 * Nanoseconds per instruction of a loop: of several tries the least, in which
 * no interrupt came. A short and a long run, subtracted, leave out the call.
 */
static double pace_of(void (*loop)(uint64_t), unsigned int instructions)
{
	const uint64_t few = 1000, many = 101000;
	int64_t least_few = INT64_MAX, least_many = INT64_MAX;

	for (int i = 0; i < 9; i++) {
		int64_t a = time_of(loop, few), b = time_of(loop, many);

		least_few = a < least_few ? a : least_few;
		least_many = b < least_many ? b : least_many;
	}
	return (double)(least_many - least_few) / ((many - few) * instructions);
}

/* Where time follows instructions, both loops have the same pace. */
static void look_at_clock(struct machine *machine)
{
	double pace, longer;

	if (!CAN_SPIN || !machine->emulated || machine->processors != 1)
		return;
	pace = pace_of(spin, 2);
	longer = pace_of(spin_longer, 5);
	if (pace <= 0 || longer / pace < 0.999 || longer / pace > 1.001)
		return;
	machine->counting = true;
	machine->ns_per_instruction = pace;
}

static void look_at_processor(struct machine *machine)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256];

	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "model name : %63[^\n]", machine->processor) == 1)
			break;
	fclose(file);
}

void machine_look(struct machine *machine)
{
	const char *module = kmq_queue_unavailable();
	struct utsname names;

	memset(machine, 0, sizeof(*machine));
	uname(&names);
	snprintf(machine->kernel, sizeof(machine->kernel), "%s", names.release);
	snprintf(machine->architecture, sizeof(machine->architecture), "%s", names.machine);
	snprintf(machine->module, sizeof(machine->module), "%s",
		 module && !strcmp(module, "not loaded") ? module : "loaded");
	machine->processors = placement_cpus();
	look_at_processor(machine);
	look_at_hypervisor(machine);
	look_at_clock(machine);
}
