/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spans.h"

#include "proxied.h"

struct proxied_row {
    struct smtp_span client, server;
    enum smtp_proxied_answer expected;
    size_t client_octets, server_octets;
};

static const struct proxied_row proxied_rows[] = {
    { TEXT("\x05\x01\0\x05\x01\0\x01\xc0\0\x02\x02\0\x19"
           "EHLO"),
      TEXT("\x05\0\x05\0\0\x01\0\0\0\0\0\0"
           "220 "),
      SMTP_PROXIED_YES, 13, 12 },
    { TEXT("\x05\x01\0\x05\x01\0\x03\x04mail\0\x19"), TEXT("\x05\0\x05\0\0\x01\0\0\0\0\0\0"), SMTP_PROXIED_YES, 14,
      12 },
    { TEXT("\x05\x01\0"), TEXT("\x05\0"), SMTP_PROXIED_MORE, 0, 0 },
    { TEXT("\x04\x01\0\x19\xc0\0\x02\x02user\0"), TEXT("\0\x5a\0\0\0\0\0\0"), SMTP_PROXIED_YES, 13, 8 },
    { TEXT("CONNECT mail.example.com:25 HTTP/1.1\r\n\r\n"), TEXT("HTTP/1.1 200 OK\r\n\r\n220 "), SMTP_PROXIED_YES, 40,
      19 },
    /* The proxy wants to know who asks: the answer's body, of one kind or another, is in front of the dialogue, too. */
    { TEXT("CONNECT a:25 HTTP/1.1\r\n\r\nCONNECT a:25 HTTP/1.1\r\nProxy-Authorization: x\r\n\r\nEHLO c\r\n"),
      TEXT("HTTP/1.1 407 no\r\nProxy-Authenticate: Basic\r\ncontent-length: 3\r\n\r\nno!HTTP/1.1 200 OK\r\n\r\n220 "),
      SMTP_PROXIED_YES, 74, 87 },
    { TEXT("CONNECT a:25 HTTP/1.1\r\n\r\nCONNECT a:25 HTTP/1.1\r\n\r\nCONNECT a:25 HTTP/1.1\r\n\r\n"),
      TEXT("HTTP/1.1 407 no\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nno!\r\n0\r\n\r\nHTTP/1.1 407 "
           "no\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
      SMTP_PROXIED_YES, 75, 100 },
    { TEXT("CONNECT a:25 HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
      TEXT("HTTP/1.1 407 no\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), SMTP_PROXIED_NO, 0, 0 },
    { TEXT("CONNECT a:25 HTTP/1.1\r\n\r\n"), TEXT("HTTP/1.1 407 no\r\nContent-Length: 99999999999999999999\r\n\r\n"),
      SMTP_PROXIED_NO, 0, 0 },
    { TEXT("EHLO client.example.com\r\n"), TEXT("220 mail.example.com\r\n"), SMTP_PROXIED_NO, 0, 0 },
    { TEXT("GET / HTTP/1.1\r\n\r\n"), TEXT(""), SMTP_PROXIED_NO, 0, 0 },
};

static void passes_proxies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof proxied_rows / sizeof *proxied_rows; i++) {
        const struct proxied_row *row = &proxied_rows[i];
        struct smtp_proxied handshake = { .client_octets = 0 };
        assert_int_equal(smtp_proxied_look(row->client, row->server, &handshake), row->expected);
        if (row->expected != SMTP_PROXIED_YES)
            continue;
        assert_int_equal(handshake.client_octets, row->client_octets);
        assert_int_equal(handshake.server_octets, row->server_octets);
        /* With fewer octets of either: never another answer than "more". */
        for (size_t c = 1; c < row->client_octets;
             c++) /* the client speaks first: with none of its octets, it is no proxy */
            assert_int_equal(smtp_proxied_look(smtp_span_first(row->client, c), row->server, &handshake),
                             SMTP_PROXIED_MORE);
        for (size_t s = 0; s < row->server_octets; s++)
            assert_int_equal(smtp_proxied_look(row->client, smtp_span_first(row->server, s), &handshake),
                             SMTP_PROXIED_MORE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_proxies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
