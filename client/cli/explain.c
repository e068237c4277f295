/* SPDX-License-Identifier: GPL-2.0-or-later */

/* bailiffctl explain: what a launch would come to, and the rule that says so. */

#include "base/error.h"
#include "base/parse.h"
#include "base/strv.h"
#include "base/suggest.h"
#include "cli/json.h"
#include "cli/launch-options.h"
#include "cli/settings.h"
#include "cli/text.h"

#include <pwd.h>
#include <string.h>

struct explain_options {
	struct launch_options launch; /* first: the options that it shares with launch go there */
	bool for_user;
	uid_t uid;
};

static int refuse_user(const char *name, char **reterr_why)
{
	struct suggestion near = suggestion_for(name, strlen(name));

	setpwent();
	for (const struct passwd *user; (user = getpwent());)
		suggestion_offer(&near, user->pw_name);
	endpwent();
	if (suggestion_get(&near))
		return option_refuse(
			reterr_why, "there is no such user here; did you mean %s?", suggestion_get(&near));
	return option_refuse(reterr_why, "there is no such user here; a number will do");
}

static int set_uid(void *into, const char *value, char **reterr_why)
{
	struct explain_options *o = into;
	const struct passwd *user;
	uint64_t v;

	if (parse_u64(value, &v) == 0 && v < UINT32_MAX)
		o->uid = (uid_t)v;
	else {
		user = getpwnam(value);
		if (!user)
			return refuse_user(value, reterr_why);
		o->uid = user->pw_uid;
	}
	o->for_user = true;
	return 0;
}

static int set_detach(void *into, const char *value, char **reterr_why)
{
	struct explain_options *o = into;

	o->launch.detach = true;
	return 0;
}

static void print_json(const struct cli *cli, const bailiff_explanation *e)
{
	struct json j = JSON_INIT(stdout, cli->json == JSON_PRETTY);

	json_object(&j);
	json_key(&j, "allowed");
	json_bool(&j, e->allowed != 0);
	json_key(&j, "rule");
	json_string(&j, e->rule);
	json_key(&j, "reasons");
	json_strv(&j, e->reasons);
	json_key(&j, "effective");
	json_object(&j);
	settings_json(&j, e->effective, NULL);
	json_end(&j);
	json_end(&j);
}

static void print_escaped(const char *key, const char *text)
{
	_cleanup_free_ char *safe = text_escape(text);

	(void)printf("%s: %s\n", key, safe ? safe : "");
}

static void print_text(const bailiff_explanation *e)
{
	(void)printf("allowed: %s\n", e->allowed ? "yes" : "no");
	print_escaped("rule", e->rule);
	for (size_t i = 0; e->reasons[i]; i++)
		print_escaped(i == 0 ? "error" : "reason", e->reasons[i]);
	(void)settings_print(e->effective, NULL);
}

/* As run and launch would end. */
static int status_of(const bailiff_explanation *e)
{
	if (e->allowed)
		return EXIT_SUCCESS;
	return launch_status(
		e->reasons[0] ? e->reasons[0] : "", e->reasons[0] && e->reasons[1] ? e->reasons[1] : "");
}

static int run(const struct cli *cli, void *state, char **args, size_t n)
{
	_cleanup_(bailiff_connection_freep) bailiff_connection *c = NULL;
	_cleanup_(bailiff_request_freep) bailiff_request *request = NULL;
	_cleanup_(bailiff_explanation_freep) bailiff_explanation *e = NULL;
	struct explain_options *o = state;
	int r = launch_request_make(&o->launch, args, &request);

	if (r == 0)
		r = cli_connect(cli, &c);
	if (r < 0)
		return EXIT_BROKER;
	r = bailiff_explain(c, request, o->for_user ? o->uid : BAILIFF_UID_CALLER, &e);
	if (r < 0) {
		report_profile_failure(c, r, args[0]);
		return EXIT_BROKER; /* not an answer */
	}
	if (cli->json == JSON_OFF)
		print_text(e);
	else
		print_json(cli, e);
	return status_of(e);
}

static void done(void *state)
{
	struct explain_options *o = state;

	launch_options_done(&o->launch);
}

static const struct option options[] = {
	{ "user", 'U', "USER", "for this user, by name or number; administrators only", set_uid },
	{ "detach", 0, NULL, "as launch asks, not run", set_detach },
	LAUNCH_WORDS,
};

const struct verb verb_explain = {
	.name = "explain",
	.arguments = LAUNCH_OPTIONS_ARGUMENTS,
	.summary = "Say whether a launch would be allowed, and by which rule",
	.details =
		"Nothing is launched. Descriptors that the profile requires are taken as given; quotas, and "
		"whether the\njail can be set up, are not foreseen. It ends with 0 if allowed, else as run "
		"would.",
	.min = 1,
	.max = SIZE_MAX,
	.passes_on = true,
	.usage_status = EXIT_BROKER,
	.options = options,
	.n_options = ELEMENTSOF(options),
	.state_size = sizeof(struct explain_options),
	.done = done,
	.run = run,
};
