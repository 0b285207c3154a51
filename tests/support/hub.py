"""A real hub in a folder and on a port of its own, run as ``make run`` runs it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 180.0


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Refused(Exception):
    """The hub answered an error; ``status`` and the decoded ``error``."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(f"{status}: {error}")
        self.status, self.error = status, error


class Hub:
    """``with Hub(folder) as hub``: started, answering, and stopped at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start_seconds = 0.0

    def __enter__(self) -> Self:
        environment = {
            key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")
        }
        environment["HUB_VAR"] = str(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = (self.folder / "hub.log").open("ab")
        begun = time.monotonic()
        command = [sys.executable, "manage.py", "up", "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=self.log, stderr=self.log)
        while not self._announced():
            if self.process.poll() is not None or time.monotonic() - begun > START_SECONDS:
                self.__exit__(None, None, None)
                raise RuntimeError("the hub did not start:\n" + (self.folder / "hub.log").read_text()[-3000:])
            time.sleep(0.05)
        self.start_seconds = time.monotonic() - begun
        return self

    def _announced(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=1):
                if self.demo()["url"] != self.url:
                    raise AssertionError("/healthz answers before demo.json names the address")
                return True
        except (OSError, KeyError, ValueError):
            return False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()

    def demo(self) -> dict[str, str]:
        """The demo account's address, login, password and token."""
        return json.loads((self.folder / "demo.json").read_text())

    def get(self, path: str) -> Any:
        """GET an API address as the demo account and return its JSON."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.demo()['token']}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def post_form(self, path: str, fields: dict[str, str], files: list[tuple[str, str, bytes]]) -> Any:
        """POST a multipart form as the demo account and return the answer's JSON."""
        boundary = "starword-bench-boundary"
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        ]
        for name, filename, data in files:
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
            parts.append(head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + data + b"\r\n")
        body = b"".join(parts) + f"--{boundary}--\r\n".encode()
        headers = {
            "Authorization": f"Bearer {self.demo()['token']}",
            "Content-Type": f"multipart/form-data; boundary={boundary}",
        }
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url + path, body, headers), timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Refused(error.code, json.load(error)["error"]) from error
