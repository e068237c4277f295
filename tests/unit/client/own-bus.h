/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Included before everything else where client/bus is compiled beside libsystemd: its functions with names of
 * their own. */

#define sd_bus_add_filter              own_sd_bus_add_filter
#define sd_bus_call_async              own_sd_bus_call_async
#define sd_bus_call_method_async       own_sd_bus_call_method_async
#define sd_bus_close                   own_sd_bus_close
#define sd_bus_close_unref             own_sd_bus_close_unref
#define sd_bus_error_get_errno         own_sd_bus_error_get_errno
#define sd_bus_get_events              own_sd_bus_get_events
#define sd_bus_get_fd                  own_sd_bus_get_fd
#define sd_bus_get_timeout             own_sd_bus_get_timeout
#define sd_bus_get_unique_name         own_sd_bus_get_unique_name
#define sd_bus_interface_name_is_valid own_sd_bus_interface_name_is_valid
#define sd_bus_is_open                 own_sd_bus_is_open
#define sd_bus_is_ready                own_sd_bus_is_ready
#define sd_bus_member_name_is_valid    own_sd_bus_member_name_is_valid
#define sd_bus_message_append          own_sd_bus_message_append
#define sd_bus_message_append_array    own_sd_bus_message_append_array
#define sd_bus_message_append_basic    own_sd_bus_message_append_basic
#define sd_bus_message_append_strv     own_sd_bus_message_append_strv
#define sd_bus_message_at_end          own_sd_bus_message_at_end
#define sd_bus_message_close_container own_sd_bus_message_close_container
#define sd_bus_message_enter_container own_sd_bus_message_enter_container
#define sd_bus_message_exit_container  own_sd_bus_message_exit_container
#define sd_bus_message_get_error       own_sd_bus_message_get_error
#define sd_bus_message_get_path        own_sd_bus_message_get_path
#define sd_bus_message_get_sender      own_sd_bus_message_get_sender
#define sd_bus_message_has_signature   own_sd_bus_message_has_signature
#define sd_bus_message_is_signal       own_sd_bus_message_is_signal
#define sd_bus_message_new_method_call own_sd_bus_message_new_method_call
#define sd_bus_message_open_container  own_sd_bus_message_open_container
#define sd_bus_message_peek_type       own_sd_bus_message_peek_type
#define sd_bus_message_read            own_sd_bus_message_read
#define sd_bus_message_read_basic      own_sd_bus_message_read_basic
#define sd_bus_message_read_strv       own_sd_bus_message_read_strv
#define sd_bus_message_ref             own_sd_bus_message_ref
#define sd_bus_message_rewind          own_sd_bus_message_rewind
#define sd_bus_message_skip            own_sd_bus_message_skip
#define sd_bus_message_unref           own_sd_bus_message_unref
#define sd_bus_negotiate_fds           own_sd_bus_negotiate_fds
#define sd_bus_new                     own_sd_bus_new
#define sd_bus_object_path_is_valid    own_sd_bus_object_path_is_valid
#define sd_bus_process                 own_sd_bus_process
#define sd_bus_service_name_is_valid   own_sd_bus_service_name_is_valid
#define sd_bus_set_address             own_sd_bus_set_address
#define sd_bus_set_bus_client          own_sd_bus_set_bus_client
#define sd_bus_slot_unref              own_sd_bus_slot_unref
#define sd_bus_start                   own_sd_bus_start
#define sd_bus_wait                    own_sd_bus_wait
