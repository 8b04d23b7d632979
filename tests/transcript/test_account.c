/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Dialogues, and what their accounts say: of mails, logins, secrets, TLS, offers, refusals and findings. */

#include "spans.h"

#include <stdarg.h>
#include <stdio.h>

#include "account.h"
#include "conversation.h"

/* Who keeps it: all memory is remembered, and every change of it that was told of. */
struct keeper {
    struct account account;
    struct smtp_session session;
    struct smtp_conversation conversation;
    GPtrArray *memory;
    GPtrArray *changes; /* struct change; NULL: nobody wants to undo them */
    GPtrArray *labels;  /* GBytes */
    GString *lines;     /* what was said, as it may be shown */
};

struct change {
    void *where;
    size_t octets;
    uint8_t was[];
};

static void *take(void *context, size_t octets)
{
    void *memory = g_malloc0(octets);
    g_ptr_array_add(((struct keeper *)context)->memory, memory);
    return memory;
}

/* Where changes are to be undone nothing is given back. */
static void *resize(void *context, void *memory, size_t from, size_t to)
{
    struct keeper *keeper = context;
    if (keeper->changes == NULL)
        return g_realloc(memory, to);
    void *other = to > 0 ? take(context, to) : NULL;
    if (from > 0 && to > 0)
        memcpy(other, memory, MIN(from, to));
    return other;
}

static void change(void *context, void *where, size_t octets)
{
    struct keeper *keeper = context;
    if (keeper->changes == NULL)
        return;
    struct change *noted = g_malloc(sizeof *noted + octets);
    noted->where = where;
    noted->octets = octets;
    memcpy(noted->was, where, octets);
    g_ptr_array_add(keeper->changes, noted);
}

/* Each octet came in a frame of its own: those of the server from 10,000 on. */
static struct place where(void *context, enum smtp_role role, uint64_t offset)
{
    (void)context;
    return (struct place){ .frame = offset + 1 + (role == SMTP_SERVER ? 10000 : 0), .time = 1 };
}

static uint32_t label(void *context, struct smtp_span secret)
{
    GPtrArray *labels = ((struct keeper *)context)->labels;
    GBytes *bytes = g_bytes_new(secret.octets, secret.length);
    for (guint i = 0; i < labels->len; i++) {
        if (g_bytes_equal(labels->pdata[i], bytes)) {
            g_bytes_unref(bytes);
            return i + 1;
        }
    }
    g_ptr_array_add(labels, bytes);
    return labels->len;
}

static const struct transcript_hooks keeping_hooks = {
    .take = take, .resize = resize, .change = change, .where = where, .label = label
};

