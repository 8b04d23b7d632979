/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "outdir.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "language.h"

/* Temporary names that others have taken: so many are passed over. */
#define TRIES 1000

/* A mail is nobody's business but the investigator's. */
#define DIRECTORY_MODE 0700
#define FILE_MODE 0600

#define CREATE_FLAGS (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)

struct outdir {
    char *path;
    int descriptor;
    bool made; /* it was not there */
    unsigned temporaries;
    char *problem;
    gint failed; /* atomic */
};

void outdir_fail(struct outdir *directory, const char *name)
{
    int reason = errno;
    if (directory->problem != NULL)
        return;
    char *path = g_strdup_printf("%s%s%s", directory->path, name != NULL ? "/" : "", name != NULL ? name : "");
    directory->problem = reason == EEXIST ? g_strdup_printf(_("%s: exists already, and is not overwritten"), path)
                                          : g_strdup_printf(_("%s: cannot be written: %s"), path, g_strerror(reason));
    g_free(path);
    g_atomic_int_set(&directory->failed, 1);
    errno = reason;
}

void outdir_add_to_problem(struct outdir *directory, const char *words)
{
    char *longer = g_strconcat(directory->problem, "; ", words, NULL);
    g_free(directory->problem);
    directory->problem = longer;
}

struct outdir *outdir_open(const char *path)
{
    struct outdir *directory = g_new0(struct outdir, 1);
    directory->path = g_strdup(path);
    while (directory->path[0] != '\0' && directory->path[1] != '\0' && g_str_has_suffix(directory->path, "/"))
        directory->path[strlen(directory->path) - 1] = '\0';
    directory->descriptor = -1;
    directory->made = mkdir(path, DIRECTORY_MODE) == 0;
    if (directory->made || errno == EEXIST)
        directory->descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory->descriptor < 0)
        outdir_fail(directory, NULL);
    return directory;
}

void outdir_free(struct outdir *directory)
{
    if (directory->descriptor >= 0)
        close(directory->descriptor);
    g_free(directory->problem);
    g_free(directory->path);
    g_free(directory);
}

const char *outdir_path(const struct outdir *directory)
{
    return directory->path;
}

int outdir_descriptor(const struct outdir *directory)
{
    return directory->descriptor;
}

const char *outdir_problem(const struct outdir *directory)
{
    return directory->problem;
}

bool outdir_failed(const struct outdir *directory)
{
    return g_atomic_int_get(&directory->failed) != 0;
}

int outdir_create(struct outdir *directory, const char *name)
{
    int descriptor = openat(directory->descriptor, name, CREATE_FLAGS, FILE_MODE);
    if (descriptor < 0)
        outdir_fail(directory, name);
    return descriptor;
}

int outdir_create_temporary(struct outdir *directory, char **name)
{
    for (unsigned i = 0; i < TRIES; i++) {
        *name = g_strdup_printf(OUTDIR_TEMPORARY "%ld-%u", (long)getpid(), directory->temporaries++);
        int descriptor = openat(directory->descriptor, *name, CREATE_FLAGS, FILE_MODE);
        if (descriptor >= 0)
            return descriptor;
        g_free(*name);
        *name = NULL;
        if (errno != EEXIST)
            break;
    }
    outdir_fail(directory, NULL);
    return -1;
}

bool outdir_write(struct outdir *directory, int descriptor, const char *name, const void *octets, uint64_t length)
{
    const char *at = octets;
    while (length > 0) {
        ssize_t written = write(descriptor, at, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            outdir_fail(directory, name);
            return false;
        }
        at += written;
        length -= (uint64_t)written;
    }
    return true;
}

bool outdir_rename(struct outdir *directory, const char *temporary, const char *name)
{
    int at = directory->descriptor;
    bool done = renameat2(at, temporary, at, name, RENAME_NOREPLACE) == 0;
    if (!done && (errno == EINVAL || errno == ENOSYS)) /* a file system that cannot do that; a second link is never over a file either */
        done = linkat(at, temporary, at, name, 0) == 0 && unlinkat(at, temporary, 0) == 0;
    if (!done)
        outdir_fail(directory, name);
    return done;
}

void outdir_remove(struct outdir *directory, const char *name)
{
    unlinkat(directory->descriptor, name, 0);
}

void outdir_remove_if_made(struct outdir *directory)
{
    if (directory->made)
        rmdir(directory->path);
}
