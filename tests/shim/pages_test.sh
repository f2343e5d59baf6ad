#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/shim/pages_test.sh [DIR]: every promise in DIR/pages.txt has a claim, or says why it has none; every claim of
# DIR/sysv_*.c and DIR/mqueue_*.c is listed there under the promise that stands above it in its source. DIR is where
# this script is, unless told.
set -euo pipefail

dir=${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)}
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
test=0
failed=0

# report NAME FILE: fails if there is something in FILE.
report()
{
	test=$((test + 1))
	if [ -s "$2" ]; then
		echo "not ok $test - $1"
		sed 's/^/# /' "$2"
		failed=1
	else
		echo "ok $test - $1"
	fi
}

# promise<TAB>program: claim, from the sources. A claim without a comment right above it has an empty promise.
sources()
{
	local file

	for file in "$dir"/sysv_*.c "$dir"/mqueue_*.c; do
		awk -v program="$(basename "$file" .c)" '
			/^\/\*/ { text = ""; open = 1 }
			open {
				line = $0
				sub(/^\/\*/, "", line)
				closed = sub(/\*\/$/, "", line)
				sub(/^ \*?/, "", line)
				text = text " " line
				if (closed) { open = 0; last = NR }
				next
			}
			/^CLAIM\(/ {
				if (last != NR - 1) text = ""
				gsub(/[ \t]+/, " ", text)
				gsub(/^ | $/, "", text)
				name = $0
				gsub(/^CLAIM\(|\).*$/, "", name)
				print text "\t" program ": " name
			}' "$file"
	done | sort
}

# The same, from pages.txt; what has no claim is left out.
pages()
{
	awk '
		/^#/ || /^$/ { next }
		/^\t/ { if ($0 !~ /^\tno claim: ./) print promise $0; next }
		{ promise = $0 }' "$dir/pages.txt" | sort
}

sources >"$work/sources"
pages >"$work/pages"

awk '
	/^#/ || /^$/ { next }
	/^\t/ { has = 1; next }
	{ if (promise != "" && !has) print promise; promise = $0; has = 0 }
	END { if (promise != "" && !has) print promise }' "$dir/pages.txt" >"$work/bare"
report 'every promise has a claim or a reason' "$work/bare"

grep -v '^[#	]' "$dir/pages.txt" | grep . | sort | uniq -d >"$work/double" || true
report 'no promise stands twice' "$work/double"

awk -F'\t' '$1 !~ /^[a-z_]+\([2-7]\)[ ,].*: ./ { print $2 }' "$work/sources" >"$work/uncited"
report 'every claim cites a page, a place and a promise' "$work/uncited"

comm -23 "$work/sources" "$work/pages" >"$work/unlisted"
report 'every claim is listed under its promise' "$work/unlisted"

comm -13 "$work/sources" "$work/pages" >"$work/absent"
report 'every claim that is listed is there' "$work/absent"

echo "1..$test"
exit $failed
