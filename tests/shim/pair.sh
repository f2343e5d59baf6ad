#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# pair.sh LIBRARY FAMILY...: in the guest, under --icount, with the hub open to the caller: a send and a receive under
# the library take at most nine tenths of the instructions that they take on the kernel's own queues. TAP lines.
library=$1
shift
number=0
failed=0

for family; do
	./pair "$family" >native.out || exit 2
	LD_PRELOAD=$library ./pair "$family" >shim.out || exit 2
	lines=$(wc -l <native.out)
	if [ "$(sed 's/ [0-9]*$//' native.out)" != "$(sed 's/ [0-9]*$//' shim.out)" ] || [ "$lines" = 0 ]; then
		number=$((number + 1))
		echo "not ok $number - $family: pair measures the same under the library"
		failed=1
		continue
	fi
	line=0
	while [ $line -lt "$lines" ]; do
		line=$((line + 1))
		name=$(sed -n "${line}s/ [0-9]*\$//p" native.out)
		native=$(sed -n "${line}s/.* //p" native.out)
		shim=$(sed -n "${line}s/.* //p" shim.out)
		number=$((number + 1))
		if [ $((shim * 10)) -le $((native * 9)) ]; then
			echo "ok $number - $name, 64 bytes: $shim instructions, natively $native"
		else
			echo "not ok $number - $name, 64 bytes: $shim instructions, natively $native: more than 0.9"
			failed=1
		fi
	done
done
exit $failed
