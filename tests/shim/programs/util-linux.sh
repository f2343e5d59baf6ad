#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ipcmk and ipcrm of util-linux: removal by id, and of all there are, which walks by MSG_STAT while it removes.
# ipcs reads the kernel's table, and is left out for that but for the limits.
# shims: sysv
# packages: util-linux
# files: /usr/bin/ipcmk /usr/bin/ipcrm /usr/bin/ipcs
make() {
	ipcmk -Q -p 0640 | sed 's/.*: //'
}
id=$(make)
case $id in [0-9]*) echo 'made' ;; *) echo "not an id: $id" && exit 1 ;; esac
ipcs -q -l
ipcrm -q "$id" && echo 'removed by id'
ipcrm -q "$id" 2>&1 | sed "s/$id/ID/"
ipcrm -Q 0x6b6d7f01 2>&1
echo "no such key: $?"
ids="$(make) $(make) $(make) $(make) $(make)"
ipcrm --all=msg
echo "all removed: $?"
for id in $ids; do
	if ipcrm -q "$id" 2>/dev/null; then echo 'one was left'; fi
done
exit 0
