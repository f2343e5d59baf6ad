/* SPDX-License-Identifier: GPL-2.0-only */
/* What can be shown of a message. Rows are struct message_row. */
#ifndef KMQCTL_MESSAGE_COLUMNS_H
#define KMQCTL_MESSAGE_COLUMNS_H

#include <stddef.h>

#include <kmq.h>

#include "column.h"

struct message_row {
	struct kmq_message message;	/* as received */
	size_t present;			/* bytes of it that are at message.body */
};

extern const struct column message_columns[];

#endif
