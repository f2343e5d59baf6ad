#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Python's sysv_ipc: its class and its exceptions, signals in between, threads that sleep in receive().
# shims: sysv
# packages: python3 python3-sysv-ipc
# files: /usr/bin/python3 /usr/lib/python3.[0-9]*/encodings /usr/lib/python3.[0-9]*/importlib /usr/lib/python3/dist-packages/sysv_ipc*.so
# files: /usr/lib/python3.[0-9]*/abc.py /usr/lib/python3.[0-9]*/codecs.py /usr/lib/python3.[0-9]*/io.py /usr/lib/python3.[0-9]*/os.py
# files: /usr/lib/python3.[0-9]*/stat.py /usr/lib/python3.[0-9]*/posixpath.py /usr/lib/python3.[0-9]*/genericpath.py
# files: /usr/lib/python3.[0-9]*/_collections_abc.py /usr/lib/python3.[0-9]*/zipimport.py
python3 -I -S -B - <<'END'
import sys
sys.path.append('/usr/lib/python3/dist-packages')
import os, _thread, time
import sysv_ipc

def refused(what, call, *arguments, **named):
    try:
        call(*arguments, **named)
        print(what, 'is not refused')
    except (sysv_ipc.Error, ValueError, OSError) as error:
        print(what, type(error).__name__)

key = sysv_ipc.ftok('/bin/sh', 9, silence_warning=True)
queue = sysv_ipc.MessageQueue(key, sysv_ipc.IPC_CREX, mode=0o640, max_message_size=8192)
refused('a second of the key:', sysv_ipc.MessageQueue, key, sysv_ipc.IPC_CREX)
refused('none of the key:', sysv_ipc.MessageQueue, key + 1)
print('the same id:', sysv_ipc.MessageQueue(key).id == queue.id)
print('%o' % queue.mode, queue.uid, queue.cuid, queue.max_size, queue.current_messages)

before = int(time.time())
queue.send(b'first', type=2)
queue.send('second', type=1)
queue.send(b'third', type=3)
print(queue.current_messages, queue.last_send_pid == os.getpid(), before <= queue.last_send_time <= time.time())
print(queue.receive(type=3), queue.receive(type=-2), queue.receive())
refused('nothing there:', queue.receive, block=False)
queue.max_size = 100
refused('full:', queue.send, b'x' * 101, block=False)
queue.max_size = 16384
queue.mode = 0o600
print('%o' % queue.mode, queue.max_size)

# Others sleep while this thread goes on: the interpreter's lock is not held in the call.
done = _thread.allocate_lock()
done.acquire()
answers = []

def echo():
    for _ in range(300):
        text, _type = queue.receive(type=10)
        queue.send(text[::-1], type=11)
    done.release()

_thread.start_new_thread(echo, ())
for n in range(300):
    queue.send(b'%d!' % n, type=10)
    answers.append(queue.receive(type=11)[0])
done.acquire()
print(len(answers), answers[-1])

child = os.fork()
if not child:
    other = sysv_ipc.MessageQueue(key)
    other.send(other.receive(type=20)[0] + b' and back', type=21)
    os._exit(0)
queue.send(b'there', type=20)
print(queue.receive(type=21), os.waitpid(child, 0)[1], queue.last_send_pid == child)

queue.remove()
refused('removed:', queue.send, b'late')
refused('removed:', sysv_ipc.MessageQueue, key)
END
