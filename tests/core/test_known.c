/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spans.h"

#include <stdio.h>

#include "known.h"

static struct smtp_known_slot slots[2][65536];

static void learn_as(struct smtp_known *known, struct smtp_span octets, struct smtp_span named,
                     struct smtp_span identity, uint32_t label)
{
    struct smtp_secret secret = { .kind = SMTP_SECRET_AUTH, .octets = octets, .named = named };
    uint32_t capacity = smtp_known_wants(known, &secret);
    if (capacity > known->capacity) {
        struct smtp_known_slot *room = known->slots == slots[0] ? slots[1] : slots[0];
        memset(room, 0, capacity * sizeof *room);
        smtp_known_move(known, room, capacity);
    }
    smtp_known_learn(known, &secret, label, identity);
}

static void learn(struct smtp_known *known, struct smtp_span secret, uint32_t label)
{
    learn_as(known, secret, secret, smtp_span(NULL, 0), label);
}

static struct smtp_span masked(const struct smtp_known *known, struct smtp_span text, bool near_login, uint8_t *room)
{
    struct smtp_masks masks;
    smtp_known_find(known, text, near_login, &masks);
    return smtp_span(room, smtp_known_mask(text, &masks, room));
}

struct row {
    struct smtp_span text;
    const char *near_login, *elsewhere; /* what is shown */
};

/* The secret is "S3same!Oeffne", base64 UzNzYW1lIU9lZmZuZQ==. */
static const struct row rows[] = {
    { TEXT("bad password S3same!Oeffne for bob"), "bad password [secret-7] for bob",
      "bad password [secret-7] for bob" },
    { TEXT("s3SAME!oEFFNE"), "[secret-7]", "[secret-7]" },
    { TEXT("xS3same!Oeffnex"), "x[secret-7]x", "x[secret-7]x" },
    { TEXT("S3same!"), "[secret-7]", "[secret-7]" },
    { TEXT("S3sam..."), "[secret-7]...", "[secret-7]..." },
    { TEXT("S3sa, and nothing"), "S3sa, and nothing", "S3sa, and nothing" },
    { TEXT("oeffne"), "[secret-7]", "oeffne" }, /* a word of a language: elsewhere it says nothing */
    { TEXT("UzNzYW1lIU9lZmZuZQ=="), "[secret-7]", "[secret-7]" },
    { TEXT("base64 eFMzc2FtZSFPZWZmbmU= of more"), "base64 [secret-7] of more", "base64 [secret-7] of more" },
    { TEXT("eHlTM3NhbWUhT2VmZm5l"), "[secret-7]", "[secret-7]" },
    { TEXT("UZNZYW1LIU9LZMZUZQ=="), "[secret-7]Q==", "[secret-7]Q==" },
    { TEXT("533373616d65214f6566666e65"), "[secret-7]", "[secret-7]" },
    { TEXT("%53%33%73%61%6D%65%21"), "[secret-7]", "[secret-7]" },
    { TEXT("=53=33=73=61=6d=65 \\x53\\x33\\x73\\x61\\x6d\\x65"), "[secret-7] [secret-7]", "[secret-7] [secret-7]" },
    { TEXT("NTMzMzczNjE2ZDY1MjE0ZjY1NjY2NjZlNjU="), "[secret-7]", "[secret-7]" }, /* hexadecimal digits in base64 */
    { TEXT("mx.example.com ESMTP"), "mx.example.com ESMTP", "mx.example.com ESMTP" },
    { TEXT(""), "", "" },
};

static void finds_a_secret_however_it_is_written(void **state)
{
    (void)state;
    struct smtp_known known = { .slots = NULL };
    uint8_t room[2048];
    learn(&known, smtp_span_of_text("S3same!Oeffne"), 7);
    for (size_t i = 0; i < COUNT(rows); i++) {
        EXPECT(rows[i].text, is_text(masked(&known, rows[i].text, true, room), rows[i].near_login));
        EXPECT(rows[i].text, is_text(masked(&known, rows[i].text, false, room), rows[i].elsewhere));
    }
}

static void knows_nothing_at_first(void **state)
{
    (void)state;
    struct smtp_known known = { .slots = NULL };
    struct smtp_masks masks;
    smtp_known_find(&known, smtp_span_of_text("S3same!Oeffne"), true, &masks);
    assert_int_equal(masks.count, 0);
    assert_int_equal(smtp_known_label(&known, smtp_span_of_text("S3same!Oeffne")), 0);
}

