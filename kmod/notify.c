// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notification: one process at a time is told, once, that a message has come into
 * the empty queue.
 *
 * A thread of the process waits, and does with the news what it likes. A signal is
 * the module's own to send (KMQ_NOTIFY_SIGNAL): by the time that a waiter has sent
 * it the message may be taken, and its reader asleep for the next one, whom the
 * handler would interrupt. What a module may call reaches one thread, so that it
 * can be done where one takes the signal, which is where it matters.
 *
 * The life of a registration:
 *
 *	LIVE	 queue->registration; a message may come for it
 *	ENDED	 @outcome is set, and stays until a WAIT has taken it along, or
 *		 the process has gone
 *
 * Both are in queue->registrations. One that nobody will wait for (SILENT) is not
 * there any more once it has ended. Whoever ends one collects it under the lock
 * and wakes its waiter after the unlock, as wait.c does with its own.
 *
 * A process is known by its struct pid, which is referenced: its number may be
 * another's by the time that somebody looks. It ends its registration itself when
 * it closes a descriptor or exits (kmq_notify_flush()); where it could not, since
 * another process shares its table of descriptors or it lost the last one in an
 * exec, the next who registers finds that it is gone.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/kmq.h>
#include <linux/kref.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include "notify.h"
#include "queue.h"

/*
 * Outcomes of one process that are kept unread in one queue. Whoever waits for what
 * he asked for has one at most, and a few where his threads are slow. Who closed
 * the descriptor before his thread came to wait never asks for his: so the oldest
 * are forgotten, and the place is not refused.
 */
#define KMQ_NOTIFY_UNREAD 64

/* And of all processes, which are walked through under the queue's lock. */
#define KMQ_NOTIFY_UNREAD_ALL 1024

/*
 * Registrations ever; the last one's name. Of the whole module: a cookie is good for
 * one queue alone, whatever queue the number of a descriptor is by the time of WAIT.
 */
static atomic64_t kmq_notify_cookies = ATOMIC64_INIT(0);

struct kmq_registration {
	/* Constant. */
	struct pid *owner;	/* process; referenced */
	u64 show[2];
	bool silent;
	int signal;		/* KMQ_NOTIFY_SIGNAL: which, else 0 */
	u64 value;		/* of it */
	u64 exec_id;		/* of the owner: an exec makes another of it */

	/* Guarded by the queue's lock. */
	struct list_head node;	/* in queue->registrations, or in none */
	struct kmq_registration *next;	/* of the dead */
	u64 cookie;
	bool waited;		/* somebody is in WAIT for it */

	/* Written under it before @ended is completed, constant after that. */
	u32 outcome;
	struct pid *sender;	/* referenced; NULL: there was none */
	kuid_t uid;

	struct completion ended;
	struct kref ref;	/* the list's, and of who tells or waits */
};

static void kmq_registration_release(struct kref *ref)
{
	struct kmq_registration *registration =
		container_of(ref, struct kmq_registration, ref);

	put_pid(registration->owner);
	put_pid(registration->sender);
	kfree(registration);
}

static void kmq_registration_put(struct kmq_registration *registration)
{
	kref_put(&registration->ref, kmq_registration_release);
}

static bool kmq_registration_live(const struct kmq_queue *queue,
				  const struct kmq_registration *registration)
{
	lockdep_assert_held(&queue->lock);
	return registration == queue->registration;
}

static bool kmq_registration_mine(const struct kmq_registration *registration)
{
	return registration->owner == task_tgid(current);
}

/* Off the list, whose reference is to be put after the unlock. */
static void kmq_registration_drop(struct kmq_registration *registration,
				  struct kmq_registration **dead)
{
	list_del_init(&registration->node);
	registration->next = *dead;
	*dead = registration;
}

static void kmq_registrations_put(struct kmq_registration *dead)
{
	while (dead) {
		struct kmq_registration *registration = dead;

		dead = registration->next;
		kmq_registration_put(registration);
	}
}

/*
 * LIVE -> ENDED, of the one that is.
 *
 * Return: it, for kmq_notify_tell().
 */
