/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_EXHAUSTION_H
#define SMTPSCOPE_EXHAUSTION_H

/*
 * The system refuses memory (ulimit -v, a container): the run ends with a sentence and an exit status, not with an
 * abort. What was written before stays; what standard output was not given yet is lost.
 */

/* Behind language_start, in the first thread. */
void exhaustion_expect(int status);

/* In each other thread. */
void exhaustion_guard_thread(void);

/* There is no memory for what cannot be done without. */
_Noreturn void exhaustion_end(void);

#endif
