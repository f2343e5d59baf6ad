#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kmqctl on a terminal: top with its keys, its sizes and its ways out, and what else a person sees there. The terminal and
# the person are tests/cli/screen.c. In the guest, with the module loaded:
#
#	tools/vm/run --add tests/cli/claims.sh --add tests/cli/screen_test.sh --add .build/tests/cli/screen \
#		--add /lib/terminfo -- sh screen_test.sh [CLAIM]...
# shellcheck source-path=SCRIPTDIR source=claims.sh
. "$(dirname "$0")/claims.sh"

here=$(cd "$(dirname "$0")" && pwd)
export TERM=xterm TERMINFO="$here/terminfo"

# on_screen ROWS COLUMNS COMMAND...: what stdin says happens before it; its output to $work/out.
on_screen() {
	[ -e "$TERMINFO/x/xterm" ] || skip 'nothing is known of terminals: there is no terminfo'
	status=0
	screen "$@" >"$work/out" 2>"$work/err" || status=$?
	[ $status = 0 ] && [ ! -s "$work/err" ] && return
	cat "$work/out" "$work/err"
	return 1
}

# screen_is: what was shown is what stdin has, but for the time of day.
screen_is() {
	sed -i 's/^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]  /HH:MM:SS  /' "$work/out"
	prints
}

# three queues: half, full with a sender asleep, and one where two receivers sleep.
make_queues() {
	works kmqctl create half --capacity 10
	seq 5 | works kmqctl send half --lines
	works kmqctl create full --capacity 1
	works kmqctl send full x
	kmqctl send full y &
	sender=$!
	works kmqctl create idle
	cat /dev/kmq/idle >/dev/null &
	cat /dev/kmq/idle >/dev/null &
	until_has full SENDERS 1
	until_has idle RECEIVERS 2
}

restored='main screen, cursor shown, echo on, lines on'

# ------------------------------------------------------------------------
# Claims

top_shows_the_queues_at_80x24() {
	make_queues
	on_screen 24 80 kmqctl top -d 60 -n 2 <<-END
		wait h help
		show
		key q
		end 0
	END
	screen_is <<-END
		HH:MM:SS  3 queues, 1 full, 3 asleep, 0/s in, 0/s out
		sorted by USE
		NAME             USE QUEUED IN OUT   ASLEEP DROPS BYTES OPEN
		full ########## 100%      1  -   - s            -    1B    1
		half #####       50%      5  -   -        -     -    5B    0
		idle              0%      0  -   - rr           -    0B    2

















		q quit  s sort  r reverse  p pause  Enter holders  h help
	END
}

top_shows_the_queues_at_40x10() {
	make_queues
	on_screen 10 40 kmqctl top -d 60 <<-END
		wait h help
		show
		key q
		end 0
	END
	screen_is <<-END
		HH:MM:SS  3 queues, 1 full, 3 asleep, 0/
		sorted by USE
		NAME       USE QUEUED IN OUT ASLEEP
		full #### 100%      1  -   - s
		half ##    50%      5  -   -      -
		idle        0%      0  -   - rr



		q quit  s sort  p pause  h help
	END
}

top_follows_the_size_of_the_terminal() {
	make_queues
	on_screen 24 80 kmqctl top -d 60 <<-END
		wait Enter holders
		resize 10 40
		until-gone Enter holders
		wait h help
		show
		resize 30 100
		wait Enter holders
		wait DROPS BYTES OPEN
		key q
		end 0
	END
	shows 'NAME *USE QUEUED *IN *OUT *ASLEEP'
	[ "$(wc -l <"$work/out")" = 10 ]
	[ "$(awk '{ if (length > most) most = length } END { print most }' "$work/out")" -le 40 ]
}

top_shows_traffic_by_the_second() {
	works kmqctl create q --capacity 1000
	on_screen 24 80 kmqctl top -d 3 -o NAME,QUEUED,IN <<-END
		wait h help
		run seq 300 | kmqctl send q --lines
		wait 300
		show
		key q
		end 0
	END
	shows 'q *300 *[1-9][0-9.]*'
}

