#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kmqctl and queues of the hub, which System V and POSIX programs make. In the guest, with the module loaded:
#
#	tools/vm/run --add tests/cli/claims.sh --add tests/cli/hub_test.sh --add .build/tests/cli/hub_queue \
#		--add .build/tests/cli/no_netlink -- sh hub_test.sh [CLAIM]...
# shellcheck source-path=SCRIPTDIR source=claims.sh
. "$(dirname "$0")/claims.sh"

# made SPACE KEY MODE [TEXT]...: its id in $id.
made() {
	id=$(hub_queue "$@")
}

# ------------------------------------------------------------------------
# Claims

list_space_sysv_is_much_as_ipcs() {
	works kmqctl create named
	works hub_queue 2 jobs 0600
	made 1 42 0640 one three
	works kmqctl list --space sysv
	sed -i "s/  */ /g; s/ $id / ID /; s/ [0-9]* -\$/ PID -/" "$work/out"
	prints <<-END
		KEY ID OWNER MODE BYTES QUEUED LAST-SEND-PID LAST-RECEIVE-PID
		0x0000002a ID root 0640 8B 2 PID -
	END
}

list_space_posix_has_names_and_who_is_notified() {
	made 2 jobs 0622
	works kmqctl list --space posix --raw -o +SPACE
	prints <<-END
		KEY ID OWNER MODE QUEUED CAPACITY MAX-MESSAGE NOTIFY NOTIFY-PID SPACE
		/jobs $id root 0622 0 64 8K - - posix
	END
	hub_queue notify 2 jobs 0 10 >"$work/notify" &
	pid=$!
	tries=0
	until grep -q waits "$work/notify"; do
		tries=$((tries + 1))
		[ $tries -lt 100 ]
		sleep 0.1
	done
	works kmqctl list --space posix --raw --noheadings -o NOTIFY,NOTIFY-PID
	prints_line "SIGUSR1 $pid"
	kill $pid
	wait $pid || true
	works kmqctl list --space posix --raw --noheadings -o NOTIFY,NOTIFY-PID
	prints_line '- -'
}

list_space_takes_a_pattern_of_keys() {
	works hub_queue 2 jobs-1 0600
	works hub_queue 2 jobs-2 0600
	works hub_queue 2 other 0600
	works hub_queue 2 - 0600
	works kmqctl list --space posix --noheadings -o KEY '/jobs-*'
	printf '/jobs-1\n/jobs-2\n' | prints
	works kmqctl list --space posix --noheadings -o KEY
	printf '/jobs-1\n/jobs-2\n/other\n-\n' | prints
	works hub_queue 1 0x51010001 0600
	works kmqctl list --space sysv --noheadings -o KEY '0x5101*'
	prints_line 0x51010001
}

list_space_takes_a_number() {
	works hub_queue 7 mine 0600
	works kmqctl list --space 7 --raw --noheadings -o KEY,SPACE
	prints_line 'mine 7'
	works kmqctl list --space 8 --noheadings
	prints_nothing
	for wrong in 0 16 sys ''; do
		fails_as 2 kmqctl list --space "$wrong"
		says "list: --space takes sysv, posix or a number from 1 to 15, not '$wrong'; see 'kmqctl list --help'"
	done
}

list_space_goes_with_time_and_creator() {
	made 1 7 0600 text
	works kmqctl list --space sysv --creator --raw
	prints <<-END
		KEY ID MODE CREATOR CREATOR-UID CREATOR-GROUP CREATOR-GID OWNER UID GROUP GID
		0x00000007 $id 0600 root 0 root 0 root 0 root 0
	END
	works kmqctl list --space sysv --time --noheadings
	shows "0x00000007 $id [0-9:]* [0-9]* - - [0-9:]*"
	fails_as 2 kmqctl list --space sysv --limits
	says "list: --limits takes no PATTERN, no --space and no --output; see 'kmqctl list --help'"
}

list_space_json_has_all_columns() {
	made 2 jobs 0600
	works kmqctl list --space posix --json
	sed -n 's/^      "\([a-z_]*\)".*/\1/p' "$work/out" >"$work/keys"
	kmqctl list --help | sed -n '/^Columns:/,/^$/s/^  \([A-Z-]*\) .*/\1/p' | tr 'A-Z-' 'a-z_' | diff - "$work/keys"
	grep -q '"space": "posix",' "$work/out"
	grep -q '"key": "/jobs",' "$work/out"
	grep -q '"notify_pid": null' "$work/out"
}

a_plain_list_has_them_without_a_name() {
	made 1 42 0600
	works kmqctl list --raw --noheadings -o NAME,ID,SPACE,KEY
	prints_line "- $id sysv 0x0000002a"
	works kmqctl create q
	works kmqctl list --raw --noheadings -o NAME,SPACE,KEY,CREATOR-GROUP q
	prints_line 'q - - -'
}

show_tells_of_one_by_its_id() {
	made 1 42 0600 text
	works kmqctl show --id "$id"
	shows 'space            sysv'
	shows 'key              0x0000002a'
	shows 'creator_group    root'
	shows 'queued           1'
}

remove_takes_its_id() {
	made 1 42 0600
	works kmqctl remove --id "$id"
	works kmqctl list --space sysv --noheadings
	prints_nothing
	fails_as 1 kmqctl remove --id "$id"
	says "remove #$id: no such queue"
	works kmqctl remove --id "$id" --missing-ok
}

set_changes_one_by_its_id() {
	made 1 42 0600
	works kmqctl set --id "$id" --mode 644 --capacity 9
	works kmqctl list --space sysv --raw --noheadings -o MODE,CAPACITY
	prints_line '0644 9'
}

a_user_sees_those_that_he_may_read() {
	made 1 1 0600
	made 1 2 0604
	works as_user 'kmqctl list --space sysv --noheadings -o KEY'
	prints_line 0x00000002
	fails_as 1 as_user "kmqctl remove --id $id"
	says "remove #$id: you neither own this queue nor have CAP_SYS_ADMIN"
}

without_netlink_spaces_are_not_told() {
	command -v no_netlink >/dev/null || skip 'there is no no_netlink to forbid it'
	made 1 1 0600
	fails_as 1 no_netlink kmqctl list --space sysv
	grep -q "it takes the module's netlink family, which cannot be reached (Address family not supported by protocol); try 'kmqctl doctor'" "$work/err"
	works no_netlink kmqctl list --raw --noheadings -o NAME,SPACE,KEY
	prints_line '- - -'
}

doctor_says_who_may_use_the_hub() {
	mode=$(stat -c %a /dev/kmq/.hub)
	works kmqctl doctor
	shows "ok       hub         This user's System V and POSIX programs can run on kmq\."
	shows 'ok       preload     No library is preloaded that puts kmq in the place of the kernel.s System V or POSIX queues\.'
	chmod 600 /dev/kmq/.hub
	as_user 'kmqctl doctor' >"$work/out" 2>&1 || true
	shows "note     hub         This user may not open /dev/kmq/.hub, which is user root's and group root's with mode 0600, so that System V and POSIX programs cannot run on kmq\."
	shows ' *-> To open it to all, load the module with hub_mode=0666: each call asks the queue.s own permissions\.'
	chmod 666 /dev/kmq/.hub
	as_user 'kmqctl doctor' >"$work/out" 2>&1 || true
	chmod "$mode" /dev/kmq/.hub
	shows "ok       hub         This user's System V and POSIX programs can run on kmq\."
}

# ------------------------------------------------------------------------

run_claims "$@"
