# shellcheck shell=bash
# What the tools in this directory share. Sourced, never run.

# The top of the source tree, the cache, and where things are built.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034 # the tools use it
build=$top/.build
cache=${KMQ_CACHE:-${HOME:-/root}/.cache/kmq}
tool=${0#"$top/"}

die() {
	local status=$1
	shift
	printf '%s: %s\n' "$tool" "$*" >&2
	exit "$status"
}

note() {
	printf '%s: %s\n' "$tool" "$*" >&2
}

# The comment at the head of a tool is its manual.
usage() {
	sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"
}

need() {
	command -v "$1" >/dev/null || die 125 "$1 is missing; run tools/setup/packages as root to install what is needed"
}

# One holder at a time: lock NAME, then work; the lock ends with the process (or with the descriptor in $lock_fd).
lock() {
	mkdir -p "$cache/locks"
	exec {lock_fd}>"$cache/locks/$1"
	flock "$lock_fd"
}

unlock() {
	exec {lock_fd}>&-
}

# apt's own lists belong to root and may be missing or old. Ours are in the cache, and used only when apt's do not do.
private_lists=(
	-o "Dir::State=$cache/apt/state" -o "Dir::State::status=/var/lib/dpkg/status" -o "Dir::Cache=$cache/apt/cache"
	-o "Dir::Etc::sourcelist=$cache/apt/sources.list"
)
lists=()
if [[ -e $cache/apt/in-use ]]; then lists=("${private_lists[@]}"); fi

# Newer kernels come with Debian's security updates. A machine made by debootstrap may not name that archive; it lies
# beside the main one, wherever that is.
security_source() {
	local known
	# shellcheck disable=SC2016 # apt-get expands it
	known=$(apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null)
	[[ $known != *-security* ]] || return 0
	awk '$1 == "Debian" && $2 !~ /-/ && $3 ~ /\/debian\/$/ {
		sub(/\/$/, "", $3); print "deb " $3 "-security " $2 "-security main"; exit }' <<<"$known"
}

write_sources() {
	cat /etc/apt/sources.list 2>/dev/null || true
	security_source
}

use_private_lists() {
	note "fetching the lists of packages"
	mkdir -p "$cache/apt/state/lists/partial" "$cache/apt/cache/archives/partial"
	write_sources >"$cache/apt/sources.list"
	lists=("${private_lists[@]}")
	apt-get "${lists[@]}" -o APT::Sandbox::User="$(id -un)" -qq update >&2 || die 125 "cannot fetch the lists of packages"
	touch "$cache/apt/in-use"
}

# Names of packages that match a regular expression, oldest version first.
package_names() {
	apt-cache "${lists[@]}" search --names-only "$1" | awk '{print $1}' | grep -E "$1" | sort -V || true
}

package_depends() {
	apt-cache "${lists[@]}" depends --no-recommends --no-suggests --no-breaks --no-conflicts --no-replaces "$1" 2>/dev/null |
		awk '$1 ~ /^\|?(Pre)?Depends:$/ {print $2}'
}

package_version() {
	apt-cache "${lists[@]}" show --no-all-versions "$1" 2>/dev/null | awk '$1 == "Version:" {print $2; exit}'
}

# unpack DIR PACKAGE...: download packages and lay their files out under DIR. Nothing is installed.
unpack() {
	local root=$1 debs deb
	shift
	debs=$(mktemp -d "$cache/debs.XXXXXX")
	if ! download "$debs" "$@" && ! { use_private_lists && download "$debs" "$@"; }; then
		rm -rf "$debs"
		die 125 "cannot download $*"
	fi
	for deb in "$debs"/*.deb; do dpkg -x "$deb" "$root"; done
	rm -rf "$debs"
}

download() (
	cd "$1" || exit
	shift
	# apt would drop to a user of its own, who cannot write here.
	apt-get "${lists[@]}" -o APT::Sandbox::User="$(id -un)" -qq download "$@" >&2
)
