#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What kmqctl prints, says and exits with, in the guest with the module loaded:
#
#	tools/vm/run --add tests/cli/claims.sh --add tests/cli/kmqctl_test.sh -- sh kmqctl_test.sh [CLAIM]...
#
# With --add .build/tests/cli/ring_peer also what needs a process that maps a ring.
# shellcheck source-path=SCRIPTDIR source=claims.sh
. "$(dirname "$0")/claims.sh"

# has_bytes FILE N
has_bytes() {
	[ "$(wc -c <"$1")" = "$2" ]
}

# cat_reads QUEUE TEXT: cat reads it from the queue, and then waits for more.
cat_reads() {
	: >"$work/cat"
	cat "/dev/kmq/$1" >"$work/cat" &
	until_so has_bytes "$work/cat" ${#2}
	until_has "$1" RECEIVERS 1
	kill $!
	fails_as 143 wait $!
	printf %s "$2" | diff - "$work/cat"
}

# ------------------------------------------------------------------------
# Claims

without_a_command_it_lists() {
	works kmqctl create q
	works kmqctl
	prints <<-END
		NAME QUEUED CAPACITY BYTES POLICY MODE OWNER OPEN
		q         0       64    0B block  0600 root     0
	END
}

no_queues_are_headings_alone() {
	works kmqctl list
	prints_line 'NAME QUEUED CAPACITY BYTES POLICY MODE OWNER OPEN'
	works kmqctl list --noheadings
	prints_nothing
}

no_queues_are_an_empty_array_in_json() {
	works kmqctl list --json
	prints <<-END
		{
		  "queues": [
		  ]
		}
	END
}

list_shows_the_columns_asked_for() {
	works kmqctl create q --capacity 10
	works kmqctl list -o capacity,Name
	prints <<-END
		CAPACITY NAME
		      10 q
	END
	works kmqctl list --output +kind --noheadings
	prints_line 'q 0 10 0B block 0600 root 0 message'
	fails_as 2 kmqctl list -o NAME,SIZE
	says "list: there is no column 'SIZE'; see 'kmqctl list --help'"
}

list_shows_sizes_for_people_or_in_bytes() {
	works kmqctl create q --max-message 1536
	works kmqctl list --noheadings -o MAX-MESSAGE,BYTE-LIMIT
	prints_line '1.5K 96K'
	works kmqctl list --noheadings -o MAX-MESSAGE,BYTE-LIMIT --bytes
	prints_line '1536 98304'
}

list_takes_a_pattern() {
	for name in jobs-1 jobs-2 log; do works kmqctl create $name; done
	works kmqctl list --noheadings -o NAME 'jobs-?'
	prints <<-END
		jobs-1
		jobs-2
	END
	works kmqctl list --noheadings -o NAME 'x*'
	prints_nothing
}

list_json_has_numbers_and_words() {
	works kmqctl create q --capacity 4 --mode 640 --policy drop-oldest
	works kmqctl send q hello
	works kmqctl list --json -o NAME,CAPACITY,MODE,POLICY,BYTES,USE,QUEUED
	prints <<-END
		{
		  "queues": [
		    {
		      "name": "q",
		      "capacity": 4,
		      "mode": "0640",
		      "policy": "drop-oldest",
		      "bytes": 5,
		      "use": 25,
		      "queued": 1
		    }
		  ]
		}
	END
}

list_json_has_all_columns() {
	works kmqctl create q
	works kmqctl list --json
	sed -n 's/^      "\([a-z_]*\)".*/\1/p' "$work/out" >"$work/keys"
	kmqctl list --help | sed -n '/^Columns:/,/^$/s/^  \([A-Z-]*\) .*/\1/p' | tr 'A-Z-' 'a-z_' |
		diff - "$work/keys"
}

create_is_silent_and_makes_the_node() {
	works kmqctl create q
	prints_nothing
	[ -c /dev/kmq/q ]
	[ "$(stat -c '%a %u %g' /dev/kmq/q)" = "600 0 0" ]
}

create_takes_every_setting() {
	works kmqctl create q --capacity 8 --inline 100 --max-message 2K --byte-limit 10k \
		--policy reject --mode 0620 --owner user:0
	works kmqctl list --bytes --noheadings \
		-o CAPACITY,INLINE,MAX-MESSAGE,BYTE-LIMIT,POLICY,MODE,UID,GID,LIFETIME,KIND
	prints_line '8 104 2048 10240 reject 0620 1000 0 persistent message'
	[ "$(stat -c '%a %u %g' /dev/kmq/q)" = "620 1000 0" ]
}

create_of_an_existing_name_fails() {
	works kmqctl create q --capacity 3
	fails_as 1 kmqctl create q
	says "cannot create queue 'q': a queue of this name exists already"
	works kmqctl create q --exist-ok --capacity 5
	has q CAPACITY 3
}

create_refuses_a_bad_name() {
	for name in '' .q control a/b 'a b' 12345678901234567890123456789012; do
		fails_as 1 kmqctl create "$name"
		says "'$name' cannot be the name of a queue: it takes 1 to 31 of A-Z a-z 0-9 . _ -, the first not a dot, and not the name 'control'"
	done
}

create_refuses_sizes_out_of_range() {
	fails_as 2 kmqctl create q --capacity 65537
	says "create: --capacity takes a number of messages from 1 to 65536, not '65537'; see 'kmqctl create --help'"
	fails_as 2 kmqctl create q --max-message 17M
	says "create: --max-message takes a size from 1 to 16777216 bytes, such as 256, 8K or 1M, not '17M'; see 'kmqctl create --help'"
	fails_as 2 kmqctl create q --inline 4
	fails_as 2 kmqctl create q --policy drop
	says "create: --policy takes block, reject, drop-newest or drop-oldest, not 'drop'; see 'kmqctl create --help'"
	fails_as 2 kmqctl create q --owner nobody-here
	fails_as 1 kmqctl create q --max-message 8K --byte-limit 4K
	says "cannot create queue 'q': its byte limit is less than its largest message, or another size or the mode is out of range"
}

create_beyond_the_users_limit_says_so() {
	fails_as 1 kmqctl create q --byte-limit 1G
	says "cannot create queue 'q': it would take its owner or the module over a limit, which 'kmqctl doctor' tells; a lower --byte-limit or --capacity asks for less"
	works kmqctl list --noheadings
	prints_nothing
}

an_ephemeral_queue_lives_as_long_as_its_command() {
	works kmqctl create q --ephemeral -- sh -c 'kmqctl list --noheadings -o NAME,LIFETIME,OPEN'
	prints_line 'q ephemeral 1'
	[ ! -e /dev/kmq/q ]
}

the_command_finds_the_queue_by_its_descriptor() {
	works kmqctl create q --ephemeral -- sh -c 'printf hi >&$KMQ_FD; kmqctl recv q | cat'
	prints_line hi
}

the_commands_status_is_kmqctls() {
	fails_as 7 kmqctl create q --ephemeral -- sh -c 'exit 7'
	fails_as 127 kmqctl create q --ephemeral -- no-such-program
	says 'cannot run no-such-program: No such file or directory'
	fails_as 126 kmqctl create q --ephemeral -- /etc/passwd
	says 'cannot run /etc/passwd: Permission denied'
	[ ! -e /dev/kmq/q ]
}

ephemeral_and_a_command_go_together() {
	fails_as 2 kmqctl create q --ephemeral
	says "create: --ephemeral needs a COMMAND that holds the queue open, as in 'kmqctl create NAME --ephemeral -- COMMAND'; see 'kmqctl create --help'"
	fails_as 2 kmqctl create q -- true
	says "create: one NAME is enough; a COMMAND goes with --ephemeral; see 'kmqctl create --help'"
	fails_as 2 kmqctl create q --ephemeral --exist-ok -- true
}

remove_removes_all_it_can() {
	works kmqctl create a
	works kmqctl create b
	fails_as 1 kmqctl remove a nope b
	says "remove nope: no such queue"
	works kmqctl list --noheadings
	prints_nothing
	works kmqctl remove nope --missing-ok
}

a_reader_is_told_that_the_queue_was_removed() {
	works kmqctl create q
	(until_has q OPEN 1; kmqctl remove q) &
	fails_as 1 kmqctl recv q --follow
	says "cannot receive from queue 'q': the queue was removed"
}

show_tells_settings_ledger_and_holders() {
	works kmqctl create q
	works kmqctl send q hello
	sleep 1000 3<>/dev/kmq/q &
	holder=$!
	until_has q OPEN 1
	until_so runs $holder sleep
	works kmqctl show q
	kill $holder
	shows 'capacity         64'
	shows 'max_message      8K'
	shows '1 sent = 0 received + 1 queued + 0 leased + 0 dropped + 0 purged'
	shows "open in process $holder (sleep) as descriptor 3"
}

show_json_names_the_holders() {
	works kmqctl create q
	sleep 1000 3</dev/kmq/q &
	holder=$!
	until_has q OPEN 1
	until_so runs $holder sleep
	works kmqctl show q --json
	kill $holder
	id=$(column q ID)
	sed -n '/"holders"/,$p' "$work/out" >"$work/holders"
	diff - "$work/holders" <<-END
		  "holders": [
		    {
		      "pid": $holder,
		      "command": "sleep",
		      "user": "root",
		      "uid": 0,
		      "fd": 3,
		      "queue": "q",
		      "queue_id": $id
		    }
		  ],
		  "holders_complete": true
		}
	END
}

