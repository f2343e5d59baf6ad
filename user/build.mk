# SPDX-License-Identifier: GPL-2.0-only
# libkmq and libkmq-nl, the libraries for programs of System V and POSIX queues,
# examples, and the installation of all that.
#
#	$(B)/lib/libkmq.a, libkmq.so.0, libkmq.so	the library, from user/src
#	$(B)/lib32/libkmq.a				the same for gcc -m32
#	$(B)/lib/libkmq-nl.a, libkmq-nl.so.0, ...	the control plane, from user/nl
#	$(B)/lib/libkmq-sysv.so.0, libkmq-sysv.so	for LD_PRELOAD: user/sysv
#	$(B)/lib/libkmq-mqueue.so.0, ...		likewise: user/mqueue
#	$(B)/lib32/libkmq-sysv.so.0, ...		both for 32-bit programs, where the
#							compiler can make any
#	$(B)/examples/NAME				from user/examples/NAME.c; those
#							named nl_* have libkmq-nl, too

# Of all.
KMQ_LIBRARY_VERSION := 0.1.0

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
# Of 32-bit programs: what they are given of libkmq-sysv and libkmq-mqueue.
LIBDIR32 ?= $(PREFIX)/lib32
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
USER_SHARED_OBJECTS32 := $(USER_SOURCES:%.c=$(B)/obj32/%.pic.o)
# The shims. What both have in common is in each of them, hidden, and so is what they
# take of libkmq: a program that is given them may have a libkmq of its own.
SHIMS := $(patsubst user/libkmq-%.map,%,$(wildcard user/libkmq-sysv.map user/libkmq-mqueue.map))
SHIM_C := $(foreach folder,shim $(SHIMS),$(wildcard user/$(folder)/*.c))
SHIM_ASSEMBLY := $(SHIMS:%=user/%/syscall_x86_64.S)
SHIM_LIBRARIES := $(foreach shim,$(SHIMS),$(B)/lib/libkmq-$(shim).so.0 $(B)/lib/libkmq-$(shim).so)
# A compiler that has no 32-bit C library knows no path of it.
SHIM_LIBRARIES32 := $(if $(filter /%,$(shell $(CC) -m32 -print-file-name=libc.so 2>/dev/null)),$(SHIM_LIBRARIES:$(B)/lib/%=$(B)/lib32/%))
USER_EXAMPLES := $(patsubst user/examples/%.c,$(B)/examples/%,$(wildcard user/examples/*.c))
USER_PAGES := $(wildcard user/man/*.[347])

# A page of section 3 describes all that its NAME lists. The others are links to
# it; a line of this reads "kmq_ack.3 kmq_lease.3".
USER_PAGE_LINKS = for page in user/man/*.3; do \
	sed -n '/^\.Nd/q; s/^\.Nm \(kmq_[a-z_]*\).*/\1/p' $$page | \
	grep -vx "$$(basename $$page .3)" | sed "s|$$|.3 $${page\#\#*/}|"; done

ALL += $(USER_LIBRARIES) $(NL_LIBRARIES) $(SHIM_LIBRARIES) $(SHIM_LIBRARIES32) $(USER_EXAMPLES)

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

$(USER_SHARED_OBJECTS32): $(B)/obj32/user/src/%.pic.o: user/src/%.c
	@mkdir -p $(@D)
	$(USER_COMPILE) -m32 -fPIC -c $< -o $@

$(B)/lib/libkmq.a: $(USER_OBJECTS)
$(B)/lib32/libkmq.a: $(USER_OBJECTS32)
# For what takes some of it into a shared library of its own.
$(B)/obj/libkmq-pic.a: $(USER_SHARED_OBJECTS)
$(B)/obj32/libkmq-pic.a: $(USER_SHARED_OBJECTS32)
$(B)/lib/libkmq.a $(B)/lib32/libkmq.a $(B)/obj/libkmq-pic.a $(B)/obj32/libkmq-pic.a:
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

$(SHIM_C:%.c=$(B)/obj/%.pic.o): $(B)/obj/%.pic.o: %.c
$(SHIM_C:%.c=$(B)/obj32/%.pic.o): $(B)/obj32/%.pic.o: %.c
$(SHIM_ASSEMBLY:%.S=$(B)/obj/%.pic.o): $(B)/obj/%.pic.o: %.S
SHIM_OBJECTS := $(SHIM_C:%.c=$(B)/obj/%.pic.o) $(SHIM_ASSEMBLY:%.S=$(B)/obj/%.pic.o)
SHIM_OBJECTS32 := $(SHIM_C:%.c=$(B)/obj32/%.pic.o)
$(SHIM_OBJECTS32): SHIM_WIDTH := -m32
$(SHIM_OBJECTS) $(SHIM_OBJECTS32):
	@mkdir -p $(@D)
	$(USER_COMPILE) $(SHIM_WIDTH) -pthread -fPIC -c $< -o $@

# $(1): the name; $(2): nothing or 32.
define SHIM_LIBRARY
$(B)/lib$(2)/libkmq-$(1).so.0: $(filter $(B)/obj$(2)/user/shim/% $(B)/obj$(2)/user/$(1)/%,$(SHIM_OBJECTS$(2))) \
		$(B)/obj$(2)/libkmq-pic.a user/libkmq-$(1).map
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $(2:32=-m32) -shared -Wl,-soname,libkmq-$(1).so.0 -Wl,--version-script=user/libkmq-$(1).map \
		-Wl,-z,defs,-z,relro,-z,now $$(LDFLAGS) $$(filter %.o %.a,$$^) -o $$@
endef
$(foreach shim,$(SHIMS),$(eval $(call SHIM_LIBRARY,$(shim),))$(eval $(call SHIM_LIBRARY,$(shim),32)))

$(filter %.so,$(SHIM_LIBRARIES) $(SHIM_LIBRARIES32)): %.so: %.so.0
	ln -sf $(<F) $@

$(USER_EXAMPLES): $(B)/examples/%: user/examples/%.c $(B)/lib/libkmq.a
	@mkdir -p $(@D)
	@mkdir -p $(B)/obj/user/examples
	$(CC) $(CPPFLAGS) $(USER_CPPFLAGS) $(USER_CFLAGS) -MMD -MP -MF $(B)/obj/user/examples/$*.d \
		$(LDFLAGS) $(filter %.c %.a,$^) $(EXAMPLE_LIBS) -o $@
$(filter $(B)/examples/nl_%,$(USER_EXAMPLES)): $(B)/lib/libkmq-nl.a
$(filter $(B)/examples/nl_%,$(USER_EXAMPLES)): EXAMPLE_LIBS = $(NL_LIBS)

-include $(NL_OBJECTS:.o=.d) $(NL_SHARED_OBJECTS:.o=.d)
-include $(SHIM_OBJECTS:.o=.d) $(SHIM_OBJECTS32:.o=.d) $(USER_SHARED_OBJECTS32:.o=.d)
-include $(USER_OBJECTS:.o=.d) $(USER_SHARED_OBJECTS:.o=.d) $(USER_OBJECTS32:.o=.d)
-include $(USER_EXAMPLES:$(B)/%=$(B)/obj/user/%.d)

# A .pc from its .pc.in.
USER_PC = sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
	-e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' -e 's|@VERSION@|$(KMQ_LIBRARY_VERSION)|'

# In a loop: the shared library $$name of the folder $(1), and its two other names, to $(2).
INSTALL_SHARED = $(INSTALL) -D -m 755 $(1)/$$name.so.0 $(DESTDIR)$(2)/$$name.so.$(KMQ_LIBRARY_VERSION) && \
	ln -sf $$name.so.$(KMQ_LIBRARY_VERSION) $(DESTDIR)$(2)/$$name.so.0 && \
	ln -sf $$name.so.0 $(DESTDIR)$(2)/$$name.so || exit 1

# Headers, libraries, their .pc and manual pages. DESTDIR goes before PREFIX.
install-user: $(USER_LIBRARIES) $(NL_LIBRARIES) $(SHIM_LIBRARIES) $(SHIM_LIBRARIES32)
	$(INSTALL) -d $(DESTDIR)$(INCLUDEDIR)/linux $(DESTDIR)$(LIBDIR)/pkgconfig
	$(INSTALL) -m 644 user/include/*.h $(DESTDIR)$(INCLUDEDIR)/
	$(INSTALL) -m 644 kmod/uapi/linux/*.h $(DESTDIR)$(INCLUDEDIR)/linux/
	for name in libkmq libkmq-nl; do \
		$(INSTALL) -m 644 $(B)/lib/$$name.a $(DESTDIR)$(LIBDIR)/ && \
		{ $(call INSTALL_SHARED,$(B)/lib,$(LIBDIR)); } && \
		$(USER_PC) user/$$name.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/$$name.pc || exit 1; \
	done
	for name in $(SHIMS:%=libkmq-%); do $(call INSTALL_SHARED,$(B)/lib,$(LIBDIR)); done
	[ -z '$(SHIM_LIBRARIES32)' ] || for name in $(SHIMS:%=libkmq-%); do $(call INSTALL_SHARED,$(B)/lib32,$(LIBDIR32)); done
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
	for name in $(SHIMS:%=libkmq-%); do \
		rm -f $(foreach folder,$(LIBDIR) $(LIBDIR32),$(DESTDIR)$(folder)/$$name.so $(DESTDIR)$(folder)/$$name.so.*); \
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

# What in the shims needs no kernel. The hub is the test's own.
UNIT_SOURCES_shim_test := $(addprefix user/,shim/hub.c shim/limits.c shim/memory.c sysv/hub.c sysv/limits.c) \
	$(addprefix user/mqueue/,hub.c limits.c name.c open.c unlink.c)
UNIT_FLAGS_shim_test := -Iuser -DSHIM_IOCTL_OF_LIBC -Wl,--wrap=ioctl
