/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "signature.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

static const struct signature signatures[] = {
    /* In either byte order: of microseconds, of nanoseconds, and of those who changed the headers of packets. */
    { SIGNATURE_CAPTURE, "pcap", { 0xa1, 0xb2, 0xc3, 0xd4 }, 4 },
    { SIGNATURE_CAPTURE, "pcap", { 0xd4, 0xc3, 0xb2, 0xa1 }, 4 },
    { SIGNATURE_CAPTURE, "pcap", { 0xa1, 0xb2, 0x3c, 0x4d }, 4 },
    { SIGNATURE_CAPTURE, "pcap", { 0x4d, 0x3c, 0xb2, 0xa1 }, 4 },
    { SIGNATURE_CAPTURE, "pcap", { 0xa1, 0xb2, 0xcd, 0x34 }, 4 },
    { SIGNATURE_CAPTURE, "pcap", { 0x34, 0xcd, 0xb2, 0xa1 }, 4 },
    { SIGNATURE_CAPTURE, "pcap", { 0xa1, 0xb2, 0x34, 0xcd }, 4 },
    { SIGNATURE_CAPTURE, "pcap", { 0xcd, 0x34, 0xb2, 0xa1 }, 4 },
    { SIGNATURE_CAPTURE, "pcap", { 0xa1, 0x2b, 0x3c, 0x4d }, 4 },
    { SIGNATURE_CAPTURE, "pcap", { 0x4d, 0x3c, 0x2b, 0xa1 }, 4 },
    { SIGNATURE_CAPTURE, "pcapng", { 0x0a, 0x0d, 0x0d, 0x0a }, 4 }, /* the same in both */

    { SIGNATURE_COMPRESSED, "gzip", { 0x1f, 0x8b }, 2 },
    { SIGNATURE_COMPRESSED, "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4 },
    { SIGNATURE_COMPRESSED, "lz4", { 0x04, 0x22, 0x4d, 0x18 }, 4 },
    { SIGNATURE_COMPRESSED, "lz4 (legacy)", { 0x02, 0x21, 0x4c, 0x18 }, 4 },
    { SIGNATURE_COMPRESSED, "xz", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6 },
    { SIGNATURE_COMPRESSED, "bzip2", { 'B', 'Z', 'h' }, 3 },

    { SIGNATURE_PACKED, "bzip", { 'B', 'Z', '0' }, 3 },
    { SIGNATURE_PACKED, "zip", { 'P', 'K', 3, 4 }, 4 },
    { SIGNATURE_PACKED, "zip", { 'P', 'K', 5, 6 }, 4 },
    { SIGNATURE_PACKED, "zip", { 'P', 'K', 7, 8 }, 4 },
    { SIGNATURE_PACKED, "7-Zip", { '7', 'z', 0xbc, 0xaf, 0x27, 0x1c }, 6 },
    { SIGNATURE_PACKED, "RAR", { 'R', 'a', 'r', '!' }, 4 },
    { SIGNATURE_PACKED, "lzip", { 'L', 'Z', 'I', 'P' }, 4 },
    { SIGNATURE_PACKED, "lrzip", { 'L', 'R', 'Z', 'I' }, 4 },
    { SIGNATURE_PACKED, "lzop", { 0x89, 'L', 'Z', 'O' }, 4 },
    { SIGNATURE_PACKED, "lzma", { 0x5d, 0x00, 0x00 }, 3 },
    { SIGNATURE_PACKED, "snappy", { 0xff, 0x06, 0x00, 0x00 }, 4 },
    { SIGNATURE_PACKED, "cabinet", { 'M', 'S', 'C', 'F' }, 4 },
    { SIGNATURE_PACKED, "Unix compress", { 0x1f, 0x9d }, 2 },
    { SIGNATURE_PACKED, "Unix compress", { 0x1f, 0xa0 }, 2 },
    { SIGNATURE_PACKED, "Unix pack", { 0x1f, 0x1e }, 2 },

    { SIGNATURE_FOREIGN, "snoop", { 's', 'n', 'o', 'o', 'p', 0, 0, 0 }, 8 },
    { SIGNATURE_FOREIGN, "Network Monitor", { 'G', 'M', 'B', 'U' }, 4 },
    { SIGNATURE_FOREIGN, "Network Monitor", { 'R', 'T', 'S', 'S' }, 4 },
    { SIGNATURE_FOREIGN, "Sniffer", { 'T', 'R', 'S', 'N', 'I', 'F', 'F', ' ' }, 8 },
    { SIGNATURE_FOREIGN, "NetXRay", { 'X', 'C', 'P', 0 }, 4 },
    { SIGNATURE_FOREIGN, "iptrace", { 'i', 'p', 't', 'r', 'a', 'c', 'e', ' ' }, 8 },
    { SIGNATURE_FOREIGN, "lcap", { 0x1c, 0x00, 0x01, 0xac }, 4 },
    { SIGNATURE_FOREIGN, "lcap", { 0x1c, 0x00, 0x01, 0xab }, 4 },
    { SIGNATURE_FOREIGN, "lcap", { 0xac, 0x01, 0x00, 0x1c }, 4 },
    { SIGNATURE_FOREIGN, "lcap", { 0xab, 0x01, 0x00, 0x1c }, 4 },
};

/* A frame to be skipped, of zstd or lz4: 0x184D2A50 to 0x184D2A5F, the first octet first. */
static const struct signature skippable = { SIGNATURE_COMPRESSED, "compressed", { 0x50, 0x2a, 0x4d, 0x18 }, 4 };

static bool begins_with(struct smtp_span octets, const struct signature *signature, unsigned first_mask)
{
    size_t length = MIN(octets.length, signature->length);
    return length > 0 && (octets.octets[0] & first_mask) == signature->octets[0] &&
           memcmp(octets.octets + 1, signature->octets + 1, length - 1) == 0;
}

const struct signature *signature_of(struct smtp_span octets)
{
    for (size_t i = 0; i < G_N_ELEMENTS(signatures); i++)
        if (begins_with(octets, &signatures[i], 0xff))
            return &signatures[i];
    return begins_with(octets, &skippable, 0xf0) ? &skippable : NULL;
}

const struct signature *signature_of_file(const char *name)
{
    uint8_t octets[SIGNATURE_MOST];
    FILE *file = fopen(name, "rb");
    size_t read = file != NULL ? fread(octets, 1, sizeof octets, file) : 0;
    if (file != NULL)
        fclose(file);
    return read >= SIGNATURE_LEAST ? signature_of(smtp_span(octets, read)) : NULL;
}
