# SPDX-License-Identifier: GPL-2.0-only
# libkmq, its examples, and their installation.
#
#	$(B)/lib/libkmq.a, libkmq.so.0, libkmq.so	the library
#	$(B)/lib32/libkmq.a				the same for gcc -m32
#	$(B)/examples/NAME				from user/examples/NAME.c

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
USER_EXAMPLES := $(patsubst user/examples/%.c,$(B)/examples/%,$(wildcard user/examples/*.c))
USER_PAGES := $(wildcard user/man/*.[347])

# A page of section 3 describes all that its NAME lists. The others are links to
# it; a line of this reads "kmq_ack.3 kmq_lease.3".
USER_PAGE_LINKS = for page in user/man/*.3; do \
	sed -n '/^\.Nd/q; s/^\.Nm \(kmq_[a-z_]*\).*/\1/p' $$page | \
	grep -vx "$$(basename $$page .3)" | sed "s|$$|.3 $${page\#\#*/}|"; done

ALL += $(USER_LIBRARIES) $(USER_EXAMPLES)

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

$(USER_EXAMPLES): $(B)/examples/%: user/examples/%.c $(B)/lib/libkmq.a
	@mkdir -p $(@D)
	@mkdir -p $(B)/obj/user/examples
	$(CC) $(CPPFLAGS) $(USER_CPPFLAGS) $(USER_CFLAGS) -MMD -MP -MF $(B)/obj/user/examples/$*.d \
		$(LDFLAGS) $< $(B)/lib/libkmq.a -o $@

-include $(USER_OBJECTS:.o=.d) $(USER_SHARED_OBJECTS:.o=.d) $(USER_OBJECTS32:.o=.d)
-include $(USER_EXAMPLES:$(B)/%=$(B)/obj/user/%.d)

# Headers, libraries, libkmq.pc and manual pages. DESTDIR goes before PREFIX.
install-user: $(USER_LIBRARIES)
	$(INSTALL) -d $(DESTDIR)$(INCLUDEDIR)/linux $(DESTDIR)$(LIBDIR)/pkgconfig
	$(INSTALL) -m 644 user/include/*.h $(DESTDIR)$(INCLUDEDIR)/
	$(INSTALL) -m 644 kmod/uapi/linux/*.h $(DESTDIR)$(INCLUDEDIR)/linux/
	$(INSTALL) -m 644 $(B)/lib/libkmq.a $(DESTDIR)$(LIBDIR)/
	$(INSTALL) -m 755 $(B)/lib/libkmq.so.0 $(DESTDIR)$(LIBDIR)/libkmq.so.$(KMQ_LIBRARY_VERSION)
	ln -sf libkmq.so.$(KMQ_LIBRARY_VERSION) $(DESTDIR)$(LIBDIR)/libkmq.so.0
	ln -sf libkmq.so.0 $(DESTDIR)$(LIBDIR)/libkmq.so
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
		-e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' -e 's|@VERSION@|$(KMQ_LIBRARY_VERSION)|' \
		user/libkmq.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/libkmq.pc
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
	rm -f $(DESTDIR)$(LIBDIR)/libkmq.a $(DESTDIR)$(LIBDIR)/libkmq.so \
		$(DESTDIR)$(LIBDIR)/libkmq.so.* $(DESTDIR)$(LIBDIR)/pkgconfig/libkmq.pc
	for page in $(USER_PAGES); do rm -f $(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}; done
	$(USER_PAGE_LINKS) | while read -r link page; do rm -f $(DESTDIR)$(MANDIR)/man3/$$link; done

.PHONY: install-user uninstall-user

# tests/unit/library_test.c stands in for the kernel.
UNIT_FLAGS_library_test := -Wl,--wrap=ioctl,--wrap=open,--wrap=close
