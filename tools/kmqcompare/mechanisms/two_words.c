// SPDX-License-Identifier: GPL-2.0-only
/*
 * The least that handing a message from one processor to another can cost: a word
 * is the message. Back and forth it is two words, each written by one process and
 * watched by the other.
 *
 * There is no room for a second message, nothing tells the sender that the first was
 * taken, and two in a row that are alike are one; so it is for those who wait for the
 * answer before they send again, and number what they send.
 */
#include "../mechanism.h"
#include "../shm_memory.h"
#include "../spin.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define LINE	64
#define NOTHING	UINT64_MAX	/* before the first message */

struct two_words {
	_Atomic uint64_t *word;		/* shared; alone in its line */
	uint64_t seen;			/* the receiver's own */
};

static const char *two_words_unfit(const struct shape *shape)
{
	if (shape->size != sizeof(uint64_t))
		return "a word has 8 bytes";
	if (shape->batch > 1)
		return "one word at a time";
	return shape->senders > 1 || shape->receivers > 1 ? "one sender and one receiver only"
							  : NULL;
}

/* Release and acquire, as if there were more behind it. */
static int two_words_send(struct channel *channel, void *body, uint32_t size)
{
	struct two_words *words = channel->state;
	uint64_t message;

	memcpy(&message, body, sizeof(message));
	atomic_store_explicit(words->word, message, memory_order_release);
	COPIED(channel, size);
	return 0;
}

static ssize_t two_words_receive(struct channel *channel, void *body, uint32_t room)
{
	struct two_words *words = channel->state;
	uint64_t message;

	while ((message = atomic_load_explicit(words->word, memory_order_acquire)) == words->seen)
		spin_pause();
	words->seen = message;
	memcpy(body, &message, sizeof(message));
	COPIED(channel, sizeof(message));
	return sizeof(message);
}

static void two_words_close(struct channel *channel)
{
	struct two_words *words = channel->state;

	shm_release(words->word, LINE);
	free(words);
}

static int two_words_open(struct channel *channel)
{
	struct two_words *words = calloc(1, sizeof(*words));

	if (!words)
		return -1;
	words->word = shm_memory(LINE);
	if (!words->word) {
		free(words);
		return channel_refuse(channel, "no shared memory");
	}
	words->seen = NOTHING;
	atomic_store_explicit(words->word, NOTHING, memory_order_relaxed);
	channel->capacity = 1;
	channel->state = words;
	return 0;
}

static int two_words_attach(struct channel *channel, enum side side, unsigned int nth)
{
	shm_touch(((struct two_words *)channel->state)->word, LINE);
	return 0;
}

const struct mechanism mechanism_two_words = {
	.name = "two-words",
	.title = "two bare words",
	.about = "A word in shared memory that is the message, and whose change the receiver "
		 "watches, spinning: the least that one processor can tell another. Only for "
		 "ping-pong, and of 8 bytes.",
	.traits = MECHANISM_SPINS | MECHANISM_OVERWRITES,
	.unfit = two_words_unfit,
	.open = two_words_open,
	.attach = two_words_attach,
	.close = two_words_close,
	.send = two_words_send,
	.receive = two_words_receive,
};
