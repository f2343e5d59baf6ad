// SPDX-License-Identifier: GPL-2.0-only
#include "payload.h"

#include <string.h>

#define STEP	0x9e3779b97f4a7c15u	/* odd, its bits spread: 2^64 / the golden ratio */

struct header {
	uint64_t sequence;
	uint32_t size;
	uint32_t checksum;
	uint64_t words[];
};

static uint64_t stir(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * STEP;
	return sum ^ sum >> 29;
}

static uint32_t fold(uint64_t sum)
{
	return sum ^ sum >> 32;
}

void payload_fill(void *body, uint32_t size, uint64_t sequence)
{
	struct header *header = body;
	uint32_t rest = size - sizeof(*header);
	uint64_t sum = stir(sequence, size);
	uint64_t word = sequence * STEP;
	uint32_t i;

	for (i = 0; i < rest / 8; i++, word += STEP) {
		header->words[i] = word;
		sum = stir(sum, word);
	}
	if (rest % 8) {
		word &= ~0ull >> (64 - rest % 8 * 8);
		memcpy(&header->words[i], &word, rest % 8);
		sum = stir(sum, word);
	}
	header->sequence = sequence;
	header->size = size;
	header->checksum = fold(sum);
}

static uint32_t checksum_of(const struct header *header, uint32_t size)
{
	uint32_t rest = size - sizeof(*header);
	uint64_t sum = stir(header->sequence, header->size);
	uint64_t word = 0;
	uint32_t i;

	for (i = 0; i < rest / 8; i++)
		sum = stir(sum, header->words[i]);
	if (rest % 8) {
		memcpy(&word, &header->words[i], rest % 8);
		sum = stir(sum, word);
	}
	return fold(sum);
}

const char *payload_check(const void *body, uint32_t size, size_t received, uint64_t sequence)
{
	const struct header *header = body;

	if (received != size)
		return "cut or grown";
	if (header->size != size || checksum_of(header, size) != header->checksum)
		return "corrupt";
	if (header->sequence == sequence)
		return NULL;
	return header->sequence > sequence ? "lost or reordered" : "doubled or reordered";
}

uint64_t payload_sequence(const void *body)
{
	return ((const struct header *)body)->sequence;
}
