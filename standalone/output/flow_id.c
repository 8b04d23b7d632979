/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow_id.h"

#include <inttypes.h>

#include "address_text.h"

#define DIGEST_OCTETS 32
#define NUMBER_BITS 51

static void append_endpoint(GString *out, const struct record *record, int half)
{
    const struct tcp_endpoint *endpoint = &record->connection.endpoint[half];
    text_append_endpoint(out, &endpoint->address, endpoint->port);
    g_string_append_c(out, ' ');
}

/* SHA-256 of the connection, and of what `more` names in it. */
static void digest_of(const struct record *record, const char *more, guint8 digest[static DIGEST_OCTETS])
{
    GString *text = g_string_new(NULL);
    append_endpoint(text, record, record->client_half);
    append_endpoint(text, record, 1 - record->client_half);
    g_string_append_printf(text, "%" PRId64 "%s", record->connection.start, more);
    GChecksum *checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(checksum, (const guchar *)text->str, (gssize)text->len);
    gsize length = DIGEST_OCTETS;
    g_checksum_get_digest(checksum, digest, &length);
    g_checksum_free(checksum);
    g_string_free(text, TRUE);
}

static void write_uid(char prefix, const guint8 digest[static DIGEST_OCTETS], char uid[static FLOW_ID_UID])
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    uid[0] = prefix;
    for (unsigned i = 0; i < FLOW_ID_UID - 2; i++)
        uid[i + 1] = digits[digest[i] % (sizeof digits - 1)];
    uid[FLOW_ID_UID - 1] = '\0';
}

void flow_id_uid(const struct record *record, char uid[static FLOW_ID_UID])
{
    guint8 digest[DIGEST_OCTETS];
    digest_of(record, "", digest);
    write_uid('C', digest, uid);
}

void flow_id_fuid(const struct record *record, uint32_t mail, uint64_t part, char fuid[static FLOW_ID_UID])
{
    guint8 digest[DIGEST_OCTETS];
    char *more = g_strdup_printf(" %" PRIu32 " %" PRIu64, mail, part);
    digest_of(record, more, digest);
    write_uid('F', digest, fuid);
    g_free(more);
}

uint64_t flow_id_number(const struct record *record)
{
    guint8 digest[DIGEST_OCTETS];
    uint64_t number = 0;
    digest_of(record, "", digest);
    for (unsigned i = 0; i < sizeof number; i++)
        number = number << 8 | digest[i];
    return number & ((UINT64_C(1) << NUMBER_BITS) - 1);
}
