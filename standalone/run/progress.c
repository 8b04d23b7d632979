/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "progress.h"

#include <inttypes.h>
#include <unistd.h>

#include "language.h"

/* Microseconds: a run that is over sooner shows nothing; then the line is renewed so often. */
#define FIRST_AFTER 1000000
#define THEN_EVERY 250000

void progress_start(struct progress *progress, bool output_is_terminal)
{
    *progress = (struct progress){
        .shown = isatty(STDERR_FILENO) == 1 && !output_is_terminal,
        .start = g_get_monotonic_time(),
    };
    progress->next = progress->start + FIRST_AFTER;
}

void progress_tick(struct progress *progress, const struct capture_set *captures, uint64_t sessions)
{
    if (!progress->shown)
        return;
    int64_t now = g_get_monotonic_time();
    if (now < progress->next)
        return;
    progress->next = now + THEN_EVERY;
    struct capture_progress at = capture_set_progress(captures);
    double seconds = (double)(now - progress->start) / 1e6;
    double rate = (double)at.read / seconds;
    GString *line = g_string_new(NULL);
    char *read = g_format_size(at.read);
    char *total = g_format_size(at.total);
    char *each_second = g_format_size((uint64_t)rate);
    if (at.known)
        g_string_append_printf(line, _("%s of %s read, %s/s"), read, total, each_second);
    else
        g_string_append_printf(line, _("%s read, %s/s"), read, each_second);
    g_string_append(line, _(", "));
    g_string_append_printf(line, language_plural("%" PRIu64 " session", "%" PRIu64 " sessions", sessions), sessions);
    if (at.known && rate > 0 && at.total >= at.read)
        g_string_append_printf(line, _(", %.0f s left"), (double)(at.total - at.read) / rate);
    fprintf(stderr, "\r\033[K%s", line->str);
    fflush(stderr);
    progress->written = true;
    g_free(each_second);
    g_free(total);
    g_free(read);
    g_string_free(line, TRUE);
}

void progress_end(struct progress *progress)
{
    if (progress->written)
        fprintf(stderr, "\r\033[K");
    progress->written = false;
}
