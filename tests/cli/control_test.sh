#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kmqctl and the module's netlink family: what list tells beyond the usual, set, watches, holders, monitor, top in batch,
# histograms; and what is left without netlink. In the guest, with the module loaded:
#
#	tools/vm/run --add tests/cli/claims.sh --add tests/cli/control_test.sh --add .build/tests/cli/ring_peer \
#		--add .build/tests/cli/no_netlink -- sh control_test.sh [CLAIM]...
# shellcheck source-path=SCRIPTDIR source=claims.sh
. "$(dirname "$0")/claims.sh"

# settings QUEUE: those that set changes.
settings() {
	kmqctl list --noheadings --bytes --raw \
		-o CAPACITY,BYTE-LIMIT,POLICY,MODE,UID,GID,HIGH-WATERMARK,LOW-WATERMARK,LEASE-LIMIT,HISTOGRAM "$1"
}

# settings_are QUEUE LINE
settings_are() {
	[ "$(settings "$1")" = "$2" ] || { echo "settings are $(settings "$1"), not $2"; return 1; }
}

# told: the events without their times and processes, which may be gone before their names are looked for.
told() {
	sed 's/^[0-9:.]* //; s/pid [0-9]*/pid P/; s/pid P (kmqctl)/pid P/' "$work/events"
}

# counts EVENT: the sum of what these events count.
counts() {
	sed -n 's/.*"event":"'"$1"'".*"count":\([0-9]*\).*/\1/p' "$work/events" | awk '{ sum += $1 } END { print sum + 0 }'
}

# steady: what changes from run to run is a letter.
steady() {
	sed -i 's/^\(id  *\)[0-9].*/\1N/; s/^\(age  *\).*/\1A/; s/^\(creator_pid  *\).*/\1P/; s/^\(last_change  *\).*/\1T/
		s/\("id": \)[0-9]*/\1N/; s/\("age": \)[0-9.]*/\1A/; s/\("creator_pid": \)[0-9]*/\1P/; s/\("last_change": \)[0-9]*/\1T/' \
		"$work/out"
}

# ------------------------------------------------------------------------
# Claims

list_time_shows_who_sent_and_received_last() {
	before=$(date +%s)
	works kmqctl create q
	works kmqctl list --time
	sed -i 's/[0-9][0-9]:[0-9][0-9]:[0-9][0-9]/HH:MM:SS/; s/^q *[0-9]*/q ID/' "$work/out"
	shows 'NAME *ID LAST-SEND LAST-SEND-PID LAST-RECEIVE LAST-RECEIVE-PID LAST-CHANGE'
	shows 'q ID *- *- *- *- *HH:MM:SS'
	sh -c "echo \$\$ >$work/sender; exec kmqctl send q x"
	sh -c "echo \$\$ >$work/receiver; exec kmqctl recv q" >/dev/null
	works kmqctl list --raw --noheadings -o LAST-SEND-PID,LAST-RECEIVE-PID
	prints_line "$(cat "$work/sender") $(cat "$work/receiver")"
	kmqctl list --json -o LAST-SEND,LAST-RECEIVE,LAST-CHANGE | sed -n 's/.*: \([0-9]*\),*$/\1/p' >"$work/times"
	[ "$(wc -l <"$work/times")" = 3 ]
	while read -r time; do
		[ "$time" -ge $((before - 5)) ] && [ "$time" -le "$(date +%s)" ]
	done <"$work/times"
}

list_creator_shows_who_created_and_who_owns() {
	chmod 666 /dev/kmq/control
	as_user "echo \$\$ >/tmp/creator; exec kmqctl create q --mode 640"
	chmod 600 /dev/kmq/control
	works kmqctl set q --owner root:user
	works kmqctl list --creator --raw
	id=$(column q ID)
	prints <<-END
		NAME ID MODE CREATOR CREATOR-UID CREATOR-PID OWNER UID GROUP GID
		q $id 0640 user 1000 $(cat /tmp/creator) root 0 user 1000
	END
}

