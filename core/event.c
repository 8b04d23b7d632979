/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event.h"

#include "reference/reference.h" /* N_ */

bool smtp_reply_refuses_address(const struct smtp_reply *reply)
{
    const struct smtp_enhanced_status *enhanced = &reply->enhanced;
    bool address = !enhanced->present || (enhanced->subject == 1 && enhanced->detail < 7) || enhanced->subject == 2;
    return address && (reply->code == 550 || reply->code == 551 || reply->code == 553);
}

const char *smtp_phase_name(enum smtp_phase phase)
{
    static const char *const names[] = { "connect", "session", "transaction", "recipients", "chunks" };
    return names[phase];
}

const char *smtp_boundary_name(enum smtp_boundary boundary)
{
    static const char *const names[] = { "starttls", "auth", "implicit-tls" };
    return names[boundary];
}

const char *smtp_step_name(enum smtp_step step)
{
    static const char *const names[] = { N_("offered"),   N_("requested"),   N_("accepted"), N_("refused"),
                                         N_("handshake"), N_("established"), N_("failed"),   N_("started"),
                                         N_("challenge"), N_("response"),    N_("rejected"), N_("cancelled") };
    return names[step];
}

const char *smtp_outcome_name(enum smtp_outcome outcome)
{
    static const char *const names[] = { NULL, N_("accepted"), N_("rejected"), N_("aborted"), N_("unfinished") };
    return names[outcome];
}
