"""``python -m training.pocket build | sheet | evaluate | fidelity | planted | ceiling``: make, look at and measure the pocket model."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from training.pocket.info import WEIGHTS

#: Where checkpoints lie between two runs of the build.
WORK = Path("var/pocket")


def main() -> None:
    """Read the command line and do as it says."""
    parser = argparse.ArgumentParser(prog="python -m training.pocket", description=__doc__)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="processor threads to use")
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="train the model, or go on training; safe to stop and start again")
    build.add_argument("--work", type=Path, default=WORK, help="folder of the checkpoints")
    build.add_argument("--out", type=Path, default=WEIGHTS, help="folder to publish to")
    build.add_argument("--vae-minutes", type=float, default=40)
    build.add_argument("--text-minutes", type=float, default=4)
    build.add_argument("--unet-minutes", type=float, default=120)
    sheet = commands.add_parser("sheet", help="draw a sheet of pictures for a list of prompts")
    sheet.add_argument("--model", type=Path, default=WEIGHTS)
    sheet.add_argument("--out", type=Path, required=True)
    evaluate = commands.add_parser("evaluate", help="teach unseen concepts and count how often they are recognised")
    evaluate.add_argument("--model", type=Path, default=WEIGHTS)
    evaluate.add_argument("--seeds", type=int, default=3)
    evaluate.add_argument("--pictures", type=int, default=16, help="pictures drawn for each concept and seed")
    evaluate.add_argument("--concepts", nargs="*", help="names of concepts; all by default")
    evaluate.add_argument("--work", type=Path, default=WORK, help="folder that keeps the judge")
    planted = commands.add_parser("planted", help="teach words that the model knows, and see how much of them is found")
    planted.add_argument("--model", type=Path, default=WEIGHTS)
    fidelity = commands.add_parser("fidelity", help="our loop beside the classic one, at equal work and at a tenth")
    fidelity.add_argument("--model", type=Path, default=WEIGHTS)
    fidelity.add_argument("--pictures", type=int, default=32, help="pictures drawn for each concept and loop")
    fidelity.add_argument("--out", type=Path, default=WORK / "fidelity.png", help="grid of pictures to look at")
    fidelity.add_argument("--work", type=Path, default=WORK, help="folder that keeps the judge")
    ceiling = commands.add_parser("ceiling", help="what inversion could reach at best; needs the build's checkpoints")
    ceiling.add_argument("--model", type=Path, default=WEIGHTS)
    ceiling.add_argument("--pictures", type=int, default=16, help="pictures drawn for each concept")
    ceiling.add_argument("--work", type=Path, default=WORK, help="folder of the checkpoints and the judge")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    match options.command:
        case "build":
            from training.pocket.build import build as run

            run(
                options.work,
                options.out,
                vae_minutes=options.vae_minutes,
                text_minutes=options.text_minutes,
                unet_minutes=options.unet_minutes,
            )
        case "sheet":
            from training.pocket.sheet import draw_sheet

            draw_sheet(options.model, options.out)
        case "ceiling":
            from training.pocket.ceiling import ceiling as run_ceiling

            run_ceiling(options.model, options.work, pictures=options.pictures)
        case "planted":
            from training.pocket.planted import planted as teach

            for line in teach(options.model):
                print(json.dumps(line), flush=True)
        case "fidelity":
            from training.pocket.fidelity import fidelity as measure

            for line in measure(options.model, options.work, options.out, pictures=options.pictures):
                print(json.dumps(line), flush=True)
        case "evaluate":
            from training.pocket.evaluate import evaluate as run_evaluation

            run_evaluation(
                options.model, options.work, seeds=options.seeds, pictures=options.pictures, names=options.concepts
            )


if __name__ == "__main__":
    main()
