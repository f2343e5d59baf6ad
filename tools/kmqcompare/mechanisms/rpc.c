// SPDX-License-Identifier: GPL-2.0-only
/*
 * Request and answer by remote procedure call: ONC RPC (libtirpc) over a TCP
 * connection to ourselves, without rpcbind(8). The body is XDR's opaque array in both
 * directions, so its length travels; the library puts request number, program,
 * version, procedure and record marks around it and matches answers to requests.
 *
 * The library makes the system calls. What is counted is what strace(1) shows of
 * libtirpc 1.3 for bodies up to 64 KiB, in both directions: a call blocks and restores
 * all signals, writes, polls and reads; a request is polled for here and by the
 * library, and read; an answer is a write. A longer body goes in several pieces, of which
 * each is a write more here and a poll and a read more there: these are not counted.
 *
 * Each message is copied four times: into the library's buffer, into the kernel, and
 * the same back.
 */
#include "../loopback.h"
#include "../mechanism.h"
#include "../stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <rpc/rpc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROGRAM		0x20006b71	/* of those that are for everybody's own use */
#define VERSION		1
#define PROCEDURE	1
#define RECORD_ROOM	1024		/* what RPC puts around a body, and more */
#define CALL_SECONDS	3600

#define CALL_SYSCALLS		5
#define TAKE_SYSCALLS		3
#define ANSWER_SYSCALLS		1

/* A body as XDR sees it; decoding writes to @bytes, which has @room. */
struct body {
	char *bytes;
	u_int size;
	u_int room;
};

/* One process's; the dispatcher is given no argument of ours, so the server's is static. */
struct rpc {
	CLIENT *client;
	SVCXPRT *service;
};

static struct {
	struct body *wanted;	/* where the next request goes; NULL: it has come */
	bool failed;
} server;

static bool_t xdr_body(XDR *xdr, struct body *body)
{
	return xdr_bytes(xdr, &body->bytes, &body->size, body->room);
}

/* Called by the library with each request. The answer is sent later, by onc_answer(). */
static void dispatch(struct svc_req *request, SVCXPRT *service)
{
	if (request->rq_proc != PROCEDURE || !server.wanted ||
	    !svc_getargs(service, (xdrproc_t)xdr_body, (caddr_t)server.wanted)) {
		server.failed = true;
		svcerr_decode(service);
	}
	server.wanted = NULL;
}

static int onc_open(struct channel *channel)
{
	channel->state = calloc(1, sizeof(struct rpc));
	if (!channel->state)
		return -1;
	if (loopback_open(channel->fd, 0)) {
		free(channel->state);
		return channel_refuse(channel, "no connection over 127.0.0.1");
	}
	channel->capacity = 1;
	return 0;
}

static void onc_close(struct channel *channel)
{
	close(channel->fd[0]);
	close(channel->fd[1]);
	free(channel->state);
}

static u_int record_size(const struct channel *channel)
{
	return (channel->size + RECORD_ROOM + 3) / 4 * 4;
}

static int become_client(struct channel *channel)
{
	struct rpc *rpc = channel->state;
	struct sockaddr_in address;
	socklen_t length = sizeof(address);
	struct netbuf server_address = { .buf = &address, .maxlen = length, .len = length };

	if (getpeername(channel->fd[1], (struct sockaddr *)&address, &length))
		return -1;
	rpc->client = clnt_vc_create(channel->fd[1], &server_address, PROGRAM, VERSION,
				     record_size(channel), record_size(channel));
	return rpc->client ? 0 : channel_refuse(channel, "clnt_vc_create failed");
}

static int become_server(struct channel *channel)
{
	struct rpc *rpc = channel->state;

	rpc->service = svc_fd_create(channel->fd[0], record_size(channel), record_size(channel));
	if (!rpc->service)
		return channel_refuse(channel, "svc_fd_create failed");
	/* No netconfig: it is not told to rpcbind. */
	if (!svc_reg(rpc->service, PROGRAM, VERSION, dispatch, NULL))
		return channel_refuse(channel, "svc_reg failed");
	return 0;
}

static int onc_attach(struct channel *channel, enum side side, unsigned int nth)
{
	(void)nth;
	if (side != SIDE_RECEIVER && become_client(channel))
		return -1;
	return side != SIDE_SENDER ? become_server(channel) : 0;
}

static ssize_t onc_call(struct channel *channel, void *request, uint32_t size, void *answer,
			uint32_t room)
{
	const struct timeval limit = { .tv_sec = CALL_SECONDS };
	struct rpc *rpc = channel->state;
	struct body out = { .bytes = request, .size = size, .room = size };
	struct body in = { .bytes = answer, .room = room };
	enum clnt_stat status = clnt_call(rpc->client, PROCEDURE, (xdrproc_t)xdr_body,
					  (caddr_t)&out, (xdrproc_t)xdr_body, (caddr_t)&in, limit);

	channel->syscalls += CALL_SYSCALLS;
	if (status != RPC_SUCCESS) {
		errno = EPROTO;
		return -1;
	}
	COPIED(channel, 2 * (size + in.size));
	return in.size;
}

/* Waits here: the library itself gives a silent connection up after 35 seconds. */
static int await_request(struct channel *channel)
{
	struct pollfd readable = { .fd = channel->fd[0], .events = POLLIN };
	int ready;

	do
		ready = poll(&readable, 1, -1);
	while (ready < 0 && errno == EINTR);
	return ready < 0 ? -1 : 0;
}

static ssize_t onc_take_request(struct channel *channel, void *request, uint32_t room)
{
	struct body in = { .bytes = request, .room = room };

	if (await_request(channel))
		return -1;
	server.wanted = &in;
	server.failed = false;
	svc_getreq_common(channel->fd[0]);
	channel->syscalls += TAKE_SYSCALLS;
	if (server.wanted || server.failed) {
		errno = EPROTO;
		return -1;
	}
	COPIED(channel, 2 * in.size);
	return in.size;
}

static int onc_answer(struct channel *channel, void *answer, uint32_t size)
{
	struct rpc *rpc = channel->state;
	struct body out = { .bytes = answer, .size = size, .room = size };

	channel->syscalls += ANSWER_SYSCALLS;
	if (!svc_sendreply(rpc->service, (xdrproc_t)xdr_body, (caddr_t)&out)) {
		errno = EPROTO;
		return -1;
	}
	COPIED(channel, 2 * size);
	return 0;
}

static const char *onc_unavailable(void)
{
	int ends[2];

	if (loopback_open(ends, 0))
		return "no connection over 127.0.0.1";
	close(ends[0]);
	close(ends[1]);
	return NULL;
}

const struct mechanism mechanism_rpc = {
	.name = "rpc",
	.title = "RPC over TCP",
	.about = "Request and answer by ONC RPC (libtirpc) over a TCP connection to 127.0.0.1: "
		 "the library encodes by XDR, numbers and matches, and sleeps in poll(2). Its "
		 "system calls are counted as strace(1) shows them for a body that comes in "
		 "one piece.",
	.traits = MECHANISM_CALLS,
	.unavailable = onc_unavailable,
	.unfit = stream_unfit,
	.open = onc_open,
	.attach = onc_attach,
	.close = onc_close,
	.call = onc_call,
	.take_request = onc_take_request,
	.answer = onc_answer,
};
