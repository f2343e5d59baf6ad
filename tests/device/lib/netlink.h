/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control plane as a client without a library sees it: messages built byte
 * by byte, so that they can be as wrong as a test likes.
 */
#ifndef KMQ_TEST_NETLINK_H
#define KMQ_TEST_NETLINK_H

#include <linux/genetlink.h>
#include <linux/kmq_netlink.h>
#include <linux/netlink.h>

#include "../kmq_test.h"

/* A socket, and what the kernel said of the last request that it refused. */
struct nl {
	int fd;
	unsigned int port;
	unsigned short family;
	unsigned int group;		/* of events */
	unsigned int sequence;
	char sentence[256];		/* "" if there was none */
	int attribute;			/* to blame; 0 if there was none */
	int missing;			/* attribute; 0 if there was none */
	bool refused_at_end;		/* of a dump, which names no attribute */
	unsigned int overruns;		/* times that nl_event() met ENOBUFS */
};

/* A request on its way. */
struct nl_request {
	struct nlmsghdr header;
	struct genlmsghdr command;
	char attributes[4096 - sizeof(struct nlmsghdr) - sizeof(struct genlmsghdr)];
} __attribute__((aligned(4)));

/* An answer, or an event, taken apart. */
struct nl_reply {
	int command;
	unsigned int flags;		/* of its nlmsghdr */
	unsigned short attributes[KMQ_A_MAX + 1]; /* where in @bytes; 0: not there */
	char bytes[4096] __attribute__((aligned(4)));
};

/* A dump, row by row, in a buffer that holds several. */
struct nl_dump {
	struct nl *nl;
	ssize_t left;
	char *next;
	bool interrupted;		/* NLM_F_DUMP_INTR was seen */
	int error;			/* of its end */
	char buffer[32768];
};

struct nl nl_open(void);
void nl_close(struct nl *nl);

void nl_begin(struct nl_request *request, struct nl *nl, int command, int flags);
void nl_put_bytes(struct nl_request *request, int type, const void *bytes, size_t size);
void nl_put_u32(struct nl_request *request, int type, __u32 value);
void nl_put_u64(struct nl_request *request, int type, __u64 value);
void nl_put_text(struct nl_request *request, int type, const char *text);

/* As ioctl: 0, or -1 and errno, with sentence and attribute in @nl. @reply NULL:
 * there is none, or nobody cares.
 */
int nl_transact(struct nl *nl, struct nl_request *request, struct nl_reply *reply);

/* -1 and errno if the request was refused. */
int nl_dump_start(struct nl_dump *dump, struct nl *nl, struct nl_request *request);
bool nl_dump_next(struct nl_dump *dump, struct nl_reply *row);

/* The next event; false: none came in time. */
bool nl_event(struct nl *nl, struct nl_reply *event, unsigned int ms);

bool nl_has(const struct nl_reply *reply, int attribute);
const struct nlattr *nl_attribute(const struct nl_reply *reply, int attribute);
__u64 nl_number(const struct nl_reply *reply, int attribute);
const char *nl_text(const struct nl_reply *reply, int attribute);

/* Short ways. Each is as nl_transact(). */
int nl_get(struct nl *nl, const char *name, struct nl_reply *reply);
int nl_new(struct nl *nl, const char *name);
int nl_del(struct nl *nl, const char *name);
int nl_set_u32(struct nl *nl, const char *name, int attribute, __u32 value);
int nl_subscribe(struct nl *nl, const char *pattern, __u32 events);
int nl_unsubscribe(struct nl *nl);

#define CHECK_TAKEN(nl, call)						\
	do {								\
		if ((call) < 0)						\
			FAIL("%s: %s, \"%s\", attribute %d", #call,	\
			     strerrorname_np(errno), (nl)->sentence,	\
			     (nl)->attribute);				\
	} while (0)

/* The errno, the sentence and the attribute of a refusal. */
#define CHECK_REFUSED(nl, call, code, why, whose)			\
	do {								\
		CHECK_ERRNO(call, code);				\
		if (strcmp((nl)->sentence, why))			\
			FAIL("said \"%s\", expected \"%s\"",		\
			     (nl)->sentence, why);			\
		CHECK_EQ((nl)->attribute,				\
			 (nl)->refused_at_end ? 0 : (whose));		\
	} while (0)

#endif /* KMQ_TEST_NETLINK_H */
