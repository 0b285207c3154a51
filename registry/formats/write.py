"""Writing embeddings for the tools that read them. The same vectors and names always give the same bytes."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from registry.formats import pickle_writer, safetensors, torch_zip
from registry.formats.errors import BadValues, WrongTarget
from registry.formats.hashes import sha256
from registry.formats.names import check_token, label, listed
from registry.formats.sentences import gettext_noop
from registry.formats.targets import Target, targets_for
from registry.formats.types import Encoder

#: No registered type exists for the formats; this one makes browsers save the file.
MEDIA_TYPE = "application/octet-stream"
ZIP_MEDIA_TYPE = "application/zip"
#: Names of the files that diffusers' training scripts write, for the first and second text encoder.
_LEARNED = ("learned_embeds", "learned_embeds_2")
#: The id of ``*`` in CLIP's vocabulary, which AUTOMATIC1111 writes beside the token.
_STAR_ID = 265
#: Characters of a file name without its extension.
_MAX_STEM_CHARACTERS = 100
#: Digits that stand in a file's name for a name in another script.
_STEM_DIGITS = 8
#: Names that mean a device on Windows, whatever follows a dot.
_DEVICE = re.compile(r"^(con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)", re.IGNORECASE)
#: The time of every entry of a zip: the earliest that the format can say, so that bytes do not depend on the clock.
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
#: The largest number that float16 holds.
MAX_FLOAT16 = 65504.0


class Dtype(StrEnum):
    """The precision of the numbers in a written file."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """One file to hand out."""

    filename: str
    data: bytes
    media_type: str = MEDIA_TYPE


def canonical(encoders: Sequence[Encoder], metadata: dict[str, str] | None = None) -> bytes:
    """Safetensors of ``emb_params`` [n, d], or of a tensor for each named text encoder, in float32."""
    return safetensors.write({encoder.name: encoder.vectors for encoder in encoders}, metadata)


def write(
    target: Target,
    encoders: Sequence[Encoder],
    *,
    token: str,
    name: str,
    dtype: str = Dtype.FLOAT32,
    metadata: dict[str, str] | None = None,
) -> list[WrittenFile]:
    """Return the files of an embedding for ``target``: two where diffusers keeps SDXL's text encoders apart.

    ``encoders`` are those of an :class:`Inspection`. ``token`` goes into diffusers' files and ``name`` into file names
    and AUTOMATIC1111's ``.pt``; ``metadata`` only into safetensors. Raises ``WrongTarget``, ``BadToken``, or ``BadValues``
    for numbers beyond float16.
    """
    if dtype not in list(Dtype):
        raise WrongTarget(
            "{dtype} is no precision that files are written in; take {full} or {half}.",
            dtype=listed([dtype]),
            full=Dtype.FLOAT32,
            half=Dtype.FLOAT16,
            where="dtype",
        )
    if target not in list(Target):
        raise WrongTarget(
            "{target} is no format; take one of {known}.",
            target=listed([target]),
            known=", ".join(Target),
            where="target",
        )
    if target not in targets_for(encoders):
        able = ", ".join(targets_for(encoders))
        raise WrongTarget(
            "This embedding cannot be written as {target} without changing what it is. It can be: {able}.",
            target=target,
            able=able,
            where=", ".join(encoder.name for encoder in encoders),
        )
    tensors = {encoder.name: _as_dtype(encoder, Dtype(dtype)) for encoder in encoders}
    match target:
        case Target.DIFFUSERS:
            word, about = check_token(token), {"format": "pt", **(metadata or {})}
            return [
                WrittenFile(f"{learned}.safetensors", safetensors.write({word: vectors}, about))
                for learned, vectors in zip(_LEARNED, tensors.values(), strict=False)
            ]
        case Target.DIFFUSERS_BIN:
            word = check_token(token)
            return [
                WrittenFile(f"{learned}.bin", _torch({word: vectors}))
                for learned, vectors in zip(_LEARNED, tensors.values(), strict=False)
            ]
        case Target.DIFFUSERS_SDXL:
            files = write(Target.DIFFUSERS, encoders, token=token, name=name, dtype=dtype, metadata=metadata)
            return [WrittenFile(f"{stem(name)}.zip", _zip(files), ZIP_MEDIA_TYPE)]
        case Target.A1111_PT:
            return [WrittenFile(f"{stem(name)}.pt", _a1111(tensors, name))]
        case Target.SDCPP:
            return [WrittenFile(f"{stem(name).lower()}.safetensors", safetensors.write(tensors, metadata))]
        case _:
            return [WrittenFile(f"{stem(name)}.safetensors", safetensors.write(tensors, metadata))]


def stem(name: str) -> str:
    """A file name without extension that every system and every tool's prompt grammar takes.

    Of a name in another script nothing may be left: a few digits then tell it from others.
    """
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.")[:_MAX_STEM_CHARACTERS].rstrip("-.")
    if plain:
        return _DEVICE.sub(r"\1-word", plain)
    if not any(character.isalnum() for character in name):
        return "embedding"
    return f"embedding-{sha256(name.encode('utf-8', 'surrogatepass'))[:_STEM_DIGITS]}"


def _as_dtype(encoder: Encoder, dtype: Dtype) -> np.ndarray:
    if dtype == Dtype.FLOAT32:
        return encoder.vectors
    largest = float(np.abs(encoder.vectors).max())
    if largest > MAX_FLOAT16:
        raise BadValues(
            "The largest number, {largest}, is too large for float16, which ends at {limit}.",
            largest=f"{largest:g}",
            limit=f"{MAX_FLOAT16:g}",
            remedy=gettext_noop("Use float32."),
            where=encoder.name,
        )
    return encoder.vectors.astype(np.float16)


def _a1111(tensors: dict[str, np.ndarray], name: str) -> bytes:
    """AUTOMATIC1111's dictionary; for SDXL it has none of its own and reads the two tensors by name."""
    if len(tensors) > 1:
        return _torch(tensors)
    (vectors,) = tensors.values()
    value: pickle_writer.Value = {
        "string_to_token": {"*": _STAR_ID},
        "string_to_param": {"*": _tensor("0", vectors)},
        "name": label(name),
        "step": None,
        "sd_checkpoint": None,
        "sd_checkpoint_name": None,
    }
    return _archive(value, [vectors])


def _torch(tensors: dict[str, np.ndarray]) -> bytes:
    """A torch file of a plain dictionary."""
    value: pickle_writer.Value = {
        name: _tensor(str(index), vectors) for index, (name, vectors) in enumerate(tensors.items())
    }
    return _archive(value, list(tensors.values()))


def _tensor(key: str, vectors: np.ndarray) -> pickle_writer.Tensor:
    return pickle_writer.Tensor(key, vectors.shape, half=vectors.dtype == np.float16)


def _archive(value: pickle_writer.Value, arrays: list[np.ndarray]) -> bytes:
    records = {"data.pkl": pickle_writer.dumps(value)}
    for index, array in enumerate(arrays):
        little = "<f2" if array.dtype == np.float16 else "<f4"
        records[f"data/{index}"] = np.ascontiguousarray(array, dtype=little).tobytes()
    records["version"] = b"3\n"
    return torch_zip.write(records)


def _zip(files: Sequence[WrittenFile]) -> bytes:
    """An ordinary zip, stored, with nothing in it that depends on clock or system."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as target:
        for file in files:
            entry = zipfile.ZipInfo(file.filename, _ZIP_TIME)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            target.writestr(entry, file.data)
    return archive.getvalue()