list_limits_shows_the_modules_and_ones_own() {
	works kmqctl create q --capacity 4 --byte-limit 1M
	works kmqctl list --limits
	prints <<-END
		RESOURCE            DESCRIPTION                                LIMIT USED USE
		max_queues          queues, of all users                        4096    1  0%
		max_queues_per_user queues of a user; yours                     1024    1  0%
		max_bytes_per_user  memory of a user's queues; yours, at least   64M   1M  1%
		capacity            messages in a queue                        65536    -   -
		max_message         size of a message                            16M    -   -
		byte_limit          bytes of all messages in a queue              4G    -   -
		ring_size           size of a ring                              256M    -   -
	END
}

list_limits_json_has_numbers() {
	works kmqctl list -l --json
	sed -n '3,16p' "$work/out" >"$work/limits"
	diff - "$work/limits" <<-END
		    {
		      "resource": "max_queues",
		      "description": "queues, of all users",
		      "limit": 4096,
		      "used": 0,
		      "use": 0
		    },
		    {
		      "resource": "max_queues_per_user",
		      "description": "queues of a user; yours",
		      "limit": 1024,
		      "used": 0,
		      "use": 0
		    },
	END
	grep -q '"limit": 67108864,' "$work/out"
	grep -q '"used": null,' "$work/out"
}

time_creator_and_limits_exclude_each_other() {
	fails_as 2 kmqctl list --time --limits
	says "list: --time, --creator and --limits exclude each other; see 'kmqctl list --help'"
	fails_as 2 kmqctl list --limits 'q*'
	fails_as 2 kmqctl list --limits -o NAME
}

a_pattern_may_be_more_than_the_kernel_knows() {
	for name in jobs-1 jobs-2 jobs-x; do works kmqctl create $name; done
	works kmqctl list --noheadings -o NAME 'jobs-[0-9]'
	printf 'jobs-1\njobs-2\n' | prints
	works kmqctl list --noheadings -o NAME "$(printf 'jobs-%070d' 0 | tr 0 '*')x"
	prints_line jobs-x
}

raw_has_one_blank_between_columns() {
	works kmqctl create a-long-name
	works kmqctl create q
	works kmqctl send q 'two words'
	works kmqctl list --raw -o NAME,CAPACITY
	printf 'NAME CAPACITY\na-long-name 64\nq 64\n' | prints
	works kmqctl peek q --raw --noheadings -o SIZE,BODY
	prints_line '9B two\x20words'
}

a_user_sees_what_he_may_read_and_what_is_his() {
	works kmqctl create secret
	works kmqctl create open --mode 644
	works kmqctl create group --mode 640 --owner root:user
	works kmqctl create his --owner user
	works as_user 'kmqctl list --noheadings -o NAME'
	printf 'open\ngroup\nhis\n' | prints
	fails_as 1 as_user 'kmqctl show secret'
	works as_user 'kmqctl stats open --json'
}

a_user_who_may_only_send_sees_the_queue_that_he_names() {
	works kmqctl create q --mode 602
	works as_user 'kmqctl list --noheadings'
	prints_nothing
	works as_user 'kmqctl show q'
	shows 'name             q'
	fails_as 1 as_user 'kmqctl holders nope'
}

set_changes_all_it_can() {
	works kmqctl create q
	settings_are q '64 524288 block 0600 0 0 - - - false'
	works kmqctl set q --capacity 128 --byte-limit 1M --policy drop-oldest --mode 640 --owner user:user \
		--high-watermark 100 --low-watermark 10 --lease-limit 1.5s --histogram on
	prints_nothing
	settings_are q '128 1048576 drop-oldest 0640 1000 1000 100 10 1.5s true'
	[ "$(stat -c '%a %u %g' /dev/kmq/q)" = '640 1000 1000' ]
	works kmqctl set q --high-watermark off --lease-limit off --histogram off
	settings_are q '128 1048576 drop-oldest 0640 1000 1000 - - - false'
	works kmqctl set q --owner root
	settings_are q '128 1048576 drop-oldest 0640 0 1000 - - - false'
	works kmqctl set q --owner :0
	settings_are q '128 1048576 drop-oldest 0640 0 0 - - - false'
}

set_changes_all_or_nothing() {
	works kmqctl create q
	before=$(settings q)
	fails_as 1 kmqctl set q --capacity 128 --high-watermark 5 --low-watermark 6
	says 'set q: the low watermark must be below the high one'
	settings_are q "$before"
}

