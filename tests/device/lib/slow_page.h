/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory whose first reader is kept there until it is filled: userfaultfd(2). */
#ifndef KMQ_TEST_SLOW_PAGE_H
#define KMQ_TEST_SLOW_PAGE_H

#include "kmq_test.h"

/* Skips where the kernel has none. Before anything is made, and not in a child. */
void want_slow_pages(void);
/* Returns the descriptor that tells of readers and fills the page. */
int slow_page(void **page);
void fill_page(int fd, void *page, const void *bytes, size_t size);

#endif /* KMQ_TEST_SLOW_PAGE_H */
