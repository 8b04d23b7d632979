/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy.h"

#include <stdio.h>
#include <stdlib.h>

#include "spans.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define FOUR "\xc0\x00\x02\x0a\xc0\x00\x02\x19\x9c\x40\x00\x19"
#define SIX "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01" "\x20\x01\x0d\xb8\0\0\0\x01\0\0\0\0\0\0\0\x02" "\x9c\x40\x00\x19"

struct row {
    struct smtp_span header;
    unsigned version;
    bool malformed, local;
    const char *source, *target; /* NULL: no address */
    const char *authority, *tls;
};

static const struct row rows[] = {
    { TEXT("PROXY TCP4 192.0.2.10 192.0.2.25 40000 25\r\n"), 1, false, false, "192.0.2.10:40000", "192.0.2.25:25", "", "" },
    { TEXT("PROXY TCP6 2001:db8::1 2001:db8:0:1::2 40000 25\r\n"), 1, false, false, "2001:db8::1:40000", "2001:db8:0:1::2:25", "", "" },
    { TEXT("PROXY TCP6 ::ffff:192.0.2.1 :: 1 25\r\n"), 1, false, false, "::ffff:c000:201:1", ":::25", "", "" },
    { TEXT("PROXY TCP6 1:2:3:4:5:6:7:8 1:: 1 25\r\n"), 1, false, false, "1:2:3:4:5:6:7:8:1", "1:::25", "", "" },
    { TEXT("PROXY UNKNOWN\r\n"), 1, false, false, NULL, NULL, "", "" },
    { TEXT("PROXY UNKNOWN ffff:f 1 2 3\r\n"), 1, false, false, NULL, NULL, "", "" },
    { TEXT("PROXY TCP4 192.0.2.10 192.0.2.25 40000\r\n"), 1, true, false, NULL, NULL, "", "" },
    { TEXT("PROXY TCP4 192.0.2.10 192.0.2.25 40000 25 x\r\n"), 1, true, false, NULL, NULL, "", "" },
    { TEXT("PROXY TCP4 192.0.2.256 192.0.2.25 40000 25\r\n"), 1, true, false, NULL, NULL, "", "" },
    { TEXT("PROXY TCP4 192.0.2.1 192.0.2.25 40000 65536\r\n"), 1, true, false, NULL, NULL, "", "" },
    { TEXT("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n"), 1, true, false, NULL, NULL, "", "" },
    { TEXT("PROXY TCP6 1::2::3 :: 1 2\r\n"), 1, true, false, NULL, NULL, "", "" },
    { TEXT("PROXY TCP6 1:2:3:4:5:6:7:8:9 :: 1 2\r\n"), 1, true, false, NULL, NULL, "", "" },
    { TEXT("PROXY TCP6 1:2:3:4:5:6:7::8 :: 1 2\r\n"), 1, true, false, NULL, NULL, "", "" },
    { TEXT("PROXY TCP6 1: :: 1 2\r\n"), 1, true, false, NULL, NULL, "", "" },
    { TEXT("PROXY TCP4 192.0.2.10 192.0.2.25 40000 25"), 1, true, false, NULL, NULL, "", "" },
    { TEXT("PROXY what\r\n"), 1, true, false, NULL, NULL, "", "" },
    { TEXT(SIGNATURE "\x21\x11\x00\x0c" FOUR), 2, false, false, "192.0.2.10:40000", "192.0.2.25:25", "", "" },
    { TEXT(SIGNATURE "\x21\x21\x00\x24" SIX), 2, false, false, "2001:db8::1:40000", "2001:db8:0:1::2:25", "", "" },
    { TEXT(SIGNATURE "\x20\x00\x00\x00"), 2, false, true, NULL, NULL, "", "" },
    { TEXT(SIGNATURE "\x20\x11\x00\x0c" FOUR), 2, false, true, NULL, NULL, "", "" },
    { TEXT(SIGNATURE "\x21\x00\x00\x00"), 2, false, false, NULL, NULL, "", "" },
    { TEXT(SIGNATURE "\x21\x11\x00\x1f" FOUR "\x02\x00\x10" "mail.example.com"), 2, false, false, "192.0.2.10:40000", "192.0.2.25:25",
      "mail.example.com", "" },
    { TEXT(SIGNATURE "\x21\x11\x00\x1e" FOUR "\x20\x00\x0f\x01\0\0\0\0\x21\x00\x07" "TLSv1.3"), 2, false, false, "192.0.2.10:40000",
      "192.0.2.25:25", "", "TLSv1.3" },
    { TEXT(SIGNATURE "\x21\x11\x00\x14" FOUR "\x04\x00\x05\0\0\0\0\0"), 2, false, false, "192.0.2.10:40000", "192.0.2.25:25", "", "" },
    { TEXT(SIGNATURE "\x21\x11\x00\x10" FOUR "\x04\x00\x05\0"), 2, true, false, "192.0.2.10:40000", "192.0.2.25:25", "", "" },
    { TEXT(SIGNATURE "\x21\x11\x00\x0d" FOUR "\x04"), 2, true, false, "192.0.2.10:40000", "192.0.2.25:25", "", "" },
    { TEXT(SIGNATURE "\x21\x21\x00\x0c" FOUR), 2, true, false, NULL, NULL, "", "" },                 /* too short for its family */
    { TEXT(SIGNATURE "\x21\x11\x00\x0c" "\xc0\x00\x02"), 2, true, false, NULL, NULL, "", "" },      /* cut */
    { TEXT(SIGNATURE "\x21\x11"), 2, true, false, NULL, NULL, "", "" },
    { TEXT(SIGNATURE "\x2f\x11\x00\x0c" FOUR), 2, true, false, NULL, NULL, "", "" },
    { TEXT(SIGNATURE "\x21\x51\x00\x0c" FOUR), 2, true, false, NULL, NULL, "", "" },
};

