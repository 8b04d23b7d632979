/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_MESSAGE_H
#define SMTPSCOPE_MESSAGE_H

/* One message on its way through: its digest, its size, and the first of its octets for the header. */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "event.h"

/* Octets of a header that are kept; what is longer is looked at up to here. */
#define MESSAGE_HEADER_LIMIT ((size_t)65536)

struct message {
    uint32_t number; /* in its session, from 1 */
    enum smtp_transport transport;
    enum smtp_end_mark end_mark;
    uint64_t octets;
    bool complete;
    bool broken;       /* a chunk of it is not whole */
    char *sha256;      /* hex; NULL unless complete */
    GString *header;   /* as received, up to the empty line */
    bool header_whole;
    GString *content;  /* all of it; NULL unless it was asked for */
    void *digest;      /* EVP_MD_CTX; NULL when done */

    /* Decoded header fields, UTF-8; NULL where absent. Filled by message_finish. */
    char *subject, *from, *to, *date, *message_id;
    char *from_domain; /* of the first address in From */
};

struct message *message_new(uint32_t number, enum smtp_transport transport, bool keep_content);
void message_free(struct message *message);

void message_add(struct message *message, struct smtp_span octets);

/* The content ended: the digest is made if `complete`, and the header is read. */
void message_finish(struct message *message, bool complete);

#endif
