/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The calls on a message, of libsystemd and of client/bus. */

#include <systemd/sd-bus.h>

struct calls {
	typeof(&sd_bus_message_read_basic) read_basic;
	typeof(&sd_bus_message_peek_type) peek_type;
	typeof(&sd_bus_message_enter_container) enter_container;
	typeof(&sd_bus_message_exit_container) exit_container;
	typeof(&sd_bus_message_at_end) at_end;
	typeof(&sd_bus_message_skip) skip;
	typeof(&sd_bus_message_read) read;
	typeof(&sd_bus_message_read_strv) read_strv;
	typeof(&sd_bus_message_rewind) rewind;
	typeof(&sd_bus_message_get_path) get_path;
	typeof(&sd_bus_message_get_sender) get_sender;
	typeof(&sd_bus_message_get_error) get_error;
	typeof(&sd_bus_message_is_signal) is_signal;
	typeof(&sd_bus_message_has_signature) has_signature;
	typeof(&sd_bus_message_append_basic) append_basic;
	typeof(&sd_bus_message_open_container) open_container;
	typeof(&sd_bus_message_close_container) close_container;
	typeof(&sd_bus_message_append_strv) append_strv;
	typeof(&sd_bus_message_append_array) append_array;
	typeof(&sd_bus_message_append) append;
	typeof(&sd_bus_message_unref) unref;
};

#define CALLS_INIT                                                                                           \
	{                                                                                                    \
		sd_bus_message_read_basic, sd_bus_message_peek_type, sd_bus_message_enter_container,         \
			sd_bus_message_exit_container, sd_bus_message_at_end, sd_bus_message_skip,           \
			sd_bus_message_read, sd_bus_message_read_strv, sd_bus_message_rewind,                \
			sd_bus_message_get_path, sd_bus_message_get_sender, sd_bus_message_get_error,        \
			sd_bus_message_is_signal, sd_bus_message_has_signature, sd_bus_message_append_basic, \
			sd_bus_message_open_container, sd_bus_message_close_container,                       \
			sd_bus_message_append_strv, sd_bus_message_append_array, sd_bus_message_append,      \
			sd_bus_message_unref                                                                 \
	}

extern const struct calls theirs, ours;

/* Of ours: a message of these bytes, or NULL; the descriptors are taken over. */
sd_bus_message *ours_receive(const uint8_t *data, size_t size, const int *fds, size_t n_fds);
/* One that is to be written, and what it has become; the bytes are its own. */
sd_bus_message *ours_begin(void);
int ours_seal(sd_bus_message *m, uint32_t serial, const uint8_t **ret, size_t *ret_size);
