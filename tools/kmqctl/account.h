/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of users and groups, JSON strings to be put; the number for one without.
 * Who has one does not change it: others may have it, too.
 */
#ifndef KMQCTL_ACCOUNT_H
#define KMQCTL_ACCOUNT_H

#include <sys/types.h>

struct json_object *account_user(uid_t uid);
struct json_object *account_group(gid_t gid);

#endif