show_finds_by_id() {
	works kmqctl create q
	works kmqctl show --id "$(column q ID)"
	shows 'name             q'
	fails_as 1 kmqctl show --id 4000000000
	says 'show #4000000000: no such queue'
	fails_as 1 kmqctl show nope
	says "show nope: no such queue"
	fails_as 2 kmqctl show
	fails_as 2 kmqctl show q --id 1
}

send_takes_text_a_file_or_standard_input() {
	works kmqctl create q
	works kmqctl send q 'a text'
	prints_nothing
	printf 'of a\nfile\n' >"$work/file"
	works kmqctl send q --file "$work/file"
	printf 'of a pipe' | works kmqctl send q
	printf 'of -' | works kmqctl send q --file -
	works kmqctl send q -- --text
	works kmqctl recv q --count 5
	prints <<-END
		a text
		of a
		file

		of a pipe
		of -
		--text
	END
}

send_divides_into_lines_or_strings() {
	works kmqctl create q
	printf 'one\n\nthree' | works kmqctl send q --lines
	has q QUEUED 3
	printf 'four\n\0five\0' | works kmqctl send q --null
	has q QUEUED 5
	works kmqctl recv q --count 5 --null
	[ "$(tr '\0\n' '|_' <"$work/out")" = 'one||three|four_|five|' ]
}

send_of_nothing_is_an_empty_message() {
	works kmqctl create q
	works kmqctl send q ''
	works kmqctl send q </dev/null
	works kmqctl send q --lines </dev/null
	has q QUEUED 2
	works kmqctl recv q --meta
	shows '.* size=0 .*'
}

