"""From the bytes of one file to everything that can be told of them."""

from __future__ import annotations

from typing import Any

from registry.formats import detect, families, hashes, layouts, pickled, safetensors, torch_legacy, torch_zip
from registry.formats.errors import Malformed
from registry.formats.types import Inspection


def inspect(data: bytes) -> Inspection:
    """Read an embedding file. Nothing in it is run or imported. Raises a ``FormatError`` that says what is wrong."""
    container = detect.container(data)
    metadata: dict[str, str] = {}
    match container:
        case detect.SAFETENSORS:
            tensors, metadata = safetensors.read(data)
            found = layouts.from_tensors(tensors)
        case detect.TORCH_ZIP:
            found = layouts.from_object(*_torch_zip(data))
        case _:
            found = layouts.from_object(*torch_legacy.read(data))
    bases = families.candidates(found.encoders)
    warnings = families.warnings(found.encoders, bases[0].base)
    if found.checkpoint:
        warnings.append(
            f"The file names the checkpoint it was trained on ({found.checkpoint}); converted files leave that out."
        )
    return Inspection(
        container=container,
        layout=found.layout,
        encoders=found.encoders,
        tokens=found.tokens,
        name=found.name,
        step=found.step,
        checkpoint=found.checkpoint,
        bases=bases,
        warnings=tuple(warnings),
        metadata=metadata,
        sha256=hashes.sha256(data),
        digest=hashes.digest(found.encoders),
    )


def report(inspection: Inspection) -> dict[str, Any]:
    """An inspection as plain values, as the command line and the API show it."""
    return {
        "container": inspection.container,
        "layout": inspection.layout,
        "encoders": [
            {"name": encoder.name, "shape": list(encoder.shape), "dtype": encoder.dtype}
            for encoder in inspection.encoders
        ],
        "tokens": list(inspection.tokens),
        "name": inspection.name,
        "step": inspection.step,
        "checkpoint": inspection.checkpoint,
        "bases": [
            {"base": candidate.base.value, "reason": candidate.reason} for candidate in inspection.bases
        ],
        "norms": {
            encoder.name: [round(norm, 4) for norm in encoder.norms] for encoder in inspection.encoders
        },
        "warnings": list(inspection.warnings),
        "digest": inspection.digest,
        "sha256": inspection.sha256,
    }


def _torch_zip(data: bytes) -> tuple[Any, dict[str, bytes]]:
    """Return the object and the raw numbers of its storages by key."""
    records = torch_zip.read(data)
    stream = records["data.pkl"]
    value, end = pickled.read(stream)
    if end != len(stream):
        raise Malformed(f"{len(stream) - end} bytes follow the end of the pickle.", where="data.pkl")
    numbers = {name.removeprefix("data/"): raw for name, raw in records.items() if name.startswith("data/")}
    return value, numbers
