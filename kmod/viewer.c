// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rights in the control plane. A request runs in its sender's system call, but
 * a dump goes on in the calls of whoever reads, and an event is sent by a worker:
 * so who asked is taken down once, and never looked up as `current` again.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/pid_namespace.h>
#include <linux/user_namespace.h>
#include <net/sock.h>

#include "viewer.h"

/**
 * kmq_request_capable() - may the sender of a request do that?
 * @request: whose sender is `current`
 * @capability: in the initial user namespace
 *
 * netlink_capable() lets the opener of the socket off where the message has an
 * address; here he has to have it in any case.
 *
 * Context: does not sleep.
 */
bool kmq_request_capable(struct sk_buff *request, int capability)
{
	const struct file *file = NETLINK_CB(request).sk->sk_socket->file;

	return netlink_capable(request, capability) &&
	       file_ns_capable(file, &init_user_ns, capability);
}

/**
 * kmq_viewer_get() - who sent a request
 * @viewer: out: for kmq_viewer_put(); privileged only if it is asked about
 * @request: whose sender is `current`
 *
 * Context: does not sleep.
 */
void kmq_viewer_get(struct kmq_viewer *viewer, struct sk_buff *request)
{
	struct file *file = NETLINK_CB(request).sk->sk_socket->file;

	/*
	 * References, since subscriptions and dumps outlive the request. The
	 * socket has its file: this is its sendmsg().
	 */
	viewer->sender = get_current_cred();
	viewer->opener = get_cred(file->f_cred);
	viewer->users = viewer->sender->user_ns;
	viewer->pids = get_pid_ns(task_active_pid_ns(current));
	viewer->privileged = false;
}

/**
 * kmq_viewer_ask() - is he privileged?
 * @viewer: of the request
 * @request: whose sender is `current`
 *
 * To ask marks a process as one that has used the privilege, and without it is
 * put on record: so not where it is decided without.
 *
 * Context: does not sleep.
 */
bool kmq_viewer_ask(struct kmq_viewer *viewer, struct sk_buff *request)
{
	viewer->privileged = kmq_request_capable(request, CAP_SYS_ADMIN);
	return viewer->privileged;
}

/* Another for kmq_viewer_put(). Does not sleep. */
void kmq_viewer_copy(struct kmq_viewer *to, const struct kmq_viewer *from)
{
	to->sender = get_cred(from->sender);
	to->opener = get_cred(from->opener);
	to->users = to->sender->user_ns;
	to->pids = get_pid_ns(from->pids);
	to->privileged = from->privileged;
}

/* Does not sleep. */
void kmq_viewer_put(struct kmq_viewer *viewer)
{
	put_cred(viewer->sender);
	put_cred(viewer->opener);
	put_pid_ns(viewer->pids);
}

/* The kernel's own search is for its own code only. They are sorted. */
static bool kmq_cred_is_in(const struct cred *cred, kgid_t gid)
{
	const struct group_info *groups = cred->group_info;
	int low = 0, high = groups->ngroups;

	if (gid_eq(gid, cred->fsgid))
		return true;
	while (low < high) {
		int middle = low + (high - low) / 2;

		if (gid_eq(gid, groups->gid[middle]))
			return true;
		if (gid_gt(gid, groups->gid[middle]))
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool kmq_cred_sees(const struct cred *cred,
			  const struct kmq_subject *subject)
{
	if (uid_eq(cred->fsuid, subject->uid))
		return true;
	if (kmq_cred_is_in(cred, subject->gid))
		return subject->mode & 0040;
	return subject->mode & 0004;
}

/* Does not sleep. */
bool kmq_viewer_sees(const struct kmq_viewer *viewer,
		     const struct kmq_subject *subject)
{
	if (viewer->privileged)
		return true;
	return kmq_cred_sees(viewer->sender, subject) &&
	       kmq_cred_sees(viewer->opener, subject);
}

/* Is it the user himself? Privilege is not asked about. Does not sleep. */
bool kmq_viewer_owns(const struct kmq_viewer *viewer, kuid_t uid)
{
	return uid_eq(viewer->sender->fsuid, uid) &&
	       uid_eq(viewer->opener->fsuid, uid);
}

/* Does not sleep. */
bool kmq_viewer_is_in(const struct kmq_viewer *viewer, kgid_t gid)
{
	return kmq_cred_is_in(viewer->sender, gid) &&
	       kmq_cred_is_in(viewer->opener, gid);
}

u32 kmq_viewer_uid(const struct kmq_viewer *viewer, kuid_t uid)
{
	return from_kuid_munged(viewer->users, uid);
}

u32 kmq_viewer_gid(const struct kmq_viewer *viewer, kgid_t gid)
{
	return from_kgid_munged(viewer->users, gid);
}

/* 0: there is none, or none that he may know. */
u32 kmq_viewer_pid(const struct kmq_viewer *viewer, struct pid *pid)
{
	return pid_nr_ns(pid, viewer->pids);
}

/**
 * kmq_pattern_matches() - '*' for any run of characters, '?' for any one
 * @pattern: NUL-terminated; empty: matches all
 * @text: NUL-terminated
 *
 * Where a star was wrong the last one takes one character more: never more steps
 * than the product of the two lengths.
 */
bool kmq_pattern_matches(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	if (!*pattern)
		return true;
	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}
