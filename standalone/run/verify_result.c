/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verify_result.h"

#include "language.h"

const char *verify_result_name(enum verify_result result)
{
    static const char *const names[] = {
        [VERIFY_AGREES] = N_("agrees"), [VERIFY_DIFFERS] = N_("differs"),       [VERIFY_MISSING] = N_("missing"),
        [VERIFY_EXTRA] = N_("extra"),   [VERIFY_UNREADABLE] = N_("unreadable"),
    };
    return names[result];
}
