/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The broker's side of the bus: the connection, the filter before all objects, whose connection left, our
 * name. */

#include <stdbool.h>
#include <systemd/sd-bus.h>

struct broker;

/* b->bus, over this socket, which is connected to a bus; takes it over. Nothing is read yet. */
int bus_open(struct broker *b, int fd);
/* And all that is about it. Nothing to do without one. */
void bus_close(struct broker *b);
/* Objects and the filter before them, on the bus or on one connection of the direct socket. */
int bus_add_objects(struct broker *b, sd_bus *bus);
/* Objects, filter and matches on b->bus, and the loop. Our name is not asked for yet. */
int bus_attach(struct broker *b);
/* Asks for our name; broker_serve() follows, or the end. */
void bus_ask_name(struct broker *b);
/* leave_in_silence() follows when the bus has done so. 0: there is none to give it to. */
int bus_give_name_back(struct broker *b);
/* Is anybody on the bus under this unique name? broker_client_gone() follows if not. b->n_checks counts it.
 */
int bus_check_client(struct broker *b, const char *name);
/* sd-bus takes any message for an answer that carries the number of our call, whoever sent it. Buses drop
 * answers that nobody asked for; what decides about identity looks at the sender all the same. */
bool bus_is_from_driver(sd_bus_message *m);
/* Where the next slot goes; they are freed with the broker. */
sd_bus_slot **bus_next_slot(struct broker *b);
