#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What 'kmqctl doctor' says of systems that are not well, each of them a few
# files below a directory. Needs .build/bin/kmqctl (make), or B=DIRECTORY.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-.build}
kmqctl=$(realpath "$B/bin/kmqctl")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
system=$work/system
passed=0 failed=0

release=6.1.0-44-amd64
modules=$system/lib/modules/$release
efivars=$system/sys/firmware/efi/efivars
secure_boot=$efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c

put() {
	mkdir -p "$(dirname "$1")"
	printf '%b' "$2" >"$1"
}

# module FILE RELEASE [END]: as much of a kmq.ko as doctor reads.
module() {
	put "$1" "\177ELF$(printf '%80s' '')\0vermagic=$2 SMP preempt mod_unload modversions \0${3-}"
}

# A Debian where the module is installed and loaded, and all is well.
healthy() {
	rm -rf "$system"
	put "$system/proc/sys/kernel/osrelease" "$release\n"
	put "$system/proc/sys/kernel/modules_disabled" "0\n"
	put "$system/proc/modules" "loop 32768 0 - Live 0x0\nkmq 65536 0 - Live 0x0 (OE)\n"
	put "$system/sys/module/kmq/refcnt" "0\n"
	put "$system/sys/module/module/parameters/sig_enforce" "N\n"
	put "$system/sys/kernel/security/lockdown" "[none] integrity confidentiality\n"
	module "$modules/updates/kmq.ko" "$release"
	put "$modules/modules.dep" "kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko\nupdates/kmq.ko:\n"
	put "$modules/build/Makefile" ""
	mkdir -p "$system/dev/kmq"
	mknod "$system/dev/kmq/control" c 1 3 2>/dev/null || ln -s /dev/null "$system/dev/kmq/control"
	ln -s control "$system/dev/kmq/.hub"
}

not_loaded() {
	healthy
	put "$system/proc/modules" "loop 32768 0 - Live 0x0\n"
	rm -r "$system/sys/module/kmq" "$system/dev/kmq"
}

# doctor [OPTION]...: its report into $work/report; its status.
doctor() { "$kmqctl" doctor --sysroot "$system" "$@" >"$work/report" 2>&1; }

# says LEVEL CHECK TEXT: the report's line of that check.
says() {
	grep -qE "^$1 +$2 .*$3" "$work/report" && return
	echo "wanted: $1 $2 $3"
	cat "$work/report"
	return 1
}

# advises TEXT
advises() {
	grep -qF -e "$1" "$work/report" && return
	echo "wanted: $1"
	cat "$work/report"
	return 1
}

a_healthy_system_has_no_problem() {
	healthy
	doctor || { cat "$work/report"; return 1; }
	says ok kernel "$release" && says ok loaded . && says ok loading . && says ok file updates/kmq.ko &&
		says ok version . && says ok headers . && says ok signature . && says ok control . && says ok hub . &&
		says ok unload .
}

what_needs_the_running_system_is_skipped() {
	healthy
	doctor
	says skipped permission "not the running system" && says skipped preload . && says skipped netlink . && says skipped abi . && says skipped limits . &&
		says skipped queues . && says skipped rings .
}

a_module_that_is_not_loaded_is_a_problem() {
	not_loaded
	! doctor && says problem loaded "not loaded" && advises "modprobe kmq" &&
		says skipped control "not loaded" && advises "1 problem found"
}

a_module_still_loading_is_a_problem() {
	healthy
	put "$system/proc/modules" "kmq 65536 1 - Loading 0x0\n"
	! doctor && says problem loaded "state Loading"
}

another_module_with_a_longer_name_is_not_ours() {
	not_loaded
	put "$system/proc/modules" "kmq_other 65536 0 - Live 0x0\n"
	! doctor && says problem loaded "not loaded"
}

a_kernel_without_modules_is_told() {
	not_loaded
	rm "$system/proc/modules"
	! doctor && says problem loaded "cannot load modules"
}

