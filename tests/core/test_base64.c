/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spans.h"

#include "sasl.h"

struct row {
    struct smtp_span text;
    size_t limit;
    bool bad;
    bool cut;
    struct smtp_span decoded;
};

#define ROOM 64

static const struct row rows[] = {
    /* RFC 4648 section 10 */
    { TEXT(""), ROOM, false, false, TEXT("") },
    { TEXT("Zg=="), ROOM, false, false, TEXT("f") },
    { TEXT("Zm8="), ROOM, false, false, TEXT("fo") },
    { TEXT("Zm9v"), ROOM, false, false, TEXT("foo") },
    { TEXT("Zm9vYg=="), ROOM, false, false, TEXT("foob") },
    { TEXT("Zm9vYmE="), ROOM, false, false, TEXT("fooba") },
    { TEXT("Zm9vYmFy"), ROOM, false, false, TEXT("foobar") },
    { TEXT("AGEAYg=="), ROOM, false, false, TEXT("\0a\0b") },
    { TEXT("+/+/"), ROOM, false, false, TEXT("\xfb\xff\xbf") },

    { TEXT("Z"), ROOM, true, false, TEXT("") },
    { TEXT("Zg"), ROOM, true, false, TEXT("") },
    { TEXT("Zg="), ROOM, true, false, TEXT("") },
    { TEXT("Zg==="), ROOM, true, false, TEXT("") },
    { TEXT("Z==="), ROOM, true, false, TEXT("") },
    { TEXT("===="), ROOM, true, false, TEXT("") },
    { TEXT("="), ROOM, true, false, TEXT("") },
    { TEXT("*"), ROOM, true, false, TEXT("") },
    { TEXT("Zg==Zg=="), ROOM, true, false, TEXT("") },
    { TEXT("Z=9v"), ROOM, true, false, TEXT("") },
    { TEXT("Zm=v"), ROOM, true, false, TEXT("") },
    { TEXT("=m9v"), ROOM, true, false, TEXT("") },
    { TEXT("Zm9 "), ROOM, true, false, TEXT("") },
    { TEXT("Zm9v "), ROOM, true, false, TEXT("") },
    { TEXT("Zm\r\n"), ROOM, true, false, TEXT("") },
    { TEXT("Zm-_"), ROOM, true, false, TEXT("") },
    { TEXT("Zm9\0"), ROOM, true, false, TEXT("") },
    { TEXT("Zm9\xff"), ROOM, true, false, TEXT("") },

    { TEXT("Zm9vYmFy"), 6, false, false, TEXT("foobar") },
    { TEXT("Zm9vYmFy"), 5, false, true, TEXT("fooba") },
    { TEXT("Zm9vYmFy"), 4, false, true, TEXT("foob") },
    { TEXT("Zm9vYmFy"), 3, false, true, TEXT("foo") },
    { TEXT("Zm9vYmFy"), 2, false, true, TEXT("fo") },
    { TEXT("Zm9vYmFy"), 0, false, true, TEXT("") },
    { TEXT("Zm9vYg=="), 4, false, false, TEXT("foob") },
    { TEXT("Zm9vYmE="), 4, false, true, TEXT("foob") },
    { TEXT("Zg=="), 1, false, false, TEXT("f") },
    { TEXT(""), 0, false, false, TEXT("") },
    { TEXT("Zm9vYmFyZm9v"), 4, false, true, TEXT("foob") },
    { TEXT("Zm9vYmF*"), 3, true, false, TEXT("") },
};

static void decodes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        bool bad = !row->bad;
        bool cut = !row->cut;
        uint8_t *buffer = malloc(row->limit);
        struct smtp_span decoded = smtp_base64_decode(row->text, buffer, row->limit, &bad, &cut);
        EXPECT(row->text, bad == row->bad);
        EXPECT(row->text, cut == row->cut);
        EXPECT(row->text, smtp_span_same(decoded, row->decoded));
        EXPECT(row->text, decoded.octets == buffer);
        free(buffer);
    }
}

static void parse_prefix(struct smtp_span prefix)
{
    for (size_t limit = 0; limit <= prefix.length; limit++) {
        bool bad;
        bool cut;
        uint8_t *buffer = malloc(limit);
        struct smtp_span decoded = smtp_base64_decode(prefix, buffer, limit, &bad, &cut);
        EXPECT(prefix, decoded.length <= limit);
        EXPECT(prefix, !bad || decoded.length == 0);
        EXPECT(prefix, !cut || decoded.length == limit);
        free(buffer);
    }
}

static void survives_every_prefix(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for_each_prefix(rows[i].text, parse_prefix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),
        cmocka_unit_test(survives_every_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