static struct kmq_registration *kmq_registration_end(struct kmq_queue *queue,
						     u32 outcome)
{
	struct kmq_registration *registration = queue->registration;

	lockdep_assert_held(&queue->lock);
	queue->registration = NULL;
	queue->loud &= ~KMQ_LOUD_NOTIFY;
	registration->outcome = outcome;
	/* The list's reference is the teller's, or he gets one of his own. */
	if (registration->silent)
		list_del_init(&registration->node);
	else
		kref_get(&registration->ref);
	return registration;
}

/**
 * kmq_notify_tell() - wake who waits for a registration that has ended
 * @told: from the function that ended it; or NULL
 *
 * Context: does not sleep; no lock held.
 */
void kmq_notify_tell(struct kmq_registration *told)
{
	if (!told)
		return;
	/* What was set under the lock is seen by who is woken. */
	complete_all(&told->ended);
	kmq_registration_put(told);
}

/* As wants_signal() in the kernel's signal.c has it, which looks at each thread. */
static bool kmq_thread_takes(struct task_struct *thread, int signal)
{
	if (READ_ONCE(thread->flags) & PF_EXITING)
		return false;
	/* By a debugger, too: another takes it sooner. */
	if (task_is_stopped_or_traced(thread))
		return false;
	return !sigismember(&thread->blocked, signal);
}

/*
 * A thread that does not block the signal of the registration, or NULL. Another
 * program in the same process has asked for nothing, and may be one that nobody
 * may signal.
 */
static struct task_struct *
kmq_registration_target(const struct kmq_registration *registration)
{
	struct task_struct *leader, *thread;

	leader = pid_task(registration->owner, PIDTYPE_TGID);
	if (!leader || READ_ONCE(leader->self_exec_id) != registration->exec_id)
		return NULL;
	/* A look: who blocks it a moment later has it pending, for itself. */
	for_each_thread(leader, thread)
		if (kmq_thread_takes(thread, registration->signal))
			return thread;
	return NULL;
}

/*
 * As the kernel's own queues fill it in. The process id is that of the namespace of
 * the one told, by his process: RCU keeps a thread that ends, but not its pid, and
 * with it the way to the namespace. The user is the caller's to name: the kernel
 * translates it for the one told, as what the caller says of himself.
 */
static void kmq_registration_info(const struct kmq_registration *registration,
				  struct kernel_siginfo *info)
{
	clear_siginfo(info);
	info->si_signo = registration->signal;
	info->si_code = SI_MESGQ;
	info->si_value.sival_ptr = (void __user *)(uintptr_t)registration->value;
	info->si_pid = pid_nr_ns(registration->sender,
				 ns_of_pid(registration->owner));
	info->si_uid = from_kuid_munged(current_user_ns(), registration->uid);
}

/* Return: whether the signal was sent. Does not sleep. */
static bool kmq_registration_signal(const struct kmq_registration *registration)
{
	struct kernel_siginfo info;
	struct task_struct *target;
	bool sent = false;

	if (!registration->signal)
		return false;
	/* Threads, and their list. */
	rcu_read_lock();
	target = kmq_registration_target(registration);
	if (target) {
		kmq_registration_info(registration, &info);
		sent = !send_sig_info(registration->signal, &info, target);
		/* It may take it to its end: better twice than never. */
		if (READ_ONCE(target->flags) & PF_EXITING)
			sent = false;
	}
	rcu_read_unlock();
	return sent;
}

/**
 * kmq_notify_arrived() - a message has come into the empty queue
 * @queue: whose lock is held; with a registration
 * @sender: who brought it: the caller, or a sleeper
 *
 * A signal is sent under the lock, which nothing else is: so it is pending before
 * anybody can take the message.
 *
 * Context: does not sleep.
 * Return: for kmq_notify_tell(), after the unlock.
 */
struct kmq_registration *kmq_notify_arrived(struct kmq_queue *queue,
					    struct task_struct *sender)
{
	struct kmq_registration *registration = queue->registration;

