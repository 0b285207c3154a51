"""The diary of a job, which the database writes, and its steps side by side."""

from __future__ import annotations

import pytest
from django.db import transaction

from registry import storage
from tests.training.results import bring
from training import diary, leases, transitions
from training.models import Job, JobEvent, JobPreview, State
from training.services import cancel_job
from training.steps import arrange


def told(job):
    return [entry.what for entry in diary.entries(job)]


def test_a_diary_tells_who_took_a_job_up_and_how_it_ended(alice, submit):
    job = submit(alice)
    lease = transitions.claim(worker="w")
    transitions.give_back(lease)
    Job.objects.filter(pk=job.pk).update(step=7)  # nothing of a diary
    lapsed = transitions.claim(worker="w", seconds=-1)
    again = transitions.claim(worker="v")
    assert (lapsed.job_id, again.fence) == (job.pk, lapsed.fence + 1)
    transitions.fail(again, code="diverged", message="It broke.")
    job.refresh_from_db()
    assert told(job) == ["submitted", "begun", "returned", "begun", "taken_over", "failed"]
    assert all(first.at <= second.at for first, second in zip(diary.entries(job), diary.entries(job)[1:], strict=False))


def test_a_cancelled_job_says_who_asked(alice, submit):
    job = submit(alice)
    lease = transitions.claim(worker="w")
    cancel_job(job=job)
    transitions.cancel(lease)
    assert told(job) == ["submitted", "begun", "cancel_asked", "cancelled"]
    waiting = submit(alice, name="other")
    cancel_job(job=waiting)
    assert told(waiting) == ["submitted", "cancelled"]


def test_what_is_undone_is_not_told(alice, submit):
    job = submit(alice)
    with pytest.raises(RuntimeError), transaction.atomic():
        cancel_job(job=job)
        raise RuntimeError
    assert told(job) == ["submitted"]


def test_progress_writes_no_diary(alice, submit):
    submit(alice)
    lease = transitions.claim(worker="w")
    before = JobEvent.objects.count()
    leases.report("w", {lease: {"step": 30, "fixed_loss_curve": [[0, 0.4], [20, 0.3]]}}, renew=True)
    assert JobEvent.objects.count() == before
    assert Job.objects.get().fixed_loss_curve == [[0, 0.4], [20, 0.3]]


def picture(job, step, template, final=False, **settings):
    return JobPreview.objects.create(
        job=job, step=step, template=template, prompt=template.replace("{}", job.token), seed=1, variant="learned",
        blob=storage.put(b"x"), width=64, height=64, final=final, settings=settings,
    )  # fmt: skip


def test_steps_stand_side_by_side_with_what_can_be_had_of_them(alice, submit):
    job = bring(submit(alice), State.SUCCEEDED)
    for step in (102, 201):
        for template in ("a {}", "{} at night"):
            picture(job, step, template)
    for template in ("a {}", "{} at night"):
        picture(job, 300, template, final=True)
    weak = picture(job, 300, "a {}", final=True, strength=0.5)
    job.fixed_loss_curve = [[0, 0.5], [100, 0.3], [200, 0.2], [300, 0.25]]
    steps = arrange(job, list(job.previews.all()), [{"step": 100, "loss": 0.3}, {"step": 200, "loss": 0.2}])
    assert steps.prompts == [f"a {job.token}", f"{job.token} at night"]
    first, second, last = steps.columns
    assert [(step.number, step.kept, step.fixed_loss) for step in (first, second)] == [(102, 100, 0.3), (201, 200, 0.2)]
    assert last.taken and weak not in last.pictures
    assert [[cell.step if cell else None for _, cell in cells] for _, cells in steps.rows] == [[102, 201, 300]] * 2


def test_a_job_without_sketches_has_no_steps(alice, submit):
    assert arrange(submit(alice), [], []) is None
