/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * TLS read with keys, over the bundled captures that have a key log (named on the command line: CAPTURE KEYS ...):
 * however the streams are cut the same comes out; whatever is lost, all before it and behind it is right, with a hole
 * of the right size between; no octet can be changed unnoticed.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>

#include "capture.h"
#include "packet.h"
#include "tcp.h"
#include "tls.h"
#include "tls_connection.h"

/* What reassembly delivered from the first hello on. */
struct delivery {
    enum smtp_role role;
    uint64_t offset;
    GBytes *octets;
};

/* What came out: of each role its text, a hole as so many of an octet that stands in no text. */
#define LOST '\x7f'
struct outcome {
    GString *text[2];
    uint64_t last[2]; /* offset behind the last record, in the stream */
    bool finished[2];
};

static GPtrArray *deliveries; /* of the capture at hand */
static struct tls_keys *keys;
static bool begun[2];

static void free_delivery(void *pointer)
{
    struct delivery *delivery = pointer;
    g_bytes_unref(delivery->octets);
    g_free(delivery);
}

static void take(enum smtp_role role, uint64_t offset, struct smtp_span octets)
{
    struct delivery *delivery = g_new0(struct delivery, 1);
    delivery->role = role;
    delivery->offset = offset;
    delivery->octets = g_bytes_new(octets.octets, octets.length);
    g_ptr_array_add(deliveries, delivery);
}

static bool data(void *context, struct tcp_connection *tcp, int half, uint64_t offset, struct smtp_span octets,
                 struct place place)
{
    (void)context, (void)tcp, (void)place;
    enum smtp_role role = half == 0 ? SMTP_CLIENT : SMTP_SERVER;
    struct smtp_tls_record record;
    begun[role] = begun[role] || (smtp_tls_look(octets, &record) == SMTP_TLS_YES && record.type == SMTP_TLS_HANDSHAKE);
    if (begun[role])
        take(role, offset, octets);
    return true;
}

static void ignore_opened(void *context, struct tcp_connection *tcp)
{
    (void)context, (void)tcp;
}

static void ignore_gap(void *context, struct tcp_connection *tcp, int half, uint64_t offset, uint64_t octets,
                       struct place before)
{
    (void)context, (void)tcp, (void)half, (void)offset, (void)octets, (void)before;
}

static void ignore_finished(void *context, struct tcp_connection *tcp, int half)
{
    (void)context, (void)tcp, (void)half;
}

static void ignore_closed(void *context, struct tcp_connection *tcp, enum tcp_end end)
{
    (void)context, (void)tcp, (void)end;
}

static void read_capture(char *path)
{
    static const struct tcp_consumer recorder = {
        .opened = ignore_opened,
        .data = data,
        .gap = ignore_gap,
        .finished = ignore_finished,
        .closed = ignore_closed,
    };
    deliveries = g_ptr_array_new_with_free_func(free_delivery);
    begun[0] = begun[1] = false;
    struct capture_set *captures = capture_set_open(&path, 1, NULL);
    struct tcp_table *table = tcp_table_new(&recorder, NULL, NULL);
    struct capture_frame frame;
    while (capture_set_next(captures, &frame)) {
        struct packet packet;
        if (packet_decode(frame.link_type, frame.octets, frame.original_octets, &packet) == PACKET_SEGMENT)
            tcp_table_add(table, &packet.segment, frame.capture, frame.number, frame.time);
    }
    tcp_table_finish(table);
    tcp_table_free(table);
    capture_set_close(captures);
    assert_true(deliveries->len > 5);
}

/* ---- playing ---- */

static void plain(void *context, enum smtp_role role, uint64_t offset, uint64_t octets, struct smtp_span text)
{
    struct outcome *outcome = context;
    assert_true(offset >= outcome->last[role]);
    assert_true(octets >= text.length);
    outcome->last[role] = offset + octets;
    g_string_append_len(outcome->text[role], (const char *)text.octets, (gssize)text.length);
}

static void hole(void *context, enum smtp_role role, uint64_t offset, uint64_t octets, uint64_t text)
{
    struct outcome *outcome = context;
    assert_true(offset >= outcome->last[role]);
    assert_true(octets > text && text > 0);
    for (uint64_t i = 0; i < text; i++)
        g_string_append_c(outcome->text[role], LOST);
}

static void finished(void *context, enum smtp_role role)
{
    ((struct outcome *)context)->finished[role] = true;
}

