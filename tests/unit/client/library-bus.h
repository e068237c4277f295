/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What tests ask of a bus that is the library's: in those that end with "-own" it is of client/bus. */

#include <systemd/sd-bus.h>

#ifdef BAILIFF_OWN_BUS
typeof(sd_bus_get_fd) own_sd_bus_get_fd;
typeof(sd_bus_get_unique_name) own_sd_bus_get_unique_name;
#define library_get_fd          own_sd_bus_get_fd
#define library_get_unique_name own_sd_bus_get_unique_name
#else
#define library_get_fd          sd_bus_get_fd
#define library_get_unique_name sd_bus_get_unique_name
#endif
