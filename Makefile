# SPDX-License-Identifier: GPL-2.0-only
# kmq: the verbs for people; `make help` lists them. What is built from which
# sources is said beside the sources, in the build.mk of each folder. All
# products land in .build/.

B := .build
# The kernel of the virtual machines: 6.1, 6.12, 6.12-rt, debug.
KERNEL ?= 6.1
# Of `tests/run --debug --list`; all of them if empty.
DEBUG_STAGES ?=
# The kernel that runs here, for load and install.
RUNNING := $(shell uname -r)
KDIR ?= /lib/modules/$(RUNNING)/build

ifeq ($(origin CC),default)
CC := gcc
endif
CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wno-unused-parameter
# Libraries and tools see the public headers only.
USER_CPPFLAGS := -D_GNU_SOURCE -Ikmod/uapi -Iuser/include
USER_CFLAGS := -std=gnu11 $(WARN) $(CFLAGS)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

# Each build.mk appends its products to these.
ALL :=
TESTS :=

include user/build.mk
include tools/kmqctl/build.mk
include tools/kmqcompare/build.mk
include tools/packaging/build.mk
include tests/shim/build.mk
include tests/build.mk

MODULE := $(B)/kmod/running/kmq.ko

.PHONY: all user modules load unload compare test test-debug style install \
	install-module uninstall clean help

all: user modules	## the library, the tools and the module
user: $(ALL)

modules:		## the module, for the running kernel if its headers are here
	@if [ -e '$(KDIR)/Makefile' ]; then \
		mkdir -p $(dir $(MODULE)) && \
		rsync -rlR --checksum --delete --include='*.[ch]' --include='*/' \
			--include=Kbuild --exclude='*' Kbuild kmod $(dir $(MODULE)) && \
		$(MAKE) -C '$(KDIR)' M='$(abspath $(dir $(MODULE)))' modules && \
		echo 'built $(MODULE) for the running kernel, $(RUNNING)'; \
	else \
		echo 'no headers for the running kernel ($(RUNNING)): building the module for the virtual machine, Linux $(KERNEL)'; \
		tools/vm/module $(KERNEL); \
	fi

load: modules		## insert the module into the running kernel (a test VM's)
	@[ -e $(MODULE) ] || { echo 'make load: the running kernel, $(RUNNING), has no headers here; install linux-headers-$(RUNNING)' >&2; exit 1; }
	insmod $(MODULE)

unload:			## remove it again; says who holds it if it cannot
	rmmod kmq || { $(B)/bin/kmqctl doctor; exit 1; }

compare:		## boot VMs and compare kmq with everything else
	@tools/setup/packages --what compare
	@tools/kmqcompare/compare --kernel $(KERNEL) $(COMPARE_OPTIONS)

test:			## all tests, on 6.1 and 6.12
	@tools/setup/packages --what test
	@$(MAKE) --no-print-directory -s -j$$(nproc) user tests
	@tests/run

test-debug:		## the device tests on a kernel full of checks
	@tools/setup/packages --what debug
	@$(MAKE) --no-print-directory -s -j$$(nproc) user tests
	@tests/run --debug $(DEBUG_STAGES)

style:			## sparse, checkpatch and W=1 on every kernel; shellcheck
	@tools/setup/packages --what test
	@tools/setup/style

install: install-user install-kmqctl install-kmqcompare install-system install-module install-notice	## below PREFIX, and the module

# For the running kernel, which has headers or has not; packages use dkms.
install-module:
	@if [ -e '$(KDIR)/Makefile' ]; then \
		$(MAKE) --no-print-directory modules && \
		install -D -m 644 $(MODULE) $(DESTDIR)/lib/modules/$(RUNNING)/updates/kmq.ko && \
		{ [ -n '$(DESTDIR)' ] || depmod $(RUNNING); }; \
	else \
		echo 'the module is not installed: no headers for the running kernel, $(RUNNING)'; \
	fi

uninstall: uninstall-user uninstall-kmqctl uninstall-kmqcompare uninstall-system	## what install put there
	rm -f $(DESTDIR)/lib/modules/$(RUNNING)/updates/kmq.ko
	@[ -n '$(DESTDIR)' ] || ! [ -d /lib/modules/$(RUNNING) ] || depmod $(RUNNING)

clean:			## remove .build (the kernels stay in the cache)
	rm -rf $(B)

help:			## this
	@sed -n 's/^\([a-z-]*\):.*##/\1\t/p' $(filter %Makefile %build.mk,$(MAKEFILE_LIST)) | expand -t 14
