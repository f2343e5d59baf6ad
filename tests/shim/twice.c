// SPDX-License-Identifier: GPL-2.0-only
/*
 * twice: runs each claim on the kernel's own queues and under a preloaded library,
 * and compares the two transcripts byte for byte. TAP on stdout. See twice.h.
 *
 *	twice --native-only PROGRAM...	each claim must hold, and tell the same in every
 *					run (--runs N, 2 unless told)
 *	twice --preload LIB PROGRAM...	and tell the same with LIB preloaded (or several, with
 *					colons between)
 *	twice --shim LIB PROGRAM...	the same; moreover none of the kernel's queues may
 *					have been made under LIB (what a claim made there
 *					must then have been made elsewhere)
 *	twice --only-under LIB PROGRAM...
 *					each claim must hold under LIB, with none of the kernel's queues;
 *					they are of what is different there
 *	twice --liar LIAR [--preload LIB] PROGRAM...
 *					every claim must be broken by one of the lies of
 *					LIAR, and every lie must break a claim
 *
 *	--claim NAME	only claims of this name
 *	--census COMMAND	prints what queues there are elsewhere; must print the same before a
 *			claim under the library and after it, so that none is left behind there
 *	--set-clock	claims may set the clock (in a machine of their own)
 *
 * Each run has an IPC namespace of its own (so limits are the kernel's defaults, and what
 * it left behind is seen) and a mount namespace in which the POSIX queues can be listed.
 * Root, therefore.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TIMED_OUT = 124, SKIPPED = 77 };

/* What a run was: shared with the process that keeps its namespaces. */
struct run {
	int status;
	int left;
	bool made;
	bool broken;
	char *text;
};

struct claim {
	const char *program;
	char *name;
	struct run native;
	int broken_by;
};

static const char *preload, *liar, *only, *census;
static const char *apart;
static bool native_only, prove_use, set_clock;
static int runs = 2, patience = 60;
static struct claim *claims;
static int claim_count, test_number, failures;
static char queues_dir[] = "/tmp/twice.XXXXXX";

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "twice: %s: %s\n", what, strerror(errno));
	rmdir(queues_dir);
	exit(2);
}

static void *allocate(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory)
		die("memory");
	return memory;
}

static void list_claims(const char *program)
{
	char command[4096], line[256];
	FILE *list;

	snprintf(command, sizeof(command), "'%s' --list", program);
	list = popen(command, "re");
	if (!list)
		die(program);
	while (fgets(line, sizeof(line), list)) {
		line[strcspn(line, "\n")] = 0;
		if (only && strcmp(only, line))
			continue;
		claims = realloc(claims, (claim_count + 1) * sizeof(*claims));
		if (!claims)
			die("memory");
		claims[claim_count++] = (struct claim){
			.program = program, .name = strdup(line), .broken_by = -1
		};
	}
	if (pclose(list)) {
		errno = ENOEXEC;
		die(program);
	}
}

static int posix_queues(void)
{
	DIR *dir = opendir(queues_dir);
	int count = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static void become_claim(const struct claim *claim, const char *library, const char *lie, int out)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char seconds[16];

	setpgid(0, 0);
	snprintf(seconds, sizeof(seconds), "%d", patience);
	setenv("TWICE_PATIENCE", seconds, 1);
	if (set_clock)
		setenv("TWICE_SET_CLOCK", "1", 1);
	if (library) {
		setenv("LD_PRELOAD", library, 1);
		setenv("TWICE_WITH", library, 1);
	} else if (preload) {
		setenv("TWICE_WITHOUT", preload, 1);
	}
	if (lie)
		setenv("LIE", lie, 1);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	execl(claim->program, claim->program, claim->name, (char *)NULL);
	_exit(2);
}

