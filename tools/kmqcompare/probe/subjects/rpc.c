// SPDX-License-Identifier: GPL-2.0-only
/*
 * Remote procedure call: ONC RPC by libtirpc over TCP to 127.0.0.1, without
 * rpcbind(8): the port is ids[0]. A send is clnt_call(3), which sleeps until it is
 * answered; a receive has the library dispatch one request, and answers it at once,
 * by nothing. The body is XDR's opaque array.
 *
 * A client that goes away is no request: the library closes its connection, and the
 * server goes on waiting. The server cannot call its clients.
 */
#include "connections.h"
#include "ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <rpc/rpc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM		0x20006b72	/* of those that are for everybody's own use */
#define VERSION		1
#define PROCEDURE	1
#define EVER_SECONDS	1000000
#define RECORD_ROOM	256		/* what RPC puts before a body, and more */

/* end->state: what the library made of our descriptors. */
struct rpc {
	CLIENT *client;
	SVCXPRT *service[END_FDS];
};

/* A body as XDR sees it; decoding refuses one above @room. */
struct body {
	char *bytes;
	u_int size;
	u_int room;
};

/* What the dispatcher did; it is given no argument of ours. */
static struct {
	struct body *wanted;
	bool came;
	bool refused;
	const char *did;
} request;

static bool_t xdr_body(XDR *xdr, struct body *body)
{
	return xdr_bytes(xdr, &body->bytes, &body->size, body->room);
}

static bool_t xdr_nothing(XDR *xdr, void *none)
{
	return TRUE;
}

static void dispatch(struct svc_req *call, SVCXPRT *service)
{
	if (call->rq_proc != PROCEDURE) {
		svcerr_noproc(service);
		return;
	}
	if (!svc_getargs(service, (xdrproc_t)xdr_body, (caddr_t)request.wanted)) {
		request.refused = true;
		request.did = "svcerr_decode(): the body does not fit";
		svcerr_decode(service);
		return;
	}
	request.came = true;
	request.did = "svc_sendreply()";
	svc_sendreply(service, (xdrproc_t)xdr_nothing, NULL);
}

static struct rpc *rpc_of(struct end *end)
{
	if (!end->state)
		end->state = calloc(1, sizeof(struct rpc));
	return end->state;
}

static int rpc_create(struct end *end, struct object *object)
{
	struct sockaddr_in address = loopback_address(0);

	if (connections_listen(end, object, SOCK_STREAM, (struct sockaddr *)&address,
			       sizeof(address), "127.0.0.1:0"))
		return -1;
	object->ids[0] = port_of(end->fd[LISTENER]);
	end_says(end, "getsockname(%d): port %d", end->fd[LISTENER], object->ids[0]);
	return 0;
}

static int rpc_attach(struct end *end, struct object *object, enum way way)
{
	struct sockaddr_in address = loopback_address(object->ids[0]);
	char name[32];

	snprintf(name, sizeof(name), "127.0.0.1:%d", object->ids[0]);
	return connections_join(end, object, SOCK_STREAM, (struct sockaddr *)&address,
				sizeof(address), name);
}

/* The library closes the connections that it knows. */
static void rpc_detach(struct end *end)
{
	struct rpc *rpc = end->state;

	for (int i = 0; rpc && i < END_FDS; i++) {
		if (!rpc->service[i])
			continue;
		svc_destroy(rpc->service[i]);
		end->fd[i] = -1;
	}
	if (rpc && rpc->client)
		clnt_destroy(rpc->client);
	end_close(end);
}

static CLIENT *client_of(struct end *end)
{
	struct sockaddr_in address = loopback_address(end->object->ids[0]);
	struct netbuf server = { .buf = &address, .maxlen = sizeof(address),
				 .len = sizeof(address) };
	struct rpc *rpc = rpc_of(end);

	if (rpc && !rpc->client)
		rpc->client = clnt_vc_create(end->fd[CONNECTIONS], &server, PROGRAM, VERSION, 0, 0);
	if (rpc && rpc->client)
		return rpc->client;
	errno = rpc_createerr.cf_error.re_errno ? rpc_createerr.cf_error.re_errno : EPROTO;
	return NULL;
}

static int errno_of(CLIENT *client, enum clnt_stat status)
{
	struct rpc_err error = { 0 };

	clnt_geterr(client, &error);
	switch (status) {
	case RPC_TIMEDOUT:
		return ETIMEDOUT;
	case RPC_CANTDECODEARGS:
		return EMSGSIZE;
	case RPC_CANTSEND:
	case RPC_CANTRECV:
		return error.re_errno ? error.re_errno : ECONNRESET;
	default:
		return EPROTO;
	}
}

static bool is_server(const struct end *end)
{
	return end->fd[LISTENER] >= 0;
}

