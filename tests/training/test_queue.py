"""Who is next: an order that no account can occupy, limits of each account, and honest estimates."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.training.results import bring
from training import figures, transitions
from training.limits import limits_of
from training.models import Allowance, Job, State, Worker
from training.queue import Held, place_of


@pytest.fixture
def jobs(submit):
    """Submit so many jobs for an account, each named after it."""

    def make(owner, count, **changes):
        first = Job.objects.count()
        return [submit(owner, name=f"{owner.username}-{first + number}", **changes) for number in range(count)]

    return make


def order(count=100):
    """The owners of the next jobs as one worker takes them, each ended before the next."""
    names = []
    while len(names) < count and (lease := transitions.claim(worker="w")) is not None:
        names.append(Job.objects.get(pk=lease.job_id).owner.username)
        transitions.fail(lease, code="diverged", message="It broke.")
    return names


def running():
    """The owners of the jobs that workers take as they come, none of which ends."""
    names = []
    while (lease := transitions.claim(worker="w")) is not None:
        names.append(Job.objects.get(pk=lease.job_id).owner.username)
    return names


def test_nobody_s_tenth_job_goes_before_another_s_first(alice, bob, sam, jobs, settings):
    settings.HUB_ACCOUNT_RUNNING_JOBS = 100
    jobs(alice, 10)
    jobs(bob, 2)
    jobs(sam, 1)
    assert running() == ["alice", "bob", "sam", "alice", "bob"] + ["alice"] * 8


def test_jobs_that_train_count_as_turns_taken(alice, bob, jobs):
    jobs(alice, 3)
    transitions.claim(worker="w")
    jobs(bob, 1)
    assert Job.objects.get(pk=transitions.claim(worker="w").job_id).owner == bob


def test_accounts_take_turns_where_one_job_trains_at_a_time(alice, bob, sam, jobs):
    jobs(alice, 5)
    jobs(bob, 2)
    assert order(1) == ["alice"]
    jobs(sam, 1)
    assert order() == ["bob", "alice", "sam", "bob", "alice", "alice", "alice"]


def test_who_waits_while_an_account_trains_is_next_and_stays_next_when_that_job_ends(alice, bob, jobs):
    jobs(alice, 3)
    lease = transitions.claim(worker="w")
    (waiting,) = jobs(bob, 1)
    assert place_of(waiting).number == 1
    transitions.fail(lease, code="diverged", message="It broke.")
    assert place_of(waiting).number == 1
    assert order() == ["bob", "alice", "alice"]


def test_the_job_of_a_dead_worker_goes_first_among_its_account_s(alice, jobs):
    first, _ = jobs(alice, 2)
    transitions.claim(worker="w1")
    Job.objects.filter(pk=first.pk).update(lease_until=timezone.now() - timezone.timedelta(seconds=1))
    assert transitions.claim(worker="w2").job_id == first.pk


def test_no_more_of_an_account_train_than_it_may_and_others_pass_them(alice, bob, jobs, settings):
    settings.HUB_ACCOUNT_RUNNING_JOBS = 2
    waiting = jobs(alice, 4)
    jobs(bob, 1)
    assert running() == ["alice", "bob", "alice"]
    place = place_of(waiting[2])
    assert (place.number, place.held, place.seconds) == (1, Held.RUNNING, None)
    assert "one of your other jobs" in place.sentence
    Allowance.objects.create(owner=alice, running_jobs=3)
    assert running() == ["alice"]


def test_an_account_that_used_up_its_day_waits_until_some_of_it_is_free_again(alice, bob, jobs, settings):
    settings.HUB_ACCOUNT_MINUTES_A_DAY = 10
    spent, waiting = jobs(alice, 2)
    bring(spent, State.FAILED)
    Job.objects.filter(pk=spent.pk).update(device_seconds=600)
    jobs(bob, 1)
    assert limits_of(alice).minutes.left == 0 and limits_of(bob).minutes.left == 10
    assert running() == ["bob"]
    assert place_of(waiting).held == Held.MINUTES and "24 hours" in place_of(waiting).sentence
    Job.objects.filter(pk=spent.pk).update(started=timezone.now() - timezone.timedelta(hours=25))
    assert limits_of(alice).minutes.left == 10
    assert running() == ["alice"]


def test_staff_may_allow_an_account_more_or_less_than_the_hub_allows_everybody(alice, jobs, settings):
    Allowance.objects.create(owner=alice, unfinished_jobs=0, minutes_a_day=7)
    limits = limits_of(alice)
    assert (limits.unfinished_jobs.left, limits.minutes.allowed) == (0, 7)
    assert limits.running_jobs.allowed == settings.HUB_ACCOUNT_RUNNING_JOBS


def measured(base, *, per_step):
    """Let jobs of a base model have been trained at a speed."""
    for job in Job.objects.filter(base=base, state=State.SUCCEEDED):
        Job.objects.filter(pk=job.pk).update(step=100, device_seconds=100 * per_step)


def test_the_wait_is_what_those_before_still_take_at_the_speed_that_was_measured(alice, bob, jobs, pocket):
    (done,) = jobs(alice, 1)
    bring(done, State.SUCCEEDED)
    first, second = jobs(alice, 2, steps=200)
    (third,) = jobs(bob, 1, steps=50)
    assert place_of(first).seconds is None  # no worker is there, and nothing was measured
    Worker.objects.create(name="w", slots=8)
    assert place_of(first).seconds == 0  # it is next, and nothing trains
    assert place_of(second).seconds is None
    measured(pocket, per_step=0.1)
    assert [place_of(job).number for job in (first, third, second)] == [1, 2, 3]
    assert [place_of(job).seconds for job in (first, third, second)] == pytest.approx([0, 20, 25])
    lease = transitions.claim(worker="w")
    Job.objects.filter(pk=lease.job_id).update(step=150)
    assert place_of(third).seconds == pytest.approx(5)  # the rest of the one that trains
    Worker.objects.create(name="another", slots=8)
    assert place_of(third).seconds == pytest.approx(2.5)
    Worker.objects.update(seen=Now() - timezone.timedelta(minutes=5))
    assert place_of(third).seconds is None


def test_only_steps_that_are_trained_are_measured_and_expected(alice, jobs, settings):
    """A job that trains another one further begins where that ended; one that was given back goes on."""
    settings.HUB_ACCOUNT_RUNNING_JOBS = 100
    (done,) = jobs(alice, 1)
    bring(done, State.SUCCEEDED)
    Job.objects.filter(pk=done.pk).update(step=1_000, total_steps=1_000, further=100, device_seconds=20)
    further, resumed, last = jobs(alice, 3)
    Job.objects.filter(pk=further.pk).update(total_steps=1_100, further=100)
    Job.objects.filter(pk=resumed.pk).update(total_steps=400, step=350)
    Worker.objects.create(name="w", slots=8)
    assert [place_of(job).seconds for job in (further, resumed, last)] == pytest.approx([0, 20, 30])


def test_the_place_of_a_job_costs_one_query_however_many_wait(alice, bob, jobs, django_assert_num_queries, settings):
    settings.HUB_ACCOUNT_JOBS = 40
    mine = jobs(alice, 1)[0]
    Job.objects.bulk_create(
        Job(
            owner=bob,
            base=mine.base,
            name=f"n{n}",
            token="<x>",
            kind="object",
            initialiser="x",
            vectors=1,
            total_steps=9,
        )
        for n in range(300)
    )
    with django_assert_num_queries(1):
        assert place_of(mine).number == 1


OLD_JOBS = """
INSERT INTO training_job (owner_id, base_id, name, token, kind, initialiser, preset, vectors, total_steps, seed, state,
    cancel_requested, created, started, finished, worker, fence, attempts, stage, step, loss_curve, error_code, error_message,
    traceback)
