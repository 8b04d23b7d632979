/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What reading a capture costs at the least: libpcap gives every frame, and nothing is done with it. */

#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    char message[PCAP_ERRBUF_SIZE] = "";
    pcap_t *pcap = argc == 2 ? pcap_open_offline(argv[1], message) : NULL;
    if (pcap == NULL) {
        fprintf(stderr, "usage: bare_loop CAPTURE (%s)\n", message);
        return 2;
    }
    struct pcap_pkthdr *header;
    const u_char *octets;
    uint64_t frames = 0, total = 0;
    while (pcap_next_ex(pcap, &header, &octets) == 1) {
        frames++;
        total += header->caplen;
    }
    pcap_close(pcap);
    printf("%llu frames, %llu octets\n", (unsigned long long)frames, (unsigned long long)total);
    return 0;
}
