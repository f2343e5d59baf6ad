// SPDX-License-Identifier: GPL-2.0-only
/* The loaded module: whether this user gets in, and whether all is well inside. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <json-c/json.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account.h"
#include "control.h"
#include "doctor.h"
#include "holder.h"
#include "limits.h"
#include "memory.h"
#include "parse.h"
#include "queue_columns.h"
#include "sysroot.h"
#include "text.h"

#define CONTROL_PATH	KMQ_DIRECTORY "/" KMQ_CONTROL_NAME
#define HUB_PATH	KMQ_DIRECTORY "/.hub"
/* Percent of a limit from which on it is told. */
#define NEARLY		90
/* Holders that one sentence names. */
#define NAMED_MAX	8

static bool skip(struct finding *finding, const char *why)
{
	finding_set(finding, FINDING_SKIPPED, "%s", why);
	return true;
}

static bool skip_unless_running(const struct patient *patient, struct finding *finding)
{
	if (!sysroot_is_running())
		return skip(finding, "This is not the running system.");
	if (!patient->loaded)
		return skip(finding, "The module is not loaded.");
	return false;
}

static void check_control(struct patient *patient, struct finding *finding)
{
	char *path;
	struct stat status;
	bool exists;

	if (!patient->loaded) {
		skip(finding, "The module is not loaded.");
		return;
	}
	path = sysroot_path(CONTROL_PATH);
	exists = !stat(path, &status);
	free(path);
	if (exists && S_ISCHR(status.st_mode)) {
		patient->control_exists = true;
		finding_set(finding, FINDING_OK, CONTROL_PATH " is there.");
		return;
	}
	if (exists) {
		finding_set(finding, FINDING_PROBLEM, CONTROL_PATH " is not a device.");
		finding_advise(finding, "Remove it, then unload the module and load it again.");
		return;
	}
	finding_set(finding, FINDING_PROBLEM, CONTROL_PATH
		    " is missing although the module is loaded.");
	finding_advise(finding, "Nodes appear where devtmpfs is mounted on /dev: 'mount -t "
		       "devtmpfs none /dev'; a container must be given them.");
}

static void say_denied(struct finding *finding)
{
	struct json_object *user, *group;
	struct stat status;

	if (stat(CONTROL_PATH, &status)) {
		finding_set(finding, FINDING_PROBLEM, "This user may not open " CONTROL_PATH ".");
		return;
	}
	user = account_user(status.st_uid);
	group = account_group(status.st_gid);
	finding_set(finding, FINDING_PROBLEM,
		    "This user may not open " CONTROL_PATH
		    ", which is user %s's and group %s's with mode %04o.",
		    json_object_get_string(user), json_object_get_string(group),
		    status.st_mode & 07777);
	if (status.st_gid && status.st_mode & 060)
		finding_advise(finding, "sudo usermod -aG %s NAME, and log in again.",
			       json_object_get_string(group));
	else if (getgrnam("kmq"))
		finding_advise(finding, "The group kmq exists, but the node is not its: install "
			       "the udev rule with 'sudo make install' and load the module again.");
	else
		finding_advise(finding, "Use sudo, or install the udev rule, which opens it to the "
			       "group kmq, with 'sudo make install'.");
	json_object_put(user);
	json_object_put(group);
}

static void check_permission(struct patient *patient, struct finding *finding)
{
	int control;

	if (skip_unless_running(patient, finding))
		return;
	if (!patient->control_exists) {
		skip(finding, "There is nothing to open.");
		return;
	}
	control = kmq_open_control();
	if (control >= 0) {
		close(control);
		patient->control_opens = true;
		finding_set(finding, FINDING_OK, "This user may create and list queues.");
		return;
	}
	if (errno == EACCES || errno == EPERM) {
		say_denied(finding);
		return;
	}
	finding_set(finding, FINDING_PROBLEM, CONTROL_PATH " does not open: %s.", strerror(errno));
	finding_advise(finding, "Load the module again; if it stays so, 'sudo dmesg' tells why.");
}

static bool group_line(const char *line)
{
	return !strncmp(line, "kmq:", 4);
}

