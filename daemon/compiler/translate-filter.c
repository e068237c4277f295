/* SPDX-License-Identifier: GPL-2.0-or-later */

/* [Seccomp] and what other sections have of system calls: the words looked up, the policy compiled, and one
 * program made of all (seccomp/layers.h). */

#include "base/error.h"
#include "base/suggest.h"
#include "compiler/filter.h"
#include "compiler/shared.h"
#include "compiler/translate.h"

#include <string.h>

/* systemd's names. Which of them the machine can run beside its own: the kernel has no others there. */
static const struct {
	const char *name;
	enum architecture_id id, native;
	bool opens; /* the keeper's filter lets it through: base/denied.c */
} architecture_names[] = {
	{ "x86-64", ARCHITECTURE_X86_64, ARCHITECTURE_X86_64, true },
	{ "x86", ARCHITECTURE_I386, ARCHITECTURE_X86_64, true },
	{ "x32", ARCHITECTURE_X32, ARCHITECTURE_X86_64, false },
	{ "arm64", ARCHITECTURE_ARM64, ARCHITECTURE_ARM64, true },
	{ "arm", ARCHITECTURE_ARM, ARCHITECTURE_ARM64, false },
	{ "riscv64", ARCHITECTURE_RISCV64, ARCHITECTURE_RISCV64, true },
};

static void layers_done(struct seccomp_layers *l)
{
	free(l->filter.marks);
	free(l->log.marks);
}

/* What Policy= compiled to, by architecture. */
struct policies {
	struct seccomp_result list[_ARCHITECTURE_MAX];
};

static void policies_done(struct policies *p)
{
	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++)
		seccomp_result_done(&p->list[i]);
}

static int refuse_architecture(const struct profile_word *word, struct diagnostics *d)
{
	struct suggestion near = suggestion_for(word->text, strlen(word->text));

	for (size_t i = 0; i < ELEMENTSOF(architecture_names); i++)
		suggestion_offer(&near, architecture_names[i].name);
	if (suggestion_get(&near))
		return diagnostics_add(d, &word->place,
			"SystemCallArchitectures=%s: no such architecture; did you mean '%s'?", word->text,
			suggestion_get(&near));
	return diagnostics_add(d, &word->place,
		"SystemCallArchitectures=%s: expected native, x86-64, x86, x32, arm64, arm or riscv64",
		word->text);
}

static int find_architecture(const struct profile_word *word, struct diagnostics *d,
	enum architecture_id native, bool ret[_ARCHITECTURE_MAX])
{
	if (strcmp(word->text, "native") == 0)
		return 0;
	for (size_t i = 0; i < ELEMENTSOF(architecture_names); i++) {
		if (strcmp(word->text, architecture_names[i].name) != 0)
			continue;
		/* another machine's is no harm here: no call of it can be made */
		if (architecture_names[i].native != native)
			return 0;
		if (architecture_names[i].id != native && !architecture_names[i].opens)
			return diagnostics_add(d, &word->place,
				"SystemCallArchitectures=%s: the daemon's own filter closes this interface "
				"to every "
				"sandbox; remove it",
				word->text);
		ret[architecture_names[i].id] = true;
		return 0;
	}
	return refuse_architecture(word, d);
}

/* Which architectures the sandbox may use: its machine's own, and what is listed of those that the machine
 * has beside it. */
static int find_architectures(const struct profile *p, struct diagnostics *d, enum architecture_id native,
	bool ret[_ARCHITECTURE_MAX])
{
	bool failed = false;

	ret[native] = true;
	for (size_t i = 0; i < p->architectures.n; i++) {
		const struct profile_word *word = &p->architectures.v[i];
		int r = find_architecture(word, d, native, ret);

		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
	}
	return failed ? -EBADMSG : 0;
}

static int make_lists(const struct profile *p, struct diagnostics *d, struct seccomp_layers *l)
{
	bool failed = false;
	int r;

	r = call_list_filter(p, d, &l->filter);
	failed |= r == -EBADMSG;
	if (r == 0 || r == -EBADMSG)
		r = call_list_log(p, d, &l->log);
	failed |= r == -EBADMSG;
	if (r == 0 || r == -EBADMSG)
		r = family_list_make(p, d, &l->families);
	return r == 0 && failed ? -EBADMSG : r;
}