static const struct tls_consumer consumer = { .plain = plain, .hole = hole, .finished = finished };

/* What is done to the deliveries. */
struct play {
    GRand *random; /* cuts; NULL: as delivered */
    bool every_octet;
    guint lost;    /* number of the delivery that is lost; G_MAXUINT: none */
    guint flipped; /* that one octet of is flipped; G_MAXUINT: none */
    size_t flipped_at;
};

static void feed(struct tls_connection *connection, const struct play *play, const struct delivery *delivery, bool flip)
{
    gsize length = 0;
    const uint8_t *octets = g_bytes_get_data(delivery->octets, &length);
    for (size_t at = 0; at < length;) {
        size_t left = length - at;
        size_t piece = play->every_octet      ? 1
                       : play->random != NULL ? (size_t)g_rand_int_range(play->random, 1, 40)
                                              : left;
        if (piece > left)
            piece = left;
        uint8_t *copy = g_memdup2(octets + at, piece); /* exactly sized: reading too far is seen */
        if (flip && play->flipped_at >= at && play->flipped_at < at + piece)
            copy[play->flipped_at - at] ^= 1;
        tls_connection_octets(connection, delivery->role, delivery->offset + at, smtp_span(copy, piece));
        g_free(copy);
        at += piece;
    }
}

static struct outcome play(const struct play *play)
{
    struct outcome outcome = { .text = { g_string_new(NULL), g_string_new(NULL) } };
    struct tls_connection *connection = tls_connection_new(keys, &consumer, &outcome);
    for (guint i = 0; i < deliveries->len; i++) {
        const struct delivery *delivery = deliveries->pdata[i];
        if (i == play->lost)
            tls_connection_gap(connection, delivery->role, delivery->offset, g_bytes_get_size(delivery->octets));
        else
            feed(connection, play, delivery, i == play->flipped);
    }
    tls_connection_end(connection, SMTP_CLIENT);
    tls_connection_end(connection, SMTP_SERVER);
    tls_connection_free(connection);
    return outcome;
}

static void free_outcome(struct outcome *outcome)
{
    g_string_free(outcome->text[0], TRUE);
    g_string_free(outcome->text[1], TRUE);
}

static struct outcome whole(void)
{
    return play(&(struct play){ .lost = G_MAXUINT, .flipped = G_MAXUINT });
}

/*
 * What was seen in front of the hole is how `all` begins, what was seen behind it how `all` ends; without a hole it may
 * end early. A hole may be larger than what is lost of the text: tickets look like data. Returns how many octets are
 * lost.
 */
static size_t check_kept(const GString *seen, const GString *all)
{
    size_t front = strcspn(seen->str, (const char[]){ LOST, '\0' });
    const char *rest = seen->str + front + strspn(seen->str + front, (const char[]){ LOST, '\0' });
    size_t behind = strlen(rest);
    if (front + behind > all->len || strncmp(seen->str, all->str, front) != 0 ||
        strcmp(rest, all->str + all->len - behind) != 0)
        fail_msg("\"%s\" is not of \"%s\"", seen->str, all->str);
    return all->len - front - behind;
}

/* ---- tests ---- */

static char **arguments; /* CAPTURE KEYS ... */

static void for_each_capture(void (*test)(void))
{
    for (char **pair = arguments; pair[0] != NULL && pair[1] != NULL; pair += 2) {
        keys = tls_keys_new();
        assert_null(tls_keys_add_file(keys, pair[1]));
        read_capture(pair[0]);
        test();
        g_ptr_array_free(deliveries, TRUE);
        tls_keys_free(keys);
    }
}

static void check_dialogue(void)
{
    struct outcome outcome = whole();
    assert_true(g_str_has_prefix(outcome.text[SMTP_CLIENT]->str, "EHLO ") ||
                g_str_has_prefix(outcome.text[SMTP_CLIENT]->str, "ehlo "));
    assert_true(g_str_has_suffix(outcome.text[SMTP_CLIENT]->str, "quit\r\n"));
    assert_true(g_str_has_suffix(outcome.text[SMTP_SERVER]->str, "221 2.0.0 Bye\r\n"));
    assert_true(outcome.finished[SMTP_SERVER]);
    free_outcome(&outcome);
}