top_sorts_by_the_keys() {
	make_queues
	on_screen 10 80 kmqctl top -d 60 -o NAME,QUEUED <<-END
		wait sorted by USE
		key s
		wait sorted by NAME
		marked
		show
		key >
		wait sorted by QUEUED
		show
		key r
		wait reversed
		show
		key <
		wait sorted by NAME, reversed
		key q
		end 0
	END
	grep -E '^(full|half|idle) ' "$work/out" | cut -d' ' -f1 | tr '\n' ' ' >"$work/order"
	# Marked is the selected one, which keeps to its queue: the fullest.
	printf 'full full half idle half full idle idle full half ' | diff - "$work/order"
}

top_selects_and_shows_the_holders() {
	make_queues
	on_screen 12 80 kmqctl top -d 0.5 <<-END
		wait idle
		marked
		key down
		wait-marked half
		key down
		wait-marked idle
		key up
		wait-marked half
		key end
		wait-marked idle
		marked
		key home
		wait-marked full
		key enter
		wait held by
		wait room
		show
		key escape
		wait sorted by
		key q
		end 0
	END
	sed -n 's/^\(NAME\|full\|half\|idle\).*/\1/p' "$work/out" | head -n 4 | tr '\n' ' ' >"$work/marks"
	printf 'NAME full NAME idle ' | diff - "$work/marks"
	shows '#[0-9]* full: 1 queued, 0 leased; held by:'
	shows "descriptor *$sender kmqctl *3 .*"
	shows "sleeper *$sender kmqctl *- room .*"
}

top_tells_when_the_queue_looked_at_is_gone() {
	works kmqctl create q
	on_screen 12 80 kmqctl top -d 0.5 <<-END
		wait sorted by
		key enter
		wait held by
		run kmqctl remove q
		wait the queue is gone
		key escape
		wait no queues
		key q
		end 0
	END
}

top_keeps_the_selection_with_its_queue() {
	works kmqctl create a --capacity 100
	works kmqctl create b --capacity 100
	works kmqctl send b x
	on_screen 12 80 kmqctl top -d 0.5 -o NAME,QUEUED <<-END
		wait h help
		marked
		run seq 77 | kmqctl send a --lines
		wait 77
		marked
		key q
		end 0
	END
	[ "$(grep -c '^b' "$work/out")" = 2 ]
	! grep -q '^a' "$work/out"
}

top_scrolls_more_queues_than_it_has_lines() {
	for number in 1 2 3 4 5 6 7 8 9; do works kmqctl create q$number; done
	on_screen 8 60 kmqctl top -d 60 --sort name <<-END
		wait q4
		show
		key page-down
		wait q5
		key end
		wait q9
		show
		key k
		key k
		key k
		key k
		wait q5
		key g
		wait q1
		key q
		end 0
	END
	grep -o '^q[0-9]' "$work/out" | tr '\n' ' ' >"$work/rows"
	printf 'q1 q2 q3 q4 q6 q7 q8 q9 ' | diff - "$work/rows"
}

top_pauses() {
	works kmqctl create q
	on_screen 12 80 kmqctl top -d 0.5 <<-END
		wait sorted by
		key p
		wait PAUSED
		run kmqctl create late
		sleep 2000
		show
		key p
		until-gone PAUSED
		wait late
		key q
		end 0
	END
	! grep -q late "$work/out"
}

top_helps() {
	on_screen 24 80 kmqctl top <<-END
		wait no queues
		key h
		wait who holds the selected queue
		wait quit
		key x
		wait sorted by
		key q
		end 0
	END
}

top_gives_the_terminal_back_by_every_way_out() {
	works kmqctl create q
	for out in 'key q' 'key ^C' 'signal TERM' 'signal HUP' 'signal INT'; do
		on_screen 24 80 kmqctl top <<-END
			wait sorted by
			modes
			$out
			end 0
			modes
		END
		printf 'other screen, cursor hidden, echo off, lines off\n%s\n' "$restored" | prints
	done
	on_screen 24 80 kmqctl top -n 2 -d 0.5 <<-END
		end 0
		modes
	END
	prints_line "$restored"
}

