/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SMTPSCOPE_OPTIONS_H
#define SMTPSCOPE_OPTIONS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "tcp.h"

/* Exit statuses of the program (CONTRACT). */
enum exit_status {
    EXIT_STATUS_OK = 0,
    EXIT_STATUS_INPUT = 1, /* a capture could not be opened, or output could not be written */
    EXIT_STATUS_USAGE = 2,
    EXIT_STATUS_DAMAGED = 3,
    EXIT_STATUS_DIFFERS = 4, /* --verify: something is not as the captures have it */
    EXIT_STATUS_SIGNAL = 128, /* and the signal's number */
};

/* Options that not every command takes: a bit for each. */
enum option {
    OPTION_FULL = 1u << 0,
    OPTION_TIMING = 1u << 1,
    OPTION_OUTPUT_DIR = 1u << 2,
    OPTION_ATTACHMENTS = 1u << 3,
    OPTION_VERIFY = 1u << 4,
    OPTION_CATEGORY = 1u << 5,
    OPTION_CAPTURE = 1u << 6,
};

/* Sessions from one number to another. */
struct session_range {
    uint64_t first, last;
};

struct face;

struct options {
    const char *command;     /* its name */
    const struct face *face; /* the command in the format that is asked for */
    bool show_secrets;
    bool full;
    bool timing; /* of `sessions`: delays by phase */
    bool colour;
    bool by_start;
    bool hash_input;
    enum tcp_checksums checksums;
    uint64_t memory_limit;  /* octets */
    uint64_t shard, shards; /* of so many shards the one with this number, from 0; 0 shards: all */
    GArray *sessions;   /* struct session_range; empty: all */
    char **key_logs;    /* key logs of TLS, NULL at the end; NULL: none */
    char **tls_keys;    /* private keys of servers, likewise */
    char *output;       /* file name; NULL: standard output */
    char *output_dir;   /* where messages are written to; NULL: nowhere */
    char *verify;       /* a directory that messages were written to; NULL: none */
    bool attachments;   /* and their attachments, too */
    char **captures;    /* names, NULL at the end; topics of explain, lesson of learn */
    unsigned count;
    char **explain_captures; /* explain what occurs in these, NULL at the end; NULL: none */
    char *category;          /* of the reference; NULL: all */
};

/* "auto", "on", "off". Static memory. */
const char *options_checksums_name(enum tcp_checksums checksums);

/* Whether a session is one of those that are asked for. */
bool options_pick(const struct options *options, uint64_t session);

void options_free(struct options *options);

#endif