/* Of the running system from wherever it has its groups, else from its file. */
static bool has_group(void)
{
	char *path, line[512];
	bool found = false;
	FILE *file;

	if (sysroot_is_running())
		return getgrnam("kmq");
	path = sysroot_path("/etc/group");
	file = fopen(path, "re");
	free(path);
	while (file && !found && fgets(line, sizeof(line), file))
		found = group_line(line);
	if (file)
		fclose(file);
	return found;
}

static bool control_is_groups(void)
{
	const struct group *group = getgrnam("kmq");
	struct stat status;

	return group && !stat(CONTROL_PATH, &status) && status.st_gid == group->gr_gid &&
	       (status.st_mode & 060) == 060;
}

static void check_group(struct patient *patient, struct finding *finding)
{
	if (!has_group()) {
		finding_set(finding, FINDING_NOTE,
			    "There is no group kmq, so only root may create queues.");
		finding_advise(finding, "If others are to: 'sudo groupadd --system kmq', install "
			       "the udev rule with 'sudo make install', and load the module again.");
		return;
	}
	if (!sysroot_is_running() || !patient->control_exists) {
		finding_set(finding, FINDING_OK, "The group kmq exists.");
		return;
	}
	if (control_is_groups()) {
		finding_set(finding, FINDING_OK, "Members of the group kmq may create queues.");
		return;
	}
	finding_set(finding, FINDING_NOTE,
		    "The group kmq exists, but " CONTROL_PATH " is not its.");
	finding_advise(finding, "Install the udev rule with 'sudo make install' and load the "
		       "module again.");
}

/* ------------------------------------------------------------------------
 * Programs written for System V or POSIX queues
 */

static void say_hub_denied(struct finding *finding)
{
	struct json_object *user, *group;
	struct stat status;

	if (stat(HUB_PATH, &status)) {
		finding_set(finding, FINDING_NOTE, "This user may not open " HUB_PATH ".");
		return;
	}
	user = account_user(status.st_uid);
	group = account_group(status.st_gid);
	finding_set(finding, FINDING_NOTE,
		    "This user may not open " HUB_PATH ", which is user %s's and group %s's with "
		    "mode %04o, so that System V and POSIX programs cannot run on kmq.",
		    json_object_get_string(user), json_object_get_string(group),
		    status.st_mode & 07777);
	finding_advise(finding, status.st_gid && status.st_mode & 060
		       ? "Become a member of that group, or open it to all with the module's "
			 "parameter hub_mode=0666: each call asks the queue's own permissions."
		       : "To open it to all, load the module with hub_mode=0666: each call asks "
			 "the queue's own permissions.");
	json_object_put(user);
	json_object_put(group);
}

static void try_hub(struct finding *finding)
{
	int hub = open(HUB_PATH, O_RDWR | O_CLOEXEC);

	if (hub >= 0) {
		close(hub);
		finding_set(finding, FINDING_OK,
			    "This user's System V and POSIX programs can run on kmq.");
		return;
	}
	if (errno == EACCES || errno == EPERM) {
		say_hub_denied(finding);
		return;
	}
	finding_set(finding, FINDING_PROBLEM, HUB_PATH " does not open: %s.", strerror(errno));
	finding_advise(finding, "Load the module again; if it stays so, 'sudo dmesg' tells why.");
}

static void check_hub(struct patient *patient, struct finding *finding)
{
	if (!patient->control_exists) {
		skip(finding, patient->loaded ? "There are no nodes." : "The module is not loaded.");
		return;
	}
	if (!sysroot_exists(HUB_PATH)) {
		finding_set(finding, FINDING_NOTE, "There is no " HUB_PATH
			    ", so that System V and POSIX programs cannot run on kmq.");
		finding_advise(finding, "Build the module and the tools from the same source, and "
			       "load it again.");
		return;
	}
	if (!sysroot_is_running())
		finding_set(finding, FINDING_OK, HUB_PATH " is there.");
	else
		try_hub(finding);
}

/* Of this process: a library that is preloaded for all is here, too. */
struct preload {
	bool sysv;
	bool mqueue;
};