/* Its status, or TIMED_OUT; nobody of its group is left. */
static int await_claim(pid_t pid)
{
	struct timespec deadline = { patience * 2 + 10, 0 };
	sigset_t set;
	int status;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (sigtimedwait(&set, NULL, &deadline) < 0 && errno == EAGAIN) {
			kill(-pid, SIGKILL);
			waitpid(pid, NULL, 0);
			return TIMED_OUT;
		}
	}
	kill(-pid, SIGKILL);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* In a process of its own: the namespaces, the claim, and what it left there. */
static void keep(struct run *run, const struct claim *claim, const char *library, const char *lie,
		 int out)
{
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct inotify_event event[16];
	struct msginfo info;
	sigset_t set, old;
	pid_t pid;

	if (unshare(CLONE_NEWIPC | CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("mqueue", queues_dir, "mqueue", 0, NULL) ||
	    inotify_add_watch(watch, queues_dir, IN_CREATE) < 0) {
		fprintf(stderr, "twice: no namespaces of its own: %s\n", strerror(errno));
		_exit(2);
	}
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = fork();
	if (pid < 0)
		_exit(2);
	if (!pid) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		become_claim(claim, library, lie, out);
	}
	setpgid(pid, pid);
	run->status = await_claim(pid);
	msgctl(0, MSG_INFO, (struct msqid_ds *)&info);
	run->left = info.msgpool + posix_queues();
	/* The first id of a namespace is 0, and none is given twice in a row. */
	run->made = msgget(IPC_PRIVATE, 0600) != 0 || read(watch, event, sizeof(event)) > 0;
	_exit(0);
}

static struct run run_claim(const struct claim *claim, const char *library, const char *lie)
{
	struct run *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int out = memfd_create("transcript", MFD_CLOEXEC), status;
	struct run result;
	off_t size;
	pid_t pid;

	if (shared == MAP_FAILED || out < 0)
		die("memory");
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		keep(shared, claim, library, lie, out);
	if (waitpid(pid, &status, 0) != pid || status) {
		errno = ECHILD;
		die("the keeper of a claim");
	}
	result = *shared;
	munmap(shared, sizeof(*shared));
	size = lseek(out, 0, SEEK_END);
	result.text = allocate(size + 1);
	if (pread(out, result.text, size, 0) != size)
		die("transcript");
	close(out);
	return result;
}

/* What the census prints, and how it ended. */
static char *take_census(void)
{
	size_t size = 0, n;
	char *text = allocate(65536 + 32);
	FILE *pipe;

	if (!census)
		return text;
	pipe = popen(census, "re");
	if (!pipe)
		die(census);
	while (size < 65536 && (n = fread(text + size, 1, 65536 - size, pipe)))
		size += n;
	snprintf(text + size, 32, "(status %d)\n", pclose(pipe));
	return text;
}

static bool same(const struct run *a, const struct run *b)
{
	return a->status == b->status && !strcmp(a->text, b->text);
}

static void show_text(const char *text)
{
	const char *end;

	for (; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		printf("#   %.*s\n", (int)(end - text), text);
	}
}

/* Both columns; a line that differs is marked. */
static void show_both(const char *a, const char *b)
{
	while (*a || *b) {
		int left = strcspn(a, "\n"), right = strcspn(b, "\n");
		bool equal = left == right && !memcmp(a, b, left);

		printf("# %c %-60.*s | %.*s\n", equal ? ' ' : '!', left, a, right, b);
		a += left + (a[left] == '\n');
		b += right + (b[right] == '\n');
	}
}

static const char *base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void ok(bool good, const struct claim *claim, const char *remark)
{
	failures += !good;
	printf("%s %d - %s: %s%s\n", good ? "ok" : "not ok", ++test_number, base(claim->program),
	       claim->name, remark);
}

/* Why a single run will not do, or NULL. */
static const char *fault(const struct run *run)
{
	if (run->status == TIMED_OUT)
		return "it did not end in time";
	if (run->status == 1)
		return "not as pinned";
	if (run->status == 3)
		return "the libraries in it are not those asked for";
	if (run->status)
		return "it did not end well";
	if (apart && run->made)
		return "a queue of the kernel's own was made";
	if (run->left)
		return "it left a queue behind";
	if (!*run->text)
		return "its transcript is empty";
	return NULL;
}

