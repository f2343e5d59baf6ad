// SPDX-License-Identifier: GPL-2.0-only
/* Mapping: what may be mapped, how, by whom, and what becomes of it. */
#include <sys/uio.h>

#include "lib/ring.h"

#define CHECK_MAP_ERRNO(call, code)					\
	do {								\
		errno = 0;						\
		CHECK((call) == MAP_FAILED);				\
		CHECK_EQ(errno, code);					\
	} while (0)

static void *raw_map(const struct ring *ring, __u64 page, size_t bytes, int protection, int flags)
{
	return mmap(NULL, bytes, protection, flags, ring->fd, (off_t)(page * ring->page));
}

TEST(only_the_four_pieces_can_be_mapped_each_whole)
{
	int fd = RING(.byte_limit = 1 << 16);
	struct ring ring = ring_attach(fd, BOTH);
	const __u64 last = KMQ_RING_DATA_PAGE + 2 * (ring.size / ring.page);
	const size_t page = ring.page, data = 2 * ring.size;

	/* No piece begins there. */
	for (__u64 at = KMQ_RING_DATA_PAGE + 1; at < last + 3; at++) {
		CHECK_MAP_ERRNO(raw_map(&ring, at, page, PROT_READ, MAP_SHARED), EINVAL);
		CHECK_MAP_ERRNO(raw_map(&ring, at, data, PROT_READ, MAP_SHARED), EINVAL);
	}
	CHECK_MAP_ERRNO(raw_map(&ring, 1u << 20, page, PROT_READ, MAP_SHARED), EINVAL);
	/* Too much, too little, all at once. */
	for (int piece = 0; piece < KMQ_RING_DATA_PAGE; piece++) {
		CHECK_MAP_ERRNO(raw_map(&ring, piece, 2 * page, PROT_READ, MAP_SHARED), EINVAL);
		CHECK_MAP_ERRNO(raw_map(&ring, piece, data, PROT_READ, MAP_SHARED), EINVAL);
	}
	CHECK_MAP_ERRNO(raw_map(&ring, 0, 3 * page + data, PROT_READ, MAP_SHARED), EINVAL);
	CHECK_MAP_ERRNO(raw_map(&ring, 3, page, PROT_READ, MAP_SHARED), EINVAL);
	CHECK_MAP_ERRNO(raw_map(&ring, 3, data / 2, PROT_READ, MAP_SHARED), EINVAL);
	CHECK_MAP_ERRNO(raw_map(&ring, 3, data - page, PROT_READ, MAP_SHARED), EINVAL);
	CHECK_MAP_ERRNO(raw_map(&ring, 3, data + page, PROT_READ, MAP_SHARED), EINVAL);
	CHECK_MAP_ERRNO(raw_map(&ring, 3, 2 * data, PROT_READ, MAP_SHARED), EINVAL);
	/* None of it has begun or ended anything. */
	ring_map(&ring);
	ring_put(&ring, "whole");
	ring_expect(&ring, "whole");
}

TEST(a_private_mapping_is_EINVAL)
{
	int fd = RING();
	struct ring ring = ring_attach(fd, BOTH);

	for (int piece = 0; piece < 4; piece++) {
		CHECK_MAP_ERRNO(map_piece(&ring, piece, PROT_READ, MAP_PRIVATE), EINVAL);
		CHECK_MAP_ERRNO(map_piece(&ring, piece, PROT_READ | PROT_WRITE, MAP_PRIVATE), EINVAL);
	}
	ring_map(&ring);
}

/* Each role may write its own pages and no other; checked by @how. */
static void each_role(void (*how)(struct ring *ring, int piece, bool writes))
{
	for (__u32 mode = 0; mode < 4; mode++) {
		for (__u32 flags = 1; flags <= 3; flags++) {
			int fd = RING(.ring_mode = mode);
			struct ring ring = ring_attach(fd, flags);

			/* Something stays mapped throughout. */
			CHECK(map_piece(&ring, 0, PROT_READ, MAP_SHARED) != MAP_FAILED);
			for (int piece = 0; piece < 4; piece++) {
				bool producer = flags & KMQ_RING_PRODUCER;
				bool consumer = flags & KMQ_RING_CONSUMER;
				bool writes[4] = { false, consumer, producer, producer };

				check_context("mode %u, flags %u, piece %d", mode, flags, piece);
				how(&ring, piece, writes[piece]);
			}
			close(ring.fd);
			close(fd);
		}
	}
}

