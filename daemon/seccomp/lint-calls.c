/* SPDX-License-Identifier: GPL-2.0-or-later */

/* System calls that deserve a second look wherever they are allowed, and those that get around rules for
 * others. */

#include "seccomp/linter.h"

#include "base/array.h"
#include "seccomp/syscalls.h"

#include <stdio.h>
#include <string.h>

#define NAMES_SHOWN 3 /* of the calls that one rule is about */

/*
 * Calls with which a program can get far beyond itself. Those with .conditional do only with some arguments:
 * a rule that looks at one shows that somebody has thought about it.
 */
static const struct dangerous_call {
	const char *name;
	bool conditional;
	const char *why;
} dangerous_calls[] = {
	{ "acct", false, "it writes a file for every process that ends" },
	{ "add_key", false, "it reaches the kernel's keyrings" },
	{ "bpf", true, "it loads programs into the kernel" },
	{ "chroot", false, "it changes what absolute paths mean" },
	{ "clone", true, "it can make namespaces, and with them reach much of the kernel" },
	{ "clone3", true, "it can make namespaces, and its flags are out of a filter's sight" },
	{ "delete_module", false, "it takes code out of the kernel" },
	{ "execve", true, "it starts any program that can be seen" },
	{ "execveat", true, "it starts any program that can be seen" },
	{ "fanotify_init", false, "it watches, and can stop, what others do with files" },
	{ "finit_module", false, "it loads code into the kernel" },
	{ "fsconfig", false, "it sets file systems up" },
	{ "fsmount", false, "it changes what files there are" },
	{ "fsopen", false, "it sets file systems up" },
	{ "fspick", false, "it sets file systems up" },
	{ "init_module", false, "it loads code into the kernel" },
	{ "io_uring_enter", false, "it makes calls that no filter sees" },
	{ "io_uring_register", false, "it makes calls that no filter sees" },
	{ "io_uring_setup", false, "it makes calls that no filter sees" },
	{ "ioctl", true, "it reaches every driver; name the requests" },
	{ "ioperm", false, "it reaches hardware" },
	{ "iopl", false, "it reaches hardware" },
	{ "kcmp", false, "it looks into other processes" },
	{ "kexec_file_load", false, "it replaces the kernel" },
	{ "kexec_load", false, "it replaces the kernel" },
	{ "keyctl", true, "it reaches the kernel's keyrings" },
	{ "kill", true, "it sends any signal to any process of the user" },
	{ "mknod", true, "it can make device nodes" },
	{ "mknodat", true, "it can make device nodes" },
	{ "modify_ldt", false, "it reaches rarely used parts of the kernel" },
	{ "mount", false, "it changes what files there are" },
	{ "mount_setattr", false, "it changes what files there are" },
	{ "move_mount", false, "it changes what files there are" },
	{ "move_pages", false, "it reaches into other processes" },
	{ "name_to_handle_at", false, "handles are a way around directories" },
	{ "open_by_handle_at", false, "it opens files past all directories" },
	{ "open_tree", false, "it changes what files there are" },
	{ "open_tree_attr", false, "it changes what files there are" },
	{ "perf_event_open", false, "it observes the kernel and other processes" },
	{ "personality", true, "it can make all memory executable" },
	{ "pidfd_getfd", false, "it takes file descriptors of other processes" },
	{ "pidfd_send_signal", true, "it sends any signal to any process of the user" },
	{ "pivot_root", false, "it changes what files there are" },
	{ "prctl", true, "it has dozens of operations; name those that are needed" },
	{ "process_madvise", false, "it reaches into other processes" },
	{ "process_vm_readv", false, "it reads other processes' memory" },
	{ "process_vm_writev", false, "it writes other processes' memory" },
	{ "ptrace", true, "it controls other processes" },
	{ "quotactl", false, "it is for administrators" },
	{ "quotactl_fd", false, "it is for administrators" },
	{ "reboot", false, "it is for administrators" },
	{ "request_key", false, "it reaches the kernel's keyrings, and starts a program outside" },
	{ "rt_sigqueueinfo", true, "it sends any signal to any process of the user" },
	{ "rt_tgsigqueueinfo", true, "it sends any signal to any process of the user" },
	{ "setns", false, "it enters namespaces" },
	{ "socketcall", true, "its arguments are out of a filter's sight" },
	{ "ipc", true, "it is many calls in one; name the operations" },
	{ "swapoff", false, "it is for administrators" },
	{ "swapon", false, "it is for administrators" },
	{ "syslog", true, "it reads the kernel's log" },
	{ "tkill", true, "it sends any signal to any process of the user" },
	{ "umount", false, "it changes what files there are" },
	{ "umount2", false, "it changes what files there are" },
	{ "unshare", true, "it makes namespaces, and with them reaches much of the kernel" },
	{ "userfaultfd", false, "it can hold the kernel up at a chosen place" },
	{ "vm86", false, "it reaches rarely used parts of the kernel" },
	{ "vm86old", false, "it reaches rarely used parts of the kernel" },
};

/* What rules for .filtered say can be done with .other, too. */
static const struct bypass {
	const char *filtered, *other;
} bypasses[] = {
	{ "clone", "clone3" },
	{ "fchmodat", "fchmodat2" },
	{ "fcntl", "fcntl64" },
	{ "fcntl64", "fcntl" },
	{ "kill", "pidfd_send_signal" },
	{ "kill", "rt_sigqueueinfo" },
	{ "kill", "tkill" },
	{ "mknod", "mknodat" },
	{ "mknodat", "mknod" },
	{ "mmap", "mmap2" },
	{ "mmap2", "mmap" },
	{ "mprotect", "pkey_mprotect" },
	{ "open", "creat" },
	{ "open", "openat" },
	{ "open", "openat2" },
	{ "openat", "creat" },
	{ "openat", "open" },
	{ "openat", "openat2" },
	{ "process_vm_readv", "ptrace" },
	{ "process_vm_writev", "ptrace" },
	{ "rt_tgsigqueueinfo", "rt_sigqueueinfo" },
	{ "socket", "socketcall" },
	{ "socketpair", "socketcall" },
	{ "tgkill", "tkill" },
};

