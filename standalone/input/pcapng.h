/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_PCAPNG_H
#define SMTPSCOPE_PCAPNG_H

/*
 * Reads pcapng (draft-ietf-opsawg-pcapng): the packets of a stream one by one. Each section has its own byte order and
 * its own interfaces; each interface its own link type, snap length, and resolution and offset of time. What is stored
 * is read, whatever a snap length promised. Blocks that tell nothing of packets are passed over, however long they are.
 */

#include <stdint.h>
#include <stdio.h>

#include "span.h"

/* A packet block is no longer than this; nor has a section more interfaces. */
#define PCAPNG_BLOCK_LIMIT ((uint32_t)16 << 20)
#define PCAPNG_INTERFACES 65536u

struct pcapng_packet {
    struct smtp_span octets; /* captured ones; valid until the next call */
    uint32_t original_octets;
    uint64_t number; /* as Wireshark counts: from 1, blocks that are a record but no packet among them */
    int64_t time;    /* nanoseconds since 1970, held within what fits; 0 where the block has none */
    int link_type;   /* LINKTYPE_*: of those that are decoded each is the DLT_* of its number, or is taken for it */
};

enum pcapng_result {
    PCAPNG_PACKET,
    PCAPNG_END,
    PCAPNG_WRONG, /* it ends early or is damaged: pcapng_problem says how */
};

/* What is told beside the packets; it may be NULL. */
struct pcapng_hooks {
    /* A Decryption Secrets Block: its type, and the secrets, which are valid during the call only. */
    void (*secrets)(void *context, uint32_t type, struct smtp_span secrets);
    void *context;
};

struct pcapng;

/* Reads from `stream`, from its first octet on. The stream stays the caller's, and must outlive it. */
struct pcapng *pcapng_new(FILE *stream, const struct pcapng_hooks *hooks);
void pcapng_free(struct pcapng *pcapng);

/* Reads the first section's header. PCAPNG_PACKET: it is one; else it is no pcapng. */
enum pcapng_result pcapng_begin(struct pcapng *pcapng);

enum pcapng_result pcapng_next(struct pcapng *pcapng, struct pcapng_packet *packet);

/*
 * Hands on the secrets of a whole file, which is at its first octet and can be sought in, without looking at its packets; of a damaged one
 * those in front of the damage.
 */
void pcapng_find_secrets(FILE *file, const struct pcapng_hooks *hooks);

/* What was wrong, with the octet of the stream where the block begins, in the language of the user. */
const char *pcapng_problem(const struct pcapng *pcapng);

/* Digits of a second: 6 or 9. The first interface speaks for all. */
unsigned pcapng_precision(const struct pcapng *pcapng);

/* Packets that the interfaces lost, as the capture program counted them: they were never stored. */
uint64_t pcapng_lost(const struct pcapng *pcapng);

#endif
