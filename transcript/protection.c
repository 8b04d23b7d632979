/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "protection.h"

static void note_protection(struct tls *tls, enum smtp_step step)
{
    switch (step) {
    case SMTP_STEP_ACCEPTED:
        tls->behind_starttls = true;
        tls->protection = PROTECTION_NOT_SEEN;
        break;
    case SMTP_STEP_HANDSHAKE:
    case SMTP_STEP_ESTABLISHED:
        tls->protection = PROTECTION_TLS;
        break;
    case SMTP_STEP_FAILED:
        tls->behind_starttls = false;
        tls->protection = PROTECTION_NONE;
        break;
    default:
        break;
    }
}

static void take_starttls(struct starttls *starttls, const struct keeping *keeping, const struct smtp_event *event,
                          const struct greetings *greetings, struct replies *replies)
{
    switch (event->boundary.step) {
    case SMTP_STEP_OFFERED:
        if (!starttls->offered)
            starttls->offer = keeping_place(keeping, event);
        starttls->offered = true;
        break;
    case SMTP_STEP_REQUESTED:
        starttls->requested = true;
        break;
    case SMTP_STEP_ACCEPTED:
        starttls->accepted = true;
        starttls->place = keeping_place(keeping, event);
        starttls->code = replies->last.code;
        starttls->reply = replies_words(replies, keeping);
        starttls->helo = greetings_name(greetings, event->boundary.number);
        break;
    case SMTP_STEP_REFUSED:
        starttls->refused = true;
        break;
    default:
        break;
    }
}

void tls_take_step(struct tls *tls, const struct keeping *keeping, const struct smtp_event *event,
                   const struct greetings *greetings, struct replies *replies)
{
    if (event->boundary.boundary == SMTP_BOUNDARY_STARTTLS)
        take_starttls(&tls->starttls, keeping, event, greetings, replies);
    if (event->boundary.step == SMTP_STEP_HANDSHAKE) {
        tls->seen = true;
        tls->implicit = event->boundary.boundary == SMTP_BOUNDARY_IMPLICIT_TLS;
        tls->first = keeping_place(keeping, event);
    }
    note_protection(tls, event->boundary.step);
}

void tls_take_hello(struct tls *tls, const struct keeping *keeping, const struct smtp_tls_hello *hello)
{
    if (hello->client) {
        tls->client_version = hello->version;
        tls->sni = hello->sni.length > 0 ? keeping_copy(keeping, hello->sni) : smtp_span(NULL, 0);
        tls->alpn = hello->alpn.length > 0 ? keeping_copy(keeping, hello->alpn) : smtp_span(NULL, 0);
    } else {
        tls->server_version = hello->version;
        tls->cipher = hello->cipher;
    }
}

void tls_note_readable(struct tls *tls)
{
    if (tls->protection == PROTECTION_NOT_SEEN)
        tls->protection = PROTECTION_NONE;
}
