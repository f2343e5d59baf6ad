/* SPDX-License-Identifier: GPL-2.0-only */
/* The queue below every kmq mechanism: made and ended alike. */
#ifndef KMQCOMPARE_KMQ_QUEUE_H
#define KMQCOMPARE_KMQ_QUEUE_H

#include "mechanism.h"

/* As mechanism hooks; the queue's descriptor is channel->fd[0]. */
const char *kmq_queue_unavailable(void);
int kmq_queue_open(struct channel *channel);
void kmq_queue_close(struct channel *channel);

#endif
