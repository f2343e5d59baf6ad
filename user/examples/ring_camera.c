// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A camera and its readers. Frames of 256 KiB go through a broadcast ring, as
 * four strips each, since cat(1) reads no more than 64 KiB at a time. One reader
 * maps the ring and looks at the strips where the camera wrote them; the other
 * is cat, which knows nothing of rings. Nobody slows the camera down: who stays
 * away for too long is told how much it missed.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kmq.h>

#define NAME		"example-camera"
#define STRIPS		4
#define WORDS		(64 * 1024 / sizeof(uint32_t))
#define STRIP_SIZE	(WORDS * sizeof(uint32_t))

/* What the lens sees: all of a strip follows from its number. */
static uint32_t pixel(uint64_t strip, size_t at)
{
	return (uint32_t)(strip * 2654435761u + at);
}

static bool is_strip(const uint32_t *pixels, uint64_t strip)
{
	for (size_t at = 0; at < WORDS; at++)
		if (pixels[at] != pixel(strip, at))
			return false;
	return true;
}

/* The strips of a frame are written in place, and all appear at once. */
static void take_frame(struct kmq_ring *ring, uint64_t frame)
{
	struct kmq_ring_part strips[STRIPS] = { { .size = 0 } };

	for (int i = 0; i < STRIPS; i++)
		strips[i].size = STRIP_SIZE;
	if (kmq_ring_reserve_batch(ring, strips, STRIPS) != STRIPS)
		err(1, "no room for a frame");
	for (int i = 0; i < STRIPS; i++)
		for (size_t at = 0; at < WORDS; at++)
			((uint32_t *)strips[i].data)[at] = pixel(frame * STRIPS + i, at);
	if (kmq_ring_commit(ring))
		err(1, "cannot show a frame");
}

/* The camera is a process of its own, and attaches for itself. */
static void film(int queue, uint64_t first, uint64_t end, useconds_t pause)
{
	struct kmq_ring *ring;

	if (fork())
		return;
	ring = kmq_ring_attach(queue, KMQ_RING_PRODUCER);
	if (!ring)
		err(1, "the camera cannot attach");
	for (uint64_t frame = first; frame < end; frame++) {
		take_frame(ring, frame);
		usleep(pause);
	}
	kmq_ring_detach(ring);
	_exit(0);
}

static pid_t start_cat(int *output)
{
	int queue = kmq_open(NAME, O_RDONLY), ends[2];
	pid_t cat;

	if (queue < 0 || pipe(ends))
		err(1, "cannot prepare for cat");
	cat = fork();
	if (cat) {
		close(queue);
		close(ends[1]);
		*output = ends[0];
		return cat;
	}
	dup2(queue, STDIN_FILENO);
	dup2(ends[1], STDOUT_FILENO);
	close(ends[0]);
	close(ends[1]);
	execlp("cat", "cat", NULL);
	err(1, "cannot run cat");
}

/*
 * In place, which the camera may overwrite meanwhile: only the release tells
 * whether what was seen was whole. Up to the strip number @last.
 */
static void watch(const char *who, struct kmq_ring *ring, uint64_t last)
{
	unsigned long long frames = 0, lost = 0, torn = 0, wrong = 0;
	bool whole = false;
	uint64_t number;

	do {
		struct kmq_ring_part strip;
		bool seen;

		if (kmq_ring_peek(ring, &strip))
			err(1, "cannot look");
		number = strip.sequence - 1;
		lost += strip.lost;
		whole = !(number % STRIPS) || (whole && !strip.lost);
		seen = strip.size == STRIP_SIZE && is_strip(strip.data, number);
		if (!kmq_ring_release(ring))
			wrong += !seen;
		else if (errno != ESTALE)
			err(1, "cannot look further");
		else
			torn++, whole = false;
		frames += whole && number % STRIPS == STRIPS - 1;
	} while (number < last);
	printf("%s: %llu frames, %llu strips lost, %llu torn, %llu wrong\n", who, frames, lost, torn,
	       wrong);
}

static void read_cat(int output, uint64_t end)
{
	static uint32_t pixels[WORDS];
	unsigned long long right = 0;
	uint64_t strip;

	for (strip = 0; strip < end; strip++) {
		for (size_t got = 0; got < STRIP_SIZE;) {
			ssize_t more = read(output, (char *)pixels + got, STRIP_SIZE - got);

			if (more <= 0)
				errx(1, "cat ended early");
			got += (size_t)more;
		}
		right += is_strip(pixels, strip);
	}
	printf("cat: %llu of %llu strips\n", right, (unsigned long long)strip);
}

int main(void)
{
	struct kmq_create_options options = KMQ_CREATE_OPTIONS_INIT;
	struct kmq_ring *ring;
	struct kmq_info info;
	int queue, output;
	pid_t cat;

	options.kind = KMQ_KIND_RING;
	options.ring_mode = KMQ_RING_BROADCAST;
	options.byte_limit = 4 << 20;	/* 63 strips */
	options.max_message = STRIP_SIZE;
	queue = kmq_create_open(NAME, &options);
	if (queue < 0)
		err(1, "cannot create %s", NAME);
	ring = kmq_ring_attach(queue, KMQ_RING_CONSUMER);
	if (!ring)
		err(1, "cannot attach");
	cat = start_cat(&output);

	film(queue, 0, 12, 10000);
	watch("mapped", ring, 12 * STRIPS - 1);
	read_cat(output, 12 * STRIPS);
	wait(NULL);
	kill(cat, SIGTERM);
	wait(NULL);

	/* Nobody looks, and 80 strips do not fit. */
	film(queue, 12, 32, 0);
	wait(NULL);
	watch("late", ring, 32 * STRIPS - 1);

	if (kmq_info(queue, &info) || kmq_remove(NAME))
		err(1, "cannot finish %s", NAME);
	printf("sent %llu strips, %llu overwritten, %llu still there\n",
	       (unsigned long long)info.sent, (unsigned long long)info.dropped,
	       (unsigned long long)info.queued);
	kmq_ring_detach(ring);
	return 0;
}
