/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The output of `report`: one HTML page that needs nothing but itself. The sessions come one by one, but the page
 * begins with what is known at the end only, so its parts wait, most of them in temporary files, until all is read.
 *
 * A page is for people: of very many sessions, mails, findings and lines the first are shown, and it is said how many
 * are not.
 */

#include "report_private.h"

#include "language.h"
#include "output.h"

static void tell_across(void *context, const struct told_finding *told)
{
    struct report *report = context;
    bool wanted = false;
    for (unsigned i = 0; i < told->count; i++)
        wanted = wanted || options_pick(report->options, told->evidence[i].session);
    if (wanted)
        report_tell(report, told);
}

static struct report *new_report(const struct options *options, struct arena_pool *pool)
{
    struct report *report = g_new0(struct report, 1);
    report->options = options;
    report->pool = pool;
    report->relief = (struct relief){ .give = report_relieve, .context = report };
    html_begin(&report->html);
    report->spool = spool_new();
    report->across = across_new(options->memory_limit / ACROSS_PART, tell_across, report);
    report->dialogues = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    report->timeline = timeline_new();
    return report;
}

static void free_report(struct report *report)
{
    for (unsigned part = 0; part < REPORT_PARTS; part++)
        strip_free(report->strips[part]);
    timeline_free(report->timeline);
    g_hash_table_destroy(report->dialogues);
    across_free(report->across);
    spool_free(report->spool);
    html_end(&report->html);
    g_free(report);
}

uint64_t report_findings(const struct report *report)
{
    uint64_t count = 0;
    for (int severity = SMTP_SEVERITY_INFO; severity <= SMTP_SEVERITY_HIGH; severity++)
        count += report->counts.severities[severity];
    return count;
}

int report_worst(const struct record *record)
{
    int worst = -1;
    for (const GList *link = record->account.findings.list.head; link != NULL; link = link->next) {
        int severity = (int)smtp_finding_severity(((const struct finding *)link->data)->finding);
        worst = MAX(worst, severity);
    }
    return worst;
}

/* Whether the page has room for the session's dialogue. */
static bool takes_dialogue(struct report *report, const struct record *record)
{
    struct report_counts *counts = &report->counts;
    if (counts->dialogues - counts->dialogues_found < REPORT_DIALOGUES) {
        counts->dialogues++;
        return true;
    }
    if (report_worst(record) < (int)REPORT_FOUND_SEVERITY || counts->dialogues_found >= REPORT_DIALOGUES_FOUND)
        return false;
    counts->dialogues_found++;
    counts->dialogues++;
    return true;
}

static void count_transaction(struct report_counts *counts, const struct record *record,
                              const struct transaction *transaction)
{
    counts->mails++;
    counts->outcomes[transaction->outcome]++;
    if (transaction->message != NULL) {
        counts->contents++;
        counts->contents_whole += transaction->message->complete;
    }
    counts->recipients += transaction->recipients.length;
    for (const GList *link = transaction->recipients.head; link != NULL; link = record_next(record, link)) {
        const struct recipient *recipient = link->data;
        counts->recipients_refused += recipient->code >= 400 || recipient->delivery_code >= 400;
    }
}

static void count_session(struct report_counts *counts, const struct record *record)
{
    counts->sessions++;
    counts->whole += record->complete;
    counts->hidden += record_is_hidden(record);
    counts->starttls_refused += record->account.tls.starttls.refused;
    for (const GList *link = record->gaps.head; link != NULL; link = record_next(record, link)) {
        counts->gaps++;
        counts->missing += ((const struct gap *)link->data)->octets;
    }
    for (const GList *link = record->account.logins.list.head; link != NULL; link = record_next(record, link)) {
        counts->logins++;
        counts->logins_accepted += ((const struct login *)link->data)->result == SMTP_STEP_ACCEPTED;
    }
    for (const GList *link = record->account.mails.list.head; link != NULL; link = record_next(record, link))
        count_transaction(counts, record, link->data);
}

static void write_session(struct report *report, const struct record *record)
{
    GArray *mails = g_array_new(FALSE, FALSE, sizeof(struct report_mail));
    bool dialogue = takes_dialogue(report, record);
    count_session(&report->counts, record);
    if (dialogue)
        g_hash_table_add(report->dialogues, g_memdup2(&record->id, sizeof record->id));
    timeline_add(report->timeline, record, report_worst(record), dialogue);
    report_row(report, record, dialogue);
    report_mails(report, record, mails);
    if (dialogue)
        report_dialogue(report, record, mails);
    for (const GList *link = record->account.findings.list.head; link != NULL; link = link->next) {
        const struct told_finding told = finding_told(record, link->data);
        report_tell(report, &told);
    }
    g_array_free(mails, TRUE);
}

static void add_session(struct face_run *run, const struct record *record)
{
    struct report *report = run->own;
    report->early = run->early;
    if (options_pick(report->options, record->id))
        write_session(report, record);
    across_session(report->across, record);
    if (report->early && report->problem == 0)
        report_note(report, spool_end(report->spool, record->id));
    report->early = false;
    run->problem = report->problem;
}

static void add_finding(struct face_run *run, const struct told_finding *told)
{
    struct report *report = run->own;
    report_tell(report, told);
    run->problem = report->problem;
}

/* ---- the face ---- */

static bool begin(struct face_run *run)
{
    run->own = new_report(run->options, run->pool);
    return true;
}

static bool finish(struct face_run *run, struct summary *summary)
{
    struct report *report = run->own;
    summary->findings = report_findings(report);
    summary->forgotten = across_forgotten(report->across);
    return report_page(report, summary, output_stream(run->output));
}

static void give_turn(struct face_run *run, uint64_t session)
{
    struct report *report = run->own;
    report_turn(report, session);
    run->problem = report->problem;
}

static void end(struct face_run *run)
{
    free_report(run->own);
}

const struct face_writer report_face = {
    .open = begin,
    .session = add_session,
    .turn = give_turn,
    .finding = add_finding,
    .finish = finish,
    .close = end,
    .not_kept = N_("smtpscope: %s: cannot keep the parts of the page there until all is read: %s\n"),
};
