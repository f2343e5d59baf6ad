// SPDX-License-Identifier: GPL-2.0-only
#include <linux/rbtree.h>
#include <stdlib.h>

struct rb_node *rb_first(const struct rb_root *root)
{
	struct rb_node *node = root->rb_node;

	while (node && node->rb_left)
		node = node->rb_left;
	return node;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	struct rb_root right = { node->rb_right };

	if (node->rb_right)
		return rb_first(&right);
	while (node->rb_parent && node == node->rb_parent->rb_right)
		node = node->rb_parent;
	return node->rb_parent;
}

void rb_link_node(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	*node = (struct rb_node){ .rb_parent = parent };
	*link = node;
}

static struct rb_node **link_of(const struct rb_node *node, struct rb_root *root)
{
	struct rb_node *parent = node->rb_parent;

	if (!parent)
		return &root->rb_node;
	return parent->rb_left == node ? &parent->rb_left : &parent->rb_right;
}

static void set_parent(struct rb_node *node, struct rb_node *parent)
{
	if (node)
		node->rb_parent = parent;
}

void rb_replace_node(struct rb_node *old, struct rb_node *heir, struct rb_root *root)
{
	*heir = *old;
	*link_of(old, root) = heir;
	set_parent(heir->rb_left, heir);
	set_parent(heir->rb_right, heir);
}

/* @child, a child of @node, rises above it. */
static void rotate(struct rb_node *node, struct rb_node *child, struct rb_root *root,
		   const struct rb_augment_callbacks *augment)
{
	*link_of(node, root) = child;
	child->rb_parent = node->rb_parent;
	node->rb_parent = child;
	if (node->rb_left == child) {
		node->rb_left = child->rb_right;
		set_parent(node->rb_left, node);
		child->rb_right = node;
	} else {
		node->rb_right = child->rb_left;
		set_parent(node->rb_right, node);
		child->rb_left = node;
	}
	augment->rotate(node, child);
}

void rb_insert_augmented(struct rb_node *node, struct rb_root *root,
			 const struct rb_augment_callbacks *augment)
{
	while (node->rb_parent && rand() % 2)
		rotate(node->rb_parent, node, root, augment);
}

/* A node with two children sinks until it has at most one. */
void rb_erase_augmented(struct rb_node *node, struct rb_root *root,
			const struct rb_augment_callbacks *augment)
{
	struct rb_node *child;

	while (node->rb_left && node->rb_right)
		rotate(node, rand() % 2 ? node->rb_left : node->rb_right, root, augment);
	child = node->rb_left ? node->rb_left : node->rb_right;
	*link_of(node, root) = child;
	set_parent(child, node->rb_parent);
	augment->propagate(node->rb_parent, NULL);
}
