/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Records: where they begin, which number each has, what they carry. */

#include <openssl/crypto.h>

#include "tls.h"
#include "tls_private.h"

#define SMALLEST_RECORD 22 /* octets of a protected record with nothing in it: header, type, tag */
#define NUMBERS_TRIED ((uint64_t)65536)
#define FAILURES_LIMIT 64 /* records in a row that do not open: then the key is wrong */
#define VAIN_LIMIT                                                                                                     \
    (UINT64_C(1) << 28) /* octets that are decrypted in vain in a connection of which something was decrypted */
#define VAIN_LIMIT_UNPROVEN (UINT64_C(1) << 22) /* and in another: the key may be wrong */
#define EARLY_LIMIT ((guint)65536)              /* octets of early data that wait for the server's word */
#define ALERT_OCTETS 2
#define ALERT_CLOSE_NOTIFY 0

struct tls_connection *tls_connection_new(struct tls_keys *keys, const struct tls_consumer *consumer, void *context)
{
    struct tls_connection *connection = g_new0(struct tls_connection, 1);
    connection->keys = keys;
    connection->consumer = consumer;
    connection->context = context;
    connection->budget = VAIN_LIMIT_UNPROVEN;
    return connection;
}

static void free_octets(GByteArray **octets)
{
    if (*octets == NULL)
        return;
    OPENSSL_cleanse((*octets)->data, (*octets)->len);
    g_byte_array_free(*octets, TRUE);
    *octets = NULL;
}

void tls_connection_free(struct tls_connection *connection)
{
    if (connection == NULL)
        return;
    for (int role = 0; role < 2; role++) {
        tls_cipher_free(connection->half[role].cipher);
        free_octets(&connection->half[role].waiting);
        free_octets(&connection->half[role].messages);
    }
    free_octets(&connection->transcript);
    free_octets(&connection->early);
    if (connection->early_records != NULL)
        g_array_free(connection->early_records, TRUE);
    if (connection->plain != NULL)
        OPENSSL_cleanse(connection->plain, TLS_RECORD_LIMIT);
    g_free(connection->plain);
    tls_facts_clear(&connection->facts);
    OPENSSL_cleanse(connection, sizeof *connection);
    g_free(connection);
}

bool tls_connection_decrypted(const struct tls_connection *connection)
{
    return connection->decrypted;
}

enum tls_reason tls_connection_reason(const struct tls_connection *connection)
{
    enum tls_reason client = connection->half[SMTP_CLIENT].reason;
    return client != TLS_REASON_NONE ? client : connection->half[SMTP_SERVER].reason;
}

const char *tls_reason_name(enum tls_reason reason)
{
    static const char *const names[] = { NULL, "no-key", "suite-not-supported", "handshake-not-in-capture", "tag-wrong" };
    return names[reason];
}

const struct tls_facts *tls_connection_facts(const struct tls_connection *connection)
{
    return &connection->facts;
}

bool tls_connection_is_shut(const struct tls_connection *connection)
{
    return connection->half[SMTP_CLIENT].blind && connection->half[SMTP_SERVER].blind;
}

size_t tls_connection_memory(const struct tls_connection *connection)
{
    size_t octets = sizeof *connection + tls_facts_memory(&connection->facts) + (connection->plain != NULL ? TLS_RECORD_LIMIT : 0);
    const GByteArray *const arrays[] = { connection->transcript,       connection->early,
                                         connection->half[0].waiting,  connection->half[1].waiting,
                                         connection->half[0].messages, connection->half[1].messages };
    for (unsigned i = 0; i < G_N_ELEMENTS(arrays); i++)
        octets += arrays[i] != NULL ? arrays[i]->len : 0;
    return octets;
}

/* ---- opening a record ---- */

/* Tries numbers from `first` to `last`, and counts what was in vain. */
static bool try_numbers(struct tls_connection *connection, struct tls_cipher *cipher, const struct tls_record *record,
                        uint64_t first, uint64_t last, uint64_t *number, size_t *length)
{
    if (connection->plain == NULL)
        connection->plain = g_malloc(TLS_RECORD_LIMIT);
    for (*number = first; *number <= last; (*number)++) {
        if (tls_cipher_open(cipher, *number, record, connection->plain, length))
            return true;
        uint64_t cost = record->body.length + 64;
        if (connection->budget < cost)
            return false;
        connection->budget -= cost;
    }
    return false;
}

