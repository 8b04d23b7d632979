/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESMTP_PREFERENCES_H
#define ESMTP_PREFERENCES_H

/* What the user can set. */

#include "wireshark_compat.h"

struct esmtp_preferences {
    esmtp_boolean show_secrets; /* passwords and tokens are shown */
    esmtp_boolean run_smtp;     /* Wireshark's own SMTP dissector is run as well */
};

extern struct esmtp_preferences esmtp_preferences;

void preferences_register(void);

#endif
