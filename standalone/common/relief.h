/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_RELIEF_H
#define SMTPSCOPE_RELIEF_H

/* What a writer of long sessions does now and then, so that they need not be in memory as a whole. */

#include <stddef.h>

/* With less than so many octets there is nothing to be relieved of. */
#define RELIEF_OCTETS 65536u

struct relief {
    void (*give)(void *context); /* writes out what is written so far, and forgets what was read for it */
    void *context;
};

/* `relief` may be NULL. */
static inline void relief_give(const struct relief *relief)
{
    if (relief != NULL)
        relief->give(relief->context);
}

#endif
