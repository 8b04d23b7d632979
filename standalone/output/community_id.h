/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_COMMUNITY_ID_H
#define SMTPSCOPE_COMMUNITY_ID_H

#include "tcp.h"

/* Community ID v1 with seed 0 of a TCP connection (inside tunnels: of the inner one). The caller frees it with g_free. */
char *community_id(const struct tcp_endpoint endpoint[static 2]);

#endif
