#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Every example in a man page compiles against the built libraries without a
# warning, and a whole program links. Needs .build/lib (make), or B=DIRECTORY.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-.build}
CC=${CC:-gcc}
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
passed=0 failed=0

# The literal displays of EXAMPLES, one file each: PAGE.N.txt
extract() {
	awk -v prefix="$directory/$(basename "$1")" '
		/^\.Sh /		{ examples = /EXAMPLES/ }
		examples && /^\.Bd -literal/ { file = prefix "." ++count ".txt"; next }
		/^\.Ed/			{ file = "" }
		file			{
			if (/^\./) { print "macro in an example: " $0 > "/dev/stderr"; exit 1 }
			gsub(/\\e/, "\\"); gsub(/\\-/, "-"); gsub(/\\&/, "")
			print > file
		}' "$1"
}

# A program with main() is linked, the others are only compiled.
check() {
	local source=$1 compile=(-c) link=()

	if grep -q '^int main(' "$source"; then
		compile=() link=(-x none -L"$B/lib" -lkmq -lkmq-nl)
	fi
	"$CC" -x c -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter -D_GNU_SOURCE \
		-Ikmod/uapi -Iuser/include "${compile[@]}" "$source" "${link[@]}" -o "$directory/out"
}

report() {
	if [[ $1 == 0 ]]; then
		passed=$((passed + 1))
		echo "PASS: $2"
	else
		failed=$((failed + 1))
		echo "FAIL: $2"
	fi
}

for page in user/man/*.[347]; do
	extract "$page"
	report $? "the examples of ${page##*/} are plain text"
	programs=0
	for text in "$directory/${page##*/}".*.txt; do
		grep -qs '^#include' "$text" || continue
		programs=$((programs + 1))
		check "$text"
		report $? "example $programs of ${page##*/} compiles"
	done
	[[ $programs -gt 0 ]]
	report $? "${page##*/} has an example"
done

if command -v mandoc >/dev/null; then
	! mandoc -T lint -W warning user/man/*.[347] | grep .
	report $? "mandoc has no complaint about the pages"
else
	echo "SKIP: mandoc has no complaint about the pages (no mandoc)"
fi

# So that no page tells of a function that is not there, or the other way round.
exported() { nm -D --defined-only --no-demangle "$B"/lib/libkmq{,-nl}.so.0 | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | sort -u; }
inline() {
	sed -n 's/^static inline .*[ *]\(kmq_[a-z_]*\)(.*/\1/p' user/include/kmq.h user/include/kmq_hub.h
	# There the public ones are declared first; the others are private.
	sed -n 's/^static inline .*[ *]\(kmq_[a-z_]*\)(.*);$/\1/p' user/include/kmq_ring.h
}
private() { sed -n '/^\/\* Private/{n;s/^[a-z].*[ *]\(kmq_[a-z_]*\)(.*);$/\1/p}' user/include/kmq_ring.h | sort -u; }

difference=$(diff <({ exported; inline; } | sort -u | comm -23 - <(private)) <(for page in user/man/*.3; do
	awk '/^\.Sh/ { synopsis = /SYNOPSIS/ } synopsis && /^\.Fn/ { print $2 }' "$page"; done | sort -u))
report $? "the synopses name exactly the functions of the libraries"
[[ -z $difference ]] || echo "$difference"

echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
