# SPDX-License-Identifier: GPL-2.0-only
# What some unit tests are made of, and how; see tests/build.mk.

# The mapped ring: its own sources under the sanitizers, the rest of the library as it is.
RING_SOURCES := $(wildcard user/src/ring*.c)
UNIT_SOURCES_ring_test := $(RING_SOURCES)
UNIT_FLAGS_ring_test := -Iuser/src -fsanitize=address,undefined -fno-sanitize-recover=undefined
# ThreadSanitizer does not know fences; what they order here it is not shown.
UNIT_SOURCES_ring_tsan_test := $(RING_SOURCES)
UNIT_FLAGS_ring_tsan_test := -Iuser/src -fsanitize=thread -Wno-tsan -DRING_SPACE=0x100000 \
	'-DKMQ_RING_BASE(ring)=((char *)((uintptr_t)(ring) & -(uintptr_t)RING_SPACE))'
UNIT_SOURCES_ring_words_test := kmod/ring_words.c tests/unit/ring_words/world.c tests/unit/ring_words/party.c
UNIT_FLAGS_ring_words_test := -DSHIM_ACCESS_HOOK -Itests/unit/shim -Ikmod -fsanitize=address,undefined \
	-fno-sanitize-recover=all
