/* SPDX-License-Identifier: GPL-2.0-only */
/* TCP to ourselves. */
#ifndef KMQCOMPARE_LOOPBACK_H
#define KMQCOMPARE_LOOPBACK_H

/*
 * Makes a connection over 127.0.0.1, by listen, connect and accept; nothing waits to
 * fill a packet (TCP_NODELAY). @ends: out: 0 accepted it, 1 connected.
 * @send_buffer: bytes for SO_SNDBUF of both ends; 0: as the system gives.
 * 0, or -1/errno.
 */
int loopback_open(int ends[2], int send_buffer);

#endif
