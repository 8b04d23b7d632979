# SPDX-License-Identifier: GPL-2.0-or-later
"""Running Wireshark's programs with the plugin, as an ordinary user: run by root, they ignore it without a word.

What they read is copied to where that user can read it: root's checkout may lie below a folder that is closed to others.
"""
import atexit
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

UNPRIVILEGED = 65534
PLUGIN = "esmtp.so"


def open_to_others(folder):
    """Whether everybody may pass through the folder and all above it."""
    folder = os.path.realpath(folder)
    return os.stat(folder).st_mode & 0o001 and (folder == "/" or open_to_others(os.path.dirname(folder)))


def scratch():
    """A new folder, removed at the end, that an ordinary user can reach: $TMPDIR may be root's own."""
    places = [tempfile.gettempdir(), "/tmp", "/var/tmp"]
    place = next((place for place in places if os.geteuid() != 0 or (os.path.isdir(place) and open_to_others(place))), None)
    path = tempfile.mkdtemp(prefix="esmtp-test-", dir=place)
    atexit.register(shutil.rmtree, path, True)
    return path


@functools.lru_cache(maxsize=None)
def reachable(folder):
    """The folder, or a copy of it that the ordinary user can read."""
    folder = os.path.abspath(folder)
    if os.geteuid() != 0 or not os.path.isdir(folder):
        return folder
    home = scratch()
    copy = os.path.join(home, os.path.basename(folder))
    shutil.copytree(folder, copy)
    os.chmod(home, 0o755)
    for place, _, names in os.walk(copy):
        os.chmod(place, 0o755)
        for name in names:
            os.chmod(os.path.join(place, name), 0o644)
    return copy


class Wireshark:
    def __init__(self, plugins, environment=None):
        self.home = scratch()
        self.settings = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": self.home, "TZ": "UTC",
                         "WIRESHARK_PLUGIN_DIR": reachable(plugins), "G_SLICE": "always-malloc", **(environment or {})}
        self.as_user = []
        if os.geteuid() == 0:
            os.chown(self.home, UNPRIVILEGED, UNPRIVILEGED)
            self.as_user = ["setpriv", "--reuid=%d" % UNPRIVILEGED, "--regid=%d" % UNPRIVILEGED, "--clear-groups"]

    def folder(self):
        """A new folder that the ordinary user may write to."""
        path = tempfile.mkdtemp(dir=self.home)
        if self.as_user:
            os.chown(path, UNPRIVILEGED, UNPRIVILEGED)
        return path

    def run(self, *arguments, timeout=120, check=True, environment=None, **more):
        done = subprocess.run([*self.as_user, *arguments], env={**self.settings, **(environment or {})}, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=timeout, cwd=self.home,
                              **{"stdin": subprocess.DEVNULL, **more})
        if check and done.returncode != 0:
            sys.exit("%s: exit status %d: %s" % (" ".join(arguments), done.returncode, done.stderr.decode(errors="replace")))
        return done

    def require_plugin(self):
        """No test says anything about a plugin that was not loaded."""
        listed = self.run("tshark", "-G", "plugins").stdout.decode()
        if not any(line.startswith(PLUGIN) for line in listed.splitlines()):
            sys.exit("the plugin is not loaded: tshark -G plugins does not name it")

    @functools.lru_cache(maxsize=None)
    def version(self):
        """Major and minor number of the Wireshark here."""
        first = self.run("tshark", "--version").stdout.decode().splitlines()[0]
        return tuple(int(number) for number in re.search(r"(\d+)\.(\d+)", first).groups())

    def packets(self, capture, *options):
        """The packets that the plugin took part in, as tshark's second pass shows them: (frame, [layer, ...])."""
        done = self.run("tshark", "-2", "-n", "-r", os.path.abspath(capture), "-T", "json", "--no-duplicate-keys", "-Y", "esmtp",
                        "-J", "frame esmtp", *options, check=False)
        if done.returncode not in (0, 2):  # 2: the capture is cut short
            sys.exit("tshark on %s: exit status %d: %s" % (capture, done.returncode, done.stderr.decode(errors="replace")))
        return [(int(packet["_source"]["layers"]["frame"]["frame.number"]), listed(packet["_source"]["layers"].get("esmtp")))
                for packet in json.loads(done.stdout.decode("utf-8", "replace"))]


def listed(value):
    """tshark gives one value as itself, several as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def pairs(layer, name):
    """A field's values, each with the subtree below it."""
    values, trees = listed(layer.get(name)), listed(layer.get(name + "_tree"))
    return list(zip(values, trees))


def captures_of(folders):
    """The captures of those folders that are there, where the ordinary user can read them."""
    found = []
    for folder in map(reachable, folders):
        if not os.path.isdir(folder):
            print("skipped: no captures in %s" % folder)
            continue
        found += [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith((".pcap", ".pcapng"))]
    return found
