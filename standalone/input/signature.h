/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_SIGNATURE_H
#define SMTPSCOPE_SIGNATURE_H

/*
 * What a file is, by its first octets: for opening a capture, for saying why one cannot be opened, and for not writing
 * over one. Knows what is read here, and what captures are kept in elsewhere.
 */

#include "span.h"

/* So many octets tell what is read here from what is not; some others are known better by more. */
#define SIGNATURE_LEAST 4
#define SIGNATURE_MOST 8

enum signature_kind {
    SIGNATURE_CAPTURE,    /* one that may be read here */
    SIGNATURE_COMPRESSED, /* decompressed here */
    SIGNATURE_PACKED,     /* in a way that is not unpacked here */
    SIGNATURE_FOREIGN,    /* a capture of a kind that is not read here */
};

struct signature {
    enum signature_kind kind;
    const char *name;
    uint8_t octets[SIGNATURE_MOST], length;
};

/* What begins with these octets, or (where they are fewer than its own) may do so; NULL: nothing that is known. */
const struct signature *signature_of(struct smtp_span octets);

/* What the file is; NULL: nothing that is known, or it cannot be read. */
const struct signature *signature_of_file(const char *name);

#endif
