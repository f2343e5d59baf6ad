#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# stress-ng: both families at once, under both libraries.
# shims: sysv mqueue
# packages: stress-ng
# files: /usr/bin/stress-ng
# Of what it says the rest is numbers of processes and times.
run() {
	stress-ng --verify --timeout 60 --temp-path /tmp --metrics "$@" >/tmp/out 2>&1
	status=$?
	awk '/ (fail|error|warn)/ || /successful run/ { sub(/\[[0-9]*\]/, ""); sub(/ in [0-9.]*s.*/, ""); print }
		$2 == "metrc:" && $5 ~ /^[0-9]+$/ { print $4, $5 }' /tmp/out
	[ $status = 0 ] || exit $status
}
run --msg 1 --msg-ops 5000 --mq 1 --mq-ops 5000
