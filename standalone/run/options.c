/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

bool options_pick(const struct options *options, uint64_t session)
{
    for (unsigned i = 0; i < options->sessions->len; i++) {
        const struct session_range *range = &g_array_index(options->sessions, struct session_range, i);
        if (range->first <= session && session <= range->last)
            return true;
    }
    return options->sessions->len == 0;
}

const char *options_checksums_name(enum tcp_checksums which)
{
    static const char *const names[] = {
        [TCP_CHECKSUMS_AUTO] = "auto",
        [TCP_CHECKSUMS_ON] = "on",
        [TCP_CHECKSUMS_OFF] = "off",
    };
    return names[which];
}

void options_free(struct options *options)
{
    g_strfreev(options->captures);
    g_strfreev(options->explain_captures);
    g_strfreev(options->key_logs);
    g_strfreev(options->tls_keys);
    g_free(options->category);
    g_free(options->output);
    g_free(options->output_dir);
    g_free(options->verify);
    g_array_free(options->sessions, TRUE);
}
