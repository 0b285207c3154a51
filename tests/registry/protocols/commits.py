"""Commits as the client sends them."""

from __future__ import annotations

import base64
import json


def commit(client, files, name="alice/red-heart", *, lines=(), **options):
    """Send files as the client does."""
    told = [{"key": "header", "value": {"summary": "A change", "description": ""}}, *lines]
    told += [
        {"key": "file", "value": {"path": path, "encoding": "base64", "content": base64.b64encode(data).decode()}}
        for path, data in files.items()
    ]
    sent = "\n".join(json.dumps(line) for line in told).encode()
    return client.generic(
        "POST", f"/api/models/{name}/commit/main", sent, content_type="application/x-ndjson", **options
    )
