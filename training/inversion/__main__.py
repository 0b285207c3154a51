"""The engine's command line: ``python -m training.inversion train | replay | preview | bench``. Works without the site."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NoReturn

from training.inversion.callbacks import Stage
from training.inversion.config import KINDS, METHOD_NAMES, InversionConfig
from training.inversion.errors import BadConfig, BadImages, BadReceipt, InversionError
from training.inversion.findings import Level, examine
from training.inversion.terminal import ToTerminal
from training.pocket import info as pocket

#: Shapes of models for the benchmark, as :mod:`training.inversion.benchmark.shapes` has them; importing that takes a while.
SHAPES = ("mid", "sd15", "sdxl")
#: Pictures that each of the jobs that share a pass draws in the benchmark.
PACKED_BATCH = 1
#: Settings that the command line may leave to the base model's or the engine's defaults.
OPTIONAL = (
    "vectors", "steps", "learning_rate", "batch_size", "flip_probability", "seed", "method", "probe", "min_snr", "average",
    "outside_weight",
)  # fmt: skip
#: Exit status of wrong input, as argparse has it.
WRONG_INPUT = 2
#: Exit status after Ctrl-C, as shells have it.
INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One sentence instead of the whole usage."""
        self.exit(WRONG_INPUT, f"{message[:1].upper()}{message[1:]}; see {self.prog} --help.\n")


def make_parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    parser = _Parser(prog="python -m training.inversion", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="train|replay|preview|bench")

    train = commands.add_parser("train", help="learn a word from images")
    train.add_argument("images", nargs="+", type=Path, metavar="IMAGES", help="image files, or folders of them")
    train.add_argument("--token", required=True, help="the new word, for example '<my-cat>'")
    train.add_argument("--kind", required=True, choices=KINDS)
    train.add_argument("--init", required=True, metavar="WORDS", help="words to start from, for example toy")
    train.add_argument("--out", required=True, type=Path, metavar="FILE.safetensors")
    train.add_argument("--vectors", type=int, help="vectors the word is worth")
    train.add_argument("--steps", type=int, help="optimiser steps")
    train.add_argument("--learning-rate", type=float)
    train.add_argument("--batch-size", type=int, help="pictures an optimiser step")
    train.add_argument("--flip-probability", type=float, help="how often an image is shown mirrored, 0 to 1")
    train.add_argument("--seed", type=int)
    train.add_argument("--method", choices=METHOD_NAMES, help="how the vectors move")
    train.add_argument(
        "--continue", dest="initial", type=Path, metavar="FILE", help="start from the vectors of this file"
    )
    train.add_argument("--probe", action="store_true", default=None, help="look for the best word to start from")
    train.add_argument(
        "--min-snr", type=float, metavar="LIMIT", help="limit of a timestep's signal-to-noise ratio, 5 say"
    )
    train.add_argument("--average", type=float, metavar="DECAY", help="hand out a running mean of the vectors")
    train.add_argument("--outside-weight", type=float, help="weight of the loss where images are transparent, 0 to 1")
    train.add_argument(
        "--score", action="append", default=[], type=Path, metavar="FOLDER", help="CLIP or DINO; repeatable"
    )
    train.add_argument("--state", type=Path, metavar="FILE", help="keep the run here, and go on from it after a stop")
    train.add_argument("--previews", type=Path, metavar="FOLDER", help="draw previews into this folder")
    train.add_argument(
        "--snapshots", type=Path, metavar="FOLDER", help="also write the vectors along the way, to choose from"
    )
    train.add_argument("--json", action="store_true", help="print one JSON object with the receipt")
    train.set_defaults(run=run_train)

    replay = commands.add_parser("replay", help="train again from a receipt and compare")
    replay.add_argument("receipt", type=Path, metavar="RECEIPT", help="JSON as train --json prints it")
    replay.add_argument(
        "images", nargs="+", type=Path, metavar="IMAGES", help="the same image files, in the same order"
    )
    replay.add_argument("--file", required=True, type=Path, metavar="FILE.safetensors", help="the published vectors")
    replay.set_defaults(run=run_replay)

    preview = commands.add_parser("preview", help="draw a picture with a learned word")
    preview.add_argument("file", type=Path, metavar="FILE")
    preview.add_argument("--prompt", required=True, help="with {} or the word itself where the word goes")
    preview.add_argument("--out", required=True, type=Path, metavar="FILE.png")
    preview.add_argument("--token", help="the word, unless the file says it")
    preview.add_argument("--seed", type=int, default=0)
    preview.add_argument("--steps", type=_positive, help="sampler steps")
    preview.add_argument("--guidance", type=float, help="classifier-free guidance scale")
    preview.set_defaults(run=run_preview)

    bench = commands.add_parser("bench", help="measure pictures a second beside the classic loop")
    bench.add_argument("--widths", type=_widths, default=[1, 2, 4, 8, 16], help="batch widths, for example 1,4,8")
    bench.add_argument("--jobs", type=_widths, default=[], help="also jobs that share a pass, for example 1,4,16")
    bench.add_argument("--parts", action="store_true", help="also where a step's time goes, and memory for each slot")
    bench.add_argument("--reference-script", type=Path, metavar="PATH", help="also run this copy of diffusers' example")
    bench.add_argument("--shape", choices=SHAPES, help="a model of this shape with random weights, instead of --base")
    bench.add_argument("--steps", type=_positive, default=8, help="steps timed in a round")
    bench.add_argument("--json", action="store_true", help="print one JSON object a line")
    bench.set_defaults(run=run_bench)

    for command in (train, replay, preview, bench):
        command.add_argument(
            "--base", default=pocket.NAME, metavar="NAME_OR_PATH", help="a diffusers folder or hub name"
        )
        command.add_argument("--device", help="for example cuda:1; otherwise a GPU where there is one")
    return parser


