#!/bin/bash
# tests/rig/vm_run_test.sh [CLAIM]...: what tools/vm/run promises, each promise a function with its name, run for real.
#
# Without CLAIM: all of them. The debug kernel's claims are skipped while that kernel is not built.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
vm=$here/../../tools/vm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The guest without kmq: what is tested here is the runner.
run() {
	"$vm/run" --no-module --log "$work/log" "$@" 2>"$work/stderr"
}

# Its QEMU can be told from others by the path of its files.
run_in_work() {
	TMPDIR=$work run "$@"
}

status_of() {
	local status=0
	"$@" >"$work/stdout" || status=$?
	echo "$status"
}

# misbehave HOW [OPTION]...: the status of a run whose module does HOW when it is loaded.
misbehave() {
	local how=$1
	shift
	status_of run --add "$(module_for 6.1)" "$@" -- insmod kmq.ko what="$how"
}

module_for() {
	"$vm/module" --from "$here/module" "$1"
}

says() {
	grep -qE -e "$1" "$work/stderr"
}

# program NAME [FLAG]...: a small dynamic program that writes every byte value, in an order that would show a translation.
program() {
	local name=$1
	shift
	cat >"$work/$name.c" <<-'C'
		#include <stdio.h>
		int main(void)
		{
			for (int i = 0; i < 100000; i++)
				putchar(i * 7 + i / 256 & 255);
			return 7;
		}
	C
	gcc "$@" -Wno-parentheses -o "$work/$name" "$work/$name.c"
}

the_exit_status_is_the_commands() {
	[[ $(status_of run -- true) == 0 ]]
	[[ $(status_of run -- sh -c 'exit 3') == 3 ]]
	[[ $(status_of run -- sh -c 'kill -9 $$') == 137 ]]
	[[ $(status_of run -- no-such-program) == 127 ]]
}

words_arrive_as_they_were() {
	# shellcheck disable=SC2016 # they must not expand anywhere
	local words=('a b' '' "it's" '"$HOME" `x` \n' $'two\nlines\t' '*' $'\x81\xff' -- -x)
	run -- printf '<%s>' "${words[@]}" >"$work/got"
	cmp "$work/got" <(printf '<%s>' "${words[@]}")
}

a_pipeline_in_one_word_runs() {
	[[ $(run -- sh -c 'mkfifo q && (timeout 5 cat q & echo hi >q; wait)') == hi ]]
}

every_byte_of_the_output_arrives_and_no_other() {
	local status
	program bytes
	"$work/bytes" >"$work/expected" || true
	status=$(status_of run --add "$work/bytes" -- bytes)
	[[ $status == 7 ]]
	cmp "$work/stdout" "$work/expected"
}

output_waits_for_a_slow_reader() {
	program bytes
	"$work/bytes" >"$work/expected" || true
	run --add "$work/bytes" -- sh -c 'bytes; bytes' | (sleep 6 && cat) >"$work/got" || true
	cmp "$work/got" <(cat "$work/expected" "$work/expected")
}

errors_of_the_command_arrive_too() {
	[[ $(run -- sh -c 'echo out; echo err >&2') == out$'\n'err ]]
}

a_32_bit_program_runs_with_its_libraries() {
	program bytes32 -m32
	"$work/bytes32" >"$work/expected" || true
	[[ $(status_of run --add "$work/bytes32" -- ./bytes32) == 7 ]]
	cmp "$work/stdout" "$work/expected"
}

a_directory_is_added_with_what_is_below_it() {
	mkdir -p "$work/tree/deep"
	program bytes
	cp "$work/bytes" "$work/tree/deep/bytes"
	echo text >"$work/tree/deep/file name"
	[[ $(run --add "$work/tree" -- sh -c 'tree/deep/bytes | wc -c; cat "tree/deep/file name"') == 100000$'\n'text ]]
}

added_programs_come_before_the_guests_own() {
	printf '#!/bin/sh\necho mine\n' >"$work/date"
	chmod +x "$work/date"
	[[ $(run --add "$work/date" -- date) == mine ]]
	[[ $(run --add "$work/date" -- sh -c date) == mine ]]
}

files_come_back_byte_for_byte() {
	mkdir -p "$work/into"
	program bytes
	"$work/bytes" >"$work/expected" || true
	run --add "$work/bytes" --get out:"$work/one file" --get /tmp/dir:"$work/into" \
		-- sh -c 'bytes >out; mkdir /tmp/dir; cp out /tmp/dir/again'
	cmp "$work/one file" "$work/expected"
	cmp "$work/into/dir/again" "$work/expected"
}

a_file_that_is_not_there_fails_the_run() {
	[[ $(status_of run --get nothing:"$work/x" -- true) == 125 ]]
	says 'the guest has no nothing'
	[[ $(status_of run --get nothing:"$work/x" -- false) == 1 ]]
}