a_kernel_too_old_is_told() {
	not_loaded
	put "$system/proc/sys/kernel/osrelease" "5.10.0-30-amd64\n"
	! doctor && says problem kernel "5.10.0-30-amd64; kmq needs 6.1"
}

modules_disabled_is_told() {
	not_loaded
	put "$system/proc/sys/kernel/modules_disabled" "1\n"
	! doctor && says problem loading "modules_disabled is 1" && advises reboot
}

a_module_that_is_not_installed_is_told() {
	not_loaded
	rm "$modules/updates/kmq.ko"
	! doctor && says problem file "not installed below /lib/modules/$release" && advises "make install"
}

a_module_installed_for_another_kernel_only_is_told() {
	not_loaded
	rm "$modules/updates/kmq.ko"
	module "$system/lib/modules/6.12.9-amd64/extra/kmq.ko" 6.12.9-amd64
	! doctor && says problem file "installed for the kernel 6.12.9-amd64 and not for this one"
}

a_module_that_modprobe_does_not_know_is_told() {
	not_loaded
	put "$modules/modules.dep" "kernel/fs/ext4/ext4.ko:\n"
	! doctor && says problem file "modprobe does not know it" && advises "depmod -a"
}

a_module_of_another_kernel_is_told() {
	not_loaded
	module "$modules/updates/kmq.ko" 6.1.0-40-amd64
	! doctor && says problem version "built for the kernel 6.1.0-40-amd64 and this one is $release"
}

a_release_that_only_begins_alike_is_another_kernel() {
	not_loaded
	module "$modules/updates/kmq.ko" "$release-rt"
	! doctor && says problem version "$release-rt and this one is $release;"
}

a_file_that_is_no_module_is_told() {
	not_loaded
	put "$modules/updates/kmq.ko" "not found\n"
	! doctor && says problem version "not a kernel module"
}

compressed_modules_are_read() {
	local packer

	for packer in xz:xz zstd:zst gzip:gz; do
		command -v "${packer%:*}" >/dev/null || continue
		not_loaded
		"${packer%:*}" -q "$modules/updates/kmq.ko"
		rm -f "$modules/updates/kmq.ko"
		put "$modules/modules.dep" "updates/kmq.ko.${packer#*:}:\n"
		doctor
		says ok version "kmq.ko.${packer#*:} was built for this kernel" || return
	done
}

the_module_named_is_examined() {
	not_loaded
	module "$work/own.ko" 6.1.0-40-amd64
	! doctor --module "$work/own.ko" && says ok file own.ko && says problem version 6.1.0-40-amd64
}

the_module_named_and_missing_is_told() {
	not_loaded
	! doctor --module "$work/nothing.ko" && says problem file "nothing.ko cannot be read" &&
		says skipped version .
}

missing_headers_are_a_problem_only_where_they_are_needed() {
	not_loaded
	rm -r "$modules/build"
	doctor
	says note headers missing || return
	rm "$modules/updates/kmq.ko"
	doctor
	says problem headers missing && advises "apt install linux-headers-$release"
}

what_cannot_be_loaded_again_is_a_note_while_it_is_loaded() {
	healthy
	rm -r "$modules"
	doctor && says note file . && says note headers .
}

secure_boot_alone_is_no_problem() {
	not_loaded
	put "$secure_boot" '\x06\0\0\0\x01'
	doctor
	says ok signature "Secure Boot is on, but the kernel is not locked down"
}

secure_boot_off_is_told() {
	not_loaded
	put "$secure_boot" '\x06\0\0\0\0'
	doctor
	says ok signature "Secure Boot is off"
}

secure_boot_with_lockdown_refuses_an_unsigned_module() {
	not_loaded
	put "$secure_boot" '\x06\0\0\0\x01'
	put "$system/sys/kernel/security/lockdown" "none [integrity] confidentiality\n"
	! doctor && says problem signature "Secure Boot is on, .*kmq.ko is not signed" && advises mokutil
}

