/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What reassembly makes of segments: order, holes, copies, ends. Each row is a connection and all that is said of it.
 */

#include "segments.h"

#define ROW(name, expected, ...)                                                                                       \
    {                                                                                                                  \
        name, expected, (const struct step[]){ __VA_ARGS__ },                                                          \
            sizeof((const struct step[]){ __VA_ARGS__ }) / sizeof(struct step)                                         \
    }

/* Sequence numbers: the SYN is 0, the first octet 1. */
#define OPEN                                                                                                           \
    { 'C', "S", 0, 0 }, { 'S', "SA", 0, 1 },                                                                           \
    {                                                                                                                  \
        'C', "A", 1, 1                                                                                                 \
    }

struct row {
    const char *name;
    const char *expected;
    const struct step *steps;
    size_t count;
};

static const struct row rows[] = {
    ROW("in order", "open\nS 0 '220 ' @4\nC 0 'EHLO' @5\nfin C\nfin S\nclosed fin\n", OPEN, { 'S', "A", 1, 1, "220 " },
        { 'C', "A", 1, 5, "EHLO" }, { 'C', "FA", 5, 5 }, { 'S', "FA", 5, 6 }, { 'C', "A", 6, 6 }),
    ROW("swapped segments", "open\nC 0 'abc' @5\nC 3 'def' @4\nclosed capture\n", OPEN, { 'C', "A", 4, 1, "def" },
        { 'C', "A", 1, 1, "abc" }),
    ROW("a reply captured before its command", "open\nC 0 'NOOP' @5\nS 0 '250 ' @4\nclosed capture\n", OPEN,
        { 'S', "A", 1, 5, "250 " }, { 'C', "A", 1, 1, "NOOP" }),
    ROW("retransmission", "open\nC 0 'abc' @4\nC 3 'def' @6\nclosed capture\n", OPEN, { 'C', "A", 1, 1, "abc" },
        { 'C', "A", 1, 1, "abc" }, { 'C', "A", 1, 1, "abcdef" }),
    ROW("keep-alive octet is no data", "open\nC 0 'abc' @4\nC 3 'd' @6\nclosed capture\n", OPEN,
        { 'C', "A", 1, 1, "abc" }, { 'C', "A", 3, 1, "?" }, { 'C', "A", 4, 1, "d" }),
    ROW("the first copy wins", "open\nC 0 'abcd' @4\nconflict C 1+2 @4 @5\nC 4 'e' @5\nclosed capture\n", OPEN,
        { 'C', "A", 1, 1, "abcd" }, { 'C', "A", 1, 1, "aXXde" }),
    ROW("the first copy wins behind a hole",
        "open\nconflict C 3+1 @4 @5\nC 0 'abc' @6\nC 3 'd' @4\nC 4 'e' @5\nclosed capture\n", OPEN,
        { 'C', "A", 4, 1, "d" }, { 'C', "A", 4, 1, "De" }, { 'C', "A", 1, 1, "abc" }),
    ROW("a hole at the end of the capture", "open\nC 0 'abc' @4\ngap C 3+3 behind @4\nC 6 'ghi' @5\nclosed capture\n",
        OPEN, { 'C', "A", 1, 1, "abc" }, { 'C', "A", 7, 1, "ghi" }),
    ROW("a hole that the peer acknowledged, a second later",
        "open\nC 0 'abc' @4\ngap C 3+3 behind @4\nC 6 'ghi' @5\nS 0 '250 ' @6\nS 4 'x' @7\nclosed capture\n", OPEN,
        { 'C', "A", 1, 1, "abc" }, { 'C', "A", 7, 1, "ghi" }, { 'S', "A", 1, 10, "250 " },
        { 'S', "A", 5, 10, "x", 0, 2000 }),
    ROW("data stored after its ACK is used", "open\nC 0 'abc' @6\nS 0 '250 ' @5\nclosed capture\n", OPEN,
        { 'S', "A", 1, 4 }, { 'S', "A", 1, 4, "250 " }, { 'C', "A", 1, 1, "abc", 0, 10 }),
    ROW("acknowledged and never seen", "open\ngap C 0+3 behind @0\nS 0 '250 ' @4\nclosed capture\n", OPEN,
        { 'S', "A", 1, 4, "250 " }),
    ROW("snap length", "open\nC 0 'abc' @4\ngap C 3+3 behind @4\nC 6 'ghi' @5\nclosed capture\n", OPEN,
        { 'C', "A", 1, 1, "abc", 3 }, { 'C', "A", 7, 1, "ghi" }),
    ROW("only the client's direction",
        "open\nC 0 'a' @2\ngap S 0+10 behind @0\nC 1 'b' @3\nC 2 'c' @4\ngap S 10+10 behind @0\nC 3 'd' @5\nclosed "
        "capture\n",
        { 'C', "S", 0, 0 }, { 'C', "A", 1, 1, "a" }, { 'C', "A", 2, 11, "b" }, { 'C', "A", 3, 11, "c" },
        { 'C', "A", 4, 21, "d" }),
    ROW("begun in the middle: half 0 is who is seen first", "open\nC 0 '250 ' @1\nS 0 'QUIT' @2\nclosed capture\n",
        { 'S', "A", 700, 900, "250 " }, { 'C', "A", 900, 704, "QUIT" }),
    ROW("RST", "open\nC 0 'abc' @4\nclosed rst\n", OPEN, { 'C', "A", 1, 1, "abc" }, { 'S', "R", 1, 0 }),
    ROW("a forged RST far from the window", "open\nC 0 'abc' @4\nC 3 'd' @6\nclosed capture\n", OPEN,
        { 'C', "A", 1, 1, "abc" }, { 'S', "R", 900000000, 0 }, { 'C', "A", 4, 1, "d" }),
    ROW("ports used again", "open\nC 0 'abc' @4\nclosed reused\nopen\nC 0 'xyz' @8\nclosed capture\n", OPEN,
        { 'C', "A", 1, 1, "abc" }, { 'C', "S", 5000000, 0 }, { 'S', "SA", 7000000, 5000001 },
        { 'C', "A", 5000001, 7000001 }, { 'C', "A", 5000001, 7000001, "xyz" }),
    ROW("ports used again behind the end", "open\nfin C\nfin S\nclosed fin\nopen\nC 0 'xyz' @9\nclosed capture\n", OPEN,
        { 'C', "FA", 1, 1 }, { 'S', "FA", 1, 2 }, { 'C', "S", 5000000, 0 }, { 'S', "SA", 7000000, 5000001 },
        { 'C', "A", 5000001, 7000001 }, { 'C', "A", 5000001, 7000001, "xyz" }),
    ROW("late packets behind the end are nothing new", "open\nC 0 'abc' @4\nfin C\nfin S\nclosed fin\n", OPEN,
        { 'C', "A", 1, 1, "abc" }, { 'C', "FA", 4, 1 }, { 'S', "FA", 1, 5 }, { 'C', "A", 1, 1, "abc" },
        { 'C', "FA", 4, 1 }),
    ROW("silent for long, and then it goes on", "open\nC 0 'abc' @4\nC 3 'def' @5\nclosed capture\n", OPEN,
        { 'C', "A", 1, 1, "abc" }, { 'C', "A", 4, 1, "def", 0, 3700000 }),
    ROW("silent for long, and then something else",
        "open\nC 0 'abc' @4\nclosed idle\nopen\nC 0 'xyz' @5\nclosed capture\n", OPEN, { 'C', "A", 1, 1, "abc" },
        { 'C', "A", 1, 1, "xyz", 0, 3700000 }),
    ROW("one time stamp far ahead", "open\nC 0 'abc' @4\nC 3 'def' @5\nC 6 'ghi' @6\nclosed capture\n", OPEN,
        { 'C', "A", 1, 1, "abc" }, { 'C', "A", 4, 1, "def", 0, 7200000 }, { 'C', "A", 7, 1, "ghi", 0, -7200000 }),
    ROW("data stored behind the RST that came after it", "open\nC 0 'abc' @4\nS 0 '221 ' @6\nclosed rst\n", OPEN,
        { 'C', "A", 1, 1, "abc" }, { 'C', "RA", 4, 5 }, { 'S', "A", 1, 4, "221 " }, { 'C', "R", 4, 0 }),
    ROW("a forged RST with the right number: both go on",
        "open\nC 0 'abc' @4\nS 0 '250 ' @6\nC 3 'def' @7\nclosed capture\n", OPEN, { 'C', "A", 1, 1, "abc" },
        { 'C', "R", 4, 0 }, { 'S', "A", 1, 4, "250 " }, { 'C', "A", 4, 5, "def" }),
    ROW("ports used again, with a number near the old ones",
        "open\nC 0 'abc' @4\nclosed reused\nopen\nC 0 'xyz' @8\nclosed capture\n", OPEN, { 'C', "A", 1, 1, "abc" },
        { 'C', "S", 5000, 0 }, { 'S', "SA", 7000, 5001 }, { 'C', "A", 5001, 7001 }, { 'C', "A", 5001, 7001, "xyz" }),
    ROW("the same, of the client's direction alone",
        "open\nC 0 'abc' @2\nfin C\nclosed reused\nopen\nC 0 'xyz' @5\nclosed capture\n", { 'C', "S", 0, 0 },
        { 'C', "A", 1, 1, "abc" }, { 'C', "FA", 4, 1 }, { 'C', "S", 5000, 0 }, { 'C', "A", 5001, 7001, "xyz" }),
    ROW("ports used again behind the end, the SYN not captured",
        "open\nfin C\nfin S\nclosed fin\nopen\nC 0 'xyz' @7\nclosed capture\n", OPEN, { 'C', "FA", 1, 1 },
        { 'S', "FA", 1, 2 }, { 'S', "SA", 7000, 5001 }, { 'C', "A", 5001, 7001, "xyz" }),
    ROW("a SYN+ACK stored again behind the end", "open\nfin C\nfin S\nclosed fin\n", OPEN, { 'C', "FA", 1, 1 },
        { 'S', "FA", 1, 2 }, { 'S', "SA", 0, 1 }, { 'C', "A", 2, 2 }),
    ROW("an RST within the window, but not the next one: what follows is used",
        "open\nC 0 'abc' @4\nS 0 '250 ' @6\nclosed capture\n", OPEN, { 'C', "A", 1, 1, "abc" }, { 'S', "R", 5000, 0 },
        { 'S', "A", 1, 4, "250 " }),
    ROW("an RST within the window, and nothing follows", "open\nC 0 'abc' @4\nclosed rst\n", OPEN,
        { 'C', "A", 1, 1, "abc" }, { 'S', "R", 5000, 0 }),
    ROW("an ACK of what was never sent", "open\nS 0 '220 ' @5\nC 0 'q' @6\nclosed capture\n", OPEN,
        { 'C', "A", 1, 100001 }, { 'S', "A", 1, 1, "220 ", 0, 2000 }, { 'C', "A", 1, 5, "q", 0, 2000 }),
    ROW("a FIN that data follows is none", "open\nC 0 'abc' @5\nC 3 'def' @6\nclosed capture\n", OPEN,
        { 'C', "FA", 1, 1 }, { 'C', "A", 1, 1, "abc" }, { 'C', "A", 4, 1, "def" }),
    ROW("a SYN that nothing belongs to is no new connection", "open\nC 0 'abc' @4\nC 3 'def' @6\nclosed capture\n",
        OPEN, { 'C', "A", 1, 1, "abc" }, { 'C', "S", 5000000, 0 }, { 'C', "A", 4, 1, "def" }),
    ROW("a segment far away that nobody acknowledges", "open\nC 0 'abc' @4\nC 3 'def' @6\nclosed capture, 1 ignored\n",
        OPEN, { 'C', "A", 1, 1, "abc" }, { 'C', "A", 500000000, 1, "evil" }, { 'C', "A", 4, 1, "def" }),
    ROW("a SYN alone opens nothing", "", { 'C', "S", 0, 0 }, { 'C', "S", 0, 0 }, { 'S', "RA", 0, 1 }),
    ROW("a SYN whose answer was not captured", "open\nC 0 'abc' @2\nclosed capture\n", { 'C', "S", 0, 0 },
        { 'C', "A", 1, 1, "abc" }),
    ROW("a bare ACK opens nothing", "", { 'C', "A", 1, 1 }, { 'S', "A", 1, 1 }),
    ROW("FIN with data, before its data", "open\nC 0 'abc' @5\nC 3 'def' @4\nfin C\nclosed capture\n", OPEN,
        { 'C', "FA", 4, 1, "def" }, { 'C', "A", 1, 1, "abc" }),

    /* One direction behind the other. */
    ROW("the server's direction behind the client's",
        "open\nS 0 '220 ' @9\nC 0 'EHLO' @3\nS 4 '250 ' @10\nC 4 'QUIT' @4\nS 8 '221 ' @11\nfin C\nfin S\nclosed fin\n",
        { 'C', "S", 0, 0 }, { 'C', "A", 1, 1 }, { 'C', "A", 1, 5, "EHLO" }, { 'C', "A", 5, 9, "QUIT" },
        { 'C', "A", 9, 13 }, { 'C', "FA", 9, 13 }, { 'C', "A", 10, 14 }, { 'S', "SA", 0, 1, NULL, 0, 100000 },
        { 'S', "A", 1, 1, "220 " }, { 'S', "A", 5, 5, "250 " }, { 'S', "A", 9, 9, "221 " }, { 'S', "FA", 13, 10 }),
    ROW("the client's direction behind the server's",
        "open\nS 0 '220 ' @2\nC 0 'EHLO' @8\nS 4 '250 ' @3\nC 4 'QUIT' @9\nS 8 '221 ' @4\nfin S\nfin C\nclosed fin\n",
        { 'S', "SA", 0, 1 }, { 'S', "A", 1, 1, "220 " }, { 'S', "A", 5, 5, "250 " }, { 'S', "A", 9, 9, "221 " },
        { 'S', "FA", 13, 10 }, { 'C', "S", 0, 0, NULL, 0, 100000 }, { 'C', "A", 1, 1 }, { 'C', "A", 1, 5, "EHLO" },
        { 'C', "A", 5, 9, "QUIT" }, { 'C', "FA", 9, 14 }, { 'C', "A", 10, 14 }),
    ROW("the client's direction behind the server's, no SYN",
        "open\nC 0 '220 ' @1\nS 0 'EHLO' @4\nC 4 '250 ' @2\nclosed capture\n", { 'S', "A", 1, 1, "220 " },
        { 'S', "A", 5, 5, "250 " }, { 'S', "A", 9, 5 }, { 'C', "A", 1, 5, "EHLO", 0, 100000 }),
    ROW("each by a minute, and both go on",
        "open\nS 0 '220 ' @4\nC 0 'EHLO' @3\nS 4 '250 ' @6\nC 4 'QUIT' @5\nclosed capture\n", { 'C', "S", 0, 0 },
        { 'C', "A", 1, 1 }, { 'C', "A", 1, 5, "EHLO", 0, 1000 }, { 'S', "A", 1, 1, "220 ", 0, 59000 },
        { 'C', "A", 5, 9, "QUIT" }, { 'S', "A", 5, 5, "250 ", 0, 59000 }),
    ROW("an RST at the end of the direction that comes first",
        "open\nS 0 '220 ' @8\nC 0 'EHLO' @3\nS 4 '250 ' @9\nclosed rst\n", { 'C', "S", 0, 0 }, { 'C', "A", 1, 1 },
        { 'C', "A", 1, 5, "EHLO" }, { 'C', "A", 5, 9 }, { 'C', "A", 5, 9 }, { 'C', "R", 5, 9 },
        { 'S', "SA", 0, 1, NULL, 0, 100000 }, { 'S', "A", 1, 1, "220 " }, { 'S', "A", 5, 5, "250 " }),
    ROW("too late",
        "open\ngap S 0+4 behind @0\nC 0 'EHLO' @3\nC 4 'NOOP' @4\nC 8 'NOOP' @5\nC 12 'QUIT' @6\nclosed capture, 1 "
        "ignored\n",
        { 'C', "S", 0, 0 }, { 'C', "A", 1, 1 }, { 'C', "A", 1, 5, "EHLO" }, { 'C', "A", 5, 5, "NOOP" },
        { 'C', "A", 9, 5, "NOOP", 0, 200000 }, { 'C', "A", 13, 5, "QUIT", 0, 200000 },
        { 'C', "A", 17, 5, NULL, 0, 1000 }, { 'S', "A", 1, 1, "220 " }),

    /* SYNs and what stands in front of them. */
    ROW("octets in front of the SYN's",
        "open\nS before syn @4\nC 0 'EHLO' @5\nS before syn @6\nclosed capture, 2 ignored\n", { 'C', "S", 0, 0 },
        { 'S', "SA", 2000, 1 }, { 'C', "A", 1, 2001 }, { 'S', "A", 1001, 1, "220 " }, { 'C', "A", 1, 2001, "EHLO" },
        { 'S', "A", 1005, 5, "250 " }),
    ROW("the SYN has no number of its own",
        "open\nS 0 '220 ' @4\nC 0 'EHLO' @5\nS 4 '250 ' @6\nfin C\nclosed capture\n", { 'C', "S", 0, 0 },
        { 'S', "SA", 0, 0 }, { 'C', "A", 0, 0 }, { 'S', "A", 0, 0, "220 " }, { 'C', "A", 0, 4, "EHLO" },
        { 'S', "A", 4, 4, "250 " }, { 'C', "FA", 4, 8 }, { 'S', "A", 8, 5 }),
    ROW("a keep-alive in front of all data", "open\nS 0 '220 ' @5\nclosed capture\n", OPEN, { 'S', "A", 0, 1, "?" },
        { 'S', "A", 1, 1, "220 " }),
    ROW("a SYN+ACK forged, and then the true one",
        "open\nS second syn @3\nS 0 '220 ' @5\nC 0 'EHLO' @6\nclosed capture\n", { 'C', "S", 0, 0 },
        { 'S', "SA", 70000000, 1 }, { 'S', "SA", 0, 1 }, { 'C', "A", 1, 1 }, { 'S', "A", 1, 1, "220 " },
        { 'C', "A", 1, 5, "EHLO" }),
    ROW("the same, and data of either", "open\nS second syn @3\nS 0 '220 ' @6\nclosed capture, 1 ignored\n",
        { 'C', "S", 0, 0 }, { 'S', "SA", 70000000, 1 }, { 'S', "SA", 0, 1 }, { 'C', "A", 1, 1 },
        { 'S', "A", 70000001, 1, "550 " }, { 'S', "A", 1, 1, "220 " }),
    ROW("the same, of the server's direction alone", "open\nS second syn @2\nS 0 '220 ' @3\nclosed capture\n",
        { 'S', "SA", 70000000, 1 }, { 'S', "SA", 0, 1 }, { 'S', "A", 1, 1, "220 " }),
    ROW("the true SYN+ACK, and then a forged one",
        "open\nS second syn @3\nS 0 '220 ' @5\nC 0 'EHLO' @6\nclosed capture\n", { 'C', "S", 0, 0 },
        { 'S', "SA", 0, 1 }, { 'S', "SA", 70000000, 1 }, { 'C', "A", 1, 1 }, { 'S', "A", 1, 1, "220 " },
        { 'C', "A", 1, 5, "EHLO" }),
    ROW("a SYN+ACK forged midway", "open\nS 0 '220 ' @4\nS second syn @5\nC 0 'EHLO' @6\nclosed capture\n", OPEN,
        { 'S', "A", 1, 1, "220 " }, { 'S', "SA", 70000000, 1 }, { 'C', "A", 1, 5, "EHLO" }),
    ROW("the same, of no SYN", "open\nS 0 '220 ' @4\nC opened within @5\nC 0 'EHLO' @6\nclosed capture\n", OPEN,
        { 'S', "A", 1, 1, "220 " }, { 'S', "SA", 70000000, 60000000 }, { 'C', "A", 1, 5, "EHLO" }),
    ROW("SYN and SYN+ACK forged midway",
        "open\nS 0 '220 ' @4\nC opened within @6\nC 0 'EHLO' @7\nS 4 '250 ' @8\nclosed capture\n", OPEN,
        { 'S', "A", 1, 1, "220 " }, { 'C', "S", 60000000, 0 }, { 'S', "SA", 70000000, 60000001 },
        { 'C', "A", 1, 5, "EHLO" }, { 'S', "A", 5, 5, "250 " }),
    ROW("the same, near the true numbers",
        "open\nS 0 '220 ' @4\nC opened within @6\nC 0 'EHLO' @7\nS 4 '250 ' @8\nclosed capture\n", OPEN,
        { 'S', "A", 1, 1, "220 " }, { 'C', "S", 0xffffffff, 0 }, { 'S', "SA", 3, 0 }, { 'C', "A", 1, 5, "EHLO" },
        { 'S', "A", 5, 5, "250 " }),

    /* Ends that are none. */
    ROW("FINs of both, acknowledged, and both go on",
        "open\nS 0 '220 ' @4\nfin C\nfin S\nresumed C\nC behind fin @8\nC 0 'EHLO' @8\nresumed S\nS behind fin @9\nS 4 "
        "'250 ' @9\nclosed capture\n",
        OPEN, { 'S', "A", 1, 1, "220 " }, { 'C', "FA", 1, 5 }, { 'S', "FA", 5, 2 }, { 'C', "A", 2, 6 },
        { 'C', "A", 1, 5, "EHLO" }, { 'S', "A", 5, 5, "250 " }),
    ROW("the same, a little later and with the segments swapped",
        "open\nfin C\nfin S\nresumed C\nC behind fin @7\nC 0 'abc' @8\nC 3 'def' @7\nclosed capture\n", OPEN,
        { 'C', "FA", 1, 1 }, { 'S', "FA", 1, 2 }, { 'C', "A", 2, 2 }, { 'C', "A", 4, 1, "def", 0, 900 },
        { 'C', "A", 1, 1, "abc" }),
    ROW("the same, when the connection is over",
        "open\nfin C\nfin S\nclosed fin\nopen\nC behind end @9\nC 0 'abc' @9\nC 3 'def' @10\nclosed capture\n", OPEN,
        { 'C', "FA", 1, 1 }, { 'S', "FA", 1, 2 }, { 'C', "A", 2, 2 }, { 'C', "A", 2, 2, NULL, 0, 5000 },
        { 'C', "A", 2, 2 }, { 'C', "A", 1, 1, "abc" }, { 'C', "A", 4, 1, "def" }),
    ROW("a FIN, acknowledged, and its half goes on",
        "open\nfin C\nresumed C\nC behind fin @6\nC 0 'abc' @6\nfin C\nfin S\nclosed fin\n", OPEN, { 'C', "FA", 1, 1 },
        { 'S', "A", 1, 2 }, { 'C', "A", 1, 1, "abc" }, { 'C', "FA", 4, 1 }, { 'S', "FA", 1, 5 }, { 'C', "A", 5, 2 }),
    ROW("an RST, and its half goes on", "open\nC 0 'abc' @4\nC behind rst @6\nC 3 'def' @6\nclosed capture\n", OPEN,
        { 'C', "A", 1, 1, "abc" }, { 'C', "R", 4, 0 }, { 'C', "A", 4, 1, "def" }),
    ROW("the same, when the connection is over",
        "open\nC 0 'abc' @4\nclosed rst\nopen\nC behind end @8\nC 0 'def' @8\nclosed capture\n", OPEN,
        { 'C', "A", 1, 1, "abc" }, { 'C', "R", 4, 0 }, { 'S', "A", 1, 4, NULL, 0, 5000 }, { 'S', "A", 1, 4 },
        { 'C', "A", 4, 1, "def" }),
    ROW("RST and copies behind the FINs", "open\nC 0 'abc' @4\nfin C\nfin S\nclosed fin\n", OPEN,
        { 'C', "A", 1, 1, "abc" }, { 'C', "FA", 4, 1 }, { 'S', "FA", 1, 5 }, { 'C', "A", 5, 2 }, { 'C', "R", 5, 0 },
        { 'C', "A", 1, 1, "abc" }, { 'C', "FA", 4, 1 }, { 'S', "FA", 1, 5 }),
    ROW("ports used again at once behind the FINs, no SYN",
        "open\nfin C\nfin S\nclosed fin\nopen\nC 0 'xyz' @7\nclosed capture\n", OPEN, { 'C', "FA", 1, 1 },
        { 'S', "FA", 1, 2 }, { 'C', "A", 2, 2 }, { 'C', "A", 50000000, 7000, "xyz" }),
};

