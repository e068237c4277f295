/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/output.h"
#include "broker/broker.h"

void output_note(struct broker *b, const sd_bus *bus)
{
	if (bus == b->bus)
		b->link.wrote = true;
	else
		direct_wrote(&b->direct, bus);
}

void output_push(struct broker *b)
{
	if (b->link.wrote)
		bus_link_push(&b->link);
	if (b->direct.wrote)
		direct_push(&b->direct);
}
