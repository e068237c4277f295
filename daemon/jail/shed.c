/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "jail/shed.h"
#include "base/error.h"

#include <link.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>
#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif

#define OBJECTS_MAX   16
#define STACK_BELOW   16384 /* of the stack, for calls to come */
#define THREAD_AROUND 4096  /* errno lies in the block of what is each thread's own, which is smaller */
#define OTHERS_MAX    5
/* Where the memory of processes ends; what begins higher only who asks for it gets. */
#define MEMORY_END (((uintptr_t)1 << 47) - 4096)

/* Sorted. */
static struct shed_range kept[OBJECTS_MAX + OTHERS_MAX];
static size_t n_kept;
static bool learnt, can;

_Static_assert(ELEMENTSOF(kept) + 1 <= ROOM_GAPS_MAX, "one before each, and one behind");

static struct shed_range pages_of(uintptr_t from, size_t size)
{
	const uintptr_t page = (uintptr_t)getpagesize();

	return (struct shed_range){ from & ~(page - 1), (from + size + page - 1) & ~(page - 1) };
}

static void keep(struct shed_range r)
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
	struct shed_range all = { UINTPTR_MAX, 0 };

	if (lies_at(info, AT_SYSINFO_EHDR) || lies_at(info, AT_BASE))
		return 0;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		struct shed_range r = pages_of(info->dlpi_addr + p->p_vaddr, p->p_memsz);

		if (p->p_type != PT_LOAD)
			continue;
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
	can = can_shed() && (ROOM_STANDS_ALONE || dl_iterate_phdr(learn_object, NULL) == 0);
}

/* The kernel writes to the thread's block whenever it comes back to it (rseq(2)), which glibc has asked for.
 * 0: no more. */
static int leave_block(void)
{
#if defined(RSEQ_SIG)
	char *block = (char *)__builtin_thread_pointer() + __rseq_offset;

	if (__rseq_size > 0)
		return (int)syscall(SYS_rseq, block, sizeof(struct rseq), RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
#endif
	return 0;
}

/* Where the room does not stand alone, what it calls is the C library's, and on the stack. */
static void keep_thread(void)
{
	const char here = 0;

	keep(pages_of((uintptr_t)&errno - THREAD_AROUND, 2 * THREAD_AROUND));
	keep((struct shed_range){ pages_of((uintptr_t)&here - STACK_BELOW, 0).from, MEMORY_END });
}

static void keep_room(const struct room *room)
{
	uintptr_t from;
	size_t size;

	room_code(&from, &size);
	keep(pages_of(from, size));
	keep(pages_of((uintptr_t)room, sizeof(*room)));
	keep(pages_of((uintptr_t)room->shared, sizeof(*room->shared)));
}

static void add_gap(struct room *room, uintptr_t from, uintptr_t to)
{
	if (from >= to)
		return;
	room->gaps[room->n_gaps].from = from;
	room->gaps[room->n_gaps++].size = to - from;
}

void shed_plan(struct room *room)
{
	uintptr_t at = 0;

	if (!can)
		return;
	keep_room(room);
	if (!ROOM_STANDS_ALONE || leave_block() < 0)
		keep_thread();
	for (size_t i = 0; i < n_kept; i++) {
		add_gap(room, at, kept[i].from);
		at = kept[i].to > at ? kept[i].to : at;
	}
	add_gap(room, at, MEMORY_END);
}

static void sort(struct shed_range *ranges, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j > 0 && ranges[j - 1].from > ranges[j].from; j--) {
			struct shed_range other = ranges[j];

			ranges[j] = ranges[j - 1];
			ranges[j - 1] = other;
		}
}

size_t shed_all_but(struct shed_range *wanted, size_t n, struct shed_range *ret_gaps)
{
	uintptr_t at = 0;
	size_t n_gaps = 0;

	if (!can_shed() || !ROOM_STANDS_ALONE || leave_block() < 0)
		return 0;
	sort(wanted, n);
	for (size_t i = 0; i <= n; i++) {
		struct shed_range pages = i < n ? pages_of(wanted[i].from, wanted[i].to - wanted[i].from)
						: (struct shed_range){ MEMORY_END, MEMORY_END };

		if (at < pages.from)
			ret_gaps[n_gaps++] = (struct shed_range){ at, pages.from };
		at = pages.to;
	}
	return n_gaps;
}
