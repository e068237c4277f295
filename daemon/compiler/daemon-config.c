/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compiler/daemon-config.h"
#include "base/bounds.h"
#include "base/error.h"
#include "base/parse.h"
#include "base/strv.h"
#include "config.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define SECTION             "Broker"
#define SETUP_USEC_MAX      (600ULL * 1000000) /* ten minutes: a jail that takes longer will never be built */
#define QUARANTINE_USEC_MAX (86400ULL * 1000000)    /* a day: no range is large enough for more */
#define PER_USER_MAX        1000000U                /* more than any table of the daemon holds */
#define BYTES_MAX           (1024ULL * 1024 * 1024) /* more than the daemon should ever hold for one user */
#define SALT_DEFAULT        BAILIFF_STATEDIR "/salt"
#define AT(member)          .offset = offsetof(struct compiled_config, member)

enum config_key {
	KEY_DYNAMIC_USER_RANGE,
	KEY_DYNAMIC_USER_QUARANTINE,
	KEY_SALT_PATH,
	KEY_MAX_SANDBOXES,
	KEY_MAX_SANDBOXES_PER_USER,
	KEY_MAX_CALLS_PER_USER,
	KEY_MAX_RETAINED_PER_USER,
	KEY_MAX_BYTES_PER_USER,
	KEY_MAX_FDS_PER_USER,
	KEY_LAUNCHES_PER_MINUTE_PER_USER,
	KEY_AUDIT_COMMAND_LINE,
	KEY_KERNEL_AUDIT,
	KEY_SETUP_TIMEOUT,
	KEY_MAX_SPARE_JAILS,
	_KEY_MAX,
};

/* "first-last" */
static int set_uid_range(const struct setting *s, void *target)
{
	struct compiled_config *c = target;
	const char *dash = strchr(s->value, '-');
	_cleanup_free_ char *first = dash ? strndup(s->value, (size_t)(dash - s->value)) : NULL;
	uid_t min, max;

	if (dash && !first)
		return -ENOMEM;
	if (!dash || parse_uid(first, &min) < 0 || parse_uid(dash + 1, &max) < 0)
		return setting_error(
			s, 0, "DynamicUserRange=%s: expected two user ids, first-last", s->value);
	if (min > max)
		return setting_error(s, 0, "DynamicUserRange=%s: the range ends before it begins", s->value);
	c->dynamic_uid_min = min;
	c->dynamic_uid_max = max;
	return 0;
}

/* A size as MemoryMax= of profiles has it: K, M, G. */
static int set_bytes(const struct setting *s, void *target)
{
	uint32_t *slot = setting_slot(s, target);
	uint64_t size;

	if (parse_size(s->value, &size) < 0)
		return setting_error(
			s, 0, "%s=%s: expected a size in bytes, such as 4M", s->key->name, s->value);
	if (size < s->key->min || size > s->key->max)
		return setting_error(s, 0, "%s=%s: out of range; %" PRIu64 " to %" PRIu64 " bytes",
			s->key->name, s->value, s->key->min, s->key->max);
	*slot = (uint32_t)size;
	return 0;
}

/* clang-format off */
static const struct key keys[] = {
	{ SECTION, "DynamicUserRange", set_uid_range, KEY_DYNAMIC_USER_RANGE },
	{ SECTION, "DynamicUserQuarantineSec", set_usec, KEY_DYNAMIC_USER_QUARANTINE, AT(dynamic_quarantine_usec), 0, QUARANTINE_USEC_MAX },
	{ SECTION, "SaltPath", set_paths, KEY_SALT_PATH, AT(salt_paths), .list = true },
	{ SECTION, "MaxSandboxes", set_u32, KEY_MAX_SANDBOXES, AT(max_sandboxes), 1, SANDBOXES_MAX },
	{ SECTION, "MaxSandboxesPerUser", set_u32, KEY_MAX_SANDBOXES_PER_USER, AT(max_sandboxes_per_user), 1, PER_USER_MAX },
	{ SECTION, "MaxCallsPerUser", set_u32, KEY_MAX_CALLS_PER_USER, AT(max_calls_per_user), 1, PER_USER_MAX },
	{ SECTION, "MaxRetainedPerUser", set_u32, KEY_MAX_RETAINED_PER_USER, AT(max_retained_per_user), 0, PER_USER_MAX },
	{ SECTION, "MaxBytesPerUser", set_bytes, KEY_MAX_BYTES_PER_USER, AT(max_bytes_per_user), ARG_BYTES_MAX, BYTES_MAX },
	{ SECTION, "MaxFileDescriptorsPerUser", set_u32, KEY_MAX_FDS_PER_USER, AT(max_fds_per_user), LAUNCH_FDS_MAX, PER_USER_MAX },
	{ SECTION, "LaunchesPerMinutePerUser", set_u32, KEY_LAUNCHES_PER_MINUTE_PER_USER, AT(launches_per_minute_per_user), 1,
	  LAUNCHES_PER_MINUTE_MAX },
	{ SECTION, "AuditCommandLine", set_bool, KEY_AUDIT_COMMAND_LINE, AT(audit_command_line) },
	{ SECTION, "KernelAudit", set_bool, KEY_KERNEL_AUDIT, AT(kernel_audit) },
	{ SECTION, "SetupTimeoutSec", set_usec, KEY_SETUP_TIMEOUT, AT(setup_timeout_usec), 1, SETUP_USEC_MAX },
	{ SECTION, "MaxSpareJails", set_u32, KEY_MAX_SPARE_JAILS, AT(max_spare_jails), 0, SPARE_JAILS_MAX },
};
/* clang-format on */

