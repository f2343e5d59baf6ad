/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* syscall() of libkmq-mqueue: mq_open is 240, mq_unlink 241, mq_timedsend 242, mq_timedreceive 243, mq_notify 244, mq_getsetattr 245. */
#include "../shim/syscall_x86_64.h"

#if defined(__x86_64__) && !defined(__ILP32__)
	SHIM_SYSCALL 240, 245
#endif
