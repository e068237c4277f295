/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/dict.h"

int dict_open(sd_bus_message *m, const char *key, const char *type)
{
	int r;

	r = sd_bus_message_open_container(m, SD_BUS_TYPE_DICT_ENTRY, "sv");
	if (r >= 0)
		r = sd_bus_message_append_basic(m, SD_BUS_TYPE_STRING, key);
	return r < 0 ? r : sd_bus_message_open_container(m, SD_BUS_TYPE_VARIANT, type);
}

int dict_close(sd_bus_message *m, int r)
{
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

int dict_append_list(sd_bus_message *m, const char *key, char **list)
{
	int r;

	r = dict_open(m, key, "as");
	if (r >= 0)
		r = sd_bus_message_append_strv(m, list);
	return dict_close(m, r);
}
