#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A program that sees nothing but an installed tree builds, with pkg-config, and
# uninstalling leaves nothing. Runs make; B=DIRECTORY as there.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-.build}
CC=${CC:-gcc}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
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

# A LIBDIR of its own, as distributions have it.
install=(make -s B="$B" DESTDIR="$root" PREFIX=/usr LIBDIR=/usr/lib/here)
"${install[@]}" install-user
report $? "make install-user succeeds"

# Ours before those of the machine, where libkmq-nl finds libnl.
PKG_CONFIG_LIBDIR=$root/usr/lib/here/pkgconfig:$(pkg-config --variable pc_path pkg-config)
export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR=$root
libraries=libkmq
# shellcheck disable=SC2046,SC2086 # flags and libraries are words
build() { "$CC" -D_GNU_SOURCE -Wall -Werror "$@" $(pkg-config --cflags --libs $libraries) -o "$root/program"; }

for example in user/examples/*.c; do
	libraries=libkmq
	[[ ${example##*/} != nl_* ]] || libraries='libkmq libkmq-nl'
	build "$example" && readelf -d "$root/program" | grep -q 'NEEDED.*libkmq\.so\.0'
	report $? "${example##*/} builds against the shared library"
done
build -static user/examples/hello.c
report $? "hello.c builds against the static library"

for name in libkmq libkmq-nl; do
	LD_LIBRARY_PATH=$root/usr/lib/here ldd "$root/usr/lib/here/$name.so.0" >/dev/null
	report $? "the name that programs ask the loader for is there: $name"

	[[ $(pkg-config --modversion $name) == "$(readlink "$root/usr/lib/here/$name.so.0" | sed "s/^$name\.so\.//")" ]]
	report $? "pkg-config and the file of $name agree on the version"

	[[ $(pkg-config --variable=libdir $name) == *usr/lib/here ]]
	report $? "pkg-config knows LIBDIR of $name"
done

missing=$(for page in "$root"/usr/share/man/man?/*; do
	sed -n 's/^\.Xr \(kmq[a-z_]*\) \([347]\).*/\1.\2/p' "$page"
done | sort -u | while read -r page; do
	[[ -e $root/usr/share/man/man${page##*.}/$page ]] || echo "$page"
done)
[[ -z $missing ]]
report $? "every page of ours that a page refers to is installed ${missing//$'\n'/ }"

[[ -z $(find "$root" -xtype l) ]]
report $? "no link leads nowhere"

rm -f "$root/program"
"${install[@]}" uninstall-user && [[ -z $(find "$root" ! -type d) ]]
report $? "make uninstall-user removes every file"

echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
