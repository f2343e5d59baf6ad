#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `kmqcompare same` with libraries that do what the test wants. Needs .build/bin/kmqcompare (make), or B=DIRECTORY.
set -u
cd "$(dirname "$0")/../.." || exit 1
kmqcompare=$(realpath "${B:-.build}/bin/kmqcompare")
CC=${CC:-gcc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0
unset LD_PRELOAD

# library NAME SOURCE
library() {
	"$CC" -shared -fPIC -O1 -o "$work/$1.so" -x c - <<<"$2"
}

# same SHIM [OPTION]... -- PROGRAM...: its table in $work/out; its status.
same() {
	local shim=$work/$1.so
	shift
	"$kmqcompare" same --shim "$shim" "$@" >"$work/out" 2>"$work/err"
}

# json KEY...: a value of $work/json, in Python's words.
json() {
	python3 -c 'import json, sys
value = json.load(open(sys.argv[1]))
for key in sys.argv[2:]: value = value[int(key) if key.isdigit() else key]
print(value)' "$work/json" "$@"
}

# is VALUE KEY...
is() {
	local wanted=$1
	shift
	[[ $(json "$@") == "$wanted" ]] || { echo "$* is $(json "$@"), not $wanted"; return 1; }
}

prints() {
	grep -qE -e "$1" "$work/out" && return
	echo "no line '$1' in:"
	cat "$work/out" "$work/err"
	return 1
}

complains() {
	grep -qE -e "$1" "$work/err" && return
	echo "no line '$1' in:"
	cat "$work/out" "$work/err"
	return 1
}

skip() {
	echo "$1"
	exit 77
}

library plain 'int nothing;'
# What the program prints of a number is another one.
library lies '#include <unistd.h>
pid_t getppid(void) { return 4711; }
uid_t geteuid(void) { return 4711; }'
library fails '#include <unistd.h>
uid_t geteuid(void) { _exit(3); }'
library crashes '#include <unistd.h>
uid_t geteuid(void) { __builtin_trap(); }'
library ends '#include <unistd.h>
__attribute__((constructor)) static void begin(void) { _exit(0); }'
library burns '#include <time.h>
__attribute__((constructor)) static void begin(void)
{
	struct timespec t;
	do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); while (t.tv_sec == 0 && t.tv_nsec < 60000000);
}'

the_same_is_the_same() {
	same plain --runs 3 --json "$work/json" -- sh -c 'echo out; echo error >&2; exit 7' || return
	prints '^Status: the same in all 8 runs, exit 7\.$' && prints '^Output: the same in all 8 runs\.$' &&
		is kmqcompare-same/1 schema && is same status verdict && is 'exit 7' status shim &&
		is same output verdict && is 3 runs && is "$work/plain.so" shims 0 &&
		is "['sh', '-c', 'echo out; echo error >&2; exit 7']" program
}

another_output_is_told_with_its_first_line() {
	! same lies --runs 2 --json "$work/json" -- sh -c 'echo first; id -u' || return
	prints '^OUTPUT DIFFERS from line 2 of standard output on:$' && prints "^  native  $(id -u)\$" &&
		prints '^  shim    4711$' && is differs output verdict && is 2 output line && is 4711 output other &&
		is stdout output stream && is same status verdict
}

another_line_on_standard_error_is_told() {
	! same lies --runs 2 --json "$work/json" -- sh -c 'id -u >&2' || return
	is stderr output stream && is 1 output line
}

another_status_is_told() {
	! same fails --runs 2 --json "$work/json" -- id -u || return
	prints '^STATUS DIFFERS: exit 0 natively, exit 3 under the shim' && is differs status verdict
}

a_crash_is_told() {
	! same crashes --runs 1 --json "$work/json" -- id -u || return
	is 'signal 4 (Illegal instruction)' status shim && is 'exit 0' status native
}

what_varies_natively_is_not_held_against_the_library() {
	same lies --runs 1 --json "$work/json" -- sh -c 'echo $$; id -u' || return
	prints '^Output: not always the same natively' && is varies output verdict
}

a_status_that_varies_natively_is_not_held_against_it() {
	# Every call of it exits with another one.
	same plain --runs 3 --json "$work/json" -- sh -c "n=\$(cat $work/count 2>/dev/null); echo \$((n + 1)) >$work/count; exit \$n" ||
		return
	is varies status verdict && prints '^Status: not always the same natively'
}

both_ways_take_turns() {
	rm -f "$work/log"
	same plain --runs 4 -- sh -c "echo \"\${LD_PRELOAD:-native}\" >>$work/log" || return
	# The first two warm up.
	[[ $(sed "s|$work/plain.so|shim|" "$work/log" | tr '\n' ' ') == \
		'native shim native shim shim native native shim shim native ' ]] || { cat "$work/log"; return 1; }
}

what_is_preloaded_already_stays() {
	rm -f "$work/log"
	LD_PRELOAD=$work/lies.so same plain --runs 1 -- sh -c "echo \"\$LD_PRELOAD\" >>$work/log" || return
	diff "$work/log" - <<-END
		$work/lies.so
		$work/plain.so:$work/lies.so
		$work/lies.so
		$work/plain.so:$work/lies.so
	END
}

two_libraries_are_loaded_in_order() {
	rm -f "$work/log"
	"$kmqcompare" same --shim "$work/lies.so" --shim "$work/plain.so" --runs 1 -- \
		sh -c "echo \"\$LD_PRELOAD\" >>$work/log" >"$work/out" || return
	tail -n 1 "$work/log" | grep -qx "$work/lies.so:$work/plain.so"
}

