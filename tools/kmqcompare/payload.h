/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every message carries: a sequence number, its own length and a checksum
 * over all of it, so that a receiver can tell a lost, doubled, reordered, cut
 * or corrupt message from the right one.
 */
#ifndef KMQCOMPARE_PAYLOAD_H
#define KMQCOMPARE_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

#define PAYLOAD_MIN	16		/* bytes: the header alone */
#define PAYLOAD_MAX	(1u << 20)

/**
 * payload_fill() - make the message of this sequence number
 * @body: @size bytes, aligned to 8
 * @size: PAYLOAD_MIN to PAYLOAD_MAX
 */
void payload_fill(void *body, uint32_t size, uint64_t sequence);

/**
 * payload_check() - is this the message expected?
 * @body: @received bytes, aligned to 8
 * @size: of every message here
 * @received: what the mechanism returned as its length
 * @sequence: the one expected
 *
 * Reads every byte. Returns NULL if it is, else a word for what happened to it.
 */
const char *payload_check(const void *body, uint32_t size, size_t received, uint64_t sequence);

/* The sequence number that a message claims. */
uint64_t payload_sequence(const void *body);

#endif
