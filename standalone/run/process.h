/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_PROCESS_H
#define SMTPSCOPE_PROCESS_H

/* The process around the program: its standard descriptors, signals, and what happens when the system has no more
 * memory. */

#include <signal.h>
#include <stdint.h>

/*
 * Call first. Descriptors 0 to 2 that whoever started the program has closed are taken, so that no file that is opened
 * later gets one of them: what is read from or written to them fails, as it does without.
 */
void process_take_standard_descriptors(void);

/*
 * SIGINT, SIGTERM, SIGHUP and SIGXCPU end the reading, and what was read is reported; the second one of a kind ends
 * everything. Those that whoever started the program had ignored (nohup) stay ignored. A closed pipe, or a file that
 * has become too large, is a failed write like any other.
 */
void process_catch_signals(void);

/* The number of the signal that asked for the end; 0: none did. */
extern volatile sig_atomic_t process_interrupted;

/* Says that it did, behind so many frames. */
void process_say_interrupted(uint64_t frames);

#endif