static void check_cuts(void)
{
    struct outcome all = whole();
    GRand *random = g_rand_new_with_seed(1);
    for (int round = 0; round < 50; round++) {
        struct play cut = { .lost = G_MAXUINT, .flipped = G_MAXUINT, .random = random, .every_octet = round == 0 };
        struct outcome outcome = play(&cut);
        for (int role = 0; role < 2; role++)
            assert_string_equal(outcome.text[role]->str, all.text[role]->str);
        free_outcome(&outcome);
    }
    g_rand_free(random);
    free_outcome(&all);
}

/* Everything but what was in the lost packet is there, in its place; without either hello nothing can be. */
static void check_losses(void)
{
    struct outcome all = whole();
    guint complete = 0;
    for (guint i = 0; i < deliveries->len; i++) {
        const struct delivery *delivery = deliveries->pdata[i];
        struct outcome outcome = play(&(struct play){ .lost = i, .flipped = G_MAXUINT });
        size_t lost = check_kept(outcome.text[0], all.text[0]) + check_kept(outcome.text[1], all.text[1]);
        bool hello = i < 2;
        assert_true(hello || lost < g_bytes_get_size(delivery->octets));
        complete += lost < g_bytes_get_size(delivery->octets);
        free_outcome(&outcome);
    }
    assert_true(complete >= deliveries->len - 2);
    free_outcome(&all);
}

/* A changed octet costs its record, and changes none. */
static void check_flips(void)
{
    struct outcome all = whole();
    for (guint i = 2; i < deliveries->len; i++) {
        const struct delivery *delivery = deliveries->pdata[i];
        for (size_t at = 0; at < g_bytes_get_size(delivery->octets); at++) {
            struct outcome outcome = play(&(struct play){ .lost = G_MAXUINT, .flipped = i, .flipped_at = at });
            size_t lost = check_kept(outcome.text[0], all.text[0]) + check_kept(outcome.text[1], all.text[1]);
            if (lost > g_bytes_get_size(delivery->octets))
                fail_msg("octet %zu of delivery %u at %" G_GUINT64_FORMAT " costs %zu octets", at, i, delivery->offset,
                         lost);
            free_outcome(&outcome);
        }
    }
    free_outcome(&all);
}

static void gives_the_dialogue(void **state)
{
    (void)state;
    for_each_capture(check_dialogue);
}

static void however_cut(void **state)
{
    (void)state;
    for_each_capture(check_cuts);
}

static void whatever_is_lost(void **state)
{
    (void)state;
    for_each_capture(check_losses);
}

static void nothing_changes_unnoticed(void **state)
{
    (void)state;
    for_each_capture(check_flips);
}

static void count_reason(struct smtp_span log, enum tls_reason reason, bool decrypted)
{
    keys = tls_keys_new();
    tls_keys_add(keys, log);
    read_capture(arguments[0]);
    struct outcome outcome = { .text = { g_string_new(NULL), g_string_new(NULL) } };
    struct tls_connection *connection = tls_connection_new(keys, &consumer, &outcome);
    for (guint i = 0; i < deliveries->len; i++)
        feed(connection, &(struct play){ .random = NULL }, deliveries->pdata[i], false);
    assert_int_equal(tls_connection_reason(connection), reason);
    assert_int_equal(tls_connection_decrypted(connection), decrypted);
    assert_int_equal(outcome.text[0]->len, 0);
    tls_connection_free(connection);
    free_outcome(&outcome);
    g_ptr_array_free(deliveries, TRUE);
    tls_keys_free(keys);
}

static void says_why_not(void **state)
{
    (void)state;
    char *log = NULL;
    assert_true(g_file_get_contents(arguments[1], &log, NULL, NULL));
    count_reason(smtp_span(NULL, 0), TLS_REASON_NO_KEY, false);
    for (char *at = log; *at != '\0'; at++) /* of each secret the last digit is another */
        if (at[1] == '\n' && g_ascii_isxdigit(at[0]))
            at[0] = at[0] == '0' ? '1' : '0';
    count_reason(smtp_span_of_text(log), TLS_REASON_NONE, false); /* too few records yet to say that the key is wrong */
    g_free(log);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s CAPTURE KEYS ...\n", argv[0]);
        return 1;
    }
    arguments = argv + 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_dialogue),        cmocka_unit_test(however_cut),  cmocka_unit_test(whatever_is_lost),
        cmocka_unit_test(nothing_changes_unnoticed), cmocka_unit_test(says_why_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
