// SPDX-License-Identifier: GPL-2.0-only
/* The table of subjects: a line for each. */
#include "subject.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

extern const struct subject subject_kmq, subject_kmq_ioctl, subject_kmq_batch, subject_kmq_call,
	subject_kmq_uring, subject_kmq_ring_mpmc, subject_kmq_ring_broadcast,
	subject_kmq_ring_twin_mpmc, subject_sysv_msg, subject_posix_mq, subject_pipe, subject_fifo,
	subject_unix_stream, subject_unix_dgram, subject_unix_seqpacket, subject_tcp, subject_rpc,
	subject_signal, subject_sysv_shm, subject_posix_shm, subject_shm_futex, subject_shm_spin,
	subject_mmap_file, subject_eventfd_shm, subject_file_lock;

const struct subject *const subjects[] = {
	&subject_kmq,
	&subject_kmq_ioctl,
	&subject_kmq_batch,
	&subject_kmq_call,
	&subject_kmq_uring,
	&subject_kmq_ring_mpmc,
	&subject_kmq_ring_broadcast,
	&subject_kmq_ring_twin_mpmc,
	&subject_sysv_msg,
	&subject_posix_mq,
	&subject_pipe,
	&subject_fifo,
	&subject_unix_stream,
	&subject_unix_dgram,
	&subject_unix_seqpacket,
	&subject_tcp,
	&subject_rpc,
	&subject_signal,
	&subject_sysv_shm,
	&subject_posix_shm,
	&subject_shm_futex,
	&subject_shm_spin,
	&subject_mmap_file,
	&subject_eventfd_shm,
	&subject_file_lock,
	NULL
};

const struct subject *subject_find(const char *mechanism)
{
	for (const struct subject *const *subject = subjects; *subject; subject++)
		if (!strcmp((*subject)->mechanism, mechanism))
			return *subject;
	return NULL;
}

void end_says(struct end *end, const char *format, ...)
{
	size_t said = strnlen(end->call, CALL_SIZE - 1);
	va_list arguments;

	if (said)
		said += snprintf(end->call + said, CALL_SIZE - said, "; ");
	if (said >= CALL_SIZE)
		return;
	va_start(arguments, format);
	vsnprintf(end->call + said, CALL_SIZE - said, format, arguments);
	va_end(arguments);
}
