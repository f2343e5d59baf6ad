# SPDX-License-Identifier: GPL-2.0-only
KMQCTL_SOURCES := $(sort $(wildcard tools/kmqctl/*.c))
KMQCTL_OBJECTS := $(KMQCTL_SOURCES:%.c=$(B)/obj/%.o)
KMQCTL_LIBS = $(NL_LIBS) -lsmartcols -ljson-c -ltracefs -ltraceevent -lncursesw -ltinfo
$(B)/obj/tools/kmqctl/trace_record.o: USER_CPPFLAGS += $(shell pkg-config --cflags libtracefs 2>/dev/null)
ALL += $(B)/bin/kmqctl

$(B)/obj/tools/kmqctl/%.o: tools/kmqctl/%.c
	@mkdir -p $(@D)
	$(CC) $(USER_CPPFLAGS) $(USER_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/bin/kmqctl: $(KMQCTL_OBJECTS) $(B)/lib/libkmq-nl.a $(B)/lib/libkmq.a
	@mkdir -p $(@D)
	$(CC) $(USER_CFLAGS) $(LDFLAGS) -o $@ $^ $(KMQCTL_LIBS)

# The unit tests take the pure parts (tests/build.mk has the rule).
UNIT_SOURCES_kmqctl_parse_test := tools/kmqctl/parse.c
UNIT_FLAGS_kmqctl_parse_test := -Itools/kmqctl
UNIT_SOURCES_kmqctl_text_test := tools/kmqctl/text.c tools/kmqctl/memory.c
UNIT_FLAGS_kmqctl_text_test := -Itools/kmqctl
UNIT_SOURCES_kmqctl_key_test := $(addprefix tools/kmqctl/,key.c memory.c parse.c text.c)
UNIT_FLAGS_kmqctl_key_test := -Itools/kmqctl
UNIT_SOURCES_kmqctl_column_test := tools/kmqctl/column.c
UNIT_FLAGS_kmqctl_column_test := -Itools/kmqctl
UNIT_SOURCES_kmqctl_ring_test := tools/kmqctl/queue_columns.c tools/kmqctl/ring_mode.c \
	tools/kmqctl/key.c tools/kmqctl/parse.c tools/kmqctl/account.c tools/kmqctl/clock.c tools/kmqctl/memory.c tools/kmqctl/text.c
UNIT_FLAGS_kmqctl_ring_test := -Itools/kmqctl -ljson-c
UNIT_SOURCES_kmqctl_histogram_test := $(addprefix tools/kmqctl/,histogram.c memory.c text.c)
UNIT_FLAGS_kmqctl_histogram_test = -Itools/kmqctl $(NL_LIBS) -ljson-c
UNIT_LIBS_kmqctl_histogram_test := $(B)/lib/libkmq-nl.a
UNIT_SOURCES_kmqctl_top_test := $(addprefix tools/kmqctl/,top_model.c queue_columns.c ring_mode.c \
	key.c parse.c account.c clock.c memory.c text.c)
UNIT_FLAGS_kmqctl_top_test := -Itools/kmqctl -ljson-c
UNIT_SOURCES_kmqctl_event_test := $(addprefix tools/kmqctl/,event.c account.c clock.c complain.c \
	memory.c output.c parse.c sysroot.c text.c)
UNIT_FLAGS_kmqctl_event_test = -Itools/kmqctl $(NL_LIBS) -ljson-c
UNIT_LIBS_kmqctl_event_test := $(B)/lib/libkmq-nl.a $(B)/lib/libkmq.a
UNIT_SOURCES_kmqctl_party_test := $(addprefix tools/kmqctl/,party.c clock.c memory.c text.c)
UNIT_FLAGS_kmqctl_party_test := -Itools/kmqctl -ljson-c
UNIT_SOURCES_kmqctl_watches_test := $(addprefix tools/kmqctl/,watches.c parse.c)
UNIT_FLAGS_kmqctl_watches_test := -Itools/kmqctl
UNIT_SOURCES_kmqctl_module_file_test := tools/kmqctl/module_file.c tools/kmqctl/memory.c \
	tools/kmqctl/sysroot.c
UNIT_FLAGS_kmqctl_module_file_test := -Itools/kmqctl

UNIT_SOURCES_kmqctl_trace_test := tools/kmqctl/trace_model.c tools/kmqctl/trace_words.c \
	tools/kmqctl/trace_text.c tools/kmqctl/trace_chrome.c tools/kmqctl/trace_svg.c \
	tools/kmqctl/trace_html.c tools/kmqctl/memory.c
UNIT_FLAGS_kmqctl_trace_test := -Itools/kmqctl -fsanitize=address,undefined -ljson-c

-include $(KMQCTL_OBJECTS:.o=.d)

# What tests/cli/*_test.sh bring to the guest.
CLI_HELPERS := $(patsubst tests/cli/%.c,$(B)/tests/cli/%,$(sort $(wildcard tests/cli/*.c)))
TESTS += $(CLI_HELPERS)
$(CLI_HELPERS): $(B)/tests/cli/%: tests/cli/%.c $(B)/lib/libkmq.a
	@mkdir -p $(@D)
	$(CC) $(USER_CPPFLAGS) $(USER_CFLAGS) -MMD -MP -MF $@.d -o $@ $< $(B)/lib/libkmq.a -lutil
-include $(CLI_HELPERS:=.d)

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