send_carries_type_and_priority() {
	works kmqctl create q
	works kmqctl send q low --type 9
	works kmqctl send q high --type 3 --priority 32767
	works kmqctl peek q -o SEQUENCE,TYPE,PRIORITY,BODY
	prints <<-END
		SEQUENCE TYPE PRIORITY BODY
		       2    3    32767 high
		       1    9        0 low
	END
	fails_as 2 kmqctl send q x --type 0
	fails_as 2 kmqctl send q x --priority 32768
}

a_message_too_long_is_told_with_both_lengths() {
	works kmqctl create q --max-message 4
	fails_as 1 kmqctl send q hello
	says "cannot send to queue 'q': message 1 has 5 bytes and the queue takes 4 at most"
	printf 'a\nb\nlonger\nc\n' | fails_as 1 kmqctl send q --lines
	says "cannot send to queue 'q': message 3 has 6 bytes and the queue takes 4 at most"
	has q QUEUED 2
}

a_full_queue_is_told_with_status_3() {
	works kmqctl create q --capacity 2
	seq 5 | fails_as 3 kmqctl send q --lines --nonblock
	says "cannot send to queue 'q': it is full (2 sent before)"
	fails_as 3 kmqctl send q x --timeout 0.2
	says "cannot send to queue 'q': it is full and stayed so until the time was over (0 sent before)"
	fails_as 2 kmqctl send q x --timeout 1 --nonblock
}

a_full_queue_lets_send_wait() {
	works kmqctl create q --capacity 1
	works kmqctl send q first
	kmqctl send q second &
	until_has q SENDERS 1
	works kmqctl recv q
	prints_line first
	wait $!
	has q QUEUED 1
}

the_policy_decides_at_a_full_queue() {
	for policy in reject drop-newest drop-oldest; do
		works kmqctl create $policy --capacity 1 --policy $policy
		works kmqctl send $policy first
	done
	fails_as 3 kmqctl send reject second
	works kmqctl send drop-newest second
	works kmqctl send drop-oldest second
	for policy in reject drop-newest; do
		works kmqctl recv $policy
		prints_line first
	done
	works kmqctl recv drop-oldest --meta
	shows '.* lost=1 .*'
	shows second
}

recv_prints_the_bytes() {
	works kmqctl create q
	for print in '' --raw --null; do
		printf '\033\377\000x\n' | works kmqctl send q
		works kmqctl recv q $print
		od -An -tx1 "$work/out" >>"$work/bytes"
	done
	diff - "$work/bytes" <<-END
		 1b ff 00 78 0a 0a
		 1b ff 00 78 0a
		 1b ff 00 78 0a 00
	END
}

recv_takes_one_unless_told() {
	works kmqctl create q
	seq 4 | works kmqctl send q --lines
	works kmqctl recv q
	prints_line 1
	works kmqctl recv q -n 2
	printf '2\n3\n' | prints
	has q QUEUED 1
}

recv_selects_by_type() {
	works kmqctl create q
	for type in 5 3 7 3; do works kmqctl send q "of type $type" --type $type; done
	works kmqctl recv q --type '<=4'
	prints_line 'of type 3'
	works kmqctl recv q --type '!5'
	prints_line 'of type 7'
	works kmqctl recv q --type 3
	prints_line 'of type 3'
	fails_as 3 kmqctl recv q --type 3 --nonblock
	works kmqctl recv q --type any
	prints_line 'of type 5'
	fails_as 2 kmqctl recv q --type 0
	says "recv: --type takes a type T from 1, !T, <=T or any, not '0'; see 'kmqctl recv --help'"
}

recv_gives_up_with_status_3() {
	works kmqctl create q
	fails_as 3 kmqctl recv q --nonblock
	says "no message from queue 'q': none is there (0 received before)"
	fails_as 3 kmqctl recv q --timeout 0.2
	says "no message from queue 'q': none came in time (0 received before)"
	works kmqctl send q x
	fails_as 3 kmqctl recv q --count 2 --nonblock
	prints_line x
	says "no message from queue 'q': none is there (1 received before)"
}

recv_waits_for_a_message() {
	works kmqctl create q
	(until_has q OPEN 1; sleep 0.3; kmqctl send q late) &
	works kmqctl recv q --timeout 30
	prints_line late
}

recv_ignores_what_it_does_not_select_while_it_waits() {
	works kmqctl create q
	works kmqctl send q other --type 1
	(until_has q OPEN 1; sleep 0.3; kmqctl send q wanted --type 2) &
	works kmqctl recv q --type 2 --timeout 30
	prints_line wanted
	has q QUEUED 1
}

follow_without_waiting_takes_what_is_there() {
	works kmqctl create q
	seq 3 | works kmqctl send q --lines
	works kmqctl recv q --follow --nonblock
	seq 3 | prints
	fails_as 3 kmqctl recv q --follow --nonblock
	seq 3 | works kmqctl send q --lines
	works kmqctl recv q --follow --timeout 0.2
	seq 3 | prints
}

# Not in the background, where a shell has its commands ignore SIGINT.
follow_ends_well_by_a_signal() {
	works kmqctl create q
	received=0
	for signal in INT TERM HUP; do
		works kmqctl send q $signal
		received=$((received + 1))
		(until_has q RECEIVED $received; kill -s $signal "$(cat "$work/pid")") &
		works sh -c "echo \$\$ >$work/pid; exec kmqctl recv q --follow"
		prints_line $signal
	done
	has q RETURNED 0
}

recv_without_follow_dies_of_the_signal() {
	works kmqctl create q
	kmqctl recv q &
	receiver=$!
	until_has q OPEN 1
	sleep 0.3
	kill -TERM $receiver
	fails_as 143 wait $receiver
}