static int note_library(struct dl_phdr_info *info, size_t size, void *data)
{
	const char *slash = strrchr(info->dlpi_name, '/');
	const char *name = slash ? slash + 1 : info->dlpi_name;
	struct preload *preload = data;

	if (!strncmp(name, "libkmq-sysv.so", strlen("libkmq-sysv.so")))
		preload->sysv = true;
	if (!strncmp(name, "libkmq-mqueue.so", strlen("libkmq-mqueue.so")))
		preload->mqueue = true;
	return 0;
}

static void say_preloaded(struct finding *finding, const struct preload *preload, bool wanted)
{
	if (!preload->sysv && !preload->mqueue) {
		finding_set(finding, FINDING_OK, "No library is preloaded that puts kmq in the place "
			    "of the kernel's System V or POSIX queues.");
		return;
	}
	finding_set(finding, FINDING_OK, "%s queues of the programs started here are kmq's, by %s.",
		    !preload->mqueue ? "System V" : preload->sysv ? "System V and POSIX" : "POSIX",
		    wanted ? "LD_PRELOAD" : "/etc/ld.so.preload");
}

static void check_preload(struct patient *patient, struct finding *finding)
{
	struct preload preload = { false, false };
	const char *value = getenv("LD_PRELOAD");
	bool sysv = value && strstr(value, "libkmq-sysv.so");
	bool mqueue = value && strstr(value, "libkmq-mqueue.so");

	if (!sysroot_is_running()) {
		skip(finding, "This is not the running system.");
		return;
	}
	dl_iterate_phdr(note_library, &preload);
	if ((!sysv || preload.sysv) && (!mqueue || preload.mqueue)) {
		say_preloaded(finding, &preload, sysv || mqueue);
		return;
	}
	finding_set(finding, FINDING_PROBLEM, "LD_PRELOAD names %s, which is not found: queues stay "
		    "the kernel's.", sysv && !preload.sysv ? "libkmq-sysv.so" : "libkmq-mqueue.so");
	finding_advise(finding, "Give its whole path, or install it and run 'sudo ldconfig'.");
}

static void check_netlink(struct patient *patient, struct finding *finding)
{
	int error;

	if (skip_unless_running(patient, finding))
		return;
	error = control_family();
	if (!error) {
		finding_set(finding, FINDING_OK, "The module answers by netlink.");
		return;
	}
	if (error == ENODEV) {
		finding_set(finding, FINDING_PROBLEM, "The loaded module has no netlink family, so "
			    "that set, holders, monitor and the times of stats do not work.");
		finding_advise(finding, "Build the module and the tools from the same source, and "
			       "load it again.");
		return;
	}
	finding_set(finding, FINDING_PROBLEM, "Netlink cannot be used here: %s.", strerror(error));
	finding_advise(finding, "A container or a sandbox may forbid it; try outside.");
}

static bool skip_unless_open(const struct patient *patient, struct finding *finding)
{
	if (skip_unless_running(patient, finding))
		return true;
	return !patient->control_opens && skip(finding, "The module cannot be asked.");
}

static void check_abi(struct patient *patient, struct finding *finding)
{
	struct kmq_features features;
	int error;

	if (skip_unless_open(patient, finding))
		return;
	error = control_features(&features);
	if (error) {
		finding_set(finding, FINDING_PROBLEM, "The module does not tell its version: %s.",
			    strerror(error));
		finding_advise(finding, "Build the module and the tools from the same source.");
		return;
	}
	if (features.abi_version != KMQ_ABI_VERSION) {
		finding_set(finding, FINDING_PROBLEM,
			    "The module speaks version %u of its interface and this program %u.",
			    features.abi_version, KMQ_ABI_VERSION);
		finding_advise(finding, "Build the module and the tools from the same source.");
		return;
	}
	finding_set(finding, FINDING_OK, "Module and library speak version %u.",
		    features.abi_version);
}

static bool is_near(uint64_t used, uint64_t limit)
{
	return used >= limit / 100 * NEARLY + limit % 100 * NEARLY / 100;
}

