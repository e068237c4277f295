/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* org.bailiff.Broker1.Manager on /org/bailiff/Broker1. */

#include <stdint.h>
#include <systemd/sd-bus.h>

struct broker;

int manager_bus_add(struct broker *b, sd_bus *bus);
/* A reload has ended, one way or the other: answers those who asked for it, if @serial is that of their
 * request, and tells everybody. */
void manager_bus_reloaded(struct broker *b, uint32_t serial);
