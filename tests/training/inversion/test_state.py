"""A run that was stopped anywhere goes on bit for bit, and only as itself."""

from __future__ import annotations

import pytest
import torch

from training.inversion.callbacks import Callbacks
from training.inversion.config import InversionConfig
from training.inversion.errors import BadState, Cancelled
from training.inversion.loop import train


def config_with(**settings):
    return InversionConfig(
        **{
            "placeholder_token": "<x>", "kind": "object", "initialiser": "star gear", "steps": 9, "batch_size": 2,
            "progress_every": 4, "evaluate_every": 2, "checkpoint_every": 1, "preview_prompts": (), **settings,
        }
    )  # fmt: skip


class Keeper(Callbacks):
    """Keeps every state; asks to stop at the ``stop_at``-th question."""

    def __init__(self, stop_at=None):
        self.states, self.asked, self.stop_at = [], 0, stop_at

    def on_state(self, state, step):
        self.states.append(state)

    def should_stop(self):
        self.asked += 1
        return self.asked == self.stop_at


def of_interest(result):
    """All of a result but what the clock says."""
    return (
        result.vectors.tobytes(),
        {key: value for key, value in result.receipt.items() if key != "seconds"},
        result.metadata,
    )


@pytest.mark.parametrize("which", ["base", "velocity_base"])
@pytest.mark.parametrize("method", ["ti", "dti"])
def test_going_on_from_any_step_ends_in_the_same_bytes(request, which, pictures, method):
    any_base = request.getfixturevalue(which)
    config, keeper = config_with(method=method), Keeper()
    whole = train(config, pictures, base=any_base, callbacks=keeper)
    assert len(keeper.states) == 8  # after each step but the last
    for state in keeper.states:
        torch.manual_seed(len(state))  # the global generator must not matter
        resumed = train(config, pictures, base=any_base, resume=state)
        assert of_interest(resumed) == of_interest(whole)
        assert [look.step for look in resumed.snapshots] == [look.step for look in whole.snapshots]


@pytest.mark.parametrize("method", ["ti", "dti"])
def test_a_run_of_two_encoders_goes_on_as_well(xl_base, pictures, method):
    config, keeper = config_with(method=method, checkpoint_every=4), Keeper()
    whole = train(config, pictures, base=xl_base, callbacks=keeper)
    assert of_interest(train(config, pictures, base=xl_base, resume=keeper.states[0])) == of_interest(whole)


def test_a_run_that_is_asked_to_stop_hands_out_its_state_and_goes_on_from_it(base, pictures):
    config = config_with(checkpoint_every=1000)
    whole = train(config, pictures, base=base)
    state = None
    for _ in range(3):  # stopped again and again
        keeper = Keeper(stop_at=3)
        with pytest.raises(Cancelled):
            train(config, pictures, base=base, callbacks=keeper, resume=state)
        (state,) = keeper.states
    assert of_interest(train(config, pictures, base=base, resume=state)) == of_interest(whole)


def test_a_state_is_small(base, pictures):
    keeper = Keeper()
    train(config_with(steps=40, evaluate_every=2, vectors=4), pictures, base=base, callbacks=keeper)
    assert max(map(len, keeper.states)) < 200_000


def test_the_seconds_of_all_parts_are_added_up(base, pictures):
    keeper = Keeper()
    whole = train(config_with(), pictures, base=base, callbacks=keeper)
    resumed = train(config_with(), pictures, base=base, resume=keeper.states[-1])
    assert resumed.receipt["seconds"] >= round(whole.receipt["seconds"] * 0.3, 2) > 0


@pytest.mark.parametrize("change", [{"seed": 1}, {"steps": 10}, {"learning_rate": 0.02}, {"placeholder_token": "<y>"}])
def test_another_job_s_state_is_refused(base, pictures, change):
    keeper = Keeper()
    train(config_with(), pictures, base=base, callbacks=keeper)
    with pytest.raises(BadState, match="another job"):
        train(config_with(**change), pictures, base=base, resume=keeper.states[0])


def test_a_state_of_other_images_or_another_base_is_refused(base, velocity_base, pictures):
    keeper = Keeper()
    train(config_with(), pictures, base=base, callbacks=keeper)
    for images, model in ((pictures[::-1], base), (pictures, velocity_base)):
        with pytest.raises(BadState, match="another job"):
            train(config_with(), images, base=model, resume=keeper.states[0])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-20], lambda data: b"", lambda data: b"x" * 100, lambda data: data[:8] + b"[" + data[9:],
        lambda data: data[:-3000] + bytes([data[-3000] ^ 1]) + data[-2999:],  # one bit of a number
    ],
)  # fmt: skip
def test_a_damaged_state_is_refused(base, pictures, spoil):
    keeper = Keeper()
    train(config_with(), pictures, base=base, callbacks=keeper)
    with pytest.raises(BadState, match="damaged"):
        train(config_with(), pictures, base=base, resume=spoil(keeper.states[0]))
