/* SPDX-License-Identifier: GPL-2.0-only */
/* A named kmq queue, /dev/kmq/NAME: what all kmq subjects do alike. fd[0] is it. */
#ifndef KMQCOMPARE_KMQ_NODE_H
#define KMQCOMPARE_KMQ_NODE_H

#include "descriptors.h"

#include <kmq.h>

/* Hooks. */
const char *kmq_node_unavailable(void);
int kmq_node_create(struct end *end, struct object *object);
int kmq_node_attach(struct end *end, struct object *object, enum way way);
int kmq_node_borrow(struct end *end, struct object *object, enum way way);
int kmq_node_remove(struct end *end, struct object *object);
bool kmq_node_seen(const struct object *object, char *where);

/* Which messages a receive may take. */
struct kmq_selection kmq_selection_of(const struct parcel *parcel);

/* What the module tells of the message that came. */
void kmq_note_sender(struct parcel *parcel, pid_t pid, uid_t uid, size_t size);

#endif