static bool near_all_queues(struct finding *finding, size_t count)
{
	uint64_t limit;

	if (!limit_read(LIMIT_QUEUES, &limit) || !is_near(count, limit))
		return false;
	finding_set(finding, FINDING_PROBLEM, "%zu of at most %llu queues exist.", count,
		    (unsigned long long)limit);
	finding_advise(finding, "Remove queues, or raise "
		       "/sys/module/kmq/parameters/max_queues.");
	return true;
}

static bool near_users_queues(struct finding *finding, const struct kmq_nl_queue *queues,
			      size_t count, uid_t uid)
{
	uint64_t limit, used = limit_users_queues(queues, count, uid);

	if (!limit_read(LIMIT_USERS_QUEUES, &limit) || !is_near(used, limit))
		return false;
	finding_set(finding, FINDING_PROBLEM, "User %u has %llu of at most %llu queues.", uid,
		    (unsigned long long)used, (unsigned long long)limit);
	finding_advise(finding, "Remove queues, or raise "
		       "/sys/module/kmq/parameters/max_queues_per_user.");
	return true;
}

static bool near_users_bytes(struct finding *finding, const struct kmq_nl_queue *queues,
			     size_t count, uid_t uid)
{
	uint64_t limit, used = limit_users_bytes(queues, count, uid);
	char *shown_used, *shown_limit;

	if (!limit_read(LIMIT_USERS_BYTES, &limit) || !is_near(used, limit))
		return false;
	shown_used = text_size(used);
	shown_limit = text_size(limit);
	finding_set(finding, FINDING_PROBLEM,
		    "The queues of user %u may grow to %s, of at most %s.", uid, shown_used,
		    shown_limit);
	finding_advise(finding, "Remove queues, give them a lower --byte-limit, or raise "
		       "/sys/module/kmq/parameters/max_bytes_per_user.");
	free(shown_used);
	free(shown_limit);
	return true;
}

static bool near_some_user(struct finding *finding, const struct kmq_nl_queue *queues, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uid_t uid = queues[i].info.uid;

		if (near_users_queues(finding, queues, count, uid) ||
		    near_users_bytes(finding, queues, count, uid))
			return true;
	}
	return false;
}

static void check_limits(struct patient *patient, struct finding *finding)
{
	struct kmq_nl_queue *queues;
	size_t count;

	if (skip_unless_open(patient, finding))
		return;
	if (control_list(NULL, &queues, &count)) {
		skip(finding, "The queues cannot be listed.");
		return;
	}
	if (!near_all_queues(finding, count) && !near_some_user(finding, queues, count))
		finding_set(finding, FINDING_OK, "%zu queue%s, no limit near.", count,
			    count == 1 ? "" : "s");
	free(queues);
}

/* Nobody takes from it: full and without a task that waits for a message. */
static bool is_full(const struct kmq_info *info)
{
	return queue_fills(info) && queue_use(info) >= NEARLY;
}

static const struct kmq_info *find_stuck(const struct kmq_nl_queue *queues, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_full(&queues[i].info) && queues[i].info.blocked_senders)
			return &queues[i].info;
	}
	return NULL;
}

static const struct kmq_info *find_full(const struct kmq_nl_queue *queues, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_full(&queues[i].info))
			return &queues[i].info;
	}
	return NULL;
}

static void check_queues(struct patient *patient, struct finding *finding)
{
	const struct kmq_info *found;
	struct kmq_nl_queue *queues;
	size_t count;

	if (skip_unless_open(patient, finding))
		return;
	if (control_list(NULL, &queues, &count)) {
		skip(finding, "The queues cannot be listed.");
		return;
	}
	found = find_stuck(queues, count);
	if (!found)
		found = find_full(queues, count);
	if (!found) {
		finding_set(finding, FINDING_OK, "No queue is nearly full.");
	} else {
		finding_set(finding, FINDING_NOTE,
			    "Queue '%s' is %u%% full; %u senders wait for room, %u receivers for a "
			    "message.", found->name, queue_use(found), found->blocked_senders,
			    found->blocked_receivers);
		finding_advise(finding, "'kmqctl show' tells who has it open; a receiver may be "
			       "missing, or hold leases.");
	}
	free(queues);
}

