#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tests/shim/twice_test.sh [DIR]: the runner finds what it has to find. DIR has twice, liar.so, nothing.so and the
# programs (.build/tests/shim, unless told). As root, for the namespaces.
# shellcheck disable=SC2016 # what stands in single quotes is expanded by the programs that are written here
set -euo pipefail

dir=${1:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/.build/tests/shim}
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
test=0
failed=0

# expect NAME STATUS PATTERN COMMAND...: the command's exit status, and a line that it prints.
expect()
{
	local name=$1 status=$2 pattern=$3 is=0

	shift 3
	"$@" >"$work/out" 2>&1 || is=$?
	test=$((test + 1))
	if [ "$is" = "$status" ] && grep -q -- "$pattern" "$work/out"; then
		echo "ok $test - $name"
	else
		echo "not ok $test - $name"
		echo "# exit $is, not $status, or no line like: $pattern"
		sed 's/^/# /' "$work/out"
		failed=1
	fi
}

# program BODY: a program of one claim, x, that runs BODY.
program()
{
	printf '#!/bin/bash\nif [ "$1" = --list ]; then echo x; exit; fi\n%s\n' "$1" >"$work/program"
	chmod +x "$work/program"
}

twice=$dir/twice
nothing=$dir/nothing.so
liar=$dir/liar.so
get=$dir/sysv_msgget
open=$dir/mqueue_transfer

program 'echo the same'
expect 'what always tells the same agrees' 0 '^ok 1 - program: x$' "$twice" --native-only "$work/program"
program 'echo $$'
expect 'a transcript that changes from run to run is found' 1 'run 1 and run 2 differ' \
	"$twice" --native-only "$work/program"
program 'echo once; n=$(cat '"$work"'/n 2>/dev/null || echo 0); echo $((n + 1)) >'"$work"'/n; [ $n -lt 7 ] || echo odd'
expect 'also when it changes in the eighth run only' 1 'run 1 and run 8 differ' \
	"$twice" --native-only --runs 20 "$work/program"
program 'true'
expect 'an empty transcript is no agreement' 1 'its transcript is empty' "$twice" --native-only "$work/program"
program 'echo no; exit 1'
expect 'what is not as pinned fails' 1 'native: not as pinned' "$twice" --native-only "$work/program"
program 'echo no; kill -SEGV $$'
expect 'a crash fails' 1 'it did not end well (status 139)' "$twice" --native-only "$work/program"
program 'echo queue; ipcmk -Q >/dev/null'
expect 'a queue left behind is found' 1 'it left a queue behind' "$twice" --native-only "$work/program"
program 'echo child; sleep 1000 >/dev/null &'
expect 'who is left behind is ended' 0 '^ok 1' timeout 30 "$twice" --native-only "$work/program"
program 'echo skipped: no reason; exit 77'
expect 'a skip says why' 0 '^ok 1 - program: x # SKIP no reason$' "$twice" --native-only "$work/program"
program 'echo same; [ -z "$LD_PRELOAD" ] || echo more'
expect 'a difference under the library is shown beside' 1 '^# ! .*| more$' \
	"$twice" --preload "$nothing" "$work/program"
program 'echo same; [ -z "$LD_PRELOAD" ] || echo left >>'"$work"'/elsewhere'
: >"$work/elsewhere"
expect 'what the library leaves elsewhere is found by the census' 1 '^# ! .*| left$' \
	"$twice" --preload "$nothing" --census "cat '$work/elsewhere'" "$work/program"
expect 'there is no such claim' 2 'no such claim' "$twice" --native-only --claim absent "$get"

expect 'a library that changes nothing agrees' 0 '^ok 1 -' \
	"$twice" --preload "$nothing" --claim CREAT_makes_it "$get"
expect 'a liar that does not lie agrees' 0 '^ok 1 -' \
	"$twice" --preload "$liar" --claim CREAT_makes_it "$get"
expect 'one that lies does not' 1 '^# ! .*EIO' \
	env LIE=success_is_EIO "$twice" --preload "$liar" --claim CREAT_makes_it "$get"
expect 'a queue that only the library removes is left behind' 1 'it left a queue behind' \
	env LIE=remove_does_nothing "$twice" --preload "$liar" --claim CREAT_makes_it "$get"
expect 'a shim that uses the queues of System V is found out' 1 "a queue of the kernel's own was made" \
	"$twice" --shim "$nothing" --claim CREAT_makes_it "$get"
expect 'a shim that uses POSIX queues is found out' 1 "a queue of the kernel's own was made" \
	"$twice" --shim "$nothing" --claim zero_length "$open"
expect 'where no queue is made there is nothing to find out' 0 '^ok 1 -' \
	"$twice" --shim "$nothing" --claim an_absent_key_without_CREAT_is_ENOENT "$get"
cp "$nothing" "$work/text.so"
: >"$work/text.so"
expect 'a library that is not loaded is missed' 1 'the libraries in it are not those asked for' \
	"$twice" --preload "$work/text.so" --claim CREAT_makes_it "$get"
expect 'a library that is loaded in the native half, too, is found' 1 'the libraries in it are not those asked for' \
	env LD_PRELOAD="$nothing" "$twice" --preload "$nothing" --claim CREAT_makes_it "$get"

echo "1..$test"
exit $failed
