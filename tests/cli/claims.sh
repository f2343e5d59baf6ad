# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# What the tests of kmqctl in the guest share. A test is a list of claims: functions below the line "Claims", each of
# which runs in a shell of its own that ends at the first command that fails, and finds no queue there. Its first line is
#
#	. "$(dirname "$0")/claims.sh"
#
# and its last one `run_claims "$@"`: those named, or all.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
skipped=0
ending=

# fails_as STATUS COMMAND...: runs it, its output to $work/out and $work/err.
fails_as() {
	wanted=$1
	shift
	status=0
	"$@" >"$work/out" 2>"$work/err" || status=$?
	[ "$status" = "$wanted" ] && return
	echo "$* exited with $status, not $wanted:"
	cat "$work/out" "$work/err"
	return 1
}

# works COMMAND...: as above, and it succeeds without a word on standard error.
works() {
	fails_as 0 "$@"
	[ ! -s "$work/err" ] && return
	echo "$* complained:"
	cat "$work/err"
	return 1
}

# prints: what works or fails_as saw on standard output is what stdin has.
prints() {
	diff - "$work/out"
}

# prints_line TEXT
prints_line() {
	printf '%s\n' "$1" | prints
}

prints_nothing() {
	[ ! -s "$work/out" ] || { cat "$work/out"; return 1; }
}

# says SENTENCE: it is all that standard error has.
says() {
	printf 'kmqctl: %s\n' "$1" | diff - "$work/err"
}

# shows LINE: standard output has a line of this basic regular expression.
shows() {
	grep -qx -e "$1" "$work/out" && return
	echo "no line '$1' in:"
	cat "$work/out"
	return 1
}

# column QUEUE COLUMN
column() {
	kmqctl list --noheadings --bytes -o "$2" "$1"
}

# has QUEUE COLUMN VALUE
has() {
	[ "$(column "$1" "$2")" = "$3" ] || { echo "$2 of $1 is $(column "$1" "$2"), not $3"; return 1; }
}

# until_has QUEUE COLUMN VALUE: waits for it, 10 s at most.
until_has() {
	tries=0
	until [ "$(column "$1" "$2")" = "$3" ]; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || { has "$1" "$2" "$3"; return 1; }
		sleep 0.1
	done
}

# until_so COMMAND...: waits until it succeeds, 10 s at most.
until_so() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || { echo "not in 10 s: $*"; return 1; }
		sleep 0.1
	done
}

# runs PROCESS PROGRAM: it is no shell any more that will be the program.
runs() {
	grep -qsx "$2" "/proc/$1/comm"
}

# catches PROCESS: it catches SIGTERM, as what follows a queue does, and a monitor once it is told of events.
catches() {
	[ $((0x0$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$1/status") & 0x4000)) != 0 ]
}

# watch [OPTION]...: a monitor in the background, its output to $work/events, which listens when this returns; $monitor
# is its id.
watch() {
	kmqctl monitor "$@" >"$work/events" 2>"$work/monitor" &
	monitor=$!
	until_so catches $monitor || { cat "$work/monitor"; return 1; }
}

# until_told N: the monitor has written N lines; 10 s at most.
until_told() {
	tries=0
	until [ "$(wc -l <"$work/events")" -ge "$1" ]; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || { echo "not $1 events:"; cat "$work/events" "$work/monitor"; return 1; }
		sleep 0.1
	done
}

# stops_well: the monitor ends on SIGTERM with success and without a word.
stops_well() {
	kill "$monitor"
	wait "$monitor" || { echo "monitor ended with $?"; return 1; }
	[ ! -s "$work/monitor" ] || { cat "$work/monitor"; return 1; }
}

as_user() {
	su user -s /bin/sh -c "PATH=$PATH; $1"
}

# peer QUEUE ACTION: a process that maps the ring, and has done ACTION when this returns; $peer is its id.
peer() {
	command -v ring_peer >/dev/null || skip 'there is no ring_peer to map a ring'
	ring_peer "$1" "$2" >"$work/peer" 2>&1 &
	peer=$!
	tries=0
	until grep -q "$2" "$work/peer"; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || { cat "$work/peer"; return 1; }
		sleep 0.1
	done
}

end_peer() {
	kill -KILL $peer
	wait $peer 2>/dev/null || true
}

remove_all() {
	kmqctl list --noheadings -o ID | while read -r id; do kmqctl remove --id "$id"; done
}

# skip REASON: ends the claim without a verdict.
skip() {
	echo "$1"
	exit 77
}

# watch_over SHELL: ends the shell of a claim that hangs, so that it is this claim that has failed and not the run.
watch_over() {
	trap - EXIT
	sleep 180
	echo 'not done after 180 seconds'
	kill "$1"
}

# run_claims [CLAIM]...
run_claims() {
	claims=${*:-$(sed -n '/^# Claims$/,$s/^\([a-z][a-z0-9_]*\)() {$/\1/p' "$0")}
	for claim in $claims; do
		mkdir "$work/$claim"
		(
			work=$work/$claim
			trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
			watch_over "$(exec sh -c 'echo $PPID')" &
			set -e
			"$claim"
		) >"$work/verdict" 2>&1
		result=$?
		remove_all
		name=$(echo "$claim" | tr _ ' ')
		case $result in
		0) passed=$((passed + 1)); echo "PASS: $name" ;;
		77) skipped=$((skipped + 1)); echo "SKIP: $name ($(cat "$work/verdict"))" ;;
		*) failed=$((failed + 1)); echo "FAIL: $name"; sed 's/^/	/' "$work/verdict" ;;
		esac
	done
	[ $skipped = 0 ] || ending=", $skipped skipped"
	echo "$passed passed, $failed failed$ending"
	[ $failed = 0 ]
}