more_work_is_told_as_more() {
	same burns --runs 6 --json "$work/json" -- true || return
	is more figures cpu_ms ratio verdict && prints '^CPU, ms .* more$' &&
		[[ $(python3 -c "import json; f = json.load(open('$work/json'))['figures']['cpu_ms']
print(f['shim']['min'] >= 55 and f['ratio']['low'] > 1 and len(f['native_runs']) == len(f['shim_runs']) == 6)") == True ]]
}

few_runs_allow_no_verdict() {
	same burns --runs 5 --json "$work/json" -- true || return
	is None figures cpu_ms ratio verdict && is None figures cpu_ms ratio low
}

what_descendants_cost_counts() {
	same plain --runs 1 --json "$work/json" -- \
		sh -c 'sh -c "i=0; while [ \$i -lt 100000 ]; do i=\$((i + 1)); done"; true' || return
	[[ $(python3 -c "import json; print(json.load(open('$work/json'))['figures']['cpu_ms']['native']['min'] > 10)") == True ]]
}

the_programs_options_are_its_own() {
	rm -f "$work/json"
	same plain --runs 1 -- echo --json "$work/json" --help || return
	[[ ! -e $work/json ]]
}

standard_input_is_empty() {
	echo nothing of this | same plain --runs 1 -- sh -c '! read -r line'
	prints 'exit 0'
}

# A program that was killed is there until it runs once more.
goes() {
	local i

	for ((i = 0; i < 100; i++)); do
		pgrep -x -f "$1" >/dev/null || return 0
		sleep 0.1
	done
	return 1
}

a_run_that_takes_too_long_is_ended() {
	local from=$SECONDS

	! same plain --runs 1 --timeout 0.3 --json "$work/json" -- sh -c 'sleep 77 & sleep 77' || return
	is 'too late' status native && [[ $((SECONDS - from)) -lt 30 ]] && goes 'sleep 77'
}

what_a_run_leaves_behind_is_ended() {
	same plain --runs 1 -- sh -c 'sleep 78 >/dev/null 2>&1 &' || return
	goes 'sleep 78'
}

an_interrupt_ends_the_program() {
	local pid status

	"$kmqcompare" same --shim "$work/plain.so" --runs 1 -- sleep 79 >/dev/null 2>&1 &
	pid=$!
	for ((i = 0; i < 100; i++)); do
		pgrep -x -f 'sleep 79' >/dev/null && break
		sleep 0.1
	done
	kill -TERM $pid
	wait $pid
	status=$?
	[[ $status == 130 ]] && goes 'sleep 79'
}

json_alone_goes_to_standard_output() {
	same plain --runs 1 --json - -- true || return
	cp "$work/out" "$work/json"
	is 'exit 0' status native
}

a_library_that_is_not_there_is_an_error() {
	! same nowhere -- true && complains '^kmqcompare: .*nowhere.so: No such file or directory$'
}

a_library_that_cannot_be_loaded_is_an_error() {
	echo text >"$work/text.so"
	! same text -- true && complains '^kmqcompare: .*text.so'
}

a_library_that_ends_whoever_loads_it_is_an_error() {
	! same ends -- true && complains '^kmqcompare: .*ends.so: whoever loads it ends at once$'
}

a_program_that_is_not_there_is_an_error() {
	! same plain -- /no/such && complains '^kmqcompare: /no/such: No such file' || return
	! same plain -- no-such-program && complains '^kmqcompare: there is no program no-such-program$'
}

a_program_linked_statically_is_refused() {
	"$CC" -static -o "$work/static" -x c - <<<'int main(void) { return 0; }' || skip 'no static C library'
	! same plain -- "$work/static" && complains 'is linked statically'
}

a_program_that_gains_rights_is_refused() {
	[[ $(id -u) == 0 ]] || skip 'takes root, to make one'
	cp /bin/true "$work/rights"
	chown 65534 "$work/rights"
	chmod 4755 "$work/rights"
	! same plain -- "$work/rights" && complains 'with more rights than its caller'
}

of_a_script_its_interpreter_is_asked() {
	printf '#!%s/static\n' "$work" >"$work/script"
	chmod +x "$work/script"
	[[ -e $work/static ]] || "$CC" -static -o "$work/static" -x c - <<<'int main(void) { return 0; }' || skip 'no static C library'
	! same plain -- "$work/script" && complains "static is linked statically" || return
	printf '#! /bin/sh\necho fine\n' >"$work/script"
	same plain --runs 1 -- "$work/script"
}

for claim in $(sed -n 's/^\([a-z_]*_[a-z_]*\)() {$/\1/p' "$0"); do
	("$claim") >"$work/verdict" 2>&1
	case $? in
	0) passed=$((passed + 1)); echo "PASS: ${claim//_/ }" ;;
	77) skipped=$((skipped + 1)); echo "SKIP: ${claim//_/ } ($(cat "$work/verdict"))" ;;
	*) failed=$((failed + 1)); echo "FAIL: ${claim//_/ }"; sed 's/^/	/' "$work/verdict" ;;
	esac
done

echo "$passed passed, $failed failed$([[ $skipped == 0 ]] || echo ", $skipped skipped")"
[[ $failed -eq 0 ]]
