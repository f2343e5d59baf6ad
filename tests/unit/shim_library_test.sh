#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# libkmq-sysv and libkmq-mqueue stand before the C library, and before nothing else. Where
# there is no module, as here, their calls answer ENOSYS, and all others are what they were.
# Needs .build/lib (make), or B=DIRECTORY.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-.build}
CC=${CC:-gcc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

report() {
	if [[ $1 == 0 ]]; then
		passed=$((passed + 1))
		echo "PASS: $2"
	else
		failed=$((failed + 1))
		echo "FAIL: $2"
	fi
}

shims=(sysv)
[[ ! -e user/libkmq-mqueue.map ]] || shims+=(mqueue)
libraries=()
for shim in "${shims[@]}"; do
	for folder in lib lib32; do
		if [[ $folder == lib || -e $B/$folder/libkmq-$shim.so.0 ]]; then libraries+=("$B/$folder/libkmq-$shim.so.0"); fi
	done
done

exported() { nm -D --defined-only "$1" | awk '$2 != "A" { print $3 }' | sort; }
listed() { sed -n 's/^\t\([a-z_0-9]*\);$/\1/p' "user/libkmq-$1.map" | sort; }

for library in "${libraries[@]}"; do
	name=${library##*/} folder=$(basename "$(dirname "$library")")
	shim=${name#libkmq-} shim=${shim%.so.0}

	# A name of 64-bit time_t is there in 32 bits alone.
	! exported "$library" | comm -23 - <(listed "$shim") | grep . &&
		! exported "$library" | comm -13 - <(listed "$shim") | grep -v '64$'
	report $? "$folder/$name: what is exported is what its map lists"

	# A program's reference has the C library's version, which only a name without one stands before.
	! exported "$library" | grep '@'
	report $? "$folder/$name: no symbol has a version"

	readelf -d "$library" | grep -q "SONAME.*\[${name//./\\.}\]"
	report $? "$folder/$name: the soname is its name"

	! readelf -d "$library" | grep NEEDED | grep -v 'libc\.so'
	report $? "$folder/$name: nothing but the C library is needed"

	! nm -uD "$library" | grep -wE 'malloc|calloc|realloc|free|printf|fprintf|fopen|pthread_mutex_lock|pthread_once'
	report $? "$folder/$name: it does not allocate, print or lock"

	! readelf -lW "$library" | grep GNU_STACK | grep -q E
	report $? "$folder/$name: the stack is not executable"
done

# A distribution may build all that is for 32 bits with a 64-bit time_t. The programs are those of today all the same: they
# find what they call, and the library's own calls of itself are those of either structure as ever.
# names FLAG...: of System V's and POSIX's calls, what each source defines (T) and calls (U).
names() {
	local file
	for file in user/shim/*.c user/sysv/*.c user/mqueue/*.c; do
		"$CC" -m32 "$@" -std=gnu11 -D_GNU_SOURCE -Wall -Werror -fPIC -fvisibility=hidden -Ikmod/uapi -Iuser/include \
			-c -o "$work/source.o" "$file" || return
		nm "$work/source.o" | sed -n "s|^[0-9a-f ]*\([TU] _*m[sq][g_].*\)|$file \1|p"
	done
}
if [[ -e $B/lib32/libkmq-sysv.so.0 ]]; then
	usual=$(names) && [[ $usual == *'user/sysv/control.c T __msgctl64'* && $usual == *'user/sysv/syscall.c U msgctl'* ]]
	report $? "lib32: the sources define and call what they are to"
	wide=$(names -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64) && [[ $wide == "$usual" ]]
	report $? "lib32: with a 64-bit time_t the sources define and call the same"
else
	echo "SKIP: lib32: with a 64-bit time_t the sources define and call the same (no 32-bit compiler)"
fi

# A program with the calls of both, and some of nobody's; its transcript without a library and with them.
cat >"$work/program.c" <<'END'
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/syscall.h>
#include <unistd.h>
static void ours(const char *what, long result)
{
	printf("%s %ld %s\n", what, result, result < 0 ? strerrorname_np(errno) : "");
}
int main(int argc, char **argv)
{
	char message[100] = { 1 };
	struct msqid_ds ds;
	int zero = open("/dev/zero", O_RDONLY);

	if (argc > 1 && strchr(argv[1], 's')) {
		ours("msgget", msgget(IPC_PRIVATE, 0600));
		ours("msgsnd", msgsnd(5, message, 5, 0));
		ours("msgsnd", msgsnd(5, message, -1, 0));
		ours("msgrcv", msgrcv(5, message, 5, 0, 0));
		ours("msgrcv", msgrcv(5, message, 5, 0, MSG_COPY));
		ours("msgctl", msgctl(5, IPC_STAT, &ds));
		ours("msgctl", msgctl(-5, IPC_STAT, &ds));
		ours("msgctl", msgctl(5, 99, &ds));
		ours("SYS_msgget", syscall(SYS_msgget, IPC_PRIVATE, 0600));
		ours("SYS_msgsnd", syscall(SYS_msgsnd, 5, message, 5l, 0));
	}
	if (argc > 1 && strchr(argv[1], 'm'))
		ours("mq_open", mq_open("/kmq-shim-library-test", O_RDONLY));
	printf("%d %d\n", syscall(SYS_getpid) == getpid(), syscall(SYS_gettid) == gettid());
	/* Six arguments, and errors. */
	printf("%d\n", (void *)syscall(
#ifdef SYS_mmap2
	       SYS_mmap2,
#else
	       SYS_mmap,
#endif
	       0, 4096, 1, 2, zero, 0) != (void *)-1);
	errno = 0;
	printf("%ld", syscall(SYS_close, 12345));
	printf(" %s\n", strerrorname_np(errno));
	errno = 0;
	printf("%ld", syscall(SYS_semctl, -1, 0, 0, 0));
	printf(" %s\n", strerrorname_np(errno));
	return 0;
}
END

expected=$'msgget -1 ENOSYS\nmsgsnd -1 ENOSYS\nmsgsnd -1 EINVAL\nmsgrcv -1 ENOSYS\nmsgrcv -1 EINVAL\nmsgctl -1 ENOSYS
msgctl -1 EINVAL\nmsgctl -1 EINVAL\nSYS_msgget -1 ENOSYS\nSYS_msgsnd -1 ENOSYS'
rest=$'1 1\n1\n-1 EBADF\n-1 EINVAL'
for folder in lib lib32; do
	[[ -e $B/$folder/libkmq-sysv.so.0 ]] || continue
	width=-m64
	[[ $folder == lib ]] || width=-m32
	"$CC" $width -std=gnu11 -D_GNU_SOURCE -Wall -Werror "$work/program.c" -o "$work/program"
	report $? "$folder: the program is there"
	[[ $("$work/program") == "$rest" ]]
	report $? "$folder: without a library its calls are the C library's"
	if [[ ! -e /dev/kmq/.hub ]]; then
		[[ $(LD_PRELOAD=$B/$folder/libkmq-sysv.so.0 "$work/program" s) == "$expected"$'\n'"$rest" ]]
		report $? "$folder: without the module System V's calls are ENOSYS, and others go on"
	else
		echo "SKIP: $folder: without the module System V's calls are ENOSYS (the module is loaded here)"
	fi
	[[ -e $B/$folder/libkmq-mqueue.so.0 && ! -e /dev/kmq/.hub ]] || continue
	both=$(LD_PRELOAD="$B/$folder/libkmq-sysv.so.0 $B/$folder/libkmq-mqueue.so.0" "$work/program" sm)
	[[ $both == "$expected"$'\nmq_open -1 ENOSYS\n'"$rest" ]]
	report $? "$folder: both at once"
	both=$(LD_PRELOAD="$B/$folder/libkmq-mqueue.so.0 $B/$folder/libkmq-sysv.so.0" "$work/program" sm)
	[[ $both == "$expected"$'\nmq_open -1 ENOSYS\n'"$rest" ]]
	report $? "$folder: both at once, the other way round"
done

echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
