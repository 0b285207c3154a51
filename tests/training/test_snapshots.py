"""The vectors of other steps are kept beside a job, and its owner may make any of them a version."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hub.accounts.models import User
from registry import storage
from registry.pages.comparison import compare
from tests.training.results import vectors_in, vectors_of
from training import transitions
from training.errors import BadSetting, WrongState
from training.models import JobSnapshot, State
from training.runner import Trainer
from training.services import choose_snapshot
from training.steps import arrange


@pytest.fixture
def done(alice, submit, tiny):
    """A job that looked at the fixed loss after every second of its eight steps."""
    tiny.defaults |= {"evaluate_every": 2, "learning_rate": 0.2}
    tiny.save()
    job = submit(alice, base=tiny, steps=8)
    trainer = Trainer()
    trainer.train(transitions.claim(worker=trainer.name))
    job.refresh_from_db()
    assert job.state == State.SUCCEEDED
    return job


def another(job):
    """A step whose vectors were not the ones that were published."""
    return next(look.step for look in job.snapshots.all() if look.step != job.version.receipt["best_step"])


def test_the_steps_that_were_looked_at_are_kept_with_their_losses(done):
    kept = dict(done.snapshots.values_list("step", "loss"))
    assert list(kept) == [2, 4, 6, 8]
    assert min(kept, key=kept.get) == done.version.receipt["best_step"]


def test_another_step_becomes_the_next_version_and_says_so(done):
    step = another(done)
    version = choose_snapshot(job=done, step=step)
    assert (version.number, version.embedding, version.notes) == (2, done.embedding, f"The vectors after step {step}.")
    chosen = vectors_in(storage.read(version.blob))
    assert np.array_equal(chosen, vectors_in(bytes(done.snapshots.get(step=step).file)))
    assert not np.array_equal(chosen, vectors_of(done))
    assert (
        version.receipt["chosen_step"] == step
        and version.receipt["images_digest"] == done.version.receipt["images_digest"]
    )
    assert "evaluation" not in version.receipt  # that was of the other vectors


def test_the_pictures_that_it_was_chosen_by_come_with_it(done):
    column = next(
        step for step in arrange(done, done.previews.all(), done.snapshots.values("step", "loss")).columns if step.kept
    )
    version = choose_snapshot(job=done, step=column.kept)
    pairs = compare(version).pairs
    assert [pair.learned.blob for pair in pairs] == [picture.blob for picture in column.pictures]
    assert {pair.learned.settings["step"] for pair in pairs} == {column.number}
    assert all(pair.initialiser for pair in pairs)


def test_what_is_a_version_already_or_was_not_kept_is_refused(done):
    for step, message in ((done.version.receipt["best_step"], "version 1 already"), (7, "step 7 were not kept")):
        with pytest.raises(BadSetting, match=message) as refusal:
            choose_snapshot(job=done, step=step)
        assert refusal.value.field == "step"
    assert done.embedding.versions.count() == 1


def test_without_an_embedding_there_is_nothing_to_choose(alice, submit, tiny, done):
    waiting = submit(alice, base=tiny, name="waiting")
    with pytest.raises(WrongState):
        choose_snapshot(job=waiting, step=2)
    done.embedding.delete()
    done.refresh_from_db()
    with pytest.raises(WrongState, match="deleted"):
        choose_snapshot(job=done, step=2)


def test_the_page_offers_them_and_takes_one(as_user, alice, done):
    step, client = another(done), as_user(alice)
    page = client.get(done.get_absolute_url()).content.decode()
    offered = re.findall(r'<option value="(\d+)">\d+, loss [\d.]+( \(taken\))?</option>', page)
    assert [int(number) for number, _ in offered] == [2, 4, 6, 8]
    assert [int(number) for number, taken in offered if taken] == [done.version.receipt["best_step"]]
    followed = client.post(f"/jobs/{done.pk}/snapshots", {"step": step}, follow=True)
    assert followed.redirect_chain == [(done.embedding.get_absolute_url(), 302)]
    assert f"The vectors after step {step}." in followed.content.decode()
    for nonsense in ("", "7", "x", "9" * 30):
        told = client.post(f"/jobs/{done.pk}/snapshots", {"step": nonsense}, follow=True).content.decode()
        assert "were not kept" in told
    assert done.embedding.versions.count() == 2


def test_the_api_lists_them_and_takes_one(api_as, alice, bob, done):
    client, address = api_as(alice), f"/api/hub/jobs/{done.pk}"
    listed = client.get(address).json()["snapshots"]
    assert [look["step"] for look in listed] == [2, 4, 6, 8] and set(listed[0]) == {"step", "loss"}
    User.objects.filter(pk=alice.pk).update(megabytes=0)
    full = client.post(f"{address}/snapshots", {"step": another(done)}, format="json")
    assert (full.status_code, full.json()["error"]["code"]) == (409, "quota")
    User.objects.filter(pk=alice.pk).update(megabytes=None)
    made = client.post(f"{address}/snapshots", {"step": another(done)}, format="json")
    assert (made.status_code, made.json()) == (201, {"embedding": "alice/cobalt-heart", "version": 2})
    again = client.post(f"{address}/snapshots", {"step": another(done)}, format="json")
    assert again.status_code == 400 and again.json()["error"]["code"] == "unchanged"
    assert api_as(bob).post(f"{address}/snapshots", {"step": 2}, format="json").status_code == 404


def test_they_go_with_their_job(done):
    done.delete()
    assert not JobSnapshot.objects.exists()
