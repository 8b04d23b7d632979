/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_TEXTS_H
#define SMTPSCOPE_TEXTS_H

/* The catalogues of this folder, compiled in: nothing of them is looked for at run time. compile.awk makes the tables. */

struct texts_translation {
    const char *text;       /* in English; of a plural, the singular. NULL behind the last one */
    const char *one, *many; /* the same where the language has one form, as Japanese */
};

struct texts_language {
    const char *name; /* "ja"; NULL behind the last one */
    const struct texts_translation *translations;
};

extern const struct texts_language texts_languages[];

#endif
