// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the manual pages say (man-pages of Debian, and kmq's own), row by row: the
 * verdict, the mechanisms that it is said of, and the page that says it.
 *
 * Every claim tells of every mechanism once. SILENT is said of those of which no
 * page says anything that would decide the claim; what send and receive do in
 * shared memory is our own protocol, so most of it is nobody's page.
 */
#include "claim.h"

#include <string.h>

#define SAYINGS		18	/* in a row, at most */

#define YES		VERDICT_YES
#define NO		VERDICT_NO
#define PARTLY		VERDICT_PARTLY
#define SILENT		VERDICT_NONE

/* Families. Between names is one space. */
#define KMQ_PLAIN	"kmq kmq-uring"			/* write(2), read(2) */
#define KMQ_TYPED	"kmq-ioctl kmq-batch"		/* what only ioctl(2) can say */
#define KMQ_QUEUE	KMQ_PLAIN " " KMQ_TYPED
#define KMQ		KMQ_QUEUE " kmq-call"
#define MPMC		"kmq-ring-mpmc"
#define CAST		"kmq-ring-broadcast"
#define RINGS		MPMC " " CAST			/* mapped */
#define TWIN		"kmq-ring-twin-mpmc"
#define PIPES		"pipe fifo"
#define UNIX		"unix-stream unix-dgram unix-seqpacket"
#define CONNECTED	"unix-stream unix-seqpacket tcp"
#define SOCKETS		UNIX " tcp"
#define NAMED_SHM	"posix-shm shm-futex shm-spin"	/* shm_open(3) */
#define FILES		"mmap-file file-lock"
#define CARRIERS	"sysv-msg posix-mq " PIPES " " SOCKETS " rpc signal"	/* other than kmq */
#define SHARED		"sysv-shm " NAMED_SHM " eventfd-shm " FILES