a_percentage_is_of_the_capacity() {
	works kmqctl create q --capacity 50
	works kmqctl set q --high-watermark 80% --low-watermark 10%
	[ "$(column q HIGH-WATERMARK,LOW-WATERMARK | tr -s ' ')" = '40 5' ]
	works kmqctl set q --capacity 1000 --high-watermark 80%
	[ "$(column q HIGH-WATERMARK,LOW-WATERMARK | tr -s ' ')" = '800 400' ]
	works kmqctl set q --capacity 1 --high-watermark 50%
	[ "$(column q HIGH-WATERMARK,LOW-WATERMARK | tr -s ' ')" = '1 -' ]
}

a_ring_is_not_watched() {
	works kmqctl create r --kind ring
	fails_as 1 kmqctl set r --high-watermark 50%
	says 'set r: who maps a ring fills it unseen: it has no watermarks'
	fails_as 1 kmqctl create p --kind ring --high-watermark 50%
	says 'create p: who maps a ring fills it unseen: it has no watermarks'
	[ ! -e /dev/kmq/p ]
}

what_the_kernel_refuses_it_says_in_its_sentence() {
	works kmqctl create r --kind ring --mode 644
	fails_as 1 kmqctl set r --capacity 5
	says 'set r: a ring keeps its size'
	fails_as 1 kmqctl set nope --capacity 5
	says 'set nope: no such queue'
	fails_as 1 as_user 'kmqctl set r --mode 666'
	says 'set r: you neither own this queue nor have CAP_SYS_ADMIN'
	fails_as 1 as_user 'kmqctl rm r'
	says 'remove r: you neither own this queue nor have CAP_SYS_ADMIN'
}

set_refuses_what_is_not_of_its_form() {
	works kmqctl create q
	fails_as 2 kmqctl set q
	says "set: nothing is said that it is to set; see 'kmqctl set --help'"
	fails_as 2 kmqctl set --capacity 5
	says "set: it takes one NAME or one --id; see 'kmqctl set --help'"
	fails_as 2 kmqctl set q --high-watermark 101%
	says "set: --high-watermark takes a number of messages, a percentage such as 80%, or off, not '101%'; see 'kmqctl set --help'"
	fails_as 2 kmqctl set q --lease-limit 2d
	says "set: --lease-limit takes a time from 1ms to 1d, such as 30s, or off, not '2d'; see 'kmqctl set --help'"
	fails_as 2 kmqctl set q --histogram yes
	says "set: --histogram takes on or off, not 'yes'; see 'kmqctl set --help'"
	fails_as 2 kmqctl set q --capacity 0
	fails_as 2 kmqctl set q --mode 888
	fails_as 1 kmqctl set q/p --capacity 3
}

an_owner_without_control_sets_and_removes_what_is_his() {
	works kmqctl create q --owner user
	works as_user 'kmqctl set q --capacity 7'
	has q CAPACITY 7
	works as_user 'kmqctl rm q'
	[ ! -e /dev/kmq/q ]
}

a_queue_without_a_name_is_named_by_its_number() {
	works kmqctl create q
	id=$(column q ID)
	works kmqctl set --id "$id" --capacity 9
	has q CAPACITY 9
	works kmqctl holders --id "$id"
	works kmqctl remove --id "$id"
	[ ! -e /dev/kmq/q ]
	fails_as 1 kmqctl remove --id "$id"
	says "remove #$id: no such queue"
	works kmqctl remove --id "$id" --missing-ok
	fails_as 2 kmqctl remove q --id "$id"
}

create_takes_watches() {
	works kmqctl create q --high-watermark 75% --lease-limit 1m --histogram on
	settings_are q '64 524288 block 0600 0 0 48 24 1m00s true'
}

create_with_a_watch_that_is_refused_creates_nothing() {
	fails_as 1 kmqctl create q --high-watermark 3 --low-watermark 4
	says 'create q: the low watermark must be below the high one'
	[ ! -e /dev/kmq/q ]
	fails_as 1 kmqctl create q --ephemeral --high-watermark 3 --low-watermark 4 -- touch "$work/ran"
	[ ! -e "$work/ran" ]
	[ ! -e /dev/kmq/q ]
}

an_existing_queue_that_will_do_stays_as_it_is() {
	works kmqctl create q --high-watermark 10
	works kmqctl create q --exist-ok --high-watermark 20
	has q HIGH-WATERMARK 10
	works kmqctl create p --exist-ok --high-watermark 20
	has p HIGH-WATERMARK 20
}