static void spares_the_user_and_ordinary_words(void **state)
{
    (void)state;
    struct smtp_known known = { .slots = NULL };
    uint8_t room[2048];
    learn_as(&known, smtp_span_of_text("AGFsaWNlAGFsaWNlMjAyNA=="), smtp_span_of_text("alice2024"),
             smtp_span_of_text("alice"), 1);
    learn(&known, smtp_span_of_text("password1234"), 2);
    assert_true(is_text(masked(&known, smtp_span_of_text("alice@example.com: bad password"), true, room),
                        "alice@example.com: bad password"));
    assert_true(is_text(masked(&known, smtp_span_of_text("alice2024"), true, room), "a[secret-1]") ||
                is_text(masked(&known, smtp_span_of_text("alice2024"), true, room), "[secret-1]"));
    assert_true(is_text(masked(&known, smtp_span_of_text("password12"), true, room), "[secret-2]"));
}

static void takes_short_ones_for_words(void **state)
{
    (void)state;
    struct smtp_known known = { .slots = NULL };
    uint8_t room[2048];
    learn(&known, smtp_span_of_text("abc"), 3);
    assert_true(is_text(masked(&known, smtp_span_of_text("no (abc) of abcd, Abc"), true, room),
                        "no ([secret-3]) of abcd, [secret-3]"));
    assert_int_equal(smtp_known_label(&known, smtp_span_of_text("abc")), 3);
    assert_int_equal(smtp_known_label(&known, smtp_span_of_text("abc d")), 0);
}

static void numbers_several(void **state)
{
    (void)state;
    struct smtp_known known = { .slots = NULL };
    uint8_t room[2048];
    learn(&known, smtp_span_of_text("Qwertz-1"), 1);
    learn(&known, smtp_span_of_text("Yxcvbn-2"), 2);
    assert_true(is_text(masked(&known, smtp_span_of_text("Yxcvbn-2, Qwertz-1"), true, room), "[secret-2], [secret-1]"));
}

/* More parts than there is room for: all from the first one on is hidden. */
static void hides_the_rest_of_too_many(void **state)
{
    (void)state;
    struct smtp_known known = { .slots = NULL };
    uint8_t text[1024];
    uint8_t room[2048];
    learn(&known, smtp_span_of_text("Qwertz1"), 1);
    size_t length = 0;
    for (unsigned i = 0; i < 60; i++, length += 9)
        memcpy(text + length, "Qwertz1, ", 9);
    struct smtp_span shown = masked(&known, smtp_span(text, length), true, room);
    for (size_t i = 0; i + 7 <= shown.length; i++)
        assert_true(memcmp(shown.octets + i, "Qwertz1", 7) != 0);
}

/* When the table is full, all that a password may stand in is hidden. */
static void hides_more_when_it_is_full(void **state)
{
    (void)state;
    struct smtp_known known = { .slots = NULL };
    uint8_t room[2048];
    char secret[32];
    for (unsigned i = 0; i < 20000 && !known.full; i++) {
        snprintf(secret, sizeof secret, "%08x%08x", i * 2654435761u, i * 40503u);
        learn(&known, smtp_span_of_text(secret), i + 1);
    }
    assert_true(known.full && known.capacity == 65536);
    assert_true(is_text(masked(&known, smtp_span_of_text("anything at all"), true, room), "[secret]"));
    assert_true(is_text(masked(&known, smtp_span_of_text("bob@example.com"), false, room), "bob@example.com"));
}

static struct smtp_known survivor;

static void find_prefix(struct smtp_span prefix)
{
    struct smtp_masks masks;
    smtp_known_find(&survivor, prefix, true, &masks);
    for (unsigned i = 0; i < masks.count; i++)
        EXPECT(prefix, masks.mask[i].begin < masks.mask[i].end && masks.mask[i].end <= prefix.length);
}

static void survives_every_prefix(void **state)
{
    (void)state;
    survivor = (struct smtp_known){ .slots = NULL };
    learn(&survivor, smtp_span_of_text("S3same!Oeffne"), 7);
    for (size_t i = 0; i < COUNT(rows); i++)
        for_each_prefix(rows[i].text, find_prefix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_a_secret_however_it_is_written),
        cmocka_unit_test(knows_nothing_at_first),
        cmocka_unit_test(spares_the_user_and_ordinary_words),
        cmocka_unit_test(takes_short_ones_for_words),
        cmocka_unit_test(numbers_several),
        cmocka_unit_test(hides_the_rest_of_too_many),
        cmocka_unit_test(hides_more_when_it_is_full),
        cmocka_unit_test(survives_every_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
