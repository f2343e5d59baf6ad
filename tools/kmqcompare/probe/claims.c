// SPDX-License-Identifier: GPL-2.0-only
/* The table of claims. */
#include "claim.h"

#include <string.h>

extern const struct claim claim_boundaries;
extern const struct claim claim_duplex;
extern const struct claim claim_order;
extern const struct claim claim_priority;
extern const struct claim claim_types;
extern const struct claim claim_too_long;
extern const struct claim claim_zero_length;
extern const struct claim claim_each_once;
extern const struct claim claim_message_limit;
extern const struct claim claim_capacity;
extern const struct claim claim_survives_creator;
extern const struct claim claim_persists;
extern const struct claim claim_cleaned;
extern const struct claim claim_removed;
extern const struct claim claim_visible;
extern const struct claim claim_unrelated;
extern const struct claim claim_ancestor;
extern const struct claim claim_permission;
extern const struct claim claim_identity;
extern const struct claim claim_passed;
extern const struct claim claim_mixed_doors;
extern const struct claim claim_full_blocks;
extern const struct claim claim_empty_blocks;
extern const struct claim claim_nonblocking;
extern const struct claim claim_deadline;
extern const struct claim claim_poll;
extern const struct claim claim_eof;
extern const struct claim claim_no_reader;
extern const struct claim claim_wakes_one;
extern const struct claim claim_lapped;
extern const struct claim claim_lost_update;
extern const struct claim claim_lock_saves;
extern const struct claim claim_counts;
extern const struct claim claim_anyone_posts;
extern const struct claim claim_deadlock;
extern const struct claim claim_lock_order;
extern const struct claim claim_holder_dies;
extern const struct claim claim_sender_dies;
extern const struct claim claim_receiver_dies;
extern const struct claim claim_charged;
extern const struct claim claim_quota;
extern const struct claim claim_copies;
extern const struct claim claim_syscalls;

const struct claim *const claims[] = {
	&claim_boundaries,
	&claim_duplex,
	&claim_order,
	&claim_priority,
	&claim_types,
	&claim_too_long,
	&claim_zero_length,
	&claim_each_once,
	&claim_message_limit,
	&claim_capacity,
	&claim_survives_creator,
	&claim_persists,
	&claim_cleaned,
	&claim_removed,
	&claim_visible,
	&claim_unrelated,
	&claim_ancestor,
	&claim_permission,
	&claim_identity,
	&claim_passed,
	&claim_mixed_doors,
	&claim_full_blocks,
	&claim_empty_blocks,
	&claim_nonblocking,
	&claim_deadline,
	&claim_poll,
	&claim_eof,
	&claim_no_reader,
	&claim_wakes_one,
	&claim_lapped,
	&claim_lost_update,
	&claim_lock_saves,
	&claim_counts,
	&claim_anyone_posts,
	&claim_deadlock,
	&claim_lock_order,
	&claim_holder_dies,
	&claim_sender_dies,
	&claim_receiver_dies,
	&claim_charged,
	&claim_quota,
	&claim_copies,
	&claim_syscalls,
	NULL
};

const struct claim *claim_find(const char *name)
{
	for (const struct claim *const *claim = claims; *claim; claim++)
		if (!strcmp((*claim)->name, name))
			return *claim;
	return NULL;
}
