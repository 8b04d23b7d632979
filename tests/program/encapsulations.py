# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways in which an IPv4 packet stands in a frame. Each is (name, link type, packet -> list of frames)."""
import struct

MACS = b"\2\0\0\0\0\1\2\0\0\0\0\2"


def ethernet(kind, payload):
    return MACS + struct.pack(">H", kind) + payload


def ipv4(protocol, payload, identification=0, fragment=0, options=b""):
    length = 20 + len(options)
    return struct.pack(">BBHHHBBH4s4s", 0x40 | length // 4, 0, length + len(payload), identification, fragment, 64, protocol, 0,
                       b"\xc6\x33\x64\x01", b"\xc6\x33\x64\x02") + options + payload


def ipv6(protocol, payload):
    return struct.pack(">IHBB16s16s", 6 << 28, len(payload), protocol, 64, b"\x20\x01\x0d\xb8" + bytes(12), b"\xfd" + bytes(15)) + payload


def udp(port, payload):
    return ipv4(17, struct.pack(">HHHH", 50000, port, 8 + len(payload), 0) + payload)


def gre(kind, payload, flags=0, fields=b""):
    return ipv4(47, struct.pack(">HH", flags, kind) + fields + payload)


counter = 0


def next_identification():
    global counter
    counter = (counter + 1) & 0xFFFF
    return counter