a_run_out_of_time_is_124_and_leaves_nothing_behind() {
	[[ $(status_of run_in_work --timeout 20 -- sh -c 'echo begun; sleep 100') == 124 ]]
	[[ $(cat "$work/stdout") == begun ]]
	says 'not done after 20 seconds'
	[[ -z $(pgrep -f "^qemu.*$work/") ]]
}

a_run_that_is_stopped_takes_qemu_along() {
	local signal runner
	for signal in TERM KILL; do
		TMPDIR=$work "$vm/run" --no-module -- sleep 100 &
		runner=$!
		until pgrep -f "^qemu.*$work/" >/dev/null; do sleep 0.1; done
		kill -s "$signal" "$runner"
		wait "$runner" 2>/dev/null || true
		sleep 0.5
		[[ -z $(pgrep -f "^qemu.*$work/") ]]
	done
}

# interrupt_when_up TIMES COMMAND...: the status of a run that gets SIGINT so often, once its command has said "up".
interrupt_when_up() {
	local times=$1 status=0
	shift
	# What runs in the background of a script would ignore SIGINT.
	perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' "$vm/run" --no-module -- "$@" >"$work/stdout" 2>"$work/stderr" &
	until grep -q up "$work/stdout"; do sleep 0.2; done
	while ((times-- > 0)); do
		kill -INT $!
		sleep 0.5
	done
	wait $! || status=$?
	echo "$status"
}

an_interrupt_is_told_to_the_command_and_its_end_is_waited_for() {
	[[ $(interrupt_when_up 1 sh -c 'trap "echo told; exit 7" TERM; echo up; while :; do sleep 0.1; done') == 7 ]]
	grep -q told "$work/stdout"
}

a_second_interrupt_ends_the_machine() {
	[[ $(interrupt_when_up 2 sh -c 'trap "" TERM; echo up; while :; do sleep 0.1; done') == 130 ]]
}

# A shell has its children in the background ignore it; COMMAND must not be one.
the_command_does_not_ignore_an_interrupt() {
	[[ $(status_of run --no-module -- grep -q '^SigIgn:[[:space:]]*0*$' /proc/self/status) == 0 ]]
}

a_kernel_warning_fails_the_run() {
	[[ $(misbehave warn) == 125 ]]
	says 'kmq: asked to warn'
	says 'Call Trace'
	says "the command's own status was 0"
}

an_oops_ends_the_run_at_once() {
	local begun=$SECONDS
	[[ $(misbehave oops --timeout 120) == 125 ]]
	((SECONDS - begun < 60))
	says 'Oops'
}

words_on_the_console_of_the_command_do_not() {
	[[ $(run -- echo WARNING: BUG: Call Trace) == 'WARNING: BUG: Call Trace' ]]
}

a_module_that_does_not_load_fails_the_run() {
	[[ $(status_of run_module 6.12 --kernel 6.1 -- echo never) == 125 ]]
	says 'the module did not load'
	[[ ! -s $work/stdout ]]
}

a_module_is_loaded_and_unloaded() {
	[[ $(run_module 6.1 -- sh -c 'grep -c ^kmq /proc/modules') == 1 ]]
	grep -q 'kmq: nothing' "$work/log"
}

a_module_that_does_not_unload_fails_the_run() {
	local status
	status=$(status_of run_module 6.1 -- sh -c 'rmmod kmq && insmod /etc/kmq/module.ko what=stay')
	[[ $status == 125 ]]
	says 'does not unload'
}

run_module() {
	local file
	file=$(module_for "$1")
	shift
	"$vm/run" --module "$file" --log "$work/log" "$@" 2>"$work/stderr"
}

the_guest_is_furnished() {
	# shellcheck disable=SC2016 # the guest expands them
	run -- sh -ec '
		for type in proc sysfs devtmpfs devpts mqueue debugfs tracefs cgroup2 tmpfs; do grep -q " $type " /proc/mounts; done
		test -d /dev/shm && test -c /dev/ptmx && test -e /dev/fd/0
		ping -c 1 -w 5 127.0.0.1
		test "$(su user -c "id -u; touch /tmp/x /dev/shm/x; pwd")" = "1000
/job"
	' >"$work/stdout"
}

two_processors_unless_told() {
	[[ $(run -- nproc) == 2 ]]
	[[ $(run --cpus 1 -- nproc) == 1 ]]
}

