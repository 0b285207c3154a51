"""A run between two steps as one small file: to go on from in another process, bit for bit on a processor."""

from __future__ import annotations

import json
import time
from typing import Any

import safetensors.torch
from safetensors import SafetensorError

from training.inversion.errors import BadState
from training.inversion.run import Run

#: Raised when what a state holds changes.
VERSION = 3


def dump(run: Run) -> bytes:
    """Return everything that :func:`restore` needs: some tens of kilobytes."""
    tensors, values = run.state()
    about = {"version": VERSION, "of": _identity(run), "seconds": run.seconds_before + time.monotonic() - run.begun}
    contiguous = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    return safetensors.torch.save(contiguous, metadata={"state": json.dumps(about | values)})


def restore(run: Run, data: bytes) -> None:
    """Bring a fresh run to where the state was taken. Raises :class:`BadState` for another job's, or a damaged one."""
    try:
        tensors = safetensors.torch.load(data)
        length = int.from_bytes(data[:8], "little")
        values = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["state"])
        version, of = values["version"], values["of"]
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise BadState("The state to go on from is damaged. Start the job from the beginning.") from error
    if version != VERSION or of != _identity(run):
        raise BadState(
            "The state to go on from is of another job, base model or version. Start the job from the beginning."
        )
    run.restore(tensors, values)
    run.seconds_before = values["seconds"]


def _identity(run: Run) -> dict[str, Any]:
    """What must be the same for the numbers to go on as if nothing had happened."""
    config = json.loads(json.dumps(run.config.to_dict()))
    return {"config": config, "base": run.base.fingerprint, "images": run.latents.digest, "from": run.continued_from}
