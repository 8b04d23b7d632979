/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tls_json.h"

#include "certificate.h"
#include "tls_suite.h"

/* RFC 3339, or null. */
static void write_seconds(struct json *json, const char *key, bool known, int64_t seconds)
{
    GDateTime *time = known ? g_date_time_new_from_unix_utc(seconds) : NULL;
    char *text = time != NULL ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : NULL;
    json_text(json, key, text);
    g_free(text);
    if (time != NULL)
        g_date_time_unref(time);
}

static void write_certificate(struct json *json, struct smtp_span der)
{
    struct certificate *certificate = certificate_read(der);
    json_begin_object(json, NULL);
    json_number(json, "octets", der.length);
    json_bool(json, "readable", certificate != NULL);
    if (certificate != NULL) {
        json_text(json, "subject", certificate->subject);
        json_text(json, "issuer", certificate->issuer);
        json_text(json, "serial", certificate->serial);
        json_begin_array(json, "names");
        for (guint i = 0; i < certificate->names->len; i++)
            json_text(json, NULL, g_ptr_array_index(certificate->names, i));
        json_end_array(json);
        write_seconds(json, "not_before", certificate->has_validity, certificate->not_before);
        write_seconds(json, "not_after", certificate->has_validity, certificate->not_after);
        json_text(json, "key", certificate->key);
        json_text(json, "sha256", certificate->sha256);
        json_text(json, "key_sha256", certificate->key_sha256);
        json_bool(json, "self_signed", certificate->self_signed);
        certificate_free(certificate);
    }
    json_end_object(json);
}

/* null where they were not seen: behind TLS 1.3 without keys, in a session that is resumed, in a hole. */
static void write_certificates(struct json *json, const struct tls_seen *seen)
{
    if (seen == NULL || !seen->chain_seen) {
        json_null(json, "certificates");
        return;
    }
    json_begin_array(json, "certificates");
    for (unsigned i = 0; i < seen->certificates; i++)
        write_certificate(json, seen->certificate[i]);
    json_end_array(json);
}

static void write_handshake(struct json *json, const struct tls_seen *seen)
{
    const char *group = seen != NULL && seen->group != 0 ? tls_group_name(seen->group) : NULL;
    json_text(json, "group", group);
    if (seen == NULL || seen->resumed == TLS_RESUMED_UNKNOWN)
        json_null(json, "resumed");
    else
        json_bool(json, "resumed", seen->resumed == TLS_RESUMED_YES);
    bool hello = seen != NULL && seen->fingerprint.ja4[0] != '\0';
    json_text(json, "ja3", hello ? seen->fingerprint.ja3 : NULL);
    json_text(json, "ja4", hello ? seen->fingerprint.ja4 : NULL);
}

void tls_json(struct json *json, const struct record *record)
{
    const struct tls *tls = &record->account.tls;
    if (!tls->seen) {
        json_null(json, "tls");
        return;
    }
    json_begin_object(json, "tls");
    json_bool(json, "implicit", tls->implicit);
    json_text(json, "version", tls->server_version != 0 ? smtp_tls_version_name(tls->server_version) : NULL);
    json_span_or_null(json, "sni", tls->sni);
    json_span_or_null(json, "alpn", tls->alpn);
    json_text(json, "cipher", tls->cipher != 0 ? tls_suite_name(tls->cipher) : NULL);
    write_handshake(json, record->tls_read.handshake);
    json_bool(json, "decrypted", record->tls_read.decrypted);
    json_text(json, "not_decrypted_because", tls_reason_name(record->tls_read.reason));
    write_certificates(json, record->tls_read.handshake);
    json_number(json, "first_frame", tls->first.frame);
    json_end_object(json);
}