static void take_keys(const struct profile *p, struct seccomp_layers *l)
{
	uint32_t all = profile_namespaces_all();

	if (p->restrict_namespaces.given) {
		l->namespaces_denied = all & ~p->restrict_namespaces.allowed;
		l->namespaces_none = l->namespaces_denied == all;
	}
	l->deny_write_execute = profile_asks(p, KEY_MEMORY_DENY_WRITE_EXECUTE, p->memory_deny_write_execute);
	l->lock_personality = profile_asks(p, KEY_LOCK_PERSONALITY, p->lock_personality);
	l->restrict_realtime = profile_asks(p, KEY_RESTRICT_REALTIME, p->restrict_realtime);
	l->restrict_suid_sgid = profile_restricts_suid_sgid(p);
	l->protect_hostname = profile_protects_hostname(p);
	l->protect_clock = profile_protects(p, KEY_PROTECT_CLOCK);
	l->protect_modules = profile_protects(p, KEY_PROTECT_KERNEL_MODULES);
	l->protect_logs = profile_protects(p, KEY_PROTECT_KERNEL_LOGS);
}

/* Where to point for what is wrong with all keys together. */
static struct place place_of(const struct profile *p)
{
	if (p->states[KEY_POLICY].set)
		return p->states[KEY_POLICY].place;
	if (p->states[KEY_SYSTEM_CALL_FILTER].set)
		return p->states[KEY_SYSTEM_CALL_FILTER].place;
	return (struct place){ p->first_own < p->n_files ? p->files[p->first_own]->path : p->name, 0, 0 };
}

static int load_policies(const struct translation *t, const struct profile *p, struct diagnostics *d,
	const bool wanted[_ARCHITECTURE_MAX], struct policies *policies, char **ret_path)
{
	int r = 0;

	for (size_t i = 0; i < _ARCHITECTURE_MAX && r == 0 && p->states[KEY_POLICY].set; i++)
		if (wanted[i])
			r = load_policy(t, p, &architectures[i], d, &policies->list[i], ret_path);
	return r;
}

static int copy_filter(const struct shared_filter *f, struct compiled_profile *ret)
{
	ret->filter = calloc(f->n_filter + 1, sizeof(*f->filter));
	ret->policy_path = f->policy_path ? strdup(f->policy_path) : NULL;
	if (!ret->filter || (f->policy_path && !ret->policy_path))
		return -ENOMEM;
	memcpy(ret->filter, f->filter, f->n_filter * sizeof(*f->filter));
	ret->n_filter = f->n_filter;
	return 0;
}

static int make_filter(const struct translation *t, const struct profile *p, struct diagnostics *d,
	const struct seccomp_layers *layers, const bool wanted[_ARCHITECTURE_MAX],
	struct compiled_profile *ret)
{
	_cleanup_(policies_done) struct policies policies = { 0 };
	const struct place place = place_of(p);
	_cleanup_free_ char *text = NULL;
	int r;

	r = load_policies(t, p, d, wanted, &policies, &ret->policy_path);
	if (r < 0)
		return r;
	r = layers_compile(layers, policies.list, wanted, &ret->filter, &ret->n_filter, &text);
	return r == -EBADMSG ? diagnostics_add(d, &place, "[Seccomp]: %s", text) : r;
}

/* The program that another profile has already, or a new one. */
static int find_filter(const struct translation *t, const struct profile *p, struct diagnostics *d,
	const struct seccomp_layers *layers, const bool wanted[_ARCHITECTURE_MAX],
	struct compiled_profile *ret)
{
	const char *policy = p->states[KEY_POLICY].set ? p->policy : NULL;
	_cleanup_(buf_done) struct buf key = BUF_INIT(0);
	const struct shared_filter *known;
	int r;

	if (!t->filters)
		return make_filter(t, p, d, layers, wanted, ret);
	r = shared_filter_key(layers, policy, wanted, &key);
	if (r < 0)
		return r;
	known = shared_filter_find(t->filters, &key);
	if (known)
		return copy_filter(known, ret);
	r = make_filter(t, p, d, layers, wanted, ret);
	return r < 0 ? r : shared_filter_add(t->filters, &key, ret->filter, ret->n_filter, ret->policy_path);
}

int translate_filter(const struct translation *t, const struct profile *p, struct diagnostics *d,
	struct compiled_profile *ret)
{
	const struct architecture *native = architecture_native();
	_cleanup_(layers_done) struct seccomp_layers layers = { 0 };
	const struct place place = place_of(p);
	bool wanted[_ARCHITECTURE_MAX] = { false };
	int r, lists;

	if (!native)
		return diagnostics_add(d, &place,
			"there are no tables of system calls for the architecture that this program was "
			"built for");
	lists = make_lists(p, d, &layers);
	if (lists < 0 && lists != -EBADMSG)
		return lists;
	take_keys(p, &layers);
	r = find_architectures(p, d, native->id, wanted);
	if (r < 0 || lists < 0)
		return r < 0 ? r : lists;
	r = find_filter(t, p, d, &layers, wanted, ret);
	if (r < 0)
		return r;
	ret->deny_write_execute = layers.deny_write_execute;
	if (p->states[KEY_REPORT_VIOLATIONS].set)
		ret->violations = p->report_violations ? VIOLATIONS_TOLD : VIOLATIONS_UNTOLD;
	return r;
}
