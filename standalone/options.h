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

enum command_name {
    COMMAND_TRANSCRIPT,
    COMMAND_SESSIONS,
    COMMAND_MESSAGES,
    COMMAND_FINDINGS,
    COMMAND_SERVERS,
    COMMAND_REPORT,
    COMMAND_EXPLAIN,
    COMMAND_REFERENCE,
    COMMAND_LEARN,
};

/* Sessions from one number to another. */
struct session_range {
    uint64_t first, last;
};

/* How the output looks. */
enum output_format {
    FORMAT_TEXT,
    FORMAT_JSON,
    FORMAT_ZEEK,      /* Zeek's smtp.log; this and the others: of `sessions` only */
    FORMAT_ZEEK_JSON, /* its lines as JSON */
    FORMAT_EVE,       /* Suricata's EVE */
};

struct options {
    enum command_name command;
    enum output_format format;
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

/*
 * Reads the command line. Returns true if there is work to do; else `*status` is the exit status (help and version were
 * printed, or a usage error was said on standard error). Free with options_free in any case.
 */
bool options_read(struct options *options, int argc, char **argv, int *status);

/* "auto", "on", "off". Static memory. */
const char *options_checksums_name(enum tcp_checksums checksums);

/* The word on the command line. Static memory. */
const char *options_command_name(enum command_name command);

/* Whether a session is one of those that are asked for. */
bool options_pick(const struct options *options, uint64_t session);

/* Whether the format is a log of another program's, with a line for each mail. */
bool options_is_log(const struct options *options);

void options_free(struct options *options);

#endif