static void append(GString *out, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void append(GString *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_string_append_vprintf(out, format, arguments);
    va_end(arguments);
}

#define SPAN(span) (int)(span).length, (const char *)(span).octets

static void take_event(void *context, const struct smtp_event *event)
{
    struct keeper *keeper = context;
    const struct told told = account_event(&keeper->account, event, 0);
    if (event->kind == SMTP_EVENT_COMMAND || event->kind == SMTP_EVENT_AUTH_RESPONSE) {
        append(keeper->lines, "C %.*s", SPAN(told.line.before));
        append(keeper->lines, told.line.label != 0 ? "[secret-%u]\n" : "\n", told.line.label);
    }
    if (event->kind == SMTP_EVENT_REPLY_LINE)
        append(keeper->lines, "S %u %.*s\n", event->reply_line.parsed.code, SPAN(told.words));
}

static struct smtp_session *begins(void *context)
{
    return &((struct keeper *)context)->session;
}

static void refused(void *context)
{
    (void)context;
}

static void *resize_waiting(void *memory, size_t octets)
{
    return g_realloc(memory, octets);
}

static const struct smtp_conversation_hooks hooks = {
    .event = take_event, .begins = begins, .refused = refused, .resize = resize_waiting
};

static struct keeper *keeper_new(void)
{
    struct keeper *keeper = g_new0(struct keeper, 1);
    keeper->memory = g_ptr_array_new_with_free_func(g_free);
    keeper->labels = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    keeper->lines = g_string_new(NULL);
    keeper->account.keeping =
        (struct keeping){ .hooks = &keeping_hooks, .context = keeper, .lines = true, .texts = true };
    keeper->account.findings.limit = 3;
    keeper->conversation = (struct smtp_conversation){
        .hooks = &hooks, .context = keeper, .port = { 40000, 25 }, .opener_known = true, .believed = true
    };
    return keeper;
}

static void keeper_free(struct keeper *keeper)
{
    account_finish(&keeper->account);
    smtp_conversation_clear(&keeper->conversation);
    if (keeper->changes != NULL)
        g_ptr_array_free(keeper->changes, TRUE);
    g_ptr_array_free(keeper->memory, TRUE);
    g_ptr_array_free(keeper->labels, TRUE);
    g_string_free(keeper->lines, TRUE);
    g_free(keeper);
}

/* "C:" and "S:" begin what a side says, with CRLF behind each line; "C?" and "S?" so many octets that are missing. */
static void say(struct keeper *keeper, const char *dialogue, uint64_t at[2])
{
    char **lines = g_strsplit(dialogue, "\n", -1);
    for (char **line = lines; *line != NULL && **line != '\0'; line++) {
        int half = **line == 'C' ? 0 : 1;
        if ((*line)[1] == '?') {
            at[half] += strtoul(*line + 2, NULL, 10);
            smtp_conversation_gap(&keeper->conversation, half, at[half]);
            continue;
        }
        char *text = g_strconcat(*line + 2, "\r\n", NULL);
        smtp_conversation_octets(&keeper->conversation, half, at[half], smtp_span_of_text(text));
        at[half] += strlen(text);
        g_free(text);
    }
    g_strfreev(lines);
}

/* ---- what it says ---- */

static void write_mail(GString *out, const struct transaction *mail)
{
    const char *outcome = smtp_outcome_name(mail->outcome);
    append(out, "mail %u of <%.*s>%s%s: %s", mail->id, SPAN(mail->mail_from), mail->mail_seen ? "" : " (not seen)",
           mail->lmtp ? " by LMTP" : "", outcome != NULL ? outcome : "unknown");
    if (mail->code != 0)
        append(out, " %u", mail->code);
    if (mail->reply.octets != NULL)
        append(out, " \"%.*s\"", SPAN(mail->reply));
    append(out, "\n");
    for (const GList *link = mail->recipients.head; link != NULL; link = link->next) {
        const struct recipient *recipient = link->data;
        append(out, "  to <%.*s> %u", SPAN(recipient->address), recipient->code);
        if (recipient->delivery_code != 0)
            append(out, ", delivery %u \"%.*s\"", recipient->delivery_code, SPAN(recipient->delivery_text));
        append(out, "\n");
    }
}

static void write_login(GString *out, const struct login *login)
{
    append(out, "login");
    if (login->mechanism.octets != NULL)
        append(out, " by %.*s", SPAN(login->mechanism));
    if (login->identity.octets != NULL)
        append(out, " of %.*s", SPAN(login->identity));
    append(out, ": %s", smtp_step_name(login->result));
    if (login->code != 0)
        append(out, " %u", login->code);
    append(out, login->denied ? ", denied\n" : "\n");
}

static void write_offers(GString *out, const char *title, const struct offers *offers)
{
    if (!offers->seen)
        return;
    append(out, "%s:", title);
    for (const GList *link = offers->list.head; link != NULL; link = link->next)
        append(out, " %.*s", SPAN(((const struct text_line *)link->data)->text));
    for (const GList *link = offers->earlier.head; link != NULL; link = link->next)
        append(out, " (%.*s)", SPAN(((const struct text_line *)link->data)->text));
    append(out, "\n");
}

static void write_starttls(GString *out, const struct tls *tls)
{
    const struct starttls *starttls = &tls->starttls;
    if (starttls->requested)
        append(out, "STARTTLS%s%s, protection %u\n", starttls->accepted ? " accepted" : "",
               starttls->refused ? " refused" : "", tls->protection);
}

static void write_refusals(GString *out, const struct refusals *refusals)
{
    for (const GList *link = refusals != NULL ? refusals->list.head : NULL; link != NULL; link = link->next) {
        const struct refusal *refusal = link->data;
        append(out, "no to %u: %u \"%.*s\", %u times\n", refusal->of, refusal->code, SPAN(refusal->text),
               refusal->count);
    }
}

static void write_finding(GString *out, const struct finding *finding)
{
    append(out, "! %s at %u", smtp_finding_name(finding->finding), (unsigned)finding->place.frame);
    for (const GList *link = finding->proofs.head; link != NULL; link = link->next)
        append(out, ", %u", (unsigned)((const struct proof *)link->data)->place.frame);
    append(out, "\n");
}

static char *account_text(const struct keeper *keeper, bool findings)
{
    const struct account *account = &keeper->account;
    GString *out = g_string_new(NULL);
    if (account->greetings.helo_seen)
        append(out, "client %.*s\n", SPAN(account->greetings.helo));
    write_offers(out, "offers", &account->greetings.clear);
    write_starttls(out, &account->tls);
    for (const GList *link = account->logins.list.head; link != NULL; link = link->next)
        write_login(out, link->data);
    for (const GList *link = account->mails.list.head; link != NULL; link = link->next)
        write_mail(out, link->data);
    write_refusals(out, account->refusals);
    for (const GList *link = account->findings.list.head; findings && link != NULL; link = link->next)
        write_finding(out, link->data);
    return g_string_free(out, FALSE);
}

/* ---- tables ---- */

struct row {
    const char *name, *dialogue, *account;
};

static const struct row rows[] = {
    { "a mail",
      "S:220 mx\nC:EHLO c.example.com\nS:250-mx\nS:250 SIZE 10\nC:MAIL FROM:<a@example.com> SIZE=1\nS:250 ok\n"
      "C:RCPT TO:<b@example.com>\nS:250 ok\nC:RCPT TO:<d@example.com>\nS:550 5.1.1 nobody\nC:DATA\nS:354 go\nC:x\nC:.\n"
      "S:250 2.0.0 taken\n",
      "client c.example.com\noffers: SIZE 10\nmail 1 of <a@example.com>: accepted 250 \"2.0.0 taken\"\n"
      "  to <b@example.com> 250\n  to <d@example.com> 550\nno to 5: 550 \"5.1.1 nobody\", 1 times\n" },
    { "all that belongs to it is pipelined",
      "S:220 mx\nC:EHLO c\nS:250-mx\nS:250 PIPELINING\nC:MAIL FROM:<a@example.com>\nC:RCPT TO:<b@example.com>\nC:DATA\n"
      "S:250 ok\nS:450 later\nS:554 no valid recipients\n",
      "client c\noffers: PIPELINING\nmail 1 of <a@example.com>: rejected 554 \"no valid recipients\"\n  to "
      "<b@example.com> 450\n"
      "no to 5: 450 \"later\", 1 times\nno to 6: 554 \"no valid recipients\", 1 times\n" },
    { "LMTP: each recipient that was accepted has a delivery",
      "S:220 mx LMTP\nC:LHLO c\nS:250 mx\nC:MAIL FROM:<a@example.com>\nS:250 ok\nC:RCPT TO:<b@example.com>\nS:250 ok\n"
      "C:RCPT TO:<d@example.com>\nS:550 nobody\nC:RCPT TO:<e@example.com>\nS:250 ok\nC:DATA\nS:354 go\nC:x\nC:.\n"
      "S:452 full\nS:250 taken\n",
      "client c\noffers:\nmail 1 of <a@example.com> by LMTP: accepted 250 \"taken\"\n"
      "  to <b@example.com> 250, delivery 452 \"full\"\n  to <d@example.com> 550\n  to <e@example.com> 250, delivery "
      "250 \"taken\"\n"
      "no to 5: 550 \"nobody\", 1 times\nno to 7: 452 \"full\", 1 times\n" },
    { "RSET between two",
      "S:220 mx\nC:HELO c\nS:250 mx\nC:MAIL FROM:<a@example.com>\nS:250 ok\nC:RSET\nS:250 ok\nC:MAIL FROM:<>\nS:250 "
      "ok\n",
      "client c\nmail 1 of <a@example.com>: aborted\nmail 2 of <>: unfinished\n" },
    { "a greeting that is refused, and the one before it",
      "S:220 mx\nC:EHLO c\nS:250-mx\nS:250 HELP\nC:EHLO d\nS:501 bad name\n",
      "client c\noffers: HELP\nno to 1: 501 \"bad name\", 1 times\n" },
    { "a greeting whose reply is lost", "S:220 mx\nC:EHLO c\nS?20\nC:QUIT\nS:221 bye\n", "client c\n" },
    { "what was offered before",
      "S:220 mx\nC:EHLO c\nS:250-mx\nS:250-HELP\nS:250 SIZE\nC:EHLO c\nS:250-mx\nS:250 DSN\n",
      "client c\noffers: DSN (HELP) (SIZE)\n" },
    { "a login, and what it says",
      "S:220 mx\nC:EHLO c\nS:250-mx\nS:250 AUTH PLAIN\nC:AUTH plain AGFsaWNlAHNlc2FtZTEyMw==\nS:235 ok\n",
      "client c\noffers: AUTH PLAIN\nlogin by PLAIN of alice: accepted 235\n" },
    { "logins that are denied, with the same words",
      "S:220 mx\nC:EHLO c\nS:250-mx\nS:250 AUTH LOGIN\nC:AUTH LOGIN\nS:334 VXNlcm5hbWU6\nC:YWxpY2U=\nS:334 "
      "UGFzc3dvcmQ6\nC:c2VzYW1lMTIz\n"
      "S:535 5.7.8 wrong\nC:AUTH LOGIN\nS:334 VXNlcm5hbWU6\nC:*\nS:501 cancelled\n",
      "client c\noffers: AUTH LOGIN\nlogin by LOGIN of alice: rejected 535, denied\nlogin by LOGIN: cancelled 501\n"
      "no to 3: 535 \"5.7.8 wrong\", 1 times\n" },
    { "STARTTLS that is refused",
      "S:220 mx\nC:EHLO c\nS:250-mx\nS:250 STARTTLS\nC:STARTTLS\nS:454 not now\nC:QUIT\nS:221 bye\n",
      "client c\noffers: STARTTLS\nSTARTTLS refused, protection 0\nno to 2: 454 \"not now\", 1 times\n" },
    { "STARTTLS, and nothing behind it", "S:220 mx\nC:EHLO c\nS:250-mx\nS:250 STARTTLS\nC:STARTTLS\nS:220 go\n",
      "client c\noffers: STARTTLS\nSTARTTLS accepted, protection 1\n" },
    { "STARTTLS, and clear text behind it",
      "S:220 mx\nC:EHLO c\nS:250-mx\nS:250 STARTTLS\nC:STARTTLS\nS:220 go\nC:EHLO d\nS:250-mx\nS:250 DSN\n",
      "client d\noffers: STARTTLS\nSTARTTLS accepted, protection 0\n" },
    { "one reason, many replies",
      "S:220 mx\nC:EHLO c\nS:250 mx\nC:MAIL FROM:<a@example.com>\nS:250 ok\nC:RCPT TO:<b@example.com>\n"
      "S:550 <b@example.com>: no such user\nC:RCPT TO:<d@example.com>\nS:550 <d@example.com>: no such user\n",
      "client c\noffers:\nmail 1 of <a@example.com>: unfinished\n  to <b@example.com> 550\n  to <d@example.com> 550\n"
      "no to 5: 550 \"<b@example.com>: no such user\", 2 times\n" },
    { "a server that is busy", "S:421 too many connections\n", "no to 0: 421 \"too many connections\", 1 times\n" },
};

static struct keeper *run(const char *dialogue)
{
    struct keeper *keeper = keeper_new();
    uint64_t at[2] = { 0, 0 };
    say(keeper, dialogue, at);
    smtp_conversation_end(&keeper->conversation);
    greetings_assume(&keeper->account.greetings);
    return keeper;
}

static void gives_an_account(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct keeper *keeper = run(rows[i].dialogue);
        char *text = account_text(keeper, false);
        if (strcmp(text, rows[i].account) != 0)
            fail_msg("%s:\n%sin place of\n%s", rows[i].name, text, rows[i].account);
        g_free(text);
        keeper_free(keeper);
    }
}

