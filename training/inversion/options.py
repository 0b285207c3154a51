"""What the engine's command line may be told. Imports no torch, so that wrong options are told at once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from training.inversion.config import KINDS, METHOD_NAMES
from training.pocket import info as pocket

#: Shapes of models for the benchmark, as :mod:`training.inversion.benchmark.shapes` has them; importing that takes a while.
SHAPES = ("mid", "sd15", "sdxl")
#: Exit status of wrong input, as argparse has it.
WRONG_INPUT = 2
_DESCRIPTION = (
    "Learn words from images, train again from a receipt, draw with what was learned, measure. Works without the site."
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One sentence instead of the whole usage."""
        self.exit(WRONG_INPUT, f"{message[:1].upper()}{message[1:]}; see {self.prog} --help.\n")


def make_parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    parser = _Parser(prog="python -m training.inversion", description=_DESCRIPTION)
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
    train.add_argument("--early-stop", type=float, metavar="SHARE", help="stop when nothing more is learned, 0.02 say")
    train.add_argument(
        "--captions", type=Path, metavar="FILE", help="a line for each image, in order, with {} for the word"
    )
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

    replay = commands.add_parser("replay", help="train again from a receipt and compare")
    replay.add_argument("receipt", type=Path, metavar="RECEIPT", help="JSON as train --json prints it")
    replay.add_argument(
        "images", nargs="+", type=Path, metavar="IMAGES", help="the same image files, in the same order"
    )
    replay.add_argument("--file", required=True, type=Path, metavar="FILE.safetensors", help="the published vectors")

    preview = commands.add_parser("preview", help="draw a picture with a learned word")
    preview.add_argument("file", type=Path, metavar="FILE")
    preview.add_argument("--prompt", required=True, help="with {} or the word itself where the word goes")
    preview.add_argument("--out", required=True, type=Path, metavar="FILE.png")
    preview.add_argument("--token", help="the word, unless the file says it")
    preview.add_argument("--seed", type=int, default=0)
    preview.add_argument("--steps", type=_positive, help="sampler steps")
    preview.add_argument("--guidance", type=float, help="classifier-free guidance scale")

    bench = commands.add_parser("bench", help="measure pictures a second beside the classic loop")
    bench.add_argument("--widths", type=_widths, default=[1, 2, 4, 8, 16], help="batch widths, for example 1,4,8")
    bench.add_argument("--jobs", type=_widths, default=[], help="also jobs that share a pass, for example 1,4,16")
    bench.add_argument("--parts", action="store_true", help="also where a step's time goes, and memory for each slot")
    bench.add_argument("--reference-script", type=Path, metavar="PATH", help="also run this copy of diffusers' example")
    bench.add_argument("--shape", choices=SHAPES, help="a model of this shape with random weights, instead of --base")
    bench.add_argument("--steps", type=_positive, default=8, help="steps timed in a round")
    bench.add_argument("--json", action="store_true", help="print one JSON object a line")

    for command in (train, replay, preview, bench):
        command.add_argument(
            "--base", default=pocket.NAME, metavar="NAME_OR_PATH", help="a diffusers folder or hub name"
        )
        command.add_argument("--device", help="for example cuda:1; otherwise a GPU where there is one")
    return parser


def _widths(text: str) -> list[int]:
    widths = [int(part) for part in text.split(",") if part.strip().isdecimal()]
    if len(widths) != len(text.split(",")) or not all(widths):
        raise argparse.ArgumentTypeError(f"{text} is not a list of batch widths such as 1,4,8")
    return widths


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is not a positive whole number")
    return int(text)