static const struct key_table config_keys = { keys, ELEMENTSOF(keys) };

static void copy_u32(uint32_t *to, const uint32_t *from, const struct setting_state *state)
{
	if (state->set)
		*to = *from;
}

/* Puts what was set over the defaults; an emptied key keeps its default. */
static void take_set(
	struct compiled_config *to, struct compiled_config *from, const struct setting_state *states)
{
	copy_u32(&to->dynamic_uid_min, &from->dynamic_uid_min, &states[KEY_DYNAMIC_USER_RANGE]);
	copy_u32(&to->dynamic_uid_max, &from->dynamic_uid_max, &states[KEY_DYNAMIC_USER_RANGE]);
	copy_u32(&to->max_sandboxes, &from->max_sandboxes, &states[KEY_MAX_SANDBOXES]);
	copy_u32(&to->max_sandboxes_per_user, &from->max_sandboxes_per_user,
		&states[KEY_MAX_SANDBOXES_PER_USER]);
	copy_u32(&to->max_calls_per_user, &from->max_calls_per_user, &states[KEY_MAX_CALLS_PER_USER]);
	copy_u32(
		&to->max_retained_per_user, &from->max_retained_per_user, &states[KEY_MAX_RETAINED_PER_USER]);
	if (states[KEY_DYNAMIC_USER_QUARANTINE].set)
		to->dynamic_quarantine_usec = from->dynamic_quarantine_usec;
	copy_u32(&to->max_bytes_per_user, &from->max_bytes_per_user, &states[KEY_MAX_BYTES_PER_USER]);
	copy_u32(&to->max_fds_per_user, &from->max_fds_per_user, &states[KEY_MAX_FDS_PER_USER]);
	copy_u32(&to->launches_per_minute_per_user, &from->launches_per_minute_per_user,
		&states[KEY_LAUNCHES_PER_MINUTE_PER_USER]);
	copy_u32(&to->max_spare_jails, &from->max_spare_jails, &states[KEY_MAX_SPARE_JAILS]);
	if (states[KEY_AUDIT_COMMAND_LINE].set)
		to->audit_command_line = from->audit_command_line;
	if (states[KEY_KERNEL_AUDIT].set)
		to->kernel_audit = from->kernel_audit;
	if (states[KEY_SETUP_TIMEOUT].set)
		to->setup_timeout_usec = from->setup_timeout_usec;
	if (states[KEY_SALT_PATH].set) {
		strv_free(to->salt_paths);
		to->salt_paths = steal_ptr(from->salt_paths);
	}
}

static int apply_unit(const struct unit *u, struct diagnostics *d, struct compiled_config *c)
{
	_cleanup_(compiled_config_done) struct compiled_config set = { 0 };
	struct setting_state states[_KEY_MAX] = { 0 };
	struct place at = { CONFIG_FILE, 0, 0 };
	const char *reason = NULL;
	bool failed = u->diagnostics.n > 0;
	int r;

	STRV_FOREACH (l, u->diagnostics.lines) {
		r = strv_extend(&d->lines, *l);
		if (r < 0)
			return r;
		d->n++;
	}
	for (size_t i = 0; i < u->n_sources; i++) {
		r = settings_apply(&config_keys, u->sources[i], &set, states, d);
		if (r < 0 && r != -EBADMSG)
			return r;
		failed |= r < 0;
	}
	take_set(c, &set, states);
	r = c->salt_paths ? 0 : strv_extend(&c->salt_paths, SALT_DEFAULT);
	if (r < 0)
		return r;
	/* each value was in its range; what can still be wrong is where the range of ids lies */
	if (states[KEY_DYNAMIC_USER_RANGE].set)
		at = states[KEY_DYNAMIC_USER_RANGE].place;
	if (!failed && compiled_config_check(c, &reason) < 0)
		return diagnostics_add(d, &at, "%s", reason);
	return failed ? -EBADMSG : 0;
}

int config_load(const struct places *places, const struct draft *draft, struct diagnostics *d,
	struct compiled_config *ret)
{
	_cleanup_(unit_done) struct unit u = { 0 };
	int r;

	compiled_config_init(ret);
	r = unit_load(places->dirs, places->n, CONFIG_FILE, draft, &u);
	return r < 0 ? r : apply_unit(&u, d, ret);
}
