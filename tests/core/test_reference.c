/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spans.h"

#include <stdio.h>

#include "finding.h"
#include "reference/reference.h"
#include "verb.h"

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
           || strcmp(source, "seen in practice") == 0 || strcmp(source, "smtpscope") == 0 || (comma != NULL && strcmp(comma, ", private") == 0);
}

/* Every entry says what it means and where that stands, fits behind a line, and is the one found under its name. */
static void entries_are_whole(void **state)
{
    (void)state;
    for (size_t t = 0; t < SMTP_REFERENCE_TABLES; t++) {
        const struct smtp_reference_table *table = smtp_reference_tables[t];
        assert_true(table->count > 10);
        for (size_t i = 0; i < table->count; i++) {
            const struct smtp_reference_entry *entry = &table->entries[i];
            struct smtp_span name = span_of(entry->name);
            EXPECT(name, name.length > 0);
            EXPECT(name, strlen(entry->meaning) > 0 && strlen(entry->meaning) <= MEANING_LIMIT);
            EXPECT(name, entry->meaning[strlen(entry->meaning) - 1] != '.');
            EXPECT(name, is_source(entry->source));
            EXPECT(name, smtp_reference_find(table, name) == entry);
        }
    }
}

static bool is_section(const char *section)
{
    return strspn(section, "0123456789.") == strlen(section) && section[0] != '.' && section[strlen(section) - 1] != '.';
}

static bool is_category(const char *category)
{
    return strcmp(category, "session") == 0 || strcmp(category, "auth") == 0 || strcmp(category, "message") == 0;
}

/* "250 251": each is a reply code that has an entry and begins with one of `digits`. */
static bool are_codes(const char *list, const char *digits)
{
    struct smtp_span rest = smtp_span_of_text(list);
    struct smtp_span word = smtp_span_next_word(&rest);
    bool good = word.length > 0;
    for (; word.length > 0; word = smtp_span_next_word(&rest))
        good = good && strchr(digits, word.octets[0]) != NULL && smtp_reference_find(&smtp_reference_replies, word) != NULL;
    return good;
}

static bool are_names(const char *list, const struct smtp_reference_table *table)
{
    struct smtp_span rest = smtp_span_of_text(list);
    for (struct smtp_span word = smtp_span_next_word(&rest); word.length > 0; word = smtp_span_next_word(&rest))
        if (smtp_reference_find(table, word) == NULL)
            return false;
    return true;
}

static bool is_sentence(const char *text)
{
    size_t length = strlen(text);
    return length > 1 && text[length - 1] == '.' && text[length - 2] != '.' && strstr(text, "  ") == NULL;
}

/* The longer texts: sentences are whole, sections are numbers, and what points to other entries finds them. */
static void entries_are_consistent(void **state)
{
    (void)state;
    for (size_t t = 0; t < SMTP_REFERENCE_TABLES; t++)
        for (size_t i = 0; i < smtp_reference_tables[t]->count; i++) {
            const struct smtp_reference_entry *entry = &smtp_reference_tables[t]->entries[i];
            struct smtp_span name = span_of(entry->name);
            const char *const sentences[] = { entry->description, entry->action, entry->causes, entry->wire, entry->reveals, entry->clear };
            for (size_t s = 0; s < COUNT(sentences); s++)
                EXPECT(name, sentences[s] == NULL || is_sentence(sentences[s]));
            EXPECT(name, entry->section == NULL || (strncmp(entry->source, "RFC ", 4) == 0 && is_section(entry->section)));
            EXPECT(name, (entry->category != NULL) == (smtp_reference_tables[t] == &smtp_reference_commands));
            EXPECT(name, entry->category == NULL || is_category(entry->category));
            EXPECT(name, entry->success == NULL || are_codes(entry->success, "2"));
            EXPECT(name, entry->intermediate == NULL || are_codes(entry->intermediate, "3"));
            EXPECT(name, entry->failure == NULL || are_codes(entry->failure, "45"));
            EXPECT(name, entry->next == NULL || are_names(entry->next, &smtp_reference_commands));
            EXPECT(name, entry->keyword == NULL || are_names(entry->keyword, &smtp_reference_keywords));
            EXPECT(name, entry->syntax == NULL || entry->carrier != NULL
                             || strncmp(entry->syntax, entry->name, strlen(entry->name)) == 0);
        }
}

/* "451 550", "5XX": each is a reply code that has an entry, or a whole class of them. */
static bool are_basic_codes(const char *list)
{
    struct smtp_span rest = smtp_span_of_text(list);
    struct smtp_span word = smtp_span_next_word(&rest);
    bool good = word.length > 0;
    for (; word.length > 0; word = smtp_span_next_word(&rest)) {
        bool whole_class = word.length == 3 && strchr("245", word.octets[0]) != NULL && memcmp(word.octets + 1, "XX", 2) == 0;
        good = good && (whole_class || smtp_reference_find(&smtp_reference_replies, word) != NULL);
    }
    return good;
}

