#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Perl's own IPC::Msg and IPC::SysV, and its built-in msgget, msgsnd, msgrcv, msgctl; two processes.
# shims: sysv
# packages: perl
# files: /usr/bin/perl /usr/lib/x86_64-linux-gnu/perl-base /usr/lib/x86_64-linux-gnu/perl/5*/IPC
# files: /usr/lib/x86_64-linux-gnu/perl/5*/auto/IPC /usr/share/perl/5*/Class/Struct.pm
perl - <<'END'
use strict;
use IPC::SysV qw(IPC_PRIVATE IPC_CREAT IPC_EXCL IPC_NOWAIT IPC_STAT IPC_RMID S_IRUSR S_IWUSR ftok MSG_NOERROR);
use IPC::Msg;
use Errno;

my $key = ftok('/bin/sh', 7) or die "ftok: $!";
my $msg = IPC::Msg->new($key, IPC_CREAT | IPC_EXCL | S_IRUSR | S_IWUSR) or die "new: $!";
print "exclusive: ", (IPC::Msg->new($key, IPC_CREAT | IPC_EXCL | 0600) ? 'made' : ($!{EEXIST} ? 'EEXIST' : $!)), "\n";
print "found: ", (IPC::Msg->new($key, 0)->id == $msg->id ? 'the same' : 'another'), "\n";

my $ds = $msg->stat;
printf "mode %o, uid %d, %d messages, %d bytes at most, sent by %d\n", $ds->mode, $ds->uid, $ds->qnum, $ds->qbytes, $ds->lspid;
$msg->set(mode => 0640, qbytes => 4000) or die "set: $!";
printf "set: mode %o, %d bytes at most\n", $msg->stat->mode, $msg->stat->qbytes;

$msg->snd($_, "message of type $_") or die "snd: $!" for 5, 3, 9, 3;
print "full: ", ($msg->snd(1, 'x' x 4000, IPC_NOWAIT) ? 'sent' : ($!{EAGAIN} ? 'EAGAIN' : $!)), "\n";
my $text;
print "lowest of 4: ", $msg->rcv($text, 256, -4), " $text\n";
print "of 9: ", $msg->rcv($text, 256, 9, IPC_NOWAIT), " $text\n";
print "too long: ", (defined $msg->rcv($text, 4, 0) ? 'came' : ($!{E2BIG} ? 'E2BIG' : $!)), "\n";
print "truncated: ", $msg->rcv($text, 4, 0, MSG_NOERROR), " $text\n";
print "of 77: ", (defined $msg->rcv($text, 256, 77, IPC_NOWAIT) ? 'came' : ($!{ENOMSG} ? 'ENOMSG' : $!)), "\n";
printf "%d left, last received by %s\n", $msg->stat->qnum, $msg->stat->lrpid == $$ ? 'this' : 'another';

my $pid = fork // die "fork: $!";
if (!$pid) {
	my $got;
	for my $n (1 .. 500) {
		defined $msg->rcv($got, 256, 40) or exit 1;
		$msg->snd(41, pack 'N', 1 + unpack 'N', $got) or exit 1;
	}
	exit 0;
}
my $n = 0;
for (1 .. 500) {
	$msg->snd(40, pack 'N', $n) or die "snd: $!";
	defined $msg->rcv($text, 256, 41) or die "rcv: $!";
	$n = unpack 'N', $text;
}
waitpid $pid, 0;
print "counted to $n in turns, child $?\n";
printf "last sent by %s, received by %s\n", $msg->stat->lspid == $pid ? 'the child' : 'another', $msg->stat->lrpid == $$ ? 'this' : 'another';

# The built-in functions; removal wakes who sleeps.
my $id = msgget(IPC_PRIVATE, 0600) // die "msgget: $!";
msgsnd($id, pack('l! a*', 2, 'built in'), 0) or die "msgsnd: $!";
msgrcv($id, my $buffer, 100, 0, 0) or die "msgrcv: $!";
print join(' ', unpack 'l! a*', $buffer), "\n";
$pid = fork // die "fork: $!";
if (!$pid) {
	my $ok = msgrcv($id, my $rest, 100, 0, 0);
	exit($!{EIDRM} || $!{EINVAL} ? 3 : 4);
}
msgctl($id, IPC_RMID, 0) or die "msgctl: $!";
waitpid $pid, 0;
print "the sleeper ended with ", $? >> 8, "\n";
$msg->remove or die "remove: $!";
print "removed: ", ($msg->stat ? 'there' : ($!{EINVAL} ? 'EINVAL' : $!)), "\n";
END
