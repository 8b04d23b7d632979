/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "address_text.h"

#include <arpa/inet.h>

void text_append_address(GString *out, const struct packet_address *address)
{
    char text[INET6_ADDRSTRLEN] = "?";
    inet_ntop(address->version == 6 ? AF_INET6 : AF_INET, address->octets, text, sizeof text);
    g_string_append(out, text);
}

void text_append_endpoint(GString *out, const struct packet_address *address, uint16_t port)
{
    bool six = address->version == 6;
    if (six)
        g_string_append_c(out, '[');
    text_append_address(out, address);
    g_string_append_printf(out, six ? "]:%u" : ":%u", port);
}