/* How far the number of the next record may be off. */
static uint64_t numbers_lost(const struct tls_half *half)
{
    if (!half->holed)
        return half->proven ? 0 : half->failures;
    uint64_t lost = (half->offset - half->lost_from) / SMALLEST_RECORD + 1;
    return lost < NUMBERS_TRIED ? lost : NUMBERS_TRIED;
}

/* Opens it with another key: of this epoch, where none was proven, or of a later one that began unseen. */
static bool open_as_candidate(struct tls_connection *connection, enum smtp_role role, const struct tls_record *record,
                              size_t *length)
{
    struct tls_half *half = &connection->half[role];
    const struct tls_protection *protection = connection->protection;
    struct tls_candidate candidate;
    uint64_t number = 0;
    for (unsigned i = 0; tls_candidate(connection, role, i, &candidate); i++) {
        uint64_t behind = candidate.epoch == half->epoch ? half->sequence : 0;
        if (try_numbers(connection, candidate.cipher, record, 0, behind + numbers_lost(half), &number, length)) {
            tls_protect(connection, role, &candidate, number);
            OPENSSL_cleanse(&candidate, sizeof candidate);
            return true;
        }
        tls_cipher_free(candidate.cipher);
        OPENSSL_cleanse(&candidate, sizeof candidate);
        connection->protection = protection;
        if (connection->budget < TLS_RECORD_LIMIT)
            break;
    }
    return false;
}

/* Opens a protected record into `connection->plain`. */
static bool open_record(struct tls_connection *connection, enum smtp_role role, const struct tls_record *record,
                        size_t *length)
{
    struct tls_half *half = &connection->half[role];
    uint64_t number = half->sequence;
    bool open = half->cipher != NULL && try_numbers(connection, half->cipher, record, half->sequence,
                                                    half->sequence + numbers_lost(half), &number, length);
    if (open)
        half->sequence = number;
    else if (!half->proven || half->holed || half->deaf)
        open = open_as_candidate(connection, role, record, length);
    if (half->cipher != NULL)
        tls_cipher_chain(half->cipher, record->body);
    if (!open)
        return false;
    half->sequence++;
    half->proven = true;
    half->blind = false;
    half->reason = TLS_REASON_NONE;
    half->failures = 0;
    if (!connection->decrypted)
        connection->budget = VAIN_LIMIT;
    connection->decrypted = true;
    return true;
}

/* ---- what it carries ---- */

static void keep_early(struct tls_connection *connection, uint64_t offset, uint64_t octets, struct smtp_span plain)
{
    if (connection->early == NULL) {
        connection->early = g_byte_array_new();
        connection->early_records = g_array_new(FALSE, FALSE, sizeof(struct tls_early));
    }
    if (connection->early->len + plain.length > EARLY_LIMIT)
        return;
    const struct tls_early record = { .offset = offset, .octets = octets, .length = plain.length };
    g_byte_array_append(connection->early, plain.octets, (guint)plain.length);
    g_array_append_val(connection->early_records, record);
}

static void take_application_data(struct tls_connection *connection, enum smtp_role role, uint64_t offset,
                                  uint64_t octets, struct smtp_span plain)
{
    bool early = connection->half[role].epoch == TLS_EPOCH_EARLY;
    if (plain.length == 0)
        return;
    if (early && !connection->early_settled)
        keep_early(connection, offset, octets, plain);
    else if (!early || connection->early_accepted)
        connection->consumer->plain(connection->context, role, offset, octets, plain);
}

/* In TLS 1.3 the type stands behind the content, and zeros behind that (RFC 8446 section 5.2). */
static uint8_t take_inner_type(struct smtp_span *plain)
{
    while (plain->length > 0 && plain->octets[plain->length - 1] == 0)
        plain->length--;
    if (plain->length == 0)
        return 0;
    plain->length--;
    return plain->octets[plain->length];
}

/* A record was opened: `plain` is in `connection->plain`. */
static void take_plain(struct tls_connection *connection, enum smtp_role role, const struct tls_record *record,
                       uint64_t offset, struct smtp_span plain)
{
    struct tls_half *half = &connection->half[role];
    uint8_t type = tls_cipher_is_1_3(half->cipher) ? take_inner_type(&plain) : record->type;
    switch (type) {
    case SMTP_TLS_HANDSHAKE:
        if (!half->deaf)
            tls_take_messages(connection, role, plain);
        break;
    case SMTP_TLS_CHANGE_CIPHER_SPEC:
        tls_change_cipher(connection, role);
        break;
    case SMTP_TLS_ALERT:
        if (plain.length == ALERT_OCTETS && plain.octets[1] == ALERT_CLOSE_NOTIFY)
            connection->consumer->finished(connection->context, role);
        break;
    case SMTP_TLS_APPLICATION_DATA:
        take_application_data(connection, role, offset, record->header.length + record->body.length, plain);
        break;
    default:
        break;
    }
}

