#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# pmqtest of rt-tests: two threads that send to and fro.
# shims: mqueue
# packages: rt-tests
# files: /usr/bin/pmqtest
# The latencies are the machine's; how many round trips there were is not. With deadlines (-T) it does not come to an
# end on the kernel's own queues.
pmqtest -q -l 1000 -i 1000 >/tmp/out 2>&1
status=$?
grep -o 'Cycles.*' /tmp/out
grep -c 'Min.*Avg.*Max' /tmp/out
exit $status