static void by_mmap(struct ring *ring, int piece, bool writes)
{
	void *there;

	if (!writes) {
		CHECK_MAP_ERRNO(map_piece(ring, piece, PROT_WRITE, MAP_SHARED), EACCES);
		CHECK_MAP_ERRNO(map_piece(ring, piece, PROT_READ | PROT_WRITE, MAP_SHARED), EACCES);
	} else {
		there = map_piece(ring, piece, PROT_READ | PROT_WRITE, MAP_SHARED);
		CHECK(there != MAP_FAILED);
		CHECK_OK(munmap(there, piece_bytes(ring, piece)));
	}
	there = map_piece(ring, piece, PROT_READ, MAP_SHARED);
	CHECK(there != MAP_FAILED);
	CHECK_OK(munmap(there, piece_bytes(ring, piece)));
	there = map_piece(ring, piece, PROT_NONE, MAP_SHARED);
	CHECK(there != MAP_FAILED);
	CHECK_OK(munmap(there, piece_bytes(ring, piece)));
}

TEST(mmap_lets_each_role_write_its_own_pages_only)
{
	each_role(by_mmap);
}

static void by_mprotect(struct ring *ring, int piece, bool writes)
{
	char *there = map_piece(ring, piece, PROT_READ, MAP_SHARED);
	size_t bytes = piece_bytes(ring, piece);

	CHECK(there != MAP_FAILED);
	if (writes) {
		CHECK_OK(mprotect(there, bytes, PROT_READ | PROT_WRITE));
		STORE(*(__u32 *)there, 0);
		CHECK_OK(mprotect(there, bytes, PROT_READ));
	} else {
		CHECK_ERRNO(mprotect(there, bytes, PROT_READ | PROT_WRITE), EACCES);
		CHECK_ERRNO(mprotect(there, bytes, PROT_WRITE), EACCES);
		CHECK_ERRNO(mprotect(there, ring->page, PROT_READ | PROT_WRITE), EACCES);
	}
	CHECK_ERRNO(mprotect(there, bytes, PROT_READ | PROT_EXEC), EACCES);
	CHECK_OK(mprotect(there, bytes, PROT_NONE));
	CHECK_OK(mprotect(there, bytes, PROT_READ));
	CHECK_OK(munmap(there, bytes));
}

TEST(mprotect_lets_each_role_write_its_own_pages_only)
{
	each_role(by_mprotect);
}

static void by_exec(struct ring *ring, int piece, bool writes)
{
	CHECK_MAP_ERRNO(map_piece(ring, piece, PROT_READ | PROT_EXEC, MAP_SHARED), EACCES);
	CHECK_MAP_ERRNO(map_piece(ring, piece, PROT_EXEC, MAP_SHARED), EACCES);
	if (writes)
		CHECK_MAP_ERRNO(map_piece(ring, piece, PROT_READ | PROT_WRITE | PROT_EXEC,
					  MAP_SHARED), EACCES);
}

TEST(nothing_is_mapped_executable)
{
	each_role(by_exec);
}

TEST(a_store_into_what_is_not_ones_own_is_SIGSEGV)
{
	static const struct { __u32 flags; int piece; } cases[] = {
		{ BOTH, 0 }, { KMQ_RING_CONSUMER, 2 }, { KMQ_RING_CONSUMER, 3 },
		{ KMQ_RING_PRODUCER, 1 }, { KMQ_RING_PRODUCER, 0 }, { KMQ_RING_CONSUMER, 0 },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = RING(.ring_mode = KMQ_RING_MPMC), status;
		pid_t child;

		CHILD(child) {
			struct ring ring = ring_open(fd, cases[i].flags);
			void *pieces[] = { (void *)ring.control, ring.consumers, ring.producers,
					   ring.data };

			*(volatile __u32 *)pieces[cases[i].piece] = 1;
		}
		CHECK_EQ(CHECK_OK(waitpid(child, &status, 0)), child);
		CHECK(WIFSIGNALED(status));
		CHECK_EQ(WTERMSIG(status), SIGSEGV);
		CHECK_EQ(info_of(fd).ring_flags, 0);
		CHECK_EQ(info_of(fd).attachments, 0);
		close(fd);
	}
}

