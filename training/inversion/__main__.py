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
from typing import Any

from training.inversion.callbacks import Stage
from training.inversion.config import InversionConfig
from training.inversion.errors import BadConfig, BadImages, BadReceipt, InversionError
from training.inversion.files import temporary_for
from training.inversion.findings import Level, examine
from training.inversion.options import WRONG_INPUT, make_parser
from training.inversion.terminal import ToTerminal
from training.pocket import info as pocket

#: Pictures that each of the jobs that share a pass draws in the benchmark.
PACKED_BATCH = 1
#: Settings that the command line may leave to the base model's or the engine's defaults.
OPTIONAL = (
    "vectors", "steps", "learning_rate", "batch_size", "flip_probability", "seed", "method", "probe", "min_snr", "average",
    "outside_weight", "early_stop",
)  # fmt: skip
#: Exit status after Ctrl-C, as shells have it.
INTERRUPTED = 130


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
    if options.captions:
        settings["captions"] = _read_text(options.captions).splitlines()
    config = InversionConfig.from_dict({**defaults_of(options.base), **settings})
    _check_out(options.out, ".safetensors")
    if options.state:
        _check_file(options.state, "state")

    # Torch comes with these; wrong options are told without it.
    from training.inversion.checkpoint import load_embedding, save_embedding
    from training.inversion.images import read_images
    from training.inversion.loop import train
    from training.inversion.models import load_base
    from training.inversion.scores import Scorer

    images = read_images(options.images)
    for folder in filter(None, (options.previews, options.snapshots)):
        folder.mkdir(parents=True, exist_ok=True)
    resume = options.state.read_bytes() if options.state and options.state.exists() else None
    initial = load_embedding(options.initial)[0] if options.initial else None
    if initial is not None and options.vectors is None:
        config = dataclasses.replace(config, vectors=len(initial))
    with ToTerminal(options.previews, options.state) as callbacks:
        callbacks.on_stage(Stage.LOADING)
        base = load_base(options.base, device=options.device)
        scorers = [Scorer(folder, device=options.device) for folder in options.score]
        for finding in examine(images, resolution=base.resolution, kind=config.kind, captions=config.captions or ()):
            if finding.level == Level.REFUSE:
                raise BadImages(finding.message)
            print(f"{finding.level}: {finding.message}", file=sys.stderr)
        result = train(config, images, base=base, callbacks=callbacks, resume=resume, initial=initial, scorers=scorers)
    save_embedding(options.out, result.vectors, result.metadata)
    if options.snapshots:
        for snapshot in result.snapshots:
            path = options.snapshots / f"{options.out.stem}-{snapshot.step:05}.safetensors"
            save_embedding(path, snapshot.vectors, result.metadata | {"steps": str(snapshot.step)})
    if options.state:
        options.state.unlink(missing_ok=True)
    if options.json:
        digest = hashlib.sha256(options.out.read_bytes()).hexdigest()
        print(json.dumps({"file": options.out.name, "sha256": digest, **result.receipt}))
    else:
        loss, seconds = result.receipt["loss"], result.receipt["seconds"]
        print(_seen(f"{options.out.name}: {config.placeholder_token}, loss {loss}, {seconds} s."))


def run_replay(options: argparse.Namespace) -> None:
    """Train again and print how near the vectors come to the published ones."""
    try:
        receipt = json.loads(options.receipt.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadReceipt(f"{options.receipt.name} is no JSON: give what train --json printed.") from error

    from training.inversion.checkpoint import load_embedding
    from training.inversion.images import read_images
    from training.inversion.models import load_base
    from training.inversion.replay import cosines, replay

    published, _ = load_embedding(options.file)
    images = read_images(options.images)
    with ToTerminal() as callbacks:
        base = load_base(options.base, device=options.device)
        again = replay(receipt, images, base=base, callbacks=callbacks)
    values = cosines(published, again.vectors)
    print(json.dumps({"cosines": [round(value, 6) for value in values], "least": round(min(values), 6)}))


def run_preview(options: argparse.Namespace) -> None:
    """Draw one picture through the loader that everybody uses."""
    _check_out(options.out, ".png")

    from training.inversion.checkpoint import load_embedding, through_public_loader
    from training.inversion.models import load_base
    from training.inversion.provenance import save_drawn
    from training.inversion.sampler import draw
    from training.inversion.tokens import check_new, without_room

    vectors, about = load_embedding(options.file)
    token = options.token or about.get("token") or f"<{'-'.join(options.file.stem.lower().split())}>"
    template = options.prompt.replace(token, "{}")
    if "{}" not in template:
        raise BadConfig("prompt", f"The prompt holds neither {{}} nor {token}, so the picture would not show it.")
    settings = {"preview_steps": options.steps, "guidance_scale": options.guidance}
    config = InversionConfig.from_dict(
        {
            **defaults_of(options.base),
            **{name: value for name, value in settings.items() if value is not None},
            "placeholder_token": token, "kind": "object", "initialiser": "thing",
            "preview_prompts": (template,), "preview_seeds": (options.seed,),
        }
    )  # fmt: skip
    base = load_base(options.base, device=options.device)
    check_new(base.tokenizer, token)
    prompt = template.replace("{}", token)
    if without_room(base.tokenizer, [prompt], token, len(vectors)):
        raise BadConfig("prompt", f"{token} falls beyond what {base.name} reads of so long a prompt. Shorten it.")
    told = through_public_loader(base, options.file, token, [prompt])
    image = next(draw(base, told, [options.seed], steps=config.preview_steps, guidance_scale=config.guidance_scale))
    drawn_with = {"steps": config.preview_steps, "guidance_scale": config.guidance_scale}
    save_drawn(image, options.out, prompt=prompt, seed=options.seed, **drawn_with)
    print(_seen(f"{options.out.name}: {prompt}, seed {options.seed}."))


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
    _check_file(path, "out")


def _check_file(path: Path, option: str) -> None:
    """Raise :class:`BadConfig` for a file that cannot be written, which a file beside it tells."""
    if not path.absolute().parent.is_dir() or path.is_dir():
        raise BadConfig(option, f"{path} cannot be written: its folder does not exist, or it is a folder itself.")
    beside = temporary_for(path)
    try:
        beside.touch()
        beside.unlink()
    except OSError as error:
        reason = error.strerror or error
        raise BadConfig(option, f"{path} cannot be written: {reason}. Give --{option} another place.") from error


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadConfig("captions", f"{path.name} is no text in UTF-8.") from error


def _seen(text: str) -> str:
    """A text that may come from a stranger's file, without what a terminal would obey or not be able to show."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


COMMANDS = {"train": run_train, "replay": run_replay, "preview": run_preview, "bench": run_bench}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = make_parser().parse_args(arguments)
    try:
        COMMANDS[options.command](options)
    except InversionError as error:
        print(_seen(error.message), file=sys.stderr)
        return WRONG_INPUT
    except OSError as error:
        reason = error.strerror or error
        print(_seen(f"{error.filename or 'A file'} could not be used: {reason}."), file=sys.stderr)
        return WRONG_INPUT
    except KeyboardInterrupt:
        state = getattr(options, "state", None)
        kept = f" The same command goes on from {state.name}." if state and state.exists() else ""
        print(_seen(f"Stopped before it finished.{kept}"), file=sys.stderr)
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