/* Checksums are right. */
#define OPEN_RIGHT                                                                                                     \
    { 'C', "Sr", 0, 0 }, { 'S', "SAr", 0, 1 },                                                                         \
    {                                                                                                                  \
        'C', "A", 1, 1                                                                                                 \
    }

static const struct row rows_of_checksums[] = {
    ROW("a wrong one in front of the true one", "open\nC 0 'true' @5\nC wrong @4\nS 0 '250 ' @6\nclosed capture\n",
        OPEN_RIGHT, { 'C', "Aw", 1, 1, "evil" }, { 'C', "Ar", 1, 1, "true" }, { 'S', "Ar", 1, 5, "250 " }),
    ROW("behind it", "open\nC 0 'true' @4\nC wrong @5\nS 0 '250 ' @6\nclosed capture\n", OPEN_RIGHT,
        { 'C', "Ar", 1, 1, "true" }, { 'C', "Aw", 1, 1, "evil" }, { 'S', "Ar", 1, 5, "250 " }),
    ROW("longer than it", "open\nC 0 'true' @5\nS 0 '250 ' @6\nC 4 'QUIT' @7\nC wrong @4\nclosed capture\n", OPEN_RIGHT,
        { 'C', "Aw", 1, 1, "evilevil" }, { 'C', "Ar", 1, 1, "true" }, { 'S', "Ar", 1, 5, "250 " },
        { 'C', "Ar", 5, 5, "QUIT" }),
    ROW("ahead of it, within the window", "open\nC 0 'MAIL' @5\nC 4 'RCPT' @6\nC wrong @4\nclosed capture\n",
        OPEN_RIGHT, { 'C', "Aw", 5, 1, "evil" }, { 'C', "Ar", 1, 1, "MAIL" }, { 'C', "Ar", 5, 1, "RCPT" }),
    ROW("two of them", "open\nC wrong @5\nC 0 'true' @6\nC wrong @4\nS 0 '250 ' @7\nclosed capture\n", OPEN_RIGHT,
        { 'C', "Aw", 1, 1, "evil" }, { 'C', "Aw", 1, 1, "EVIL" }, { 'C', "Ar", 1, 1, "true" },
        { 'S', "Ar", 1, 5, "250 " }),
    ROW("acknowledged, and no other", "open\nC 0 'made' @4\nS 0 '250 ' @5\nC 4 'fit.' @6\nclosed capture\n", OPEN_RIGHT,
        { 'C', "Aw", 1, 1, "made" }, { 'S', "Ar", 1, 5, "250 " }, { 'C', "Aw", 5, 5, "fit." }, { 'S', "A", 5, 9 }),
    ROW("of both sides, acknowledged by such",
        "open\nS 0 '220 ' @4\nC 0 'EHLO' @5\nS 4 '250 ' @6\nC 4 'QUIT' @7\nclosed capture\n", OPEN_RIGHT,
        { 'S', "Aw", 1, 1, "220 " }, { 'C', "Aw", 1, 5, "EHLO" }, { 'S', "Aw", 5, 5, "250 " },
        { 'C', "Aw", 5, 9, "QUIT" }, { 'S', "A", 9, 9 }, { 'C', "A", 9, 9 }),
    ROW("not acknowledged, and the peer goes on", "open\nC 0 'MAIL' @4\nS 0 '250 ' @6\nC wrong @5\nclosed capture\n",
        OPEN_RIGHT, { 'C', "Ar", 1, 1, "MAIL" }, { 'C', "Aw", 5, 1, "evil" }, { 'S', "Ar", 1, 5, "250 " }),
    ROW("not acknowledged, and the capture ends", "open\nC 0 'MAIL' @4\nC 4 'last' @5\nclosed capture\n", OPEN_RIGHT,
        { 'C', "Ar", 1, 1, "MAIL" }, { 'C', "Aw", 5, 1, "last" }),
    ROW("not acknowledged, and the connection ends", "open\nC 0 'MAIL' @4\nfin C\nC wrong @5\nclosed capture\n",
        OPEN_RIGHT, { 'C', "Ar", 1, 1, "MAIL" }, { 'C', "Aw", 5, 1, "evil" }, { 'C', "FAr", 5, 1 }),
    ROW("the peer's direction stands in front",
        "open\nS 0 '220 ' @2\nC 0 'true' @6\nS 4 '250 ' @3\nC wrong @5\nclosed capture\n", { 'S', "SAr", 0, 1 },
        { 'S', "Ar", 1, 1, "220 " }, { 'S', "Ar", 5, 5, "250 " }, { 'C', "Sr", 0, 0, NULL, 0, 100000 },
        { 'C', "Aw", 1, 5, "evil" }, { 'C', "Ar", 1, 5, "true" }),
    ROW("FIN, RST and SYN", "open\nS wrong @4\nS wrong @5\nS wrong @6\nC 0 'EHLO' @7\nS 0 '250 ' @8\nclosed capture\n",
        OPEN_RIGHT, { 'S', "FAw", 1, 1 }, { 'S', "Rw", 1, 1 }, { 'S', "SAw", 5000000, 1 }, { 'C', "Ar", 1, 1, "EHLO" },
        { 'S', "Ar", 1, 5, "250 " }),
    ROW("all of one side",
        "open\nS 0 '220 ' @4\nC 0 'EHLO' @5\nS 4 '250 ' @6\nC 4 'QUIT' @7\nS 8 '221 ' @8\nclosed capture\n",
        { 'C', "Sr", 0, 0 }, { 'S', "SAw", 0, 1 }, { 'C', "A", 1, 1 }, { 'S', "Aw", 1, 1, "220 " },
        { 'C', "Ar", 1, 5, "EHLO" }, { 'S', "Aw", 5, 5, "250 " }, { 'C', "Ar", 5, 9, "QUIT" },
        { 'S', "Aw", 9, 9, "221 " }),
    ROW("all of both", "open\nS 0 '220 ' @4\nC 0 'EHLO' @5\nS 4 '250 ' @6\nclosed capture\n", { 'C', "Sw", 0, 0 },
        { 'S', "SAw", 0, 1 }, { 'C', "A", 1, 1 }, { 'S', "Aw", 1, 1, "220 " }, { 'C', "Aw", 1, 5, "EHLO" },
        { 'S', "Aw", 5, 5, "250 " }),
    ROW("all of the only side", "open\nC 0 'one.' @2\nC 4 'two.' @3\nC 8 'more' @4\nclosed capture\n",
        { 'C', "Sw", 0, 0 }, { 'C', "Aw", 1, 1, "one." }, { 'C', "Aw", 5, 1, "two." }, { 'C', "Aw", 9, 1, "more" }),
    ROW("all of a side, and too few to know", "open\nC 0 'one.' @2\nclosed capture\n", { 'C', "Sw", 0, 0 },
        { 'C', "Aw", 1, 1, "one." }),
    ROW("cannot be told", "open\nC 0 'abc' @4\ngap C 3+3 behind @4\nC 6 'ghi' @5\nclosed capture\n", OPEN_RIGHT,
        { 'C', "A", 1, 1, "abc", 3 }, { 'C', "Ar", 7, 1, "ghi" }),
};

