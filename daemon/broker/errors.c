/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/errors.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/utf8.h"
#include "dbus/names.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 1536 /* the launcher's longest message, a rule, and the words around them */

int error_set_text(sd_bus_error *error, const char *name, const char *text)
{
	_cleanup_free_ char *escaped = utf8_escape(text);

	return escaped ? sd_bus_error_set(error, name, escaped) : -ENOMEM;
}

int error_invalid_args(sd_bus_error *error, const char *format, ...)
{
	char text[PLAN_MESSAGE_MAX];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return error_set_text(error, SD_BUS_ERROR_INVALID_ARGS, text);
}

int error_unreadable(sd_bus_error *error, int r, const char *what)
{
	if (r == -ENOMEM)
		return r;
	/* the signature fits, and what can not be parsed never comes this far: what is left is a handle */
	if (r == -EBADMSG)
		return error_invalid_args(
			error, "Argument %s names a descriptor that the message does not have", what);
	return error_invalid_args(error, "Argument %s can not be read: %s", what, strerror(-r));
}

int error_no_such_sandbox(sd_bus_error *error)
{
	return sd_bus_error_set(error, BAILIFF_ERROR_NO_SUCH_SANDBOX, "No such sandbox of this user");
}

int error_sandbox_ended(sd_bus_error *error)
{
	return sd_bus_error_set(
		error, BAILIFF_ERROR_NO_SUCH_SANDBOX, "The sandbox has ended: Wait() tells how");
}

void error_refusal_name(enum refusal refusal, char ret[ERROR_NAME_MAX])
{
	static const char prefix[] = BAILIFF_ERROR_PREFIX;
	const char *suffix = refusal_to_string(refusal);
	size_t size;

	if (!suffix)
		suffix = "Failed";
	size = strnlen(suffix, ERROR_NAME_MAX - sizeof(prefix));
	memcpy(ret, prefix, sizeof(prefix) - 1);
	memcpy(ret + sizeof(prefix) - 1, suffix, size);
	ret[sizeof(prefix) - 1 + size] = '\0';
}

int error_refusal(sd_bus_error *error, enum refusal refusal, const char *rule, const char *message)
{
	char name[ERROR_NAME_MAX], text[TEXT_MAX];

	error_refusal_name(refusal, name);
	if (rule && rule[0] != '\0')
		(void)snprintf(text, sizeof(text), "%s [%s]", message, rule);
	else
		(void)snprintf(text, sizeof(text), "%s", message);
	return error_set_text(error, name, text);
}

/* What to do about it, where the kernel's word for the error does not say. The first that fits. Files *.conf
 * are those of bailiffd(8), for systemd's unit. */
static const char *mend_of(enum jail_stage stage, int error, const char *object)
{
	static const struct {
		enum jail_stage stage;
		int error;
		const char *about; /* the object begins with it; "": any */
		const char *mend;
	} mends[] = {
		{ STAGE_NAMESPACES, -ENOSPC, "", "raise the limits below /proc/sys/user" },
		{ STAGE_NAMESPACES, -EINVAL, "", "this kernel has no such namespace" },
		{ STAGE_NAMESPACES, -EAFNOSUPPORT, "",
			"give bailiffd the network (under systemd with network.conf, see bailiffd(8))" },
		{ STAGE_MOUNTS, -ENOENT, "source /dev/",
			"begin the source with \"-\" if it may be missing; a device that is there is shown "
			"to "
			"bailiffd under systemd with devices.conf, see bailiffd(8)" },
		{ STAGE_MOUNTS, -ENOENT, "",
			"make it on the host, or begin the source with \"-\" if it may be missing" },
		{ STAGE_RLIMITS, -EPERM, "",
			"the limit is above the one that bailiffd itself was started with" },
		{ STAGE_RLIMITS, -EACCES, "", "give bailiffd that capability, or change the key" },
		{ STAGE_RLIMITS, -EOPNOTSUPP, "", "Optional= can name it, to go on without" },
		{ STAGE_CAPABILITIES, -EPERM, "the launcher itself lacks CAP_NET_",
			"give it to bailiffd (under systemd with network.conf, see bailiffd(8))" },
		{ STAGE_CAPABILITIES, -EPERM, "the launcher itself lacks ",
			"give it to bailiffd (under systemd with capabilities.conf, see bailiffd(8))" },
		{ STAGE_SELINUX, -EOPNOTSUPP, "", "switch it on, or let Optional=SELinux go on without" },
		{ STAGE_CGROUP, -EOPNOTSUPP, "",
			"bailiffd needs a delegated cgroup v2 with it, or Optional=Cgroup goes on without" },
		{ STAGE_EXEC, -ENOENT, "",
			"it must exist inside of the jail: see Executable= and [Filesystem] of the profile" },
		{ STAGE_EXEC, -EACCES, "",
			"the jail's user must be allowed to execute it, and its mount must not be noexec" },
		{ STAGE_EXEC, -E2BIG, "", "give fewer or shorter arguments and variables" },
	};

	for (size_t i = 0; i < ELEMENTSOF(mends); i++)
		if (mends[i].stage == stage && mends[i].error == error &&
			strncmp(object, mends[i].about, strlen(mends[i].about)) == 0)
			return mends[i].mend;
	if (error == -EAGAIN || error == -ENOMEM)
		return "the machine has no room for it now: try again later";
	return NULL;
}

