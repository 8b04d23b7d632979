/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_KEYS_H
#define SMTPSCOPE_KEYS_H

/* Single keys from the terminal, without Return behind them. */

enum key {
    KEY_NEXT, /* Return, space, n, arrow right or down */
    KEY_BACK, /* b, p, arrow left or up, Backspace */
    KEY_QUIT, /* q, Escape, the end of input, or a signal */
    KEY_OTHER,
};

/* Whether both standard input and standard output are a terminal. */
int keys_possible(void);

/* Waits for a key. The terminal is as before behind the call. */
enum key keys_read(void);

#endif
