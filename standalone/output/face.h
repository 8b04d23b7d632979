/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_FACE_H
#define SMTPSCOPE_FACE_H

/* What a face is: one command in one format. All of them are rows of the table in faces.c; what writes one is in its
 * own file. */

#include "finding_out.h"
#include "json.h"
#include "options.h"
#include "page.h"
#include "record.h"
#include "relief.h"
#include "summary.h"

/* What a face is told of the run, which outlives it, and what it says to the printer. Used by the worker, but for
 * `open` and `close`. */
struct face_run {
    const struct options *options;
    struct arena_pool *pool;
    struct page *page;           /* what is written goes to page->out; the printer takes it from there */
    const struct relief *relief; /* to be given between two pieces of what may be long */
    struct output *output;       /* for what is too large for the page: at the end, where nothing is on the page */
    bool early;                  /* the session is not in its turn */
    int problem;                 /* set by the face: an errno, why something could not be kept for later */
    void *own;                   /* set by `open` */
};

/* What writes a face. Functions that it has no use for are NULL. */
struct face_writer {
    /* Before anything is written. False: there is nothing to be done; why was said on standard error. */
    bool (*open)(struct face_run *run);
    /* In front of the first session; with FACE_FIRST_FRAME behind the first frame, `time` being its time (NULL: there
     * is no frame). */
    void (*heading)(struct face_run *run, const int64_t *time);
    /* The next session: one that is asked for, or with FACE_ALL_SESSIONS any. */
    void (*session)(struct face_run *run, const struct record *record);
    /* It is the turn of a session that was given early. What was written to the page for it is the printer's to keep.
     */
    void (*turn)(struct face_run *run, uint64_t id);
    /* A finding that belongs to no session. */
    void (*finding)(struct face_run *run, const struct told_finding *told);
    /* All was read: writes the rest, and adds to `summary` what only the face knows. False, with errno set: the output
     * could not be written. */
    bool (*finish)(struct face_run *run, struct summary *summary);
    /* Frees `own`; also where `open` failed. */
    void (*close)(struct face_run *run);
    /* A whole sentence for people, with %s for a folder and %s for the reason: what `problem` is about. To be
     * translated. */
    const char *not_kept;
};

/* What a face wants of the run, and what it is like: a bit for each. */
enum face_wish {
    FACE_ITEMS = 1u << 0,        /* all that was said, line by line */
    FACE_DIGESTS = 1u << 1,      /* of messages */
    FACE_ATTACHMENTS = 1u << 2,  /* what messages carry */
    FACE_FIELDS = 1u << 3,       /* header fields as other programs' logs have them */
    FACE_CONTENT = 1u << 4,      /* of messages, with --full */
    FACE_ALL_SESSIONS = 1u << 5, /* also those that are not asked for: what several prove takes all of them */
    FACE_START_ORDER = 1u << 6,  /* sessions in the order of their first packets, unless --sort says otherwise */
    FACE_FIRST_FRAME = 1u << 7,  /* its heading has the time of the first frame, and stands also where there is none */
    FACE_SUMMARY = 1u << 8,      /* the summary record at the end, in place of words on standard error */
    FACE_OF_MAILS = 1u << 9,     /* it lists mails: it is worth a word that some cannot be seen */
    FACE_FILE = 1u << 10,        /* nothing for a terminal */
};

struct topic_writer;

struct face {
    const char *command, *format;
    enum option with;                  /* the face is that of the command with this option; 0: without any such */
    unsigned wishes;                   /* of enum face_wish */
    unsigned takes;                    /* of enum option, beside `with` */
    const struct face_writer *writer;  /* of sessions; NULL: it is not about captures */
    const struct topic_writer *topics; /* of entries of the reference; NULL: it is not about them */
};

static inline bool face_wishes(const struct face *face, enum face_wish wish)
{
    return (face->wishes & (unsigned)wish) != 0;
}

/* For writers of JSON: what they write goes to the page. */
static inline struct json face_json(const struct face_run *run)
{
    return (struct json){ .out = run->page->out, .relief = run->relief };
}

#endif
