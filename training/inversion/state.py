"""A run between two steps as one small file: to go on from in another process, bit for bit on a processor."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import safetensors.torch

from training.inversion.errors import BadState
from training.inversion.run import Run

#: Raised when what a state holds changes.
VERSION = 5
#: Settings that a run shares with the one that it trains further: others may have been changed meanwhile.
_LASTING = ("placeholder_token", "kind", "initialiser", "vectors", "seed", "captions", "hold_out", "method")
#: Bytes of the SHA-256 at the end: the numbers of a file that rotted would be gone on from without a word.
_DIGEST = hashlib.sha256().digest_size


def dump(run: Run) -> bytes:
    """Return everything that :func:`restore` needs: tens of kilobytes on the pocket model, some 150 with wider vectors."""
    tensors, values = run.state()
    about = {"version": VERSION, "of": _identity(run), "seconds": run.seconds_before + time.monotonic() - run.begun}
    contiguous = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    data = safetensors.torch.save(contiguous, metadata={"state": json.dumps(about | values)})
    return data + hashlib.sha256(data).digest()


def restore(run: Run, data: bytes) -> None:
    """Bring a fresh run to where the state was taken, or the run it trains further had ended.

    Raises :class:`BadState` for another job's, or a damaged one.
    """
    data, digest = data[:-_DIGEST], data[-_DIGEST:]
    if hashlib.sha256(data).digest() != digest:
        raise BadState(
            "The state to go on from is damaged, or of an earlier version. Start the job from the beginning."
        )
    length = int.from_bytes(data[:8], "little")
    values = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["state"])
    if values["version"] != VERSION or not _is_of(run, values["of"], values["step"]):
        raise BadState(
            "The state to go on from is of another job, base model or version. Start the job from the beginning."
        )
    run.restore(safetensors.torch.load(data), values)
    run.seconds_before = values["seconds"]


def _is_of(run: Run, of: dict[str, Any], step: int) -> bool:
    """Whether a state is this run's own, or the end of the run that it trains further."""
    mine = _identity(run)
    if of == mine or not run.config.further or step != run.config.start:
        return of == mine
    lasting = [{name: one["config"][name] for name in _LASTING} for one in (of, mine)]
    return lasting[0] == lasting[1] and of | {"config": None} == mine | {"config": None}


def _identity(run: Run) -> dict[str, Any]:
    """What must be the same for the numbers to go on as if nothing had happened."""
    config = json.loads(json.dumps(run.config.to_dict()))
    del config["preview_strengths"]  # changes no number, and states are older than the setting
    return {"config": config, "base": run.base.fingerprint, "images": run.latents.digest, "from": run.continued_from}