lockdown_alone_is_named_as_the_cause() {
	not_loaded
	put "$system/sys/kernel/security/lockdown" "none integrity [confidentiality]\n"
	! doctor && says problem signature "kernel is locked down"
}

enforced_signatures_are_named_as_the_cause() {
	not_loaded
	put "$system/sys/module/module/parameters/sig_enforce" "Y\n"
	! doctor && says problem signature "module.sig_enforce is set"
}

a_signed_module_needs_its_key_enrolled() {
	not_loaded
	put "$system/sys/kernel/security/lockdown" "none [integrity] confidentiality\n"
	module "$modules/updates/kmq.ko" "$release" "~Module signature appended~\n"
	doctor
	says note signature "is signed" && advises "mokutil --list-enrolled"
}

a_missing_node_is_told() {
	healthy
	rm "$system/dev/kmq/control"
	! doctor && says problem control "missing although the module is loaded" && advises devtmpfs
}

a_missing_hub_is_a_note() {
	healthy
	rm "$system/dev/kmq/.hub"
	doctor && says note hub "no /dev/kmq/.hub, so that System V and POSIX programs cannot run on kmq" &&
		advises "from the same source" || return
	rm "$system/dev/kmq/control"
	! doctor && says skipped hub "no nodes"
}

# On this machine, whatever it is.
preloaded() {
	LD_PRELOAD=$1 "$kmqctl" doctor >"$work/report" 2>/dev/null
	true
}

what_is_preloaded_is_told() {
	preloaded ''
	says ok preload "No library is preloaded" || return
	for name in sysv mqueue; do
		gcc -shared -o "$work/libkmq-$name.so.0" -x c - <<<'int nothing;' || return
	done
	preloaded "$work/libkmq-sysv.so.0"
	says ok preload "System V queues of the programs started here are kmq's, by LD_PRELOAD" || return
	preloaded "$work/libkmq-mqueue.so.0"
	says ok preload "  *POSIX queues of the programs started here are kmq's" || return
	preloaded "$work/libkmq-sysv.so.0:$work/libkmq-mqueue.so.0"
	says ok preload "System V and POSIX queues of"
}

what_is_to_be_preloaded_and_not_found_is_a_problem() {
	preloaded "$work/nowhere/libkmq-sysv.so.0"
	says problem preload "LD_PRELOAD names libkmq-sysv.so, which is not found" && advises "whole path" || return
	gcc -shared -o "$work/libkmq-sysv.so.0" -x c - <<<'int nothing;' || return
	preloaded "$work/libkmq-sysv.so.0:$work/nowhere/libkmq-mqueue.so.0"
	says problem preload "names libkmq-mqueue.so, which is not found"
}

a_node_that_is_a_file_is_told() {
	healthy
	rm "$system/dev/kmq/control"
	put "$system/dev/kmq/control" ""
	! doctor && says problem control "not a device"
}

a_missing_group_is_a_note() {
	healthy
	put "$system/etc/group" "root:x:0:\nkmqs:x:9:\n"
	doctor && says note group "no group kmq, so only root" && advises "groupadd --system kmq"
}

a_group_is_found() {
	healthy
	put "$system/etc/group" "root:x:0:\nkmq:x:999:user\n"
	doctor && says ok group "The group kmq exists"
}

