"""The state machine: the database itself refuses what it does not allow, and every end is told."""

from __future__ import annotations

import importlib
import inspect
import itertools
import time

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F

from hub.accounts.models import Notice
from registry.errors import RegistryError
from registry.storage import BlobMissing
from tests.registry.samples import at_once
from tests.training.results import bring
from training import leases, transitions
from training.errors import TrainingError
from training.failures import Reason, failure_of
from training.inversion.errors import InversionError
from training.models import ENDED, MOVES, Job, JobCheckpoint, State

#: What a row needs beside the state, whichever way it came there.
ROW = {
    State.QUEUED: "lease_until = NULL, finished = NULL, error_code = ''",
    State.RUNNING: "lease_until = now(), finished = NULL, error_code = ''",
    State.SUCCEEDED: "lease_until = NULL, finished = now(), error_code = ''",
    State.FAILED: "lease_until = NULL, finished = now(), error_code = 'internal'",
    State.CANCELLED: "lease_until = NULL, finished = now(), error_code = ''",
}


def set_state(job, state):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE training_job SET state = %s, {ROW[state]} WHERE id = %s", [state, job.pk])


@pytest.mark.parametrize(("before", "after"), list(itertools.permutations(State, 2)))
def test_the_database_lets_a_job_go_only_where_the_machine_allows(alice, submit, before, after):
    job = submit(alice)
    if before != State.QUEUED:
        set_state(job, State.RUNNING)
    if before in ENDED:
        set_state(job, before)
    if after in MOVES.get(before, ()):
        set_state(job, after)
        job.refresh_from_db()
        assert job.state == after
    else:
        with pytest.raises(IntegrityError, match="cannot go from"):
            set_state(job, after)


@pytest.mark.parametrize(
    "wrong",
    [
        {"state": "asleep"},
        {"state": "running"},  # without a lease
        {"state": "cancelled"},  # without an end
        {"error_code": "internal"},  # without having failed
    ],
)
def test_the_database_refuses_rows_that_contradict_themselves(alice, submit, wrong):
    job = submit(alice)
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(**wrong)


def test_a_fence_never_sinks(alice, submit):
    job = submit(alice)
    transitions.claim(worker="w")
    with pytest.raises(IntegrityError, match="cannot sink"), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(fence=F("fence") - 1)


def test_every_change_of_a_row_is_seen_by_those_who_watch_it(alice, submit):
    job = submit(alice)
    seen = [job.changed]
    lease = transitions.claim(worker="w")
    for act in (
        lambda: leases.report("w", {lease: {"step": 1}}, renew=False),
        lambda: transitions.ask_to_cancel(job),
        lambda: transitions.cancel(lease),
    ):
        act()
        job.refresh_from_db()
        seen.append(job.changed)
    assert seen == sorted(set(seen))


@pytest.mark.parametrize(
    ("state", "words"), [(State.SUCCEEDED, "is trained"), (State.FAILED, "was not trained"), (State.CANCELLED, None)]
)
def test_its_owner_hears_once_of_an_end_that_was_not_wished(alice, submit, state, words):
    job = bring(submit(alice), state)
    if words is None:
        assert not Notice.objects.exists()
        return
    notice = Notice.objects.get()
    assert words in notice.text and (notice.owner, notice.url) == (alice, job.get_absolute_url())
    transitions.tell(job, state, "")
    assert Notice.objects.count() == 1


@pytest.mark.parametrize(
    "end", ["fail", "cancel", "cancel while it waits", "cancel, then the worker stops", "cancel, then staff takes it"]
)
def test_an_end_without_a_result_leaves_no_checkpoint(alice, submit, end):
    job = submit(alice)
    lease = transitions.claim(worker="w")
    leases.keep_state(lease, step=5, state=b"state")
    if end == "fail":
        assert transitions.fail(lease, code="diverged", message="It broke.")
    elif end == "cancel":
        assert transitions.ask_to_cancel(job) and transitions.cancel(lease)
    elif end == "cancel, then the worker stops":
        assert transitions.ask_to_cancel(job) and transitions.give_back(lease)
    elif end == "cancel, then staff takes it":
        job.refresh_from_db()
        assert transitions.ask_to_cancel(job) and transitions.take_back(job)
    else:
        assert transitions.give_back(lease) and transitions.ask_to_cancel(job)
    assert not JobCheckpoint.objects.exists()


