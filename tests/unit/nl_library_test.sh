#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# libkmq-nl exports what its header declares, and nothing else, and is a library
# of its own. Needs .build/lib (make), or B=DIRECTORY.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-.build}
CC=${CC:-gcc}
shared=$B/lib/libkmq-nl.so.0
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
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

# Without comments, which tell of functions, too.
declared() {
	"$CC" -fpreprocessed -dD -E -P user/include/kmq_nl.h | sed '/^#/d' | tr '\n;' ' \n' |
		grep -o 'kmq_[a-z_]*(' | tr -d '(' | sort -u
}
exported() { nm -D --defined-only "$shared" | awk '$2 != "A" { print $3 }' | sort; }
listed() { sed -n 's/^\t\(kmq_[a-z0-9_]*\);$/\1/p' user/libkmq-nl.map; }

[[ $(declared | wc -l) -gt 20 ]] && diff <(declared) <(exported | sed 's/@.*//')
report $? "what is exported is what the header declares"

! exported | grep -v '@@KMQ_NL_[0-9.]*$'
report $? "every symbol has a version"

diff <(declared) <(listed | grep -v '_time64$')
report $? "the version script lists every function"

readelf -d "$shared" | grep -q 'SONAME.*\[libkmq-nl\.so\.0\]'
report $? "the soname is libkmq-nl.so.0"

! readelf -d "$shared" | grep NEEDED | grep -v 'libc\.so\|libnl-3\.so\|libnl-genl-3\.so'
report $? "nothing but libnl and the C library is needed"

! readelf -d "$B/lib/libkmq.so.0" | grep NEEDED | grep libnl
report $? "who only sends and receives does not need libnl"

! nm --defined-only "$B/lib/libkmq-nl.a" | awk '$2 ~ /[A-Z]/ { print $3 }' | grep -v '^\(kmq_\|libkmq_nl_\)'
report $? "the static library defines no names outside kmq_ and libkmq_nl_"

! comm -12 <(nm --defined-only "$B/lib/libkmq-nl.a" | awk '$2 ~ /[A-Z]/ { print $3 }' | sort) \
	<(nm --defined-only "$B/lib/libkmq.a" | awk '$2 ~ /[A-Z]/ { print $3 }' | sort) | grep .
report $? "both static libraries go into one program"

! nm -u "$shared" | grep -wE 'printf|fprintf|puts|perror|exit|abort|signal|sigaction'
report $? "the library does not print, exit or catch signals"

for standard in c99 c11 gnu11 gnu17; do
	echo '#include <kmq_nl.h>' | "$CC" -x c -std=$standard -pedantic -Wall -Wextra -Werror \
		-D_POSIX_C_SOURCE=200809L -Ikmod/uapi -Iuser/include -fsyntax-only -
	report $? "kmq_nl.h stands alone in $standard, and needs no header of libnl"
done
if command -v g++ >/dev/null; then
	echo '#include <kmq_nl.h>' | g++ -x c++ -std=c++11 -Wall -Wextra -Werror \
		-Ikmod/uapi -Iuser/include -fsyntax-only -
	report $? "kmq_nl.h stands alone in C++"
else
	echo "SKIP: kmq_nl.h stands alone in C++ (no g++)"
fi

# The structs are an ABI: members are added in what is reserved.
layout() {
	printf '%s\n' '#include <kmq_nl.h>' \
		'int layout[] = { sizeof(struct kmq_nl_queue), offsetof(struct kmq_nl_queue, reserved),' \
		'sizeof(struct kmq_nl_histograms), sizeof(struct kmq_nl_settings), offsetof(struct kmq_nl_settings, reserved),' \
		'sizeof(struct kmq_nl_holder), offsetof(struct kmq_nl_holder, reserved),' \
		'sizeof(struct kmq_nl_event), offsetof(struct kmq_nl_event, reserved) };' |
		"$CC" "$@" -O0 -x c -S -o - -D_GNU_SOURCE -Ikmod/uapi -Iuser/include - | sed -n 's/.*\.long\t//p' | tr '\n' ' '
}
[[ $(layout -m64) == '360 336 520 104 72 112 80 128 96 ' ]]
report $? "the structs are as long as they were"

# A 32-bit program with a 64-bit time_t asks for the other name, and it is there.
# shellcheck disable=SC2046 # flags are words
times64() {
	printf '%s\n' '#include <kmq_nl.h>' \
		'int wait(struct kmq_nl *nl, struct kmq_nl_event *event) { return kmq_nl_next_event_until(nl, event, 0); }' |
		"$CC" -m32 -D_GNU_SOURCE -D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64 -x c -c -o "$directory/caller.o" \
			-Ikmod/uapi -Iuser/include - &&
		nm -u "$directory/caller.o" | grep -qw kmq_nl_next_event_until_time64 &&
		"$CC" -m32 -std=gnu11 -D_GNU_SOURCE -c -o "$directory/library.o" -Ikmod/uapi -Iuser/include \
			$(pkg-config --cflags libnl-genl-3.0) user/nl/deadline_time64.c &&
		nm --defined-only "$directory/library.o" | grep -qw kmq_nl_next_event_until_time64
}
if echo | "$CC" -m32 -x c -include stdlib.h -fsyntax-only - 2>/dev/null; then
	times64
	report $? "a 64-bit time_t in a 32-bit program has its function"
else
	echo "SKIP: a 64-bit time_t in a 32-bit program has its function (no 32-bit compiler)"
fi

echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