/* ---- records that are lost ---- */

static size_t overhead(const struct tls_half *half)
{
    return half->cipher != NULL ? tls_cipher_overhead(half->cipher) : SMALLEST_RECORD;
}

/* Says that what stands over `octets` of the stream is lost, if the dialogue was seen before, or may have been there.
 */
static void say_hole(struct tls_connection *connection, enum smtp_role role, uint64_t offset, uint64_t octets,
                     uint64_t records)
{
    const struct tls_half *half = &connection->half[role];
    uint64_t protection = records * overhead(half);
    if (connection->decrypted && half->epoch == TLS_EPOCH_TRAFFIC && octets > protection)
        connection->consumer->hole(connection->context, role, offset, octets, octets - protection);
}

static void drop_messages(struct tls_half *half)
{
    half->deaf = half->epoch != TLS_EPOCH_TRAFFIC;
    half->message_left = 0;
    free_octets(&half->messages);
}

/* A protected record did not open, or is not whole: what it carried is lost, and the next one has the next number. */
static void pass_over(struct tls_connection *connection, enum smtp_role role, uint8_t type, uint64_t offset,
                      uint64_t octets)
{
    struct tls_half *half = &connection->half[role];
    bool old = half->cipher != NULL && !tls_cipher_is_1_3(half->cipher);
    if (half->blind || half->proven || old)
        half->sequence++;
    if (type != SMTP_TLS_HANDSHAKE)
        say_hole(connection, role, offset, octets, 1);
}

/* ---- one whole record ---- */

/* Whether a record of this type is protected now. */
static bool is_protected(const struct tls_half *half, uint8_t type)
{
    if (type == SMTP_TLS_APPLICATION_DATA)
        return true;
    if (half->epoch == TLS_EPOCH_CLEAR)
        return false;
    return half->cipher != NULL ? !tls_cipher_is_1_3(half->cipher) : half->epoch == TLS_EPOCH_TRAFFIC;
}

static bool is_change_cipher_spec(const struct tls_record *record)
{
    return record->type == SMTP_TLS_CHANGE_CIPHER_SPEC && record->body.length == 1 && record->body.octets[0] == 1;
}

/* Whether records may stand in clear: TLS 1.3 has nothing but ChangeCipherSpec in clear behind the hellos. */
static bool may_be_clear(const struct tls_half *half, const struct tls_record *record)
{
    return half->epoch == TLS_EPOCH_CLEAR || half->epoch == TLS_EPOCH_EARLY || is_change_cipher_spec(record);
}

static void take_clear(struct tls_connection *connection, enum smtp_role role, const struct tls_record *record)
{
    struct tls_half *half = &connection->half[role];
    if (record->type == SMTP_TLS_CHANGE_CIPHER_SPEC)
        tls_change_cipher(connection, role);
    else if (record->type == SMTP_TLS_HANDSHAKE && half->changed)
        tls_give_up(connection, role, TLS_REASON_NO_HANDSHAKE); /* it is protected, and nothing says how */
    else if (record->type == SMTP_TLS_HANDSHAKE)
        tls_take_messages(connection, role, record->body);
}

/* A record was opened that stands at `offset`: says what was lost before it. */
static void found(struct tls_connection *connection, enum smtp_role role, enum tls_epoch epoch, uint64_t expected,
                  uint64_t offset)
{
    struct tls_half *half = &connection->half[role];
    uint64_t first = half->epoch == epoch ? expected : 0;
    uint64_t number = half->sequence - 1;
    if (half->holed && number > first)
        say_hole(connection, role, half->lost_from, offset - half->lost_from, number - first);
    half->searching = false;
    half->holed = false;
}

/* Behind what is lost, from half->offset on, the next record must be looked for. */
static void lose_track(struct tls_half *half)
{
    if (!half->holed)
        half->lost_from = half->offset;
    half->searching = true;
    half->holed = true;
}

/* A record that does not open: a receiver would have ended the connection, so it is the capture that is wrong. Where
 * the key is known, that may be its length, too. */
