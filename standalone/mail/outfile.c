/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Octets that a piece has room for, if not for more: many come one by one. */
#define PIECE_ROOM ((size_t)1024)

struct piece {
    struct piece *next;
    uint8_t *octets;
    size_t length, room;
};

struct outfile {
    struct arena *home;  /* it lies there */
    struct outdir *directory;
    struct arena_pool *pool;
    struct arena *arena; /* of what is held; NULL: nothing is */
    struct piece *first, *last;
    size_t held;
    char *temporary;     /* NULL: nothing was written yet */
    dev_t device;        /* of the temporary file */
    ino_t inode;
};

struct outfile *outfile_new(struct arena *arena, struct outdir *directory, struct arena_pool *pool)
{
    struct outfile *file = arena_take(arena, sizeof *file);
    file->home = arena;
    file->directory = directory;
    file->pool = pool;
    return file;
}

static void let_go(struct outfile *file)
{
    if (file->arena != NULL)
        arena_free(file->arena);
    file->arena = NULL;
    file->first = file->last = NULL;
    file->held = 0;
}

void outfile_free(struct outfile *file)
{
    let_go(file);
    if (file->temporary != NULL)
        outdir_remove(file->directory, file->temporary);
    file->temporary = NULL;
}

static int create(struct outfile *file)
{
    struct stat status;
    char *name = NULL;
    int descriptor = outdir_create_temporary(file->directory, &name);
    file->temporary = arena_copy_text(file->home, name);
    g_free(name);
    if (descriptor >= 0 && fstat(descriptor, &status) == 0) {
        file->device = status.st_dev;
        file->inode = status.st_ino;
    }
    return descriptor;
}

/* Opens the temporary file again: it must be the one that was written before. */
static int reopen(struct outfile *file)
{
    struct stat status;
    int descriptor = openat(outdir_descriptor(file->directory), file->temporary, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor >= 0 && (fstat(descriptor, &status) != 0 || status.st_dev != file->device || status.st_ino != file->inode)) {
        close(descriptor);
        descriptor = -1;
        errno = ESTALE;
    }
    if (descriptor < 0)
        outdir_fail(file->directory, file->temporary);
    return descriptor;
}

/* Writes what is held. */
static void write_held(struct outfile *file)
{
    if (outdir_failed(file->directory)) {
        let_go(file);
        return;
    }
    int descriptor = file->temporary == NULL ? create(file) : reopen(file);
    bool good = descriptor >= 0;
    for (const struct piece *piece = file->first; piece != NULL && good; piece = piece->next) {
        arena_pool_looked(file->pool);
        good = outdir_write(file->directory, descriptor, NULL, piece->octets, piece->length);
    }
    if (descriptor >= 0 && close(descriptor) != 0 && good) /* a network's file system may say only now that it is full */
        outdir_fail(file->directory, NULL);
    let_go(file);
}

static void add_piece(struct outfile *file, size_t needed)
{
    size_t room = MAX(needed, file->held > 0 ? PIECE_ROOM : 0); /* of most files one piece comes */
    struct piece *piece = arena_take(file->arena, sizeof *piece);
    *piece = (struct piece){ .octets = arena_take(file->arena, room), .room = room };
    if (file->last != NULL)
        file->last->next = piece;
    else
        file->first = piece;
    file->last = piece;
}

void outfile_add(struct outfile *file, struct smtp_span octets)
{
    if (octets.length == 0 || outdir_failed(file->directory))
        return;
    if (file->held + octets.length > OUTFILE_HELD && file->held > 0)
        write_held(file);
    arena_pool_looked(file->pool);
    if (file->arena == NULL) {
        file->arena = arena_new(file->pool);
        arena_settle(file->arena);
    }
    if (file->last == NULL || file->last->room - file->last->length < octets.length)
        add_piece(file, octets.length);
    memcpy(file->last->octets + file->last->length, octets.octets, octets.length);
    file->last->length += octets.length;
    file->held += octets.length;
}

void outfile_end(struct outfile *file)
{
    if (file->held > 0 || file->temporary == NULL)
        write_held(file);
}

bool outfile_name(struct outfile *file, const char *name)
{
    if (outdir_failed(file->directory) || !outdir_rename(file->directory, file->temporary, name))
        return false;
    file->temporary = NULL;
    return true;
}
