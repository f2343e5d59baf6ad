#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The table of kmqctl's commands, its man page and its completion for bash tell
# the same. Needs .build/bin/kmqctl (make), or B=DIRECTORY.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-.build}
kmqctl=$B/bin/kmqctl
page=tools/kmqctl/kmqctl.1
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

commands() { "$kmqctl" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'; }

# "-o --output" or "--raw", a line per option.
options() {
	"$kmqctl" "$1" --help | sed -n '/^Options:/,/^$/{
		s/^  \(-.\), \(--[a-z-]*\).*/\1 \2/p
		s/^      \(--[a-z-]*\).*/\1/p
	}'
}

columns() { "$kmqctl" "$1" --help | sed -n '/^Columns:/,/^$/s/^  \([A-Z0-9-]*\) .*/\1/p'; }

# The part of the page about a command, and about tables if it prints one.
section() {
	awk -v name="$1" '/^\.S[sh] /{ on = $0 == ".Ss " name } on' "$page"
}

# As the page writes an option: ".It Fl o , Fl -output"
in_page() {
	local words=".It Fl "

	[[ $# == 1 ]] || words+="${1#-} , Fl "
	words+="-${!##--}"
	grep -qE -e "^$words( |\$)"
}

mandoc_is_content() {
	# The pages of the library are not installed where this runs.
	! mandoc -T lint "$page" | grep -v 'referenced manual not found'
}
groff_is_content() {
	! groff -ww -mdoc -Tutf8 "$page" 2>&1 >/dev/null | grep .
}
for formatter in mandoc groff; do
	if command -v $formatter >/dev/null; then
		${formatter}_is_content
		report $? "$formatter has no complaint about the page"
	else
		echo "SKIP: $formatter has no complaint about the page (no $formatter)"
	fi
done

diff <(commands) <(sed -n '/^\.Sh DESCRIPTION/,/^\.Ss Tables/s/^\.Ss \([a-z]*\)$/\1/p' "$page")
report $? "the page tells of every command, in the order of the help"
diff <(commands) <(sed -n '/^\.Sh SYNOPSIS/,/^\.Sh D/s/^\.Cm \([a-z]*\)$/\1/p' "$page")
report $? "so does its synopsis"

for command in $(commands); do
	missing=0
	while read -ra option; do
		[[ ${option[-1]} == --help ]] && continue
		{ section "$command"; [[ -z $(columns "$command") ]] || section Tables; } |
			in_page "${option[@]}" || { missing=1; echo "no ${option[*]}"; }
	done < <(options "$command")
	report $missing "the page tells of every option of $command"

	! options "$command" | tr ' ' '\n' | sort | uniq -d | grep .
	report $? "no two options of $command have one name"

	surplus=0
	while read -r name; do
		options "$command" | grep -qe "--$name\$" || { surplus=1; echo "--$name"; }
	done < <(section "$command" | sed -n 's/^\.It Fl \(. , Fl \)\?-\([a-z-]*\).*/\2/p')
	report $surplus "the page tells of no option that $command does not have"
done

for command in $(commands); do
	[[ $(columns "$command") ]] || continue
	missing=0
	for column in $(columns $command); do
		grep -qE "^\.It Sy (.* , )?$column( ,|\$)" "$page" || { missing=1; echo "no $column"; }
	done
	report $missing "the page tells of every column of $command"
done

# The words of a section of the help.
words() { "$kmqctl" "$1" --help | sed -n "/^$2:/,/^\$/s/^  \([a-z-]*\) .*/\1/p"; }

diff <(words monitor Events | sort) \
	<(section monitor | sed -n 's/^\.It Cm //p' | sed 's/ , /\n/g' | sort)
report $? "the page tells of every event of monitor"

missing=0
for command in $(commands); do
	for name in $("$kmqctl" "$command" --help | sed -n 's/^Other names: //p'); do
		sed -n '/^A command may be abbreviated/,/^The names stay/p' "$page" |
			grep -qx "\.Cm $name\( ,\)\?" || { missing=1; echo "no $name"; }
		"$kmqctl" "$name" --help | grep -q "^Usage: kmqctl $command " || missing=1
	done
done
report $missing "the page tells of every other name of a command, and it works"

diff <("$kmqctl" doctor --json | sed -n 's/.*"check": "\(.*\)",/\1/p') \
	<(sed -n '/^\.Ss doctor/,/^Its options/s/^\.It Sy //p' "$page")
report $? "the page tells of every check of doctor"

# ------------------------------------------------------------------------
# The completion

PATH=$(realpath "$B/bin"):$PATH
. tools/kmqctl/kmqctl.bash

complete_words() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_kmqctl
	printf '%s\n' "${COMPREPLY[@]}"
}

diff <(complete_words kmqctl '' | grep -v '^-') <(commands)
report $? "the completion offers every command"
for command in $(commands); do
	diff <(complete_words kmqctl "$command" -) <(options "$command" | tr ' ' '\n')
	report $? "and every option of $command"
done
[[ $(complete_words kmqctl create --policy drop-o) == drop-oldest ]]
report $? "it offers the policies"
[[ $(complete_words kmqctl create --kind r) == ring && $(complete_words kmqctl create --ring-mode b) == broadcast ]]
report $? "it offers the kinds, and the modes of a ring"
[[ $(complete_words kmqctl list -o NAME,QUE) == NAME,QUEUED ]]
report $? "it offers columns behind the last comma"
[[ $(complete_words kmqctl list -o +que) == +QUEUED ]]
report $? "it offers columns in lower case, and behind a plus"
[[ $(complete_words kmqctl top --sort use) == USE ]]
report $? "it offers one column where one is wanted"
[[ $(complete_words kmqctl monitor --events created,lea) == created,lease-overdue ]]
report $? "it offers events behind the last comma"
[[ $(complete_words kmqctl list --space '') == sysv$'\n'posix ]]
report $? "it offers the spaces, and no placeholder for the others"
[[ $(complete_words kmqctl set q --histogram '') == on$'\n'off ]]
report $? "it offers on and off"
[[ $(complete_words kmqctl set q --lease-limit '') == off ]]
report $? "it offers no placeholder for a number"
[[ $(complete_words kmqctl help mon) == monitor ]]
report $? "it offers commands to help"
[[ $(complete_words kmqctl rm --miss) == --missing-ok ]]
report $? "it offers options of a command by its other name"
[[ -z $(complete_words kmqctl add '') ]]
report $? "it offers no existing name for a new queue, by the other name either"
[[ -z $(complete_words kmqctl create '') ]]
report $? "it offers no existing name for a new queue"
[[ $(complete_words kmqctl send q --file Makef) == Makefile ]]
report $? "it offers files"

echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
