"""``python -m tests.faults.server FOLDER start|stop``: the database server of the faults; ``start`` prints its address."""

from __future__ import annotations

import sys
from pathlib import Path

from hub.database import EmbeddedDatabase

database = EmbeddedDatabase(Path(sys.argv[1]))
address = database.start()
if sys.argv[2] == "stop":
    database.stop()
else:
    sys.stdout.write(address)
