// SPDX-License-Identifier: GPL-2.0-only
#include "outputs.h"

#include <stdio.h>
#include <string.h>

static size_t common(const struct text *left, const struct text *right)
{
	size_t least = left->size < right->size ? left->size : right->size, at = 0;

	while (at < least && left->bytes[at] == right->bytes[at])
		at++;
	return at;
}

/* The line that begins at @begin, without its newline. */
static void show(const struct text *text, size_t begin, char shown[LINE_SHOWN + 8])
{
	size_t out = 0, at = begin;

	for (; at < text->size && text->bytes[at] != '\n' && out < LINE_SHOWN; at++) {
		unsigned char byte = (unsigned char)text->bytes[at];

		if (byte >= 0x20 && byte < 0x7f)
			shown[out++] = (char)byte;
		else
			out += (size_t)sprintf(shown + out, "\\x%02x", byte);
	}
	shown[out] = '\0';
	if (at < text->size && text->bytes[at] != '\n')
		strcpy(shown + out, "...");
}

static bool ends_in_newline(const struct text *text, size_t begin)
{
	return memchr(text->bytes + begin, '\n', text->size - begin);
}

/* Where nothing else makes the difference the newline does, and is shown. */
static void show_newlines(const struct text *left, const struct text *right, size_t begin,
			  struct difference *difference)
{
	if (difference->left_ends || difference->right_ends || strcmp(difference->left, difference->right))
		return;
	if (ends_in_newline(left, begin) == ends_in_newline(right, begin))
		return;
	strcat(ends_in_newline(left, begin) ? difference->left : difference->right, "\\n");
}

bool texts_differ(const struct text *left, const struct text *right, struct difference *difference)
{
	size_t at = common(left, right), begin = at;

	memset(difference, 0, sizeof(*difference));
	if (at == left->size && at == right->size)
		return false;
	while (begin && left->bytes[begin - 1] != '\n')
		begin--;
	difference->line = 1;
	for (size_t i = 0; i < begin; i++)
		difference->line += left->bytes[i] == '\n';
	difference->left_ends = begin == left->size;
	difference->right_ends = begin == right->size;
	show(left, begin, difference->left);
	show(right, begin, difference->right);
	show_newlines(left, right, begin, difference);
	return true;
}
