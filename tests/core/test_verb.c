/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spans.h"

#include "verb.h"

struct row {
    struct smtp_span word;
    enum smtp_verb verb;
};

static const struct row rows[] = {
    { TEXT(""), SMTP_VERB_NONE },
    { TEXT("EHLO"), SMTP_VERB_EHLO },
    { TEXT("ehlo"), SMTP_VERB_EHLO },
    { TEXT("eHlO"), SMTP_VERB_EHLO },
    { TEXT("HELO"), SMTP_VERB_HELO },
    { TEXT("LHLO"), SMTP_VERB_LHLO },
    { TEXT("Mail"), SMTP_VERB_MAIL },
    { TEXT("RCPT"), SMTP_VERB_RCPT },
    { TEXT("DATA"), SMTP_VERB_DATA },
    { TEXT("BDAT"), SMTP_VERB_BDAT },
    { TEXT("BURL"), SMTP_VERB_BURL },
    { TEXT("STARTTLS"), SMTP_VERB_STARTTLS },
    { TEXT("x-exps"), SMTP_VERB_X_EXPS },
    { TEXT("X-LINK2STATE"), SMTP_VERB_X_LINK2STATE },
    { TEXT("XEXCH50"), SMTP_VERB_XEXCH50 },
    { TEXT("X-ANONYMOUSTLS"), SMTP_VERB_X_ANONYMOUSTLS },
    { TEXT("XCLIENT"), SMTP_VERB_XCLIENT },
    { TEXT("XFORWARD"), SMTP_VERB_XFORWARD },
    { TEXT("XADR"), SMTP_VERB_OTHER },
    { TEXT("xsta"), SMTP_VERB_OTHER },
    { TEXT("EHL"), SMTP_VERB_UNKNOWN },
    { TEXT("EHLOO"), SMTP_VERB_UNKNOWN },
    { TEXT("EHLO\0"), SMTP_VERB_UNKNOWN },
    { TEXT("GET"), SMTP_VERB_UNKNOWN },
    { TEXT("\xff\x00\x80"), SMTP_VERB_UNKNOWN },
};

static void tells_verbs_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        EXPECT(rows[i].word, smtp_verb_of(rows[i].word) == rows[i].verb);
}

static void every_name_leads_back_to_its_verb(void **state)
{
    (void)state;
    for (int verb = SMTP_VERB_EHLO; verb < SMTP_VERB_OTHER; verb++) {
        const char *name = smtp_verb_name((enum smtp_verb)verb);
        assert_true(name[0] != '\0');
        assert_int_equal(smtp_verb_of(smtp_span_of_text(name)), verb);
    }
    static const enum smtp_verb nameless[] = { SMTP_VERB_NONE, SMTP_VERB_UNKNOWN, SMTP_VERB_OTHER, SMTP_VERB_COUNT };
    for (size_t i = 0; i < COUNT(nameless); i++)
        assert_string_equal(smtp_verb_name(nameless[i]), "");
}

static void knows_what_ends_a_pipelined_group(void **state)
{
    (void)state;
    static const enum smtp_verb anywhere[] = {
        SMTP_VERB_MAIL, SMTP_VERB_RCPT, SMTP_VERB_RSET, SMTP_VERB_SEND, SMTP_VERB_SOML,
        SMTP_VERB_SAML, SMTP_VERB_BDAT, SMTP_VERB_BURL, SMTP_VERB_XFORWARD,
    };
    for (int verb = 0; verb <= SMTP_VERB_COUNT; verb++) {
        bool expected = false;
        for (size_t i = 0; i < COUNT(anywhere); i++)
            expected = expected || (int)anywhere[i] == verb;
        assert_int_equal(smtp_verb_has((enum smtp_verb)verb, SMTP_TRAIT_ANYWHERE), expected);
    }
}

/* What goes with what: a verb that is put into the table with half of its traits fails here. */
static void traits_go_together(void **state)
{
    (void)state;
    for (int i = 0; i <= SMTP_VERB_COUNT; i++) {
        enum smtp_verb verb = (enum smtp_verb)i;
        bool greets = smtp_verb_has(verb, SMTP_TRAIT_GREETS);
        bool tls = smtp_verb_has(verb, SMTP_TRAIT_STARTS_TLS);
        bool path = smtp_verb_names_sender(verb) || smtp_verb_names_recipient(verb);
        assert_true(!smtp_verb_has(verb, SMTP_TRAIT_EXTENDED) || greets);
        assert_true(!(greets || tls) || smtp_verb_has(verb, SMTP_TRAIT_RESETS));
        assert_true(!tls || smtp_verb_has(verb, SMTP_TRAIT_GREETED));
        assert_true(!path || smtp_verb_has(verb, SMTP_TRAIT_NAMES));
        assert_true(!smtp_verb_has(verb, SMTP_TRAIT_KNOWS) || smtp_verb_has(verb, SMTP_TRAIT_NAMES));
        assert_true(!smtp_verb_has(verb, SMTP_TRAIT_FREE) || !smtp_verb_has(verb, SMTP_TRAIT_NAMES));
        assert_int_equal(smtp_verb_shape(verb) == SMTP_SHAPE_REVERSE_PATH, smtp_verb_names_sender(verb));
        assert_int_equal(smtp_verb_shape(verb) == SMTP_SHAPE_FORWARD_PATH, smtp_verb_names_recipient(verb));
        bool known = smtp_verb_name(verb)[0] != '\0';
        assert_true(known == (smtp_verb_shape(verb) != SMTP_SHAPE_UNCERTAIN));
        assert_true(known || smtp_verb_keyword(verb) == SMTP_KEYWORD_OTHER);
    }
}

static void parse_prefix(struct smtp_span prefix)
{
    EXPECT(prefix, (smtp_verb_of(prefix) == SMTP_VERB_NONE) == (prefix.length == 0));
}

static void survives_every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for_each_prefix(rows[i].word, parse_prefix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_verbs_apart),
        cmocka_unit_test(every_name_leads_back_to_its_verb),
        cmocka_unit_test(knows_what_ends_a_pipelined_group),
        cmocka_unit_test(traits_go_together),
        cmocka_unit_test(survives_every_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