an_ephemeral_queue_is_watched_before_its_command_runs() {
	works kmqctl create q --ephemeral --high-watermark 10 -- kmqctl list --noheadings -o NAME,HIGH-WATERMARK
	prints_line 'q 10'
}

show_prints_a_line_per_column() {
	works kmqctl create q --capacity 10 --mode 640 --high-watermark 8 --lease-limit 30s
	works kmqctl show q
	steady
	prints <<-END
		name             q
		id               N
		kind             message
		ring_mode        -
		policy           block
		lifetime         persistent
		capacity         10
		inline           256B
		max_message      8K
		byte_limit       80K
		mode             0640
		owner            root
		group            root
		uid              0
		gid              0
		queued           0
		leased           0
		bytes            0B
		use              0%
		peak             0
		sent             0
		received         0
		dropped          0
		purged           0
		abandoned        0
		returned         0
		rejected         0
		calls            0
		replies          0
		senders          0
		receivers        0
		callers          0
		open             0
		attachments      -
		deaths           -
		broken           -
		age              A
		creator          root
		creator_uid      0
		creator_pid      P
		last_send        -
		last_send_pid    -
		last_receive     -
		last_receive_pid -
		last_change      T
		high_watermark   8
		low_watermark    4
		lease_limit      30s
		histogram        false
		space            -
		key              -
		creator_group    -
		creator_gid      -
		notify           -
		notify_pid       -

		0 sent = 0 received + 0 queued + 0 leased + 0 dropped + 0 purged

		open in no process that can be seen
	END
}

show_json_has_every_column_in_numbers_and_words() {
	works kmqctl create r --kind ring --ring-mode mpsc --size 8K
	works kmqctl show r --json
	steady
	prints <<-END
		{
		  "queue": {
		    "name": "r",
		    "id": N,
		    "kind": "ring",
		    "ring_mode": "mpsc",
		    "policy": "block",
		    "lifetime": "persistent",
		    "capacity": null,
		    "inline": null,
		    "max_message": 4080,
		    "byte_limit": 8192,
		    "mode": "0600",
		    "owner": "root",
		    "group": "root",
		    "uid": 0,
		    "gid": 0,
		    "queued": 0,
		    "leased": 0,
		    "bytes": 0,
		    "use": 0,
		    "peak": null,
		    "sent": 0,
		    "received": 0,
		    "dropped": 0,
		    "purged": 0,
		    "abandoned": 0,
		    "returned": 0,
		    "rejected": 0,
		    "calls": 0,
		    "replies": 0,
		    "senders": 0,
		    "receivers": 0,
		    "callers": 0,
		    "open": 0,
		    "attachments": 0,
		    "deaths": 0,
		    "broken": false,
		    "age": A,
		    "creator": "root",
		    "creator_uid": 0,
		    "creator_pid": P,
		    "last_send": null,
		    "last_send_pid": null,
		    "last_receive": null,
		    "last_receive_pid": null,
		    "last_change": T,
		    "high_watermark": null,
		    "low_watermark": null,
		    "lease_limit": null,
		    "histogram": null,
		    "space": null,
		    "key": null,
		    "creator_group": null,
		    "creator_gid": null,
		    "notify": null,
		    "notify_pid": null
		  },
		  "holders": [
		  ],
		  "holders_complete": true
		}
	END
}

holders_shows_opener_heir_and_number() {
	works kmqctl create q
	# The shell opens, its child inherits, the shell closes.
	sh -c 'exec 3<>/dev/kmq/q; sleep 1000 & echo $! >'"$work/heir"'; exec 3>&-; exec sleep 1000' &
	opener=$!
	until_so runs $opener sleep
	until_so runs "$(cat "$work/heir")" sleep
	works kmqctl holders q --raw -o QUEUE,ROLE,PID,COMMAND,FD,ACCESS,LEASES,WAITS-FOR
	kill "$(cat "$work/heir")" $opener
	prints <<-END
		QUEUE ROLE PID COMMAND FD ACCESS LEASES WAITS-FOR
		q descriptor $opener sleep - rw 0 -
		q inherited $(cat "$work/heir") sleep 3 - - -
	END
}

