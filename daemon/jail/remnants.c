/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What may be left of a user whose sandbox has ended. Processes of a jail that took too long to die are known
 * (linger.c). System V IPC objects outlive all processes, and a sandbox that shares the host's IPC namespace
 * can leave some behind. Asked for by the numbers of their slots (shmctl(2), SHM_STAT_ANY), which takes no
 * right and no text.
 */

#include "jail/linger.h"

#include <stddef.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

/* semctl(2): the caller declares it. */
union semun {
	int val;
	struct semid_ds *buf;
	struct seminfo *info;
};

static bool is_of(const struct ipc_perm *p, uid_t uid)
{
	return p->uid == uid || p->cuid == uid;
}

static bool has_memory(uid_t uid)
{
	struct shm_info info;
	struct shmid_ds ds;
	/* the call is one for several types */
	int last = shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&info);

	for (int i = 0; i <= last; i++)
		if (shmctl(i, SHM_STAT_ANY, &ds) >= 0 && is_of(&ds.shm_perm, uid))
			return true;
	return false;
}

static bool has_queue(uid_t uid)
{
	struct msginfo info;
	struct msqid_ds ds;
	int last = msgctl(0, MSG_INFO, (struct msqid_ds *)(void *)&info);

	for (int i = 0; i <= last; i++)
		if (msgctl(i, MSG_STAT_ANY, &ds) >= 0 && is_of(&ds.msg_perm, uid))
			return true;
	return false;
}

static bool has_semaphore(uid_t uid)
{
	struct seminfo info;
	struct semid_ds ds;
	int last = semctl(0, 0, SEM_INFO, (union semun){ .info = &info });

	for (int i = 0; i <= last; i++)
		if (semctl(i, 0, SEM_STAT_ANY, (union semun){ .buf = &ds }) >= 0 && is_of(&ds.sem_perm, uid))
			return true;
	return false;
}

static bool lingers(struct jail_context *c, uid_t uid)
{
	linger_collect(c);
	for (const struct jail_linger *l = c->lingering; l; l = l->next)
		if (l->jail.uid == uid)
			return true;
	return false;
}

bool jail_remnants(struct jail_context *c, uid_t uid)
{
	return lingers(c, uid) || has_memory(uid) || has_queue(uid) || has_semaphore(uid);
}