static const uint32_t bases[][2] = { { 1000, 5000 }, { UINT32_MAX - 2, UINT32_MAX - 1 }, { UINT32_C(0x7ffffffe), 0 } };

static bool row_reassembles(const struct row *row, const struct tcp_limits *limits)
{
    bool good = true;
    for (size_t b = 0; b < G_N_ELEMENTS(bases); b++) {
        char *got = play_steps_within(row->steps, row->count, bases[b][0], bases[b][1], false, limits);
        if (strcmp(got, row->expected) != 0) {
            print_error("%s, sequence numbers from %u:\n--- expected\n%s--- got\n%s", row->name, bases[b][0],
                        row->expected, got);
            good = false;
        }
        g_free(got);
    }
    return good;
}

/* Wherever the sequence numbers begin, and wherever they wrap; whether segments are taken at once or wait in line. */
static void reassembles(void **state)
{
    (void)state;
    bool good = true;
    const struct tcp_limits crowded = { .held = 1 << 20, .connections = 1 << 20, .tombstones = 16, .crowd = 0 };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        good = row_reassembles(&rows[i], NULL) && good;
        good = row_reassembles(&rows[i], &crowded) && good;
    }
    assert_true(good);
}

static void judges_checksums(void **state)
{
    (void)state;
    bool good = true;
    for (size_t i = 0; i < G_N_ELEMENTS(rows_of_checksums); i++)
        good = row_reassembles(&rows_of_checksums[i], NULL) && good;
    assert_true(good);
}