	lockdep_assert_held(&queue->lock);
	/* What a signal would tell: the real user, not whose rights he has. */
	registration->uid = task_uid(sender);
	registration->sender = get_pid(task_tgid(sender));
	return kmq_registration_end(queue,
				    kmq_registration_signal(registration) ?
					    KMQ_NOTIFY_SIGNALLED :
					    KMQ_NOTIFY_ARRIVED);
}

/**
 * kmq_notify_retire() - the queue ends
 * @queue: whose lock is held
 *
 * Context: does not sleep.
 * Return: for kmq_notify_tell(), after the unlock.
 */
struct kmq_registration *kmq_notify_retire(struct kmq_queue *queue)
{
	if (!queue->registration)
		return NULL;
	return kmq_registration_end(queue, KMQ_NOTIFY_ENDED);
}

/* Outcomes that nobody has come for until the queue's end. May sleep. */
void kmq_notify_free(struct kmq_queue *queue)
{
	struct kmq_registration *registration, *next;

	list_for_each_entry_safe(registration, next, &queue->registrations,
				 node)
		kmq_registration_put(registration);
}

/* The process is not there any more. */
static bool kmq_registration_orphaned(const struct kmq_registration *registration)
{
	bool orphaned;

	rcu_read_lock();
	orphaned = !pid_task(registration->owner, PIDTYPE_TGID);
	rcu_read_unlock();
	return orphaned;
}

/*
 * Forget what processes have left that could not do it themselves, and the oldest
 * outcome if there are too many: of the caller's process, or else of all.
 */
static void kmq_registrations_sweep(struct kmq_queue *queue,
				    struct kmq_registration **told,
				    struct kmq_registration **dead)
{
	struct kmq_registration *oldest = NULL, *oldest_own = NULL;
	struct kmq_registration *registration, *next;
	u32 unread = 0, unread_own = 0;

	lockdep_assert_held(&queue->lock);
	if (queue->registration && kmq_registration_orphaned(queue->registration))
		*told = kmq_registration_end(queue, KMQ_NOTIFY_ENDED);
	list_for_each_entry_safe(registration, next, &queue->registrations,
				 node) {
		if (kmq_registration_live(queue, registration))
			continue;
		if (kmq_registration_orphaned(registration)) {
			kmq_registration_drop(registration, dead);
			continue;
		}
		if (registration->waited)
			continue;
		unread++;
		oldest = oldest ?: registration;
		if (!kmq_registration_mine(registration))
			continue;
		unread_own++;
		oldest_own = oldest_own ?: registration;
	}
	if (unread_own >= KMQ_NOTIFY_UNREAD)
		kmq_registration_drop(oldest_own, dead);
	else if (unread >= KMQ_NOTIFY_UNREAD_ALL)
		kmq_registration_drop(oldest, dead);
}

/* Under the lock: LIVE, or why not. */
static int kmq_registration_begin(struct kmq_queue *queue,
				  struct kmq_registration *registration,
				  struct kmq_registration **told,
				  struct kmq_registration **dead)
{
	lockdep_assert_held(&queue->lock);
	if (queue->removed)
		return -EIDRM;
	kmq_registrations_sweep(queue, told, dead);
	if (queue->registration)
		return -EBUSY;
	registration->cookie = atomic64_inc_return(&kmq_notify_cookies);
	list_add_tail(&registration->node, &queue->registrations);
	queue->registration = registration;
	queue->loud |= KMQ_LOUD_NOTIFY;
	return 0;
}

static struct kmq_registration *
kmq_registration_new(const struct kmq_notify *notify)
{
	struct kmq_registration *registration;

	registration = kzalloc(sizeof(*registration), GFP_KERNEL_ACCOUNT);
	if (!registration)
		return NULL;
	registration->owner = get_pid(task_tgid(current));
	registration->show[0] = notify->show[0];
	registration->show[1] = notify->show[1];
	registration->silent = notify->flags & KMQ_NOTIFY_SILENT;
	if (notify->flags & KMQ_NOTIFY_SIGNAL) {
		registration->signal = notify->show[1];
		registration->value = notify->cookie;
		registration->exec_id = READ_ONCE(current->self_exec_id);
	}
	INIT_LIST_HEAD(&registration->node);
	init_completion(&registration->ended);
	kref_init(&registration->ref);
	return registration;
}

