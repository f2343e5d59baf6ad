// SPDX-License-Identifier: GPL-2.0-only
/* The table of mechanisms, and what their files share. */
#include "mechanism.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

extern const struct mechanism mechanism_harness;
extern const struct mechanism mechanism_null;
extern const struct mechanism mechanism_kmq;
extern const struct mechanism mechanism_kmq_ioctl;
extern const struct mechanism mechanism_kmq_batch;
extern const struct mechanism mechanism_kmq_call;
extern const struct mechanism mechanism_kmq_uring;
extern const struct mechanism mechanism_kmq_ring;
extern const struct mechanism mechanism_kmq_ring_spin;
extern const struct mechanism mechanism_kmq_ring_in_place;
extern const struct mechanism mechanism_kmq_ring_mixed;
extern const struct mechanism mechanism_kmq_ring_mpsc;
extern const struct mechanism mechanism_kmq_ring_mpsc_spin;
extern const struct mechanism mechanism_kmq_ring_mpmc;
extern const struct mechanism mechanism_kmq_ring_mpmc_spin;
extern const struct mechanism mechanism_kmq_ring_broadcast;
extern const struct mechanism mechanism_kmq_ring_broadcast_spin;
extern const struct mechanism mechanism_kmq_ring_twin;
extern const struct mechanism mechanism_kmq_ring_twin_spin;
extern const struct mechanism mechanism_kmq_ring_twin_in_place;
extern const struct mechanism mechanism_kmq_ring_twin_mpsc;
extern const struct mechanism mechanism_kmq_ring_twin_mpsc_spin;
extern const struct mechanism mechanism_kmq_ring_twin_mpmc;
extern const struct mechanism mechanism_kmq_ring_twin_mpmc_spin;
extern const struct mechanism mechanism_kmq_ring_twin_broadcast;
extern const struct mechanism mechanism_kmq_ring_twin_broadcast_spin;
extern const struct mechanism mechanism_sysv_msg;
extern const struct mechanism mechanism_posix_mq;
extern const struct mechanism mechanism_pipe;
extern const struct mechanism mechanism_fifo;
extern const struct mechanism mechanism_unix_stream;
extern const struct mechanism mechanism_unix_dgram;
extern const struct mechanism mechanism_unix_seqpacket;
extern const struct mechanism mechanism_tcp;
extern const struct mechanism mechanism_rpc;
extern const struct mechanism mechanism_signal;
extern const struct mechanism mechanism_sysv_shm;
extern const struct mechanism mechanism_posix_shm;
extern const struct mechanism mechanism_shm_futex;
extern const struct mechanism mechanism_shm_spin;
extern const struct mechanism mechanism_mmap_file;
extern const struct mechanism mechanism_eventfd_shm;
extern const struct mechanism mechanism_file_lock;
extern const struct mechanism mechanism_plain_ring;
extern const struct mechanism mechanism_two_words;
extern const struct mechanism mechanism_ck_ring;
extern const struct mechanism mechanism_ck_ring_mpsc;
extern const struct mechanism mechanism_ck_ring_mpmc;
extern const struct mechanism mechanism_rte_ring;
extern const struct mechanism mechanism_rte_ring_mpsc;
extern const struct mechanism mechanism_rte_ring_mpmc;
extern const struct mechanism mechanism_boost_mq;
extern const struct mechanism mechanism_zmq;

const struct mechanism *const mechanisms[] = {
	&mechanism_harness,
	&mechanism_null,
	&mechanism_kmq,
	&mechanism_kmq_ioctl,
	&mechanism_kmq_batch,
	&mechanism_kmq_call,
	&mechanism_kmq_uring,
	&mechanism_kmq_ring,
	&mechanism_kmq_ring_spin,
	&mechanism_kmq_ring_in_place,
	&mechanism_kmq_ring_mixed,
	&mechanism_kmq_ring_mpsc,
	&mechanism_kmq_ring_mpsc_spin,
	&mechanism_kmq_ring_mpmc,
	&mechanism_kmq_ring_mpmc_spin,
	&mechanism_kmq_ring_broadcast,
	&mechanism_kmq_ring_broadcast_spin,
	&mechanism_kmq_ring_twin,
	&mechanism_kmq_ring_twin_spin,
	&mechanism_kmq_ring_twin_in_place,
	&mechanism_kmq_ring_twin_mpsc,
	&mechanism_kmq_ring_twin_mpsc_spin,
	&mechanism_kmq_ring_twin_mpmc,
	&mechanism_kmq_ring_twin_mpmc_spin,
	&mechanism_kmq_ring_twin_broadcast,
	&mechanism_kmq_ring_twin_broadcast_spin,
	&mechanism_sysv_msg,
	&mechanism_posix_mq,
	&mechanism_pipe,
	&mechanism_fifo,
	&mechanism_unix_stream,
	&mechanism_unix_dgram,
	&mechanism_unix_seqpacket,
	&mechanism_tcp,
	&mechanism_rpc,
	&mechanism_signal,
	&mechanism_sysv_shm,
	&mechanism_posix_shm,
	&mechanism_shm_futex,
	&mechanism_shm_spin,
	&mechanism_mmap_file,
	&mechanism_eventfd_shm,
	&mechanism_file_lock,
	&mechanism_plain_ring,
	&mechanism_two_words,
	&mechanism_ck_ring,
	&mechanism_ck_ring_mpsc,
	&mechanism_ck_ring_mpmc,
	&mechanism_rte_ring,
	&mechanism_rte_ring_mpsc,
	&mechanism_rte_ring_mpmc,
	&mechanism_boost_mq,
	&mechanism_zmq,
	NULL
};

const struct mechanism *mechanism_find(const char *name)
{
	for (const struct mechanism *const *m = mechanisms; *m; m++)
		if (!strcmp((*m)->name, name))
			return *m;
	return NULL;
}

int channel_refuse(struct channel *channel, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(channel->reason, sizeof(channel->reason), format, arguments);
	va_end(arguments);
	return -1;
}
