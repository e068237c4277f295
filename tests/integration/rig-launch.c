/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client does with a sandbox: launches, streams, waiting; and the lines that the probe prints. */
#include "rig.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static GVariant *launch_args(const struct rig_launch *l, GUnixFDList *list)
{
	GVariantBuilder env, fds;

	g_variant_builder_init(&env, G_VARIANT_TYPE("a{ss}"));
	for (const char *const *e = l->env; e && e[0]; e += 2)
		g_variant_builder_add(&env, "{ss}", e[0], e[1]);
	g_variant_builder_init(&fds, G_VARIANT_TYPE("a{uh}"));
	for (size_t i = 0; i < l->n_fds; i++)
		g_variant_builder_add(&fds, "{uh}", (guint32)l->fds[2 * i],
			g_unix_fd_list_append(list, l->fds[2 * i + 1], NULL));
	for (size_t i = 0; i < l->n_more; i++)
		(void)g_unix_fd_list_append(list, l->more[i], NULL);
	return g_variant_new("(s@asa{ss}a{uh}@a{sv})", l->profile, g_variant_new_strv(l->argv, -1), &env,
		&fds, l->options ? l->options : g_variant_new_array(G_VARIANT_TYPE("{sv}"), NULL, 0));
}

bool rig_launch_try(GDBusConnection *c, const struct rig_launch *l, struct rig_sandbox *ret, GError **error)
{
	g_autoptr(GUnixFDList) in = g_unix_fd_list_new(), out = NULL;
	g_autoptr(GVariant) reply = NULL, streams = NULL;
	GVariantIter iter;
	gint32 pidfd_index, handle;
	guint32 child;

	reply = rig_call(c, RIG_PATH, RIG_MANAGER, "LaunchSandboxed", launch_args(l, in), in, &out, error);
	if (!reply)
		return false;
	*ret = (struct rig_sandbox){ .pidfd = -1, .stream = { -1, -1, -1 } };
	g_variant_get(reply, "(oh@a{uh}@a{sv})", &ret->path, &pidfd_index, &streams, &ret->info);
	ret->pidfd = g_unix_fd_list_get(out, pidfd_index, NULL);
	assert_true(ret->pidfd >= 0);
	g_variant_iter_init(&iter, streams);
	while (g_variant_iter_loop(&iter, "{uh}", &child, &handle)) {
		assert_true(child < 3);
		ret->stream[child] = g_unix_fd_list_get(out, handle, NULL);
	}
	assert_true(g_variant_lookup(ret->info, "id", "t", &ret->id));
	assert_true(g_variant_lookup(ret->info, "pid", "u", &ret->pid));
	return true;
}

void rig_launch(GDBusConnection *c, const struct rig_launch *l, struct rig_sandbox *ret)
{
	g_autoptr(GError) error = NULL;

	if (!rig_launch_try(c, l, ret, &error))
		fail_msg("launch of %s: %s", l->profile, error->message);
}

void rig_launch_fails(
	GDBusConnection *c, const struct rig_launch *l, const char *error_name, const char *text)
{
	g_autoptr(GError) error = NULL;
	struct rig_sandbox s;

	if (rig_launch_try(c, l, &s, &error))
		fail_msg("launch of %s succeeded, wanted %s", l->profile, error_name);
	rig_check_error("LaunchSandboxed", error, error_name, text);
}

void rig_sandbox_done(struct rig_sandbox *s)
{
	for (int i = 0; i < 3; i++)
		if (s->stream[i] >= 0)
			(void)close(s->stream[i]);
	if (s->pidfd >= 0)
		(void)close(s->pidfd);
	g_clear_pointer(&s->info, g_variant_unref);
	g_clear_pointer(&s->path, g_free);
}

char *rig_wait(GDBusConnection *c, const struct rig_sandbox *s, int *ret_code, int *ret_signal)
{
	g_autoptr(GVariant) reply = rig_call_ok(c, s->path, RIG_SANDBOX, "Wait", NULL);
	gint32 code, sig;
	char *result;

	g_variant_get(reply, "(sii@a{sv})", &result, &code, &sig, NULL);
	if (ret_code)
		*ret_code = code;
	if (ret_signal)
		*ret_signal = sig;
	return result;
}

void rig_finish(GDBusConnection *c, struct rig_sandbox *s)
{
	g_autofree char *result = rig_wait(c, s, NULL, NULL);

	assert_string_equal(result, "success");
	rig_sandbox_done(s);
}

void rig_run_tool(GDBusConnection *c)
{
	static const char *const argv[] = { "/usr/bin/dash", "-c", "exit 0", NULL };
	struct rig_launch l = { .profile = "tool", .argv = argv };
	struct rig_sandbox s;

	rig_launch(c, &l, &s);
	rig_finish(c, &s);
}

char *rig_read_all(int fd, size_t *ret_size)
{
	GString *s = g_string_new(NULL);
	char chunk[8192];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		g_string_append_len(s, chunk, n);
	assert_return_code(n, errno);
	if (ret_size)
		*ret_size = s->len;
	return g_string_free(s, FALSE);
}

GVariant *rig_options_piped(void)
{
	return g_variant_new_parsed("{'stdio': <{uint32 0: 'null', 1: 'pipe', 2: 'pipe'}>}");
}

char *rig_run_probe(GDBusConnection *c, const char *profile, const char *const *argv, int *ret_code)
{
	struct rig_launch l = { .profile = profile, .argv = argv, .options = rig_options_piped() };
	g_autofree char *result = NULL;
	struct rig_sandbox s;
	char *output;

	rig_launch(c, &l, &s);
	output = rig_read_all(s.stream[1], NULL);
	result = rig_wait(c, &s, ret_code, NULL);
	rig_sandbox_done(&s);
	return output;
}

char *rig_probe_value(const char *output, const char *key)
{
	g_autofree char *prefix = g_strdup_printf("%s ", key);
	g_auto(GStrv) lines = g_strsplit(output, "\n", -1);

	for (char **line = lines; *line; line++)
		if (g_str_has_prefix(*line, prefix))
			return g_strdup(*line + strlen(prefix));
		else if (strcmp(*line, key) == 0)
			return g_strdup("");
	return NULL;
}