TEST(a_debugger_may_read_it_and_not_write_it)
{
	int fd = RING();
	struct ring ring = ring_open(fd, KMQ_RING_CONSUMER);
	char byte = 1, *target = (char *)ring.producers;
	struct iovec from = { &byte, 1 }, to = { target, 1 };
	int memory = CHECK_OK(open("/proc/self/mem", O_RDWR | O_CLOEXEC));

	/* Even to oneself: a write that forces its way would write a shared page. */
	CHECK(process_vm_writev(getpid(), &from, 1, &to, 1, 0) == -1);
	CHECK(pwrite(memory, &byte, 1, (uintptr_t)target) == -1);
	CHECK_EQ(*target, 0);
	/* A debugger may look, at the second of the two copies as well. */
	put_text(fd, "seen");
	for (int copy = 0; copy < 2; copy++) {
		char text[4] = "";

		CHECK_EQ(pread(memory, text, 4, (uintptr_t)ring.data + copy * ring.size + 16), 4);
		CHECK(!memcmp(text, "seen", 4));
	}
}

TEST(the_data_lie_there_twice_in_a_row)
{
	int fd = RING(.byte_limit = 1 << 15);
	struct ring producer = ring_open(fd, KMQ_RING_PRODUCER);
	struct ring consumer = ring_open(fd, KMQ_RING_CONSUMER);
	const size_t size = producer.size;

	for (size_t i = 0; i < size; i += 4093)
		producer.data[i] = i * 7 + 1;
	for (size_t i = 0; i < size; i += 4093) {
		CHECK_EQ(producer.data[size + i], (unsigned char)(i * 7 + 1));
		CHECK_EQ(consumer.data[i], (unsigned char)(i * 7 + 1));
		CHECK_EQ(consumer.data[size + i], (unsigned char)(i * 7 + 1));
	}
	for (size_t i = 0; i < size; i += 4096)
		producer.data[size + i + 11] = i / 4096 + 100;
	for (size_t i = 0; i < size; i += 4096)
		CHECK_EQ(consumer.data[i + 11], (unsigned char)(i / 4096 + 100));
}

TEST(fresh_pages_hold_nothing_of_others)
{
	int fd = RING(.byte_limit = 1 << 20);
	struct ring ring = ring_open(fd, BOTH);

	for (size_t i = 0; i < 2 * ring.size; i++)
		CHECK_EQ(ring.data[i], 0);
	for (size_t i = sizeof(*ring.producers); i < ring.page; i++)
		CHECK_EQ(((char *)ring.producers)[i], 0);
	for (size_t i = sizeof(*ring.consumers); i < ring.page; i++)
		CHECK_EQ(((char *)ring.consumers)[i], 0);
	for (size_t i = sizeof(*ring.control); i < ring.page; i++)
		CHECK_EQ(((char *)ring.control)[i], 0);
}

static bool is_mapped(void *there, size_t page)
{
	unsigned char core;

	if (!mincore(there, page, &core))
		return true;
	CHECK_EQ(errno, ENOMEM);
	return false;
}

