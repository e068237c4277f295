/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What profiles call the machine that the tests run on, and the interface beside its own that it has, but
 * that no sandbox may use. */
#if defined(__aarch64__)
#define MACHINE           "arm64"
#define MACHINE_INTERFACE "arm"
#elif defined(__riscv)
#define MACHINE "riscv64"
#else
#define MACHINE           "x86-64"
#define MACHINE_INTERFACE "x32"
#endif
