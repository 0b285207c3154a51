"""Reading requests."""

from __future__ import annotations

import json
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from hub.api import ApiError

#: Bytes of a commit: the largest file that is read has 16 MB, which are 21.4 in base64.
MAX_COMMIT_BYTES = 24 * 1024 * 1024


class LinesParser(BaseParser):
    """``application/x-ndjson``: a JSON value on each line."""

    media_type = "application/x-ndjson"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> list[Any]:
        data = stream.read(MAX_COMMIT_BYTES + 1)
        if len(data) > MAX_COMMIT_BYTES:
            raise ApiError(
                "too_large",
                f"The commit has more than {MAX_COMMIT_BYTES // 2**20} MB. An embedding is small: is this another kind of model?",
                status=413,
            )
        try:
            return [json.loads(line) for line in data.splitlines() if line.strip()]
        except (ValueError, RecursionError) as error:
            raise ParseError("A line of the commit is not JSON.") from error
