# SPDX-License-Identifier: GPL-2.0-only
# libkmq and libkmq-nl, their examples, and their installation.
#
#	$(B)/lib/libkmq.a, libkmq.so.0, libkmq.so	the library, from user/src
#	$(B)/lib32/libkmq.a				the same for gcc -m32
#	$(B)/lib/libkmq-nl.a, libkmq-nl.so.0, ...	the control plane, from user/nl
#	$(B)/examples/NAME				from user/examples/NAME.c; those
#							named nl_* have libkmq-nl, too

# Of both.
KMQ_LIBRARY_VERSION := 0.1.0

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
INSTALL ?= install

USER_SOURCES := $(wildcard user/src/*.c)
USER_OBJECTS := $(USER_SOURCES:%.c=$(B)/obj/%.o)
USER_SHARED_OBJECTS := $(USER_SOURCES:%.c=$(B)/obj/%.pic.o)
USER_OBJECTS32 := $(USER_SOURCES:%.c=$(B)/obj32/%.o)
USER_LIBRARIES := $(B)/lib/libkmq.a $(B)/lib/libkmq.so.0 $(B)/lib/libkmq.so
NL_SOURCES := $(wildcard user/nl/*.c)
NL_OBJECTS := $(NL_SOURCES:%.c=$(B)/obj/%.o)
NL_SHARED_OBJECTS := $(NL_SOURCES:%.c=$(B)/obj/%.pic.o)
NL_LIBRARIES := $(B)/lib/libkmq-nl.a $(B)/lib/libkmq-nl.so.0 $(B)/lib/libkmq-nl.so
# Asked for when they are needed, and once.
NL_CFLAGS = $(eval NL_CFLAGS := $$(shell pkg-config --cflags libnl-genl-3.0))$(NL_CFLAGS)
# What a program needs that is linked with libkmq-nl.a.
NL_LIBS = $(eval NL_LIBS := $$(shell pkg-config --libs libnl-genl-3.0))$(NL_LIBS)
USER_EXAMPLES := $(patsubst user/examples/%.c,$(B)/examples/%,$(wildcard user/examples/*.c))
USER_PAGES := $(wildcard user/man/*.[347])

# A page of section 3 describes all that its NAME lists. The others are links to
# it; a line of this reads "kmq_ack.3 kmq_lease.3".
USER_PAGE_LINKS = for page in user/man/*.3; do \
	sed -n '/^\.Nd/q; s/^\.Nm \(kmq_[a-z_]*\).*/\1/p' $$page | \
	grep -vx "$$(basename $$page .3)" | sed "s|$$|.3 $${page\#\#*/}|"; done

ALL += $(USER_LIBRARIES) $(NL_LIBRARIES) $(USER_EXAMPLES)

USER_COMPILE = $(CC) $(CPPFLAGS) $(USER_CPPFLAGS) $(USER_CFLAGS) -fvisibility=hidden -MMD -MP

$(USER_OBJECTS): $(B)/obj/user/src/%.o: user/src/%.c
	@mkdir -p $(@D)
	$(USER_COMPILE) -c $< -o $@

$(USER_SHARED_OBJECTS): $(B)/obj/user/src/%.pic.o: user/src/%.c
	@mkdir -p $(@D)
	$(USER_COMPILE) -fPIC -c $< -o $@

$(USER_OBJECTS32): $(B)/obj32/user/src/%.o: user/src/%.c
	@mkdir -p $(@D)
	$(USER_COMPILE) -m32 -c $< -o $@

$(B)/lib/libkmq.a: $(USER_OBJECTS)
$(B)/lib32/libkmq.a: $(USER_OBJECTS32)
$(B)/lib/libkmq.a $(B)/lib32/libkmq.a:
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/lib/libkmq.so.0: $(USER_SHARED_OBJECTS) user/libkmq.map
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -shared -Wl,-soname,libkmq.so.0 -Wl,--version-script=user/libkmq.map \
		-Wl,-z,defs,-z,relro,-z,now $(LDFLAGS) $(USER_SHARED_OBJECTS) -o $@

$(B)/lib/libkmq.so: $(B)/lib/libkmq.so.0
	ln -sf libkmq.so.0 $@

$(NL_OBJECTS): $(B)/obj/user/nl/%.o: user/nl/%.c
	@mkdir -p $(@D)
	$(USER_COMPILE) $(NL_CFLAGS) -c $< -o $@

$(NL_SHARED_OBJECTS): $(B)/obj/user/nl/%.pic.o: user/nl/%.c
	@mkdir -p $(@D)
	$(USER_COMPILE) $(NL_CFLAGS) -fPIC -c $< -o $@

$(B)/lib/libkmq-nl.a: $(NL_OBJECTS)
	@mkdir -p $(@D)
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/lib/libkmq-nl.so.0: $(NL_SHARED_OBJECTS) user/libkmq-nl.map
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -shared -Wl,-soname,libkmq-nl.so.0 -Wl,--version-script=user/libkmq-nl.map \
		-Wl,-z,defs,-z,relro,-z,now $(LDFLAGS) $(NL_SHARED_OBJECTS) $(NL_LIBS) -o $@

$(B)/lib/libkmq-nl.so: $(B)/lib/libkmq-nl.so.0
	ln -sf libkmq-nl.so.0 $@

$(USER_EXAMPLES): $(B)/examples/%: user/examples/%.c $(B)/lib/libkmq.a
	@mkdir -p $(@D)
	@mkdir -p $(B)/obj/user/examples
	$(CC) $(CPPFLAGS) $(USER_CPPFLAGS) $(USER_CFLAGS) -MMD -MP -MF $(B)/obj/user/examples/$*.d \
		$(LDFLAGS) $(filter %.c %.a,$^) $(EXAMPLE_LIBS) -o $@
$(filter $(B)/examples/nl_%,$(USER_EXAMPLES)): $(B)/lib/libkmq-nl.a
$(filter $(B)/examples/nl_%,$(USER_EXAMPLES)): EXAMPLE_LIBS = $(NL_LIBS)

-include $(NL_OBJECTS:.o=.d) $(NL_SHARED_OBJECTS:.o=.d)
-include $(USER_OBJECTS:.o=.d) $(USER_SHARED_OBJECTS:.o=.d) $(USER_OBJECTS32:.o=.d)
-include $(USER_EXAMPLES:$(B)/%=$(B)/obj/user/%.d)

# A .pc from its .pc.in.
USER_PC = sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
	-e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' -e 's|@VERSION@|$(KMQ_LIBRARY_VERSION)|'

# Headers, libraries, their .pc and manual pages. DESTDIR goes before PREFIX.
install-user: $(USER_LIBRARIES) $(NL_LIBRARIES)
	$(INSTALL) -d $(DESTDIR)$(INCLUDEDIR)/linux $(DESTDIR)$(LIBDIR)/pkgconfig
	$(INSTALL) -m 644 user/include/*.h $(DESTDIR)$(INCLUDEDIR)/
	$(INSTALL) -m 644 kmod/uapi/linux/*.h $(DESTDIR)$(INCLUDEDIR)/linux/
	for name in libkmq libkmq-nl; do \
		$(INSTALL) -m 644 $(B)/lib/$$name.a $(DESTDIR)$(LIBDIR)/ && \
		$(INSTALL) -m 755 $(B)/lib/$$name.so.0 $(DESTDIR)$(LIBDIR)/$$name.so.$(KMQ_LIBRARY_VERSION) && \
		ln -sf $$name.so.$(KMQ_LIBRARY_VERSION) $(DESTDIR)$(LIBDIR)/$$name.so.0 && \
		ln -sf $$name.so.0 $(DESTDIR)$(LIBDIR)/$$name.so && \
		$(USER_PC) user/$$name.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/$$name.pc || exit 1; \
	done
	$(INSTALL) -d $(foreach section,3 4 7,$(DESTDIR)$(MANDIR)/man$(section))
	for page in $(USER_PAGES); do \
		$(INSTALL) -m 644 $$page $(DESTDIR)$(MANDIR)/man$${page##*.}/ || exit 1; \
	done
	$(USER_PAGE_LINKS) | while read -r link page; do \
		ln -sf $$page $(DESTDIR)$(MANDIR)/man3/$$link; \
	done

uninstall-user:
	rm -f $(patsubst user/include/%,$(DESTDIR)$(INCLUDEDIR)/%,$(wildcard user/include/*.h))
	rm -f $(patsubst kmod/uapi/%,$(DESTDIR)$(INCLUDEDIR)/%,$(wildcard kmod/uapi/linux/*.h))
	for name in libkmq libkmq-nl; do \
		rm -f $(DESTDIR)$(LIBDIR)/$$name.a $(DESTDIR)$(LIBDIR)/$$name.so \
			$(DESTDIR)$(LIBDIR)/$$name.so.* $(DESTDIR)$(LIBDIR)/pkgconfig/$$name.pc; \
	done
	for page in $(USER_PAGES); do rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; done
	$(USER_PAGE_LINKS) | while read -r link page; do rm -f $(DESTDIR)$(MANDIR)/man3/$$link; done

.PHONY: install-user uninstall-user

# tests/unit/library_test.c stands in for the kernel.
UNIT_FLAGS_library_test := -Wl,--wrap=ioctl,--wrap=open,--wrap=close

# The control plane's own sources under the sanitizers; tests/unit/nl_request_test.c and nl_event_test.c are the kernel.
NL_UNIT_FLAGS = -Iuser/nl -Itests/unit $(NL_CFLAGS) -fsanitize=address,undefined -fno-sanitize-recover=undefined $(NL_LIBS)
NL_UNIT_WRAP := -Wl,--wrap=send,--wrap=recv,--wrap=recvfrom,--wrap=reallocarray
UNIT_SOURCES_nl_parse_test := $(NL_SOURCES)
UNIT_FLAGS_nl_parse_test = $(NL_UNIT_FLAGS)
UNIT_SOURCES_nl_request_test := $(NL_SOURCES) tests/unit/nl/kernel.c
UNIT_FLAGS_nl_request_test = $(NL_UNIT_FLAGS) $(NL_UNIT_WRAP)
UNIT_SOURCES_nl_event_test := $(NL_SOURCES) tests/unit/nl/kernel.c
UNIT_FLAGS_nl_event_test = $(NL_UNIT_FLAGS) $(NL_UNIT_WRAP)
