/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* syscall() of libkmq-sysv: msgget is 68, msgsnd 69, msgrcv 70, msgctl 71. */
#include "../shim/syscall_x86_64.h"

#if defined(__x86_64__) && !defined(__ILP32__)
	SHIM_SYSCALL 68, 71
#endif