/* One sentence: the stage, the path or key concerned as the launcher tells it, the kernel's word, the mend.
 */
static int error_stage(sd_bus_error *error, const struct refused *refused)
{
	const enum jail_stage stage = (enum jail_stage)refused->stage;
	const char *object = refused->message ? refused->message : "";
	const char *mend = mend_of(stage, refused->error, object);
	char name[128], text[TEXT_MAX];

	(void)snprintf(name, sizeof(name), "%s%s", BAILIFF_ERROR_SETUP_PREFIX, jail_stage_to_string(stage));
	(void)snprintf(text, sizeof(text), "Setting up the jail failed at %s: %s%s%s%s%s",
		jail_stage_to_string(stage), object, object[0] != '\0' ? ": " : "", strerror(-refused->error),
		mend ? "; " : "", mend ? mend : "");
	return error_set_text(error, name, text);
}

int error_refused(sd_bus_error *error, const struct refused *refused)
{
	if (refused->stage > STAGE_NONE && refused->stage < _STAGE_MAX)
		return error_stage(error, refused);
	if (refused->refusal > REFUSAL_NONE && refused->refusal < _REFUSAL_MAX)
		return error_refusal(error, (enum refusal)refused->refusal, refused->rule,
			refused->message ? refused->message : "Refused by the launcher");
	return sd_bus_error_setf(error, BAILIFF_ERROR_FAILED, "The launcher failed: %s",
		refused->error < 0 ? strerror(-refused->error) : "no reason given");
}

const char *sandbox_state_to_string(enum sandbox_state state)
{
	static const char *const names[_SANDBOX_STATE_MAX] = {
		[SANDBOX_STARTING] = "starting",
		[SANDBOX_RUNNING] = "running",
		[SANDBOX_READY] = "ready",
		[SANDBOX_STOPPING] = "stopping",
		[SANDBOX_EXITED] = "exited",
	};

	return (unsigned)state < ELEMENTSOF(names) ? names[state] : NULL;
}

const char *sandbox_result_to_string(enum sandbox_result result)
{
	static const char *const names[_RESULT_MAX] = {
		[RESULT_SUCCESS] = "success",
		[RESULT_EXIT_CODE] = "exit-code",
		[RESULT_SIGNAL] = "signal",
		[RESULT_CORE_DUMP] = "core-dump",
		[RESULT_TIMEOUT] = "timeout",
		[RESULT_OOM] = "oom",
		[RESULT_VIOLATION] = "violation",
		[RESULT_CLIENT_GONE] = "client-gone",
		[RESULT_KILLED] = "killed",
		[RESULT_SETUP_FAILED] = "setup-failed",
	};

	return (unsigned)result < ELEMENTSOF(names) ? names[result] : NULL;
}