def run_train(options: argparse.Namespace) -> None:
    """Train, and write the file when all went well."""
    settings: dict[str, Any] = {
        "placeholder_token": options.token,
        "kind": options.kind,
        "initialiser": options.init,
    }
    if options.previews is None:
        settings["preview_prompts"] = ()
    elif options.base == pocket.NAME:
        settings["preview_prompts"] = pocket.PREVIEW_PROMPTS[options.kind]
    for field in OPTIONAL:
        if getattr(options, field) is not None:
            settings[field] = getattr(options, field)
    config = InversionConfig.from_dict({**defaults_of(options.base), **settings})
    _check_out(options.out, ".safetensors")

    # Torch comes with these; wrong options are told without it.
    from training.inversion.checkpoint import load_embedding, save_embedding
    from training.inversion.images import read_images
    from training.inversion.loop import train
    from training.inversion.models import load_base
    from training.inversion.scores import Scorer

    images = read_images(options.images)
    callbacks = ToTerminal(options.previews, options.state)
    resume = options.state.read_bytes() if options.state and options.state.exists() else None
    initial = load_embedding(options.initial)[0] if options.initial else None
    if initial is not None and options.vectors is None:
        config = dataclasses.replace(config, vectors=len(initial))
    callbacks.on_stage(Stage.LOADING)
    base = load_base(options.base, device=options.device)
    scorers = [Scorer(folder, device=options.device) for folder in options.score]
    for finding in examine(images, resolution=base.resolution, kind=config.kind):
        if finding.level == Level.REFUSE:
            raise BadImages(finding.message)
        print(f"{finding.level}: {finding.message}", file=sys.stderr)
    result = train(config, images, base=base, callbacks=callbacks, resume=resume, initial=initial, scorers=scorers)
    save_embedding(options.out, result.vectors, result.metadata)
    if options.snapshots:
        options.snapshots.mkdir(parents=True, exist_ok=True)
        for snapshot in result.snapshots:
            path = options.snapshots / f"{options.out.stem}-{snapshot.step:05}.safetensors"
            save_embedding(path, snapshot.vectors, result.metadata | {"steps": str(snapshot.step)})
    if options.state:
        options.state.unlink(missing_ok=True)
    if options.json:
        digest = hashlib.sha256(options.out.read_bytes()).hexdigest()
        print(json.dumps({"file": options.out.name, "sha256": digest, **result.receipt}))
    else:
        print(
            f"{options.out.name}: {config.placeholder_token}, loss {result.receipt['loss']}, {result.receipt['seconds']} s."
        )


