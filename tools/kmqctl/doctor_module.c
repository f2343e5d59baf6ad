// SPDX-License-Identifier: GPL-2.0-only
/* The kernel, the file kmq.ko, and what stands between them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "module_file.h"
#include "sysroot.h"

#define OLDEST_MAJOR	6
#define OLDEST_MINOR	1

/* SecureBoot's GUID is that of the EFI global variables. */
#define SECURE_BOOT_PATH \
	"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

static void check_kernel(struct patient *patient, struct finding *finding)
{
	int major = 0, minor = 0;

	if (sysroot_read("/proc/sys/kernel/osrelease", patient->release,
			 sizeof(patient->release)) <= 0) {
		patient->release[0] = '\0';
		finding_set(finding, FINDING_PROBLEM, "The kernel's release cannot be read.");
		finding_advise(finding, "Mount /proc.");
		return;
	}
	if (sscanf(patient->release, "%d.%d", &major, &minor) == 2 &&
	    (major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR))) {
		finding_set(finding, FINDING_PROBLEM, "The kernel is %s; kmq needs %d.%d or later.",
			    patient->release, OLDEST_MAJOR, OLDEST_MINOR);
		finding_advise(finding, "Boot a newer kernel.");
		return;
	}
	finding_set(finding, FINDING_OK, "The kernel is %s.", patient->release);
}

/* "kmq SIZE REFERENCES USERS STATE ...", a line per module. */
static bool find_loaded(char *state, size_t room)
{
	char *path = sysroot_path("/proc/modules");
	FILE *file = fopen(path, "re");
	bool found = false;
	char line[512];

	free(path);
	while (file && !found && fgets(line, sizeof(line), file)) {
		char name[64], word[64];

		found = sscanf(line, "%63s %*s %*s %*s %63s", name, word) == 2 &&
			!strcmp(name, "kmq");
		if (found)
			snprintf(state, room, "%s", word);
	}
	if (file)
		fclose(file);
	return found;
}

static void check_loaded(struct patient *patient, struct finding *finding)
{
	char state[64];

	if (!sysroot_exists("/proc/modules")) {
		finding_set(finding, FINDING_PROBLEM,
			    "This kernel cannot load modules (/proc/modules is missing).");
		finding_advise(finding, "Boot a kernel with CONFIG_MODULES, such as a "
			       "distribution's; a container uses its host's kernel.");
		return;
	}
	if (!find_loaded(state, sizeof(state))) {
		finding_set(finding, FINDING_PROBLEM, "The module is not loaded.");
		finding_advise(finding, "sudo modprobe kmq, or sudo insmod kmq.ko; if that fails, "
			       "the checks below and 'sudo dmesg' tell why.");
		return;
	}
	if (strcmp(state, "Live")) {
		finding_set(finding, FINDING_PROBLEM, "The module is in the state %s.", state);
		finding_advise(finding, "Wait a moment and look again; if it stays so, "
			       "'sudo dmesg' tells why.");
		return;
	}
	patient->loaded = true;
	finding_set(finding, FINDING_OK, "The module is loaded.");
}

/* What keeps a module from being loaded does not matter to one that is. */
static enum finding_level unless_loaded(const struct patient *patient)
{
	return patient->loaded ? FINDING_NOTE : FINDING_PROBLEM;
}

static void check_loading(struct patient *patient, struct finding *finding)
{
	char disabled[16];

	if (sysroot_read("/proc/sys/kernel/modules_disabled", disabled, sizeof(disabled)) < 0) {
		finding_set(finding, FINDING_SKIPPED, "kernel.modules_disabled cannot be read.");
		return;
	}
	if (strcmp(disabled, "1")) {
		finding_set(finding, FINDING_OK, "The kernel still takes modules.");
		return;
	}
	finding_set(finding, unless_loaded(patient),
		    "Loading and unloading is switched off (kernel.modules_disabled is 1).");
	finding_advise(finding, "Only a reboot switches it on again; look for the setting in "
		       "/etc/sysctl.conf and /etc/sysctl.d.");
}

static void say_not_installed(const struct patient *patient, struct finding *finding)
{
	char *other = module_file_other_release(patient->release);

	if (other) {
		finding_set(finding, unless_loaded(patient),
			    "kmq.ko is installed for the kernel %s and not for this one.", other);
		finding_advise(finding, "Run 'make modules && sudo make install' under this "
			       "kernel, or boot the other.");
	} else {
		finding_set(finding, unless_loaded(patient),
			    "kmq.ko is not installed below /lib/modules/%s.", patient->release);
		finding_advise(finding, "Run 'make modules && sudo make install', or load a file "
			       "with 'sudo insmod kmq.ko'.");
	}
	free(other);
}

static void check_given(struct patient *patient, struct finding *finding)
{
	if (!access(patient->module_file, R_OK)) {
		finding_set(finding, FINDING_OK, "%s is there.", patient->module_file);
		return;
	}
	finding_set(finding, FINDING_PROBLEM, "%s cannot be read.", patient->module_file);
	finding_advise(finding, "Build it with 'make modules', or name another file.");
	free(patient->module_file);
	patient->module_file = NULL;
}

