/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A search tree with the interface of the kernel's rbtree. It is not balanced;
 * instead every insertion is followed by random rotations, so that whoever
 * augments it meets far more of them than in a tree that is.
 */
#ifndef SHIM_LINUX_RBTREE_H
#define SHIM_LINUX_RBTREE_H

#include <linux/types.h>

struct rb_node {
	struct rb_node *rb_parent;
	struct rb_node *rb_left;
	struct rb_node *rb_right;
};

struct rb_root {
	struct rb_node *rb_node;
};

struct rb_augment_callbacks {
	void (*propagate)(struct rb_node *node, struct rb_node *stop);
	void (*copy)(struct rb_node *old, struct rb_node *heir);
	void (*rotate)(struct rb_node *old, struct rb_node *heir);
};

#define RB_ROOT ((struct rb_root){ NULL })
#define RB_EMPTY_ROOT(root) (!(root)->rb_node)
#define rb_parent(node) ((node)->rb_parent)
#define rb_entry(ptr, type, member) container_of(ptr, type, member)

struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link);
void rb_replace_node(struct rb_node *old, struct rb_node *heir, struct rb_root *root);
void rb_insert_augmented(struct rb_node *node, struct rb_root *root,
			 const struct rb_augment_callbacks *augment);
void rb_erase_augmented(struct rb_node *node, struct rb_root *root,
			const struct rb_augment_callbacks *augment);

#endif
