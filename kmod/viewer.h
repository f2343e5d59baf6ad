/* SPDX-License-Identifier: GPL-2.0-only */
/* Who asks the control plane, or listens to it, and what he may see. */
#ifndef _KMQ_VIEWER_H
#define _KMQ_VIEWER_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct cred;
struct kmq_queue;
struct pid;
struct pid_namespace;
struct sk_buff;
struct user_namespace;

/**
 * struct kmq_viewer - a user, and where ids are translated to
 * @sender: of the message
 * @opener: of the socket, who must be allowed what @sender is: a socket that is
 *	handed to a program with more rights gains nothing by that
 * @users: user ids are of this namespace
 * @pids: process ids are of this namespace
 * @privileged: CAP_SYS_ADMIN, both of them; by kmq_viewer_ask()
 */
struct kmq_viewer {
	const struct cred *sender;
	const struct cred *opener;
	struct user_namespace *users;
	struct pid_namespace *pids;
	bool privileged;
};

/**
 * struct kmq_subject - what decides who may see something
 * @uid: owner
 * @gid: group
 * @mode: permission bits; for what has no name the owner's alone
 */
struct kmq_subject {
	kuid_t uid;
	kgid_t gid;
	u32 mode;
};

bool kmq_request_capable(struct sk_buff *request, int capability);
void kmq_viewer_get(struct kmq_viewer *viewer, struct sk_buff *request);
bool kmq_viewer_ask(struct kmq_viewer *viewer, struct sk_buff *request);
void kmq_viewer_copy(struct kmq_viewer *to, const struct kmq_viewer *from);
void kmq_viewer_put(struct kmq_viewer *viewer);

bool kmq_viewer_sees(const struct kmq_viewer *viewer,
		     const struct kmq_subject *subject);
bool kmq_viewer_owns(const struct kmq_viewer *viewer, kuid_t uid);
bool kmq_viewer_is_in(const struct kmq_viewer *viewer, kgid_t gid);

u32 kmq_viewer_uid(const struct kmq_viewer *viewer, kuid_t uid);
u32 kmq_viewer_gid(const struct kmq_viewer *viewer, kgid_t gid);
u32 kmq_viewer_pid(const struct kmq_viewer *viewer, struct pid *pid);

bool kmq_pattern_matches(const char *pattern, const char *text);

#endif /* _KMQ_VIEWER_H */
