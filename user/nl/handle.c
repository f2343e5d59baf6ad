// SPDX-License-Identifier: LGPL-2.1-or-later
/* Handles, and the error of the last call. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>

#include "internal.h"

uint16_t libkmq_nl_resolve(struct nl_sock *sock)
{
	int family = genl_ctrl_resolve(sock, KMQ_GENL_NAME);

	if (family > 0)
		return (uint16_t)family;
	errno = family == -NLE_NOMEM ? ENOMEM : ENODEV;
	return 0;
}

struct kmq_nl *libkmq_nl_on(int requests, int events, uint16_t family)
{
	struct kmq_nl *nl = calloc(1, sizeof(*nl));

	if (!nl)
		return NULL;
	nl->requests.fd = requests;
	nl->events.fd = events;
	nl->family = family;
	return nl;
}

struct kmq_nl *kmq_nl_open(void)
{
	struct kmq_nl *nl = libkmq_nl_on(-1, -1, 0);

	if (!nl)
		return NULL;
	errno = libkmq_nl_channel_open(&nl->requests);
	if (errno)
		goto failed;
	nl->family = libkmq_nl_resolve(nl->requests.sock);
	if (!nl->family)
		goto failed;
	return nl;
failed:
	kmq_nl_close(nl);
	return NULL;
}

void kmq_nl_close(struct kmq_nl *nl)
{
	int error = errno;

	if (!nl)
		return;
	libkmq_nl_channel_close(&nl->requests);
	libkmq_nl_channel_close(&nl->events);
	free(nl);
	errno = error;
}

void libkmq_nl_begin(struct kmq_nl *nl)
{
	nl->attribute = 0;
	nl->sentence[0] = '\0';
}

int libkmq_nl_fail(struct kmq_nl *nl, int error, const char *sentence)
{
	char buffer[128];

	if (!sentence)
		sentence = strerror_r(error, buffer, sizeof(buffer));
	snprintf(nl->sentence, sizeof(nl->sentence), "%s", sentence);
	errno = error;
	return -1;
}

const char *kmq_nl_error(const struct kmq_nl *nl)
{
	return nl->sentence;
}

unsigned int kmq_nl_error_attribute(const struct kmq_nl *nl)
{
	return nl->attribute;
}
