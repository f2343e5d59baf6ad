# SPDX-License-Identifier: GPL-2.0-only
# The claims of System V and POSIX queues, the runner that makes each twice, and
# the liar. A sysv_*.c or mqueue_*.c that appears is built; see twice.h.
#
#	$(B)/tests/shim/twice, $(B)/tests/shim/PROGRAM, $(B)/tests/shim/liar.so,
#	$(B)/tests/shim/nothing.so: changes nothing, and must be found to
#
# Included before tests/build.mk, whose target takes TESTS as they are by then and
# which reads what the compiler wrote down of headers.

SHIM_CLAIMS := $(patsubst tests/shim/%.c,%,$(sort $(wildcard tests/shim/sysv_*.c tests/shim/mqueue_*.c)))
SHIM_PROGRAMS := $(SHIM_CLAIMS:%=$(B)/tests/shim/%)
SHIM_TESTS := $(B)/tests/shim/twice $(B)/tests/shim/liar.so $(B)/tests/shim/nothing.so $(SHIM_PROGRAMS)
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

$(B)/tests/shim/twice: tests/shim/twice.c
	@mkdir -p $(@D)
	$(CC) $(SHIM_CFLAGS) -o $@ $<

$(B)/tests/shim/liar.so $(B)/tests/shim/nothing.so: $(B)/tests/shim/%.so: tests/shim/%.c
	@mkdir -p $(@D)
	$(CC) $(SHIM_CFLAGS) -fPIC -shared -o $@ $<

.PHONY: shim-tests
shim-tests: $(SHIM_TESTS)
