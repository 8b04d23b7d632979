/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_PCAPNG_H
#define SMTPSCOPE_PCAPNG_H

/*
 * Makes a pcapng stream one that libpcap reads to its end, on the way and in place. libpcap wants one snap length and one byte
 * order for the whole file, although each section and interface may have its own: snap lengths become 0, which is "none", and
 * sections of another byte order than the first one's get that. What is stored is read, whatever a header promised.
 *
 * Only what libpcap looks at is changed. Where the stream is no pcapng any more the rest of it goes through as it is, for
 * libpcap to refuse.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What comes next in the stream, behind what is passed through. */
enum pcapng_next {
    PCAPNG_BLOCK,
    PCAPNG_OPTION,       /* of an interface */
    PCAPNG_OPTION_VALUE, /* a number */
    PCAPNG_TRAILER,
    PCAPNG_NOTHING,      /* the rest goes through as it is */
};

/* Octets that must stand together to be rewritten, at the most. */
#define PCAPNG_HEAD 28

/* All zero at the beginning of the stream. */
struct pcapng {
    enum pcapng_next next;
    uint64_t pass;                       /* octets that go through before */
    bool any_section;
    bool big_endian, wanted_big_endian;  /* this section, the first one */
    uint32_t length, new_length;         /* of this block */
    uint32_t options;                    /* octets of them that are left */
    bool any_interface;                  /* in this section */
    uint32_t snap;                       /* of its first one */
};

/* What one call did. */
struct pcapng_done {
    size_t octets;      /* so many of those given are as libpcap wants them; those behind `used` are to be given again */
    size_t used;        /* so many behind them are replaced by `head` */
    size_t head_length; /* 0: none are */
    uint8_t head[PCAPNG_HEAD];
};

/* Goes on with the stream. It stops early only in front of what is not whole (give it again, with more behind it) or is replaced. */
void pcapng_rewrite(struct pcapng *pcapng, uint8_t *octets, size_t length, struct pcapng_done *done);

#endif
