/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "words.h"

#include <inttypes.h>
#include <string.h>

#include "language.h"
#include "reference/reference.h"
#include "text.h"

void words_duration(GString *out, int64_t nanoseconds)
{
    double seconds = (double)nanoseconds / 1e9;
    if (seconds < 0)
        g_string_append_printf(out, _("%.3f s (time goes back)"), seconds);
    else if (seconds < 0.0095)
        g_string_append_printf(out, _("%.2f ms"), seconds * 1e3);
    else if (seconds < 0.995)
        g_string_append_printf(out, _("%.0f ms"), seconds * 1e3);
    else if (seconds < 120)
        g_string_append_printf(out, _("%.2f s"), seconds);
    else
        g_string_append_printf(out, _("%.0f min %.0f s"), (double)(int)(seconds / 60),
                               seconds - 60 * (double)(int)(seconds / 60));
}

/* Appends a number of octets, in the format that language_plural chose for it. */
static void G_GNUC_PRINTF(2, 0) append_octets(GString *out, const char *format, uint64_t octets)
{
    GString *count = g_string_new(NULL);
    text_append_count(count, octets);
    g_string_append_printf(out, format, count->str);
    g_string_free(count, TRUE);
}

/* ---- lines of the client ---- */

void words_command(GString *out, struct smtp_span word, bool stray)
{
    const struct smtp_reference_entry *entry = smtp_reference_find(&smtp_reference_commands, word);
    if (stray)
        g_string_append(out, _("looks like an answer to AUTH, which the server had ended"));
    else
        g_string_append(out, entry != NULL ? _(entry->meaning) : _("no known command"));
}

void words_path(GString *out, const struct smtp_path *path)
{
    if (path->null)
        g_string_append(out, _("null return path, as bounces have"));
    if (!path->found || (!path->no_brackets && !path->unclosed))
        return;
    g_string_append(out, path->null ? _("; ") : "");
    g_string_append(out, path->unclosed ? _("the > is missing") : _("the angle brackets are missing"));
}

void words_response(GString *out, bool cancelled, bool malformed, struct smtp_span identity)
{
    if (cancelled)
        g_string_append(out, _("cancels the exchange"));
    else if (malformed)
        g_string_append(out, _("answer to the challenge; it is not what the mechanism asks for"));
    else
        g_string_append(out, _("answer to the challenge"));
    if (identity.octets == NULL)
        return;
    g_string_append(out, _(": user "));
    text_append_visible(out, identity);
}

/* ---- content ---- */

static const char *content_format(const struct words_content *content)
{
    uint64_t octets = content->octets;
    if (content->transport == SMTP_TRANSPORT_XEXCH50)
        return language_plural("%s octet of XEXCH50", "%s octets of XEXCH50", octets);
    if (content->transport != SMTP_TRANSPORT_BDAT || (content->last && content->sum))
        return language_plural("%s octet of message", "%s octets of message", octets);
    if (content->last)
        return language_plural("%s octet of message, the last chunk", "%s octets of message, the last chunk", octets);
    if (content->sum)
        return language_plural("%s octet of message so far, behind this chunk",
                               "%s octets of message so far, behind this chunk", octets);
    return language_plural("%s octet of message, a chunk", "%s octets of message, a chunk", octets);
}

void words_content(GString *out, const struct words_content *content)
{
    append_octets(out, content_format(content), content->octets);
    if (content->last_frame != 0)
        g_string_append_printf(out, _(", up to frame %" PRIu64), content->last_frame);
    if (!content->complete)
        g_string_append(out, _(", NOT COMPLETE"));
}

const char *words_content_note(const struct words_content *content, enum words_lost lost)
{
    if (content->mark == SMTP_END_VARIANT)
        return _("ended by a mark that only some receivers honour; this server answered it");
    if (content->complete)
        return "";
    if (content->mark == SMTP_END_NONE)
        return _("its end was not seen");
    return lost == WORDS_NOT_CAPTURED ? _("part of it is not in the capture")
                                      : _("part of it was not handed over by Wireshark's TCP");
}