recv_that_cannot_print_loses_nothing() {
	works kmqctl create q
	works kmqctl send q precious
	status=0
	kmqctl recv q >/dev/full 2>"$work/err" || status=$?
	[ $status = 1 ]
	says 'cannot write to standard output: No space left on device'
	has q RETURNED 1
	works kmqctl recv q --meta
	shows '.* redeliveries=1 .*'
	shows precious
}

recv_into_a_broken_pipe_is_quiet_and_loses_nothing() {
	works kmqctl create q
	works kmqctl send q precious
	mkfifo "$work/pipe"
	(until_so [ -e "$work/closed" ]; exec kmqctl recv q) >"$work/pipe" 2>"$work/complaint" &
	exec 3<"$work/pipe"
	exec 3<&-
	: >"$work/closed"
	wait $!
	[ ! -s "$work/complaint" ]
	has q QUEUED 1
	has q RETURNED 1
}

recv_ends_when_its_reader_goes_while_it_waits() {
	works kmqctl create q
	mkfifo "$work/pipe"
	kmqctl recv q --follow >"$work/pipe" 2>"$work/complaint" &
	exec 3<"$work/pipe"
	until_has q OPEN 1
	sleep 0.3
	exec 3<&-
	wait $!
	[ ! -s "$work/complaint" ]
}

recv_killed_in_mid_write_loses_nothing() {
	works kmqctl create q --max-message 1M --byte-limit 1M
	head -c 500000 /dev/zero | works kmqctl send q
	mkfifo "$work/pipe"
	kmqctl recv q >"$work/pipe" &
	exec 3<"$work/pipe"
	until_has q LEASED 1
	kill -KILL $!
	until_has q QUEUED 1
	exec 3<&-
}

a_signal_ends_recv_while_its_output_is_stuck() {
	works kmqctl create q --max-message 1M --byte-limit 1M
	head -c 500000 /dev/zero | works kmqctl send q
	mkfifo "$work/pipe"
	kmqctl recv q --follow >"$work/pipe" &
	exec 3<"$work/pipe"
	until_has q LEASED 1
	sleep 0.3
	kill -TERM $!
	wait $!
	exec 3<&-
	has q QUEUED 1
}

two_followers_share_the_messages() {
	works kmqctl create q
	kmqctl recv q --follow >"$work/one" &
	one=$!
	kmqctl recv q --follow >"$work/two" &
	two=$!
	for follower in $one $two; do until_so catches $follower; done
	seq 200 | works kmqctl send q --lines
	until_has q RECEIVED 200
	kill $one $two
	for follower in $one $two; do wait $follower; done
	sort -n "$work/one" "$work/two" >"$work/all"
	seq 200 | diff - "$work/all"
}

recv_meta_is_a_line_of_words() {
	works kmqctl create q
	works kmqctl send q hello --type 4 --priority 2
	works kmqctl recv q --meta
	sed -i 's/age=[0-9.]*s pid=[0-9]*/age=A pid=P/' "$work/out"
	prints <<-END
		sequence=1 type=4 priority=2 size=5 age=A pid=P user=root uid=0 lost=0 redeliveries=0 call=false redelivered=false owner_died=false
		hello
	END
}

recv_json_is_a_line_per_message() {
	works kmqctl create q
	works kmqctl send q 'say "hi"' --type 4
	printf '\377' | works kmqctl send q
	works kmqctl recv q --json --count 2
	sed -i 's/"age":[0-9.]*,"pid":[0-9]*/"age":A,"pid":P/' "$work/out"
	prints <<-'END'
		{"sequence":1,"type":4,"priority":0,"size":8,"age":A,"pid":P,"user":"root","uid":0,"lost":0,"redeliveries":0,"call":false,"redelivered":false,"owner_died":false,"body":"say \"hi\"","body_base64":"c2F5ICJoaSI="}
		{"sequence":2,"type":1,"priority":0,"size":1,"age":A,"pid":P,"user":"root","uid":0,"lost":0,"redeliveries":0,"call":false,"redelivered":false,"owner_died":false,"body":null,"body_base64":"/w=="}
	END
}

recv_refuses_what_excludes_each_other() {
	works kmqctl create q
	fails_as 2 kmqctl recv q --raw --null
	fails_as 2 kmqctl recv q --json --meta
	fails_as 2 kmqctl recv q --timeout 1 --nonblock
	fails_as 2 kmqctl recv
	fails_as 2 kmqctl recv q p
}

a_terminal_is_shown_no_control_characters() {
	command -v script >/dev/null || skip 'there is no script(1) to make a terminal'
	works kmqctl create q
	printf '\033[2J\n' | works kmqctl send q
	script -qc 'kmqctl recv q' /dev/null </dev/null | tr -d '\r' >"$work/out"
	prints_line '\x1b[2J'
	printf '\033[2J' | works kmqctl send q
	script -qc 'kmqctl recv q --raw' /dev/null </dev/null | od -An -c >"$work/out"
	prints_line ' 033   [   2   J'
}

peek_leaves_the_messages() {
	works kmqctl create q
	works kmqctl peek q
	prints_line 'SEQUENCE TYPE PRIORITY SIZE AGE PID USER BODY'
	seq 3 | works kmqctl send q --lines --type 2
	works kmqctl send q urgent --priority 1 --type 8
	works kmqctl peek q -o SEQUENCE,TYPE,PRIORITY,SIZE,USER,UID,BODY
	prints <<-END
		SEQUENCE TYPE PRIORITY SIZE USER UID BODY
		       4    8        1   6B root   0 urgent
		       1    2        0   1B root   0 1
		       2    2        0   1B root   0 2
		       3    2        0   1B root   0 3
	END
	has q QUEUED 4
}

