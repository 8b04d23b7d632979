/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spans.h"

#include "guesses.h"

#define KEPT 4

static struct smtp_span span(const char *text)
{
    return smtp_span_of_text(text);
}

static unsigned add(struct smtp_guess *kept, const char *who, const char *password)
{
    uint64_t secret = password != NULL ? smtp_guess_secret(SMTP_MECHANISM_PLAIN, span(password)) : 0;
    return smtp_guess_add(kept, KEPT, smtp_guess_who(span(who)), secret);
}

static unsigned count(const struct smtp_guess *kept, const char *who)
{
    return smtp_guess_count(kept, KEPT, who != NULL ? smtp_guess_who(span(who)) : 0);
}

static void tells_apart(void **state)
{
    (void)state;
    assert_true(smtp_guess_who(span("Alice")) == smtp_guess_who(span("aLICE")));
    assert_true(smtp_guess_who(smtp_span(NULL, 0)) != 0);
    assert_true(smtp_guess_secret(SMTP_MECHANISM_PLAIN, span("a")) == smtp_guess_secret(SMTP_MECHANISM_LOGIN, span("a")));
    assert_true(smtp_guess_secret(SMTP_MECHANISM_PLAIN, span("a")) != smtp_guess_secret(SMTP_MECHANISM_PLAIN, span("A")));
    assert_true(smtp_guess_secret(SMTP_MECHANISM_PLAIN, span("")) != 0);
    assert_true(smtp_guess_secret(SMTP_MECHANISM_PLAIN, smtp_span(NULL, 0)) == 0);
    assert_true(smtp_guess_secret(SMTP_MECHANISM_XOAUTH2, span("token")) == 0);
}

static void counts_different_ones(void **state)
{
    (void)state;
    struct smtp_guess kept[KEPT] = { { .who = 0 } };
    assert_int_equal(kept[add(kept, "alice", NULL)].denied, 1);
    assert_int_equal(kept[add(kept, "alice", "a")].denied, 2); /* it may have been this one */
    assert_int_equal(kept[add(kept, "alice", NULL)].denied, 3);
    assert_int_equal(count(kept, NULL), 1);
    assert_int_equal(kept[add(kept, "alice", "b")].denied, 1);
    assert_int_equal(kept[add(kept, "bob", "b")].denied, 1);
    assert_int_equal(count(kept, NULL), 3);
    assert_int_equal(count(kept, "alice"), 2);
    smtp_guess_forget(kept, KEPT, smtp_guess_who(span("alice")));
    assert_int_equal(count(kept, "alice"), 0);
    assert_int_equal(count(kept, NULL), 1);
}

static void keeps_the_last(void **state)
{
    (void)state;
    struct smtp_guess kept[KEPT] = { { .who = 0 } };
    static const char *const passwords[] = { "a", "b", "c", "d", "e" };
    unsigned place = 0;
    for (size_t i = 0; i < COUNT(passwords); i++)
        place = add(kept, "alice", passwords[i]);
    assert_int_equal(place, 0); /* where "a" was */
    assert_int_equal(kept[0].denied, 1);
    assert_int_equal(count(kept, NULL), KEPT);
    assert_int_equal(add(kept, "alice", "a"), 1); /* "b" is the oldest one now */
}

static void knows_denials(void **state)
{
    (void)state;
    static const struct {
        unsigned code;
        const char *status;
        bool denies;
    } rows[] = {
        { 535, "", true },       { 535, "5.7.8", true },   { 535, "5.7.0", true },   { 535, "5.7.3", true },
        { 554, "5.7.8", true },  { 535, "5.7.9", false },  { 535, "5.5.4", false },  { 535, "5.7.13", false },
        { 554, "", false },      { 553, "5.7.1", false },  { 550, "5.7.1", false },  { 534, "5.7.9", false },
        { 454, "4.7.0", false }, { 432, "4.7.12", false }, { 454, "4.7.8", false },  { 504, "5.5.4", false },
        { 538, "5.7.11", false }, { 525, "5.7.13", false }, { 501, "", false },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct smtp_enhanced_status status = smtp_enhanced_status_parse(span(rows[i].status));
        EXPECT(span(rows[i].status), smtp_denies_credentials(rows[i].code, &status) == rows[i].denies);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_apart),
        cmocka_unit_test(counts_different_ones),
        cmocka_unit_test(keeps_the_last),
        cmocka_unit_test(knows_denials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