/* ---- boundaries ---- */

void words_mechanism(GString *out, struct smtp_span mechanism)
{
    if (mechanism.octets == NULL)
        g_string_append(out, _("mechanism not seen"));
    text_append_visible(out, mechanism);
}

static void append_identity(GString *out, struct smtp_span identity)
{
    GString *visible = g_string_new(NULL);
    text_append_visible(visible, identity);
    g_string_append_printf(out, _(" for %s"), visible->len > 0 ? visible->str : _("an empty user name"));
    g_string_free(visible, TRUE);
}

static enum words_tone auth_step(GString *out, enum smtp_step step)
{
    switch (step) {
    case SMTP_STEP_STARTED:
        g_string_append(out, _("AUTH begins: "));
        return WORDS_TURN;
    case SMTP_STEP_CHALLENGE:
        g_string_append(out, _("AUTH goes on with a challenge: "));
        return WORDS_SILENT;
    case SMTP_STEP_ACCEPTED:
        g_string_append(out, _("AUTH ends, ACCEPTED: "));
        return WORDS_GOOD;
    case SMTP_STEP_REJECTED:
        g_string_append(out, _("AUTH ends, REJECTED: "));
        return WORDS_BAD;
    case SMTP_STEP_CANCELLED:
        g_string_append(out, _("AUTH ends, CANCELLED: "));
        return WORDS_BAD;
    default:
        g_string_append(out, _("AUTH: "));
        return WORDS_BAD;
    }
}

static enum words_tone tls_step(GString *out, const struct words_boundary *boundary)
{
    switch (boundary->step) {
    case SMTP_STEP_OFFERED:
        g_string_append(out, _(" is offered"));
        return WORDS_NOTE;
    case SMTP_STEP_REQUESTED:
        g_string_append(out, _(" is asked for"));
        return WORDS_NOTE;
    case SMTP_STEP_ACCEPTED:
        g_string_append(out, boundary->clear_behind ? _(" ACCEPTED, but clear text follows")
                                                    : _(" ACCEPTED: the clear text ends here"));
        return WORDS_GOOD;
    case SMTP_STEP_REFUSED:
        g_string_append(out, _(" REFUSED: the dialogue stays in clear"));
        return WORDS_BAD;
    case SMTP_STEP_HANDSHAKE:
        g_string_append(out, _(": TLS handshake begins"));
        return WORDS_TURN;
    case SMTP_STEP_ESTABLISHED:
        g_string_append(out, boundary->decrypted ? _(": TLS established, what follows was decrypted with the keys")
                                                 : _(": TLS established, all that follows is encrypted"));
        return WORDS_GOOD;
    case SMTP_STEP_FAILED:
        g_string_append(out, boundary->alert.length > 0 ? _(": TLS handshake FAILED, alert ")
                                                        : _(": TLS handshake FAILED, clear text follows"));
        text_append_visible(out, boundary->alert);
        return WORDS_BAD;
    default:
        return WORDS_TURN;
    }
}

enum words_tone words_boundary(GString *out, const struct words_boundary *boundary)
{
    enum words_tone tone;
    if (boundary->boundary == SMTP_BOUNDARY_AUTH) {
        tone = auth_step(out, boundary->step);
        words_mechanism(out, boundary->mechanism);
        if (boundary->identity.octets != NULL && boundary->step != SMTP_STEP_STARTED)
            append_identity(out, boundary->identity);
        g_string_append(out, boundary->encrypted ? _(", under TLS") : _(", in clear"));
    } else {
        g_string_append(out, boundary->boundary == SMTP_BOUNDARY_STARTTLS ? "STARTTLS" : _("Implicit TLS"));
        tone = tls_step(out, boundary);
    }
    if (boundary->frame != 0)
        g_string_append_printf(out, _(" (frame %" PRIu64 ")"), boundary->frame);
    return tone;
}

/* ---- what stands beside the dialogue ---- */

