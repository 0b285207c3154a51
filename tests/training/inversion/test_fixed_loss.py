"""The loss on fixed draws: the same each time, lower for better vectors, and what is chosen and stopped by it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.inversion.config import InversionConfig
from training.inversion.data import Captions, Latents
from training.inversion.errors import BadConfig, TrainingDiverged
from training.inversion.fixed_loss import MAX_SNAPSHOTS, FixedLoss, Snapshot, Track, is_flat
from training.inversion.loop import train


@pytest.fixture
def common():
    return {
        "placeholder_token": "<x>", "kind": "object", "initialiser": "thing", "batch_size": 2, "preview_prompts": (),
    }  # fmt: skip


@pytest.fixture
def fixed(base, pictures, common):
    config = InversionConfig(**common)
    return FixedLoss(config, base, Latents(base, pictures), Captions(config, base))


def test_the_same_vectors_have_the_same_loss_and_others_another(fixed, base):
    rows = base.encoders[0].splice.weight[5:7].detach().clone()

    assert fixed(rows) == fixed(rows)
    assert fixed(rows) != fixed(rows.flip(-1))


def test_asking_changes_nothing_of_a_run(base, pictures, common):
    often = train(InversionConfig(**common, steps=8, evaluate_every=1), pictures, base=base)
    never = train(InversionConfig(**common, steps=8, evaluate_every=1000), pictures, base=base)

    assert np.array_equal(often.snapshots[-1].vectors, never.snapshots[-1].vectors)
    assert often.receipt["loss_curve"] == never.receipt["loss_curve"]


def test_the_vectors_of_the_lowest_fixed_loss_are_handed_out(base, pictures, common):
    result = train(InversionConfig(**common, steps=9, evaluate_every=2, learning_rate=0.5), pictures, base=base)

    curve = dict(map(tuple, result.receipt["fixed_loss_curve"]))
    assert list(curve) == [0, 2, 4, 6, 8, 9]
    assert result.receipt["best_step"] == min(list(curve)[1:], key=curve.get)
    best = next(one for one in result.snapshots if one.step == result.receipt["best_step"])
    assert np.array_equal(result.vectors, best.vectors)


def test_a_run_stops_when_the_fixed_loss_is_flat(base, pictures, common):
    # At this rate nothing moves, so the last looks vary no more than the first ones.
    config = InversionConfig(**common, steps=200, evaluate_every=1, early_stop=0.99, learning_rate=0.2)
    result = train(config, pictures, base=base)

    assert 11 <= result.receipt["steps"] < 200  # twelve looks, the first before any step


@pytest.mark.parametrize(
    ("losses", "flat"),
    [
        ([5.0, 4, 3, 2, 1, 1.001, 1, 1.001], True),
        ([8.0, 7, 6, 5, 4, 3, 2, 1], False),
        ([5.0, 1, 1, 1], False),  # too few to tell
    ],
)
def test_flat_is_when_the_last_looks_vary_little_beside_all(losses, flat):
    assert is_flat(losses, window=3, share=0.05) is flat


def test_without_a_share_nothing_is_ever_flat():
    assert not is_flat([1.0] * 50, window=3, share=0.0)


def test_an_explosion_ends_the_run_with_what_to_do(common):
    losses = iter([1.0, 1.0, 0.9, 3.5])
    track = Track(lambda rows: next(losses), InversionConfig(**common, steps=3, evaluate_every=1))
    rows = torch.zeros(1, 4)
    track.begin(rows)

    assert not track.look(1, rows) and not track.look(2, rows)
    with pytest.raises(TrainingDiverged, match=r"exploded at step 3.*lower learning rate"):
        track.look(3, rows)


def test_snapshots_are_thinned_evenly_and_end_with_the_last(common):
    track = Track(lambda rows: 1.0, InversionConfig(**common, steps=500, evaluate_every=10))
    track.seen = [Snapshot(step=step, loss=1.0, vectors=np.zeros((1, 4))) for step in range(10, 501, 10)]

    steps = [snapshot.step for snapshot in track.kept]
    assert len(steps) <= MAX_SNAPSHOTS
    assert steps[-1] == 500
    assert set(np.diff(steps)) == {30}


def test_a_long_run_keeps_few_vectors_and_all_losses(common):
    losses = iter([9.0, *[5 - (step == 70) - step / 1000 for step in range(1, 301)]])
    track = Track(lambda rows: next(losses), InversionConfig(**common, steps=300, evaluate_every=1))
    track.begin(torch.zeros(1, 4))
    for step in range(1, 301):
        track.look(step, torch.full((1, 4), float(step)))
        assert len(track.held) <= 2 * MAX_SNAPSHOTS + 2
    assert [look.step for look in track.seen] == list(range(301))
    assert track.best.step == 70 and track.best.vectors[0, 0] == 70
    steps = [look.step for look in track.kept]
    assert steps[-1] == 300 and len(steps) <= MAX_SNAPSHOTS and max(np.diff(steps)) <= 16
    assert all(look.vectors[0, 0] == look.step for look in track.kept)


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_an_impossible_share_is_refused(common, share):
    with pytest.raises(BadConfig, match="Early stopping"):
        InversionConfig(**common, early_stop=share)
