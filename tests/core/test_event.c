/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spans.h"

#include "event.h"

struct row {
    unsigned code;
    enum smtp_verb verb;
    bool lists_extensions;
};

static const struct row rows[] = {
    { 250, SMTP_VERB_EHLO, true },  { 250, SMTP_VERB_LHLO, true },  { 250, SMTP_VERB_HELO, false },
    { 250, SMTP_VERB_MAIL, false }, { 502, SMTP_VERB_EHLO, false }, { 0, SMTP_VERB_EHLO, false },
};

static void knows_replies_that_list_extensions(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct smtp_reply reply = { .code = (uint16_t)rows[i].code, .verb = rows[i].verb };
        assert_int_equal(smtp_reply_lists_extensions(&reply), rows[i].lists_extensions);
    }
}

struct refusal {
    unsigned code, subject, detail;
    bool of_address;
};

/* subject 0 here: no enhanced status. */
static const struct refusal refusals[] = {
    { 550, 0, 0, true },  { 550, 1, 1, true },  { 551, 1, 6, true },  { 553, 2, 1, true },
    { 550, 1, 8, false }, { 550, 7, 1, false }, { 554, 1, 1, false }, { 250, 0, 0, false },
};

static void tells_refused_addresses_from_policy(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        const struct refusal *row = &refusals[i];
        const struct smtp_reply reply = { .code = (uint16_t)row->code,
                                          .enhanced = { .present = row->subject > 0,
                                                        .class_digit = 5,
                                                        .subject = (uint16_t)row->subject,
                                                        .detail = (uint16_t)row->detail } };
        assert_int_equal(smtp_reply_refuses_address(&reply), row->of_address);
    }
}

static void every_phase_and_step_has_a_name(void **state)
{
    (void)state;
    for (int phase = SMTP_PHASE_CONNECT; phase <= SMTP_PHASE_CHUNKS; phase++)
        assert_true(smtp_phase_name((enum smtp_phase)phase)[0] != '\0');
    for (int step = SMTP_STEP_OFFERED; step <= SMTP_STEP_CANCELLED; step++)
        assert_true(smtp_step_name((enum smtp_step)step)[0] != '\0');
    for (int boundary = SMTP_BOUNDARY_STARTTLS; boundary <= SMTP_BOUNDARY_IMPLICIT_TLS; boundary++)
        assert_true(smtp_boundary_name((enum smtp_boundary)boundary)[0] != '\0');
    assert_null(smtp_outcome_name(SMTP_OUTCOME_UNKNOWN));
    assert_string_equal(smtp_outcome_name(SMTP_OUTCOME_UNFINISHED), "unfinished");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_replies_that_list_extensions),
        cmocka_unit_test(tells_refused_addresses_from_policy),
        cmocka_unit_test(every_phase_and_step_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
