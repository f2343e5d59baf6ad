/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_RBTREE_AUGMENTED_H
#define SHIM_LINUX_RBTREE_AUGMENTED_H

#include <linux/rbtree.h>

/* A node has no colour here. */
#define RB_BLACK 1

static inline void rb_set_parent_color(struct rb_node *node, struct rb_node *parent, int color)
{
	node->rb_parent = parent;
}

/* COMPUTE(object, exit) brings an object up to date; true if it was, and exit. */
#define RB_DECLARE_CALLBACKS(STATIC, NAME, STRUCT, NODE, FIELD, COMPUTE)	\
static void NAME##_propagate(struct rb_node *node, struct rb_node *stop)	\
{									\
	for (; node != stop; node = node->rb_parent)			\
		if (COMPUTE(rb_entry(node, STRUCT, NODE), true))		\
			return;						\
}									\
static void NAME##_copy(struct rb_node *old, struct rb_node *heir)	\
{									\
	rb_entry(heir, STRUCT, NODE)->FIELD = rb_entry(old, STRUCT, NODE)->FIELD; \
}									\
static void NAME##_rotate(struct rb_node *old, struct rb_node *heir)	\
{									\
	NAME##_copy(old, heir);						\
	COMPUTE(rb_entry(old, STRUCT, NODE), false);			\
}									\
STATIC const struct rb_augment_callbacks NAME = {			\
	NAME##_propagate, NAME##_copy, NAME##_rotate,			\
}

#endif
