# SPDX-License-Identifier: GPL-2.0-only
# kmqcompare, and its part of the unit tests.
#
#	$(B)/bin/kmqcompare
#	$(B)/obj/tools/kmqcompare/parts.a	all of it but main(), for the tests
#	$(B)/compare/				what runs in VMs bring back

COMPARE_SOURCES := $(filter-out %/main.c,$(wildcard tools/kmqcompare/*.c)) \
	$(wildcard tools/kmqcompare/mechanisms/*.c tools/kmqcompare/workloads/*.c) \
	$(wildcard $(addprefix tools/kmqcompare/probe/,*.c subjects/*.c claims/*.c))
COMPARE_SOURCES += $(wildcard tools/kmqcompare/report/*.c)
COMPARE_LIBS := -ljson-c -luring -ltirpc -pthread -lrt -lm

# Other projects' rings and queues, where their headers are; peer.h tells of those that are not.
COMPARE_HAS_HEADER = $(shell printf '#if __has_include(<$(1)>)\nyes\n#endif\n' | $(2) -E -P - 2>/dev/null)
RTE_RING_CPPFLAGS := $(patsubst -I%,-isystem %,$(filter -I% -include rte_config.h, \
	$(shell pkg-config --cflags libdpdk 2>/dev/null)))
PEERS :=
ifeq ($(call COMPARE_HAS_HEADER,ck_ring.h,$(CC)),yes)
PEERS += CK_RING
endif
ifneq ($(RTE_RING_CPPFLAGS),)
PEERS += RTE_RING
endif
ifeq ($(call COMPARE_HAS_HEADER,zmq.h,$(CC)),yes)
PEERS += ZMQ
COMPARE_LIBS += -lzmq
endif
ifeq ($(call COMPARE_HAS_HEADER,boost/interprocess/ipc/message_queue.hpp,$(CXX) -x c++),yes)
PEERS += BOOST_INTERPROCESS
COMPARE_SOURCES += tools/kmqcompare/boost_queue.cc
COMPARE_LIBS += -lstdc++
endif

COMPARE_OBJECTS := $(patsubst %,$(B)/obj/%.o,$(basename $(COMPARE_SOURCES)))
COMPARE_MAIN := $(B)/obj/tools/kmqcompare/main.o
COMPARE_PARTS := $(B)/obj/tools/kmqcompare/parts.a

ALL += $(B)/bin/kmqcompare

$(filter-out %/boost_queue.o,$(COMPARE_OBJECTS)) $(COMPARE_MAIN): $(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(USER_CPPFLAGS) $(USER_CFLAGS) -MMD -MP -c $< -o $@

$(B)/obj/tools/kmqcompare/boost_queue.o: tools/kmqcompare/boost_queue.cc
	@mkdir -p $(@D)
	$(CXX) $(CPPFLAGS) -D_GNU_SOURCE -Wall -Wextra $(CXXFLAGS) -O2 -g -MMD -MP -c $< -o $@

# Which peers there are. Written anew when that changes, so that what depends on it is made anew.
PEERS_HEADER := $(B)/obj/tools/kmqcompare/peers.h
PEER_OBJECTS := $(patsubst %,$(B)/obj/tools/kmqcompare/mechanisms/%.o,ck_ring rte_ring boost_mq zmq)

.PHONY: peers-again
peers-again:
$(PEERS_HEADER): peers-again
	@mkdir -p $(@D)
	@printf '$(foreach peer,$(PEERS),#define HAVE_$(peer)\n)' >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(PEER_OBJECTS): $(PEERS_HEADER)
$(PEER_OBJECTS): USER_CPPFLAGS += -I$(dir $(PEERS_HEADER))
$(B)/obj/tools/kmqcompare/mechanisms/rte_ring.o: USER_CPPFLAGS += $(RTE_RING_CPPFLAGS)

# Sun's headers are not where the C library's are.
$(B)/obj/tools/kmqcompare/mechanisms/rpc.o $(B)/obj/tools/kmqcompare/probe/subjects/rpc.o: \
	USER_CPPFLAGS += $(shell pkg-config --cflags libtirpc)

# The report's style sheet, script and plot settings, as strings for texts.c.
REPORT_TEXTS := $(patsubst %,$(B)/obj/%.h,$(wildcard $(addprefix tools/kmqcompare/report/*.,css js gp)))
REPORT_TEXTS_OBJECT := $(B)/obj/tools/kmqcompare/report/texts.o

$(REPORT_TEXTS): $(B)/obj/%.h: %
	@mkdir -p $(@D)
	sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $< > $@

$(REPORT_TEXTS_OBJECT): $(REPORT_TEXTS)
$(REPORT_TEXTS_OBJECT): USER_CPPFLAGS += -I$(B)/obj/tools/kmqcompare/report

# Appended: several folders have a pipe.o.
$(COMPARE_PARTS): $(COMPARE_OBJECTS)
	@rm -f $@
	$(AR) qcs $@ $^

$(B)/bin/kmqcompare: $(COMPARE_MAIN) $(COMPARE_PARTS) $(B)/lib/libkmq.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) $^ $(COMPARE_LIBS) -o $@

-include $(COMPARE_OBJECTS:.o=.d) $(COMPARE_MAIN:.o=.d)

# Held against the budgets and the stored figures; see kmqcompare(1), check.
COMPARE_COUNTED := $(B)/compare/instructions-$(KERNEL).json
COMPARE_BASELINE := tests/baseline/instructions-$(KERNEL).json
# What the budgets are about; and no peer, which is not installed everywhere.
COMPARE_JUDGED := null kmq kmq-ioctl kmq-batch kmq-call kmq-uring kmq-ring kmq-ring-in-place \
	kmq-ring-mixed kmq-ring-mpsc kmq-ring-mpmc kmq-ring-broadcast kmq-ring-twin plain-ring \
	sysv-msg sysv-shm posix-mq pipe
COMPARE_COMMA := ,
COMPARE_SPACE := $(subst x, ,x)
COMPARE_COUNT = mkdir -p $(B)/compare && tools/vm/run --kernel $(KERNEL) --icount --timeout 1800 \
	--get results.json:$(COMPARE_COUNTED) -- kmqcompare bench --icount --no-sweeps \
	--only $(subst $(COMPARE_SPACE),$(COMPARE_COMMA),$(strip $(COMPARE_JUDGED))) --json results.json

.PHONY: bench-check baseline
bench-check: $(B)/bin/kmqcompare	## hold the instruction counts to the stored baseline and the budgets
	$(COMPARE_COUNT)
	$(B)/bin/kmqcompare check --baseline $(COMPARE_BASELINE) $(COMPARE_COUNTED)

baseline: $(B)/bin/kmqcompare	## store them anew
	$(COMPARE_COUNT)
	@mkdir -p $(dir $(COMPARE_BASELINE))
	$(B)/bin/kmqcompare check --store $(COMPARE_BASELINE) $(COMPARE_COUNTED)

# The unit tests take everything but main() (tests/build.mk has the rule).
define COMPARE_TEST
UNIT_LIBS_$(1) := $(COMPARE_PARTS) $(B)/lib/libkmq.a
UNIT_FLAGS_$(1) := -Itools/kmqcompare -Wl,--no-as-needed $(COMPARE_LIBS)
endef
$(foreach test,$(patsubst tests/unit/%.c,%,$(wildcard tests/unit/kmqcompare_*_test.c)), \
	$(eval $(call COMPARE_TEST,$(test))))

install-kmqcompare: $(B)/bin/kmqcompare
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(MANDIR)/man1
	install -m 755 $(B)/bin/kmqcompare $(DESTDIR)$(PREFIX)/bin/
	install -m 644 tools/kmqcompare/kmqcompare.1 $(DESTDIR)$(MANDIR)/man1/

uninstall-kmqcompare:
	rm -f $(DESTDIR)$(PREFIX)/bin/kmqcompare $(DESTDIR)$(MANDIR)/man1/kmqcompare.1
.PHONY: install-kmqcompare uninstall-kmqcompare