static bool skipped(struct claim *claim)
{
	char *line;

	if (claim->native.status != SKIPPED)
		return false;
	line = strstr(claim->native.text, "skipped: ");
	printf("ok %d - %s: %s # SKIP %.*s\n", ++test_number, base(claim->program), claim->name,
	       line ? (int)strcspn(line + 9, "\n") : 0, line ? line + 9 : "");
	return true;
}

static bool sound(struct claim *claim, const struct run *run, const char *which)
{
	const char *why = fault(run);

	if (!why)
		return true;
	ok(false, claim, "");
	printf("# %s: %s (status %d)\n", which, why, run->status);
	show_text(run->text);
	return false;
}

static void free_run(struct run *run)
{
	free(run->text);
	run->text = NULL;
}

static void native_again(struct claim *claim)
{
	int i;

	for (i = 1; i < runs; i++) {
		struct run again = run_claim(claim, apart, NULL);

		if (!sound(claim, &again, "again"))
			return;
		if (!same(&claim->native, &again)) {
			ok(false, claim, "");
			printf("# run 1 and run %d differ\n", i + 1);
			show_both(claim->native.text, again.text);
			return;
		}
		free_run(&again);
	}
	ok(true, claim, "");
}

static void second(struct claim *claim)
{
	char *before = take_census(), *after;
	struct run run = run_claim(claim, preload, NULL);
	bool good = same(&claim->native, &run) && !fault(&run) && !(prove_use && run.made);

	after = take_census();
	good &= !strcmp(before, after);
	ok(good, claim, "");
	if (good)
		goto out;
	if (fault(&run))
		printf("# under %s: %s (status %d)\n", preload, fault(&run), run.status);
	if (prove_use && run.made)
		printf("# under %s a queue of the kernel's own was made\n", preload);
	if (strcmp(before, after)) {
		printf("# %s, before and after:\n", census);
		show_both(before, after);
	}
	printf("# native, and under %s:\n", preload);
	show_both(claim->native.text, run.text);
out:
	free(before);
	free(after);
	free_run(&run);
}

static void compare(void)
{
	int i;

	printf("1..%d\n", claim_count);
	for (i = 0; i < claim_count; i++) {
		struct claim *claim = &claims[i];

		claim->native = run_claim(claim, apart, NULL);
		if (skipped(claim) || !sound(claim, &claim->native, apart ? apart : "native"))
			continue;
		if (native_only)
			native_again(claim);
		else
			second(claim);
		fflush(stdout);
		free_run(&claim->native);
	}
}

static bool breaks(const struct claim *claim, const char *lie)
{
	char libraries[8192];
	struct run run;
	bool broken;

	snprintf(libraries, sizeof(libraries), "%s%s%s", liar, preload ? ":" : "",
		 preload ? preload : "");
	run = run_claim(claim, libraries, lie);
	broken = fault(&run) || !same(&claim->native, &run);
	free_run(&run);
	return broken;
}

/* The lies that broke most claims first; the blunt ones last, which break anything that makes a call. */
static void lie_to(struct claim *claim, const char *const *lies, int count, int blunt, int *broke)
{
	char remark[128];
	bool told[64] = { false };
	int i, n, next;

	for (n = 0; n < count && claim->broken_by < 0; n++) {
		int from = n < count - blunt ? blunt : 0;

		for (next = -1, i = from; i < count; i++)
			if (!told[i] && (next < 0 || broke[i] > broke[next]))
				next = i;
		told[next] = true;
		if (breaks(claim, lies[next]))
			claim->broken_by = next;
	}
	if (claim->broken_by < 0) {
		ok(false, claim, " falls for every lie");
		return;
	}
	broke[claim->broken_by]++;
	snprintf(remark, sizeof(remark), " sees through %s", lies[claim->broken_by]);
	ok(true, claim, remark);
}