TEST(a_piece_moves_but_neither_grows_nor_shrinks)
{
	int fd = RING();
	struct ring ring = ring_open(fd, BOTH);
	struct { void *there; size_t bytes; } pieces[] = {
		{ (void *)ring.control, ring.page }, { ring.consumers, ring.page },
		{ ring.producers, ring.page }, { ring.data, 2 * ring.size },
	};
	char *target;

	for (int i = 0; i < 4; i++) {
		check_context("piece %d", i);
		CHECK_MAP_ERRNO(mremap(pieces[i].there, pieces[i].bytes, pieces[i].bytes + ring.page,
				       MREMAP_MAYMOVE), EFAULT);
		CHECK_MAP_ERRNO(mremap(pieces[i].there, pieces[i].bytes, pieces[i].bytes + ring.page,
				       0), EFAULT);
		/* A second mapping of the same pages. */
		CHECK_MAP_ERRNO(mremap(pieces[i].there, 0, pieces[i].bytes, MREMAP_MAYMOVE), EFAULT);
	}
	CHECK_MAP_ERRNO(mremap(ring.data, 2 * ring.size, ring.size, 0), EINVAL);
	CHECK_MAP_ERRNO(mremap(ring.data, 2 * ring.size, ring.page, MREMAP_MAYMOVE), EINVAL);
	/* A part of it elsewhere. */
	target = mmap(NULL, 2 * ring.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(target != MAP_FAILED);
	CHECK_MAP_ERRNO(mremap(ring.data, ring.size, ring.size, MREMAP_MAYMOVE | MREMAP_FIXED,
			       target), EINVAL);
	CHECK(is_mapped(ring.data, ring.page));
	CHECK(is_mapped(ring.data + 2 * ring.size - ring.page, ring.page));
	/* All of it. */
	CHECK(mremap(ring.data, 2 * ring.size, 2 * ring.size, MREMAP_MAYMOVE | MREMAP_FIXED, target) ==
	      target);
	CHECK(!is_mapped(ring.data, ring.page));
	ring.data = (unsigned char *)target;
	ring_put(&ring, "moved");
	ring_expect(&ring, "moved");
	CHECK_EQ(info_of(fd).attachments, 1);
	/* What has moved is still what ends with its end. */
	ring_close(&ring);
	CHECK_EQ(info_of(fd).attachments, 0);
}

TEST(a_piece_cannot_be_unmapped_in_part)
{
	int fd = RING();
	struct ring ring = ring_open(fd, BOTH);
	const size_t bytes = 2 * ring.size;

	CHECK_ERRNO(munmap(ring.data, ring.page), EINVAL);
	CHECK_ERRNO(munmap(ring.data, bytes / 2), EINVAL);
	CHECK_ERRNO(munmap(ring.data + bytes / 2, bytes / 2), EINVAL);
	CHECK_ERRNO(munmap(ring.data + ring.page, ring.page), EINVAL);
	/* Its errno is the kernel's own: ENOMEM up to 6.11. */
	CHECK(mmap(ring.data + ring.page, ring.page, PROT_READ,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED);
	CHECK_ERRNO(mprotect(ring.data, ring.page, PROT_READ), EINVAL);
	memset(ring.data, 1, bytes);
	memset(ring.data, 0, bytes);
	ring_put(&ring, "whole");
	ring_expect(&ring, "whole");
	CHECK_EQ(info_of(fd).attachments, 1);
	ring_close(&ring);
	CHECK_EQ(info_of(fd).attachments, 0);
}

TEST(a_piece_may_be_mapped_more_than_once)
{
	int fd = RING();
	struct ring ring = ring_open(fd, BOTH);
	void *again = map_piece(&ring, KMQ_RING_DATA_PAGE, PROT_READ, MAP_SHARED);

	CHECK(again != MAP_FAILED);
	close(ring.fd);
	ring_unmap(&ring);
	CHECK_EQ(info_of(fd).attachments, 1);
	CHECK_OK(munmap(again, 2 * ring.size));
	CHECK_EQ(info_of(fd).attachments, 0);
}

TEST(mapping_over_a_piece_ends_it_as_munmap_does)
{
	int fd = RING();
	struct ring ring = ring_attach(fd, BOTH);
	void *there = map_piece(&ring, 0, PROT_READ, MAP_SHARED);

	CHECK(there != MAP_FAILED);
	CHECK(mmap(there, ring.page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	      there);
	CHECK_EQ(info_of(fd).attachments, 0);
	CHECK_MAP_ERRNO(map_piece(&ring, 0, PROT_READ, MAP_SHARED), ESRCH);
}

TEST(a_failed_mapping_does_not_end_the_attachment)
{
	int fd = RING();
	struct ring ring = ring_attach(fd, KMQ_RING_CONSUMER);

	for (int i = 0; i < 10; i++) {
		CHECK_MAP_ERRNO(map_piece(&ring, 3, PROT_READ | PROT_WRITE, MAP_SHARED), EACCES);
		CHECK_MAP_ERRNO(map_piece(&ring, 1, PROT_READ, MAP_PRIVATE), EINVAL);
	}
	CHECK_EQ(info_of(fd).attachments, 1);
	ring_map(&ring);
	ring_close(&ring);
}

/* The child's view of what its parent mapped. */
static void expect_not_inherited(const struct ring *ring)
{
	CHECK(!is_mapped((void *)ring->control, ring->page));
	CHECK(!is_mapped(ring->consumers, ring->page));
	CHECK(!is_mapped(ring->producers, ring->page));
	CHECK(!is_mapped(ring->data, ring->page));
}

static void expect_fault(const struct ring *ring)
{
	int status;
	pid_t child;

	CHILD(child)
		*(volatile char *)ring->data = 1;
	CHECK_EQ(CHECK_OK(waitpid(child, &status, 0)), child);
	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), SIGSEGV);
}

TEST(a_forked_child_has_no_mapping)
{
	int fd = RING();
	struct ring ring = ring_open(fd, BOTH);
	pid_t child;

	CHILD(child)
		expect_not_inherited(&ring);
	child_join(child);
	expect_fault(&ring);
	CHECK_EQ(info_of(fd).attachments, 1);
	/* Its own parent is as before. */
	ring_put(&ring, "mine");
	ring_expect(&ring, "mine");
}

TEST(MADV_DOFORK_does_not_bring_it_back)
{
	int fd = RING();
	struct ring ring = ring_open(fd, BOTH);
	struct { void *there; size_t bytes; } pieces[] = {
		{ (void *)ring.control, ring.page }, { ring.consumers, ring.page },
		{ ring.producers, ring.page }, { ring.data, 2 * ring.size },
	};
	pid_t child;

	for (int i = 0; i < 4; i++) {
		/* The kernel refuses it where the driver said so for good. */
		if (madvise(pieces[i].there, pieces[i].bytes, MADV_DOFORK))
			CHECK_EQ(errno, EINVAL);
	}
	CHILD(child)
		expect_not_inherited(&ring);
	child_join(child);
	expect_fault(&ring);
	CHECK_EQ(info_of(fd).attachments, 1);
}

TEST(madvise_takes_nothing_away_from_the_ring)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_REMOVE, MADV_FREE, MADV_WIPEONFORK, MADV_DONTFORK, MADV_COLD,
		MADV_PAGEOUT, MADV_MERGEABLE, MADV_HUGEPAGE, MADV_DODUMP, MADV_POPULATE_READ,
		MADV_POPULATE_WRITE,
	};
	int fd = RING();
	struct ring ring = ring_open(fd, BOTH);

	ring_put(&ring, "stays");
	for (unsigned int i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
		(void)madvise(ring.data, 2 * ring.size, advice[i]);
		(void)madvise(ring.producers, ring.page, advice[i]);
		(void)madvise(ring.consumers, ring.page, advice[i]);
		(void)madvise((void *)ring.control, ring.page, advice[i]);
	}
	ring_expect(&ring, "stays");
	CHECK_EQ(ring.control->magic, KMQ_RING_MAGIC);
}

