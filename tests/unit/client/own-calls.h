/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The functions of client/bus, by the names that own-bus.h gives them. */

#include <systemd/sd-bus.h>

typeof(sd_bus_add_filter) own_sd_bus_add_filter;
typeof(sd_bus_call_async) own_sd_bus_call_async;
typeof(sd_bus_close_unref) own_sd_bus_close_unref;
typeof(sd_bus_error_get_errno) own_sd_bus_error_get_errno;
typeof(sd_bus_get_events) own_sd_bus_get_events;
typeof(sd_bus_interface_name_is_valid) own_sd_bus_interface_name_is_valid;
typeof(sd_bus_is_open) own_sd_bus_is_open;
typeof(sd_bus_is_ready) own_sd_bus_is_ready;
typeof(sd_bus_member_name_is_valid) own_sd_bus_member_name_is_valid;
typeof(sd_bus_message_append_basic) own_sd_bus_message_append_basic;
typeof(sd_bus_message_get_error) own_sd_bus_message_get_error;
typeof(sd_bus_message_get_sender) own_sd_bus_message_get_sender;
typeof(sd_bus_message_new_method_call) own_sd_bus_message_new_method_call;
typeof(sd_bus_message_unref) own_sd_bus_message_unref;
typeof(sd_bus_negotiate_fds) own_sd_bus_negotiate_fds;
typeof(sd_bus_new) own_sd_bus_new;
typeof(sd_bus_object_path_is_valid) own_sd_bus_object_path_is_valid;
typeof(sd_bus_process) own_sd_bus_process;
typeof(sd_bus_service_name_is_valid) own_sd_bus_service_name_is_valid;
typeof(sd_bus_set_address) own_sd_bus_set_address;
typeof(sd_bus_set_bus_client) own_sd_bus_set_bus_client;
typeof(sd_bus_slot_unref) own_sd_bus_slot_unref;
typeof(sd_bus_start) own_sd_bus_start;
typeof(sd_bus_wait) own_sd_bus_wait;
