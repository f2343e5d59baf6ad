#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The library exports what its headers declare, and nothing else. Needs
# .build/lib (make), or B=DIRECTORY.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-.build}
CC=${CC:-gcc}
shared=$B/lib/libkmq.so.0
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

headers=(user/include/*.h kmod/uapi/linux/*.h)
preprocessed() { printf '#include <%s>\n' kmq.h kmq_hub.h | "$CC" -E -P -D_GNU_SOURCE -Ikmod/uapi -Iuser/include -; }
# stdin: the preprocessed header.
declared() { grep -o 'kmq_[a-z_]* *(' | tr -d ' (' | sort -u; }
inline() { sed -n 's/^static inline .*[ *]\(kmq_[a-z_]*\)(.*/\1/p' "${headers[@]}" | sort -u; }
functions() { preprocessed | declared | comm -23 - <(inline); }
# Those that take a time.
timed() { preprocessed | tr '\n;' ' \n' | grep 'struct timespec \*[a-z]*)' | declared; }
exported() { nm -D --defined-only "$shared" | awk '$2 != "A" { print $3 }' | sort; }

diff <(functions) <(exported | sed 's/@.*//')
report $? "what is exported is what the headers declare"

! exported | grep -v '@@KMQ_[0-9.]*$'
report $? "every symbol has a version"

listed() { sed -n 's/^\t\(kmq_[a-z0-9_]*\);$/\1/p' user/libkmq.map; }
diff <(functions) <(listed | grep -v '_time64$')
report $? "the version script lists every function"

# The names that 32-bit programs with a 64-bit time_t ask for.
diff <(timed | sed 's/$/_time64/') <(listed | grep '_time64$')
report $? "every call with a deadline has a form for a 64-bit time_t"

readelf -d "$shared" | grep -q 'SONAME.*\[libkmq\.so\.0\]'
report $? "the soname is libkmq.so.0"

! readelf -d "$shared" | grep NEEDED | grep -v 'libc\.so'
report $? "nothing but the C library is needed"

! nm --defined-only "$B/lib/libkmq.a" | awk '$2 ~ /[A-Z]/ { print $3 }' | grep -v '^\(lib\)\?kmq_'
report $? "the static library defines no names outside kmq_ and libkmq_"

! nm -u "$shared" | grep -wE 'malloc|calloc|realloc|free|printf|fprintf|pthread_mutex_lock'
report $? "the library does not allocate, print or lock"

for header in kmq.h kmq_hub.h kmq_ring.h; do
	for standard in c99 c11 gnu11 gnu17; do
		echo "#include <$header>" | "$CC" -x c -std=$standard -pedantic -Wall -Wextra -Werror \
			-D_POSIX_C_SOURCE=200809L -Ikmod/uapi -Iuser/include -fsyntax-only -
		report $? "$header stands alone in $standard"
	done
	if command -v g++ >/dev/null; then
		echo "#include <$header>" | g++ -x c++ -std=c++11 -Wall -Wextra -Werror \
			-Ikmod/uapi -Iuser/include -fsyntax-only -
		report $? "$header stands alone in C++"
	else
		echo "SKIP: $header stands alone in C++ (no g++)"
	fi
done

# The words of a ring are where they are, whatever compiles them.
layout() {
	printf '%s\n' '#include <kmq.h>' '#include <stddef.h>' \
		'int layout[] = { sizeof(struct kmq_ring_control), offsetof(struct kmq_ring_control, twin_ids),' \
		'sizeof(struct kmq_ring_producers), offsetof(struct kmq_ring_producers, lock),' \
		'offsetof(struct kmq_ring_consumers, claims), sizeof(struct kmq_ring_claim),' \
		'sizeof(struct kmq_ring_record), sizeof(struct kmq_ring_attach), sizeof(struct kmq_ring_wait) };' |
		"$CC" "$@" -O0 -x c -S -o - -D_GNU_SOURCE -Ikmod/uapi -Iuser/include - | grep '\.long'
}
diff <(layout -m64) <(layout -m32)
report $? "32-bit programs see the same ring"

# One producer and one consumer pay for no fence and no atomic read-modify-write.
steady() {
	printf '%s\n' '#include <kmq.h>' \
		'int send(struct kmq_ring *r, unsigned n) { return kmq_ring_try_reserve(r, n) ? kmq_ring_commit(r) : -1; }' \
		'int take(struct kmq_ring *r, struct kmq_ring_part *p)' \
		'{ return kmq_ring_try_peek(r, p) ? -1 : kmq_ring_release(r); }' |
		"$CC" -O2 -x c -S -o - -D_GNU_SOURCE -Ikmod/uapi -Iuser/include -
}
! steady | grep -wE 'lock|xchg[a-z]*|[lms]fence|dmb|cmpxchg[a-z0-9]*'
report $? "the inline calls have no fence and no atomic read-modify-write"

echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
