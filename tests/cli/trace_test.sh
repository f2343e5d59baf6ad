#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kmqctl trace, in the guest with the module loaded:
#
#	tools/vm/run --add tests/cli/claims.sh --add tests/cli/trace_test.sh --add .build/tests/cli/trace_scene -- \
#		sh trace_test.sh [CLAIM]...
#
# Switching tracepoints on rewrites code that runs, which two emulated processors can hang over: all but one of them
# are switched off first.
. "$(dirname "$0")/claims.sh"
tracing=/sys/kernel/tracing

one_processor() {
	for processor in /sys/devices/system/cpu/cpu[1-9]*/online; do
		[ ! -e "$processor" ] || echo 0 >"$processor"
	done
}

# lines COUNT PATTERN [FILE]: so many match the extended regular expression.
lines() {
	found=$(grep -cE -e "$2" "${3:-$work/out}") || true
	[ "$found" = "$1" ] && return
	echo "$found lines match '$2', not $1, in:"
	cat "${3:-$work/out}"
	return 1
}

instances() {
	ls "$tracing/instances"
}

no_instance_is_left() {
	[ -z "$(instances)" ] || { echo "left: $(instances)"; return 1; }
}

tracing_is_on() {
	[ "$(cat "$tracing"/instances/kmqctl-*/events/kmq/enable 2>/dev/null)" = 1 ]
}

need_scene() {
	command -v trace_scene >/dev/null || skip 'there is no trace_scene to trace'
}

# ------------------------------------------------------------------------
# Claims

each_transition_of_a_known_scene_is_told_once() {
	need_scene
	works kmqctl trace -- trace_scene
	lines 4 ' creates it: '
	lines 4 ' removes it$'
	lines 11 ' sends #'
	lines 7 ' receives #'
	lines 2 ' leases #'
	lines 2 ' holds #'
	lines 1 ' returns #2, 10 B$'
	lines 1 ' acknowledges #2, 10 B$'
	lines 1 ' drops #1, 10 B$'
	lines 2 ' purges #'
	lines 1 ' is refused, 5 B: EAGAIN$'
	lines 1 ' asks with #1, 5 B, type 7$'
	lines 1 ' answers #1, 3 B$'
	lines 1 ' scene/[0-9]+ +ask +sleeps for a reply$'
	lines "$(grep -c ' sleeps for ' "$work/out")" ' wakes after [0-9.]+[mu]?s$'
	lines 1 ', redelivery 1$'
	lines 1 '^# [0-9]+ events, 4 processes, 4 queues, '
}

what_is_received_was_sent_before_in_the_trace() {
	need_scene
	works kmqctl trace -- trace_scene
	awk '/ sends #/ { sent[$3 " " $5] = 1 }
	     / (receives|leases|drops|purges) #/ && !(($3 " " $5) in sent) { print; wrong = 1 }
	     END { exit wrong }' "$work/out"
}

who_sent_is_told_and_not_who_ran() {
	need_scene
	works kmqctl trace --queue jobs -- trace_scene
	lines 6 ' producer/[0-9]+ +jobs +sends #'
	lines 6 ' consumer/[0-9]+ +jobs +receives #'
}

a_pattern_keeps_other_queues_out() {
	need_scene
	works kmqctl trace --queue 'l?g' -- trace_scene
	lines 0 ' (jobs|door|ask) '
	lines 3 ' log +sends #'
	works kmqctl trace --queue '[dl]*' -- trace_scene
	lines 0 ' (jobs|ask) '
	lines 1 ' door +sends #'
}

the_form_is_that_of_the_file() {
	need_scene
	for name in a.svg a.html a.json a.txt; do
		works kmqctl trace -o "$work/$name" -- trace_scene
		[ ! -s "$work/out" ]
	done
	head -n 1 "$work/a.svg" | grep -q '^<svg '
	[ "$(tail -n 1 "$work/a.svg")" = '</svg>' ]
	head -n 1 "$work/a.html" | grep -q '^<!DOCTYPE html>'
	[ "$(tail -n 1 "$work/a.html")" = '</body></html>' ]
	lines 10 '"ph":"s"' "$work/a.json"
	lines 10 '"ph":"f"' "$work/a.json"
	head -n 1 "$work/a.txt" | grep -q '^# '
	works kmqctl trace --format svg -o "$work/b.txt" -- trace_scene
	head -n 1 "$work/b.txt" | grep -q '^<svg '
}

the_status_of_the_command_is_handed_on() {
	fails_as 5 kmqctl trace -- sh -c 'exit 5'
	fails_as 137 kmqctl trace -- sh -c 'kill -KILL $$'
	fails_as 3 kmqctl trace -o "$work/t" -- sh -c 'exit 3'
	[ -s "$work/t" ]
	no_instance_is_left
}

a_command_that_does_not_run_is_told_and_nothing_is_traced() {
	fails_as 127 kmqctl trace -- "$work/none"
	says "cannot run $work/none: No such file or directory"
	[ ! -s "$work/out" ]
	: >"$work/plain"
	fails_as 126 kmqctl trace -- "$work/plain"
	says "cannot run $work/plain: Permission denied"
	no_instance_is_left
}