/* Whatever the others are, where the user says so. */
static void judges_checksums_as_asked(void **state)
{
    (void)state;
    const struct tcp_limits on = {
        .held = 1 << 20, .connections = 1 << 20, .tombstones = 16, .crowd = 9, .checksums = TCP_CHECKSUMS_ON
    };
    const struct tcp_limits off = {
        .held = 1 << 20, .connections = 1 << 20, .tombstones = 16, .crowd = 9, .checksums = TCP_CHECKSUMS_OFF
    };
    const struct row never =
        ROW("on", "open\nC wrong @4\nS wrong @6\ngap C 0+4 behind @0\nS 0 '250 ' @5\nclosed capture\n", OPEN,
            { 'C', "Aw", 1, 1, "evil" }, { 'S', "Ar", 1, 5, "250 " }, { 'S', "Aw", 5, 5, "250 " });
    const struct row always =
        ROW("off", "open\nC 0 'evil' @4\nconflict C 0+4 @4 @5\nS 0 '250 ' @6\nclosed capture\n", OPEN_RIGHT,
            { 'C', "Aw", 1, 1, "evil" }, { 'C', "Ar", 1, 1, "TRUE" }, { 'S', "Ar", 1, 5, "250 " });
    assert_true(row_reassembles(&never, &on));
    assert_true(row_reassembles(&always, &off));
}