def fragments(protocol, payload, size=24, order=lambda parts: parts):
    """An IPv4 packet's payload in pieces of `size` octets."""
    identification = next_identification()
    parts = []
    for at in range(0, len(payload), size):
        more = 0x2000 if at + size < len(payload) else 0
        parts.append(ipv4(protocol, payload[at:at + size], identification, more | at // 8))
    return order(parts)


def fragments6(protocol, payload, size=32):
    identification = next_identification()
    parts = []
    for at in range(0, len(payload), size):
        more = 1 if at + size < len(payload) else 0
        header = struct.pack(">BBHI", protocol, 0, at | more, identification)
        parts.append(ipv6(44, header + payload[at:at + size]))
    return parts


def split(packet, **more):
    """The packet itself in fragments: its own header in front of each."""
    identification = more.get("identification", next_identification())
    size = more.get("size", 24)
    payload = packet[20:]
    parts = []
    for at in range(0, len(payload), size):
        fragment = (0x2000 if at + size < len(payload) else 0) | at // 8
        piece = payload[at:at + size]
        parts.append(packet[:2] + struct.pack(">HHH", 20 + len(piece), identification, fragment) + packet[8:20] + piece)
    return more.get("order", lambda same: same)(parts)


def wireless(packet, header):
    return header + b"\xaa\xaa\x03\0\0\0\x08\0" + packet


def aggregated(packets):
    """An 802.11 A-MSDU of several packets."""
    parts = b""
    for packet in packets:
        parts += bytes(-len(parts) % 4) + MACS + struct.pack(">H", len(packet) + 8) + b"\xaa\xaa\x03\0\0\0\x08\0" + packet
    return b"\x88\x01\0\0" + ADDRESSES + b"\0\0" + b"\x80\0" + parts


ETHERNET, RAW, NULL, LOOP, SLL, SLL2, PPP, WIRELESS, RADIOTAP, C_HDLC = 1, 101, 0, 108, 113, 276, 9, 105, 127, 104
ADDRESSES = MACS + b"\2\0\0\0\0\3"

WAYS = [
    ("VLAN", ETHERNET, lambda p: [ethernet(0x8100, b"\0\x2a\x08\0" + p)]),
    ("Q-in-Q", ETHERNET, lambda p: [ethernet(0x88A8, b"\0\x2a\x81\0\0\x2b\x08\0" + p)]),
    ("padding behind the packet", ETHERNET, lambda p: [ethernet(0x0800, p + bytes(12))]),
    ("MPLS", ETHERNET, lambda p: [ethernet(0x8847, b"\0\x01\x00\x40\0\x02\x01\x40" + p)]),
    ("MPLS pseudowire", ETHERNET, lambda p: [ethernet(0x8847, b"\0\x02\x01\x40" + bytes(4) + ethernet(0x0800, p))]),
    ("MPLS pseudowire without control word", ETHERNET, lambda p: [ethernet(0x8847, b"\0\x02\x01\x40" + ethernet(0x0800, p))]),
    ("PPPoE", ETHERNET, lambda p: [ethernet(0x8864, struct.pack(">BBHHH", 0x11, 0, 1, len(p) + 2, 0x21) + p)]),
    ("802.3 with SNAP", ETHERNET, lambda p: [MACS + struct.pack(">H", len(p) + 8) + b"\xaa\xaa\x03\0\0\0\x08\0" + p]),
    ("raw", RAW, lambda p: [p]),
    ("null", NULL, lambda p: [b"\2\0\0\0" + p]),
    ("loop", LOOP, lambda p: [b"\0\0\0\2" + p]),
    ("cooked", SLL, lambda p: [b"\0\0\0\1\0\6" + bytes(8) + b"\x08\0" + p]),
    ("cooked with a VLAN", SLL, lambda p: [b"\0\0\0\1\0\6" + bytes(8) + b"\x81\0\0\x2a\x08\0" + p]),
    ("cooked 2", SLL2, lambda p: [b"\x08\0" + bytes(18) + p]),
    ("PPP", PPP, lambda p: [b"\xff\x03\0\x21" + p]),
    ("Cisco HDLC", C_HDLC, lambda p: [b"\x0f\0\x08\0" + p]),
    ("802.11", WIRELESS, lambda p: [wireless(p, b"\x08\x01\0\0" + ADDRESSES + b"\0\0")]),
    ("802.11 QoS between access points", WIRELESS, lambda p: [wireless(p, b"\x88\x03\0\0" + ADDRESSES + b"\0\0" + bytes(6) + b"\0\0")]),
    ("802.11 A-MSDU", WIRELESS, lambda p: [aggregated([p])]),
    ("802.11 A-MSDU of fragments", WIRELESS, lambda p: [aggregated(split(p))]),
    ("radiotap", RADIOTAP, lambda p: [b"\0\0\x12\0\x03\0\0\0" + bytes(8) + b"\0\0" + wireless(p, b"\x08\x01\0\0" + ADDRESSES + b"\0\0")]),
    ("radiotap, padded header, FCS", RADIOTAP,
     lambda p: [b"\0\0\x09\0\x02\0\0\0\x30" + wireless(p, b"\x88\x01\0\0" + ADDRESSES + b"\0\0" + b"\0\0" + b"\0\0") + b"\1\2\3\4"]),
    ("IP in IP", RAW, lambda p: [ipv4(4, p)]),
    ("IP in IP, options", RAW, lambda p: [ipv4(4, p, options=b"\1" * 8)]),
    ("4in6", RAW, lambda p: [ipv6(4, p)]),
    ("4in6 with extension headers", RAW, lambda p: [ipv6(0, b"\x3c\0" + bytes(6) + b"\x04\0" + bytes(6) + p)]),
    ("IP in 6in4", RAW, lambda p: [ipv4(41, ipv6(4, p))]),
    ("authentication header", RAW, lambda p: [ipv4(51, b"\x04\x04" + bytes(22) + p)]),
    ("GRE", RAW, lambda p: [gre(0x0800, p)]),
    ("GRE with checksum, key and sequence", RAW, lambda p: [gre(0x0800, p, 0xB000, bytes(12))]),
    ("GRE, an Ethernet frame", RAW, lambda p: [gre(0x6558, ethernet(0x0800, p), 0x2000, bytes(4))]),
    ("PPTP", RAW, lambda p: [gre(0x880B, b"\xff\x03\0\x21" + p, 0x3081, bytes(12))]),
    ("ERSPAN I", RAW, lambda p: [gre(0x88BE, ethernet(0x0800, p))]),
    ("ERSPAN II", RAW, lambda p: [gre(0x88BE, b"\x10\0" + bytes(6) + ethernet(0x0800, p), 0x1000, bytes(4))]),
    ("ERSPAN III", RAW, lambda p: [gre(0x22EB, b"\x20\0" + bytes(10) + ethernet(0x0800, p), 0x1000, bytes(4))]),
    ("ERSPAN III with a subheader", RAW, lambda p: [gre(0x22EB, b"\x20\0" + bytes(9) + b"\1" + bytes(8) + ethernet(0x0800, p), 0x1000, bytes(4))]),
    ("EtherIP", RAW, lambda p: [ipv4(97, b"\x30\0" + ethernet(0x0800, p))]),
    ("VXLAN", ETHERNET, lambda p: [ethernet(0x0800, udp(4789, b"\x08" + bytes(7) + ethernet(0x0800, p)))]),
    ("VXLAN-GPE", ETHERNET, lambda p: [ethernet(0x0800, udp(4790, b"\x0c\0\0\3" + bytes(4) + ethernet(0x0800, p)))]),
    ("VXLAN-GPE, IP", ETHERNET, lambda p: [ethernet(0x0800, udp(4790, b"\x0c\0\0\1" + bytes(4) + p))]),
    ("GUE", ETHERNET, lambda p: [ethernet(0x0800, udp(6080, b"\1\4\0\0" + bytes(4) + p))]),
    ("GUE, IP alone", ETHERNET, lambda p: [ethernet(0x0800, udp(6080, p))]),
    ("Geneve with options", ETHERNET, lambda p: [ethernet(0x0800, udp(6081, b"\x02\0\x65\x58" + bytes(4) + bytes(8) + ethernet(0x0800, p)))]),
    ("Geneve, IP", ETHERNET, lambda p: [ethernet(0x0800, udp(6081, b"\0\0\x08\0" + bytes(4) + p))]),
    ("GTP-U", ETHERNET, lambda p: [ethernet(0x0800, udp(2152, struct.pack(">BBHI", 0x30, 0xFF, len(p), 7) + p))]),
    ("GTP-U with an extension header", ETHERNET,
     lambda p: [ethernet(0x0800, udp(2152, struct.pack(">BBHI", 0x34, 0xFF, len(p) + 8, 7) + b"\0\0\0\x85" + b"\1\0\0\0" + p))]),
    ("Teredo", RAW, lambda p: [udp(3544, ipv6(4, p))]),
    ("tunnels in tunnels", RAW, lambda p: [ipv4(4, gre(0x0800, udp(4789, b"\x08" + bytes(7) + ethernet(0x8100, b"\0\x2a\x08\0" + ipv4(4, p)))))]),
    ("IPv4 fragments", RAW, lambda p: split(p)),
    ("IPv4 fragments, backwards", RAW, lambda p: split(p, order=lambda parts: parts[::-1])),
    ("IPv4 fragments, each twice", RAW, lambda p: split(p, order=lambda parts: [part for part in parts for _ in range(2)])),
    ("IPv4 fragments, of one identification", RAW, lambda p: split(p, identification=0)),
    ("IPv4 fragments, of one identification, each twice", RAW,
     lambda p: split(p, identification=0, order=lambda parts: [part for part in parts for _ in range(2)])),
    ("IPv6 fragments of a tunnel", RAW, lambda p: fragments6(4, p)),
    ("fragments in a fragmented tunnel", RAW, lambda p: [part for whole in split(p) for part in fragments(4, whole, 16)]),
    ("fragmented VXLAN", ETHERNET, lambda p: [ethernet(0x0800, part)
                                              for part in fragments(17, udp(4789, b"\x08" + bytes(7) + ethernet(0x0800, p))[20:], 40)]),
]