static const struct row {
	const char *claim;
	struct {
		enum verdict verdict;
		const char *mechanisms;
		const char *page;
	} sayings[SAYINGS];
} rows[] = {
	/* messages */
	{ "boundaries", {
		{ YES, RINGS " " TWIN, "kmq_ring(7)" },
		{ YES, KMQ, "kmq(7)" },
		{ YES, "sysv-msg", "sysvipc(7)" },
		{ YES, "posix-mq", "mq_overview(7)" },
		{ NO, PIPES, "pipe(7)" },
		{ NO, "unix-stream", "socket(2)" },
		{ YES, "unix-dgram unix-seqpacket", "unix(7)" },
		{ NO, "tcp", "tcp(7)" },
		{ YES, "signal", "sigqueue(3)" },
		{ SILENT, "rpc " SHARED, NULL } } },
	{ "duplex", {
		{ SILENT, RINGS " " TWIN, NULL },
		{ NO, PIPES, "pipe(7)" },
		{ YES, "unix-stream unix-seqpacket", "socket(2)" },
		{ YES, "tcp", "tcp(7)" },
		{ PARTLY, "sysv-msg", "msgop(2)" },
		{ SILENT, KMQ " posix-mq unix-dgram rpc signal " SHARED, NULL } } },
	{ "order", {
		{ YES, RINGS " " TWIN, "kmq_ring(7)" },
		{ YES, KMQ, "kmq(7)" },
		{ YES, "sysv-msg", "msgop(2)" },
		{ YES, "posix-mq", "mq_receive(3)" },
		{ YES, "fifo", "fifo(7)" },
		{ YES, "pipe", "pipe(7)" },
		{ YES, "unix-stream", "socket(2)" },
		{ YES, "unix-dgram unix-seqpacket", "unix(7)" },
		{ YES, "tcp", "tcp(7)" },
		{ YES, "signal", "signal(7)" },
		{ SILENT, "rpc " SHARED, NULL } } },
	{ "priority", {
		{ NO, RINGS, "kmq(4)" },
		{ SILENT, TWIN, NULL },
		{ YES, KMQ_TYPED, "kmq(7)" },
		{ NO, KMQ_PLAIN, "kmq(4)" },
		{ PARTLY, "sysv-msg", "msgop(2)" },
		{ YES, "posix-mq", "mq_overview(7)" },
		{ NO, PIPES, "pipe(7)" },
		{ NO, "unix-stream", "socket(2)" },
		{ NO, "unix-dgram unix-seqpacket", "unix(7)" },
		{ NO, "tcp", "tcp(7)" },
		{ YES, "signal", "signal(7)" },
		{ YES, "kmq-call", "kmq_call(3)" },
		{ SILENT, "rpc " SHARED, NULL } } },
	{ "types", {
		{ NO, RINGS, "kmq(4)" },
		{ SILENT, TWIN, NULL },
		{ YES, KMQ_TYPED, "kmq(7)" },
		{ NO, KMQ_PLAIN, "kmq(4)" },
		{ YES, "sysv-msg", "msgop(2)" },
		{ NO, "posix-mq", "mq_receive(3)" },
		{ NO, PIPES, "pipe(7)" },
		{ NO, "unix-stream", "socket(2)" },
		{ NO, "unix-dgram unix-seqpacket", "unix(7)" },
		{ NO, "tcp", "tcp(7)" },
		{ YES, "signal", "sigwaitinfo(2)" },
		{ YES, "kmq-call", "kmq_call(3)" },
		{ SILENT, "rpc " SHARED, NULL } } },
	{ "too-long", {
		{ YES, RINGS " " TWIN, "kmq_ring(3)" },
		{ YES, KMQ, "kmq(4)" },
		{ YES, "sysv-msg", "msgop(2)" },
		{ YES, "posix-mq", "mq_receive(3)" },
		{ YES, PIPES, "pipe(7)" },
		{ YES, "unix-stream tcp", "socket(2)" },
		{ NO, "unix-dgram unix-seqpacket", "recv(2)" },
		{ SILENT, "rpc signal " SHARED, NULL } } },
	{ "zero-length", {
		{ SILENT, RINGS " " TWIN, NULL },
		{ YES, KMQ_QUEUE, "kmq(4)" },
		{ YES, "sysv-msg", "msgop(2)" },
		{ YES, "posix-mq", "mq_send(3)" },
		{ YES, "unix-dgram", "recv(2)" },
		{ SILENT, "kmq-call " PIPES " " CONNECTED " rpc signal " SHARED, NULL } } },
	{ "each-once", {
		{ YES, MPMC " " TWIN, "kmq_ring(7)" },
		{ NO, CAST, "kmq_ring(7)" },
		{ YES, KMQ, "kmq(7)" },
		{ YES, "sysv-msg", "msgop(2)" },
		{ YES, "posix-mq", "mq_receive(3)" },
		{ SILENT, PIPES " " SOCKETS " rpc signal " SHARED, NULL } } },
	{ "message-limit", {
		{ YES, RINGS " " TWIN, "kmq_ring(7)" },
		{ YES, KMQ, "kmq(4)" },
		{ YES, "sysv-msg", "msgop(2)" },
		{ YES, "posix-mq", "mq_overview(7)" },
		{ NO, PIPES, "pipe(7)" },
		{ NO, "unix-stream tcp", "socket(2)" },
		{ YES, "unix-dgram", "unix(7)" },
		{ YES, "unix-seqpacket", "socket(2)" },
		{ YES, "signal", "sigqueue(3)" },
		{ SILENT, "rpc " SHARED, NULL } } },
	{ "capacity", {
		{ YES, MPMC " " TWIN, "kmq_ring(7)" },
		{ NO, CAST, "kmq_ring(7)" },
		{ YES, KMQ_QUEUE, "kmq(7)" },
		{ YES, "kmq-call", "kmq_call(3)" },
		{ YES, "sysv-msg", "msgop(2)" },
		{ YES, "posix-mq", "mq_overview(7)" },
		{ YES, PIPES, "pipe(7)" },
		{ YES, SOCKETS, "send(2)" },
		{ YES, "signal", "sigqueue(3)" },
		{ SILENT, "rpc " SHARED, NULL } } },

	/* lifetime */
	{ "survives-creator", {
		{ YES, MPMC, "kmq(7)" },
		{ YES, TWIN, "memfd_create(2)" },
		{ SILENT, CAST, NULL },
		{ YES, KMQ_QUEUE, "kmq(7)" },
		{ NO, "kmq-call", "kmq_call(3)" },
		{ YES, "posix-mq", "mq_overview(7)" },
		{ YES, NAMED_SHM, "shm_overview(7)" },
		{ YES, "sysv-shm", "shmctl(2)" },
		{ YES, "mmap-file", "mmap(2)" },
		{ YES, "eventfd-shm", "memfd_create(2)" },
		{ YES, "file-lock", "unlink(2)" },
		{ SILENT, "sysv-msg " PIPES " " SOCKETS " rpc signal", NULL } } },
	{ "persists", {
		{ YES, MPMC, "kmq(7)" },
		{ NO, TWIN, "memfd_create(2)" },
		{ NO, CAST, "kmq_ring(7)" },
		{ YES, KMQ_QUEUE, "kmq(7)" },
		{ NO, "kmq-call", "kmq_call(3)" },
		{ YES, "posix-mq", "mq_overview(7)" },
		{ NO, "fifo", "fifo(7)" },
		{ YES, NAMED_SHM, "shm_overview(7)" },
		{ YES, "sysv-shm", "shmctl(2)" },
		{ YES, "mmap-file", "mmap(2)" },
		{ NO, "eventfd-shm", "memfd_create(2)" },
		{ NO, SOCKETS " rpc", "connect(2)" },
		{ NO, "signal", "kill(2)" },
		{ YES, "file-lock", "unlink(2)" },
		{ SILENT, "sysv-msg pipe", NULL } } },
	{ "cleaned", {
		{ NO, RINGS, "kmq(7)" },
		{ YES, TWIN, "memfd_create(2)" },
		{ NO, KMQ, "kmq(7)" },
		{ NO, "posix-mq", "mq_overview(7)" },
		{ NO, "fifo", "fifo(7)" },
		{ NO, UNIX, "unix(7)" },
		{ NO, NAMED_SHM, "shm_overview(7)" },
		{ NO, "sysv-shm", "shmctl(2)" },
		{ YES, "eventfd-shm", "memfd_create(2)" },
		{ NO, FILES, "unlink(2)" },
		{ SILENT, "sysv-msg pipe tcp rpc signal", NULL } } },
	{ "removed", {
		{ YES, RINGS, "kmq(4)" },
		{ SILENT, TWIN, NULL },
		{ YES, KMQ, "kmq(4)" },
		{ YES, "sysv-msg", "msgop(2)" },
		{ NO, "posix-mq", "mq_unlink(3)" },
		{ NO, "fifo " UNIX " " FILES, "unlink(2)" },
		{ YES, "sysv-shm", "semop(2)" },
		{ NO, NAMED_SHM, "shm_open(3)" },
		{ SILENT, "pipe tcp rpc signal eventfd-shm", NULL } } },
	{ "visible", {
		{ YES, RINGS, "kmq(4)" },
		{ SILENT, TWIN, NULL },
		{ YES, KMQ, "kmq(4)" },
		{ YES, "sysv-msg sysv-shm tcp rpc signal", "proc(5)" },
		{ YES, "posix-mq", "mq_overview(7)" },
		{ YES, "fifo", "fifo(7)" },
		{ YES, UNIX, "unix(7)" },
		{ YES, NAMED_SHM, "shm_overview(7)" },
		{ YES, FILES, "open(2)" },
		{ SILENT, "pipe eventfd-shm", NULL } } },

	/* access */
	{ "unrelated", {
		{ YES, RINGS, "kmq(7)" },
		{ NO, TWIN, "kmq_ring(3)" },
		{ YES, KMQ, "kmq(7)" },
		{ YES, "sysv-msg", "msgget(2)" },
		{ YES, "posix-mq", "mq_overview(7)" },
		{ NO, "pipe", "pipe(7)" },
		{ YES, "fifo", "pipe(7)" },
		{ YES, SOCKETS " rpc", "connect(2)" },
		{ YES, "signal", "sigqueue(3)" },
		{ YES, "sysv-shm", "shmget(2)" },
		{ YES, NAMED_SHM, "shm_overview(7)" },
		{ YES, FILES, "open(2)" },
		{ NO, "eventfd-shm", "eventfd(2)" } } },
	{ "ancestor", {
		{ NO, RINGS, "kmq(7)" },
		{ YES, TWIN, "kmq_ring(3)" },
		{ NO, KMQ, "kmq(7)" },
		{ NO, "sysv-msg", "msgget(2)" },
		{ NO, "posix-mq", "mq_overview(7)" },
		{ YES, "pipe", "pipe(7)" },
		{ NO, "fifo", "pipe(7)" },
		{ NO, SOCKETS " rpc", "connect(2)" },
		{ NO, "signal", "sigqueue(3)" },
		{ NO, "sysv-shm", "shmget(2)" },
		{ NO, NAMED_SHM, "shm_overview(7)" },
		{ NO, FILES, "open(2)" },
		{ YES, "eventfd-shm", "eventfd(2)" } } },
	{ "permission", {
		{ YES, RINGS, "kmq(7)" },
		{ YES, TWIN, "proc(5)" },
		{ YES, KMQ, "kmq(7)" },
		{ YES, "sysv-msg", "msgget(2)" },
		{ YES, "posix-mq", "mq_open(3)" },
		{ YES, "pipe eventfd-shm", "proc(5)" },
		{ YES, "fifo", "pipe(7)" },
		{ YES, UNIX, "unix(7)" },
		{ YES, "signal", "kill(2)" },
		{ YES, "sysv-shm", "shmget(2)" },
		{ YES, NAMED_SHM, "shm_open(3)" },
		{ YES, FILES, "open(2)" },
		{ SILENT, "tcp rpc", NULL } } },
	{ "identity", {
		{ NO, RINGS, "kmq(4)" },
		{ SILENT, TWIN, NULL },
		{ YES, KMQ_TYPED " kmq-call", "kmq(7)" },
		{ PARTLY, "sysv-msg", "msgctl(2)" },
		{ NO, "posix-mq", "kmq(7)" },
		{ YES, UNIX, "unix(7)" },
		{ YES, "signal", "sigaction(2)" },
		{ SILENT, KMQ_PLAIN " " PIPES " tcp rpc " SHARED, NULL } } },
	{ "passed", {
		{ YES, RINGS, "kmq_create(3)" },
		{ YES, TWIN, "kmq_ring(3)" },
		{ YES, KMQ, "kmq_create(3)" },
		{ NO, "sysv-msg", "msgget(2)" },
		{ YES, "posix-mq", "mq_overview(7)" },
		{ YES, PIPES " " SOCKETS " rpc " NAMED_SHM " " FILES, "unix(7)" },
		{ YES, "eventfd-shm", "memfd_create(2)" },
		{ NO, "sysv-shm", "shmget(2)" },
		{ SILENT, "signal", NULL } } },
	{ "mixed-doors", {
		{ YES, RINGS, "kmq_ring(7)" },
		{ NO, KMQ, "kmq(4)" },
		{ SILENT, CARRIERS " " SHARED " " TWIN, NULL } } },

	/* waiting */
	{ "full-blocks", {
		{ YES, MPMC " " TWIN, "kmq_ring(3)" },
		{ NO, CAST, "kmq_ring(7)" },
		{ YES, KMQ_QUEUE, "kmq(4)" },
		{ YES, "sysv-msg", "msgop(2)" },
		{ YES, "posix-mq", "mq_send(3)" },
		{ YES, PIPES, "pipe(7)" },
		{ YES, SOCKETS, "send(2)" },
		{ NO, "signal", "sigqueue(3)" },
		{ YES, "sysv-shm", "semop(2)" },
		{ YES, "shm-futex", "futex(2)" },
		{ YES, "mmap-file", "sem_wait(3)" },
		{ YES, "eventfd-shm", "eventfd(2)" },
		{ SILENT, "kmq-call rpc posix-shm shm-spin file-lock", NULL } } },
	{ "empty-blocks", {
		{ YES, RINGS " " TWIN, "kmq_ring(3)" },
		{ YES, KMQ, "kmq(4)" },
		{ YES, "sysv-msg", "msgop(2)" },
		{ YES, "posix-mq", "mq_receive(3)" },
		{ YES, PIPES, "pipe(7)" },
		{ YES, SOCKETS, "recv(2)" },
		{ YES, "signal", "sigwaitinfo(2)" },
		{ YES, "sysv-shm", "semop(2)" },
		{ YES, "shm-futex", "futex(2)" },
		{ YES, "mmap-file", "sem_wait(3)" },
		{ YES, "eventfd-shm", "eventfd(2)" },
		{ SILENT, "rpc posix-shm shm-spin file-lock", NULL } } },
	{ "nonblocking", {
		{ YES, MPMC " " TWIN, "kmq_ring(3)" },
		{ SILENT, CAST, NULL },
		{ YES, KMQ_QUEUE, "kmq(4)" },
		{ PARTLY, "kmq-call", "kmq_call(3)" },
		{ YES, "sysv-msg", "msgop(2)" },
		{ YES, "posix-mq", "mq_overview(7)" },
		{ YES, PIPES, "pipe(7)" },
		{ YES, SOCKETS, "send(2)" },
		{ YES, "signal", "sigqueue(3)" },
		{ YES, "sysv-shm", "semop(2)" },
		{ YES, "mmap-file", "sem_wait(3)" },
		{ YES, "eventfd-shm", "eventfd(2)" },
		{ YES, "file-lock", "fcntl(2)" },
		{ SILENT, "rpc " NAMED_SHM, NULL } } },
	{ "deadline", {
		{ YES, RINGS " " TWIN, "kmq_ring(3)" },
		{ YES, "kmq-ioctl kmq-batch kmq-call", "kmq(4)" },
		{ NO, "sysv-msg", "kmq(7)" },
		{ YES, "posix-mq", "mq_receive(3)" },
		{ YES, SOCKETS, "socket(7)" },
		{ YES, "signal", "sigwaitinfo(2)" },
		{ YES, "sysv-shm", "semop(2)" },
		{ YES, "shm-futex", "futex(2)" },
		{ YES, "mmap-file", "sem_wait(3)" },
		{ YES, "kmq-uring", "io_uring_enter(2)" },
		{ SILENT, "kmq " PIPES " rpc", NULL },
		{ SILENT, "posix-shm shm-spin eventfd-shm file-lock", NULL } } },
	{ "poll", {
		{ YES, RINGS, "kmq_ring(3)" },
		{ NO, TWIN, "kmq_ring(3)" },
		{ YES, KMQ, "kmq(4)" },
		{ NO, "sysv-msg", "kmq(7)" },
		{ YES, "posix-mq", "mq_overview(7)" },
		{ YES, PIPES, "poll(2)" },
		{ YES, SOCKETS, "socket(7)" },
		{ YES, "signal", "signalfd(2)" },
		{ YES, "eventfd-shm", "eventfd(2)" },
		{ SILENT, "rpc sysv-shm " NAMED_SHM " " FILES, NULL } } },
	{ "eof", {
		{ SILENT, RINGS " " TWIN, NULL },
		{ NO, KMQ, "kmq(4)" },
		{ YES, PIPES, "pipe(7)" },
		{ YES, "unix-stream tcp", "recv(2)" },
		{ YES, "unix-seqpacket", "socket(2)" },
		{ SILENT, "sysv-msg posix-mq unix-dgram", NULL },
		{ SILENT, "rpc signal " SHARED, NULL } } },
	{ "no-reader", {
		{ SILENT, RINGS " " TWIN, NULL },
		{ YES, "pipe", "pipe(7)" },
		{ YES, "fifo", "fifo(7)" },
		{ YES, "unix-stream", "unix(7)" },
		{ YES, "unix-seqpacket", "send(2)" },
		{ YES, "signal", "sigqueue(3)" },
		{ SILENT, KMQ " sysv-msg posix-mq unix-dgram", NULL },
		{ SILENT, "tcp rpc " SHARED, NULL } } },
	{ "wakes-one", {
		{ YES, MPMC, "kmq_ring(7)" },
		{ NO, CAST, "kmq_ring(7)" },
		{ SILENT, TWIN, NULL },
		{ YES, KMQ, "kmq(7)" },
		{ YES, "shm-futex", "futex(2)" },
		{ YES, "mmap-file", "sem_post(3)" },
		{ SILENT, CARRIERS " sysv-shm posix-shm shm-spin eventfd-shm file-lock", NULL } } },
	{ "lapped", {
		{ YES, CAST, "kmq_ring(7)" },
		{ NO, MPMC " " TWIN, "kmq_ring(3)" },
		{ NO, KMQ, "kmq(7)" },
		{ SILENT, CARRIERS " " SHARED, NULL } } },

	/* locks */
	{ "lost-update", {
		{ SILENT, RINGS " " TWIN, NULL },
		{ YES, NAMED_SHM, "shm_overview(7)" },
		{ SILENT, KMQ " " CARRIERS, NULL },
		{ SILENT, "sysv-shm eventfd-shm " FILES, NULL } } },
	{ "lock-saves", {
		{ SILENT, RINGS " " TWIN, NULL },
		{ YES, "sysv-shm", "semop(2)" },
		{ YES, "shm-futex", "futex(7)" },
		{ YES, "mmap-file", "sem_overview(7)" },
		{ YES, "eventfd-shm", "eventfd(2)" },
		{ YES, "file-lock", "fcntl(2)" },
		{ SILENT, KMQ " " CARRIERS, NULL },
		{ SILENT, "posix-shm shm-spin", NULL } } },
	{ "counts", {
		{ SILENT, RINGS " " TWIN, NULL },
		{ YES, "sysv-shm", "sysvipc(7)" },
		{ YES, "mmap-file", "sem_overview(7)" },
		{ YES, "eventfd-shm", "eventfd(2)" },
		{ NO, "file-lock", "fcntl(2)" },
		{ SILENT, KMQ " " CARRIERS, NULL },
		{ SILENT, NAMED_SHM, NULL } } },
	{ "anyone-posts", {
		{ SILENT, RINGS " " TWIN, NULL },
		{ YES, "sysv-shm", "semop(2)" },
		{ YES, "mmap-file", "sem_overview(7)" },
		{ YES, "eventfd-shm", "eventfd(2)" },
		{ NO, "file-lock", "fcntl(2)" },
		{ SILENT, KMQ " " CARRIERS, NULL },
		{ SILENT, NAMED_SHM, NULL } } },
	{ "deadlock", {
		{ SILENT, RINGS " " TWIN, NULL },
		{ NO, "file-lock", "fcntl(2)" },
		{ SILENT, KMQ " " CARRIERS, NULL },
		{ SILENT, "sysv-shm " NAMED_SHM " mmap-file eventfd-shm", NULL } } },
	{ "lock-order", {
		{ SILENT, RINGS " " TWIN, NULL },
		{ SILENT, KMQ " " CARRIERS " " SHARED, NULL } } },

	/* deaths */
	{ "holder-dies", {
		{ YES, MPMC, "kmq_ring(7)" },
		{ NO, TWIN, "kmq_ring(3)" },
		{ SILENT, CAST, NULL },
		{ YES, "kmq-ioctl", "kmq_lease(3)" },
		{ NO, KMQ_PLAIN " kmq-batch kmq-call", "kmq(7)" },
		{ YES, "sysv-shm", "semop(2)" },
		{ YES, "posix-shm", "pthread_mutexattr_setrobust(3)" },
		{ YES, "file-lock", "fcntl(2)" },
		{ SILENT, CARRIERS, NULL },
		{ SILENT, "shm-futex shm-spin mmap-file eventfd-shm", NULL } } },
	{ "sender-dies", {
		{ YES, RINGS, "kmq_ring(7)" },
		{ PARTLY, TWIN, "kmq_ring(3)" },
		{ YES, KMQ, "kmq(4)" },
		{ PARTLY, PIPES, "pipe(7)" },
		{ YES, "unix-dgram unix-seqpacket", "send(2)" },
		{ SILENT, "sysv-msg posix-mq unix-stream tcp rpc signal " SHARED, NULL } } },
	{ "receiver-dies", {
		{ NO, MPMC, "kmq_ring(7)" },
		{ SILENT, CAST " " TWIN, NULL },
		{ NO, "kmq-ioctl", "kmq_lease(3)" },
		{ YES, KMQ_PLAIN " kmq-batch kmq-call", "kmq(7)" },
		{ YES, "sysv-msg", "sysvipc(7)" },
		{ YES, "posix-mq", "mq_receive(3)" },
		{ SILENT, PIPES " " SOCKETS " rpc signal " SHARED, NULL } } },

	/* cost */
	{ "charged", {
		{ SILENT, RINGS " " TWIN, NULL },
		{ YES, KMQ, "kmq(4)" },
		{ SILENT, CARRIERS " " SHARED, NULL } } },
	{ "quota", {
		{ YES, RINGS, "kmq(4)" },
		{ SILENT, TWIN, NULL },
		{ YES, KMQ, "kmq(4)" },
		{ NO, "sysv-msg", "msgget(2)" },
		{ YES, "posix-mq", "mq_overview(7)" },
		{ PARTLY, PIPES, "pipe(7)" },
		{ YES, "signal", "getrlimit(2)" },
		{ NO, "sysv-shm", "shmget(2)" },
		{ SILENT, SOCKETS " rpc " NAMED_SHM " eventfd-shm " FILES, NULL } } },
	{ "copies", {
		{ YES, RINGS " " TWIN, "kmq_ring(3)" },
		{ YES, KMQ_QUEUE, "kmq(7)" },
		{ YES, "kmq-call", "kmq(7)" },
		{ YES, "sysv-msg", "msgop(2)" },
		{ SILENT, "posix-mq " PIPES " " SOCKETS " rpc signal " SHARED, NULL } } },
	{ "syscalls", {
		{ NO, RINGS " " TWIN, "kmq_ring(7)" },
		{ YES, "kmq kmq-ioctl kmq-call", "kmq(4)" },
		{ PARTLY, "kmq-batch", "kmq_batch(3)" },
		{ YES, "kmq-uring", "io_uring_enter(2)" },
		{ YES, "sysv-msg", "msgop(2)" },
		{ YES, "posix-mq", "mq_overview(7)" },
		{ YES, PIPES, "pipe(7)" },
		{ YES, SOCKETS, "send(2)" },
		{ YES, "signal", "sigqueue(3)" },
		{ YES, "sysv-shm", "semop(2)" },
		{ NO, "posix-shm shm-futex mmap-file", "futex(7)" },
		{ YES, "file-lock", "fcntl(2)" },
		{ SILENT, "rpc shm-spin eventfd-shm", NULL } } },
};

/* Whether @name is one of the words of @names. */
static bool has_name(const char *names, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = names; (at = strstr(at, name)); at += length)
		if ((at == names || at[-1] == ' ') && (!at[length] || at[length] == ' '))
			return true;
	return false;
}

static const struct row *row_of(const char *claim)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!strcmp(rows[i].claim, claim))
			return &rows[i];
	return NULL;
}

unsigned int expected_count(const char *claim, const char *mechanism)
{
	const struct row *row = row_of(claim);
	unsigned int count = 0;

	for (int i = 0; row && i < SAYINGS && row->sayings[i].mechanisms; i++)
		count += has_name(row->sayings[i].mechanisms, mechanism);
	return count;
}

enum verdict expected_verdict(const char *claim, const char *mechanism, const char **source)
{
	const struct row *row = row_of(claim);

	*source = NULL;
	for (int i = 0; row && i < SAYINGS && row->sayings[i].mechanisms; i++) {
		if (!has_name(row->sayings[i].mechanisms, mechanism))
			continue;
		*source = row->sayings[i].page;
		return row->sayings[i].verdict;
	}
	return VERDICT_NONE;
}
