// SPDX-License-Identifier: GPL-2.0-only
/*
 * hub_queue SPACE KEY MODE [TEXT]...: makes a queue through the hub, as libkmq-sysv and libkmq-mqueue do, sends it the
 * texts and prints its id. KEY is a number in space 1, else text; "-" is none.
 *
 * hub_queue notify SPACE KEY METHOD SIGNAL: is to be notified of a message to it, says so, and sleeps.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kmq.h>
#include <kmq_hub.h>

static int hub;
static int32_t number;

static void address(struct kmq_hub_open *request, const char *space, const char *key)
{
	request->space = (uint32_t)atoi(space);
	if (!strcmp(key, "-"))
		return;
	request->key = (uintptr_t)key;
	request->key_size = (uint32_t)strlen(key);
	if (request->space != KMQ_SPACE_SYSV)
		return;
	number = (int32_t)strtol(key, NULL, 0);
	request->key = (uintptr_t)&number;
	request->key_size = sizeof(number);
}

static void put(uint32_t id, const char *text)
{
	const struct kmq_short message = {
		.body = (uintptr_t)text, .size = (uint32_t)strlen(text), .type = 1, .id = id,
	};

	if (kmq_hub_put(hub, &message))
		err(1, "put");
}

static int make(char **argv)
{
	struct kmq_hub_open request = { .flags = KMQ_HUB_CREATE };

	address(&request, argv[0], argv[1]);
	request.create.mode = (uint32_t)strtol(argv[2], NULL, 8);
	if (kmq_hub_open(hub, &request))
		err(1, "open");
	for (argv += 3; *argv; argv++)
		put(request.id, *argv);
	printf("%u\n", request.id);
	return 0;
}

static int notify(char **argv)
{
	struct kmq_hub_open request = { .flags = KMQ_HUB_DESCRIPTOR | KMQ_HUB_READ };
	const uint64_t show[2] = { strtoull(argv[2], NULL, 0), strtoull(argv[3], NULL, 0) };
	uint64_t cookie;
	int queue;

	address(&request, argv[0], argv[1]);
	queue = kmq_hub_open(hub, &request);
	if (queue < 0 || kmq_notify_add(queue, KMQ_NOTIFY_SILENT, show, &cookie))
		err(1, "notify");
	puts("waits");
	fflush(stdout);
	pause();
	return 0;
}

int main(int argc, char **argv)
{
	hub = kmq_hub();
	if (hub < 0)
		err(1, "hub");
	if (argc == 6 && !strcmp(argv[1], "notify"))
		return notify(argv + 2);
	if (argc < 4)
		errx(2, "hub_queue SPACE KEY MODE [TEXT]...");
	return make(argv + 1);
}
