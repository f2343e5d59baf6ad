# SPDX-License-Identifier: GPL-2.0-only
# The claims of System V and POSIX queues, the runner that makes each twice, and
# the liar. A sysv_*.c or mqueue_*.c that appears is built; see twice.h.
#
#	$(B)/tests/shim/twice, $(B)/tests/shim/PROGRAM, $(B)/tests/shim/liar.so,
#	$(B)/tests/shim/nothing.so: changes nothing, and must be found to
#	$(B)/tests/shim/random: calls at random, natively and under a library
#	$(B)/tests/shim/pair: what a send and a receive cost
#	$(B)/tests32/shim/narrow, narrow_time64: claims of a 32-bit program, with a time_t
#			of either size
#
# Included before tests/build.mk, whose target takes TESTS as they are by then and
# which reads what the compiler wrote down of headers.

SHIM_CLAIMS := $(patsubst tests/shim/%.c,%,$(sort $(wildcard tests/shim/sysv_*.c tests/shim/mqueue_*.c)))
# apart_*.c: what the pages of the shims say is different, to be held under them alone.
SHIM_APART := $(patsubst tests/shim/%.c,%,$(sort $(wildcard tests/shim/apart_*.c)))
SHIM_PROGRAMS := $(patsubst %,$(B)/tests/shim/%,$(SHIM_CLAIMS) $(SHIM_APART))
SHIM_TESTS := $(B)/tests/shim/twice $(B)/tests/shim/liar.so $(B)/tests/shim/nothing.so $(B)/tests/shim/pair $(SHIM_PROGRAMS) $(B)/tests/shim/random
TESTS += $(SHIM_TESTS)

# Against the C library alone: no header of kmq, as any program has none.
# The claims are listed in the order in which they are written.
SHIM_CFLAGS := -D_GNU_SOURCE $(USER_CFLAGS) -fno-toplevel-reorder -pthread

$(B)/obj/tests/shim/%.o: tests/shim/%.c
	@mkdir -p $(@D)
	$(CC) $(SHIM_CFLAGS) -MMD -MP -c -o $@ $<

# libgcc_s is what pthread_cancel() opens: named, it comes along to where the program goes.
$(SHIM_PROGRAMS): $(B)/tests/shim/%: $(B)/obj/tests/shim/%.o $(B)/obj/tests/shim/claim.o $(B)/obj/tests/shim/actor.o
	@mkdir -p $(@D)
	$(CC) $(SHIM_CFLAGS) -o $@ $^ -Wl,--no-as-needed -lgcc_s

$(B)/tests/shim/twice $(B)/tests/shim/pair: $(B)/tests/shim/%: tests/shim/%.c
	@mkdir -p $(@D)
	$(CC) $(SHIM_CFLAGS) -o $@ $<

$(B)/tests/shim/random: $(patsubst %.c,$(B)/obj/%.o,$(sort $(wildcard tests/shim/random*.c)))
	@mkdir -p $(@D)
	$(CC) $(SHIM_CFLAGS) -o $@ $^

$(B)/tests/shim/liar.so $(B)/tests/shim/nothing.so: $(B)/tests/shim/%.so: tests/shim/%.c
	@mkdir -p $(@D)
	$(CC) $(SHIM_CFLAGS) -fPIC -shared -o $@ $<

SHIM_TESTS32 := $(B)/tests32/shim/narrow $(B)/tests32/shim/narrow_time64
TESTS += $(SHIM_TESTS32)

$(B)/tests32/shim/narrow_time64: SHIM_TIME := -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
$(SHIM_TESTS32): tests/shim/narrow.c
	@mkdir -p $(@D)
	$(CC) -m32 $(SHIM_TIME) $(SHIM_CFLAGS) -o $@ $<

.PHONY: shim-tests
shim-tests: $(SHIM_TESTS) $(SHIM_TESTS32)