static void masks_secrets_and_what_repeats_them(void **state)
{
    (void)state;
    struct keeper *keeper = run("S:220 mx\nC:EHLO c\nS:250-mx\nS:250 AUTH PLAIN\nC:AUTH PLAIN "
                                "AGFsaWNlAHNlc2FtZTEyMw==\nS:535 not sesame123, alice\n"
                                "C:AUTH PLAIN AGFsaWNlAHNlc2FtZTEyMw==\nS:235 ok\n");
    assert_string_equal(
        keeper->lines->str,
        "S 220 mx\nC EHLO c\nS 250 mx\nS 250 AUTH PLAIN\nC AUTH PLAIN [secret-1]\nS 535 not [secret-1], alice\n"
        "C AUTH PLAIN [secret-1]\nS 235 ok\n");
    const struct login *login = logins_last(&keeper->account.logins);
    assert_true(is_text(login->secret, "sesame123"));
    keeper_free(keeper);
}

/* Of a name so many are kept, and the others counted; of holes the first of each side stands for all. */
static void bounds_findings(void **state)
{
    (void)state;
    struct keeper *keeper = run("S:220 mx\nC:EHLO c\nS:250 mx\nC?9\nC:NOOP\nS:250 ok\nC?9\nC:QUIT\nS:221 bye\n");
    struct findings *findings = &keeper->account.findings;
    for (uint64_t frame = 1; frame <= 4; frame++)
        findings_add(findings, &keeper->account.keeping, SMTP_FINDING_UNKNOWN_COMMAND, (struct place){ .frame = frame },
                     (struct place){ .frame = 0 }, "what it is");
    unsigned unknown = 0, holes = 0;
    for (const GList *link = findings->list.head; link != NULL; link = link->next) {
        unknown += ((const struct finding *)link->data)->finding == SMTP_FINDING_UNKNOWN_COMMAND;
        holes += ((const struct finding *)link->data)->finding == SMTP_FINDING_CAPTURE_GAP;
    }
    assert_int_equal(unknown, 3);
    assert_int_equal(findings->beyond[SMTP_FINDING_UNKNOWN_COMMAND], 1);
    assert_int_equal(holes, 1);
    assert_non_null(findings->gaps[SMTP_CLIENT]);
    assert_null(findings->gaps[SMTP_SERVER]);
    keeper_free(keeper);
}