def test_a_job_taken_from_its_worker_waits_again_and_the_worker_may_write_nothing_more(alice, submit):
    job = submit(alice)
    lease = transitions.claim(worker="w")
    assert transitions.take_back(job) is False  # as it was read, no worker had it
    job.refresh_from_db()
    assert transitions.take_back(job)
    job.refresh_from_db()
    assert (job.state, job.worker, job.attempts) == (State.QUEUED, "", 0)
    assert leases.report("w", {lease: {"step": 9}}, renew=True) == {}
    with pytest.raises(leases.LeaseLost):
        transitions.succeed(lease)
    assert transitions.take_back(job) is False
    assert transitions.claim(worker="w").fence == lease.fence + 1


def errors_of(module, base):
    found = inspect.getmembers(importlib.import_module(module), inspect.isclass)
    return [kind for _, kind in found if issubclass(kind, base) and kind is not base]


#: Ends of the engine and of submissions that are never written to a job as its failure.
NO_FAILURES = {
    "cancelled",
    "no_room",
    "too_many_drafts",
    "bad_state",
    "bad_receipt",
    "script_failed",
    "scorer_unavailable",
    "bad_embedding",
}
NO_FAILURES |= {"bad_image", "base_unknown", "name_taken", "quota", "too_many_jobs", "wrong_state"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", ["fail", "cancel", "give back"])
def test_a_worker_that_pauses_while_it_ends_a_job_keeps_nobody_from_it(alice, submit, monkeypatch, end):
    """Its row would else be locked for as long: the page of who cancels it would hang, and no worker could take it back."""
    monkeypatch.setattr(leases, "IDLE_TIMEOUT_MS", 200)
    job = submit(alice)
    lease = transitions.claim(worker="w")
    transitions.ask_to_cancel(job)
    for part in ("_end", "_after_cancelling"):
        act = getattr(transitions, part)
        pausing = lambda *args, act=act, **options: (time.sleep(1), act(*args, **options))[1]  # noqa: E731
        monkeypatch.setattr(transitions, part, pausing)
    ends = {
        "fail": lambda: transitions.fail(lease, code="diverged", message="It broke."),
        "cancel": lambda: transitions.cancel(lease),
        "give back": lambda: transitions.give_back(lease),
    }
    (outcome,) = at_once([ends[end]])
    assert isinstance(outcome, OperationalError), outcome
    job.refresh_from_db()
    assert job.state == State.RUNNING


def test_every_way_to_fail_has_a_code_with_a_sentence():
    codes = {kind.code for kind in errors_of("training.inversion.errors", InversionError)}
    codes |= {kind.code for kind in errors_of("training.errors", TrainingError)}
    assert codes - NO_FAILURES <= set(Reason.values)
    assert all(label.endswith(".") for label in Reason.labels)


@pytest.mark.parametrize(
    ("error", "code", "for_staff"),
    [
        (RegistryError("name_taken", "Taken."), "not_published", False),
        (BlobMissing("f" * 64), "images_lost", True),
        (OSError(28, "No space left on device"), "not_stored", True),
        (ZeroDivisionError("a bug"), "internal", True),
        (InversionError("One without a code of its own."), "internal", True),
    ],
)
def test_whatever_ends_a_job_is_told_in_words_and_bugs_keep_their_traceback(error, code, for_staff):
    try:
        raise error
    except Exception as caught:
        failure = failure_of(caught)
    assert failure.code == code and failure.message.endswith(".")
    assert bool(failure.traceback) is for_staff