/* The registry numbers the details of each subject from 0 on without gaps. */
static void statuses_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < smtp_reference_statuses.count; i++) {
        const struct smtp_reference_entry *entry = &smtp_reference_statuses.entries[i];
        struct smtp_span name = span_of(entry->name);
        unsigned subject = 0, detail = 0;
        EXPECT(name, sscanf(entry->name, "X.%u.%u", &subject, &detail) == 2);
        EXPECT(name, detail == 0 || smtp_reference_status(subject, detail - 1) == entry - 1);
        EXPECT(name, entry->codes == NULL || are_basic_codes(entry->codes));
    }
}

/* A parameter and the keywords that announce it agree on the command that carries it. */
static void parameters_agree_with_keywords(void **state)
{
    (void)state;
    for (size_t i = 0; i < smtp_reference_parameters.count; i++) {
        const struct smtp_reference_entry *parameter = &smtp_reference_parameters.entries[i];
        struct smtp_span name = span_of(parameter->name);
        EXPECT(name, are_names(parameter->carrier, &smtp_reference_commands));
        struct smtp_span rest = smtp_span_of_text(parameter->keyword);
        for (struct smtp_span word = smtp_span_next_word(&rest); word.length > 0; word = smtp_span_next_word(&rest)) {
            const struct smtp_reference_entry *keyword = smtp_reference_find(&smtp_reference_keywords, word);
            EXPECT(name, keyword != NULL && keyword->description != NULL);
            EXPECT(name, strstr(keyword->description, parameter->carrier) != NULL);
            EXPECT(name, strstr(keyword->description, parameter->name) != NULL);
        }
    }
}

/* A command that a document defines is told in full, a parameter says where it stands, a reply what to do. */
static void entries_say_enough(void **state)
{
    (void)state;
    for (size_t i = 0; i < smtp_reference_commands.count; i++) {
        const struct smtp_reference_entry *entry = &smtp_reference_commands.entries[i];
        if (strncmp(entry->source, "RFC ", 4) == 0)
            EXPECT(span_of(entry->name), entry->syntax != NULL && entry->example != NULL && entry->description != NULL
                                             && entry->phase != NULL && entry->success != NULL && entry->section != NULL);
    }
    for (size_t i = 0; i < smtp_reference_replies.count; i++)
        EXPECT(span_of(smtp_reference_replies.entries[i].name), smtp_reference_replies.entries[i].action != NULL);
    for (size_t i = 0; i < smtp_reference_statuses.count; i++)
        EXPECT(span_of(smtp_reference_statuses.entries[i].name), smtp_reference_statuses.entries[i].description != NULL);
    for (size_t i = 0; i < smtp_reference_parameters.count; i++)
        EXPECT(span_of(smtp_reference_parameters.entries[i].name),
               smtp_reference_parameters.entries[i].carrier != NULL && smtp_reference_parameters.entries[i].keyword != NULL);
}

/* The fields name every text that an entry has besides name, meaning, source, section and category. */
static void fields_are_whole(void **state)
{
    (void)state;
    const struct smtp_reference_entry entry = { .syntax = "syntax", .clear = "clear", .failure = "failure" };
    size_t seen = 0;
    for (size_t i = 0; i < SMTP_REFERENCE_FIELDS; i++) {
        const char *text = smtp_reference_text(&entry, &smtp_reference_fields[i]);
        assert_true(strlen(smtp_reference_fields[i].label) > 0);
        if (text != NULL)
            assert_string_equal(text, smtp_reference_fields[i].key);
        seen += text != NULL;
    }
    assert_int_equal(seen, 3);
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

static void every_finding_is_explained(void **state)
{
    (void)state;
    for (unsigned finding = 0; finding < SMTP_FINDING_COUNT; finding++) {
        const char *name = smtp_finding_name((enum smtp_finding)finding);
        if (name == NULL)
            continue;
        const struct smtp_reference_entry *entry = smtp_reference_finding(name);
        EXPECT(span_of(name), entry != NULL && entry->description != NULL && entry->action != NULL);
    }
    assert_null(smtp_reference_finding("nonsense"));
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
        cmocka_unit_test(finds_codes),       cmocka_unit_test(finds_statuses),          cmocka_unit_test(entries_are_consistent),
        cmocka_unit_test(entries_say_enough), cmocka_unit_test(fields_are_whole),        cmocka_unit_test(every_finding_is_explained),
        cmocka_unit_test(statuses_are_whole), cmocka_unit_test(parameters_agree_with_keywords),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