/* The caller could not be told of what it asked for: as if it had not. */
static void kmq_notify_revoke(struct kmq_queue *queue, u64 cookie)
{
	struct kmq_registration *registration, *next, *told = NULL;
	struct kmq_registration *dead = NULL;

	spin_lock(&queue->lock);
	if (queue->registration && queue->registration->cookie == cookie)
		told = kmq_registration_end(queue, KMQ_NOTIFY_ENDED);
	list_for_each_entry_safe(registration, next, &queue->registrations,
				 node)
		if (registration->cookie == cookie)
			kmq_registration_drop(registration, &dead);
	spin_unlock(&queue->lock);
	kmq_notify_tell(told);
	kmq_registrations_put(dead);
}

static long kmq_notify_add(struct kmq_queue *queue,
			   const struct kmq_notify *notify,
			   struct kmq_notify __user *arg)
{
	struct kmq_registration *registration, *told = NULL, *dead = NULL;
	u64 cookie;
	int err;

	if (notify->flags & ~(KMQ_NOTIFY_SILENT | KMQ_NOTIFY_SIGNAL))
		return -EINVAL;
	if (notify->flags & KMQ_NOTIFY_SIGNAL &&
	    (!notify->show[1] || notify->show[1] > _NSIG))
		return -EINVAL;
	/* Where no thread takes the signal, it is left to who waits. */
	if (notify->flags == (KMQ_NOTIFY_SILENT | KMQ_NOTIFY_SIGNAL))
		return -EINVAL;
	registration = kmq_registration_new(notify);
	if (!registration)
		return -ENOMEM;
	spin_lock(&queue->lock);
	err = kmq_registration_begin(queue, registration, &told, &dead);
	/* Once it is known it may be gone as soon as the lock is. */
	cookie = registration->cookie;
	spin_unlock(&queue->lock);
	kmq_notify_tell(told);
	kmq_registrations_put(dead);
	if (err) {
		kmq_registration_put(registration);
		return err;
	}
	if (!put_user(cookie, &arg->cookie))
		return 0;
	kmq_notify_revoke(queue, cookie);
	return -EFAULT;
}

static bool kmq_notify_bare(const struct kmq_notify *notify)
{
	return !notify->flags && !notify->show[0] && !notify->show[1];
}

static long kmq_notify_drop(struct kmq_queue *queue,
			    const struct kmq_notify *notify)
{
	struct kmq_registration *told = NULL;
	int err = 0;

	if (!kmq_notify_bare(notify) || notify->cookie)
		return -EINVAL;
	spin_lock(&queue->lock);
	if (queue->removed)
		err = -EIDRM;
	else if (queue->registration &&
		 kmq_registration_mine(queue->registration))
		told = kmq_registration_end(queue, KMQ_NOTIFY_ENDED);
	spin_unlock(&queue->lock);
	kmq_notify_tell(told);
	return err;
}

/*
 * The registration that the caller may wait for, from now on the only one who
 * does; NULL: there is none.
 */
static struct kmq_registration *kmq_notify_claim(struct kmq_queue *queue,
						 u64 cookie)
{
	struct kmq_registration *registration, *found = NULL;

	spin_lock(&queue->lock);
	list_for_each_entry(registration, &queue->registrations, node) {
		if (registration->cookie != cookie || registration->silent ||
		    registration->waited || !kmq_registration_mine(registration))
			continue;
		registration->waited = true;
		kref_get(&registration->ref);
		found = registration;
		break;
	}
	spin_unlock(&queue->lock);
	return found;
}

/* The WAIT is over: @done if its caller knows the outcome, else others may. */
static void kmq_notify_unclaim(struct kmq_queue *queue,
			       struct kmq_registration *registration, bool done)
{
	struct kmq_registration *dead = NULL;

	spin_lock(&queue->lock);
	registration->waited = false;
	/* A flush may have been first: then it is on no list. */
	if (done && !list_empty(&registration->node))
		kmq_registration_drop(registration, &dead);
	spin_unlock(&queue->lock);
	kmq_registrations_put(dead);
	kmq_registration_put(registration);
}

