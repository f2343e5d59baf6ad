# SPDX-License-Identifier: GPL-2.0-only
# The tests. A file that appears is built; nothing is listed here.
#
#	tests/device/*.c   -> $(B)/tests/NAME and, with -m32, $(B)/tests32/NAME; those in
#			      DEVICE_LIBRARY are linked with libkmq-nl.a and have no
#			      32-bit build
#	tests/stress/*.c   -> the same; those in STRESS_LIBRARY are linked with libkmq.a
#			      and have no 32-bit build
#	tests/unit/*_test.c -> $(B)/tests/unit/NAME, linked with libkmq.a
#
# A unit test that needs more than its own file says so in the build.mk of what it
# tests, or in tests/unit/unit.mk: UNIT_SOURCES_NAME (further .c files),
# UNIT_FLAGS_NAME (compiler and linker), UNIT_LIBS_NAME (in place of libkmq.a).
#
# tests/run runs them all.

DEVICE_NAMES := $(patsubst tests/device/%.c,%,$(sort $(wildcard tests/device/*.c)))
DEVICE_LIBRARY := nl_test
STRESS_NAMES := $(patsubst tests/stress/%.c,%,$(sort $(wildcard tests/stress/*.c)))
STRESS_LIBRARY := ring_hostile ring_kill
UNIT_NAMES := $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/*_test.c)))
# kmod/ is kbuild's. What in it is pure is compiled here with shims for the kernel.
UNIT_SOURCES_order_test := kmod/order.c tests/unit/shim/rbtree.c
UNIT_FLAGS_order_test := -Itests/unit/shim -Ikmod -fsanitize=address,undefined
-include $(wildcard tests/unit/unit.mk)

DEVICE_TESTS := $(DEVICE_NAMES:%=$(B)/tests/%)
DEVICE_TESTS32 := $(patsubst %,$(B)/tests32/%,$(filter-out $(DEVICE_LIBRARY),$(DEVICE_NAMES)))
STRESS_TESTS := $(STRESS_NAMES:%=$(B)/tests/%)
STRESS_TESTS32 := $(patsubst %,$(B)/tests32/%,$(filter-out $(STRESS_LIBRARY),$(STRESS_NAMES)))
UNIT_TESTS := $(UNIT_NAMES:%=$(B)/tests/unit/%)
TESTS += $(DEVICE_TESTS) $(STRESS_TESTS) $(DEVICE_TESTS32) $(STRESS_TESTS32) $(UNIT_TESTS)

# They see the ABI alone, not the libraries.
DEVICE_CPPFLAGS := -D_GNU_SOURCE -Ikmod/uapi -Itests/device
DEVICE_CFLAGS := $(USER_CFLAGS) -pthread
DEVICE_LIB := $(sort $(wildcard tests/device/lib/*.c))
STRESS_LIB := $(filter-out %/main.c,$(DEVICE_LIB))
# 64-bit time, so that nothing here ends in 2038; static, because a 64-bit
# guest has no 32-bit libraries.
M32_FLAGS := -m32 -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64

$(B)/obj/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	$(CC) $(DEVICE_CPPFLAGS) $(DEVICE_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/obj32/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	$(CC) $(M32_FLAGS) $(DEVICE_CPPFLAGS) -Itests/device/m32 $(DEVICE_CFLAGS) -MMD -MP -c -o $@ $<

$(DEVICE_TESTS): $(B)/tests/%: $(B)/obj/tests/device/%.o $(DEVICE_LIB:%.c=$(B)/obj/%.o)
	@mkdir -p $(@D)
	$(CC) $(DEVICE_CFLAGS) -o $@ $^ $(DEVICE_LIBS) -lcmocka

$(DEVICE_LIBRARY:%=$(B)/obj/tests/device/%.o): DEVICE_CPPFLAGS += -Iuser/include
$(DEVICE_LIBRARY:%=$(B)/tests/%): DEVICE_LIBS = $(NL_LIBS)
$(DEVICE_LIBRARY:%=$(B)/tests/%): $(B)/lib/libkmq-nl.a

$(STRESS_TESTS): $(B)/tests/%: $(B)/obj/tests/stress/%.o $(STRESS_LIB:%.c=$(B)/obj/%.o)
	@mkdir -p $(@D)
	$(CC) $(DEVICE_CFLAGS) -o $@ $^

$(STRESS_LIBRARY:%=$(B)/obj/tests/stress/%.o): DEVICE_CPPFLAGS += -Iuser/include
$(STRESS_LIBRARY:%=$(B)/tests/%): $(B)/lib/libkmq.a

$(DEVICE_TESTS32): $(B)/tests32/%: $(B)/obj32/tests/device/%.o $(DEVICE_LIB:%.c=$(B)/obj32/%.o)
	@mkdir -p $(@D)
	$(CC) -m32 -static $(DEVICE_CFLAGS) -o $@ $^

$(STRESS_TESTS32): $(B)/tests32/%: $(B)/obj32/tests/stress/%.o $(STRESS_LIB:%.c=$(B)/obj32/%.o)
	@mkdir -p $(@D)
	$(CC) -m32 -static $(DEVICE_CFLAGS) -o $@ $^

define UNIT_TEST
$(B)/tests/unit/$(1): tests/unit/$(1).c $$(UNIT_SOURCES_$(1)) $$(or $$(UNIT_LIBS_$(1)),$(B)/lib/libkmq.a)
	@mkdir -p $$(@D)
	$$(CC) $$(USER_CPPFLAGS) $$(USER_CFLAGS) -MMD -MP -MF $$@.d -o $$@ \
		$$(filter %.c,$$^) $$(UNIT_FLAGS_$(1)) $$(filter %.a,$$^) -lcmocka -pthread
endef
$(foreach name,$(UNIT_NAMES),$(eval $(call UNIT_TEST,$(name))))

.PHONY: tests
tests: $(TESTS)

-include $(shell find $(B)/obj/tests $(B)/obj32/tests $(B)/tests/unit -name '*.d' 2>/dev/null)
