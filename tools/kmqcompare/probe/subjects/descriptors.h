/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptors: plain reads and writes, and how one gets at another process's. */
#ifndef KMQCOMPARE_DESCRIPTORS_H
#define KMQCOMPARE_DESCRIPTORS_H

#include "ends.h"

/* O_NONBLOCK for one call. Between the two; the second keeps errno. */
void nonblocking_on(struct end *end, int fd);
void nonblocking_off(int fd);

/*
 * One write(2), one read(2), of a parcel. @no_limit: a sentence on why there is
 * no deadline.
 */
ssize_t descriptor_write(struct end *end, int fd, const struct parcel *parcel,
			 const char *no_limit);
ssize_t descriptor_read(struct end *end, int fd, struct parcel *parcel, const char *no_limit);

/* Half of the bytes of a stream's message, as one who dies in mid-send leaves it. */
ssize_t descriptor_write_half(struct end *end, int fd, const struct parcel *parcel);

/* Tells others which descriptor of ours it is. */
void object_tell_fd(struct object *object, unsigned int place, int fd);

/* Opens the creator's descriptor of that place anew: /proc/PID/fd/N. -1/errno. */
int borrow_by_path(struct end *end, unsigned int place, int flags);

/* A copy of the creator's descriptor of that place: pidfd_getfd(2). -1/errno. */
int borrow_by_pidfd(struct end *end, unsigned int place);

/* As an adopt() hook for ends that are nothing but descriptors. */
int descriptors_adopt(struct end *end, struct object *object, const int *fd, enum way way);

/* As a poll_fd() hook for ends with one descriptor, and for those with one for each way. */
int poll_only_fd(struct end *end, enum way way);
int poll_fd_of_way(struct end *end, enum way way);

#endif