peek_counts_and_selects() {
	works kmqctl create q
	for type in 3 1 2; do works kmqctl send q "of type $type" --type $type; done
	works kmqctl peek q --noheadings -o BODY --count 1
	prints_line 'of type 3'
	works kmqctl peek q --noheadings -o TYPE --type '<=2'
	printf '1\n2\n' | prints
	works kmqctl peek q --noheadings -o TYPE --type '!1'
	printf '3\n2\n' | prints
}

peek_shows_long_and_odd_bodies() {
	works kmqctl create q
	printf '\033[1m\\\n\377' | works kmqctl send q
	head -c 100 /dev/zero | tr '\0' x | works kmqctl send q
	works kmqctl peek q --noheadings -o BODY
	prints <<-'END'
		\x1b[1m\\\n\xff
		xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
	END
	works kmqctl peek q --noheadings -o BODY --full
	[ "$(tail -n 1 "$work/out" | tr -d '\n' | wc -c)" = 100 ]
	works kmqctl peek q --json -o BODY,BODY-BASE64 --count 1
	prints <<-'END'
		{
		  "messages": [
		    {
		      "body": null,
		      "body_base64": "G1sxbVwK/w=="
		    }
		  ]
		}
	END
}

peek_sees_1024_messages() {
	works kmqctl create q --capacity 2000 --byte-limit 64K
	seq 1500 | works kmqctl send q --lines
	works kmqctl peek q --noheadings -o BODY
	seq 1024 | prints
	works kmqctl recv q --follow --nonblock
	seq 1500 | prints
}

purge_throws_away_what_is_selected() {
	works kmqctl create q
	for type in 1 2 2 3; do works kmqctl send q x --type $type; done
	works kmqctl purge q --type 2
	prints_line 'purged 2 messages'
	works kmqctl purge q --type '<=1'
	prints_line 'purged 1 message'
	works kmqctl purge q --json
	prints <<-END
		{
		  "name": "q",
		  "purged": 1
		}
	END
	has q PURGED 4
	has q QUEUED 0
}

stats_shows_the_ledger() {
	works kmqctl create q --capacity 3 --policy drop-oldest
	works kmqctl create p
	seq 5 | works kmqctl send q --lines
	works kmqctl recv q
	works kmqctl purge q
	works kmqctl stats q
	prints <<-END
		NAME SENT RECEIVED QUEUED LEASED DROPPED PURGED ABANDONED RETURNED REJECTED
		q       5        1      0      0       2      2         0        0        0

		The times of its messages are not taken; 'kmqctl set q --histogram on' has them taken.
	END
	works kmqctl stats --noheadings -o NAME
	printf 'q\np\n' | prints
	fails_as 1 kmqctl stats nope
	says "there is no queue 'nope'"
}

stats_by_interval_shows_the_increase() {
	works kmqctl create q
	seq 5 | works kmqctl send q --lines
	: >"$work/out"
	works kmqctl stats q --interval 10 --count 2 -o NAME,SENT,QUEUED &
	until_so grep -q '^q' "$work/out"
	seq 3 | kmqctl send q --lines
	wait $!
	prints <<-END
		NAME SENT QUEUED
		q       5      5

		NAME SENT QUEUED
		q       3      8
	END
	works kmqctl stats q --interval 0.1 --count 2 --json -o SENT
	prints <<-END
		{"queues":[{"sent":8}]}
		{"queues":[{"sent":0}]}
	END
	fails_as 2 kmqctl stats --count 2
}

doctor_finds_nothing_wrong_with_a_loaded_module() {
	works kmqctl doctor
	shows 'ok       loaded      The module is loaded.'
	shows 'ok       control     /dev/kmq/control is there.'
	shows 'ok       permission  This user may create and list queues.'
	shows 'ok       netlink     The module answers by netlink\.'
	shows 'note     group       There is no group kmq, so only root may create queues\.'
	shows 'ok       abi         Module and library speak version 1.'
	shows 'ok       unload      Nobody holds the module; rmmod would unload it.'
	shows '0 problems found'
}

doctor_names_who_holds_the_module() {
	works kmqctl create q
	sleep 1000 3<>/dev/kmq/q &
	holder=$!
	until_has q OPEN 1
	until_so runs $holder sleep
	works kmqctl doctor
	kill $holder
	shows "note     unload      rmmod would be refused now: sleep ($holder) has q\."
}

doctor_tells_a_limit_that_is_near() {
	echo 2 >/sys/module/kmq/parameters/max_queues
	works kmqctl create p
	works kmqctl create q
	fails_as 1 kmqctl doctor
	echo 4096 >/sys/module/kmq/parameters/max_queues
	shows 'problem  limits      2 of at most 2 queues exist\.'
}

doctor_tells_a_users_bytes_that_are_near_their_limit() {
	works kmqctl create q --byte-limit 60M
	fails_as 1 kmqctl doctor
	shows 'problem  limits      The queues of user 0 may grow to 60M, of at most 64M\.'
}

doctor_tells_a_queue_that_is_full() {
	works kmqctl create q --capacity 1
	works kmqctl send q x
	works kmqctl doctor
	shows "note     queues      Queue 'q' is 100% full; 0 senders wait for room, 0 receivers for a message\."
}

doctor_tells_a_user_who_may_not() {
	fails_as 1 as_user 'kmqctl doctor'
	shows "problem  permission  This user may not open /dev/kmq/control, which is user root's and group root's with mode 0600\."
}

doctor_compares_the_module_with_the_kernel() {
	[ -r /etc/kmq/module.ko ] || skip 'the runner keeps the module elsewhere'
	works kmqctl doctor --module /etc/kmq/module.ko
	shows 'ok       version     /etc/kmq/module.ko was built for this kernel.'
}

a_user_without_permission_is_told() {
	works kmqctl create q
	fails_as 1 as_user 'kmqctl create p'
	says "cannot open /dev/kmq/control: its owner and mode do not allow it to this user; try 'kmqctl doctor'"
	fails_as 1 as_user 'kmqctl recv q'
	says "cannot open queue 'q': its owner and mode do not allow it to this user; see 'ls -l /dev/kmq'"
	fails_as 1 as_user 'kmqctl show q'
	grep -q '^kmqctl: show q: ' "$work/err"
}

a_user_sees_a_queue_that_is_open_to_him() {
	works kmqctl create q --mode 604
	works as_user 'kmqctl show q'
	shows 'open             0'
	shows '(not all processes can be seen by this user)'
}

a_user_who_may_create_may_not_give_away_or_take() {
	chmod 666 /dev/kmq/control
	works as_user 'kmqctl create mine --mode 666'
	has mine OWNER user
	fails_as 1 as_user 'kmqctl create other --owner root'
	says "cannot create queue 'other': only root may give it to another user or group"
	works kmqctl create roots --mode 666
	fails_as 1 as_user 'kmqctl remove roots'
	says 'remove roots: you neither own this queue nor have CAP_SYS_ADMIN'
	works as_user 'kmqctl remove mine'
	chmod 600 /dev/kmq/control
}

help_is_given_for_every_command() {
	works kmqctl --help
	sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$work/out" >"$work/commands"
	[ "$(wc -l <"$work/commands")" = 16 ]
	while read -r command; do
		works kmqctl "$command" --help
		head -n 1 "$work/out" | grep -q "^Usage: kmqctl $command \[OPTION\]\.\.\."
	done <"$work/commands"
}

misuse_names_the_help() {
	fails_as 2 kmqctl bogus
	says "there is no command 'bogus'; see 'kmqctl --help'"
	fails_as 2 kmqctl --bogus
	says "there is no option '--bogus'; see 'kmqctl --help'"
	fails_as 2 kmqctl list --bogus
	says "list: there is no option --bogus; see 'kmqctl list --help'"
	fails_as 2 kmqctl list -Jx
	says "list: there is no option -x; see 'kmqctl list --help'"
	fails_as 2 kmqctl recv q --count
	says "recv: option --count needs an argument; see 'kmqctl recv --help'"
	fails_as 2 kmqctl list --json=yes
	says "list: option --json takes no argument; see 'kmqctl list --help'"
	fails_as 2 kmqctl send
	says "send: the NAME of the queue is missing; see 'kmqctl send --help'"
	fails_as 2 kmqctl remove
	prints_nothing
}

output_that_cannot_be_written_is_an_error() {
	works kmqctl create q
	status=0
	kmqctl list >/dev/full 2>"$work/err" || status=$?
	[ $status = 1 ]
	says 'cannot write to standard output: No space left on device'
}

the_shell_and_kmqctl_exchange_messages() {
	works kmqctl create q
	echo hi >/dev/kmq/q
	works kmqctl recv q --raw
	prints_line hi
	works kmqctl send q 'hi back'
	cat_reads q 'hi back'
}

create_makes_a_ring() {
	works kmqctl create r --kind ring --ring-mode mpmc --size 128K --policy reject --mode 640
	columns=KIND,RING-MODE,BYTE-LIMIT,MAX-MESSAGE,POLICY,MODE,CAPACITY,INLINE,ATTACHMENTS,DEATHS,ABANDONED,BROKEN
	works kmqctl list --bytes --noheadings -o $columns
	prints_line 'ring mpmc 131072 65520 reject 0640 - - 0 0 0 false'
	works kmqctl create byte-limit --kind ring --byte-limit 8K --max-message 100
	works kmqctl list --bytes --noheadings -o RING-MODE,BYTE-LIMIT,MAX-MESSAGE byte-limit
	prints_line 'spsc 8192 100'
	works kmqctl create default -k ring
	has default BYTE-LIMIT 65536
}

every_mode_of_a_ring_has_a_word() {
	for mode in spsc mpsc mpmc broadcast; do
		works kmqctl create $mode --kind ring --ring-mode $mode
		has $mode RING-MODE $mode
	done
	fails_as 2 kmqctl create r --kind ring --ring-mode many
	says "create: --ring-mode takes spsc, mpsc, mpmc or broadcast, not 'many'; see 'kmqctl create --help'"
	fails_as 2 kmqctl create r --kind pipe
	says "create: --kind takes message or ring, not 'pipe'; see 'kmqctl create --help'"
}

each_kind_refuses_the_options_of_the_other() {
	fails_as 2 kmqctl create q --size 64K
	says "create: --ring-mode and --size go with --kind ring; see 'kmqctl create --help'"
	fails_as 2 kmqctl create q --kind message --ring-mode spsc
	fails_as 2 kmqctl create q --kind ring --capacity 3
	says "create: a ring has no --capacity and no --inline; --size says how much it holds; see 'kmqctl create --help'"
	fails_as 2 kmqctl create q --kind ring --inline 64
	works kmqctl list --noheadings
	prints_nothing
}

a_ring_of_no_good_size_is_refused() {
	for settings in '--size 5000' '--size 12K' '--size 1K' '--size 8K --max-message 4081'; do
		fails_as 1 kmqctl create r --kind ring $settings
		says "cannot create queue 'r': a ring's size is a power of two from 4K to 256M, and its largest message at most half of that less 16 bytes"
	done
	works kmqctl create r --kind ring --size 8K --max-message 4080
	fails_as 2 kmqctl create q --kind ring --size 512M
	says "create: --size takes a size from 1 to 268435456 bytes, such as 256, 8K or 1M, not '512M'; see 'kmqctl create --help'"
	fails_as 1 kmqctl create q --kind ring --size 256M
	says "cannot create queue 'q': it would take its owner or the module over a limit, which 'kmqctl doctor' tells; a lower --byte-limit or --size asks for less"
}

a_ring_drops_nothing_by_policy() {
	fails_as 1 kmqctl create r --kind ring --policy drop-oldest
	says "cannot create queue 'r': a full ring can block or reject, and a broadcast ring is never full"
	fails_as 1 kmqctl create r --kind ring --ring-mode broadcast --policy reject
	says "cannot create queue 'r': a full ring can block or reject, and a broadcast ring is never full"
}

a_ring_is_an_object_in_json_like_any_queue() {
	works kmqctl create r --kind ring --ring-mode mpsc
	works kmqctl create q
	works kmqctl list --json -o NAME,CAPACITY,RING-MODE,ATTACHMENTS,DEATHS,BROKEN,ABANDONED
	prints <<-END
		{
		  "queues": [
		    {
		      "name": "r",
		      "capacity": null,
		      "ring_mode": "mpsc",
		      "attachments": 0,
		      "deaths": 0,
		      "broken": false,
		      "abandoned": 0
		    },
		    {
		      "name": "q",
		      "capacity": 64,
		      "ring_mode": null,
		      "attachments": null,
		      "deaths": null,
		      "broken": null,
		      "abandoned": 0
		    }
		  ]
		}
	END
}

the_shell_and_kmqctl_exchange_messages_by_a_ring() {
	for mode in spsc mpsc mpmc; do
		works kmqctl create $mode --kind ring --ring-mode $mode
		echo hi >/dev/kmq/$mode
		works kmqctl recv $mode --raw
		prints_line hi
		works kmqctl send $mode 'hi back'
		cat_reads $mode 'hi back'
	done
}

send_and_recv_divide_messages_of_a_ring() {
	works kmqctl create r --kind ring
	printf 'one\n\nthree' | works kmqctl send r --lines
	has r QUEUED 3
	works kmqctl recv r --count 2 --null
	[ "$(tr '\0' '|' <"$work/out")" = 'one||' ]
	works kmqctl recv r --follow --nonblock
	prints_line three
	fails_as 3 kmqctl recv r --nonblock
	says "no message from queue 'r': none is there (0 received before)"
	fails_as 3 kmqctl recv r --timeout 0.2
	says "no message from queue 'r': none came in time (0 received before)"
}

recv_waits_for_a_message_of_a_ring() {
	works kmqctl create r --kind ring
	(until_has r OPEN 1; sleep 0.3; kmqctl send r late) &
	works kmqctl recv r --timeout 30
	prints_line late
}

a_message_of_a_ring_has_type_1_and_a_number() {
	works kmqctl create r --kind ring
	works kmqctl send r one
	works kmqctl send r two
	works kmqctl recv r --meta --count 2
	shows 'sequence=1 type=1 priority=0 size=3 .* lost=0 redeliveries=0 call=false redelivered=false owner_died=false'
	shows 'sequence=2 type=1 .*'
}

a_ring_has_no_types_no_priorities_and_no_peek() {
	works kmqctl create r --kind ring
	works kmqctl send r x
	for options in '--type 2' '--priority 1'; do
		fails_as 1 kmqctl send r x $options
		says "cannot send to queue 'r': it is a ring, whose messages all have type 1 and priority 0"
	done
	fails_as 1 kmqctl recv r --type 2
	says "cannot receive from queue 'r' by type: it is a ring, which gives its messages in one order"
	fails_as 1 kmqctl peek r
	says "cannot peek into queue 'r': it is a ring, whose messages only a process that maps it can look at"
	fails_as 1 kmqctl purge r --type 2
	says "cannot purge queue 'r': it is a ring, whose messages all have one type"
	has r QUEUED 1
}

a_full_ring_is_told_with_status_3() {
	works kmqctl create r --kind ring --size 4K
	for size in 1000 1001 1002 1003; do head -c $size /dev/zero | works kmqctl send r --nonblock; done
	fails_as 3 kmqctl send r x --nonblock
	says "cannot send to queue 'r': it is full (0 sent before)"
	has r BYTES 4096
	has r USE '100%'
	fails_as 1 kmqctl send r --file /proc/self/exe
	says "cannot send to queue 'r': message 1 has $(stat -Lc %s "$(command -v kmqctl)") bytes and the queue takes 2032 at most"
}

a_full_ring_lets_send_wait() {
	works kmqctl create r --kind ring --size 4K
	head -c 2032 /dev/zero >"$work/body"
	works kmqctl send r --file "$work/body"
	works kmqctl send r --file "$work/body"
	kmqctl send r second &
	until_has r SENDERS 1
	works kmqctl recv r
	wait $!
	has r QUEUED 2
}

purge_empties_a_ring() {
	works kmqctl create r --kind ring
	seq 3 | works kmqctl send r --lines
	works kmqctl purge r
	prints_line 'purged 3 messages'
	has r PURGED 3
	has r QUEUED 0
	works kmqctl stats r --noheadings
	prints_line 'r 3 0 0 0 0 3 0 0 0'
}

show_tells_the_ledger_of_a_ring() {
	works kmqctl create r --kind ring --ring-mode mpsc
	seq 3 | works kmqctl send r --lines
	works kmqctl recv r
	works kmqctl show r
	shows 'kind             ring'
	shows 'ring_mode        mpsc'
	shows 'capacity         -'
	shows '3 sent = 1 received + 2 queued + 0 leased + 0 dropped + 0 purged + 0 abandoned'
}

every_follower_of_a_broadcast_ring_sees_all() {
	works kmqctl create r --kind ring --ring-mode broadcast
	works kmqctl send r early
	followers=
	for follower in one two; do
		kmqctl recv r --follow --count 100 >"$work/$follower" &
		followers="$followers $!"
	done
	cat /dev/kmq/r >"$work/cat" &
	cat=$!
	until_has r OPEN 3
	seq 100 | works kmqctl send r --lines
	has r SENT 101
	has r RECEIVED 0
	until_so has_bytes "$work/cat" 192
	kill $cat
	for process in $followers; do wait "$process"; done
	for follower in one two; do seq 100 | diff - "$work/$follower"; done
	seq 100 | tr -d '\n' | diff - "$work/cat"
}

a_broadcast_ring_never_makes_its_producer_wait() {
	works kmqctl create r --kind ring --ring-mode broadcast --size 4K
	for size in 1000 1001 1002 1003 1004 1005; do head -c $size /dev/zero | works kmqctl send r --nonblock; done
	has r SENT 6
	has r DROPPED 2
	has r QUEUED 4
	works kmqctl list --noheadings -o USE r
	prints_line '-'
	fails_as 1 kmqctl purge r
	says "cannot purge queue 'r': it is a broadcast ring, whose messages are every reader's"
	works kmqctl doctor
	shows 'ok       queues      No queue is nearly full\.'
}

doctor_counts_the_rings() {
	works kmqctl doctor
	shows 'ok       rings       0 rings, none broken\.'
	works kmqctl create r --kind ring
	works kmqctl doctor
	shows 'ok       rings       1 ring, none broken\.'
}

show_names_who_maps_a_ring() {
	works kmqctl create r --kind ring --ring-mode mpmc
	peer r produce
	works kmqctl show r
	shows 'attachments      1'
	shows "open in process $peer (ring_peer) as descriptor [0-9]*"
	works kmqctl doctor
	shows "note     unload      rmmod would be refused now: ring_peer ($peer) has r\."
	end_peer
	until_has r ATTACHMENTS 0
	has r DEATHS 0
}

who_maps_the_one_end_of_a_ring_keeps_it() {
	works kmqctl create r --kind ring
	peer r consume
	works kmqctl send r x
	fails_as 1 kmqctl recv r --nonblock
	says "cannot receive from queue 'r': the ring has one such party at a time, and a process that maps it is it; 'kmqctl show' tells who"
	end_peer
	until_has r ATTACHMENTS 0
	works kmqctl recv r
	prints_line x
}

a_producer_killed_before_its_commit_is_counted_and_told_once() {
	works kmqctl create r --kind ring --ring-mode mpsc
	peer r reserve
	works kmqctl send r behind
	has r QUEUED 2
	fails_as 3 kmqctl recv r --nonblock
	before=$(column r OPEN)
	kmqctl recv r --meta --count 2 >"$work/out" &
	receiver=$!
	until_has r OPEN $((before + 1))
	end_peer
	until_has r DEATHS 1
	kmqctl send r 'further behind'
	wait $receiver
	shows 'sequence=2 .* owner_died=true'
	shows behind
	shows 'sequence=3 .* owner_died=false'
	has r ABANDONED 1
	works kmqctl show r
	shows '3 sent = 2 received + 0 queued + 0 leased + 0 dropped + 0 purged + 1 abandoned'
}

a_message_whose_consumer_was_killed_is_received_again() {
	works kmqctl create r --kind ring --ring-mode mpmc
	seq 2 | works kmqctl send r --lines
	peer r peek
	end_peer
	until_has r DEATHS 1
	works kmqctl recv r --meta
	shows 'sequence=1 .* redelivered=true .*'
	works kmqctl recv r --meta
	shows 'sequence=2 .* redelivered=false .*'
}

doctor_tells_a_broken_ring() {
	works kmqctl create r --kind ring
	works kmqctl create other --kind ring
	peer r break
	wait $peer
	fails_as 1 kmqctl recv r --nonblock
	says "cannot receive from queue 'r': somebody wrote nonsense into the ring, which is broken for good; remove it"
	has r BROKEN true
	fails_as 1 kmqctl doctor
	shows "problem  rings       Ring 'r' is broken: somebody who maps it wrote nonsense into it\."
	works kmqctl send other x
	works kmqctl recv other
	has other BROKEN false
	works kmqctl remove r
	works kmqctl doctor
}

without_the_module_every_command_says_so() {
	[ -r /etc/kmq/module.ko ] || skip 'the runner keeps the module elsewhere'
	rmmod kmq
	for command in list 'create q' 'remove q' 'show q' 'set q -c 1' 'send q x' 'recv q' 'peek q' 'purge q' \
		'holders q' monitor 'top --batch' stats; do
		fails_as 1 kmqctl $command
		says "cannot open /dev/kmq/control: the module is not loaded; try 'kmqctl doctor'"
	done
	fails_as 1 kmqctl remove q --missing-ok
	fails_as 1 kmqctl doctor
	shows 'problem  loaded      The module is not loaded\.'
	insmod /etc/kmq/module.ko
	works kmqctl list
}

# ------------------------------------------------------------------------

run_claims "$@"
