# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialogues in which a password or a token is planted: each is (name, steps, what is planted, what must be said of it).

What must be said: "identity" and "secret", as --show-secrets has them of the last login, where they can be known; "readable": whether
there must be the finding cleartext-credentials (None: either will do)."""
import base64
import itertools
import random

USER = "alice"
LETTERS = "gjkqvwxzGJKQVWXZ"  # neither hexadecimal digits nor words are made of these


class Planted:
    """A password (or a token) that occurs nowhere else, and what it looks like encoded."""

    def __init__(self, number, alphanumeric=False, length=12):
        chooser = random.Random(7000 + number)
        self.text = "".join(chooser.choice(LETTERS if i % 3 else LETTERS + "0123456789") for i in range(length - 3))
        self.text += chooser.choice("GKQ") + "7" + chooser.choice("gkq")
        if not alphanumeric:
            self.text = self.text[:4] + chooser.choice("#!$") + self.text[4:]

    @property
    def b64(self):
        return b64(self.text)

    @property
    def plain(self):
        return b64("\0%s\0%s" % (USER, self.text))


def b64(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def line(text):
    return ("C", (text if isinstance(text, bytes) else text.encode()) + b"\r\n")


def reply(text):
    return ("S", text.encode() + b"\r\n")


GREETING = [reply("220 mx.example.com ESMTP"), line("EHLO client.example.com"),
            ("S", b"250-mx.example.com\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER EXTERNAL CRAM-MD5 NTLM\r\n")]
QUIT = [line("QUIT"), reply("221 bye")]
ASK_USER, ASK_PASSWORD = reply("334 VXNlcm5hbWU6"), reply("334 UGFzc3dvcmQ6")
OK, NO, UNKNOWN = reply("235 2.7.0 ok"), reply("535 5.7.8 no"), reply("502 5.5.2 what")
LOGIN = line("AUTH LOGIN")


def login_asked(p, prompt, encoded=True):
    """The server asks for the password first."""
    return [LOGIN, reply("334 " + (b64(prompt) if encoded else prompt)), line(p.b64), ASK_USER, line(b64(USER)), OK]


PROMPTS = ["Password:", "password", "PASSWORD: ", "Passwort:", "Kennwort:", "Mot de passe :", "Contrase\u00f1a:", "Senha:", "Wachtwoord:",
           "\u30d1\u30b9\u30ef\u30fc\u30c9:", "\u041f\u0430\u0440\u043e\u043b\u044c:", "\u5bc6\u7801", "Enter your one-time PIN:", "The user's password:", "Password\0"]
SEPARATORS = ["\0", "\n", "\r\n", " ", "\t", "^A", "\\x01", "\\u0001", "\\001", ",", ";", "|", "%01", "\x02", "\x01 ", ""]
VERBS = ["AUHT PLAIN {plain}", "AUTHH PLAIN {plain}", "ATUH PLAIN {plain}", "AUT PLAIN {plain}", "AUTJ PLAIN {plain}", "AUTH: PLAIN {plain}",
         "AUTHPLAIN {plain}", "AUTH=PLAIN {plain}", "AUTH-PLAIN {plain}", "AUTH_PLAIN {plain}", "PLAIN {plain}", "PLIAN {plain}", "plain {plain}",
         "LOGIN alice {text}", "login alice {text}", "LOGN alice {text}", "PASS {text}", "pass {text}", "PASS:{text}", "PASS: {text}",
         "PASS={text}", "PASSWD {text}", "PASSWORD {text}", "PASSWORD: {text}", "PASSWROD {text}", "PWD {text}", "PW {text}", "X-AUTH {text}",
         "X-AUTH PLAIN {plain}", "XAUTH PLAIN {plain}", "X-AUTH-PLAIN {plain}", "NOOP AUTH PLAIN {plain}", "NOOP PASS {text}", "NOOP password={text}",
         "HELP AUTH PLAIN {plain}", "RSET AUTH PLAIN {plain}", "USER alice {text}", "a1 LOGIN alice {text}", "a001 AUTHENTICATE PLAIN {plain}",
         "AUTHENTICATE PLAIN {plain}", "AUTHENTIFICATE {plain}", "AUTHINFO PASS {text}", "SASL PLAIN {plain}", "IDENTIFY {text}", "OPER alice {text}",
         "APOP alice {text}", "Authorization: Basic {basic}", "Proxy-Authorization: Basic {basic}", "Authorization: Bearer {text}",
         "CONNECT alice:{text}@mx.example.com:25 HTTP/1.1", "GET http://alice:{text}@www.example.com/ HTTP/1.0", "BURL imap://alice:{text}@imap.example.com/x LAST",
         "user=alice&password={text}", "{{\"user\":\"alice\",\"password\":\"{text}\"}}", "TOKEN {text}", "SECRET {text}", "CRAM-MD5 {b64}", "XOAUTH2 {b64}",
         "AUTH {text}", "AUTH {b64}", "AUTH {plain}", "AUTH FOO {b64}", "AUTH foo {text}", "AUTH LOGIN {plain}", "AUTH LOGIN alice {text}",
         "AUTH LOGIN YWxpY2U= {b64}", "AUTH LOGIN alice:{text}", "AUTH EXTERNAL {plain}", "AUTH EXTERNAL alice:{text}", "AUTH EXTERNAL {basic}",
         "AUTH ANONYMOUS {basic}", "AUTH CRAM-MD5 {b64}", "AUTH DIGEST-MD5 {b64}", "AUTH NTLM {b64}", "AUTH SCRAM-SHA-256 {b64}", "AUTH GSSAPI {b64}",
         "AUTH PLAIN {text}", "AUTH PLAIN alice {text}", "AUTH PLAIN alice:{text}", "AUTH PLAIN {basic}", "AUTH PLAIN  {plain}", "auth plain {plain}",
         "X-EXPS LOGIN alice {text}", "foo {plain}", "foo bar {plain} baz"]
FRONTS = [b"\xef\xbb\xbf", b"\xff\xfb\x01", b"\xff\xfd\x03\xff\xfb\x18", b"\x08\x08", b"XX\x08\x08", b"AUHT\x08\x08\x08\x08", b"\r", b"\0", b" ", b"\t", b"\x1b[A",
          b"NOOP\r", b"RSET \r", b"\x7f", b"x\r", b"\xc3\xa4", b"MAIL FROM:<a@example.com>\r"]
TRIPLES = [("alice", "{}", ""), ("", "{}", ""), ("{}", "", ""), ("{}", "alice", ""), ("{}", "", "alice"), ("alice", "{}", "alice"), ("alice", "{}"), ("{}",),
           ("", "alice@example.com", "{}", ""), ("alice", "alice", "{}", ""), ("alice", "", "{}"), ("", "", "{}"), ("", "", "alice", "{}"), ("", "{}", "alice@example.com"),
           ("", "alice", "{}\n"), ("", "alice", "", "{}")]
KNOWN_TRIPLES = {("alice", "alice", "{}", ""): "alice", ("", "alice@example.com", "{}", ""): "alice@example.com", ("alice", "{}", "alice"): "alice",
                 ("", "alice", "{}\n"): "alice"}
TYPED = ["AUTH PLAIN", "AUTH LOGIN", "AUTH CRAM-MD5", "AUTH DIGEST-MD5", "AUTH NTLM", "AUTH SCRAM-SHA-1", "AUTH XOAUTH2", "AUTH GSSAPI", "AUTH FOO"]


def swapped(text):
    return text.swapcase()


def hexadecimal(text):
    return text.encode().hex()


def percent(text):
    return "".join("%%%02X" % octet for octet in text.encode())


# How a secret comes again: what stands in the text that says it.
AGAIN = {"clear": str, "upper": str.upper, "lower": str.lower, "swapped": swapped, "cut": lambda t: t[:7], "end": lambda t: t[4:], "middle": lambda t: t[3:9],
         "base64": b64, "base64 of a triple": lambda t: b64("\0bob\0" + t), "base64 shifted": lambda t: b64("x" + t), "base64 shifted twice": lambda t: b64("xy" + t),
         "base64 cut": lambda t: b64("pass=" + t)[:14], "base64 in capitals": lambda t: b64(t).upper(), "hex": hexadecimal, "HEX": lambda t: hexadecimal(t).upper(),
         "percent": percent, "quoted": lambda t: '"%s"' % t, "glued": lambda t: "xy" + t + "yx", "UTF-16 in base64": lambda t: b64(t.encode("utf-16le"))}
PLACES = {
    "a refusal": lambda t: [reply("535 5.7.8 bad password %s for alice" % t)],
    "a reply of two lines": lambda t: [("S", ("535-5.7.8 you said\r\n535 5.7.8 %s\r\n" % t).encode())],
    "a challenge in clear": lambda t: [reply("334 %s" % t), line("*"), reply("501 cancelled")],
    "a challenge": lambda t: [reply("334 %s" % b64("you said " + t)), line("*"), reply("501 cancelled")],
    "a word that is no command": lambda t: [NO, line(t), UNKNOWN],
    "a line that is no command": lambda t: [OK, line("FOO " + t), reply("500 5.5.1 unrecognized: FOO %s" % t)],
    "a NOOP": lambda t: [OK, line("NOOP " + t), reply("250 ok %s" % t)],
    "the farewell": lambda t: [OK, line("QUIT"), reply("221 bye %s" % t)],
}
MILD_PLACES = {
    "a recipient": lambda t: [OK, line("MAIL FROM:<a@example.com>"), reply("250 ok"), line("RCPT TO:<%s@example.com>" % t), reply("550 5.1.1 no %s here" % t), line("RSET"), reply("250 ok")],
    "a sender": lambda t: [OK, line("MAIL FROM:<%s@example.com>" % t), reply("250 2.1.0 <%s@example.com> ok" % t), line("RSET"), reply("250 ok")],
    "a greeting": lambda t: [OK, line("EHLO %s.example.com" % t), reply("250 hello %s" % t)],
    "a VRFY": lambda t: [OK, line("VRFY %s" % t), reply("550 5.1.1 %s unknown" % t)],
}


def dialogues():
    """(name, steps, [planted texts], expected, session's options)"""
    numbers = itertools.count()
    made = []

    def add(name, build, alphanumeric=False, length=12, greeting=True, quits=True, begun=True, **expected):
        planted = Planted(next(numbers), alphanumeric, length)
        steps = (GREETING if greeting else []) + build(planted) + (QUIT if quits else [])
        if expected.get("secret") is True:
            expected["secret"] = planted.text
        made.append((name, steps, [planted.text], expected, {"begun": begun}))

    def forms(text, p):
        return text.format(text=p.text, b64=p.b64, plain=p.plain, basic=b64(USER + ":" + p.text))

    # The prompts decide.
    for prompt in PROMPTS:
        add("first asked: " + repr(prompt), lambda p: login_asked(p, prompt), identity=USER, secret=True, readable=True)
    for prompt in PROMPTS[:3]:
        add("first asked in clear: " + repr(prompt), lambda p: login_asked(p, prompt, False), identity=USER, secret=True, readable=True)
    add("asked for nobody knows what", lambda p: [LOGIN, reply("334 " + b64("???")), line(p.b64), NO])
    add("asked twice for the user", lambda p: [line("AUTH LOGIN " + b64(USER)), ASK_USER, line(b64(USER)), ASK_PASSWORD, line(p.b64), OK],
        identity=USER, secret=True, readable=True)
    add("the password for the user's name", lambda p: [line("AUTH LOGIN " + b64(USER)), ASK_USER, line(p.b64), ASK_PASSWORD, line("*"), reply("501 no")], identity=USER)
    add("empty challenges", lambda p: [LOGIN, reply("334 "), line(b64(USER)), reply("334 "), line(p.b64), OK], identity=USER, secret=True, readable=True)
    add("LOGIN as it should be", lambda p: [LOGIN, ASK_USER, line(b64(USER)), ASK_PASSWORD, line(p.b64), OK], identity=USER, secret=True, readable=True)
    add("in lower case", lambda p: [line("auth login"), ASK_USER, line(b64(USER)), ASK_PASSWORD, line(p.b64), OK], identity=USER, secret=True, readable=True, mechanism="LOGIN")
    add("a line feed encoded", lambda p: [LOGIN, ASK_USER, line(b64(USER + "\n")), ASK_PASSWORD, line(b64(p.text + "\n")), OK], identity=USER, secret=True, readable=True)
    for text in ("{}:{}", "{} {}", "\0{}\0{}", "{}\0{}"):
        add("both in the user's name: " + repr(text), lambda p: [LOGIN, ASK_USER, line(b64(text.format(USER, p.text))), NO], readable=True)

    # Typed, or not what the mechanism asks for.
    for command in TYPED:
        for word in ("{text}", "alice {text}", "alice:{text}", "* {text}"):
            login = command == "AUTH LOGIN"
            ask = ASK_PASSWORD if login else reply("334 ")
            add("typed: %s, %s" % (command, word), lambda p: [line(command), ask, line(forms(word, p)), NO], alphanumeric=True,
                readable=True if command in ("AUTH PLAIN", "AUTH LOGIN", "AUTH XOAUTH2") else None)
    add("typed, as in case 07", lambda p: [LOGIN, ASK_USER, line(USER), ASK_PASSWORD, line(p.text), NO], alphanumeric=True, secret=True, readable=True)
    for length in (8, 11, 16):
        add("typed, %d letters" % length, lambda p: [LOGIN, ASK_USER, line(USER), ASK_PASSWORD, line(p.text), NO], alphanumeric=True, length=length, secret=True, readable=True)
    add("NULs in clear", lambda p: [line("AUTH PLAIN \0alice\0" + p.text), NO], readable=True)
    for parts in TRIPLES:
        add("PLAIN of %r" % (parts,), lambda p: [line("AUTH PLAIN " + b64("\0".join(parts).format(p.text))), NO], readable=True,
            **({"identity": KNOWN_TRIPLES[parts], "secret": True} if parts in KNOWN_TRIPLES else {"identity": None}))
    for separator in SEPARATORS:
        token = "user=alice@example.com{0}auth=Bearer {1}{0}{0}"
        add("XOAUTH2, separated by %r" % separator, lambda p: [line("AUTH XOAUTH2 " + b64(token.format(separator, p.text))), NO], alphanumeric=True, length=40,
            identity="alice@example.com" if separator == "\x01 " else None, readable=True)
        bearer = "n,a=alice@example.com,{0}host=mx{0}auth=Bearer {1}{0}{0}"
        add("OAUTHBEARER, separated by %r" % separator, lambda p: [line("AUTH OAUTHBEARER"), reply("334 "), line(b64(bearer.format(separator, p.text))), NO],
            alphanumeric=True, length=40, readable=True)
    token = "user=alice@example.com\1auth=Bearer {0}\1\1"
    add("XOAUTH2 as it should be", lambda p: [line("AUTH XOAUTH2 " + b64(token.format(p.text))), OK], alphanumeric=True, length=1500, identity="alice@example.com", secret=True, readable=True)
    add("XOAUTH2 in clear", lambda p: [line("AUTH XOAUTH2 " + token.format(p.text)), NO], alphanumeric=True, length=60, secret=True, readable=True)
    add("XOAUTH2, refused, and said again", lambda p: [line("AUTH XOAUTH2 " + b64(token.format(p.text))), reply("334 " + b64('{"status":"401","token":"%s"}' % p.text)), line(""), NO],
        alphanumeric=True, length=60, secret=True, readable=True)

    # Verbs that are none, and octets in front.
    for verb in VERBS:
        add("verb: " + verb, lambda p: [line(forms(verb, p)), UNKNOWN])
    for verb in ("PASS {text}", "AUHT PLAIN {plain}", "LOGIN alice {text}", "AUTH LOGIN alice {text}", "CONNECT alice:{text}@mx.example.com:25 HTTP/1.1"):
        add("readable verb: " + verb, lambda p: [line(forms(verb, p)), UNKNOWN], readable=True)
    for front in FRONTS:
        add("in front: %r" % front, lambda p: [line(front + ("AUTH PLAIN " + p.plain).encode()), UNKNOWN], readable=True)
        add("in front, LOGIN: %r" % front, lambda p: [line(front + ("AUTH LOGIN %s %s" % (b64(USER), p.b64)).encode()), UNKNOWN], readable=True)
    add("telnet between", lambda p: [line(b"AUTH\xff\xf1 PLAIN " + p.plain.encode()), UNKNOWN])
    add("does not wait", lambda p: [("C", ("AUTH LOGIN\r\n%s\r\n%s\r\n" % (b64(USER), p.b64)).encode()), reply("504 no"), UNKNOWN, UNKNOWN], readable=True)
    add("typed behind a refusal", lambda p: [line("AUTH LOGIN"), reply("504 no"), line(USER), UNKNOWN, line(p.text), UNKNOWN])
    add("a refused line that the server repeats", lambda p: [line("AUTH PLAIN"), reply("504 no"), line(p.plain), reply("500 what is %s" % p.plain)], readable=True)
    add("cancelled too late", lambda p: [LOGIN, ASK_USER, line(b64(USER)), ASK_PASSWORD, line("*" + p.text), reply("501 no")])

    # What was said comes again.
    for place, build in PLACES.items():
        for again, form in AGAIN.items():
            add("again in %s: %s" % (place, again), lambda p: [line("AUTH PLAIN " + p.plain)] + build(form(p.text)), identity=USER, secret=True, readable=True)
    for place, build in MILD_PLACES.items():
        for again in ("clear", "upper", "lower", "cut", "end", "base64", "hex"):
            add("again in %s: %s" % (place, again), lambda p: [line("AUTH PLAIN " + p.plain)] + build(AGAIN[again](p.text)), alphanumeric=True, identity=USER, secret=True, readable=True)
    for again, form in AGAIN.items():
        add("a token again: " + again, lambda p: [line("AUTH XOAUTH2 " + b64(token.format(p.text))), reply("535 5.7.8 " + form(p.text))], alphanumeric=True, length=90, secret=True, readable=True)
    add("over two lines", lambda p: [line("AUTH PLAIN " + p.plain), ("S", ("535-no %s\r\n535 %s\r\n" % (p.text[:6], p.text[6:])).encode())], secret=True, readable=True)
    add("for the user's name", lambda p: [line("AUTH PLAIN " + p.plain), NO, LOGIN, ASK_USER, line(p.b64), ASK_PASSWORD, line("*"), reply("501 no")], readable=True)
    add("for a mechanism", lambda p: [line("AUTH PLAIN " + p.plain), NO, line("AUTH " + p.text.upper()), reply("504 no " + p.text)], alphanumeric=True, readable=True)
    add("in a later challenge", lambda p: [line("AUTH PLAIN " + p.plain), NO, line("AUTH CRAM-MD5"), reply("334 " + p.b64), line("*"), reply("501 no")], readable=True)

    # The server quotes what the client sent, and only that is in the capture.
    for quoted in ('500 5.5.1 Command unrecognized: "AUTH PLAIN {plain}"', "535 5.7.8 bad credentials: {plain}", "500 unknown command: AUTH LOGIN {b64}",
                   '502 5.5.2 what is "PASS {text}"', "500 what is 'AUHT PLAIN {plain}'", "500-what is\r\n500 <LOGIN alice {text}>"):
        add("quoted only: " + quoted, lambda p: [("c", b"AUTH PLAIN\r\n"), ("S", forms(quoted, p).encode() + b"\r\n"), line("NOOP"), reply("250 ok " + p.text)])
        add("quoted first: " + quoted, lambda p: [("S", forms(quoted, p).encode() + b"\r\n")], greeting=False, begun=False)
    add("an address of a web page in EHLO", lambda p: [line("EHLO smtp://alice:%s@mx.example.com/" % p.text), reply("250 smtp://alice:%s@mx.example.com/ hi" % p.text)], readable=None)
    add("BURL with a token", lambda p: [line("BURL imap://alice@imap.example.com/x;uid=1;urlauth=submit+alice:internal:%s LAST" % p.text), reply("250 ok")], alphanumeric=True,
        length=32)

    # Many logins: the first one's password comes again.
    for wrong in ("{plain}", "{b64}", "<{plain}>", '"{plain}"'):
        add("without padding: " + wrong, lambda p: [line("AUTH PLAIN " + forms(wrong, p).replace("=", "")), reply("535 5.7.8 bad password " + p.text)])
    add("base64 in two words", lambda p: [line("AUTH PLAIN %s %s" % (p.plain[:8], p.plain[8:])), reply("535 5.7.8 bad password " + p.text)], readable=True)
    add("a hole in the response, and again", lambda p: [("c", ("AUTH PLAIN " + p.plain[:9]).encode()), line(p.plain[9:]), reply("535 5.7.8 bad password " + p.text[4:])])
    add("LOGIN without padding", lambda p: [LOGIN, ASK_USER, line(b64(USER)), ASK_PASSWORD, line(p.b64.replace("=", "")), reply("535 5.7.8 bad password " + p.text)], readable=True)
    add("in quotes", lambda p: [line('AUTHENTICATE "PLAIN" "%s"' % p.plain), reply("502 what is \"%s\"" % p.plain)])
    add("another protocol's", lambda p: [line('x LOGIN "alice" "%s"' % p.text), reply("502 what is x LOGIN alice %s" % p.text)])
    add("behind a message that was refused", lambda p: [line("AUTH PLAIN " + p.plain), OK] + [line(b64(bytes((i * 7 + j * j) % 256 for j in range(57)))) for i in range(40)]
        + [UNKNOWN] * 40 + [line(p.text), reply("500 " + p.text)], identity=USER, secret=True, readable=True)
    for count in (8, 20, 60):
        others = [Planted(9000 + 100 * count + i).text for i in range(count)]
        logins = [step for text in others for step in (line("AUTH PLAIN " + b64("\0alice\0" + text)), NO)]
        for again in ("clear", "upper", "base64", "cut"):
            said = [line("NOOP " + AGAIN[again](text)) for text in others[:3]] + [reply("250 " + AGAIN[again](text)) for text in others[:3]]
            made.append(("%d logins, again: %s" % (count, again), GREETING + logins + said + QUIT, others, {"readable": True}, {"begun": True}))

    # The beginning is not in the capture, or a piece in the middle is not.
    add("begins with the password", lambda p: [line(p.b64), OK], greeting=False, begun=False)
    add("begins with a triple", lambda p: [line(p.plain), OK], greeting=False, begun=False)
    add("begins with what was typed", lambda p: [line(p.text), OK], greeting=False, begun=False)
    add("begins with the challenge", lambda p: [ASK_PASSWORD, line(p.b64), OK], greeting=False, begun=False)
    add("begins with a challenge for the user", lambda p: [ASK_USER, line(b64(USER)), ASK_PASSWORD, line(p.b64), OK], greeting=False, begun=False)
    add("begins with AUTH", lambda p: [line("AUTH PLAIN " + p.plain), reply("535 bad %s" % p.text)], greeting=False, begun=False)
    add("begins in the middle of AUTH", lambda p: [line("IN " + p.plain), OK], greeting=False, begun=False)
    add("begins in the middle of a word", lambda p: [line(p.plain[7:]), NO], greeting=False, begun=False)
    add("only the client", lambda p: [line("EHLO c"), line("AUTH LOGIN"), line(b64(USER)), line(p.b64), line("QUIT")], greeting=False, quits=False)
    add("a hole in the response", lambda p: [("c", ("AUTH PLAIN " + p.plain[:6]).encode()), line(p.plain[6:]), NO])
    add("a hole behind the response", lambda p: [("C", ("AUTH PLAIN " + p.plain).encode()), ("c", b"\r\n"), NO])
    add("a hole in a response of LOGIN", lambda p: [LOGIN, ASK_USER, line(b64(USER)), ASK_PASSWORD, ("c", p.b64[:4].encode()), line(p.b64[4:]), NO])
    add("a hole in the mechanism", lambda p: [("C", b"AUTH PL"), ("c", b"AIN\r\n"), NO, line("PASS " + p.text), UNKNOWN], mechanism=None)
    add("a mechanism nobody knows", lambda p: [line("AUTH X-FOO"), reply("504 no"), line("PASS " + p.text), UNKNOWN], mechanism="X-FOO")
    add("the challenge is lost", lambda p: [line("AUTH LOGIN YWxpY2U="), ("s", b"334 UGFzc3dvcmQ6\r\n"), line(p.b64), NO], identity=USER)
    add("no line end", lambda p: [("C", ("AUTH PLAIN " + p.plain).encode())], quits=False, readable=True)
    add("LF only", lambda p: [("C", ("AUTH PLAIN %s\n" % p.plain).encode()), NO], identity=USER, secret=True, readable=True)
    add("a very long token", lambda p: [line("AUTH XOAUTH2 " + b64(token.format(p.text))), NO], alphanumeric=True, length=9000, secret=True, readable=True)
    add("a line that is much too long", lambda p: [line("AUTH XOAUTH2 " + b64(token.format(p.text))), NO], alphanumeric=True, length=60000)
    return made
