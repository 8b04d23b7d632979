/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reference.h"

static const struct smtp_reference_entry entries[] = {
    { "SIZE", "how many octets the message has, by its sender", "RFC 1870" },
    { "BODY", "whether the content is 7-bit, 8-bit or binary", "RFC 6152" },
    { "SMTPUTF8", "addresses or headers hold UTF-8", "RFC 6531" },
    { "AUTH", "who first submitted the mail", "RFC 4954" },
    { "RET", "how much of the message a bounce returns", "RFC 3461" },
    { "ENVID", "the sender's name for this mail, for reports", "RFC 3461" },
    { "NOTIFY", "which delivery reports are wanted", "RFC 3461" },
    { "ORCPT", "the recipient's address as first given", "RFC 3461" },
    { "BY", "the delivery deadline in seconds, and what then", "RFC 2852" },
    { "HOLDFOR", "how many seconds to hold the mail", "RFC 4865" },
    { "HOLDUNTIL", "until when to hold the mail", "RFC 4865" },
    { "MT-PRIORITY", "the mail's priority, -9 to 9", "RFC 6710" },
    { "REQUIRETLS", "the mail must travel over TLS only", "RFC 8689" },
    { "SOLICIT", "what kind of solicitation the mail is", "RFC 3865" },
    { "MTRK", "a certifier with which the mail can be tracked", "RFC 3885" },
    { "RRVS", "deliver only if the owner is the same since then", "RFC 7293" },
    { "CONPERM", "the content may be converted", "RFC 4141" },
    { "CONNEG", "features of the recipient's content are asked for", "RFC 4141" },
    { "SUBMITTER", "who is responsible for this submission", "RFC 4405" },
    { "TRANSID", "names the transfer, to resume it later", "RFC 1845" },
    { "XVERP", "bounces come back to an address for each recipient", "Postfix, private" },
    { "XOORG", "the originating organisation", "Microsoft Exchange, private" },
};

const struct smtp_reference_table smtp_reference_parameters = { .entries = entries, .count = sizeof entries / sizeof entries[0] };
