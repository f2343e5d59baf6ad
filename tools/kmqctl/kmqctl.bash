# SPDX-License-Identifier: GPL-2.0-only
# Completion of kmqctl for bash. It knows no command and no option itself: it
# reads 'kmqctl --help' and 'kmqctl COMMAND --help', so it always fits the
# program that is installed.

# Names of the commands, from the overview.
_kmqctl_commands()
{
	"$1" --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

# Options of a command with their arguments' names, one per line: "-o COL,..."
_kmqctl_options()
{
	"$1" "$2" --help 2>/dev/null | sed -n '/^Options:/,/^$/{
		s/^  \(-.\), \(--[a-z-]*\) \([^ ][^ ]*\).*/\1 \3\n\2 \3/p
		t
		s/^  \(-.\), \(--[a-z-]*\).*/\1\n\2/p
		t
		s/^      \(--[a-z-]*\) \([^ ][^ ]*\).*/\1 \2/p
		t
		s/^      \(--[a-z-]*\).*/\1/p
	}'
}

# Words of a section of the help: Columns, Events.
_kmqctl_section()
{
	"$1" "$2" --help 2>/dev/null | sed -n "/^$3:/,/^\$/s/^  \([A-Za-z0-9-]*\) .*/\1/p"
}

_kmqctl_columns()
{
	_kmqctl_section "$1" "$2" Columns
}

# What an option's argument or a command's may be, by its name in the help.
_kmqctl_values()
{
	local program=$1 command=$2 kind=$3

	case $kind in
	NAME*|'[NAME]'*|PATTERN|'[PATTERN]')
		"$program" list --noheadings -o NAME 2>/dev/null | grep -v '^-$' ;;
	COL | COL,...)
		_kmqctl_columns "$program" "$command" ;;
	EVENT,...)
		_kmqctl_section "$program" "$command" Events ;;
	'[COMMAND]')
		_kmqctl_commands "$program" ;;
	'USER[:GROUP]')
		compgen -u ;;
	*'|'*)
		# Not what stands for a number or a time.
		tr '|' '\n' <<<"$kind" | grep -v '[A-Z%]' ;;
	esac
}

# The argument's name if $1 is an option that takes one.
_kmqctl_argument_of()
{
	local option=$1 name argument

	while read -r name argument; do
		[[ $name == "$option" ]] && printf '%s' "$argument" && return
	done
}

# A list: only what is behind the last comma is completed.
_kmqctl_complete_list()
{
	local prefix='' word=$1

	if [[ $word == *[,+]* ]]; then
		prefix=${word%"${word##*[,+]}"}
		word=${word##*[,+]}
	fi
	compopt -o nospace 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -P "$prefix" -W "$2" -- "$([[ $3 ]] && echo "${word^^}" || echo "$word")")
}

_kmqctl()
{
	local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]}
	local command=${COMP_WORDS[1]} previous options kind

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "$(_kmqctl_commands "$program") --help --version" -- "$word")
		return
	fi

	previous=${COMP_WORDS[COMP_CWORD - 1]}
	options=$(_kmqctl_options "$program" "$command")
	kind=$(_kmqctl_argument_of "$previous" <<<"$options")
	case $kind in
	FILE)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return ;;
	DIR)
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		return ;;
	COL,...)
		_kmqctl_complete_list "$word" "$(_kmqctl_values "$program" "$command" "$kind")" upper
		return ;;
	COL)
		mapfile -t COMPREPLY < <(compgen -W "$(_kmqctl_values "$program" "$command" "$kind")" -- "${word^^}")
		return ;;
	EVENT,...)
		_kmqctl_complete_list "$word" "$(_kmqctl_values "$program" "$command" "$kind")" ''
		return ;;
	esac
	if [[ -z $kind && $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(cut -d' ' -f1 <<<"$options")" -- "$word")
		return
	fi
	if [[ -z $kind ]]; then
		kind=$("$program" "$command" --help 2>/dev/null | sed -n '1s/.*\[OPTION\]\.\.\. //p')
		# create's NAME is a new one.
		[[ $kind == 'NAME [-- COMMAND'* ]] && return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$(_kmqctl_values "$program" "$command" "$kind")" -- "$word")
}

complete -F _kmqctl kmqctl
