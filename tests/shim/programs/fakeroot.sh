#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# fakeroot: its daemon and its preloaded library speak by msgsnd with types; ours is preloaded beside it, and all of
# it belongs to a user who may not change an owner.
# shims: sysv
# packages: fakeroot util-linux coreutils
# files: /usr/bin/fakeroot-sysv /usr/bin/faked-sysv /usr/lib/x86_64-linux-gnu/libfakeroot/libfakeroot-sysv.so
# files: /usr/bin/getopt /usr/bin/touch /usr/bin/chown /usr/bin/chmod /usr/bin/stat /usr/bin/mknod /usr/bin/rm /usr/bin/id
rm -rf /home/user/work
su user -s /bin/sh -c 'mkdir /home/user/work && cd /home/user/work && fakeroot-sysv -- /bin/sh -c "
	/usr/bin/id -u
	/usr/bin/touch file && /usr/bin/chown 7:8 file && /usr/bin/chmod 4755 file
	/usr/bin/stat -c \"%n %u %g %a\" file
	/usr/bin/mknod device c 1 3 && /usr/bin/stat -c \"%n %F %t %T %u\" device
	n=0
	while [ \$n -lt 20 ]; do
		/usr/bin/touch f\$n && /usr/bin/chown \$n:\$n f\$n
		n=\$((n + 1))
	done
	/usr/bin/stat -c \"%n %u %g\" f*
	exit 5"
	status=$?
	/usr/bin/stat -c "really %n %u %F" file device
	exit $status'
