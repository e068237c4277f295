/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Any text as a policy: it is refused with diagnostics that are fit to print, or compiled to a program that
 * says what the rules say, for calls around every value that the rules name. A text that begins with "#",
 * a digit and the letter "d" or "w" is for another architecture, may be a deny list, and is looked at for
 * warnings. What follows a form feed is a file beside it: "a", then "b".
 */

#include "base/bounds.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/utf8.h"
#include "seccomp/loaded.h"
#include "seccomp/seccomp.h"
#include "seccomp/simulate.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define ATOMS_MAX 200 /* looked at for one input: bounds the time it takes */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What an input consists of. */
struct parts {
	const char *text;
	size_t size;
	struct seccomp_options options;
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_call(const struct seccomp_result *result, uint32_t number, uint32_t audit,
	const uint64_t arguments[POLICY_ARGUMENTS])
{
	struct seccomp_data data = { .nr = (int)number, .arch = audit };
	uint32_t action;

	memcpy(data.args, arguments, sizeof(data.args));
	require(filter_simulate(result->filter, result->n_filter, &data, &action) == 0);
	require(action == policy_evaluate(&result->loaded->policy, &data));
}

static void check_rule(
	const struct seccomp_result *result, uint32_t number, const struct policy_rule *rule, size_t *budget)
{
	const uint32_t audit = result->loaded->policy.architecture->audit;
	uint64_t arguments[POLICY_ARGUMENTS] = {};

	for (size_t i = 0; i<rule->n_atoms && * budget> 0; i++) {
		const struct policy_atom *atom = &rule->atoms[i];
		const uint64_t near[] = { atom->value + 1, atom->value - 1, ~atom->value,
			atom->value ^ 1ULL << 32, atom->value ^ 1ULL << 63, 0, atom->value };

		/* The last of them stays, so that conjunctions come true. */
		for (size_t j = 0; j < ELEMENTSOF(near); j++) {
			arguments[atom->argument] = near[j];
			check_call(result, number, audit, arguments);
		}
		(*budget)--;
	}
}

static void check_entry(const struct seccomp_result *result, const struct policy_entry *entry, size_t *budget)
{
	static const uint64_t none[POLICY_ARGUMENTS], all[POLICY_ARGUMENTS] = { UINT64_MAX, UINT64_MAX,
		UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX };
	const uint32_t audit = result->loaded->policy.architecture->audit;

	check_call(result, entry->number, audit, none);
	check_call(result, entry->number, audit, all);
	check_call(result, entry->number + 1, audit, none);
	check_call(result, entry->number - 1, audit, none);
	check_call(result, entry->number ^ 0x40000000, audit, none);
	check_call(result, entry->number ^ 0x80000000, audit, none);
	for (size_t i = 0; i < entry->n_rules; i++)
		check_rule(result, entry->number, entry->rules[i], budget);
}

static void check_program(const struct seccomp_result *result)
{
	static const uint64_t none[POLICY_ARGUMENTS];
	const struct policy *p = &result->loaded->policy;
	size_t budget = ATOMS_MAX;

	require(result->n_filter >= 1 && result->n_filter <= BPF_MAXINSNS_PER_FILTER);
	for (size_t i = 0; i < _ARCHITECTURE_MAX; i++) {
		check_call(result, 0, architectures[i].audit, none);
		check_call(result, UINT32_MAX, architectures[i].audit, none);
	}
	for (size_t i = 0; i < p->n_entries; i++)
		check_entry(result, &p->entries[i], &budget);
}

/* Nothing of the input may reach a terminal or a D-Bus string unchecked. */
static void check_text(const char *text, bool lines)
{
	size_t length = strlen(text);

	require(utf8_valid_prefix(text, length) == length);
	for (const char *c = text; *c; c++)
		require((unsigned char)*c >= 0x20 || (lines && (*c == '\n' || *c == '\t')));
}

static void check_diagnostic(const struct seccomp_diagnostic *d)
{
	require(d->code && d->place.file);
	check_text(d->text, false);
	check_text(d->rendered, true);
	if (d->suggestion)
		check_text(d->suggestion, false);
	for (size_t i = 0; i < d->n_notes; i++)
		check_text(d->notes[i].text, false);
}

static size_t check_diagnostics(const struct seccomp_result *result)
{
	size_t errors = 0;

	for (size_t i = 0; i < result->n_diagnostics; i++) {
		check_diagnostic(&result->diagnostics[i]);
		errors += result->diagnostics[i].severity == SECCOMP_ERROR;
	}
	return errors;
}

static const char *const names[] = { "a", "b" };
static char folder_path[] = "/tmp/fuzz-seccomp-XXXXXX";
static int folder_fd = -1;

static void remove_folder(void)
{
	for (size_t i = 0; i < ELEMENTSOF(names); i++)
		(void)unlinkat(folder_fd, names[i], 0);
	(void)rmdir(folder_path);
}

static int folder(void)
{
	if (folder_fd >= 0)
		return folder_fd;
	require(mkdtemp(folder_path));
	folder_fd = open(folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	require(folder_fd >= 0 && atexit(remove_folder) == 0);
	return folder_fd;
}

/* Cuts the files off the input. */
static void write_files(struct parts *parts)
{
	const char *at = memchr(parts->text, '\f', parts->size), *end = parts->text + parts->size;

	if (!at)
		return;
	parts->size = (size_t)(at - parts->text);
	for (size_t i = 0; i < ELEMENTSOF(names) && at; i++) {
		const char *begin = at + 1;
		int fd = openat(folder(), names[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		at = memchr(begin, '\f', (size_t)(end - begin));
		require(fd >= 0);
		require(write(fd, begin, (size_t)((at ? at : end) - begin)) >= 0);
		(void)close(fd);
	}
}

static struct parts take_apart(const uint8_t *data, size_t size)
{
	struct parts parts = { .text = (const char *)data, .size = size };

	parts.options = (struct seccomp_options){ .architecture = &architectures[ARCHITECTURE_X86_64],
		.flags = SECCOMP_UNTRUSTED | SECCOMP_KEEP };
	if (size < 3 || data[0] != '#' || data[1] < '0' || data[1] >= '0' + _ARCHITECTURE_MAX)
		return parts;
	parts.options.architecture = &architectures[data[1] - '0'];
	for (size_t i = 2; i < size && (data[i] == 'd' || data[i] == 'w'); i++)
		parts.options.flags |= data[i] == 'd' ? SECCOMP_DENYLIST : SECCOMP_WARNINGS;
	return parts;
}

/* Warnings make no difference to anything else. */
static void check_without_warnings(
	const struct parts *parts, int fd, int r, const struct seccomp_result *result)
{
	struct seccomp_options options = parts->options;
	struct seccomp_result quiet;

	options.flags &= ~(unsigned)SECCOMP_WARNINGS;
	require(seccomp_compile_text(parts->text, parts->size, fd, "fuzz", &options, &quiet) == r);
	require(quiet.n_filter == result->n_filter);
	require(r < 0 || memcmp(quiet.filter, result->filter, quiet.n_filter * sizeof(*quiet.filter)) == 0);
	seccomp_result_done(&quiet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parts parts = take_apart(data, size);
	bool files = size > 0 && memchr(data, '\f', size);
	struct seccomp_result result;
	size_t errors;
	int fd, r;

	write_files(&parts);
	fd = files ? folder() : -1;
	r = seccomp_compile_text(parts.text, parts.size, fd, "fuzz", &parts.options, &result);
	errors = check_diagnostics(&result);
	require((r == 0) == (errors == 0));
	if (r == 0)
		check_program(&result);
	if (parts.options.flags & SECCOMP_WARNINGS)
		check_without_warnings(&parts, fd, r, &result);
	seccomp_result_done(&result);
	return 0;
}
