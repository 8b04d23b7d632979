/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "logins.h"

#include "guesses.h"

struct smtp_span logins_identity(const struct logins *logins, const struct smtp_secret *secret)
{
    const struct login *login = logins_last(logins);
    bool going_on = secret->kind == SMTP_SECRET_AUTH && login != NULL && login->result == SMTP_STEP_STARTED;
    return going_on ? login->identity : smtp_span(NULL, 0);
}

/* The names of mechanisms are in capitals (RFC 4422 section 3.1). */
static struct smtp_span keep_upper(const struct keeping *keeping, struct smtp_span name)
{
    if (name.length == 0)
        return smtp_span(NULL, 0);
    uint8_t *upper = keeping_take(keeping, name.length);
    for (size_t i = 0; i < name.length; i++)
        upper[i] = smtp_ascii_upper(name.octets[i]);
    return smtp_span(upper, name.length);
}

static void begin(struct logins *logins, const struct keeping *keeping, const struct secrets *secrets,
                  const struct smtp_event *event, const struct sent *command)
{
    const struct smtp_sasl_response *sasl = &event->boundary.sasl;
    struct login *login = keeping_take(keeping, sizeof *login);
    login->mechanism = keep_upper(keeping, event->boundary.text);
    login->result = SMTP_STEP_STARTED;
    login->encrypted = event->encrypted;
    if (command != NULL)
        login->place = command->place;
    if (sasl->has_identity)
        login->identity = secrets_identity(secrets, keeping, sasl->identity);
    if (sasl->has_secret)
        login->secret = keeping_copy(keeping, sasl->secret);
    keeping_append(keeping, &logins->list, &login->link, login);
}

void logins_take_step(struct logins *logins, const struct keeping *keeping, const struct secrets *secrets,
                      const struct smtp_event *event, const struct sent *command,
                      const struct smtp_enhanced_status *enhanced)
{
    enum smtp_step step = event->boundary.step;
    if (step == SMTP_STEP_STARTED)
        begin(logins, keeping, secrets, event, command);
    struct login *login = logins_last(logins);
    if (login == NULL || (step != SMTP_STEP_ACCEPTED && step != SMTP_STEP_REJECTED && step != SMTP_STEP_CANCELLED))
        return;
    keeping_change(keeping, login, sizeof *login);
    login->result = step;
    login->code = event->boundary.code;
    login->denied = step == SMTP_STEP_REJECTED && smtp_denies_credentials(login->code, enhanced);
    login->result_place = keeping_place(keeping, event);
}

void logins_take_response(struct logins *logins, const struct keeping *keeping, const struct smtp_sasl_response *sasl,
                          struct smtp_span identity)
{
    struct login *login = logins_last(logins);
    if (login == NULL || !(sasl->has_identity || sasl->has_secret))
        return;
    keeping_change(keeping, login, sizeof *login);
    if (sasl->has_identity)
        login->identity = identity;
    if (sasl->has_secret)
        login->secret = keeping_copy(keeping, sasl->secret);
}