static void take_closed(struct tls_connection *connection, enum smtp_role role, const struct tls_record *record,
                        uint64_t offset)
{
    struct tls_half *half = &connection->half[role];
    if (half->cipher == NULL && half->reason == TLS_REASON_NONE)
        tls_give_up(connection, role,
                    connection->client_hello && connection->server_hello ? TLS_REASON_NO_KEY : TLS_REASON_NO_HANDSHAKE);
    if (half->cipher != NULL)
        lose_track(half);
    else
        pass_over(connection, role, record->type, offset, record->header.length + record->body.length);
    if (half->cipher != NULL && ++half->failures >= FAILURES_LIMIT) {
        tls_cipher_free(half->cipher);
        half->cipher = NULL;
        half->searching = false;
        tls_give_up(connection, role, TLS_REASON_TAG);
    }
}

static void take_record(struct tls_connection *connection, enum smtp_role role, const struct tls_record *record,
                        uint64_t offset)
{
    struct tls_half *half = &connection->half[role];
    enum tls_epoch epoch = half->epoch;
    uint64_t expected = half->sequence;
    size_t length = 0;
    if (!is_protected(half, record->type)) {
        if (may_be_clear(half, record))
            take_clear(connection, role, record);
        else
            lose_track(half);
    } else if (open_record(connection, role, record, &length)) {
        found(connection, role, epoch, expected, offset);
        take_plain(connection, role, record, offset, smtp_span(connection->plain, length));
    } else {
        take_closed(connection, role, record, offset);
    }
}

/* ---- where records begin ---- */

/* Whether a record can begin there. */
static bool read_header(struct smtp_span octets, struct tls_record *record, size_t *whole)
{
    if (octets.length < TLS_HEADER_OCTETS)
        return false;
    const uint8_t *octet = octets.octets;
    size_t length = (size_t)octet[3] << 8 | octet[4];
    record->type = octet[0];
    record->version = (uint16_t)(octet[1] << 8 | octet[2]);
    *whole = TLS_HEADER_OCTETS + length;
    record->header = smtp_span_first(octets, TLS_HEADER_OCTETS);
    record->body = smtp_span_first(smtp_span_from(octets, TLS_HEADER_OCTETS), length);
    return record->type >= SMTP_TLS_CHANGE_CIPHER_SPEC && record->type <= SMTP_TLS_APPLICATION_DATA &&
           octet[1] == 0x03 && octet[2] <= 0x04 && length <= TLS_RECORD_LIMIT;
}

/* A record in clear has no tag; what it holds must look like what it says. */
static bool looks_clear(const struct tls_half *half, const struct tls_record *record)
{
    if (!may_be_clear(half, record))
        return false;
    if (record->type == SMTP_TLS_HANDSHAKE && record->body.length >= 4) {
        const uint8_t *octet = record->body.octets;
        size_t length = (size_t)octet[1] << 16 | (size_t)octet[2] << 8 | octet[3];
        return octet[0] <= 24 && length <= (1u << 17);
    }
    return is_change_cipher_spec(record);
}

/* Whether the record that may begin at this place of a hole's end is one, and takes it. */
static bool take_behind_hole(struct tls_connection *connection, enum smtp_role role, const struct tls_record *record,
                             uint64_t offset)
{
    struct tls_half *half = &connection->half[role];
    size_t length = 0;
    if (!is_protected(half, record->type)) {
        if (!looks_clear(half, record))
            return false;
        half->searching = false;
        take_clear(connection, role, record);
        return true;
    }
    enum tls_epoch epoch = half->epoch;
    uint64_t expected = half->sequence;
    if (!open_record(connection, role, record, &length))
        return false;
    found(connection, role, epoch, expected, offset);
    take_plain(connection, role, record, offset, smtp_span(connection->plain, length));
    return true;
}

/* Looks for the next record behind a hole. Returns how many octets need not be kept. */
static size_t search(struct tls_connection *connection, enum smtp_role role, struct smtp_span octets)
{
    struct tls_half *half = &connection->half[role];
    uint64_t offset = half->offset;
    size_t at = 0;
    for (; at + TLS_HEADER_OCTETS <= octets.length; at++) {
        struct tls_record record;
        size_t whole;
        if (!read_header(smtp_span_from(octets, at), &record, &whole))
            continue;
        if (at + whole > octets.length && !half->finished)
            return at;
        half->offset = offset + at;
        bool taken = at + whole <= octets.length && take_behind_hole(connection, role, &record, offset + at);
        half->offset = offset;
        if (taken)
            return at + whole;
        if (connection->budget < TLS_RECORD_LIMIT) {
            tls_give_up(connection, role, TLS_REASON_TAG);
            return octets.length;
        }
    }
    return at;
}

