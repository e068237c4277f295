/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/broker.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/landlock.h"
#include "base/log.h"
#include "base/strv.h"
#include "broker/bus.h"
#include "broker/fd-channel.h"
#include "broker/inquiry.h"
#include "broker/launch-call.h"
#include "broker/lifetime.h"
#include "broker/manager-bus.h"
#include "broker/takeover.h"

#include <stdlib.h>

void broker_init(struct broker *b, sd_event *event)
{
	int abi = landlock_abi();

	*b = BROKER_NULL;
	b->event = sd_event_ref(event);
	b->landlock_abi = abi > 0 ? (uint32_t)abi : 0;
	launch_turns_init(&b->launch_turns);
}

/* Of before. */
static void forget_answers(struct broker *b)
{
	recall_forget(&b->recall);
	ready_forget(&b->ready_answers);
}

void broker_done(struct broker *b)
{
	b->ready = false;
	forget_answers(b);
	launcher_client_close(&b->launcher);
	between_done(b);
	keeper_client_close(&b->keeper);
	inquiries_done(b);
	fd_channels_done(b);
	manager_bus_refuse_reloads(b);
	direct_drain(&b->direct);
	sandboxes_done(&b->sandboxes);
	direct_close(&b->direct);
	callers_done(&b->callers);
	quota_done(&b->quota);
	rates_done(&b->rates);
	b->launch_turns.again = sd_event_source_disable_unref(b->launch_turns.again);
	audit_done(&b->audit);
	b->catalog = catalog_free(b->catalog);
	b->errors = strv_free(b->errors);
	free(b->salt);
	outflow_drain(b);
	leave_done(b);
	bus_close(b);
	b->bus_retry = sd_event_source_disable_unref(b->bus_retry);
	b->event = sd_event_unref(b->event);
	b->proc_fd = fd_close(b->proc_fd);
}

void broker_fail(struct broker *b, int error, const char *what)
{
	(void)log_errno(LOG_ERR, error, "%s", what);
	b->ready = false;
	forget_answers(b);
	b->stopping = true;
	(void)sd_event_exit(b->event, EXIT_FAILURE);
}

static int set_errors(struct broker *b, char *const *errors)
{
	char **copy = strv_copy(errors);

	if (!copy)
		return -ENOMEM;
	(void)strv_free(b->errors);
	b->errors = copy;
	return 0;
}

/* As soon as all is there that it takes. */
static int take_over(struct broker *b)
{
	if (!b->catalog || b->launcher.fd < 0 || (b->bus && !b->connected) || b->taking_over)
		return 0;
	b->taking_over = true;
	return takeover_begin(b);
}

int broker_take_catalog(struct broker *b, struct catalog *catalog, uint32_t generation, uint32_t serial)
{
	_cleanup_(catalog_freep) struct catalog *fresh = catalog;
	const bool first = b->catalog == NULL;
	int r;

	r = set_errors(b, fresh->errors);
	if (r < 0)
		return r;
	(void)catalog_free(b->catalog);
	b->catalog = steal_ptr(fresh);
	b->generation = generation;
	forget_answers(b);
	audit_want_kernel(&b->audit, b->catalog->config.kernel_audit);
	/* The configuration may name another file. */
	free(b->salt);
	b->salt = NULL;
	b->salt_refused_usec = 0;
	if (first)
		return take_over(b);
	log_notice("Profiles of generation %u are in force", generation);
	manager_bus_reloaded(b, serial);
	return 0;
}

void broker_reload_failed(struct broker *b, const struct catalog *report, uint32_t serial)
{
	static char no_report[] = "the compiler or the launcher failed: the log says how";
	char *const fallback[] = { no_report, NULL };
	int r;

	log_warning("The new profiles have errors: generation %u stays in force", b->generation);
	/* Without an error in the list the reload would pass for a success. */
	r = set_errors(b, report && strv_length(report->errors) > 0 ? report->errors : fallback);
	if (r < 0)
		broker_fail(b, r, "The errors of the new profiles can not be kept");
	else
		manager_bus_reloaded(b, serial);
}

int broker_take_launcher(struct broker *b, int fd)
{
	_cleanup_close_ int socket = fd;
	int r;

	/* Of the one before the end may not have been read yet, nor what it said last. */
	launcher_client_drain(&b->launcher);
	if (b->launcher.fd >= 0)
		broker_launcher_gone(b);
	r = launcher_client_open(&b->launcher, b, socket);
	if (r < 0)
		return r;
	(void)steal_fd(socket);
	return take_over(b);
}

int broker_take_direct(struct broker *b, int fd)
{
	return direct_open(&b->direct, b, fd);
}

void broker_launcher_gone(struct broker *b)
{
	if (!b->stopping)
		log_warning(
			"The launcher has ended: waiting for the next one, which takes the sandboxes over");
	launcher_client_close(&b->launcher);
	b->taking_over = false; /* the next one will be asked */
	between_begin(b);
}

void broker_launcher_broken(struct broker *b, int error)
{
	broker_launcher_gone(b);
	between_refuse(b);
	manager_bus_refuse_reloads(b);
	direct_drain(&b->direct);
	outflow_drain(b);
	broker_fail(b, error, "The launcher's answer is not to be understood");
}

void broker_stop(struct broker *b)
{
	if (b->stopping)
		return;
	b->ready = false;
	forget_answers(b);
	b->stopping = true;
	between_refuse(b);
	manager_bus_refuse_reloads(b);
	inquiries_refuse(b);
	fd_channels_refuse(b);
	leave_begin(b);
}

void broker_client_gone(struct broker *b, const char *name)
{
	inquiries_client_gone(b, name);
	fd_channels_client_gone(b, name);
	callers_lost(&b->callers, name);
	between_client_gone(b, name);
	deferred_list_drop(&b->reloads, name);
	deferred_list_drop(&b->reloads_next, name);
	launch_client_gone(b, name);
	lifetime_client_gone(b, name);
}

void broker_connected(struct broker *b)
{
	int r;

	b->connected = true;
	if (b->ready) {
		bus_ask_name(b);
		return;
	}
	r = take_over(b);
	if (r < 0)
		broker_fail(b, r, "The launcher can not be asked for the sandboxes that there are");
}

void broker_serve(struct broker *b)
{
	int r;

	if (b->stopping)
		return;
	b->ready = true;
	if (b->served)
		return;
	b->served = true;
	if (!b->bus)
		bus_await(b);
	r = keeper_say_ready(&b->keeper);
	if (r < 0) {
		broker_fail(b, r, "The keeper does not take our word that we are ready");
		return;
	}
	r = direct_begin(&b->direct);
	if (r < 0)
		broker_fail(b, r, "The direct socket can not be watched");
}
