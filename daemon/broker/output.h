/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What sd-bus writes goes into a socket pair, and the loop finds it at the other end in its next round. Where
 * an answer of the launcher's is what it was written for, somebody waits: so it is noted, and pushed on in
 * the same round. What is not noted, or not pushed, the loop finds as ever.
 */

#include <systemd/sd-bus.h>

struct broker;

/* Until the next output_push(), which is to come, what is written needs nobody else to find it. */
void output_begin(struct broker *b);
/* Where messages of ours go out that this one's other side is to get; NULL: nowhere but by sd-bus. */
struct relay *output_relay(struct broker *b, const sd_bus *bus);
/* Something was written to this one. Of the direct socket's: ends the connection, when the loop comes to it,
 * if it does not read what it is sent. */
void output_note(struct broker *b, const sd_bus *bus);
/* Acts on calls that have come back to this one's queue, which the loop would find in its next round, and
 * notes what that writes. Not from inside of a D-Bus handler. */
void output_act(struct broker *b, sd_bus *bus);
/* As far as the other sides have room. Not from inside of a D-Bus handler. */
void output_push(struct broker *b);
