/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "process.h"

#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "language.h"
#include "options.h"

/* ---- descriptors ---- */

/* Opened the other way round, as the C library does for programs of another user's. */
void process_take_standard_descriptors(void)
{
    for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; descriptor++) {
        if (fcntl(descriptor, F_GETFD) >= 0)
            continue;
        int mode = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY;
        if (open("/dev/null", mode) != descriptor && open("/", O_RDONLY) != descriptor)
            _exit(EXIT_STATUS_INPUT); /* there is nobody to tell */
    }
}

/* ---- signals ---- */

volatile sig_atomic_t process_interrupted;

static void note_signal(int number)
{
    process_interrupted = number;
}

void process_catch_signals(void)
{
    static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGXCPU };
    const struct sigaction note = { .sa_handler = note_signal, .sa_flags = (int)SA_RESETHAND };
    struct sigaction before;
    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
        if (sigaction(ends[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(ends[i], &note, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

void process_say_interrupted(uint64_t frames)
{
    fprintf(stderr, _("smtpscope: interrupted behind %" PRIu64 " frames; what was read is reported\n"), frames);
}
