/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/output.h"
#include "broker/broker.h"

struct relay *output_relay(struct broker *b, const sd_bus *bus)
{
	if (!b->pushes)
		return NULL;
	if (bus == b->bus)
		return b->connected ? &b->link.relay : NULL;
	return direct_relay(&b->direct, bus);
}

void output_begin(struct broker *b)
{
	b->pushes = true;
}

void output_note(struct broker *b, const sd_bus *bus)
{
	if (bus == b->bus)
		b->link.wrote = true;
	else
		direct_wrote(&b->direct, bus);
}

void output_act(struct broker *b, sd_bus *bus)
{
	uint64_t n;

	while (sd_bus_get_n_queued_read(bus, &n) >= 0 && n > 0 && sd_bus_process(bus, NULL) > 0)
		;
	output_note(b, bus);
}

void output_push(struct broker *b)
{
	b->pushes = false;
	if (b->link.wrote)
		bus_link_push(&b->link);
	if (b->direct.wrote)
		direct_push(&b->direct);
}
