#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# kmq.yaml and kmq_netlink.h tell the same: what a tool makes of the one is what the module answers by the other.
set -u
cd "$(dirname "$0")/../.." || exit 1
specification=kmod/uapi/linux/kmq.yaml
header=kmod/uapi/linux/kmq_netlink.h
headers=(kmod/uapi/linux/kmq.h kmod/uapi/linux/kmq_ring.h "$header")
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

# same CLAIM WHAT_THE_HEADER_HAS WHAT_THE_SPECIFICATION_HAS: neither is empty.
same() {
	[[ -n $2 ]] && diff <(echo "$2") <(echo "$3")
	report $? "$1"
}

# KMQ_A_BYTE_LIMIT -> byte-limit
as_specified() { tr 'A-Z_' 'a-z-'; }

# enumerators ENUM PREFIX: of the header, a line each, without what counts them.
enumerators() {
	cat "${headers[@]}" | sed -n "/^enum $1 {/,/^}/s/^\t$2\([A-Z_]*\)[ \t,=].*/\1/p" | sed '/^MAX$/d' | as_specified
}

# flags PREFIX: bits by their names, in order.
flags() {
	sed -n "s/^#define $1\([A-Z_]*\)[ \t]*(1u << [0-9]*)$/\1/p" "$header" | as_specified
}

# entries NAME: of a definition, a line each, be they in brackets or a list.
entries() {
	awk -v name="$1" '
		/^attribute-sets:/ { exit }
		/^    name: / { on = $2 == name }
		on && /^    entries: \[/ { gsub(/.*\[|\].*/, ""); gsub(/, /, "\n"); print }
		on && /^      - / { print $2 }' "$specification"
}

# "byte-limit u64" per attribute, in order. An array is binary there.
attributes_of_header() {
	sed -n '/^enum kmq_genl_attribute {/,/^}/p' "$header" |
		sed -n 's/^\tKMQ_A_PAD,.*/PAD pad/p
			s/^\tKMQ_A_\([A-Z_]*\),[ \t]*\/\* u64 array .*/\1 binary/p; t
			s/^\tKMQ_A_\(TIME_QUEUED\|TIME_BLOCKED\),.*/\1 binary/p; t
			s/^\tKMQ_A_\([A-Z_]*\),[ \t]*\/\* \([a-z0-9]*\).*/\1 \2/p' | as_specified
}

attributes_of_specification() {
	awk '
		/^attribute-sets:/ { on = 1 }
		/^operations:/ { exit }
		on && /^        name: / { name = $2 }
		on && /^        type: / { print name, $2 }' "$specification"
}

# "queue-get 1" per command.
commands_of_header() {
	sed -n '/^enum kmq_genl_command {/,/^}/p' "$header" | grep -o '^	KMQ_CMD_[A-Z_]*,' |
		sed 's/^\tKMQ_CMD_//; s/,//' | awk '{ print $1, NR - 1 }' | sed 1d | as_specified
}

commands_of_specification() {
	awk '
		/^operations:/ { on = 1 }
		on && /^mcast-groups:/ { exit }
		on && /^      name: / { name = $2; value++ }
		on && /^      value: / { value = $2 }
		on && /^      (value|notify|doc): / && name { print name, value; name = "" }' "$specification"
}

same "the attributes have the same numbers and types" "$(attributes_of_header)" "$(attributes_of_specification)"
same "the commands have the same numbers" "$(commands_of_header)" "$(commands_of_specification)"
for enum in kind policy lifetime event holder sleep; do
	same "the enumerators of $enum are the same" "$(enumerators "kmq_$enum" "KMQ_${enum^^}_")" "$(entries "$enum")"
done
same "the enumerators of ring-mode are the same" "$(enumerators kmq_ring_mode KMQ_RING_)" "$(entries ring-mode)"
same "the flags of access are the same" "$(flags KMQ_ACCESS_)" "$(entries access)"
for constant in name-size pattern-size lease-limit-max; do
	macro=KMQ_$(tr 'a-z-' 'A-Z_' <<<"$constant")
	same "$constant is the same" "$(cat "${headers[@]}" | awk -v name="$macro" '$1 == "#define" && $2 == name { print $3 }')" \
		"$(grep -A 1 "name: $constant\$" "$specification" | awk '/value:/ { print $2 }')"
done

echo "$passed passed, $failed failed"
[[ $failed == 0 ]]
