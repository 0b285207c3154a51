"""Jobs that share a pass of the UNet learn what they would learn alone."""

from __future__ import annotations

import copy
import dataclasses

import numpy as np
import pytest
import torch
from PIL import Image

from training.inversion import packing
from training.inversion.config import InversionConfig
from training.inversion.data import Latents
from training.inversion.models import encoders_of
from training.inversion.run import Run


def config_with(number, **settings):
    return InversionConfig(
        **{
            "placeholder_token": f"<x{number}>", "kind": ("object", "style")[number % 2], "initialiser": "star gear",
            "seed": number, "steps": 6, "batch_size": 2, "vectors": 1 + number, **settings,
        }
    )  # fmt: skip


def pictures_of(number):
    rng = np.random.default_rng(number)
    return [Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)) for _ in range(2 + number)]


def runs_of(base, numbers=(0, 1, 2), **settings):
    """Fresh runs that differ in everything: images, vectors, templates, seeds, batch sizes."""
    return [
        Run(config_with(number, batch_size=1 + number, **settings), Latents(base, pictures_of(number)), base)
        for number in numbers
    ]


@pytest.fixture(scope="module")
def double_base(base):
    """The tiny model in double precision, where equal sums in another order agree to many digits."""
    pipeline = copy.deepcopy(base.pipeline).to(torch.float64)
    return dataclasses.replace(base, pipeline=pipeline, encoders=encoders_of(pipeline))


def gradients(base, runs):
    for run in runs:
        run.rows.data = run.rows.data.double()
    torch.stack(packing.losses(base, runs)).sum().backward()
    return [run.rows.grad for run in runs]


def test_gradients_are_those_of_each_job_alone(double_base):
    together = gradients(double_base, runs_of(double_base))
    for number, packed in enumerate(together):
        (alone,) = gradients(double_base, runs_of(double_base, [number]))
        assert alone.norm() > 0
        assert (packed - alone).norm() / alone.norm() <= 1e-12


@pytest.mark.parametrize("method", ["ti", "dti"])
def test_jobs_that_join_and_leave_learn_what_they_learn_alone(base, method):
    alone = []
    for number in range(3):
        (run,) = runs_of(base, [number], method=method)
        for _ in range(6):
            packing.step(base, [run])
        alone.append(run.rows.detach().clone())
    first, second, third = runs_of(base, method=method)
    for present in ([first], [first, second], [first, second, third], [third, first], [second, third, first]):
        packing.step(base, present)
    packing.step(base, [first, second, third])
    for _ in range(2):
        packing.step(base, [third, second])
    assert [run.step for run in (first, second, third)] == [6, 6, 6]
    for run, expected in zip((first, second, third), alone, strict=True):
        assert float((run.rows.detach() - expected).norm() / expected.norm()) <= 1e-5


def test_no_job_s_loss_reaches_another_job_s_vectors(base):
    runs = runs_of(base)
    packing.losses(base, runs)[1].backward()
    assert runs[1].rows.grad.abs().sum() > 0
    assert all(float(run.rows.grad.abs().sum()) == 0 for run in (runs[0], runs[2]))


def test_the_width_of_a_pass_is_what_the_jobs_draw(base):
    seen, runs = [], runs_of(base)
    hook = base.pipeline.unet.register_forward_pre_hook(lambda unet, args: seen.append(len(args[0])))
    try:
        packing.step(base, runs)
    finally:
        hook.remove()
    assert seen == [1 + 2 + 3]
