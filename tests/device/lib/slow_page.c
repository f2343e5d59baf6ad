// SPDX-License-Identifier: GPL-2.0-only
#include <linux/userfaultfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "slow_page.h"

void want_slow_pages(void)
{
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 && errno == ENOSYS)
		skip_test("this kernel has no userfaultfd");
	close(CHECK_OK(fd));
}

int slow_page(void **page)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range;
	int fd = CHECK_OK(syscall(SYS_userfaultfd, O_CLOEXEC));

	CHECK_OK(ioctl(fd, UFFDIO_API, &api));
	*page = mmap(NULL, page_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(*page != MAP_FAILED);
	range = (struct uffdio_register){
		.range = { .start = (uintptr_t)*page, .len = page_bytes() },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	CHECK_OK(ioctl(fd, UFFDIO_REGISTER, &range));
	return fd;
}

void fill_page(int fd, void *page, const void *bytes, size_t size)
{
	char *filled = mmap(NULL, page_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_copy copy = {
		.dst = (uintptr_t)page,
		.src = (uintptr_t)filled,
		.len = page_bytes(),
	};

	CHECK(filled != MAP_FAILED);
	memcpy(filled, bytes, size);
	CHECK_OK(ioctl(fd, UFFDIO_COPY, &copy));
}
