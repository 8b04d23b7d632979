/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESMTP_WIRESHARK_COMPAT_H
#define ESMTP_WIRESHARK_COMPAT_H

/* Wireshark's headers, and what changed in them from 4.0 on. Nothing else in the plugin asks for a version. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include <wireshark.h>
#include <ws_version.h>

#include <epan/packet.h>
#include <epan/conversation.h>
#include <epan/conversation_filter.h>
#include <epan/expert.h>
#include <epan/prefs.h>
#include <epan/proto_data.h>
#include <epan/srt_table.h>
#include <epan/stats_tree.h>
#include <epan/tap.h>
#include <epan/strutil.h>
#include <wsutil/str_util.h>
#include <epan/dissectors/packet-tcp.h>
#include <epan/dissectors/packet-tls-utils.h>

#define ESMTP_WIRESHARK_AT_LEAST(major, minor)                                                                              \
    (WIRESHARK_VERSION_MAJOR > (major) || (WIRESHARK_VERSION_MAJOR == (major) && WIRESHARK_VERSION_MINOR >= (minor)))

/* GLib's boolean gave way to the language's. */
#if ESMTP_WIRESHARK_AT_LEAST(4, 4)
typedef bool esmtp_boolean;
#else
typedef gboolean esmtp_boolean;
#endif

/* Conversation filters got a context. */
#if ESMTP_WIRESHARK_AT_LEAST(4, 2)
#define ESMTP_FILTER_PARAMETERS packet_info *pinfo, void *context
#define ESMTP_FILTER_UNUSED (void)context
#define ESMTP_FILTER_CONTEXT , NULL
#else
#define ESMTP_FILTER_PARAMETERS packet_info *pinfo
#define ESMTP_FILTER_UNUSED (void)0
#define ESMTP_FILTER_CONTEXT
#endif

/* Octets of text made visible; the scope owns the result. */
static inline char *esmtp_format_text(wmem_allocator_t *scope, const uint8_t *octets, size_t length)
{
#if ESMTP_WIRESHARK_AT_LEAST(4, 2)
    return format_text(scope, (const char *)octets, length);
#else
    return format_text(scope, octets, length);
#endif
}

#endif