def run_replay(options: argparse.Namespace) -> None:
    """Train again and print how near the vectors come to the published ones."""
    try:
        receipt = json.loads(options.receipt.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadReceipt(f"{options.receipt.name} is no JSON.") from error

    from training.inversion.checkpoint import load_embedding
    from training.inversion.images import read_images
    from training.inversion.models import load_base
    from training.inversion.replay import cosines, replay

    published, _ = load_embedding(options.file)
    again = replay(
        receipt,
        read_images(options.images),
        base=load_base(options.base, device=options.device),
        callbacks=ToTerminal(None),
    )
    values = cosines(published, again.vectors)
    print(json.dumps({"cosines": [round(value, 6) for value in values], "least": round(min(values), 6)}))


def run_preview(options: argparse.Namespace) -> None:
    """Draw one picture through the loader that everybody uses."""
    _check_out(options.out, ".png")
    settings = {field.name: field.default for field in dataclasses.fields(InversionConfig)} | defaults_of(options.base)
    steps = settings["preview_steps"] if options.steps is None else options.steps
    guidance = settings["guidance_scale"] if options.guidance is None else options.guidance

    from training.inversion.checkpoint import load_embedding, through_public_loader
    from training.inversion.models import load_base
    from training.inversion.sampler import draw
    from training.inversion.tokens import check_new

    token = options.token or load_embedding(options.file)[1].get("token") or f"<{options.file.stem}>"
    prompt = options.prompt.replace("{}", token)
    if token not in prompt:
        raise BadConfig("prompt", f"The prompt holds neither {{}} nor {token}, so the picture would not show it.")
    base = load_base(options.base, device=options.device)
    check_new(base.tokenizer, token)
    states = through_public_loader(base, options.file, token, [prompt])
    image = next(draw(base, states, [options.seed], steps=steps, guidance_scale=guidance))
    image.save(options.out)
    print(f"{options.out.name}: {prompt}, seed {options.seed}.")


def run_bench(options: argparse.Namespace) -> None:
    """Print a line for each batch width, and for each number of jobs."""
    from training.inversion.benchmark.measure import in_words, measure, measure_parts, pictures_for
    from training.inversion.benchmark.script import measure_script
    from training.inversion.benchmark.shapes import make_shape
    from training.inversion.models import load_base, resolve

    if options.shape:
        base = make_shape(options.shape, device=options.device)
    else:
        base = load_base(options.base, device=options.device)
    cases = [(1, width) for width in options.widths] + [(jobs, PACKED_BATCH) for jobs in options.jobs]
    lines = measure(base, cases=cases, steps=options.steps)
    parts = measure_parts(base, widths=options.widths if options.parts else [], steps=options.steps)
    script: Iterator[dict[str, Any]] = iter(())
    if options.reference_script:
        if options.shape:
            raise BadConfig("reference_script", "The script reads a model from a folder or the hub: leave --shape out.")
        model, pictures = resolve(options.base), pictures_for(base)
        script = measure_script(
            options.reference_script, model, base, pictures, widths=options.widths, steps=options.steps
        )
    for line in chain(lines, parts, script):
        print(json.dumps(line) if options.json else in_words(line), flush=True)


def defaults_of(base: str) -> dict[str, Any]:
    """Settings that suit a base model better than the general ones."""
    return dict(pocket.DEFAULTS) if base == pocket.NAME else {}


def _check_out(path: Path, suffix: str) -> None:
    """Find out before the work, not after it, that the result cannot be written."""
    if path.suffix != suffix:
        raise BadConfig("out", f"The name of --out ends in {suffix}; {path.name} does not.")
    if not path.absolute().parent.is_dir() or path.is_dir():
        raise BadConfig("out", f"{path} cannot be written: its folder does not exist, or it is a folder itself.")


def _widths(text: str) -> list[int]:
    widths = [int(part) for part in text.split(",") if part.strip().isdecimal()]
    if len(widths) != len(text.split(",")) or not all(widths):
        raise argparse.ArgumentTypeError(f"{text} is not a list of batch widths such as 1,4,8")
    return widths


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is not a positive whole number")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = make_parser().parse_args(arguments)
    try:
        options.run(options)
    except InversionError as error:
        print(error.message, file=sys.stderr)
        return WRONG_INPUT
    except OSError as error:
        print(f"{error.filename or 'A file'} could not be used: {error.strerror or error}.", file=sys.stderr)
        return WRONG_INPUT
    except KeyboardInterrupt:
        print("Stopped before it finished; nothing was written.", file=sys.stderr)
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
