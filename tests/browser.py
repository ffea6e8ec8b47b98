"""A headless Chromium that tests look at pages with, driven through a pipe: nothing to install beside the browser itself."""

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
PATIENCE_S = 60.0
QUIET_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio",
)  # fmt: skip


def find_browser() -> str | None:
    """Path of a Chromium; OUTFIT_BROWSER names another than the first on the PATH."""
    named = os.environ.get("OUTFIT_BROWSER")
    return named or next((found for name in NAMES if (found := shutil.which(name))), None)


@dataclass
class Browser:
    """One tab. `requests`: addresses that pages asked for; `complaints`: what they said on the console or failed with."""

    to_browser: int
    from_browser: int
    session: str = ""
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    _received: bytes = b""
    _calls: int = 0
    _loads: int = 0

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the DevTools protocol and its result."""
        self._calls += 1
        message: dict[str, Any] = {"id": self._calls, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._calls:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def open(self, address: str, width: int, height: int, *, scripts: bool = True) -> None:
        """Load a page at a width and height in CSS pixels; what was heard of earlier pages is forgotten."""
        narrow = width < 600
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=narrow)
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call("Page.navigate", url="about:blank")
        self._wait_for_load()
        self.requests.clear()
        self.complaints.clear()
        self.call("Page.navigate", url=address)
        self._wait_for_load()

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression, promises awaited."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def press(self, key: str, code: int) -> None:
        """A key of the keyboard, by its name and Windows key code."""
        text = {"text": "\r"} if key == "Enter" else {"text": " "} if key == " " else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def picture(self, path: Path, height: int | None = None) -> None:
        """A PNG of what is seen, or of the first `height` pixels of the page."""
        clip: dict[str, Any] = {}
        if height:
            width = self.run("innerWidth")
            clip = {"captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}}
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png", **clip)["data"]))

    def attach(self) -> None:
        """Open the tab."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "DOM", "CSS", "Accessibility"):
            self.call(f"{domain}.enable")

    def _wait_for_load(self) -> None:
        loads = self._loads
        while self._loads == loads:
            self._next()

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE_S
        while b"\0" not in self._received:
            ready, _, _ = select.select([self.from_browser], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"the browser said nothing for {PATIENCE_S:g} s"
            received = os.read(self.from_browser, 1 << 20)
            assert received, "the browser has gone"
            self._received += received
        message, _, self._received = self._received.partition(b"\0")
        heard: dict[str, Any] = json.loads(message)
        self._hear(heard.get("method", ""), heard.get("params", {}))
        return heard

    def _hear(self, method: str, said: dict[str, Any]) -> None:
        if method == "Page.loadEventFired":
            self._loads += 1
        elif method == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(said["exceptionDetails"]["text"])
        elif method == "Runtime.consoleAPICalled" and said["type"] in {"error", "warning", "assert"}:
            self.complaints.append(str(said["args"]))
        elif method == "Log.entryAdded" and said["entry"]["level"] in {"error", "warning"}:
            self.complaints.append(said["entry"]["text"])


@contextlib.contextmanager
def browsing(program: str, folder: Path) -> Iterator[Browser]:
    """A browser for as long as the block lasts; its profile and what it says lie in `folder`."""
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    reads, writes = (fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, 10) for one in (theirs_in, theirs_out))
    log = os.open(folder / "browser.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    ends = [(os.POSIX_SPAWN_DUP2, one, to) for one, to in ((reads, 3), (writes, 4), (log, 1), (log, 2))]
    command = [program, *QUIET_FLAGS, f"--user-data-dir={folder / 'profile'}", "--remote-debugging-pipe"]
    process = os.posix_spawn(program, command, {**os.environ, "HOME": str(folder)}, file_actions=ends, setpgroup=0)
    for one in (theirs_in, theirs_out, reads, writes, log):
        os.close(one)
    browser = Browser(ours_out, ours_in)
    try:
        browser.attach()
        yield browser
    finally:
        os.close(ours_out)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(ours_in)