static void ties_findings_to_what_proves_them(void **state)
{
    (void)state;
    struct keeper *keeper = run("S:220 mx\nC:EHLO c\nS:250-mx\nS:250 STARTTLS\nC:STARTTLS\nS:454 not now\nC:MAIL "
                                "FROM:<a@example.com>\nS:250 ok\n");
    const struct finding *fallback = findings_last(&keeper->account.findings, SMTP_FINDING_STARTTLS_FALLBACK_TO_CLEAR);
    assert_non_null(fallback);
    assert_int_equal(fallback->proofs.length, 1);
    assert_int_equal(((const struct proof *)fallback->proofs.head->data)->place.frame,
                     10000 + 1 + strlen("220 mx\r\n250-mx\r\n250 STARTTLS\r\n"));
    keeper_free(keeper);
}

/* Each change of what was taken before is told of: undone from the last to the first, all is as it was, and can go on.
 */
static void undoes_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t lines = 0;
        for (const char *at = rows[i].dialogue; *at != '\0'; at++)
            lines += *at == '\n';
        for (size_t cut = 1; cut < lines; cut++) {
            struct keeper *keeper = keeper_new();
            const char *rest = rows[i].dialogue;
            uint64_t at[2] = { 0, 0 };
            for (size_t line = 0; line < cut; line++)
                rest = strchr(rest, '\n') + 1;
            char *first = g_strndup(rows[i].dialogue, (size_t)(rest - rows[i].dialogue));
            say(keeper, first, at);
            char *before = account_text(keeper, true);
            const struct account account = keeper->account;
            const struct smtp_session session = keeper->session;
            struct smtp_conversation conversation = keeper->conversation;
            for (int half = 0; half < 2; half++)
                conversation.waiting[half] = smtp_waiting_copy(&keeper->conversation.waiting[half], resize_waiting);
            keeper->changes = g_ptr_array_new_with_free_func(g_free);
            smtp_conversation_end(&keeper->conversation);
            for (guint change = keeper->changes->len; change > 0; change--) {
                const struct change *noted = keeper->changes->pdata[change - 1];
                memcpy(noted->where, noted->was, noted->octets);
            }
            g_ptr_array_free(keeper->changes, TRUE);
            keeper->changes = NULL;
            smtp_conversation_clear(&keeper->conversation);
            keeper->account = account;
            keeper->session = session;
            keeper->conversation = conversation;
            char *after = account_text(keeper, true);
            assert_string_equal(after, before);
            say(keeper, rest, at);
            smtp_conversation_end(&keeper->conversation);
            greetings_assume(&keeper->account.greetings);
            char *text = account_text(keeper, false);
            if (strcmp(text, rows[i].account) != 0)
                fail_msg("%s, ended and taken up again behind line %zu:\n%sin place of\n%s", rows[i].name, cut, text,
                         rows[i].account);
            g_free(first);
            g_free(before);
            g_free(after);
            g_free(text);
            keeper_free(keeper);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_an_account), cmocka_unit_test(masks_secrets_and_what_repeats_them),
        cmocka_unit_test(bounds_findings),  cmocka_unit_test(ties_findings_to_what_proves_them),
        cmocka_unit_test(undoes_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
