// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bodies that tell whose they are. A body is made of words of 8 bytes, little
 * end first, the last of them cut where the body ends:
 *
 *	bits 0-15 seed, 16-32 number of the word, 33-53 size of the body, 54-63 check
 *
 * So what a receiver got can be told apart into pieces without knowing what was
 * sent: two messages glued, the first half of one, the rest of one.
 */
#include "puppet.h"

#include <endian.h>
#include <string.h>

#define WORD		8
#define INDEX_SHIFT	16
#define SIZE_SHIFT	33
#define CHECK_SHIFT	54
#define INDEX_MAX	((1u << 17) - 1)
#define SIZE_MASK	((1u << 21) - 1)
/* Of a piece shorter than a word these bytes alone tell nothing of the size. */
#define SIZELESS	4

_Static_assert(PARCEL_MAX / WORD <= INDEX_MAX + 1, "the number of a word has its bits");

static uint64_t word_at(uint32_t seed, size_t index, size_t size)
{
	uint64_t word = (seed & SEED_MAX) | (uint64_t)index << INDEX_SHIFT |
			(uint64_t)size << SIZE_SHIFT;
	uint64_t check = (word * 0x9e3779b97f4a7c15u) >> CHECK_SHIFT;

	return htole64(word | check << CHECK_SHIFT);
}

void parcel_fill(void *body, size_t size, uint32_t seed)
{
	for (size_t at = 0; at < size; at += WORD) {
		uint64_t word = word_at(seed, at / WORD, size);

		memcpy((char *)body + at, &word, size - at < WORD ? size - at : WORD);
	}
}

static bool is_word(const char *bytes, size_t size, uint32_t seed, size_t index, size_t body_size)
{
	uint64_t word = word_at(seed, index, body_size);

	return !memcmp(bytes, &word, size < WORD ? size : WORD);
}

/* How much of @bytes goes on as the body that @piece begins. */
static size_t run_of(const char *bytes, size_t size, const struct piece *piece)
{
	size_t rest = piece->body_size - piece->offset;
	size_t length = 0;

	while (length < size && length < rest) {
		size_t most = size - length < rest - length ? size - length : rest - length;

		if (!is_word(bytes + length, most, piece->seed, (piece->offset + length) / WORD,
			     piece->body_size))
			break;
		length += most < WORD ? most : WORD;
	}
	return length;
}

/* A body shorter than a word, or the first bytes of a longer one. */
static bool short_piece(const char *bytes, size_t size, struct piece *piece)
{
	uint64_t word = 0;
	size_t known = size < SIZELESS ? size : SIZELESS;

	memcpy(&word, bytes, size);
	piece->seed = le64toh(word) & SEED_MAX;
	piece->offset = 0;
	piece->size = size;
	piece->body_size = size > SIZELESS && is_word(bytes, size, piece->seed, 0, size) ? size : 0;
	return piece->seed && size > 1 && is_word(bytes, known, piece->seed, 0, 0);
}

/* The piece that begins at @bytes. False: these are nobody's. */
static bool piece_at(const char *bytes, size_t size, struct piece *piece)
{
	uint64_t word;

	if (size >= WORD) {
		memcpy(&word, bytes, WORD);
		word = le64toh(word);
		piece->seed = word & SEED_MAX;
		piece->offset = ((word >> INDEX_SHIFT) & INDEX_MAX) * WORD;
		piece->body_size = (word >> SIZE_SHIFT) & SIZE_MASK;
		piece->size = piece->offset < piece->body_size ? run_of(bytes, size, piece) : 0;
		if (piece->size)
			return true;
	}
	/* A body of less than a word with another one after it cannot be told apart. */
	return size < WORD && short_piece(bytes, size, piece);
}

void parcel_look(const void *body, size_t size, struct outcome_of_task *outcome)
{
	const char *bytes = body;
	struct piece piece;

	memset(outcome->piece, 0, sizeof(outcome->piece));
	outcome->pieces = 0;
	for (size_t at = 0; at < size; at += piece.size) {
		if (outcome->pieces == PIECES_MAX || !piece_at(bytes + at, size - at, &piece)) {
			outcome->pieces = PIECES_MAX + 1;
			break;
		}
		outcome->piece[outcome->pieces++] = piece;
	}
	outcome->seed = outcome->piece[0].seed;
	outcome->intact = outcome->pieces == 1 && !outcome->piece[0].offset;
	outcome->whole = outcome->intact && outcome->piece[0].size == outcome->piece[0].body_size;
}
