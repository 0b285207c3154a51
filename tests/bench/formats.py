"""Inspections of typical embedding files beside what torch, safetensors and Pillow take for the same bytes; each layout; worst files."""

from __future__ import annotations

import io
import statistics
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import safetensors.numpy
import torch
from PIL import Image

from registry.formats import NamedFile, Target, inspect, inspect_files, write
from registry.formats.inspection import read
from tests.bench.report import report
from tests.registry.formats import builders as make
from tests.registry.formats import pictures as images
from tests.registry.formats.test_layouts import CASES

#: Runs of each measurement, of which the middle one counts, and seconds of one run.
RUNS = 5
RUN_SECONDS = 0.3
#: Goal for every typical file.
GOAL_MILLISECONDS = 5.0


def saved(value: object, **options: object) -> bytes:
    """What torch itself writes."""
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


def a1111(rows: int) -> dict[str, object]:
    """The dictionary that A1111 saves."""
    vectors = torch.from_numpy(make.vectors(rows))
    return {"string_to_token": {"*": 265}, "string_to_param": {"*": vectors}, "name": "koi", "step": 900,
            "sd_checkpoint": "cc6cb27103", "sd_checkpoint_name": "v1-5-pruned"}  # fmt: skip


def picture(rows: int, width: int = 768) -> bytes:
    """A picture as A1111 makes it: the embedding in its text and in its pixels."""
    raw = images.as_json(make.vectors(rows, width))
    return images.png(images.hiding(raw, 512), images.text(raw))


def typical() -> dict[str, tuple[bytes, Callable[[bytes], object], str]]:
    """Name → (bytes, another reader of them, its name). 4 to 50 KB, pictures larger."""

    def by_torch(data: bytes) -> object:
        return torch.load(io.BytesIO(data), weights_only=True)

    def by_pillow(data: bytes) -> object:
        return Image.open(io.BytesIO(data)).load()

    vectors, big = make.vectors(4), make.vectors(4, 1280)
    pt, tensors, pillow = "torch.load(weights_only=True)", "safetensors.numpy.load", "PIL.Image.load"
    loaded = safetensors.numpy.load
    return {
        "A1111 .pt, 4 vectors": (saved(a1111(4)), by_torch, pt),
        "A1111 .pt, 16 vectors": (saved(a1111(16)), by_torch, pt),
        "A1111 .pt before torch 1.6, 4 vectors": (saved(a1111(4), _use_new_zipfile_serialization=False), by_torch, pt),
        "diffusers .bin, 1 vector": (saved({"<cat>": torch.from_numpy(make.vectors(1)[0])}), by_torch, pt),
        "diffusers .bin, 4 vectors": (saved({"<cat>": torch.from_numpy(vectors)}), by_torch, pt),
        "SDXL .pt, 4 vectors": (
            saved({"clip_l": torch.from_numpy(vectors), "clip_g": torch.from_numpy(big)}),
            by_torch,
            pt,
        ),
        "kohya .safetensors, 4 vectors": (safetensors.numpy.save({"emb_params": vectors}), loaded, tensors),
        "kohya .safetensors, 16 vectors": (safetensors.numpy.save({"emb_params": make.vectors(16)}), loaded, tensors),
        "SDXL .safetensors, 4 vectors": (safetensors.numpy.save({"clip_l": vectors, "clip_g": big}), loaded, tensors),
        "A1111 picture, 4 vectors, 512 px": (picture(4), by_pillow, pillow),
    }


def layouts() -> dict[str, bytes]:
    """A file of each layout, by its name, with one to three vectors."""
    found = {layout: data for data, _, layout, *_ in reversed(CASES.values())}
    encoders = inspect(found["sdxl"]).encoders
    (archive,) = write(Target.DIFFUSERS_SDXL, encoders, token="<koi>", name="koi")
    bundled = {f"bundle_emb.koi.{encoder.name}": encoder.vectors for encoder in encoders}
    weight = {"lora_unet_mid.lora_down.weight": make.vectors(1)}
    return found | {"diffusers-sdxl": archive.data, "bundle": make.safetensors(bundled | weight)}


def worst() -> dict[str, bytes]:
    """The largest files that are accepted, by container."""
    tall = {
        name: make.vectors(256, width)
        for name, width in (("clip_l", 768), ("clip_g", 1280), ("t5xxl", 4096), ("llama", 4096))
    }
    doubles = {name: tall[name].astype(np.float64) for name in ("clip_l", "clip_g", "t5xxl")}
    return {
        "HiDream .safetensors, 256 vectors": make.safetensors(tall),
        "SD3 .pt of doubles, 256 vectors": saved({name: torch.from_numpy(array) for name, array in doubles.items()}),
        "A1111 picture, 250 vectors of 1,024 as text": picture(250, 1024),
    }


def milliseconds(action: Callable[[], object]) -> float:
    """The middle one of several runs, each the mean of as many calls as fit."""
    action()
    runs = []
    for _ in range(RUNS):
        calls, begun = 0, time.perf_counter()
        while (spent := time.perf_counter() - begun) < RUN_SECONDS:
            action()
            calls += 1
        runs.append(1000 * spent / calls)
    return statistics.median(runs)


def peak_mib(action: Callable[[], object]) -> float:
    """The most memory a call had of its own at one time."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def main() -> None:
    """Measure both kinds of files."""
    torch.set_num_threads(1)
    for name, (data, other, other_name) in typical().items():
        ours, reading = milliseconds(lambda data=data: inspect(data)), milliseconds(lambda data=data: read(data))
        theirs = milliseconds(lambda data=data, other=other: other(data))
        report("inspect", file=name, bytes=len(data), milliseconds=round(ours, 3), per_second=round(1000 / ours),
               reading_milliseconds=round(reading, 3), beside=other_name, beside_milliseconds=round(theirs, 3),
               ratio=round(theirs / ours, 2), ratio_reading=round(theirs / reading, 2), goal_milliseconds=GOAL_MILLISECONDS)  # fmt: skip
    for layout, data in layouts().items():
        ours = milliseconds(lambda data=data: inspect_files([NamedFile("koi", data)]))
        report("inspect-layout", layout=layout, bytes=len(data), milliseconds=round(ours, 3),
               per_second=round(1000 / ours), goal_milliseconds=GOAL_MILLISECONDS)  # fmt: skip
    for name, data in worst().items():
        action = lambda data=data: inspect(data)  # noqa: E731
        report(
            "inspect-worst",
            file=name,
            bytes=len(data),
            milliseconds=round(milliseconds(action), 1),
            peak_mib=round(peak_mib(action), 1),
        )


if __name__ == "__main__":
    main()
