// SPDX-License-Identifier: LGPL-2.1-or-later
/* Who keeps a queue, or sleeps in it. */
#include <errno.h>
#include <string.h>

#include "internal.h"

#define HOLDER(type, member) FIELD(type, kmq_nl_holder, member)

static const libkmq_nl_fields holder_fields = {
	[KMQ_A_HOLDER] = HOLDER(U32, holder),
	[KMQ_A_PID] = HOLDER(U32, pid),
	[KMQ_A_TID] = HOLDER(U32, tid),
	[KMQ_A_COMM] = HOLDER(STRING, comm),
	[KMQ_A_ACCESS] = HOLDER(U32, access),
	[KMQ_A_LEASES] = HOLDER(U32, leases),
	[KMQ_A_ATTACHMENT] = HOLDER(U32, attachment),
	[KMQ_A_SLEEP] = HOLDER(U32, sleep),
	[KMQ_A_SINCE] = HOLDER(U64, since),
};

struct audience {
	int (*each)(const struct kmq_nl_holder *holder, void *data);
	void *data;
};

int libkmq_nl_parse_holder(const struct nlmsghdr *header, struct kmq_nl_holder *holder)
{
	memset(holder, 0, sizeof(*holder));
	return libkmq_nl_parse(holder_fields, header, KMQ_NL_BIT(KMQ_A_HOLDER), holder);
}

static int take_each(const struct nlmsghdr *header, void *data)
{
	struct audience *audience = data;
	struct kmq_nl_holder holder;
	int error = libkmq_nl_parse_holder(header, &holder);

	if (error)
		return error;
	return audience->each(&holder, audience->data) ? ECANCELED : 0;
}

int kmq_nl_holders(struct kmq_nl *nl, const char *name, uint32_t id,
		   int (*each)(const struct kmq_nl_holder *holder, void *data), void *data)
{
	struct nl_msg *msg = libkmq_nl_request(nl, KMQ_CMD_HOLDER_GET, NLM_F_DUMP);
	struct audience audience = { each, data };

	return libkmq_nl_ask(nl, msg, libkmq_nl_put_name(msg, name, id), take_each, &audience);
}