holders_tells_leases_and_nonblock() {
	works kmqctl create q --max-message 1M --byte-limit 1M
	head -c 500000 /dev/zero | works kmqctl send q
	mkfifo "$work/pipe"
	kmqctl recv q >"$work/pipe" &
	receiver=$!
	exec 3<"$work/pipe"
	until_has q LEASED 1
	works kmqctl holders q --raw --noheadings -o ROLE,PID,COMMAND,ACCESS,LEASES
	kill -KILL $receiver
	exec 3<&-
	prints_line "descriptor $receiver kmqctl r 1"
}

holders_tells_who_sleeps_and_for_what() {
	works kmqctl create full --capacity 1
	works kmqctl create empty
	works kmqctl send full x
	kmqctl send full y &
	sender=$!
	cat /dev/kmq/empty >/dev/null &
	receiver=$!
	until_has full SENDERS 1
	until_has empty RECEIVERS 1
	works kmqctl holders full empty --raw --noheadings -o QUEUE,ROLE,PID,TID,COMMAND,WAITS-FOR
	grep sleeper "$work/out" >"$work/sleepers"
	kmqctl show full >"$work/shown"
	kmqctl holders full --json -o ROLE,WAITS-FOR,SINCE >"$work/json"
	kill $sender $receiver
	diff - "$work/sleepers" <<-END
		full sleeper $sender $sender kmqctl room
		empty sleeper $receiver $receiver cat message
	END
	grep -q "^process $sender (kmqctl) has waited for room for [0-9.]*s\$" "$work/shown"
	grep -q '"waits_for": "room"' "$work/json"
	grep -q '"since": [0-9]*\.[0-9]*' "$work/json"
	grep -q '"complete": true' "$work/json"
}

holders_tells_who_maps_a_ring() {
	works kmqctl create r --kind ring --ring-mode mpmc
	peer r produce
	works kmqctl holders r --raw --noheadings -o ROLE,PID,COMMAND
	end_peer
	shows "mapping $peer ring_peer"
}

holders_json_names_what_a_holder_has() {
	works kmqctl create q
	sleep 1000 3<>/dev/kmq/q &
	holder=$!
	until_has q OPEN 1
	until_so runs $holder sleep
	works kmqctl holders q --json
	id=$(column q ID)
	kill $holder
	prints <<-END
		{
		  "holders": [
		    {
		      "queue": "q",
		      "id": $id,
		      "role": "descriptor",
		      "pid": $holder,
		      "tid": null,
		      "command": "sleep",
		      "fd": 3,
		      "access": "rw",
		      "leases": 0,
		      "attachment": null,
		      "waits_for": null,
		      "since": null
		    }
		  ],
		  "complete": true
		}
	END
}

holders_json_is_an_array_and_whether_it_is_complete() {
	works kmqctl create q
	works kmqctl holders q --json
	prints <<-END
		{
		  "holders": [
		  ],
		  "complete": true
		}
	END
	works as_user 'true'
	works kmqctl set q --mode 644
	works as_user 'kmqctl holders q --json'
	grep -q '"complete": false' "$work/out"
}

holders_refuses_what_there_is_not() {
	fails_as 1 kmqctl holders nope
	says 'holders nope: no such queue'
	fails_as 2 kmqctl holders
	says "holders: it takes NAMEs or one --id; see 'kmqctl holders --help'"
}

monitor_tells_what_happens_in_words() {
	watch
	works kmqctl create q --capacity 2
	works kmqctl set q --high-watermark 2 --low-watermark 1
	works kmqctl send q one
	works kmqctl send q two
	fails_as 3 kmqctl send q three --nonblock
	works kmqctl recv q --count 2
	works kmqctl remove q
	until_told 7
	stops_well
	told >"$work/told"
	diff - "$work/told" <<-END
		q was created by pid P
		q was set by pid P
		q is at its high watermark: 2 messages
		q is full: 2 messages; pid P found no room
		q is down to its low watermark: 1 message
		q is empty again
		q was removed by pid P
	END
	grep -qv '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]\{6\} ' "$work/events" && return 1
	true
}

monitor_tells_drops_and_overdue_leases() {
	works kmqctl create d --capacity 1 --policy drop-oldest
	works kmqctl create l --lease-limit 200ms --max-message 1M --byte-limit 1M
	head -c 500000 /dev/zero | works kmqctl send l
	watch --events dropped,lease-overdue
	works kmqctl send d one
	works kmqctl send d two
	until_told 1
	mkfifo "$work/pipe"
	kmqctl recv l >"$work/pipe" &
	receiver=$!
	exec 3<"$work/pipe"
	until_told 2
	kill -KILL $receiver
	exec 3<&-
	stops_well
	told >"$work/told"
	diff - "$work/told" <<-END
		d dropped 1 message
		l has message 1 on a lease for too long; pid P opened the descriptor
	END
}