static bool is_endpoint(const struct smtp_proxy_header *header, const struct smtp_proxy_endpoint *endpoint, const char *expected)
{
    char address[SMTP_PROXY_ADDRESS_TEXT], text[SMTP_PROXY_ADDRESS_TEXT + 8];
    if (header->family == SMTP_PROXY_NO_ADDRESS)
        return expected == NULL;
    smtp_proxy_address(header->family, endpoint, address);
    snprintf(text, sizeof text, "%s:%u", address, endpoint->port);
    return expected != NULL && strcmp(text, expected) == 0;
}

static void reads_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        uint8_t *copy = malloc(row->header.length); /* exactly sized: reading too far is seen */
        memcpy(copy, row->header.octets, row->header.length);
        struct smtp_proxy_header header = smtp_proxy_parse(smtp_span(copy, row->header.length));
        EXPECT(row->header, header.version == row->version && header.malformed == row->malformed && header.local == row->local);
        EXPECT(row->header, is_endpoint(&header, &header.source, row->source));
        EXPECT(row->header, is_endpoint(&header, &header.target, row->target));
        EXPECT(row->header, smtp_span_is(header.authority, row->authority));
        EXPECT(row->header, smtp_span_is(header.tls_version, row->tls));
        free(copy);
    }
}

/* Whole headers end where they say; before that nothing is decided, and at the stream's end what is there is one. */
static void finds_their_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct smtp_span header = rows[i].header;
        uint8_t octets[256];
        size_t length = 0;
        bool cut = rows[i].malformed && (rows[i].version == 2 ? header.length < 16 || header.octets[15] + 16u > header.length : header.octets[header.length - 1] != '\n');
        memcpy(octets, header.octets, header.length);
        memcpy(octets + header.length, "EHLO a\r\n", 8);
        for (size_t part = 1; part < header.length; part++)
            EXPECT(header, smtp_proxy_look(smtp_span(octets, part), false, &length) == SMTP_PROXY_PERHAPS);
        if (!cut) {
            EXPECT(header, smtp_proxy_look(smtp_span(octets, header.length + 8), false, &length) == SMTP_PROXY_YES);
            EXPECT(header, length == header.length);
        }
        EXPECT(header, smtp_proxy_look(header, true, &length) == SMTP_PROXY_YES && length == header.length);
    }
}

static void takes_nothing_else(void **state)
{
    (void)state;
    static const struct smtp_span others[] = {
        TEXT("EHLO a\r\n"), TEXT("PROXY\r\n"), TEXT("PROXYING x\r\n"), TEXT("proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n"),
        TEXT("\r\n\r\nEHLO a\r\n"), TEXT(SIGNATURE "\x11\x11\x00\x0c" FOUR),
    };
    size_t length = 0;
    for (size_t i = 0; i < COUNT(others); i++)
        EXPECT(others[i], smtp_proxy_look(others[i], false, &length) == SMTP_PROXY_NO);
    char line[400] = "PROXY TCP4 ";
    memset(line + 11, 'x', sizeof line - 11);
    assert_int_equal(smtp_proxy_look(smtp_span(line, sizeof line), false, &length), SMTP_PROXY_NO);
    assert_int_equal(smtp_proxy_look(smtp_span(SIGNATURE, 5), true, &length), SMTP_PROXY_NO);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(reads_headers), cmocka_unit_test(finds_their_ends), cmocka_unit_test(takes_nothing_else) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
