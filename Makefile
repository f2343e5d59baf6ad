# SPDX-License-Identifier: GPL-2.0-only
# kmq: the verbs. `make help` lists them. What each builds is described beside
# its sources, in the build.mk of that folder; everything lands in .build/.

B := .build
KERNEL ?= 6.1

CC ?= gcc
CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter
# Libraries and tools see the public headers only.
USER_CPPFLAGS := -D_GNU_SOURCE -Ikmod/uapi -Iuser/include
USER_CFLAGS := -std=gnu11 $(WARN) $(CFLAGS)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

# Each build.mk appends its products to these.
ALL :=
TESTS :=

include $(wildcard user/build.mk tools/kmqctl/build.mk \
	tools/kmqcompare/build.mk tests/build.mk)

all: $(ALL) modules
.PHONY: all