SELECT owner_id, base_id, name, token, kind, initialiser, preset, vectors, total_steps, seed, old.state, false, at, at, at, '', 1,
    1, '', 9, '[]', CASE old.state WHEN 'failed' THEN 'diverged' ELSE '' END, '', ''
FROM training_job, unnest(array['succeeded', 'failed']) AS old(state),
    LATERAL (SELECT now() - make_interval(hours => 200 + number) AS at FROM generate_series(1, 2000) AS number) AS times
"""
#: Everything that is asked while jobs wait and train, over and over.
ASKED = {
    "claim": lambda job: transitions.claim(worker="w"),
    "place": place_of,
    "limits": lambda job: limits_of(job.owner),
    **{
        act.__name__: lambda job, act=act: act()
        for act in (figures.depths, figures.training, figures.waiting_jobs, figures.running_jobs, figures.workers,
                    figures.throughput, figures.failures, figures.failed_jobs)
    },
}  # fmt: skip


def rows_read(plan):
    """How many job rows the parts of a plan looked at, taken or not."""
    removed = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    own = (plan["Actual Rows"] + removed) * plan["Actual Loops"] if plan.get("Relation Name") == "training_job" else 0
    return own + sum(rows_read(part) for part in plan.get("Plans", ()))


@pytest.mark.parametrize("asked", ASKED)
def test_what_is_asked_again_and_again_looks_at_few_jobs_however_many_ended(alice, jobs, asked):
    """Of accounts, base models and reasons with thousands of old jobs the indexes find those few that matter."""
    first, second = jobs(alice, 2)
    with connection.cursor() as cursor:
        cursor.execute(f"{OLD_JOBS} WHERE training_job.id = {first.pk}")
        cursor.execute("ANALYZE training_job")
    with CaptureQueriesContext(connection) as told:
        ASKED[asked](second)
    assert len(told) <= 14
    for query in told:
        if "FROM training_job" in query["sql"] or 'FROM "training_job"' in query["sql"]:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + query["sql"].replace("%", "%%"), ())
                (plan,) = cursor.fetchone()[0]
            assert rows_read(plan["Plan"]) < 100, query["sql"]