static void check_file(struct patient *patient, struct finding *finding)
{
	if (patient->module_given) {
		check_given(patient, finding);
		return;
	}
	if (!*patient->release) {
		finding_set(finding, FINDING_SKIPPED, "The kernel's release is not known.");
		return;
	}
	patient->module_file = module_file_find(patient->release);
	if (!patient->module_file) {
		say_not_installed(patient, finding);
		return;
	}
	if (!module_file_is_indexed(patient->release)) {
		finding_set(finding, unless_loaded(patient),
			    "%s is there, but modprobe does not know it.", patient->module_file);
		finding_advise(finding, "sudo depmod -a");
		return;
	}
	finding_set(finding, FINDING_OK, "%s is installed.", patient->module_file);
}

static void check_version(struct patient *patient, struct finding *finding)
{
	struct module_file file;
	size_t length;

	if (!patient->module_file || !*patient->release) {
		finding_set(finding, FINDING_SKIPPED, "There is no kmq.ko to compare.");
		return;
	}
	if (module_file_read(patient->module_file, &file)) {
		finding_set(finding, unless_loaded(patient), "%s is not a kernel module.",
			    patient->module_file);
		finding_advise(finding, "Build it again with 'make modules'.");
		return;
	}
	length = strcspn(file.vermagic, " ");
	if (strlen(patient->release) == length &&
	    !strncmp(file.vermagic, patient->release, length)) {
		finding_set(finding, FINDING_OK, "%s was built for this kernel.",
			    patient->module_file);
		return;
	}
	finding_set(finding, unless_loaded(patient),
		    "%s was built for the kernel %.*s and this one is %s; it would not load.",
		    patient->module_file, (int)length, file.vermagic, patient->release);
	finding_advise(finding, "Install the headers of this kernel and run 'make modules' again.");
}

static void check_headers(struct patient *patient, struct finding *finding)
{
	char path[512];

	if (!*patient->release) {
		finding_set(finding, FINDING_SKIPPED, "The kernel's release is not known.");
		return;
	}
	snprintf(path, sizeof(path), "/lib/modules/%s/build/Makefile", patient->release);
	if (sysroot_exists(path)) {
		finding_set(finding, FINDING_OK, "The headers of this kernel are installed.");
		return;
	}
	finding_set(finding, patient->loaded || patient->module_file ? FINDING_NOTE
								     : FINDING_PROBLEM,
		    "The headers of this kernel are missing, so kmq.ko cannot be built here.");
	finding_advise(finding, "sudo apt install linux-headers-%s; if there is no such package "
		       "any more, upgrade the kernel and reboot.", patient->release);
}

/* The word in brackets is in force; the file may be missing. */
static bool is_locked_down(void)
{
	char modes[128];

	if (sysroot_read("/sys/kernel/security/lockdown", modes, sizeof(modes)) < 0)
		return false;
	return strstr(modes, "[integrity]") || strstr(modes, "[confidentiality]");
}

static bool is_enforcing_signatures(void)
{
	char value[16];

	return sysroot_read("/sys/module/module/parameters/sig_enforce", value,
			    sizeof(value)) > 0 && *value == 'Y';
}

/* 1, 0, or -1 where the firmware is not EFI or does not say. */
static int secure_boot(void)
{
	char value[16];

	/* Four bytes of attributes, then the value. */
	if (sysroot_read(SECURE_BOOT_PATH, value, sizeof(value)) < 5)
		return -1;
	return value[4] == 1;
}

static const char *why_signatures(void)
{
	if (secure_boot() == 1)
		return "Secure Boot is on";
	return is_locked_down() ? "The kernel is locked down" : "module.sig_enforce is set";
}

static void say_not_enforced(struct finding *finding)
{
	static const char *const states[] = {
		"this machine has no Secure Boot", "Secure Boot is off",
		"Secure Boot is on, but the kernel is not locked down",
	};

	finding_set(finding, FINDING_OK, "The kernel takes unsigned modules: %s.",
		    states[secure_boot() + 1]);
}

static void check_signature(struct patient *patient, struct finding *finding)
{
	struct module_file file;

	if (!is_locked_down() && !is_enforcing_signatures()) {
		say_not_enforced(finding);
		return;
	}
	if (!patient->module_file || module_file_read(patient->module_file, &file)) {
		finding_set(finding, FINDING_NOTE,
			    "%s, so the kernel takes only signed modules.", why_signatures());
		finding_advise(finding, "Sign kmq.ko with a key that is enrolled (mokutil(1)), or "
			       "switch Secure Boot off in the firmware's setup.");
		return;
	}
	if (file.is_signed) {
		finding_set(finding, FINDING_NOTE,
			    "%s, so the kernel takes only modules signed with a key it knows; %s "
			    "is signed.", why_signatures(), patient->module_file);
		finding_advise(finding,
			       "'mokutil --list-enrolled' lists the keys of this machine.");
		return;
	}
	finding_set(finding, unless_loaded(patient),
		    "%s, so the kernel takes only signed modules, and %s is not signed.",
		    why_signatures(), patient->module_file);
	finding_advise(finding, "Sign it with a key that is enrolled (mokutil(1)), or switch "
		       "Secure Boot off in the firmware's setup.");
}

const struct check module_checks[] = {
	{ "kernel", check_kernel },
	{ "loaded", check_loaded },
	{ "loading", check_loading },
	{ "file", check_file },
	{ "version", check_version },
	{ "headers", check_headers },
	{ "signature", check_signature },
	{ 0 },
};
