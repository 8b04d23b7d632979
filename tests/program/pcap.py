# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes small captures for tests: TCP dialogues in Ethernet frames, in a pcap file."""
import struct


def checksum_free_ipv4(source, destination, payload):
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, 6, 0, source, destination)
    return header + payload


def checksum(octets):
    """RFC 1071."""
    octets += b"\0" * (len(octets) % 2)
    total = sum(struct.unpack(">%dH" % (len(octets) // 2), octets))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total


class Capture:
    """Frames in the order in which they are added; time goes on by a millisecond each."""

    def __init__(self, snap=65535, link=1):
        self.link = link
        self.frames = []
        self.now = 1_000_000_000_000_000
        self.snap = snap

    def add(self, frame):
        self.now += 1000
        self.frames.append((self.now, frame))

    def octets(self):
        return self.header() + b"".join(self.records())

    def header(self):
        return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, self.snap, self.link)

    def records(self):
        for time, frame in self.frames:
            kept = frame[:self.snap]
            yield struct.pack("<IIII", time // 1_000_000, time % 1_000_000, len(kept), len(frame)) + kept

    def wrapped(self, link, way):
        """The IPv4 packets of this capture as `way` puts each into frames."""
        other = Capture(self.snap, link)
        for _, frame in self.frames:
            for wrapped in way(frame[14:]):
                other.add(wrapped)
        return other

    def save(self, path):
        with open(path, "wb") as file:
            file.write(self.octets())
        return path


class Pcapng:
    """Blocks of a pcapng file, in either byte order ("<" or ">")."""

    def __init__(self, capture):
        self.frames = capture.frames
        self.blocks = []

    def octets(self):
        return b"".join(self.blocks)

    def block(self, order, kind, body):
        body += b"\0" * (-len(body) % 4)
        length = 12 + len(body)
        self.blocks.append(struct.pack(order + "II", kind, length) + body + struct.pack(order + "I", length))
        return self

    def section(self, order="<"):
        return self.block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))

    def interface(self, order="<", snap=65535, link=1, digits=None):
        options = b"" if digits is None else struct.pack(order + "HHBxxxHH", 9, 1, digits, 0, 0)
        return self.block(order, 1, struct.pack(order + "HHI", link, 0, snap) + options)

    def packet(self, number, order="<", interface=0, kind=6, snap=65535, digits=6):
        """A frame of the capture in an enhanced packet block (6), an old one (2) or a simple one (3)."""
        time, frame = self.frames[number]
        time *= 10 ** (digits - 6)
        kept = frame[:snap]
        head = {6: struct.pack(order + "I", interface), 2: struct.pack(order + "HH", interface, 0), 3: b""}[kind]
        if kind != 3:
            head += struct.pack(order + "III", time >> 32, time & 0xFFFFFFFF, len(kept))
        return self.block(order, kind, head + struct.pack(order + "I", len(frame)) + kept)

    def packets(self, numbers, *arguments, **more):
        for number in numbers:
            self.packet(number, *arguments, **more)
        return self


class Connection:
    """One TCP connection: open(), say("C", octets), say("S", octets), close()."""

    def __init__(self, capture, client_port=40000, server_port=25, client="192.0.2.1", server="192.0.2.2", window=0, checksums=""):
        self.capture = capture
        self.checksums = checksums # who fills them in: "", "C", "S", "CS"
        self.ports = (client_port, server_port)
        self.addresses = [bytes(int(part) for part in address.split(".")) for address in (client, server)]
        self.sequence = [1000 + window, 5000 + window]

    def segment(self, who, octets=b"", flags=0x18, record=True, wrong=False):
        """`wrong`: the TCP checksum is."""
        side = 0 if who == "C" else 1
        tcp = struct.pack(">HHIIBBHHH", self.ports[side], self.ports[1 - side], self.sequence[side] & 0xFFFFFFFF,
                          self.sequence[1 - side] & 0xFFFFFFFF, 0x50, flags, 65535, 0, 0) + octets
        if who in self.checksums:
            pseudo = self.addresses[side] + self.addresses[1 - side] + struct.pack(">HH", 6, len(tcp))
            tcp = tcp[:16] + struct.pack(">H", checksum(pseudo + tcp) ^ (0x1111 if wrong else 0)) + tcp[18:]
        self.sequence[side] += len(octets) + (1 if flags & 0x03 else 0)
        frame = b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + checksum_free_ipv4(self.addresses[side], self.addresses[1 - side], tcp)
        if record:
            self.capture.add(frame)
        return frame

    def open(self):
        self.segment("C", flags=0x02)
        self.segment("S", flags=0x12)
        self.segment("C", flags=0x10)
        return self

    def forge(self, who, octets=b"", flags=0x18, ahead=0, acks=0, **more):
        """A segment `ahead` of what comes next, that the dialogue does not know of; it acknowledges `acks` more than was sent."""
        before = list(self.sequence)
        self.sequence[0 if who == "C" else 1] += ahead
        self.sequence[1 if who == "C" else 0] += acks
        self.segment(who, octets if isinstance(octets, bytes) else octets.encode(), flags, **more)
        self.sequence = before

    def say(self, who, octets, record=True):
        self.segment(who, octets if isinstance(octets, bytes) else octets.encode(), record=record)
        return self

    def close(self):
        self.segment("C", flags=0x11)
        self.segment("S", flags=0x11)
        self.segment("C", flags=0x10)
        return self


def mail(connection, sender="a@example.com", recipient="b@example.com", text="Subject: hello\r\n\r\nhello\r\n"):
    """A plain mail from banner to QUIT."""
    connection.open()
    connection.say("S", "220 mx.example.com ESMTP\r\n").say("C", "EHLO client.example.com\r\n")
    connection.say("S", "250-mx.example.com\r\n250 PIPELINING\r\n").say("C", "MAIL FROM:<%s>\r\n" % sender)
    connection.say("S", "250 2.1.0 Ok\r\n").say("C", "RCPT TO:<%s>\r\n" % recipient).say("S", "250 2.1.5 Ok\r\n")
    connection.say("C", "DATA\r\n").say("S", "354 go ahead\r\n").say("C", text + ".\r\n")
    connection.say("S", "250 2.0.0 queued\r\n").say("C", "QUIT\r\n").say("S", "221 2.0.0 Bye\r\n")
    return connection.close()


def many_mails(path, count, each_second=100):
    """A capture of `count` sessions, each from a client endpoint of its own, one after the other."""
    capture = Capture()
    connection = mail(Connection(capture))
    template = b"".join(capture.records())
    seconds = capture.frames[0][0] // 1_000_000

    server = connection.addresses[1]
    server_port = struct.pack(">H", connection.ports[1])

    def endpoints(client, port):
        """As they stand in the frames of both directions."""
        client_port = struct.pack(">H", port)
        return client + server + client_port + server_port, server + client + server_port + client_port

    old = endpoints(connection.addresses[0], connection.ports[0])
    with open(path, "wb") as file:
        file.write(capture.header())
        for number in range(count):
            new = endpoints(bytes((198, 51, number // 60000, 1)), 1024 + number % 60000)
            octets = template.replace(old[0], new[0]).replace(old[1], new[1])
            file.write(octets.replace(struct.pack("<I", seconds), struct.pack("<I", seconds + number // each_second)))
    return path