static int make_call(struct end *end, CLIENT *client, const struct parcel *parcel)
{
	struct body body = { .bytes = parcel->body, .size = parcel->size, .room = parcel->size };
	struct timeval limit = { .tv_sec = EVER_SECONDS };
	enum clnt_stat status;

	if (parcel->patience == PATIENCE_DEADLINE)
		limit = (struct timeval){ .tv_sec = parcel->wait_ms / 1000,
					  .tv_usec = parcel->wait_ms % 1000 * 1000 };
	end_says(end, "clnt_call(%zu bytes%s)", parcel->size,
		 parcel->patience == PATIENCE_DEADLINE ? ", time limit" : "");
	status = clnt_call(client, PROCEDURE, (xdrproc_t)xdr_body, (caddr_t)&body,
			   (xdrproc_t)xdr_nothing, NULL, limit);
	if (status == RPC_SUCCESS)
		return 0;
	end_says(end, "(%s)", clnt_sperrno(status));
	errno = errno_of(client, status);
	return -1;
}

static ssize_t rpc_send(struct end *end, struct parcel *parcel)
{
	CLIENT *client;

	if (is_server(end)) {
		end_says(end, "(a server cannot call its clients)");
		errno = EOPNOTSUPP;
		return -1;
	}
	if (parcel->patience == PATIENCE_NONE)
		return end_has_no(end, "a call waits for its answer");
	client = client_of(end);
	if (!client)
		return -1;
	return make_call(end, client, parcel) ? -1 : (ssize_t)parcel->size;
}

/* The whole record as clnt_call(3) writes it; NULL/errno. To be freed. */
static char *encode_call(const struct parcel *parcel, size_t *size)
{
	struct body body = { .bytes = parcel->body, .size = parcel->size, .room = parcel->size };
	struct rpc_msg message = { .rm_xid = 1, .rm_direction = CALL };
	size_t room = RECORD_ROOM + parcel->size;
	char *record = calloc(1, room);
	uint32_t mark;
	XDR xdr;

	if (!record)
		return NULL;
	message.rm_call.cb_rpcvers = RPC_MSG_VERSION;
	message.rm_call.cb_prog = PROGRAM;
	message.rm_call.cb_vers = VERSION;
	message.rm_call.cb_proc = PROCEDURE;
	xdrmem_create(&xdr, record + sizeof(mark), room - sizeof(mark), XDR_ENCODE);
	xdr_callmsg(&xdr, &message);
	xdr_body(&xdr, &body);
	*size = sizeof(mark) + xdr_getpos(&xdr);
	mark = htonl(0x80000000u | xdr_getpos(&xdr));
	memcpy(record, &mark, sizeof(mark));
	return record;
}

static ssize_t rpc_half_send(struct end *end, struct parcel *parcel)
{
	struct parcel record = *parcel;
	ssize_t written;

	record.body = encode_call(parcel, &record.size);
	if (!record.body)
		return -1;
	written = descriptor_write_half(end, end->fd[CONNECTIONS], &record);
	free(record.body);
	return written;
}

static SVCXPRT *service_of(struct end *end, int place)
{
	struct rpc *rpc = rpc_of(end);

	if (!rpc || rpc->service[place])
		return rpc ? rpc->service[place] : NULL;
	rpc->service[place] = svc_fd_create(end->fd[place], 0, 0);
	/* No netconfig: it is not told to rpcbind. */
	if (rpc->service[place])
		svc_reg(rpc->service[place], PROGRAM, VERSION, dispatch, NULL);
	return rpc->service[place];
}

/* The library has closed a connection that ended. */
static void forget_closed(struct end *end, int place)
{
	struct rpc *rpc = end->state;

	if (fcntl(end->fd[place], F_GETFD) >= 0)
		return;
	end->fd[place] = -1;
	rpc->service[place] = NULL;
}

/* Whatever came on that connection: 0: no request, 1: one, -1/errno. */
static int dispatch_one(struct end *end, int place, struct parcel *parcel)
{
	struct body body = { .bytes = parcel->body, .room = parcel->size };

	if (!service_of(end, place))
		return -1;
	request.wanted = &body;
	request.came = false;
	request.refused = false;
	request.did = "(no request)";
	svc_getreq_common(end->fd[place]);
	end_says(end, "%s", request.did);
	forget_closed(end, place);
	parcel->full_size = body.size;
	errno = EMSGSIZE;
	return request.refused ? -1 : request.came;
}

static ssize_t rpc_receive(struct end *end, struct parcel *parcel)
{
	int came = 0;
	int *fd;

	parcel_from_nobody(parcel);
	while (!came) {
		fd = connections_ready(end, parcel);
		if (!fd)
			return -1;
		end_says(end, "svc_getreq_common(%d)", *fd);
		came = dispatch_one(end, fd - end->fd, parcel);
	}
	return came < 0 ? -1 : (ssize_t)parcel->full_size;
}

const struct subject subject_rpc = {
	.mechanism = "rpc",
	.traits = SUBJECT_TO_CREATOR,
	.unavailable = loopback_unavailable,
	.create = rpc_create,
	.attach = rpc_attach,
	.borrow = connections_borrow,
	.adopt = descriptors_adopt,
	.detach = rpc_detach,
	.seen = port_seen,
	.send = rpc_send,
	.receive = rpc_receive,
	.poll_fd = connections_poll_fd,
	.half_send = rpc_half_send,
};