TEST(a_mapping_goes_with_exec)
{
	int fd = RING(.ring_mode = KMQ_RING_MPMC), pair[2];
	pid_t child;

	CHECK_OK(pipe(pair));
	CHILD(child) {
		struct ring ring = ring_open(fd, BOTH);

		close(pair[1]);
		/* Even if the descriptor is carried on. */
		CHECK_OK(fcntl(ring.fd, F_SETFD, 0));
		CHECK_OK(ring_reserve(&ring, 8));
		CHECK_OK(dup2(pair[0], STDIN_FILENO));
		execl("/bin/cat", "cat", NULL);
		_exit(EXIT_FAILURE);
	}
	close(pair[0]);
	WAIT_UNTIL(info_of(fd).deaths == 1);
	CHECK_EQ(info_of(fd).attachments, 0);
	EXPECT_LEDGER(fd, .sent = 1, .queued = 1);
	close(pair[1]);
	child_join(child);
}

TEST(a_vforked_child_is_not_another_party)
{
	int fd = RING();
	struct ring ring = ring_open(fd, BOTH);
	pid_t child = vfork();

	/* The same address space, which does not end with it. */
	if (!child)
		_exit(0);
	child_join(child);
	CHECK_EQ(info_of(fd).attachments, 1);
	ring_put(&ring, "mine");
	ring_expect(&ring, "mine");
}

TEST(a_mapping_outlives_the_queue_and_stays_memory)
{
	char name[KMQ_NAME_SIZE];
	int fd = NAMED_RING(name);
	struct ring ring = ring_open(fd, BOTH);

	ring_put(&ring, "before");
	CHECK_OK(queue_remove(name));
	close(fd);
	close(ring.fd);
	CHECK_EQ(LOAD(ring.control->flags) & KMQ_RING_REMOVED, KMQ_RING_REMOVED);
	CHECK(!memcmp(ring.data + 16, "before", 6));
	memset(ring.data, 1, 2 * ring.size);
	ring_unmap(&ring);
}

TEST(a_ring_of_each_size_is_mapped_whole)
{
	for (__u64 size = page_bytes(); size <= 1 << 24; size *= 2) {
		int fd = RING(.byte_limit = size);
		struct ring ring = ring_open(fd, BOTH);

		CHECK_EQ(ring.size, size);
		ring.data[0] = 3;
		CHECK_EQ(ring.data[size], 3);
		ring.data[2 * size - 1] = 4;
		CHECK_EQ(ring.data[size - 1], 4);
		ring_close(&ring);
		close(fd);
	}
}
