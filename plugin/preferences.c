/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "preferences.h"

#include "fields.h"

struct esmtp_preferences esmtp_preferences;

void preferences_register(void)
{
    module_t *module = prefs_register_protocol(proto_esmtp, NULL);
    prefs_register_bool_preference(module, "show_secrets", "Show passwords and tokens",
                                   "Show the secrets of AUTH exchanges in the tree and in the packet list. "
                                   "The octets of the packet show them in any case.",
                                   &esmtp_preferences.show_secrets);
    prefs_register_bool_preference(module, "run_smtp", "Also run Wireshark's own SMTP dissector",
                                   "So that filters, columns and colour rules that use smtp.* go on working.",
                                   &esmtp_preferences.run_smtp);
}
