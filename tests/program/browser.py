# SPDX-License-Identifier: GPL-2.0-or-later
"""Chromium, without a window and without the network, told what to do through a pipe."""
import json
import os
import shutil
import subprocess

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One page in one browser. `problems` collects what its console says of errors, and of what its policy forbids."""

    def __init__(self, folder):
        to_read, self.to = os.pipe()
        self.back, to_write = os.pipe()
        command = "exec %s --headless --no-sandbox --disable-gpu --user-data-dir='%s' --remote-debugging-pipe about:blank 3<&%d 4>&%d"
        self.process = subprocess.Popen(["sh", "-c", command % (PROGRAM, folder, to_read, to_write)], pass_fds=(to_read, to_write),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env={"PATH": os.environ["PATH"], "HOME": folder, "LC_ALL": "C.UTF-8"})
        os.close(to_read)
        os.close(to_write)
        self.number, self.loaded, self.session, self.waiting, self.problems = 0, 0, None, b"", []
        targets = self.ask("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self.session = self.ask("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.ask(domain + ".enable")

    def message(self):
        while b"\0" not in self.waiting:
            octets = os.read(self.back, 1 << 16)
            if not octets:
                raise EOFError("the browser went away")
            self.waiting += octets
        message, self.waiting = self.waiting.split(b"\0", 1)
        message = json.loads(message)
        if message.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded"):
            self.problems.append(message["params"])
        self.loaded += message.get("method") == "Page.loadEventFired"
        return message

    def ask(self, method, **parameters):
        self.number += 1
        question = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            question["sessionId"] = self.session
        os.write(self.to, json.dumps(question).encode() + b"\0")
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError("%s: %s" % (method, answer["error"]))
                return answer["result"]

    def open(self, path, fragment=""):
        """Loads a file other than the one that is shown."""
        before = self.loaded
        self.ask("Page.navigate", url="file://" + path + fragment)
        while self.loaded == before:
            self.message()

    def size(self, width, height, mobile=False):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def value(self, expression):
        """Of an expression in JavaScript; promises are awaited."""
        result = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"])
        return result["result"].get("value")

    def close(self):
        self.session = None
        self.ask("Browser.close")
        self.process.wait(timeout=30)
        os.close(self.to)
        os.close(self.back)
