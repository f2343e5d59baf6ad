# SPDX-License-Identifier: GPL-2.0-only
KMQCTL_SOURCES := $(sort $(wildcard tools/kmqctl/*.c))
KMQCTL_OBJECTS := $(KMQCTL_SOURCES:%.c=$(B)/obj/%.o)
KMQCTL_LIBS := -lsmartcols -ljson-c
ALL += $(B)/bin/kmqctl

$(B)/obj/tools/kmqctl/%.o: tools/kmqctl/%.c
	@mkdir -p $(@D)
	$(CC) $(USER_CPPFLAGS) $(USER_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/bin/kmqctl: $(KMQCTL_OBJECTS) $(B)/lib/libkmq.a
	@mkdir -p $(@D)
	$(CC) $(USER_CFLAGS) $(LDFLAGS) -o $@ $^ $(KMQCTL_LIBS)

# The unit tests take the pure parts (tests/build.mk has the rule).
UNIT_SOURCES_kmqctl_parse_test := tools/kmqctl/parse.c
UNIT_FLAGS_kmqctl_parse_test := -Itools/kmqctl
UNIT_SOURCES_kmqctl_text_test := tools/kmqctl/text.c tools/kmqctl/memory.c
UNIT_FLAGS_kmqctl_text_test := -Itools/kmqctl
UNIT_SOURCES_kmqctl_column_test := tools/kmqctl/column.c
UNIT_FLAGS_kmqctl_column_test := -Itools/kmqctl
UNIT_SOURCES_kmqctl_ring_test := tools/kmqctl/queue_columns.c tools/kmqctl/ring_mode.c \
	tools/kmqctl/account.c tools/kmqctl/clock.c tools/kmqctl/memory.c
UNIT_FLAGS_kmqctl_ring_test := -Itools/kmqctl -ljson-c
UNIT_SOURCES_kmqctl_module_file_test := tools/kmqctl/module_file.c tools/kmqctl/memory.c \
	tools/kmqctl/sysroot.c
UNIT_FLAGS_kmqctl_module_file_test := -Itools/kmqctl

-include $(KMQCTL_OBJECTS:.o=.d)

# A process that maps a ring, for tests/cli/kmqctl_test.sh.
TESTS += $(B)/tests/cli/ring_peer
$(B)/tests/cli/ring_peer: tests/cli/ring_peer.c $(B)/lib/libkmq.a
	@mkdir -p $(@D)
	$(CC) $(USER_CPPFLAGS) $(USER_CFLAGS) -MMD -MP -MF $@.d -o $@ $< $(B)/lib/libkmq.a
-include $(B)/tests/cli/ring_peer.d

install-kmqctl: $(B)/bin/kmqctl
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(MANDIR)/man1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 755 $(B)/bin/kmqctl $(DESTDIR)$(PREFIX)/bin/
	install -m 644 tools/kmqctl/kmqctl.1 $(DESTDIR)$(MANDIR)/man1/
	install -m 644 tools/kmqctl/kmqctl.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/kmqctl

uninstall-kmqctl:
	rm -f $(DESTDIR)$(PREFIX)/bin/kmqctl $(DESTDIR)$(MANDIR)/man1/kmqctl.1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/kmqctl
.PHONY: install-kmqctl uninstall-kmqctl
