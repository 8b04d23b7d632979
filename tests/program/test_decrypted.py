#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sessions under TLS with their keys, end to end: every output reads on, nothing is invented where packets or keys are missing.

usage: test_decrypted.py --smtpscope PROGRAM --captures FOLDER [UNITTEST-ARGUMENT...]
"""
import argparse
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

ARGUMENTS = None
LOGIN = "smtplib-starttls-login"
IMPLICIT = "implicit-tls"
JA3 = "d39e1be3241d516b1f714bd47c2bc968"  # as tshark has it
JA4 = "t13d311100_e8f1e7e78f70_d41ae481755e"


def bundled(name):
    return os.path.join(ARGUMENTS.captures, name)


def run(*arguments):
    return subprocess.run([ARGUMENTS.smtpscope, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})


def records(*arguments):
    done = run(*arguments, "--format", "json")
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def packets(path):
    """Header and packets of a classic pcap file, each packet with its own header."""
    with open(path, "rb") as file:
        octets = file.read()
    at, found = 24, []
    order = "<" if octets[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    while at < len(octets):
        length = struct.unpack(order + "I", octets[at + 8:at + 12])[0]
        found.append(octets[at:at + 16 + length])
        at += 16 + length
    return octets[:24], found


def pcapng_blocks(octets):
    found = []
    while octets:
        length = struct.unpack("<I", octets[4:8])[0]
        found.append(octets[:length])
        octets = octets[length:]
    return found


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def file(self, name, octets):
        path = os.path.join(self.folder.name, name)
        with open(path, "wb") as file:
            file.write(octets)
        return path


class Dialogue(Case):
    def lines(self, name, *arguments):
        return [r for r in records(*arguments, bundled(name + ".pcap")) if r["record"] in ("command", "reply")]

    def test_transcript(self):
        out = run("--keylog", bundled(LOGIN + ".keys"), bundled(LOGIN + ".pcap")).stdout.decode()
        for line in ("~> ehlo client.example.com", "<~ 250-AUTH PLAIN LOGIN", "~> AUTH PLAIN [secret-1]", "<~ 235 2.7.0 Authentication successful",
                     "AUTH begins: PLAIN, under TLS (frame 17)", "Subject: Under TLS", "~> quit", "what follows was decrypted with the keys"):
            self.assertIn(line, out)
        self.assertIn("-> STARTTLS ", out)
        self.assertNotIn("not readable", out)

    def test_encrypted_is_said(self):
        lines = self.lines(LOGIN, "transcript", "--keylog", bundled(LOGIN + ".keys"))
        self.assertEqual([r["encrypted"] for r in lines], [False] * 5 + [True] * 13)
        self.assertEqual([r["frame"] for r in lines[5:]], [15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 26, 27, 28])

    def test_facts(self):
        session = records("sessions", "--keylog", bundled(LOGIN + ".keys"), bundled(LOGIN + ".pcap"))[0]
        certificates = session["tls"].pop("certificates")
        self.assertEqual(session["tls"], {"implicit": False, "version": "TLS 1.3", "sni": "mail.example.com", "alpn": None,
                                          "cipher": "TLS_AES_256_GCM_SHA384", "group": "x25519", "resumed": False,
                                          "ja3": JA3, "ja4": JA4, "decrypted": True, "not_decrypted_because": None, "first_frame": 11})
        self.assertEqual([(c["subject"], c["names"], c["key"], c["self_signed"]) for c in certificates],
                         [("CN=mail.example.com", ["mail.example.com"], "RSA 2048", True)])
        self.assertEqual([(a["mechanism"], a["identity"], a["result"], a["encrypted"]) for a in session["auth"]],
                         [("PLAIN", "alice@mail.example.com", "accepted", True)])
        self.assertEqual([(t["mail_from"], t["outcome"], t["message"]["subject"]) for t in session["transactions"]],
                         [("alice@example.com", "accepted", "Under TLS")])
        self.assertIn("STARTTLS", session["extensions"])
        self.assertEqual([f["id"] for f in session["findings"]], [])

    def test_implicit(self):
        lines = self.lines(IMPLICIT, "transcript", "--keylog", bundled(IMPLICIT + ".keys"))
        self.assertEqual([r["verb"] for r in lines if r["record"] == "command"], ["EHLO", "NOOP", "QUIT"])
        self.assertEqual([r["code"] for r in lines if r["record"] == "reply"], [220, 250, 250, 221])
        session = records("sessions", "--keylog", bundled(IMPLICIT + ".keys"), bundled(IMPLICIT + ".pcap"))[0]
        self.assertEqual((session["banner"]["code"], session["tls"]["implicit"], session["tls"]["decrypted"]), (220, True, True))

    def test_servers(self):
        server = records("servers", "--keylog", bundled(LOGIN + ".keys"), bundled(LOGIN + ".pcap"))[0]
        self.assertEqual((server["auth_clear"], server["auth_tls"]), ([], ["PLAIN", "LOGIN"]))
        self.assertIn("CHUNKING", server["extensions_tls"])

    def test_mail_as_file(self):
        directory = os.path.join(self.folder.name, "mails")
        done = run("messages", "--keylog", bundled(LOGIN + ".keys"), "--output-dir", directory, bundled(LOGIN + ".pcap"))
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        with open(os.path.join(directory, "session-1-transaction-1.eml"), "rb") as file:
            octets = file.read()
        message = records("messages", "--keylog", bundled(LOGIN + ".keys"), bundled(LOGIN + ".pcap"))[0]["message"]
        self.assertEqual((len(octets), hashlib.sha256(octets).hexdigest()), (message["octets"], message["sha256"]))
        self.assertTrue(message["complete"])

    def test_as_tshark_has_it(self):
        if not shutil.which("tshark"):
            self.skipTest("tshark is not here")
        for name in (LOGIN, IMPLICIT, "tls-1.2", "tls-1.3"):
            command = ["tshark", "-r", bundled(name + ".pcap"), "-o", "tls.keylog_file:" + bundled(name + ".keys"), "-q"]
            for stream in range(6):
                command += ["-z", "follow,tls,raw,%d" % stream]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
            theirs = b"".join(bytes.fromhex(line.strip()) for line in re.findall(r"^\t?[0-9a-f]+$", done.stdout.decode(), re.MULTILINE))
            self.assertGreater(len(theirs), 200)
            ours = [r["line"] if r["record"] == "command" else r["lines"] for r in
                    self.lines(name, "transcript", "--show-secrets", "--keylog", bundled(name + ".keys")) if r["encrypted"]]
            for line in ours:
                for text in line if isinstance(line, list) else [line]:
                    self.assertIn(text.encode() + b"\r\n", theirs)

    def test_no_key_material(self):
        with open(bundled(LOGIN + ".keys")) as file:
            secrets = re.findall(r"\b[0-9a-f]{96}\b", file.read())
        self.assertGreater(len(secrets), 3)
        for command in (["transcript"], ["sessions"], ["messages"], ["findings"], ["servers"], ["report"], ["sessions", "--format", "eve"],
                        ["transcript", "--format", "json"], ["sessions", "--format", "json"]):
            out = run(*command, "--show-secrets", "--keylog", bundled(LOGIN + ".keys"), bundled(LOGIN + ".pcap")).stdout.decode().lower()
            self.assertTrue(out)
            for secret in secrets:
                self.assertNotIn(secret, out)


class Handshakes(Case):
    """What the bundled TLS captures show of each kind of handshake."""

    def facts(self, name):
        return [(s["tls"]["resumed"], s["tls"]["group"], s["tls"]["cipher"], s["tls"]["certificates"] is not None, s["tls"]["decrypted"], s["commands"])
                for s in sorted((r for r in records("sessions", "--keylog", bundled(name + ".keys"), bundled(name + ".pcap"))
                                 if r["record"] == "session"), key=lambda s: s["id"])]

    def test_tls_1_2(self):
        suite = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
        self.assertEqual(self.facts("tls-1.2"), [
            (False, "x25519", suite, True, True, 5),
            (True, None, suite, False, True, 2),
            (False, None, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256", True, True, 2)])

    def test_tls_1_3(self):
        self.assertEqual(self.facts("tls-1.3"), [
            (False, "secp384r1", "TLS_AES_256_GCM_SHA384", True, True, 6),
            (False, "x25519", "TLS_AES_256_GCM_SHA384", True, True, 2),
            (True, "x25519", "TLS_AES_256_GCM_SHA384", False, True, 2),
            (False, "secp384r1", "TLS_AES_128_GCM_SHA256", True, True, 2)])

    def test_in_clear(self):
        """Up to TLS 1.2 the certificate needs no key."""
        session = records("sessions", bundled("tls-1.2.pcap"))[0]
        self.assertEqual([c["names"] for c in session["tls"]["certificates"]], [["mail.example.com"]])
        self.assertEqual((session["tls"]["decrypted"], session["commands"]), (False, 0))


class Without(Case):
    def session(self, *arguments, name=LOGIN):
        return records("sessions", *arguments, bundled(name + ".pcap"))[0]

    def test_no_keys(self):
        tls = self.session()["tls"]
        self.assertEqual((tls["decrypted"], tls["not_decrypted_because"], tls["cipher"]), (False, None, "TLS_AES_256_GCM_SHA384"))

    def test_keys_of_another_session(self):
        session = self.session("--keylog", bundled(IMPLICIT + ".keys"))
        self.assertEqual((session["tls"]["decrypted"], session["tls"]["not_decrypted_because"]), (False, "no-key"))
        self.assertEqual(session["transactions"], [])
        out = run("--keylog", bundled(IMPLICIT + ".keys"), bundled(LOGIN + ".pcap")).stdout.decode()
        self.assertIn("no key for this session was given", " ".join(out.split()))

    def test_both_logs(self):
        self.assertTrue(self.session("--keylog", bundled(IMPLICIT + ".keys"), "--keylog", bundled(LOGIN + ".keys"))["tls"]["decrypted"])

    def test_wrong_secret(self):
        with open(bundled(LOGIN + ".keys")) as file:
            log = re.sub(r"([0-9a-f])$", lambda m: "0" if m.group() != "0" else "1", file.read(), flags=re.MULTILINE)
        session = self.session("--keylog", self.file("wrong.keys", log.encode()))
        self.assertFalse(session["tls"]["decrypted"])
        self.assertEqual((session["transactions"], session["auth"]), ([], []))

    def test_no_key_log(self):
        for octets, words in ((b"", b"holds no line of a key log"), (b"220 hello\r\n" * 5, b"holds no line of a key log")):
            done = run("--keylog", self.file("none.keys", octets), bundled(LOGIN + ".pcap"))
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertIn(words, done.stderr)
        done = run("--keylog", os.path.join(self.folder.name, "nowhere"), bundled(LOGIN + ".pcap"))
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"nowhere: cannot be read: No such file", done.stderr)
        done = run("--tls-key", bundled(LOGIN + ".keys"), bundled(LOGIN + ".pcap"))
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"holds no private key", done.stderr)

    def test_secrets_in_the_capture(self):
        if not shutil.which("editcap"):
            self.skipTest("editcap is not here")
        path = os.path.join(self.folder.name, "with.pcapng")
        subprocess.run(["editcap", "--inject-secrets", "tls," + bundled(LOGIN + ".keys"), bundled(LOGIN + ".pcap"), path], check=True)
        with open(path, "rb") as file:
            blocks = pcapng_blocks(file.read())
        secrets = [block for block in blocks if block[:4] == b"\x0a\0\0\0"]
        others = [block for block in blocks if block not in secrets]
        self.assertEqual(len(secrets), 1)
        for place in (1, len(others) // 2, len(others)):
            with self.subTest(place):
                moved = self.file("moved.pcapng", b"".join(others[:place] + secrets + others[place:]))
                session = records("sessions", moved)[0]
                self.assertTrue(session["tls"]["decrypted"])
                self.assertEqual(session["transactions"][0]["message"]["subject"], "Under TLS")
        cut = self.file("cut.pcapng", b"".join(others) + secrets[0][:-8])
        self.assertEqual(records("sessions", cut)[0]["tls"]["decrypted"], False)


class Losses(Case):
    def test_each_packet_lost(self):
        """Every line that is shown is one of the whole capture's, in its order; what is lost is a gap, and the rest is there."""
        for name in (LOGIN, IMPLICIT, "tls-1.2", "tls-1.3"):
            header, all_packets = packets(bundled(name + ".pcap"))

            def lines(kept):
                path = self.file("lossy.pcap", header + b"".join(kept))
                found = sorted(records("transcript", "--keylog", bundled(name + ".keys"), path), key=lambda r: r.get("session") or r.get("id", 0))
                return ([r["line"] for r in found if r["record"] == "command"],
                        [r["code"] for r in found if r["record"] == "reply" and r["code"]],
                        [r for r in found if r["record"] == "gap"])

            commands, codes, gaps = lines(all_packets)
            self.assertEqual(gaps, [])
            whole = 0
            for lost in range(len(all_packets)):
                fewer = lines(all_packets[:lost] + all_packets[lost + 1:])
                for seen, all_of in ((fewer[0], commands), (fewer[1], codes)):
                    rest = iter(all_of)
                    self.assertTrue(all(line in rest for line in seen), (name, lost + 1, seen))
                whole += len(fewer[0]) >= len(commands) - 2 and len(fewer[1]) >= len(codes) - 1
            self.assertGreaterEqual(whole, len(all_packets) - 6, name)


    def test_handshake(self):
        """What the handshake told is as it was, or not known."""
        for name in (LOGIN, IMPLICIT):
            for keys in ([], ["--keylog", bundled(name + ".keys")]):
                header, all_packets = packets(bundled(name + ".pcap"))
                whole = records("sessions", *keys, bundled(name + ".pcap"))[0]["tls"]
                for lost in range(len(all_packets)):
                    path = self.file("lossy.pcap", header + b"".join(all_packets[:lost] + all_packets[lost + 1:]))
                    tls = records("sessions", *keys, path)[0]["tls"]
                    for key in ("version", "cipher", "group", "resumed", "ja3", "ja4", "certificates"):
                        if tls is not None:
                            self.assertIn(tls[key], (whole[key], None), (name, lost + 1, key))


def main():
    global ARGUMENTS
    parser = argparse.ArgumentParser()
    for option in ("--smtpscope", "--captures"):
        parser.add_argument(option, required=True)
    ARGUMENTS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
