/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keys.h"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#define ESCAPE '\033'
#define ARROW_MILLISECONDS 50 /* behind Escape, if it begins the sequence of an arrow key */

int keys_possible(void)
{
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static int octet_follows(void)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    return poll(&input, 1, ARROW_MILLISECONDS) == 1;
}

/* Escape alone, or "ESC [ A" and its kin. */
static enum key read_sequence(void)
{
    unsigned char octets[2];
    if (!octet_follows())
        return KEY_QUIT;
    if (read(STDIN_FILENO, octets, sizeof octets) != (ssize_t)sizeof octets)
        return KEY_OTHER;
    if (octets[1] == 'A' || octets[1] == 'D')
        return KEY_BACK;
    return octets[1] == 'B' || octets[1] == 'C' ? KEY_NEXT : KEY_OTHER;
}

static enum key read_key(void)
{
    unsigned char octet;
    if (read(STDIN_FILENO, &octet, 1) != 1)
        return KEY_QUIT;
    switch (octet) {
    case '\n':
    case '\r':
    case ' ':
    case 'n':
    case 'N':
        return KEY_NEXT;
    case 'b':
    case 'B':
    case 'p':
    case 'P':
    case 0x7f:
    case '\b':
        return KEY_BACK;
    case 'q':
    case 'Q':
        return KEY_QUIT;
    case ESCAPE:
        return read_sequence();
    default:
        return KEY_OTHER;
    }
}

enum key keys_read(void)
{
    struct termios before;
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return KEY_QUIT;
    struct termios single = before;
    single.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    single.c_cc[VMIN] = 1;
    single.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &single);
    enum key key = read_key();
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    return key;
}
