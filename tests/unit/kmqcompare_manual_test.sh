#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# kmqcompare's help and its man page tell the same, and its usage errors are
# usage errors. Needs .build/bin/kmqcompare (make), or B=DIRECTORY.
set -u
cd "$(dirname "$0")/../.." || exit 1
kmqcompare=${B:-.build}/bin/kmqcompare
page=tools/kmqcompare/kmqcompare.1
passed=0 failed=0

report() {
	if [[ $1 == 0 ]]; then
		passed=$((passed + 1))
		echo "PASS: $2"
	else
		failed=$((failed + 1))
		echo "FAIL: $2"
	fi
}

commands() { "$kmqcompare" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'; }

# argp adds --help and --usage to every command.
options() {
	"$kmqcompare" "$1" --help | sed -nE 's/^ {2,6}(-., )?--([a-z-]+).*/\2/p' | grep -vE '^(help|usage)$' | sort
}

section() { awk -v name="$1" '/^\.S[sh] /{ on = $0 == ".Ss " name } on' "$page"; }

options_in_page() { section "$1" | sed -nE 's/^\.It Fl (. , Fl )?-([a-z-]+).*/\2/p' | sort; }

# status COMMAND...: its exit status, silently.
status() {
	"$@" >/dev/null 2>&1
	echo $?
}

if command -v mandoc >/dev/null; then
	# The pages of others are not installed where this runs.
	! mandoc -T lint "$page" 2>/dev/null | grep -v 'referenced manual not found'
	report $? "mandoc has no complaint about the page"
else
	echo "SKIP: mandoc has no complaint about the page (no mandoc)"
fi

diff <(commands) <(sed -n '/^\.Sh DESCRIPTION/,/^\.Sh COSTS/s/^\.Ss \([a-z]*\)$/\1/p' "$page")
report $? "the page tells of every command, in the order of the help"
for command in $(commands); do
	diff <(options "$command") <(options_in_page "$command")
	report $? "the page tells of every option of $command, and of no other"
done

missing=0
while read -r workload; do
	grep -qE "^\.It Sy (.* )?$workload( |$)" <(section bench) || { missing=1; echo "no $workload"; }
done < <("$kmqcompare" bench --list | sed '1,/^workloads:/d' | awk '{print $1}')
report $missing "the page tells of every workload"

[[ $(status "$kmqcompare") == 2 ]]
report $? "no command is a usage error"
[[ $(status "$kmqcompare" fly) == 2 ]]
report $? "an unknown command is a usage error"
for wrong in --fly --size=7 --size=64k --size=-64 --repeat=0 --seconds=0 --seconds=x --only=smoke --workload=smoke \
	--relative-to=smoke argument; do
	[[ $(status "$kmqcompare" bench "$wrong") == 2 ]]
	report $? "bench $wrong is a usage error"
done
[[ $(status "$kmqcompare" check) == 2 && $(status "$kmqcompare" report) == 2 ]]
report $? "check and report without a file are usage errors"
for wrong in --fly '--shim=fly true' '--runs=0 true' '--runs=1001 true' '--runs=x true' '--timeout=0 true' '--shim=both --shim=sysv true'; do
	# shellcheck disable=SC2086 # words
	[[ $(status "$kmqcompare" same $wrong) == 2 ]]
	report $? "same $wrong is a usage error"
done
[[ $(status "$kmqcompare" same) == 2 && $(status "$kmqcompare" same --) == 2 ]]
report $? "same without a program is a usage error"
[[ $(status "$kmqcompare" check /nonexistent) == 1 && $(status "$kmqcompare" report /nonexistent) == 1 ]]
report $? "a file that cannot be read is a failure"

echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