monitor_tells_a_party_that_died_and_a_broken_ring() {
	works kmqctl create r --kind ring --ring-mode mpsc
	works kmqctl create b --kind ring
	watch --events peer-died,broken
	peer r reserve
	end_peer
	until_told 1
	peer b break
	wait $peer
	fails_as 1 kmqctl recv b --nonblock
	until_told 2
	stops_well
	told >"$work/told"
	grep -q '^r lost a party: pid P.* died holding something of the ring$' "$work/told"
	grep -qx 'b is broken: somebody who maps it wrote nonsense into it' "$work/told"
}

monitor_tells_who_came_over_a_limit() {
	watch --events quota
	fails_as 1 kmqctl create q --byte-limit 1G
	until_told 1
	stops_well
	[ "$(told)" = 'user root would come over a limit: pid P was refused q' ]
}

monitor_json_is_a_line_per_event() {
	watch --json
	works kmqctl create q
	id=$(column q ID)
	until_told 1
	stops_well
	sed 's/"time":[0-9.]*/"time":T/; s/"pid":[0-9]*/"pid":P/g; s/"sequence":[0-9]*/"sequence":S/; s/pid [0-9]*/pid P/
		s/"command":"kmqctl"/"command":null/; s/ (kmqctl)"/"/' \
		"$work/events" >"$work/told"
	diff - "$work/told" <<-END
		{"time":T,"event":"created","queue":"q","id":$id,"kind":"message","owner":"root","uid":0,"pid":P,"command":null,"count":null,"sequence":S,"text":"q was created by pid P"}
	END
}

monitor_shows_the_columns_asked_for() {
	watch -o event,queue 'q*'
	for name in p q qq; do works kmqctl create $name; done
	until_told 2
	stops_well
	diff - "$work/events" <<-END
		created q
		created qq
	END
}

monitor_stops_after_a_count() {
	watch --count 2
	for name in a b c; do works kmqctl create $name; done
	wait "$monitor"
	[ "$(wc -l <"$work/events")" = 2 ]
}

# Not in the background, where a shell has its commands ignore SIGINT.
monitor_ends_well_by_a_signal() {
	for signal in INT TERM HUP; do
		# Before there is who looks: what the last monitor wrote would be taken for this one's.
		: >"$work/out"
		(
			tries=0
			until [ -s "$work/out" ] || [ $tries = 100 ]; do
				tries=$((tries + 1))
				kmqctl create probe && kmqctl remove probe
				sleep 0.1
			done
			kill -s $signal "$(cat "$work/pid")"
		) &
		works sh -c "echo \$\$ >$work/pid; exec kmqctl monitor"
		wait $! || true
	done
}

monitor_ends_well_when_its_reader_goes() {
	mkfifo "$work/pipe"
	kmqctl monitor >"$work/pipe" 2>"$work/complaint" &
	monitor=$!
	exec 3<"$work/pipe"
	sleep 1
	exec 3<&-
	wait $monitor
	[ ! -s "$work/complaint" ]
}

monitor_tells_how_many_events_were_lost() {
	for name in a b; do
		works kmqctl create $name --capacity 1 --policy drop-oldest
		works kmqctl send $name first
	done
	mkfifo "$work/pipe"
	kmqctl monitor --events dropped --json >"$work/pipe" 2>"$work/monitor" &
	monitor=$!
	exec 3<"$work/pipe"
	until_so catches $monitor
	# Nobody reads: the pipe fills, then the socket. By turns, for two drops of one queue may be one event.
	drops=0
	while [ $drops -lt 4000 ]; do
		echo x >/dev/kmq/a
		echo x >/dev/kmq/b
		drops=$((drops + 2))
	done
	cat <&3 >"$work/events" &
	reader=$!
	# What is lost is told with an event that is not.
	until [ $(($(counts dropped) + $(counts lost))) = $drops ] || [ $drops = 4100 ]; do
		echo x >/dev/kmq/a
		drops=$((drops + 1))
		sleep 0.1
	done
	kill $monitor
	wait $monitor
	exec 3<&-
	wait $reader
	[ ! -s "$work/monitor" ]
	echo "told $(counts dropped), lost $(counts lost)"
	[ "$(counts lost)" -gt 0 ]
	[ $(($(counts dropped) + $(counts lost))) = $drops ]
}

