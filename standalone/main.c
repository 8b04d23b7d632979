/* SPDX-License-Identifier: GPL-2.0-or-later */

/* smtpscope: reads captures, prints sessions. */

#include <gmime/gmime.h>

#include "command_line.h"
#include "exhaustion.h"
#include "faces.h"
#include "language.h"
#include "process.h"

int main(int argc, char **argv)
{
    struct options options;
    int status = EXIT_STATUS_OK;
    process_take_standard_descriptors();
    language_start(argc, argv);
    exhaustion_expect(EXIT_STATUS_INPUT);
    process_catch_signals();
    g_mime_init();
    if (command_line_read(&options, argc, argv, &status))
        status = command_find(options.command)->run(&options);
    options_free(&options);
    g_mime_shutdown();
    return status;
}
