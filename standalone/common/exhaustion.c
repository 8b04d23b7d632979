/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exhaustion.h"

#include <glib.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "language.h"

/* The least that the C library asks the system for when its own is used up. */
#define PROBE_OCTETS ((size_t)1 << 20)

/* For a signal's handler, where the stack is used up. */
#define STACK_OCTETS 16384

/* In the language of the user: there is no memory to look it up when it is needed. NULL: nobody expects it. */
static const char *sentence;
static int exit_status;

static void say(const char *text)
{
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written; /* there is nobody else to tell */
}

void exhaustion_end(void)
{
    if (sentence == NULL)
        abort();
    say(sentence);
    _exit(exit_status);
}

/* GLib says so before it aborts. It must not need any memory here. */
static void take_log(const char *domain, GLogLevelFlags level, const char *message, gpointer context)
{
    (void)context;
    if (level & G_LOG_LEVEL_DEBUG)
        return;
    if ((level & G_LOG_LEVEL_ERROR) == 0) {
        g_log_default_handler(domain, level, message, NULL);
        return;
    }
    if (message == NULL || strstr(message, "failed to allocate") != NULL)
        exhaustion_end();
    say("smtpscope: ");
    say(message);
    say("\n");
    _exit(exit_status);
}

/*
 * A library that aborted without asking anybody, or (GLib, where it has no memory for saying that it has none) called
 * itself until its stack was used up. If there is no memory for anybody, that is why; else the signal does what it
 * always does.
 */
static void take_fault(int number)
{
    (void)number;
    void *probe = mmap(NULL, PROBE_OCTETS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED)
        exhaustion_end();
    munmap(probe, PROBE_OCTETS);
}

void exhaustion_guard_thread(void)
{
    static _Thread_local char stack[STACK_OCTETS];
    stack_t before;
    if (sigaltstack(NULL, &before) == 0 && (before.ss_flags & SS_DISABLE)) /* a sanitizer has one of its own, and frees it */
        sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof stack }, NULL);
}

/*
 * Where addresses are limited, a second thread has no room for a heap of its own, and would ask the system for each
 * piece of memory: it shares the first one's.
 */
static void share_heap(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        mallopt(M_ARENA_MAX, 1);
}

void exhaustion_expect(int status)
{
    static const int faults[] = { SIGABRT, SIGSEGV };
    const struct sigaction look = { .sa_handler = take_fault, .sa_flags = (int)SA_RESETHAND | SA_ONSTACK };
    struct sigaction before;
    exit_status = status;
    share_heap();
    sentence = _("smtpscope: the system has no more memory for it: the run ends here, and what was written so far is "
                 "not all; allow it "
                 "more memory, or set a lower --memory-limit\n");
    g_log_set_default_handler(take_log, NULL);
    g_log(NULL, G_LOG_LEVEL_DEBUG, "%s", ""); /* what GLib needs for a first message, it has from now on */
    exhaustion_guard_thread();
    for (size_t i = 0; i < G_N_ELEMENTS(faults); i++)
        if (sigaction(faults[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL) /* not a sanitizer's */
            sigaction(faults[i], &look, NULL);
}