static void forgets_what_is_refused(void **state)
{
    (void)state;
    const struct step steps[] = {
        OPEN, { 'C', "A", 1, 1, "GET" }, { 'S', "A", 1, 4, "HTTP" }, { 'C', "A", 4, 5, "more" }
    };
    char *got = play_steps(steps, G_N_ELEMENTS(steps), 1, 1, true);
    assert_string_equal(got, "open\nC 0 'GET' @4\nclosed refused\n");
    g_free(got);
}

/* A hole that is never filled: what waits behind it is bounded, whatever comes. */
static void holds_back_a_bounded_amount(void **state)
{
    (void)state;
    struct log log = { .text = g_string_new(NULL) };
    const struct tcp_limits limits = { .held = 1 << 20, .connections = 1 << 30, .tombstones = 16, .crowd = TCP_CROWD };
    struct tcp_table *table = tcp_table_new(&log_consumer, &log, &limits);
    for (uint32_t i = 0; i < 100000; i++) {
        const struct step step = { 'C', "A", 100 + i * 2, 1, "x" };
        struct packet_segment segment = segment_of(&step, 1, 1);
        tcp_table_add(table, &segment, 0, i + 1, i);
        assert_true(tcp_table_statistics(table).held_octets <= TCP_HELD_LIMIT + 4096);
        g_string_truncate(log.text, 0);
    }
    assert_true(tcp_table_statistics(table).not_waited_for > 0);
    tcp_table_finish(table);
    assert_int_equal(tcp_table_statistics(table).held_octets, 0);
    tcp_table_free(table);
    g_string_free(log.text, TRUE);
}

