/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spans.h"

#include "reference/reference.h"
#include "verb.h"

static const struct smtp_reference_table *const tables[] = {
    &smtp_reference_commands, &smtp_reference_replies,    &smtp_reference_statuses,
    &smtp_reference_keywords, &smtp_reference_mechanisms, &smtp_reference_parameters,
};

#define MEANING_LIMIT 60

static struct smtp_span span_of(const char *text)
{
    return smtp_span((const uint8_t *)text, strlen(text));
}

/* A document, a registry, whose private word it is, or that it is only seen. */
static bool is_source(const char *source)
{
    const char *comma = strchr(source, ',');
    return strncmp(source, "RFC ", 4) == 0 || strncmp(source, "MS-", 3) == 0 || strcmp(source, "IANA registry") == 0
           || strcmp(source, "seen in practice") == 0 || (comma != NULL && strcmp(comma, ", private") == 0);
}

/* Every entry says what it means and where that stands, fits behind a line, and is the one found under its name. */
static void entries_are_whole(void **state)
{
    (void)state;
    for (size_t t = 0; t < COUNT(tables); t++) {
        assert_true(tables[t]->count > 10);
        for (size_t i = 0; i < tables[t]->count; i++) {
            const struct smtp_reference_entry *entry = &tables[t]->entries[i];
            struct smtp_span name = span_of(entry->name);
            EXPECT(name, name.length > 0);
            EXPECT(name, strlen(entry->meaning) > 0 && strlen(entry->meaning) <= MEANING_LIMIT);
            EXPECT(name, entry->meaning[strlen(entry->meaning) - 1] != '.');
            EXPECT(name, is_source(entry->source));
            EXPECT(name, smtp_reference_find(tables[t], name) == entry);
        }
    }
}

/* What the state machine knows by name, the reference explains. */
static void every_verb_is_explained(void **state)
{
    (void)state;
    for (unsigned verb = SMTP_VERB_UNKNOWN + 1; verb < SMTP_VERB_OTHER; verb++) {
        struct smtp_span name = span_of(smtp_verb_name((enum smtp_verb)verb));
        EXPECT(name, smtp_reference_find(&smtp_reference_commands, name) != NULL);
    }
}

static void finds_in_any_case(void **state)
{
    (void)state;
    assert_string_equal(smtp_reference_find(&smtp_reference_commands, span_of("starttls"))->name, "STARTTLS");
    assert_null(smtp_reference_find(&smtp_reference_commands, span_of("STAR")));
    assert_null(smtp_reference_find(&smtp_reference_commands, span_of("")));
    assert_null(smtp_reference_find(&smtp_reference_commands, smtp_span((const uint8_t *)"QUIT\0", 5)));
}

static void finds_codes(void **state)
{
    (void)state;
    static const unsigned known[] = { 211, 214, 220, 221, 235, 250, 251, 252, 334, 354, 421, 432, 450, 451, 452, 454, 455,
                                      500, 501, 502, 503, 504, 521, 525, 530, 534, 535, 538, 550, 551, 552, 553, 554, 555, 556 };
    for (size_t i = 0; i < COUNT(known); i++)
        if (smtp_reference_reply(known[i]) == NULL)
            fail_msg("no entry for reply code %u", known[i]);
    assert_null(smtp_reference_reply(0));
    assert_null(smtp_reference_reply(299));
    assert_null(smtp_reference_reply(UINT32_MAX));
    assert_string_equal(smtp_reference_class(299), "success");
    assert_string_equal(smtp_reference_class(499), "try again later");
    assert_null(smtp_reference_class(199));
    assert_null(smtp_reference_class(600));
}

static void finds_statuses(void **state)
{
    (void)state;
    assert_string_equal(smtp_reference_status(1, 1)->name, "X.1.1");
    assert_string_equal(smtp_reference_status(7, 1)->name, "X.7.1");
    assert_null(smtp_reference_status(9, 999));
    assert_null(smtp_reference_status(UINT32_MAX, UINT32_MAX));
    assert_string_equal(smtp_reference_subject(1), "addressing");
    assert_null(smtp_reference_subject(8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_whole), cmocka_unit_test(every_verb_is_explained), cmocka_unit_test(finds_in_any_case),
        cmocka_unit_test(finds_codes),       cmocka_unit_test(finds_statuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