instruction_counts_repeat_exactly() {
	cat >"$work/count.c" <<-'C'
		#include <stdio.h>
		#include <stdlib.h>
		#include <time.h>
		#include <unistd.h>
		static long now(void)
		{
			struct timespec t;
			clock_gettime(CLOCK_MONOTONIC, &t);
			return t.tv_sec * 1000000000L + t.tv_nsec;
		}
		int main(void)
		{
			int there[2], back[2];
			char byte = 0;
			long begun;
			if (pipe(there) || pipe(back))
				return 1;
			for (int round = 0; round < 3; round++) {
				volatile long sum = 0;
				begun = now();
				for (int i = 0; i < 1000000; i++)
					sum += i;
				printf("loop %ld\n", now() - begun);
			}
			if (!fork())
				while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
					;
			begun = now();
			for (int i = 0; i < 1000; i++)
				if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
					return 1;
			printf("ping-pong %ld, the time %ld, an address %p\n", now() - begun, now(), malloc(1));
			return 0;
		}
	C
	gcc -O1 -o "$work/count" "$work/count.c"
	run --icount --add "$work/count" -- count >"$work/first"
	sleep 1.3
	run --icount --add "$work/count" -- count >"$work/second"
	cmp "$work/first" "$work/second"
	# Three instructions or so per turn: time is instructions, and not the host's.
	awk '$1 == "loop" && ($2 < 2e6 || $2 > 9e6) { exit 1 }' "$work/first"
}

runs_do_not_disturb_each_other() {
	local number
	for number in 1 2 3; do
		"$vm/run" --no-module -- sh -c "sleep 1; echo $number" >"$work/at-once.$number" &
	done
	wait
	[[ $(cat "$work"/at-once.*) == 1$'\n'2$'\n'3 ]]
}

usage_errors_are_2_and_one_sentence() {
	local arguments
	for arguments in '' --bogus '--cpus none -- true' '--kernel 9.9 -- true' '--add /no/such/file -- true' \
		'--shell -- true' '--icount --cpus 2 -- true' --timeout '--get nothing -- true'; do
		# shellcheck disable=SC2086 # words
		[[ $(status_of run $arguments) == 2 ]]
		[[ $(wc -l <"$work/stderr") == 1 ]]
	done
	[[ $(run --help) == *--get* ]]
}

kernel_6_12_runs() {
	[[ $(run_module 6.12 --kernel 6.12 -- uname -r) == 6.12.* ]]
}

kernel_6_12_rt_runs() {
	[[ $(run_module 6.12-rt --kernel 6.12-rt -- sh -c 'uname -v; uname -r') == *PREEMPT_RT*-rt-* ]]
}

kernel_named_by_path_runs() {
	cp -L "$("$vm/kernel" 6.1)/vmlinuz" "$work/vmlinuz"
	[[ $(run --kernel "$work/vmlinuz" -- uname -r) == 6.1.* ]]
}

debug_kernel_runs() {
	[[ $(status_of run_module debug --kernel debug -- sh -c 'zcat /proc/config.gz | grep -c ^CONFIG_KASAN=y; nproc') == 0 ]]
	[[ $(cat "$work/stdout") == 1$'\n'2 ]]
}

debug_kernel_finds_a_leak() {
	debug_misbehave leak 'kernel memory has leaked'
	says 'comm "insmod"'
}

debug_kernel_finds_a_write_past_the_end() {
	debug_misbehave overrun 'BUG: KASAN: slab-out-of-bounds'
}

debug_kernel_finds_sleeping_under_a_lock() {
	debug_misbehave sleep 'scheduling while atomic|sleeping function'
}

debug_kernel_finds_locks_taken_in_both_orders() {
	debug_misbehave deadlock 'possible circular locking'
}

debug_misbehave() {
	[[ $(status_of run --kernel debug --add "$(module_for debug)" -- sh -c "insmod kmq.ko what=$1; rmmod kmq") == 125 ]]
	says "$2"
}

# A claim runs in a process of its own, so that the first command that fails ends it.
if [[ ${1:-} == --claim ]]; then
	exec 2>"$3"
	set -x
	"$2"
	exit
fi

reason_to_skip() {
	case $1 in
	debug_*) [[ -e $("$vm/debug-kernel" --print) ]] || echo "the debug kernel is not built; tools/vm/kernel debug builds it" ;;
	*32_bit*) echo 'int main(void){return 0;}' | gcc -m32 -x c -o /dev/null - 2>/dev/null || echo "gcc -m32 does not work here" ;;
	esac
}

passed=0 failed=0 skipped=0
if [[ $# == 0 ]]; then
	mapfile -t claims < <(sed -n 's/^\([a-z0-9_]*_[a-z0-9_]*\)() {$/\1/p' "$0" | grep -vE '^(status_of|module_for|run_in_work|run_module|interrupt_when_up|debug_misbehave|reason_to_skip)$')
	set -- "${claims[@]}"
fi
for claim; do
	reason=$(reason_to_skip "$claim")
	if [[ $reason ]]; then
		echo "skip: ${claim//_/ }: $reason"
		skipped=$((skipped + 1))
	elif "$0" --claim "$claim" "$work/trace"; then
		echo "ok: ${claim//_/ }"
		passed=$((passed + 1))
	else
		echo "FAILED: ${claim//_/ }"
		tail -n 12 "$work/trace" | sed 's/^/    /'
		failed=$((failed + 1))
	fi
done
[[ $skipped == 0 ]] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[[ $failed == 0 ]]