void words_missing(GString *out, enum smtp_role role, uint64_t octets, uint64_t after, enum words_lost lost)
{
    bool client = role == SMTP_CLIENT;
    const char *format;
    if (lost == WORDS_NOT_CAPTURED)
        format = client ? language_plural("%s octet of the client is NOT IN THE CAPTURE",
                                          "%s octets of the client are NOT IN THE CAPTURE", octets)
                        : language_plural("%s octet of the server is NOT IN THE CAPTURE",
                                          "%s octets of the server are NOT IN THE CAPTURE", octets);
    else
        format = client ? language_plural("%s octet of the client was not handed over by Wireshark's TCP",
                                          "%s octets of the client were not handed over by Wireshark's TCP", octets)
                        : language_plural("%s octet of the server was not handed over by Wireshark's TCP",
                                          "%s octets of the server were not handed over by Wireshark's TCP", octets);
    append_octets(out, format, octets);
    if (after != 0)
        g_string_append_printf(out, _(" (behind frame %" PRIu64 ")"), after);
}

void words_skipped(GString *out, enum smtp_role role, uint64_t octets)
{
    append_octets(out,
                  role == SMTP_CLIENT
                      ? language_plural("[%s octet of the client that cannot be placed in the dialogue]",
                                        "[%s octets of the client that cannot be placed in the dialogue]", octets)
                      : language_plural("[%s octet of the server that cannot be placed in the dialogue]",
                                        "[%s octets of the server that cannot be placed in the dialogue]", octets),
                  octets);
}

const char *words_turned(void)
{
    return _("client and server change roles");
}

void words_finding(GString *out, enum smtp_finding finding, struct smtp_span detail)
{
    const struct smtp_reference_entry *entry = smtp_reference_finding(smtp_finding_name(finding));
    if (entry != NULL && strcmp(language_in_use(), "en") != 0)
        g_string_append_printf(out, "%s: ", _(entry->meaning));
    text_append_visible(out, detail);
}

/* ---- PROXY protocol ---- */

/* Of a name that the header gives, so many octets are shown. */
#define PROXY_NAME_SHOWN ((size_t)400)

void words_proxy_endpoint(GString *out, const struct smtp_proxy_header *header,
                          const struct smtp_proxy_endpoint *endpoint)
{
    char address[SMTP_PROXY_ADDRESS_TEXT];
    if (header->family == SMTP_PROXY_NO_ADDRESS)
        return;
    smtp_proxy_address(header->family, endpoint, address);
    g_string_append_printf(out, header->family == SMTP_PROXY_IPV6 ? "[%s]:%u" : "%s:%u", address, endpoint->port);
}

static void G_GNUC_PRINTF(2, 0) append_name(GString *out, const char *format, struct smtp_span name)
{
    if (name.length == 0)
        return;
    GString *visible = g_string_new(NULL);
    text_append_visible(visible, smtp_span_first(name, PROXY_NAME_SHOWN));
    g_string_append_printf(out, format, visible->str);
    g_string_free(visible, TRUE);
}

void words_proxy(GString *out, struct smtp_span octets)
{
    const struct smtp_proxy_header header = smtp_proxy_parse(octets);
    GString *source = g_string_new(NULL);
    GString *target = g_string_new(NULL);
    words_proxy_endpoint(source, &header, &header.source);
    words_proxy_endpoint(target, &header, &header.target);
    if (source->len > 0)
        g_string_append_printf(out, _("PROXY protocol header, from a load balancer; its client %s connected to %s"),
                               source->str, target->str);
    else if (header.local)
        g_string_append(out, _("PROXY protocol header, from a load balancer that speaks for itself"));
    else
        g_string_append(out, _("PROXY protocol header, from a load balancer"));
    append_name(out, _("; it asked for %s"), header.authority);
    append_name(out, _("; encrypted up to the load balancer, with %s"), header.tls_version);
    if (header.malformed)
        g_string_append(out, _("; the header is cut, or not as it should be"));
    g_string_free(target, TRUE);
    g_string_free(source, TRUE);
}
