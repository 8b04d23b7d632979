/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_VERIFY_RESULT_H
#define SMTPSCOPE_VERIFY_RESULT_H

/* What --verify says of a file, or of a record of the index (evidence/verify.h). */
enum verify_result {
    VERIFY_AGREES,
    VERIFY_DIFFERS,
    VERIFY_MISSING,
    VERIFY_EXTRA,      /* nothing in the captures accounts for it */
    VERIFY_UNREADABLE, /* it is there, but no file that can be read */
    VERIFY_RESULTS,
};

/* "agrees", ... */
const char *verify_result_name(enum verify_result result);

#endif