static void expose(const char *lie, bool already)
{
	int i;

	for (i = 0; i < claim_count && !already; i++)
		already = claims[i].native.text && breaks(&claims[i], lie);
	failures += !already;
	printf("%s %d - the lie %s is seen through\n", already ? "ok" : "not ok", ++test_number, lie);
}

static void hear_lies(void)
{
	void *library = dlopen(liar, RTLD_NOW | RTLD_LOCAL);
	const char *const *lies = library ? dlsym(library, "lies") : NULL;
	const int *blunt = library ? dlsym(library, "blunt") : NULL;
	int count = 0, broke[64] = { 0 }, i;

	if (!lies || !blunt) {
		fprintf(stderr, "twice: %s has no lies\n", liar);
		exit(2);
	}
	while (lies[count] && count < 64)
		count++;
	printf("1..%d\n", claim_count + count);
	for (i = 0; i < claim_count; i++) {
		claims[i].native = run_claim(&claims[i], NULL, NULL);
		if (skipped(&claims[i]) || !sound(&claims[i], &claims[i].native, "native")) {
			free_run(&claims[i].native);
			continue;
		}
		lie_to(&claims[i], lies, count, *blunt, broke);
		fflush(stdout);
	}
	for (i = 0; i < count; i++)
		expose(lies[i], broke[i]);
}

static void usage(void)
{
	fputs("usage: twice --native-only | --preload LIB | --shim LIB | --only-under LIB |\n"
	      "             --liar LIAR [--preload LIB]\n"
	      "             [--runs N] [--claim NAME] [--census COMMAND] [--set-clock]\n"
	      "             PROGRAM...\n", stderr);
	exit(2);
}

static char *absolute(const char *path)
{
	char *whole = realpath(path, NULL);

	if (!whole)
		die(path);
	return whole;
}

/* With colons between them, as the loader takes them. */
static char *all_absolute(char *paths)
{
	char *all = NULL, *path, *next;

	while ((path = strsep(&paths, ":"))) {
		path = absolute(path);
		if (asprintf(&next, "%s%s%s", all ? all : "", all ? ":" : "", path) < 0)
			die("memory");
		free(path);
		free(all);
		all = next;
	}
	return all;
}

static void options(int argc, char **argv)
{
	static const struct option list[] = {
		{ "native-only", no_argument, NULL, 'n' },
		{ "preload", required_argument, NULL, 'p' },
		{ "shim", required_argument, NULL, 's' },
		{ "only-under", required_argument, NULL, 'o' },
		{ "liar", required_argument, NULL, 'l' },
		{ "runs", required_argument, NULL, 'r' },
		{ "claim", required_argument, NULL, 'c' },
		{ "census", required_argument, NULL, 'e' },
		{ "set-clock", no_argument, NULL, 't' },
		{ }
	};
	int option;

	while ((option = getopt_long(argc, argv, "", list, NULL)) >= 0) {
		switch (option) {
		case 'n': native_only = true; break;
		case 'o': native_only = true; apart = all_absolute(optarg); break;
		case 's': prove_use = true; /* fall through */
		case 'p': preload = all_absolute(optarg); break;
		case 'l': liar = absolute(optarg); patience = 5; break;
		case 'r': runs = atoi(optarg); break;
		case 'c': only = optarg; break;
		case 'e': census = optarg; break;
		case 't': set_clock = true; break;
		default: usage();
		}
	}
	if (optind == argc || native_only == (preload || liar) || runs < 1)
		usage();
}

int main(int argc, char **argv)
{
	options(argc, argv);
	if (!mkdtemp(queues_dir))
		die(queues_dir);
	while (optind < argc)
		list_claims(absolute(argv[optind++]));
	if (!claim_count) {
		fputs("twice: there is no such claim\n", stderr);
		rmdir(queues_dir);
		return 2;
	}
	if (liar)
		hear_lies();
	else
		compare();
	rmdir(queues_dir);
	return failures ? 1 : 0;
}
