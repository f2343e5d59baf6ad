/* SPDX-License-Identifier: GPL-2.0-only */
/* What a queue may be, for whoever wants one: the same at every door. */
#ifndef _KMQ_CREATE_H
#define _KMQ_CREATE_H

#include <linux/types.h>
#include <linux/kmq.h>

#define KMQ_CONTROL_NAME "control"

/**
 * struct kmq_fault - why something was refused
 * @attribute: KMQ_A_* that is to blame; 0: none, or one that netlink has not
 * @sentence: for people; NULL: there is none
 */
struct kmq_fault {
	u16 attribute;
	const char *sentence;
};

/* To be returned by who refuses. Does not sleep. */
static inline int kmq_refuse(struct kmq_fault *fault, u16 attribute,
			     const char *sentence, int err)
{
	fault->attribute = attribute;
	fault->sentence = sentence;
	return err;
}

bool kmq_name_terminated(const char name[KMQ_NAME_SIZE]);
bool kmq_name_valid(const char *name);
int kmq_create_check(struct kmq_create *create, struct kmq_fault *fault);
int kmq_create_check_keyed(struct kmq_create *create);

#endif /* _KMQ_CREATE_H */
