"""Sessions that join, train together and leave: each ends as it would alone, whatever becomes of the others."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from training.inversion import packing, state
from training.inversion.callbacks import Callbacks
from training.inversion.config import InversionConfig
from training.inversion.errors import Cancelled, NoRoom, OutOfMemory, TrainingDiverged
from training.inversion.loop import train
from training.inversion.pack import Pack
from training.inversion.session import Session


def config_with(number, **settings):
    return InversionConfig(
        **{
            "placeholder_token": f"<x{number}>", "kind": ("object", "style")[number % 2], "initialiser": "star gear",
            "seed": number, "steps": 12, "batch_size": 2, "vectors": 1 + number, "progress_every": 2,
            "preview_steps": 2, "preview_seeds": (number,), "preview_at": (0.5,), "evaluate_every": 4, **settings,
        }
    )  # fmt: skip


def pictures_of(number):
    rng = np.random.default_rng(number)
    return [Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)) for _ in range(2 + number)]


class Told(Callbacks):
    """Remembers what it was told; does something else when told to."""

    def __init__(self, **does):
        self.progress, self.previews, self.does, self.states = [], [], does, []

    def on_progress(self, progress):
        self.progress.append(progress)
        self.does.get("progress", lambda step: None)(progress.step)

    def on_preview(self, preview):
        self.previews.append(preview)
        self.does.get("preview", lambda step: None)(preview.step)

    def on_state(self, data, step):
        self.states.append((step, data))

    def should_stop(self):
        return self.does.get("stop", lambda: False)()


def session(base, number, told=None, resume=None, **settings):
    return Session(config_with(number, **settings), pictures_of(number), base, told or Told(), resume)


def run_to_the_end(pack, *, joining=()):
    """Step until all have ended; ``joining`` are (after how many steps, session). Return the members by their number."""
    ended, steps, waiting = {}, 0, list(joining)
    while pack.members or waiting:
        while waiting and waiting[0][0] <= steps:
            pack.join(waiting.pop(0)[1])
        for member in pack.step():
            ended[member.session.config.seed] = member
        steps += 1
        assert steps < 100
    return ended


def test_jobs_that_join_while_others_train_end_as_they_would_alone(base):
    alone = {number: train(config_with(number), pictures_of(number), base=base) for number in range(3)}
    pack = Pack(base, slots=6)
    told = [Told() for _ in range(3)]
    ended = run_to_the_end(pack, joining=[(7 * number, session(base, number, told[number])) for number in range(3)])
    for number, lone in alone.items():
        packed = ended[number].result()
        np.testing.assert_allclose(packed.vectors, lone.vectors, rtol=0, atol=1e-5)
        assert packed.receipt["best_step"] == lone.receipt["best_step"]
        assert [progress.step for progress in told[number].progress] == [2, 4, 6, 8, 10, 12]
        previews = [(preview.step, preview.prompt, preview.seed) for preview in told[number].previews]
        assert [step for step, _, _ in previews] == [6] * 2 + [12] * 4
        assert all(seed == number and ("star gear" in text or f"<x{number}>" in text) for _, text, seed in previews)


@pytest.mark.parametrize("first_alone", [0, 2])
def test_at_a_fixed_width_a_job_gets_the_same_bits_whoever_else_is_there(base, first_alone):
    """In whatever slots: those of a job that left are taken again."""

    def vectors(pack, joining):
        return {number: member.result().vectors for number, member in run_to_the_end(pack, joining=joining).items()}

    lone = {}
    for number in range(3):
        lone |= vectors(Pack(base, slots=6, fixed=True), [(0, session(base, number))])
    order = [(0, 1), (3, 0), (5, 2)] if first_alone else [(0, 0), (0, 1), (1, 2)]
    joining = [(step, session(base, number)) for step, number in order]
    together = vectors(Pack(base, slots=6, fixed=True), joining)
    for number in range(3):
        assert together[number].tobytes() == lone[number].tobytes()


def test_every_pass_of_a_fixed_width_has_it(base):
    widths = []
    hook = base.pipeline.unet.register_forward_pre_hook(lambda unet, args: widths.append(len(args[0])))
    try:
        run_to_the_end(Pack(base, slots=5, fixed=True), joining=[
            (0, session(base, 0, preview_prompts=(), evaluate_every=100)),
            (3, session(base, 1, preview_prompts=(), evaluate_every=100)),
        ])  # fmt: skip
    finally:
        hook.remove()
    assert set(widths) == {5, 16}  # and the looks at the fixed loss after the last steps


def test_a_run_stopped_in_company_goes_on_alone_to_the_same_bits(base):
    """At equal width: what a worker does that stops and is started again while others have come and gone."""
    lone = run_to_the_end(Pack(base, slots=4, fixed=True), joining=[(0, session(base, 1))])[1].result()
    told = Told(stop=lambda: len(told.progress) >= 2)
    pack = Pack(base, slots=4, fixed=True)
    ended = run_to_the_end(pack, joining=[(0, session(base, 0)), (1, session(base, 1, told))])
    assert isinstance(ended[1].error, Cancelled)
    [*_, (step, kept)] = told.states
    assert step == 4
    again = run_to_the_end(Pack(base, slots=4, fixed=True), joining=[(0, session(base, 1, resume=kept))])[1].result()
    assert again.vectors.tobytes() == lone.vectors.tobytes()
    assert again.receipt["fixed_loss_curve"] == lone.receipt["fixed_loss_curve"]


def test_a_run_stopped_after_its_last_step_still_has_its_pictures_drawn(base):
    whole = session(base, 0)
    pack = Pack(base, slots=2)
    pack.join(whole)
    while whole.run.step < 11:
        pack.step()
    packing.step(base, [whole.run])
    whole.run.is_over()
    told = Told()
    resumed = session(base, 0, told, resume=state.dump(whole.run))
    assert resumed.over
    ended = run_to_the_end(Pack(base, slots=2), joining=[(0, resumed)])
    assert len([preview for preview in told.previews if preview.final]) == 4
    assert ended[0].result().receipt["steps"] == 12


def spoiled(run):
    run.rows.data[0] = float("nan")


def test_an_ill_job_leaves_alone(base):
    lone = train(config_with(0), pictures_of(0), base=base)

    def break_down(step):
        raise LookupError("the caller broke down")

    ill, broken, refusing = session(base, 1), Told(progress=break_down), Told(preview=break_down)
    pack = Pack(base, slots=8)
    for member in (session(base, 0), ill, session(base, 2, broken), session(base, 3, refusing)):
        pack.join(member)
    pack.step()
    spoiled(ill.run)
    ended = run_to_the_end(pack)
    assert isinstance(ended[1].error, TrainingDiverged)
    assert isinstance(ended[2].error, LookupError) and isinstance(ended[3].error, LookupError)
    np.testing.assert_allclose(ended[0].result().vectors, lone.vectors, rtol=0, atol=1e-5)
    with pytest.raises(TrainingDiverged):
        ended[1].result()


def test_slots_are_given_out_once_and_again_when_they_are_free(base):
    pack = Pack(base, slots=5)
    first = pack.join(session(base, 0))
    second = pack.join(session(base, 1))
    assert (first.slots, second.slots) == (range(0, 2), range(2, 4))
    assert pack.room_for(2) is None and pack.room_for(1) == range(4, 5)
    with pytest.raises(NoRoom):
        pack.join(session(base, 2))
    first.session.callbacks.does["stop"] = lambda: True
    assert pack.step() == [first]
    assert pack.join(session(base, 2)).slots == range(0, 2)
    assert Pack(base, slots=1).join(session(base, 0)).slots == range(0, 2)  # nobody is too wide for an empty pack


def test_when_memory_does_not_suffice_the_last_one_goes_and_the_others_stay(base, monkeypatch):
    """What a full card does: the libraries raise this error."""
    narrow, step = 4, packing.step

    def full(base, runs, **places):
        if sum(run.config.batch_size for run in runs) > narrow:
            raise torch.OutOfMemoryError("CUDA out of memory")
        step(base, runs, **places)

    monkeypatch.setattr(packing, "step", full)
    pack = Pack(base, slots=8)
    for number in range(3):
        pack.join(session(base, number))
    assert [(member.session.config.seed, type(member.error)) for member in pack.step()] == [(2, NoRoom)]
    assert pack.slots == 4 and pack.room_for(2) is None
    ended = run_to_the_end(pack)
    assert all(ended[number].result().receipt["steps"] == 12 for number in (0, 1))
    narrow = 1
    lone = run_to_the_end(pack, joining=[(0, session(base, 0))])
    assert isinstance(lone[0].error, OutOfMemory) and "2 pictures a step" in str(lone[0].error)


def test_those_who_stay_when_memory_does_not_suffice_end_as_they_would_alone(base, monkeypatch):
    """The pass that failed had drawn for them already, and may have left gradients."""
    lone = train(config_with(0), pictures_of(0), base=base)
    denoise = type(base).denoise

    def full(self, noisy, timesteps, told):
        if timesteps.ndim and len(noisy) == 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return denoise(self, noisy, timesteps, told)

    monkeypatch.setattr(type(base), "denoise", full)
    ended = run_to_the_end(Pack(base, slots=4), joining=[(0, session(base, 0)), (3, session(base, 1))])
    assert isinstance(ended[1].error, NoRoom)
    assert ended[0].result().vectors.tobytes() == lone.vectors.tobytes()


def test_pictures_are_drawn_fewer_at_a_time_where_memory_does_not_suffice_for_all(base, monkeypatch):
    widths, denoise = [], type(base).denoise

    def narrow(self, noisy, timesteps, told):
        widths.append(len(noisy))
        if timesteps.ndim == 0 and len(noisy) > 2:  # a solver's step, with and without the prompt
            raise torch.OutOfMemoryError("CUDA out of memory")
        return denoise(self, noisy, timesteps, told)

    lone = train(config_with(0), pictures_of(0), base=base)
    monkeypatch.setattr(type(base), "denoise", narrow)
    told = Told()
    pack = Pack(base, slots=2)
    pack.join(session(base, 0, told))
    ended = run_to_the_end(pack)
    assert ended[0].result().vectors.tobytes() == lone.vectors.tobytes()
    assert len(told.previews) == 2 + 4 and max(widths) > 2


def test_what_goes_wrong_in_drawing_ends_those_whose_pictures_it_was(base, monkeypatch):
    def broken(self, *_):
        raise LookupError("the autoencoder broke down")

    pack = Pack(base, slots=4)
    pack.join(session(base, 0, preview_prompts=()))
    pack.join(session(base, 1))
    monkeypatch.setattr(type(base.pipeline.vae), "decode", broken)
    ended = run_to_the_end(pack)
    assert isinstance(ended[1].error, LookupError) and ended[0].result().receipt["steps"] == 12


def test_drawing_and_loading_do_not_count_as_slow_steps(base):
    told = Told()
    pack = Pack(base, slots=2)
    pack.join(session(base, 0, told, preview_prompts=()))
    pack.step()
    pack.away(0.0)
    honest = session(base, 1, Told(), preview_prompts=())
    honest.report.begun -= 1000  # as if that long had passed
    pack.slots = 4
    pack.join(honest)
    honest.report.away += 1000
    run_to_the_end(pack)
    assert honest.callbacks.progress[-1].steps_per_second > 1
