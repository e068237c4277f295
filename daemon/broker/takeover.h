/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A broker takes over what an earlier one has launched: the launcher's table, then whose connections are
 * still there. After the first start the table is empty. Only then the broker asks for its name.
 */

struct broker;

/* As soon as catalog and launcher are there. */
int takeover_begin(struct broker *b);
/* Goes on when nothing is waited for any more. */
void takeover_proceed(struct broker *b);