/*
 * Any order of the same segments gives each half the same octets, and a command always before the reply that
 * acknowledges it.
 */
static void order_of_capture_does_not_matter(void **state)
{
    (void)state;
    static const struct step dialogue[] = {
        { 'S', "A", 1, 1, "220 a" }, { 'C', "A", 1, 6, "EHLO" },   { 'S', "A", 6, 5, "250 b" },
        { 'C', "A", 5, 11, "QUIT" }, { 'S', "A", 11, 9, "221 c" },
    };
    GRand *random = g_rand_new_with_seed(7);
    for (unsigned round = 0; round < 500; round++) {
        struct step steps[8] = { OPEN };
        memcpy(steps + 3, dialogue, sizeof dialogue);
        for (size_t i = G_N_ELEMENTS(steps) - 1; i > 3; i--) {
            size_t other = 3 + (size_t)g_rand_int_range(random, 0, (gint32)(i - 2));
            struct step swapped = steps[i];
            steps[i] = steps[other];
            steps[other] = swapped;
        }
        char *got = play_steps(steps, G_N_ELEMENTS(steps), 1000, 5000, false);
        GString *said = g_string_new(NULL);
        for (const char *at = got; (at = strchr(at, '\'')) != NULL; at = strchr(at + 1, '\'') + 1) {
            g_string_append_len(said, at + 1, strchr(at + 1, '\'') - at - 1);
        }
        assert_string_equal(said->str, "220 aEHLO250 bQUIT221 c");
        assert_null(strstr(got, "gap"));
        g_string_free(said, TRUE);
        g_free(got);
    }
    g_rand_free(random);
}