# descriptor PID COMMAND FD TARGET [FDINFO]
descriptor() {
	put "$system/proc/$1/comm" "$2\n"
	mkdir -p "$system/proc/$1/fd"
	ln -s "$4" "$system/proc/$1/fd/$3"
	[[ $# -lt 5 ]] || put "$system/proc/$1/fdinfo/$3" "pos:\t0\nflags:\t02\n$5"
}

the_processes_that_hold_the_module_are_named() {
	healthy
	put "$system/sys/module/kmq/refcnt" "4\n"
	descriptor 71 cat 3 /dev/kmq/jobs 'kmq-queue:\tjobs\nkmq-id:\t5\n'
	descriptor 72 server 9 'anon_inode:[kmq]' 'kmq-queue:\t\nkmq-id:\t6\n'
	descriptor 73 manager 4 /dev/kmq/control
	descriptor 74 late 5 '/dev/kmq/gone (deleted)' 'kmq-queue:\tgone\nkmq-id:\t2\n'
	descriptor 75 innocent 6 /dev/null
	doctor || return
	says note unload "refused now: .*cat \(71\) has jobs" &&
		says note unload "server \(72\) has one without a name" &&
		says note unload "manager \(73\) has control" && says note unload "late \(74\) has gone" &&
		! grep innocent "$work/report"
}

who_maps_a_ring_holds_the_module() {
	healthy
	put "$system/sys/module/kmq/refcnt" "3\n"
	descriptor 71 camera 3 'anon_inode:[kmq-ring]' 'kmq-queue:\tframes\nkmq-id:\t5\n'
	put "$system/proc/71/maps" "7f00-7f01 r--s 00000000 00:0e 1035 anon_inode:[kmq-ring]\n"
	put "$system/proc/72/comm" "viewer\n"
	mkdir -p "$system/proc/72/fd"
	put "$system/proc/72/maps" "5500-5600 r-xp 00000000 08:01 7 /bin/viewer\n7f00-7f01 r--s 00000000 00:0e 1035 anon_inode:[kmq-ring]\n"
	put "$system/proc/73/comm" "innocent\n"
	mkdir -p "$system/proc/73/fd"
	put "$system/proc/73/maps" "5500-5600 r-xp 00000000 08:01 7 /bin/kmq-ring\n"
	doctor || return
	says note unload "camera \(71\) has frames" && says note unload "viewer \(72\) has a ring mapped" &&
		! grep -q innocent "$work/report" && [[ $(grep -o 'camera' "$work/report" | wc -l) == 1 ]]
}

a_holder_nobody_sees_is_told_as_such() {
	healthy
	put "$system/sys/module/kmq/refcnt" "1\n"
	doctor || return
	says note unload "cannot be seen" && advises "another container"
}

a_process_cannot_steer_the_terminal_by_its_name() {
	healthy
	put "$system/sys/module/kmq/refcnt" "1\n"
	descriptor 71 '\033[2Jx' 3 /dev/kmq/q 'kmq-queue:\tq\nkmq-id:\t5\n'
	doctor || return
	! grep -q $'\033' "$work/report" && says note unload '\\x1b\[2Jx \(71\) has q'
}

json_has_every_check() {
	local table

	not_loaded
	doctor
	table=$(awk '$1 ~ /^(ok|note|problem|skipped)$/ { print $2, $1 }' "$work/report")
	! doctor --json || return
	diff <(echo "$table") <(python3 -c '
import json, sys
report = json.load(sys.stdin)
assert report["problems"] == 1
for check in report["checks"]:
    assert check["finding"].endswith(".")
    assert check["remedy"] is None or check["remedy"]
    print(check["check"], check["result"])' <"$work/report")
}

a_sysroot_that_is_no_directory_is_an_error() {
	"$kmqctl" doctor --sysroot "$work/nowhere" >"$work/report" 2>&1
	[[ $? == 1 ]] && advises "kmqctl: cannot examine $work/nowhere: it is not a directory"
}

for claim in $(compgen -A function | grep _ | grep -v '^_'); do
	[[ $claim == not_loaded || $claim == preloaded ]] && continue
	if "$claim" >"$work/output" 2>&1; then
		passed=$((passed + 1))
		echo "PASS: ${claim//_/ }"
	else
		failed=$((failed + 1))
		echo "FAIL: ${claim//_/ }"
		sed 's/^/	/' "$work/output"
	fi
done

echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
