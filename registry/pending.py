"""Names that ``registry.formats`` is about to have; this module goes with the change that brings them."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from blake3 import blake3

from registry import formats
from registry.formats import FormatError, Inspection, hashes

try:
    from registry.formats.write import Dtype, targets_for, write
except ImportError:

    class Dtype(StrEnum):  # type: ignore[no-redef]
        FLOAT32 = "float32"
        FLOAT16 = "float16"

    def targets_for(encoders: Sequence[formats.Encoder]) -> list[formats.Target]:
        return list(formats.Target)

    def write(
        target: formats.Target,
        encoders: Sequence[formats.Encoder],
        *,
        token: str,
        name: str,
        dtype: str = Dtype.FLOAT32,
    ) -> list[formats.WrittenFile]:
        if dtype != Dtype.FLOAT32:
            raise FormatError("float16 is not written yet.")
        return formats.write(target, encoders, token=token, name=name)


if hasattr(hashes, "of_file"):
    of_file, FileHashes, EMPTY = hashes.of_file, hashes.FileHashes, hashes.EMPTY
else:

    @dataclass(frozen=True)
    class FileHashes:  # type: ignore[no-redef]
        sha256: str
        autov3: str
        blake3: str
        crc32: str
        checksum16: str

        @property
        def autov2(self) -> str:
            return self.sha256[:10]

    def of_file(data: bytes, encoders: Sequence[formats.Encoder]) -> FileHashes:
        return FileHashes(
            hashes.sha256(data),
            hashes.autov3(data),
            blake3(data).hexdigest(),
            hashes.crc32(data),
            hashes.checksum16(encoders[0].vectors),
        )

    EMPTY = (hashlib.sha256(b"").hexdigest(), blake3(b"").hexdigest(), f"{zlib.crc32(b''):08x}")

try:
    from registry.formats.parts import NamedFile, Part, inspect_files
except ImportError:

    @dataclass(frozen=True)
    class NamedFile:  # type: ignore[no-redef]
        name: str
        data: bytes

    @dataclass(frozen=True)
    class Part:  # type: ignore[no-redef]
        inspection: Inspection
        role: str
        label: str
        sources: tuple[str, ...]

    def inspect_files(files: Sequence[NamedFile]) -> tuple[Part, ...]:
        if len(files) > 1:
            raise FormatError("Several files are not read yet.")
        return (Part(formats.inspect(files[0].data), "", files[0].name.rsplit(".", 1)[0], (files[0].name,)),)


#: The target under which the canonical file is downloaded.
CANONICAL = getattr(formats.Target, "CANONICAL", None) or formats.Target("safetensors")
__all__ = ["CANONICAL", "EMPTY", "Dtype", "FileHashes", "NamedFile", "Part", "inspect_files", "of_file", "targets_for", "write"]
