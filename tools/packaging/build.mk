# SPDX-License-Identifier: GPL-2.0-only
# What is neither program nor library: the rule that gives the group kmq its
# node, the group, examples, the module's source for dkms, and Debian packages.
#
#	$(B)/deb/*.deb, kmq_*.dsc, kmq_*.changes	(tools/packaging/deb)
#
# Their version is KMQ_LIBRARY_VERSION of user/build.mk.

UDEVDIR ?= $(PREFIX)/lib/udev
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
DOCDIR ?= $(PREFIX)/share/doc/kmq
# Where dkms looks, whatever PREFIX.
DKMSDIR ?= /usr/src

SYSTEM_EXAMPLES := modules-load modprobe
DKMS_TREE = $(DKMSDIR)/kmq-$(KMQ_LIBRARY_VERSION)

# udev and sysusers read below /usr/local/lib as they do below /usr/lib.
install-system:
	install -D -m 644 tools/packaging/60-kmq.rules $(DESTDIR)$(UDEVDIR)/rules.d/60-kmq.rules
	install -D -m 644 tools/packaging/sysusers.conf $(DESTDIR)$(SYSUSERSDIR)/kmq.conf
	for name in $(SYSTEM_EXAMPLES); do \
		install -D -m 644 tools/packaging/$$name.conf \
			$(DESTDIR)$(DOCDIR)/examples/$$name.d/kmq.conf || exit 1; \
	done

uninstall-system:
	rm -f $(DESTDIR)$(UDEVDIR)/rules.d/60-kmq.rules $(DESTDIR)$(SYSUSERSDIR)/kmq.conf
	rm -f $(SYSTEM_EXAMPLES:%=$(DESTDIR)$(DOCDIR)/examples/%.d/kmq.conf)
	rmdir $(SYSTEM_EXAMPLES:%=$(DESTDIR)$(DOCDIR)/examples/%.d) $(DESTDIR)$(DOCDIR)/examples \
		$(DESTDIR)$(DOCDIR) 2>/dev/null || true

# A machine that is installed into, and not a package, an image or somebody's
# home, takes notice.
install-notice: install-user install-system
	@[ -n '$(DESTDIR)' ] || [ "$$(id -u)" != 0 ] || for notice in ldconfig 'udevadm control --reload' \
		'systemd-sysusers $(SYSUSERSDIR)/kmq.conf'; do \
		if command -v $${notice%% *} >/dev/null; then $$notice || echo "make install: goes on without $$notice"; fi; \
	done

install-dkms: uninstall-dkms	## the module's source, which dkms builds for each kernel
	find Kbuild kmod -type f \( -name Kbuild -o -name '*.[ch]' \) ! -name '*.mod.c' \
		-exec install -D -m 644 '{}' '$(DESTDIR)$(DKMS_TREE)/{}' \;
	sed 's/#MODULE_VERSION#/$(KMQ_LIBRARY_VERSION)/' tools/packaging/dkms.conf.in > $(DESTDIR)$(DKMS_TREE)/dkms.conf
	@[ -n '$(DESTDIR)' ] || dkms install -m kmq -v $(KMQ_LIBRARY_VERSION)

uninstall-dkms:
	@[ -n '$(DESTDIR)' ] || ! [ -e /var/lib/dkms/kmq/$(KMQ_LIBRARY_VERSION) ] || \
		dkms remove -m kmq -v $(KMQ_LIBRARY_VERSION) --all
	rm -rf $(DESTDIR)$(DKMS_TREE)

deb:			## Debian packages, in .build/deb
	@tools/setup/packages --what deb
	@tools/packaging/deb

test-deb:		## make them, install, use and remove them
	@tools/setup/packages --what deb
	@tests/packaging/run

.PHONY: install-system uninstall-system install-notice install-dkms uninstall-dkms deb test-deb