/* Takes the whole records off the front; returns how many octets those are. */
static size_t take_records(struct tls_connection *connection, enum smtp_role role, struct smtp_span octets)
{
    struct tls_half *half = &connection->half[role];
    size_t used = 0;
    uint64_t offset = half->offset;
    while (octets.length - used >= TLS_HEADER_OCTETS) {
        struct smtp_span rest = smtp_span_from(octets, used);
        struct tls_record record;
        size_t whole = 0;
        half->offset = offset + used;
        if (half->searching) {
            size_t passed = search(connection, role, rest);
            used += passed;
            if (half->searching)
                break;
        } else if (!read_header(rest, &record, &whole)) {
            lose_track(half);
        } else if (rest.length < whole) {
            break;
        } else {
            take_record(connection, role, &record, half->offset);
            used += half->searching ? 0 : whole; /* with another number it may open */
        }
    }
    half->offset = offset + used;
    return used;
}

void tls_connection_octets(struct tls_connection *connection, enum smtp_role role, uint64_t offset,
                           struct smtp_span octets)
{
    struct tls_half *half = &connection->half[role];
    if (half->waiting == NULL)
        half->offset = offset;
    if (half->body_left > 0) {
        size_t passed = half->body_left < octets.length ? (size_t)half->body_left : octets.length;
        half->body_left -= passed;
        half->offset += passed;
        octets = smtp_span_from(octets, passed);
    }
    GByteArray *kept = half->waiting;
    half->waiting = NULL;
    if (kept != NULL) {
        g_byte_array_append(kept, octets.octets, (guint)octets.length);
        octets = smtp_span(kept->data, kept->len);
    }
    struct smtp_span rest = smtp_span_from(octets, take_records(connection, role, octets));
    if (rest.length > 0 && kept == NULL) {
        half->waiting = g_byte_array_sized_new((guint)rest.length);
        g_byte_array_append(half->waiting, rest.octets, (guint)rest.length);
    } else if (rest.length > 0) {
        g_byte_array_remove_range(kept, 0, (guint)(octets.length - rest.length));
        half->waiting = kept;
        kept = NULL;
    }
    if (kept != NULL)
        g_byte_array_free(kept, TRUE);
}

/* The hole is inside one record: the next one begins where its length says. Returns false if it is not. */
static bool is_inside_record(struct tls_connection *connection, enum smtp_role role, uint64_t octets)
{
    struct tls_half *half = &connection->half[role];
    struct tls_record record;
    size_t whole = 0;
    if (half->waiting == NULL || half->searching ||
        !read_header(smtp_span(half->waiting->data, half->waiting->len), &record, &whole))
        return false;
    uint64_t have = half->waiting->len;
    if (have + octets > whole)
        return false;
    half->body_left = whole - have - octets;
    if (is_protected(half, record.type))
        pass_over(connection, role, record.type, half->offset, whole);
    half->holed = true;
    half->lost_from = half->offset;
    drop_messages(half);
    free_octets(&half->waiting);
    return true;
}

void tls_connection_gap(struct tls_connection *connection, enum smtp_role role, uint64_t offset, uint64_t octets)
{
    struct tls_half *half = &connection->half[role];
    if (half->waiting == NULL)
        half->offset = offset;
    bool inside = is_inside_record(connection, role, octets);
    if (!inside && half->body_left >= octets) {
        half->body_left -= octets;
    } else if (!inside) {
        if (!half->searching && !half->holed)
            half->lost_from = half->offset;
        half->searching = true;
        half->holed = true;
        half->body_left = 0;
        drop_messages(half);
        free_octets(&half->waiting);
    }
    half->offset = offset + octets;
}

void tls_connection_end(struct tls_connection *connection, enum smtp_role role)
{
    struct tls_half *half = &connection->half[role];
    half->finished = true;
    if (half->waiting != NULL && !half->searching)
        lose_track(half); /* its length may be wrong, and others stand in it */
    if (half->waiting != NULL)
        tls_connection_octets(connection, role, half->offset + half->waiting->len, smtp_span(NULL, 0));
    if (half->waiting != NULL) /* a record that is cut */
        say_hole(connection, role, half->offset, half->waiting->len, 1);
    free_octets(&half->waiting);
}
