// SPDX-License-Identifier: GPL-2.0-only
/* Signals to who sleeps in a queue. */
#include <sys/mman.h>

#include "disturb.h"

volatile sig_atomic_t *handled;

static void count_signal(int number)
{
	(void)number;
	*handled = *handled + 1;
}

void share_count(void)
{
	handled = mmap(NULL, page_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(handled != MAP_FAILED);
}

void handle(int flags)
{
	struct sigaction action = { .sa_handler = count_signal, .sa_flags = flags };

	CHECK_OK(sigaction(SIGUSR1, &action, NULL));
}

/* It no longer counts as asleep when its handler runs. */
void disturb(int fd, pid_t pid, unsigned int times)
{
	for (unsigned int i = 0; i < times; i++) {
		int before = *handled;

		CHECK_OK(kill(pid, SIGUSR1));
		WAIT_UNTIL(*handled == before + 1);
		WAIT_UNTIL(info_of(fd).blocked_receivers + info_of(fd).blocked_senders == 1);
	}
}
