/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every message carries, so that a receiver can tell a lost, doubled,
 * reordered, cut or corrupt message from the right one: a header of 8 bytes, the
 * lower half of its 64-bit sequence number and a checksum of the whole number, of
 * the size, and of all that is behind the header.
 */
#ifndef KMQCOMPARE_PAYLOAD_H
#define KMQCOMPARE_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

#define PAYLOAD_MIN	8		/* bytes: the header alone */
#define PAYLOAD_MAX	(1u << 20)

/*
 * Where several processes send, the sequence number says who: it has 4 bits for
 * the sender and 28 for the number of the message, and fits the header whole.
 */
#define PAYLOAD_NUMBER_BITS	28

static inline uint64_t payload_sequence_of(unsigned int sender, uint32_t number)
{
	return (uint64_t)sender << PAYLOAD_NUMBER_BITS | number;
}

static inline unsigned int payload_sender(uint64_t sequence)
{
	return sequence >> PAYLOAD_NUMBER_BITS;
}

static inline uint32_t payload_number(uint64_t sequence)
{
	return sequence & ((1u << PAYLOAD_NUMBER_BITS) - 1);
}

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

/*
 * The lower 32 bits of the sequence number that a message claims. That it is the
 * one it was made with, payload_check() of it finds.
 */
uint32_t payload_sequence(const void *body);

#endif
