/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "jail/shed.h"
#include "base/error.h"
#include "jail/steps.h"

#include <link.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OBJECTS_MAX   16
#define CODE_MAX      64
#define STACK_BELOW   16384 /* of the stack, for calls to come */
#define THREAD_AROUND 4096  /* errno lies in the block of what is each thread's own, which is smaller */

struct range {
	uintptr_t from, to;
};

/* Sorted; with room for stack, thread and what is shared. */
static struct range kept[OBJECTS_MAX + 3], code[CODE_MAX];
static size_t n_kept, n_code;
static bool learnt;

static struct range pages_of(uintptr_t from, size_t size)
{
	const uintptr_t page = (uintptr_t)getpagesize();

	return (struct range){ from & ~(page - 1), (from + size + page - 1) & ~(page - 1) };
}

static void keep(struct range r)
{
	size_t at = n_kept++;

	for (; at > 0 && kept[at - 1].from > r.from; at--)
		kept[at] = kept[at - 1];
	kept[at] = r;
}

static bool lies_at(const struct dl_phdr_info *info, unsigned long type)
{
	const unsigned long at = getauxval(type);

	return at != 0 && info->dlpi_addr == at;
}

/* But for the kernel's own object and the loader, which has bound everything (-z now). Returns 1 if there are
 * too many. */
static int learn_object(struct dl_phdr_info *info, size_t size, void *unused)
{
	struct range all = { UINTPTR_MAX, 0 };

	if (lies_at(info, AT_SYSINFO_EHDR) || lies_at(info, AT_BASE))
		return 0;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		struct range r = pages_of(info->dlpi_addr + p->p_vaddr, p->p_memsz);

		if (p->p_type != PT_LOAD)
			continue;
		if (!(p->p_flags & PF_W) && n_code == CODE_MAX)
			return 1;
		if (!(p->p_flags & PF_W))
			code[n_code++] = r;
		all.from = r.from < all.from ? r.from : all.from;
		all.to = r.to > all.to ? r.to : all.to;
	}
	if (n_kept == OBJECTS_MAX)
		return 1;
	keep(all);
	return 0;
}

/* AddressSanitizer and its like have memory of their own everywhere. */
static bool can_shed(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
	return false;
#else
	return true;
#endif
#else
	return true;
#endif
}

void shed_learn(void)
{
	if (learnt)
		return;
	learnt = true;
	if (!can_shed() || dl_iterate_phdr(learn_object, NULL) != 0)
		n_kept = n_code = 0;
}

void shed_code(void)
{
	for (size_t i = 0; i < n_code; i++)
		(void)syscall(SYS_madvise, code[i].from, code[i].to - code[i].from, MADV_DONTNEED);
}

void shed_memory(const void *shared, size_t size)
{
	const char here = 0;
	uintptr_t at = 0;

	if (n_kept == 0)
		return;
	keep(pages_of((uintptr_t)&errno - THREAD_AROUND, 2 * THREAD_AROUND));
	keep(pages_of((uintptr_t)shared, size));
	keep((struct range){ pages_of((uintptr_t)&here - STACK_BELOW, 0).from, UINTPTR_MAX });
	for (size_t i = 0; i < n_kept; i++) {
		if (kept[i].from > at)
			(void)keyed_call(SYS_munmap, at, kept[i].from - at, 0, 0);
		at = kept[i].to > at ? kept[i].to : at;
	}
}