static void kmq_notify_describe(const struct kmq_registration *registration,
				struct kmq_notify *notify)
{
	notify->outcome = registration->outcome;
	notify->pid = pid_vnr(registration->sender);
	notify->uid = registration->sender ?
			      from_kuid_munged(current_user_ns(),
					       registration->uid) : 0;
}

static long kmq_notify_wait(struct kmq_queue *queue, struct kmq_notify *notify,
			    struct kmq_notify __user *arg)
{
	struct kmq_registration *registration;
	int err;

	if (!kmq_notify_bare(notify))
		return -EINVAL;
	registration = kmq_notify_claim(queue, notify->cookie);
	if (!registration)
		return READ_ONCE(queue->removed) ? -EIDRM : -ESRCH;
	err = wait_for_completion_state(&registration->ended,
					TASK_INTERRUPTIBLE | TASK_FREEZABLE);
	if (!err) {
		kmq_notify_describe(registration, notify);
		if (copy_to_user(arg, notify, sizeof(*notify)))
			err = -EFAULT;
	}
	kmq_notify_unclaim(queue, registration, !err);
	return err;
}

/**
 * kmq_notify_ioctl() - KMQ_IOC_NOTIFY
 * @queue: of KMQ_KIND_MESSAGE, whose lock is not held
 * @arg: of the caller
 *
 * Context: may sleep.
 * Return: 0, or an error as <linux/kmq.h> says.
 */
long kmq_notify_ioctl(struct kmq_queue *queue, struct kmq_notify __user *arg)
{
	struct kmq_notify notify;

	if (copy_from_user(&notify, arg, sizeof(notify)))
		return -EFAULT;
	if (notify.reserved)
		return -EINVAL;
	switch (notify.operation) {
	case KMQ_NOTIFY_ADD:
		return kmq_notify_add(queue, &notify, arg);
	case KMQ_NOTIFY_DROP:
		return kmq_notify_drop(queue, &notify);
	case KMQ_NOTIFY_WAIT:
		return kmq_notify_wait(queue, &notify, arg);
	default:
		return -EINVAL;
	}
}

/**
 * kmq_notify_flush() - the caller closes a descriptor of a queue
 * @queue: of KMQ_KIND_MESSAGE, whose lock is not held
 *
 * By close(2) and what is like it, by exec, or by its end. The process's
 * registration ends; when the process does, its outcomes are not kept either.
 *
 * Context: may sleep.
 */
void kmq_notify_flush(struct kmq_queue *queue)
{
	struct kmq_registration *registration, *next;
	struct kmq_registration *told = NULL, *dead = NULL;
	/* Not PF_EXITING: a thread may end that has a table of its own. */
	bool exits = !atomic_read(&current->signal->live);

	/*
	 * Not a lock: what this process has registered it has done before, or
	 * by a thread that races with this one anyway.
	 */
	if (likely(list_empty_careful(&queue->registrations)))
		return;
	spin_lock(&queue->lock);
	if (queue->registration && kmq_registration_mine(queue->registration))
		told = kmq_registration_end(queue, KMQ_NOTIFY_ENDED);
	if (exits)
		list_for_each_entry_safe(registration, next,
					 &queue->registrations, node)
			if (kmq_registration_mine(registration))
				kmq_registration_drop(registration, &dead);
	spin_unlock(&queue->lock);
	kmq_notify_tell(told);
	kmq_registrations_put(dead);
}

/**
 * kmq_notify_show() - who is to be told
 * @queue: whose lock is held
 * @pid: out: for put_pid()
 * @show: out: as it was given
 *
 * Context: does not sleep.
 * Return: false: nobody.
 */
bool kmq_notify_show(const struct kmq_queue *queue, struct pid **pid,
		     u64 show[2])
{
	const struct kmq_registration *registration = queue->registration;

	lockdep_assert_held(&queue->lock);
	if (!registration || kmq_registration_orphaned(registration))
		return false;
	*pid = get_pid(registration->owner);
	show[0] = registration->show[0];
	show[1] = registration->show[1];
	return true;
}
