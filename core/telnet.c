/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "telnet.h"

#define SUBNEGOTIATION_LIMIT 512

enum { SE = 240, SB = 250, WILL = 251, DONT = 254, IAC = 255 };

/* IAC SB, anything, IAC SE. */
static enum smtp_telnet_look look_at_subnegotiation(struct smtp_span octets, size_t *length)
{
    octets = smtp_span_first(octets, SUBNEGOTIATION_LIMIT);
    for (size_t i = 3; i < octets.length; i++)
        if (octets.octets[i - 1] == IAC && octets.octets[i] == SE) {
            *length = i + 1;
            return SMTP_TELNET_YES;
        }
    return octets.length < SUBNEGOTIATION_LIMIT ? SMTP_TELNET_PERHAPS : SMTP_TELNET_NO;
}

enum smtp_telnet_look smtp_telnet_look(struct smtp_span octets, size_t *length)
{
    if (octets.length == 0)
        return SMTP_TELNET_PERHAPS;
    if (octets.octets[0] != IAC)
        return SMTP_TELNET_NO;
    if (octets.length == 1)
        return SMTP_TELNET_PERHAPS;
    uint8_t command = octets.octets[1];
    if (command < SE || command == IAC)
        return SMTP_TELNET_NO;
    if (command == SB)
        return look_at_subnegotiation(octets, length);
    *length = command >= WILL && command <= DONT ? 3 : 2;
    return octets.length >= *length ? SMTP_TELNET_YES : SMTP_TELNET_PERHAPS;
}