a_user_is_told_of_what_he_may_see() {
	works kmqctl create open --mode 644
	works kmqctl create secret
	su user -s /bin/sh -c "PATH=$PATH; exec kmqctl monitor -o event,queue" >"$work/events" 2>"$work/monitor" &
	monitor=$!
	until_so catches $monitor
	works kmqctl remove secret
	works kmqctl set open --capacity 9
	works kmqctl remove open
	until_told 2
	stops_well
	diff - "$work/events" <<-END
		changed open
		removed open
	END
}

monitor_refuses_an_event_that_there_is_not() {
	fails_as 2 kmqctl monitor --events full,ful
	says "monitor: there is no event 'ful'; see 'kmqctl monitor --help'"
	fails_as 2 kmqctl monitor --events lost
	says "monitor: 'lost' comes whatever is chosen; choose what else; see 'kmqctl monitor --help'"
	fails_as 2 kmqctl monitor a b
}

monitor_is_told_when_the_module_goes() {
	[ -r /etc/kmq/module.ko ] || skip 'the runner keeps the module elsewhere'
	watch
	rmmod kmq
	insmod /etc/kmq/module.ko
	tries=0
	while kill -0 $monitor 2>/dev/null && [ $tries -lt 50 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	fails_as 1 wait $monitor
	grep -qx 'kmqctl: monitor: the module was unloaded' "$work/monitor"
}

stats_draws_the_times_of_messages() {
	works kmqctl create q --histogram on --capacity 1
	works kmqctl send q x
	(until_has q SENDERS 1; kmqctl recv q >/dev/null) &
	works kmqctl send q waits
	works kmqctl recv q
	works env COLUMNS=60 kmqctl stats q
	shows 'NAME SENT RECEIVED QUEUED LEASED DROPPED PURGED ABANDONED RETURNED REJECTED'
	shows 'time queued: 2 messages'
	shows '  50% < .*, 90% < .*, 99% < .*, 99\.9% < .*, all < .*'
	shows 'time blocked: 1 sleep'
	shows ' *[0-9.]*[mu]*s - [0-9.]*[mu]*s *1 #*'
	[ "$(sed -n 's/^ .* - .*/&/p' "$work/out" | awk '{ if (length($0) > most) most = length($0) } END { print most }')" -le 60 ]
}

stats_json_has_buckets_and_percentiles() {
	works kmqctl create q
	works kmqctl stats q --json
	grep -q '"time_queued": null' "$work/out"
	works kmqctl set q --histogram on
	works kmqctl send q x
	works kmqctl recv q
	works kmqctl stats q --json
	grep -q '"time_queued": {' "$work/out"
	sed -n '/"time_queued"/,/}/s/.*"count": \([0-9]*\).*/\1/p' "$work/out" | head -n 1 | grep -qx 1
	for key in p50 p90 p99 p99_9 max; do grep -q "\"$key\": [0-9.]*" "$work/out"; done
	grep -q '"below": [0-9.]*' "$work/out"
}

top_in_batch_is_a_table_with_rates() {
	works kmqctl create q
	works kmqctl create full --capacity 1
	works kmqctl send full x
	: >"$work/top"
	kmqctl top --batch --delay 1 -o NAME,USE,QUEUED,IN,OUT,ASLEEP >"$work/top" &
	until_so grep -q '^q' "$work/top"
	seq 20 | works kmqctl send q --lines
	until_so grep -q '^q *31% *20 *[0-9.]*[1-9][0-9.]* *0 *-$' "$work/top"
	kill $!
	head -n 3 "$work/top" >"$work/out"
	prints <<-END
		NAME  USE QUEUED IN OUT ASLEEP
		full 100%      1  0   0      -
		q      0%      0  0   0      -
	END
}

top_in_batch_repeats_and_sorts() {
	for name in b a c; do works kmqctl create $name; done
	works kmqctl top --batch -n 2 -d 0.2 --sort name --noheadings -o NAME
	printf 'a\nb\nc\na\nb\nc\n' | prints
	works kmqctl top -n 1 -d 0.2 --sort name --reverse --raw --noheadings -o NAME '[ab]'
	printf 'b\na\n' | prints
	fails_as 2 kmqctl top --sort nope
	says "top: there is no column 'nope'; see 'kmqctl top --help'"
	fails_as 2 kmqctl top --delay 0
}

top_json_is_an_object_per_look() {
	works kmqctl create q
	works kmqctl top -n 2 -d 0.2 --json -o NAME,IN,ASLEEP
	prints <<-END
		{"queues":[{"name":"q","in":0.0,"asleep":0}]}
		{"queues":[{"name":"q","in":0.0,"asleep":0}]}
	END
}

without_netlink_the_device_is_asked() {
	command -v no_netlink >/dev/null || skip 'there is no no_netlink to forbid it'
	works kmqctl create jobs --capacity 10
	works kmqctl create log
	works no_netlink kmqctl list 'j*'
	prints <<-END
		NAME QUEUED CAPACITY BYTES POLICY MODE OWNER OPEN
		jobs      0       10    0B block  0600 root     0
	END
	works no_netlink kmqctl list --noheadings --raw -o NAME,CREATOR,LAST-CHANGE,HISTOGRAM jobs
	prints_line 'jobs - - -'
	works no_netlink kmqctl show jobs
	sleep 1000 3<>/dev/kmq/jobs &
	holder=$!
	until_has jobs OPEN 1
	works no_netlink kmqctl holders jobs --raw --noheadings -o ROLE,PID,FD
	prints_line "descriptor $holder 3"
	kill $holder
	works no_netlink kmqctl stats jobs
	works no_netlink kmqctl top -n 1 -d 0.1
	fails_as 1 no_netlink kmqctl show nope
	says "cannot find queue 'nope': there is no such queue; 'kmqctl list' shows those there are"
	works no_netlink kmqctl remove jobs
	fails_as 1 no_netlink kmqctl remove jobs
	says "cannot remove queue 'jobs': there is no such queue; 'kmqctl list' shows those there are"
}

without_netlink_the_rest_says_so() {
	command -v no_netlink >/dev/null || skip 'there is no no_netlink to forbid it'
	works kmqctl create q
	for command in 'set q --capacity 3' 'remove --id 7' monitor; do
		fails_as 1 no_netlink kmqctl $command
		grep -q "it takes the module's netlink family, which cannot be reached (Address family not supported by protocol); try 'kmqctl doctor'" "$work/err"
	done
	fails_as 1 no_netlink kmqctl create p --histogram on
	[ ! -e /dev/kmq/p ]
	fails_as 1 no_netlink kmqctl doctor
	shows 'problem  netlink     Netlink cannot be used here: Address family not supported by protocol\.'
}

abbreviations_and_other_names_work() {
	works kmqctl add q
	works kmqctl ls --noheadings -o NAME
	prints_line q
	works kmqctl hold q
	works kmqctl send q x
	works kmqctl receive q
	prints_line x
	works kmqctl del q
	works kmqctl new q
	works kmqctl rm q
	fails_as 2 kmqctl se q
	says "there is no command 'se': it may be set or send; see 'kmqctl --help'"
}

help_tells_of_a_command() {
	works kmqctl help
	shows 'Usage: kmqctl \[COMMAND.*'
	works kmqctl help ls
	shows 'Usage: kmqctl list \[OPTION\]\.\.\. \[PATTERN\]'
	fails_as 2 kmqctl help bogus
	says "there is no command 'bogus'; see 'kmqctl --help'"
	fails_as 2 kmqctl help a b
}

doctor_knows_the_group() {
	cp /etc/group "$work/group"
	echo 'kmq:x:999:' >>/etc/group
	works kmqctl doctor
	cp "$work/out" "$work/before"
	chgrp kmq /dev/kmq/control
	chmod 660 /dev/kmq/control
	works kmqctl doctor
	chgrp 0 /dev/kmq/control
	chmod 600 /dev/kmq/control
	cp "$work/group" /etc/group
	shows 'ok       group       Members of the group kmq may create queues\.'
	cp "$work/before" "$work/out"
	shows 'note     group       The group kmq exists, but /dev/kmq/control is not its\.'
}

# ------------------------------------------------------------------------

run_claims "$@"