static void add_octets(struct tcp_table *table, uint64_t frame, uint32_t sequence, const uint8_t *octets, size_t length,
                       bool acked)
{
    const struct step step = { 'C', "A", sequence, 1 };
    struct packet_segment segment = segment_of(&step, 1, 1);
    segment.payload = smtp_span(octets, length);
    segment.payload_octets = (uint32_t)length;
    tcp_table_add(table, &segment, 0, frame, (int64_t)frame * MILLISECOND);
    if (!acked)
        return;
    const struct step ack = { 'S', "A", 1, sequence + (uint32_t)length };
    segment = segment_of(&ack, 1, 1);
    tcp_table_add(table, &segment, 0, frame, (int64_t)frame * MILLISECOND);
}

/*
 * A stream in segments of one size, and a stretch of it again with one octet changed: that octet is reported, with the
 * frame that brought it. `back`: how far the stretch is from the end.
 */
static void check_conflict(size_t segment, size_t total, size_t back, size_t length, bool acked)
{
    struct log log = { .text = g_string_new(NULL) };
    struct tcp_table *table = tcp_table_new(&log_consumer, &log, NULL);
    uint8_t *stream = g_malloc(total);
    for (size_t i = 0; i < total; i++)
        stream[i] = (uint8_t)(i * 7 + i / 251);
    uint64_t frame = 0;
    for (size_t at = 0; at < total; at += segment)
        add_octets(table, ++frame, 1 + (uint32_t)at, stream + at, MIN(segment, total - at), acked);
    size_t changed = total - back + length / 2;
    stream[changed] ^= 0x55;
    g_string_truncate(log.text, 0);
    add_octets(table, ++frame, 1 + (uint32_t)(total - back), stream + total - back, length, false);
    char *expected =
        g_strdup_printf("conflict C %zu+1 @%zu @%" G_GUINT64_FORMAT "\n", changed, changed / segment + 1, frame);
    if (strcmp(log.text->str, expected) != 0)
        print_error("segments of %zu, %zu octets, %zu again from %zu back:\n--- expected\n%s--- got\n%s", segment,
                    total, length, back, expected, log.text->str);
    assert_string_equal(log.text->str, expected);
    tcp_table_free(table);
    g_free(expected);
    g_free(stream);
    g_string_free(log.text, TRUE);
}

static void finds_conflicts(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 7, 100, 536, 1460, 9000 };
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        size_t total = MIN(200000, sizes[i] * 3000);
        size_t far = MIN(sizes[i] * 500, 16000);
        for (unsigned acked = 0; acked < 2; acked++) {
            check_conflict(sizes[i], total, 400, 400, acked != 0);
            check_conflict(sizes[i], total, far, MIN(far, 1460), acked != 0);
            check_conflict(sizes[i], MIN(total, 900), 300, 200, acked != 0);
        }
    }
    check_conflict(1460, 400000, 60000, 1460, false); /* what is not acknowledged is kept */
    check_conflict(1460, 400000, 60000, 60000, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reassembles),
        cmocka_unit_test(judges_checksums),
        cmocka_unit_test(judges_checksums_as_asked),
        cmocka_unit_test(forgets_what_is_refused),
        cmocka_unit_test(holds_back_a_bounded_amount),
        cmocka_unit_test(order_of_capture_does_not_matter),
        cmocka_unit_test(finds_conflicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
