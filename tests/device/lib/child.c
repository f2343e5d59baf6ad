// SPDX-License-Identifier: GPL-2.0-only
/* Children: processes of a test, which never outlive it. */
#include <grp.h>
#include <sys/prctl.h>

#include "kmq_test.h"

pid_t child_fork(void)
{
	pid_t parent = getpid();
	pid_t pid = CHECK_OK(fork());

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The parent may have died before the line above. */
	if (getppid() != parent && getppid() != 0)
		_exit(EXIT_FAILURE);
	return 0;
}

pid_t child_end(void)
{
	_exit(EXIT_SUCCESS);
}

static int join(pid_t pid)
{
	int status;
	pid_t reaped;

	do
		reaped = waitpid(pid, &status, 0);
	while (reaped < 0 && errno == EINTR);
	CHECK_EQ(reaped, pid);
	return status;
}

void child_join(pid_t pid)
{
	int status = join(pid);

	if (WIFSIGNALED(status))
		FAIL("a child died of signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) == EXIT_SKIP)
		_exit(EXIT_SKIP);
	if (WEXITSTATUS(status))
		FAIL("a child failed with status %d", WEXITSTATUS(status));
}

void child_kill(pid_t pid)
{
	CHECK_OK(kill(pid, SIGKILL));
	if (!WIFSIGNALED(join(pid)))
		FAIL("a child had ended before it was killed");
}

static char state_of(pid_t pid)
{
	char path[64], line[512], *end;
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = CHECK_OK(open(path, O_RDONLY | O_CLOEXEC));
	length = CHECK_OK(read(fd, line, sizeof(line) - 1));
	close(fd);
	line[length] = '\0';
	end = strrchr(line, ')');
	CHECK(end && end[1] == ' ');
	return end[2];
}

void wait_asleep(pid_t pid)
{
	WAIT_UNTIL(state_of(pid) == 'S');
}

void become_user(unsigned int id)
{
	CHECK_OK(setgroups(0, NULL));
	CHECK_OK(setresgid(id, id, id));
	CHECK_OK(setresuid(id, id, id));
	/* setuid(2) cleared it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}
