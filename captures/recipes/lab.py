# SPDX-License-Identifier: GPL-2.0-or-later
"""What the recipes share: a capture on loopback, and mail servers that live in a scratch folder while it runs.

Each recipe is a program: NAME [FOLDER] makes FOLDER/NAME.pcap (or .pcapng) anew. Run as root on Debian 12; needed packages are
installed, and said. Servers listen on 127.0.0.1 (or ::1) only, and only what a recipe started is stopped.
"""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HOST = "mail.example.com"
PASSWORD = "correct-horse"
LIMIT = 30  # seconds that anything here may take


def need(*packages):
    """Install what is missing from Debian's packages."""
    missing = [package for package in packages if subprocess.run(
        ["dpkg-query", "-W", "-f", "${Status}", package], capture_output=True, text=True, check=False
    ).stdout != "install ok installed"]
    if not missing:
        return
    print("installing from Debian's packages: %s" % " ".join(missing), file=sys.stderr)
    subprocess.run(["debconf-set-selections"], input="postfix postfix/main_mailer_type select No configuration\n", text=True, check=True)
    subprocess.run(["apt-get", "install", "-q", "-y", "--no-install-recommends", *missing], check=True,
                   env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, stdout=subprocess.DEVNULL)


def output(name):
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    return os.path.join(folder, name)


def wait_for(condition, what):
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            sys.exit("waited %d s for %s" % (LIMIT, what))
        time.sleep(0.02)


def is_open(port, host="127.0.0.1"):
    """Whether somebody answers there; the connection is over, to its last packet, when this returns."""
    with contextlib.closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
        probe.settimeout(LIMIT)
        if probe.connect_ex((host, port)) != 0:
            return False
        probe.shutdown(socket.SHUT_WR)
        while probe.recv(4096):
            pass
        return True


@contextlib.contextmanager
def capture(name, ports, interface="lo", options=()):
    """Capture what goes over the ports, from before the first packet until after the last FIN."""
    need("tcpdump", "wireshark-common")
    path = output(name)
    raw = tempfile.mktemp(suffix=".pcap")
    expression = " or ".join("tcp port %d" % port for port in ports)
    process = subprocess.Popen(["tcpdump", "-i", interface, "-U", "--immediate-mode", "-s", "65535", "-B", "65536", *options, "-w", raw, expression],
                               stderr=subprocess.PIPE, text=True)
    while "listening on" not in (line := process.stderr.readline()):
        if not line:
            sys.exit("tcpdump did not start")
    try:
        yield
        settled(raw)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(LIMIT)
        said = process.stderr.read()
        process.stderr.close()
    if "\n0 packets dropped by kernel" not in said:
        sys.exit("tcpdump lost packets: " + said)
    kind = "pcapng" if path.endswith(".pcapng") else "pcap"
    subprocess.run(["editcap", "-F", kind, raw, path], check=True)
    os.unlink(raw)
    print(path)


def settled(path):
    """Every connection has its two FINs, and the file does not grow any more."""
    last = -1
    end = time.monotonic() + LIMIT
    quiet = 0
    while quiet < 10 and time.monotonic() < end:
        size = os.path.getsize(path)
        quiet = quiet + 1 if size == last else 0
        last = size
        time.sleep(0.05)