top_that_fails_gives_the_terminal_back_and_says_why() {
	[ -r /etc/kmq/module.ko ] || skip 'the runner keeps the module elsewhere'
	works kmqctl create q
	# It cannot go in the moment when top asks it.
	on_screen 24 120 kmqctl top -d 0.5 <<-END
		wait sorted by
		run timeout 10 sh -c 'until rmmod kmq 2>/dev/null; do sleep 0.1; done'
		end 1
		modes
		show
	END
	insmod /etc/kmq/module.ko
	grep -v '^$' "$work/out" >"$work/shown"
	printf '%s\n' "$restored" "kmqctl: cannot open /dev/kmq/control: the module is not loaded; try 'kmqctl doctor'" |
		diff - "$work/shown"
}

top_stops_and_goes_on() {
	works kmqctl create q
	on_screen 24 80 sh -c 'set -m; kmqctl top -d 0.5; echo "[stopped]"; read -r line; fg; echo "[done]"' <<-END
		wait h help
		key ^Z
		wait [stopped]
		key enter
		wait sorted by
		key q
		wait [done]
		end 0
		modes
	END
	prints_line "$restored"
}

top_does_not_start_on_a_terminal_it_does_not_know() {
	on_screen 24 120 env TERM=nothing-like-it kmqctl top <<-END
		wait --batch does without
		end 1
		show
	END
	shows "kmqctl: top: nothing is known of a terminal 'nothing-like-it' (TERM); --batch does without"
}

top_without_a_terminal_is_a_table() {
	works kmqctl create q
	works kmqctl top -n 1 -d 0.1 -o NAME,QUEUED
	printf 'NAME QUEUED\nq         0\n' | prints
}

colour_is_for_terminals_without_no_color() {
	command -v script >/dev/null || skip 'there is no script(1) to make a terminal'
	for setting in FOO=1 NO_COLOR=1 TERM=dumb; do
		script -qc "env $setting kmqctl doctor" /dev/null </dev/null >"$work/$setting"
	done
	escape=$(printf '\033')
	grep -q "^$escape\[32mok *$escape\[0m" "$work/FOO=1"
	! grep -q "$escape" "$work/NO_COLOR=1"
	! grep -q "$escape" "$work/TERM=dumb"
	works kmqctl doctor
	! grep -q "$escape" "$work/out"
}

top_has_no_colour_with_no_color() {
	command -v script >/dev/null || skip 'there is no script(1) to make a terminal'
	# Two, for the selected one is reversed.
	for name in p q; do
		works kmqctl create $name --capacity 1
		works kmqctl send $name x
	done
	for setting in FOO=1 NO_COLOR=1; do
		script -qc "stty rows 24 cols 80; env $setting kmqctl top -n 1 -d 0.2" /dev/null </dev/null >"$work/$setting"
	done
	grep -q "$(printf '\033')\[31m" "$work/FOO=1" || { od -c "$work/FOO=1" | tail -n 40; return 1; }
	! grep -q "$(printf '\033')\[3[0-9]m" "$work/NO_COLOR=1"
}

monitor_writes_to_a_terminal_as_it_happens() {
	(until_so [ -s "$work/pid" ]; until_so catches "$(cat "$work/pid")"; kmqctl create q) &
	on_screen 10 80 sh -c "echo \$\$ >$work/pid; exec kmqctl monitor" <<-END
		wait q was created by pid
		key ^C
		end 0
		modes
	END
	prints_line "$restored"
}

a_queue_cannot_steer_the_terminal_by_a_process_name() {
	works kmqctl create q
	cp "$(command -v kmqctl)" "$work/$(printf 'x\033[2Jy')"
	"$work/$(printf 'x\033[2Jy')" recv q >/dev/null &
	steering=$!
	until_has q OPEN 1
	on_screen 12 80 kmqctl top -d 0.5 <<-END
		wait sorted by
		key enter
		wait x\\x1b[2Jy
		key q
		end 0
	END
	kill $steering
}

# ------------------------------------------------------------------------

run_claims "$@"