static const struct kmq_info *find_broken(const struct kmq_nl_queue *queues, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (queue_is_broken(&queues[i].info))
			return &queues[i].info;
	}
	return NULL;
}

static size_t count_rings(const struct kmq_nl_queue *queues, size_t count)
{
	size_t rings = 0;

	for (size_t i = 0; i < count; i++)
		rings += queue_is_ring(&queues[i].info);
	return rings;
}

static void say_broken(struct finding *finding, const struct kmq_info *broken)
{
	char *name = *broken->name ? memory_print("'%s'", broken->name)
				   : memory_print("%u, which has no name,", broken->id);

	finding_set(finding, FINDING_PROBLEM,
		    "Ring %s is broken: somebody who maps it wrote nonsense into it.", name);
	finding_advise(finding, "'kmqctl show' tells who has it open; remove it and create it "
		       "anew. No other queue is affected.");
	free(name);
}

static void check_rings(struct patient *patient, struct finding *finding)
{
	const struct kmq_info *broken;
	struct kmq_nl_queue *queues;
	size_t count, rings;

	if (skip_unless_open(patient, finding))
		return;
	if (control_list(NULL, &queues, &count)) {
		skip(finding, "The queues cannot be listed.");
		return;
	}
	broken = find_broken(queues, count);
	rings = count_rings(queues, count);
	if (broken)
		say_broken(finding, broken);
	else
		finding_set(finding, FINDING_OK, "%zu ring%s, none broken.", rings,
			    rings == 1 ? "" : "s");
	free(queues);
}

static const char *what_it_has(const struct holder *holder)
{
	if (holder->fd < 0)
		return "a ring mapped";
	return *holder->queue ? holder->queue : "one without a name";
}

/* "cat (812) has q, ...", at most NAMED_MAX of them. */
static char *name_holders(const struct holders *holders)
{
	char *text = memory_print("%s", "");

	for (size_t i = 0; i < holders->count && i < NAMED_MAX; i++) {
		const struct holder *holder = &holders->list[i];
		char *command = text_escape(holder->command, strlen(holder->command), TEXT_ASCII);
		char *longer = memory_print("%s%s%s (%d) has %s", text, i ? ", " : "", command,
					    holder->pid, what_it_has(holder));

		free(command);
		free(text);
		text = longer;
	}
	return text;
}

static void say_held(struct finding *finding, const struct holders *holders)
{
	char *names = name_holders(holders);

	finding_set(finding, FINDING_NOTE, "rmmod would be refused now: %s%s.",
		    holders->count ? names : "somebody who cannot be seen holds the module",
		    holders->count > NAMED_MAX ? ", and there are others" : "");
	if (holders->count)
		finding_advise(finding, "It unloads once these processes have ended or closed "
			       "their queues; the queues themselves do not hold it.");
	else
		finding_advise(finding, holders->complete ? "The holder may be in another "
			       "container, or a descriptor on its way through a socket."
			       : "Run doctor as root to see who.");
	free(names);
}

static void check_unload(struct patient *patient, struct finding *finding)
{
	struct holders holders;
	uint64_t references;
	char value[32];

	if (!patient->loaded) {
		skip(finding, "The module is not loaded.");
		return;
	}
	if (sysroot_read("/sys/module/kmq/refcnt", value, sizeof(value)) <= 0 ||
	    parse_count(value, 0, UINT64_MAX, &references)) {
		skip(finding, "The module's reference count cannot be read.");
		return;
	}
	if (!references) {
		finding_set(finding, FINDING_OK, "Nobody holds the module; rmmod would unload it.");
		return;
	}
	holders = holders_find();
	say_held(finding, &holders);
	holders_free(&holders);
}

const struct check device_checks[] = {
	{ "control", check_control },
	{ "permission", check_permission },
	{ "group", check_group },
	{ "hub", check_hub },
	{ "preload", check_preload },
	{ "netlink", check_netlink },
	{ "abi", check_abi },
	{ "limits", check_limits },
	{ "queues", check_queues },
	{ "rings", check_rings },
	{ "unload", check_unload },
	{ 0 },
};