@contextlib.contextmanager
def scratch():
    folder = tempfile.mkdtemp(prefix="recipe-")
    os.chmod(folder, 0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def certificate(folder):
    """A self-signed certificate for HOST: (certificate file, key file)."""
    need("openssl")
    files = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=" + HOST,
                    "-addext", "subjectAltName=DNS:" + HOST, "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files


MASTER = """
{service} inet n - n - - {program}
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
discard unix - - n - - discard
retry unix - - n - - error
error unix - - n - - error
postlog unix-dgram n - n - 1 postlogd
"""


@contextlib.contextmanager
def postfix(port=25, host="127.0.0.1", users=("alice", "bob", "carol"), options=(), **settings):
    """Postfix for example.com on one address; mail for `users` is accepted and thrown away."""
    need("postfix", "sasl2-bin", "libsasl2-modules")
    with scratch() as folder:
        queue, data = os.path.join(folder, "queue"), os.path.join(folder, "data")
        for path in (queue, data):
            os.mkdir(path)
        shutil.chown(data, "postfix", "postfix")
        main = {
            "compatibility_level": "3.6", "queue_directory": queue, "data_directory": data, "myhostname": HOST,
            "mydestination": "example.com", "mynetworks": "192.0.2.0/24", "inet_interfaces": host,
            "inet_protocols": "ipv6" if ":" in host else "ipv4", "local_transport": "discard:", "default_transport": "discard:",
            "local_recipient_maps": "inline:{%s}" % ", ".join("%s=x" % user for user in users),
            "alias_maps": "", "alias_database": "", "smtpd_peername_lookup": "no", "smtpd_tls_session_cache_database": "",
            "maillog_file": os.path.join(folder, "log"), "maillog_file_prefixes": folder,
            "smtpd_relay_restrictions": "permit_sasl_authenticated, reject_unauth_destination",
            "smtpd_banner": "$myhostname ESMTP Postfix", "authorized_flush_users": "root",
        }
        main.update(settings)
        if "cyrus_sasl_config_path" in settings:  # Debian's Postfix looks here whatever that setting says
            os.symlink(settings["cyrus_sasl_config_path"], os.path.join(folder, "sasl"))
        with open(os.path.join(folder, "main.cf"), "w", encoding="utf-8") as file:
            file.writelines("%s = %s\n" % item for item in main.items())
        with open(os.path.join(folder, "master.cf"), "w", encoding="utf-8") as file:
            service = "[%s]:%d" % (host, port) if ":" in host else "%s:%d" % (host, port)
            file.write(MASTER.format(service=service, program=" ".join(("smtpd", *options))))
        subprocess.run(["postfix", "-c", folder, "start"], check=True, capture_output=True)
        try:
            wait_for(lambda: is_open(port, host), "Postfix")
            yield folder
        finally:
            subprocess.run(["postfix", "-c", folder, "stop"], check=False, capture_output=True)


def sasl_settings(folder, users, mechanisms):
    """Postfix settings for logins of `users` (name -> password), kept by Cyrus SASL in `folder`."""
    need("sasl2-bin", "libsasl2-modules", "postfix")
    database = os.path.join(folder, "sasldb2")
    with open(os.path.join(folder, "smtpd.conf"), "w", encoding="utf-8") as file:
        file.write("pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: %s\nmech_list: %s\n" % (database, mechanisms))
    for user, password in users.items():
        subprocess.run(["saslpasswd2", "-p", "-c", "-f", database, "-u", HOST, user], input=password, text=True, check=True)
    shutil.chown(database, "postfix", "postfix")
    return {"smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "cyrus", "cyrus_sasl_config_path": folder,
            "smtpd_sasl_path": "smtpd", "smtpd_sasl_local_domain": HOST, "smtpd_sasl_security_options": "noanonymous"}


@contextlib.contextmanager
def aiosmtpd(handler, port, host="127.0.0.1", **settings):
    """Python's aiosmtpd with a handler of the recipe's own. Needs Debian's python3."""
    from aiosmtpd.controller import Controller
    server = Controller(handler, hostname=host, port=port, server_hostname=HOST, ident="aiosmtpd", **settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Talk:
    """Types a dialogue by hand: one line, wait for the reply, the next line."""

    def __init__(self, port, host="127.0.0.1", context=None, session=None):
        """With `context` under TLS from the first octet, going on with `session`."""
        self.socket = socket.create_connection((host, port), LIMIT)
        self.socket.settimeout(LIMIT)
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_hostname=HOST, session=session)
        self.file = self.socket.makefile("rb")
        self.reply()

    def reply(self):
        lines = [self.file.readline()]
        while lines[-1][3:4] == b"-":
            lines.append(self.file.readline())
        return lines

    def send(self, octets):
        self.socket.sendall(octets if isinstance(octets, bytes) else octets.encode("utf-8"))

    def say(self, line, replies=1):
        """Sends the line; returns the last of its replies."""
        self.send(line + "\r\n")
        return [self.reply() for _ in range(replies)][-1] if replies else None

    def start_tls(self, context):
        self.file.close()
        self.socket = context.wrap_socket(self.socket, server_hostname=HOST)
        self.file = self.socket.makefile("rb")

    def close(self):
        """Behind QUIT: closes when the server has, as one does who reads on."""
        self.file.read()
        self.file.close()
        self.socket.close()


class OpensslClient:
    """A dialogue under TLS, typed into openssl s_client; the keys go to the file named `keys`."""

    def __init__(self, port, keys, *options, interactive=False):
        quiet = () if interactive else ("-quiet", "-no_ign_eof")
        self.process = subprocess.Popen(["openssl", "s_client", *quiet, "-crlf", "-connect", "127.0.0.1:%d" % port, "-servername", HOST, "-keylogfile",
                                         keys, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE if interactive else subprocess.DEVNULL)

    def reply(self):
        """The lines up to the last one of a reply; what openssl itself says is passed over."""
        lines = []
        while not lines or lines[-1][3:4] == b"-":
            line = self.process.stdout.readline()
            if not line:
                sys.exit("openssl s_client ended early")
            if line[:3].isdigit() and line[3:4] in b"- ":
                lines.append(line)
        return lines

    def type(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def say(self, line):
        self.type(line)
        return self.reply()

    def order(self, letter, said):
        """A command to openssl itself, which says so when it carries it out (interactive only)."""
        self.type(letter)
        while said not in (line := self.process.stderr.readline()):
            if not line:
                sys.exit("openssl s_client does not know " + letter)

    def close(self):
        """Behind QUIT."""
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.wait(LIMIT)


def wire(mail):
    """A message as it goes over the wire."""
    return mail.as_bytes().replace(b"\n", b"\r\n")


def message(subject, sender="alice@example.com", recipients=("bob@example.com",), text="A short message.\n"):
    """A message without anything of this machine in it."""
    from email.message import EmailMessage
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = subject
    mail["Date"] = "Mon, 02 Nov 2026 09:30:00 +0000"
    mail["Message-ID"] = "<%s@client.example.com>" % subject.encode("ascii", "replace").decode().replace(" ", "-").replace("?", "x").lower()
    mail.set_content(text)
    return mail
