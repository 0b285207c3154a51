"""Which file of a version a download is."""

from __future__ import annotations

from django.http import QueryDict

from registry.formats import Dtype
from registry.models import File, Kind, Version
from registry.protocols.civitai import asked, words


def chosen(version: Version, params: QueryDict) -> File | None:
    """Return the file that is asked for by number, type, format and precision, the version's own by default; None for none.

    ``size`` is passed over: there is nothing in an embedding to prune.
    """
    files = list(version.files.all())
    kinds = [words.FILE_TYPE] + ([words.NEGATIVE_TYPE] if version.embedding.kind == Kind.NEGATIVE else [])
    if params.get("type", words.FILE_TYPE).lower() not in [kind.lower() for kind in kinds]:
        return None
    if params.get("fileId"):
        number = asked.identifier(params["fileId"], "fileId")
        return next((file for file in files if file.pk == number), None)
    targets = words.DOWNLOADS.get(params.get("format", "SafeTensor").lower(), ())
    dtype = words.PRECISIONS.get(params.get("fp", "fp32").lower())
    wanted = [(target, dtype) for target in targets]
    return next((file for pair in wanted for file in files if (file.target, Dtype(file.dtype)) == pair), None)