the_window_may_end_before_the_command() {
	fails_as 4 kmqctl trace --seconds 0.3 -o "$work/t" -- \
		sh -c "until [ -s $work/t ]; do sleep 0.1; done; kmqctl create q; exit 4"
	lines 0 ' creates it: ' "$work/t"
	kmqctl show q >/dev/null
	no_instance_is_left
}

an_interrupt_ends_the_window_and_not_the_tool() {
	for signal in INT TERM; do
		kmqctl trace >"$work/out" 2>"$work/err" &
		pid=$!
		until_so tracing_is_on
		kmqctl create q
		kill -$signal $pid
		wait $pid
		lines 1 ' creates it: '
		no_instance_is_left
		kmqctl remove q
	done
}

on_a_terminal_the_interrupt_key_ends_the_window() {
	command -v script >/dev/null || skip 'there is no script(1) to make a terminal'
	{
		until_so tracing_is_on >&2
		kmqctl create q
		printf '\003'
		until_so no_instance_is_left >/dev/null
	} | script -qec "exec kmqctl trace -o $work/t" "$work/terminal" >/dev/null
	grep -q '^kmqctl: tracing; ^C ends it' "$work/terminal"
	lines 1 ' creates it: ' "$work/t"
	no_instance_is_left
}

the_interrupt_key_is_the_commands_too() {
	command -v script >/dev/null || skip 'there is no script(1) to make a terminal'
	status=0
	{
		until_so test -e /dev/kmq/q >&2
		printf '\003'
		until_so test -s "$work/t" >&2
	} | script -qec "exec kmqctl trace -o $work/t -- sh -c 'trap \"exit 9\" INT; kmqctl create q; while :; do sleep 0.1; done'" \
		"$work/terminal" >/dev/null || status=$?
	[ $status = 9 ]
	lines 1 ' creates it: ' "$work/t"
}

a_signal_reaches_the_command_and_the_window_is_written() {
	kmqctl trace -- sh -c 'trap "exit 6" TERM; kmqctl create q; while :; do sleep 0.1; done' >"$work/out" 2>"$work/err" &
	pid=$!
	until_so test -e /dev/kmq/q
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	[ $status = 6 ]
	lines 1 ' creates it: '
}

a_killed_tool_leaves_no_instance() {
	kmqctl trace >/dev/null 2>&1 &
	pid=$!
	until_so tracing_is_on
	kill -KILL $pid
	wait $pid 2>/dev/null || true
	until_so no_instance_is_left >/dev/null
}

nobody_elses_tracing_is_touched() {
	mkdir "$tracing/instances/other"
	echo 1 >"$tracing/instances/other/events/kmq/kmq_create/enable"
	[ "$(cat "$tracing/events/kmq/enable")" = 0 ]
	works kmqctl trace -- sh -c 'kmqctl create q; cat /sys/kernel/tracing/events/kmq/enable'
	lines 1 '^0$'
	[ "$(cat "$tracing/instances/other/events/kmq/kmq_create/enable")" = 1 ]
	lines 1 'kmq_create: .* name=q ' "$tracing/instances/other/trace"
	[ "$(instances)" = other ]
	rmdir "$tracing/instances/other"
}

lost_events_are_counted_exactly_and_told() {
	seq 3000 >"$work/lines"
	works kmqctl create q --capacity 1 --policy drop-newest
	fails_as 0 kmqctl trace --queue q --buffer 4K -- kmqctl send q --lines --file "$work/lines"
	lost=$(sed -n 's/^# \([0-9]*\) events lost$/\1/p' "$work/out")
	seen=$(grep -c ' q  *\(sends\|drops\) #' "$work/out")
	echo "$seen seen, $lost lost"
	[ "$lost" -gt 0 ]
	[ $((seen + lost)) = 3000 ]
	says "$lost events were lost; a larger --buffer loses fewer, and --queue asks for fewer"
}

a_user_is_told_that_tracing_is_roots() {
	fails_as 1 as_user 'kmqctl trace'
	says 'tracing is for root: run it with sudo'
}

a_file_that_cannot_be_written_is_told_before_anything_runs() {
	fails_as 1 kmqctl trace -o "$work/none/t" -- touch "$work/ran"
	says "cannot write to $work/none/t: No such file or directory"
	[ ! -e "$work/ran" ]
	fails_as 1 kmqctl trace -o /dev/full -- true
	says 'cannot write to /dev/full: No space left on device'
}

what_is_no_form_no_time_and_no_size_is_misuse() {
	fails_as 2 kmqctl trace --format pdf
	says "trace: --format takes text, svg, html or chrome, not 'pdf'; see 'kmqctl trace --help'"
	fails_as 2 kmqctl trace --seconds 0
	fails_as 2 kmqctl trace --buffer 1K
}

tracefs_that_is_not_mounted_is_mounted() {
	umount "$tracing"
	works kmqctl trace -- kmqctl create q
	lines 1 ' creates it: '
	[ -d "$tracing/events/kmq" ]
}

without_the_module_it_says_so() {
	[ -r /etc/kmq/module.ko ] || skip 'the runner keeps the module elsewhere'
	rmmod kmq
	status=0
	kmqctl trace >"$work/out" 2>"$work/err" || status=$?
	insmod /etc/kmq/module.ko
	[ $status = 1 ]
	says "the module is not loaded, so there is nothing to trace; 'kmqctl doctor' tells why if it does not load"
}

# ------------------------------------------------------------------------

one_processor
run_claims "$@"
