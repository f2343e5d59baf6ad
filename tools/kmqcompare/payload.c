// SPDX-License-Identifier: GPL-2.0-only
#include "payload.h"

#include <stdbool.h>
#include <string.h>

#define STEP	0x9e3779b97f4a7c15u	/* odd, its bits spread: 2^64 / the golden ratio */

struct header {
	uint32_t sequence;
	uint32_t checksum;
	uint64_t words[];
};

/* What the sum begins with: all that the words behind the header do not say. */
static uint64_t begin(uint64_t sequence, uint32_t size)
{
	return (sequence ^ (uint64_t)size << 40) * STEP;
}

/*
 * Two instructions a word. For whatever stands before and behind it, another word
 * makes another sum.
 */
static uint64_t sum_up(uint64_t sum, uint64_t word)
{
	return (sum << 5 | sum >> 59) + word;
}

static uint32_t fold(uint64_t sum)
{
	return (sum ^ sum >> 29) * STEP >> 32;
}

/* What is left of the last word in so many bytes. */
static uint64_t cut(uint64_t word, uint32_t bytes)
{
	return word & ~0ull >> (64 - bytes * 8);
}

void payload_fill(void *body, uint32_t size, uint64_t sequence)
{
	struct header *header = body;
	uint32_t rest = size - sizeof(*header);
	uint64_t sum = begin(sequence, size), word = sequence * STEP;
	uint32_t i;

	#pragma GCC unroll 4
	for (i = 0; i < rest / 8; i++) {
		word += STEP;
		header->words[i] = word;
		sum = sum_up(sum, word);
	}
	if (rest % 8) {
		word = cut(word + STEP, rest % 8);
		memcpy(&header->words[i], &word, rest % 8);
		sum = sum_up(sum, word);
	}
	header->sequence = sequence;
	header->checksum = fold(sum);
}

/* Whether it is the message of this sequence number. */
static bool is_whole(const struct header *header, uint32_t size, uint64_t sequence)
{
	uint32_t rest = size - sizeof(*header);
	uint64_t sum = begin(sequence, size), word = 0;
	uint32_t i;

	#pragma GCC unroll 4
	for (i = 0; i < rest / 8; i++)
		sum = sum_up(sum, header->words[i]);
	if (rest % 8) {
		memcpy(&word, &header->words[i], rest % 8);
		sum = sum_up(sum, word);
	}
	return header->sequence == (uint32_t)sequence && header->checksum == fold(sum);
}

/* A message that is not the one expected: another one, or none at all. */
static const char *misfit(const struct header *header, uint32_t size, uint64_t sequence)
{
	/* Of all that end in these 32 bits, the one next to what was expected. */
	int32_t distance = header->sequence - (uint32_t)sequence;

	if (!distance || !is_whole(header, size, sequence + distance))
		return "corrupt";
	return distance > 0 ? "lost or reordered" : "doubled or reordered";
}

const char *payload_check(const void *body, uint32_t size, size_t received, uint64_t sequence)
{
	if (received != size)
		return "cut or grown";
	return is_whole(body, size, sequence) ? NULL : misfit(body, size, sequence);
}

uint32_t payload_sequence(const void *body)
{
	return ((const struct header *)body)->sequence;
}
