// SPDX-License-Identifier: GPL-2.0-only
/* Unix seqpacket sockets, a pair that everybody inherits: one message is one packet. */
#include "../packets.h"
#include "../socket_room.h"

#include <sys/socket.h>

static int unix_seqpacket_open(struct channel *channel)
{
	return socket_open(channel, SOCK_SEQPACKET);
}

const struct mechanism mechanism_unix_seqpacket = {
	.name = "unix-seqpacket",
	.title = "Unix seqpacket",
	.about = "A pair of Unix seqpacket sockets, which keep messages apart: send(2) and "
		 "recv(2), which sleep in the kernel; batches by sendmmsg(2) and recvmmsg(2).",
	.open = unix_seqpacket_open,
	.close = socket_close,
	.send = packets_send,
	.receive = packets_receive,
	.send_batch = packets_send_batch,
	.receive_batch = packets_receive_batch,
};
