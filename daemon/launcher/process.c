/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "launcher/process.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/process-facts.h"
#include "base/process.h"

#include <unistd.h>

/* The direct socket's clients have no number that the broker could see. */
static int find_pid(const struct server *server, const struct wire_record *record, uint32_t *ret)
{
	pid_t pid;

	if (record->n_fds == 0)
		return -EINVAL;
	if (server->jail.host_proc_fd < 0)
		return -EOPNOTSUPP;
	pid = process_pid_in_procfs(server->jail.host_proc_fd, record->fds[0]);
	if (pid < 0)
		return (int)pid;
	*ret = (uint32_t)pid;
	return 0;
}

static int look(const struct server *server, uint32_t pid, int pidfd, struct process_answer *ret)
{
	struct process_facts facts = { 0 };
	int r = server->jail.host_proc_fd < 0
			? -EOPNOTSUPP
			: process_facts_read(server->jail.host_proc_fd, pid, pidfd, &facts);

	ret->uid = facts.uid;
	ret->cgroup = facts.cgroup;
	ret->loginuid = facts.loginuid;
	return r;
}

int request_process(struct server *server, uint32_t serial, struct cursor *c, struct wire_record *record)
{
	_cleanup_(process_answer_done) struct process_answer answer = { 0 };
	_cleanup_(buf_done) struct buf b = BUF_INIT(WIRE_RECORD_MAX);
	struct process_request m;
	int r;

	r = decode_process_request(c, &m);
	if (r < 0)
		return r;
	r = record->n_fds > 0 ? process_check_pidfd(server->jail.proc_fd, record->fds[0]) : 0;
	if (r >= 0 && m.pid == 0)
		r = find_pid(server, record, &m.pid);
	if (r >= 0)
		r = look(server, m.pid, record->n_fds > 0 ? record->fds[0] : -1, &answer);
	answer.error = r;
	(void)encode_process_answer(&b, serial, &answer);
	server_send(server, &b, -1);
	return 0;
}