static const struct dangerous_call *find_dangerous(const char *name)
{
	for (size_t i = 0; i < ELEMENTSOF(dangerous_calls); i++)
		if (strcmp(dangerous_calls[i].name, name) == 0)
			return &dangerous_calls[i];
	return NULL;
}

/* A call that is dangerous through a rule. */
struct finding {
	const struct policy_rule *rule;
	const struct dangerous_call *call;
	size_t index;
};

struct findings {
	struct finding *list;
	size_t n, allocated;
};

static void findings_done(struct findings *f)
{
	free(f->list);
}

static int find_in_entry(const struct policy *p, const struct policy_entry *entry, struct findings *ret)
{
	const char *name = syscall_name(p->architecture, entry->number);
	const struct dangerous_call *call = name ? find_dangerous(name) : NULL;

	for (size_t i = 0; call && i < entry->n_rules; i++) {
		const struct policy_rule *rule = entry->rules[i];

		if (!rule_allows(rule) || (call->conditional && rule->n_atoms > 0))
			continue;
		if (array_reserve(&ret->list, &ret->allocated, ret->n + 1, sizeof(*ret->list)) < 0)
			return -ENOMEM;
		ret->list[ret->n] = (struct finding){ rule, call, ret->n };
		ret->n++;
	}
	return 0;
}

/* By rule, in the order of discovery otherwise. Addresses decide only where it can't be seen. */
static int compare_findings(const void *a, const void *b)
{
	const struct finding *one = a, *two = b;
	int r;

	if (one->rule->at.offset != two->rule->at.offset)
		return one->rule->at.offset < two->rule->at.offset ? -1 : 1;
	r = strcmp(one->rule->at.source->display, two->rule->at.source->display);
	if (r != 0)
		return r;
	if (one->rule != two->rule)
		return (uintptr_t)one->rule < (uintptr_t)two->rule ? -1 : 1;
	return one->index < two->index ? -1 : 1;
}

/* "`mount`, `umount2` and 3 more"; NULL when out of memory. */
static char *list_names(const struct finding *f, size_t n)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < n && i < NAMES_SHOWN; i++)
		fprintf(out, "%s`%s`", i > 0 ? ", " : "", f[i].call->name);
	if (n > NAMES_SHOWN)
		fprintf(out, " and %zu more such calls", n - NAMES_SHOWN);
	if (fclose(out) != 0)
		free(steal_ptr(text));
	return text;
}

/* @n calls that are dangerous through the same rule. */
static int warn_dangerous(struct linter *l, const struct finding *f, size_t n)
{
	_cleanup_free_ char *names = list_names(f, n);

	if (!names)
		return -ENOMEM;
	if (n == 1)
		return lint_warn(l, f->rule->at, "dangerous-uncommented",
			"%s is allowed, and no comment says what for: %s", names, f->call->why);
	return lint_warn(l, f->rule->at, "dangerous-uncommented",
		"%s are allowed, and no comment says what for", names);
}

static int check_dangerous(struct linter *l)
{
	_cleanup_(findings_done) struct findings f = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->p->n_entries; i++)
		r = find_in_entry(l->p, &l->p->entries[i], &f);
	if (f.n > 0)
		qsort(f.list, f.n, sizeof(*f.list), compare_findings);
	for (size_t i = 0, n; r == 0 && i < f.n; i += n) {
		for (n = 1; i + n < f.n && f.list[i + n].rule == f.list[i].rule;)
			n++;
		if (lint_spend(l, f.list[i].rule->at.source->size) && !lint_commented(f.list[i].rule->at))
			r = warn_dangerous(l, &f.list[i], n);
	}
	return r;
}

static const struct policy_entry *find_entry(const struct policy *p, const char *name)
{
	uint32_t number;

	if (syscall_lookup(p->architecture, name, strlen(name), &number) < 0)
		return NULL;
	return policy_find(p, number);
}

/* Allowed for some arguments only. */
static bool is_filtered(const struct policy_entry *entry)
{
	return entry->rules[entry->n_rules - 1]->n_atoms > 0 ||
	       (entry->n_rules > 1 && !rule_allows(entry->rules[entry->n_rules - 1]));
}

/* The rule that allows all calls. */
static const struct policy_rule *free_rule(const struct policy_entry *entry)
{
	const struct policy_rule *only = entry->rules[0];

	return only->n_atoms == 0 && rule_allows(only) ? only : NULL;
}

static int check_bypasses(struct linter *l)
{
	for (size_t i = 0; i < ELEMENTSOF(bypasses); i++) {
		const struct policy_entry *filtered = find_entry(l->p, bypasses[i].filtered);
		const struct policy_entry *other = find_entry(l->p, bypasses[i].other);
		int r;

		if (!filtered || !other || !is_filtered(filtered) || !free_rule(other))
			continue;
		r = lint_warn(l, free_rule(other)->at, "bypass",
			"`%s` is allowed with all arguments, and does what the rules for `%s` keep out",
			bypasses[i].other, bypasses[i].filtered);
		if (r < 0)
			return r;
	}
	return 0;
}

int lint_calls(struct linter *l)
{
	int r = check_dangerous(l);

	return r < 0 ? r : check_bypasses(l);
}
