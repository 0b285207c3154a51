"""Staff watch queue and workers, and step in, without the page being loaded anew. No worker runs here."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.training.crowd import BUSY, crowd
from training.bases import ensure_builtin_bases
from training.models import BaseModel, Job, State, Worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def busy(transactional_db, monkeypatch):
    monkeypatch.setattr("training.staff_views.POLL_SECONDS", 1)
    ensure_builtin_bases()
    crowd(BaseModel.objects.get(), people=3, each=3)


def test_a_job_is_taken_from_its_worker_and_a_worker_drained_while_the_page_stays(open_page, busy, sam):
    page = open_page(user=sam)
    page.goto("/")
    page.get_by_text("sam", exact=True).click()
    page.get_by_role("link", name="Queue and workers").click()
    page.evaluate("window.stayed = true")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))

    job = Job.objects.filter(state=State.RUNNING).first()
    page.get_by_role("button", name=f"Requeue job {job.pk}", exact=True).click()
    page.get_by_text(f"Job {job.pk} waits again.").wait_for()
    assert asked == [
        f"Take job {job.pk} ({job.name}) of {job.owner} from its worker? It goes on from its last checkpoint."
    ]
    page.get_by_role("button", name=f"Drain {BUSY}").click()
    page.get_by_role("button", name=f"Let {BUSY} take jobs again").wait_for()
    assert Worker.objects.get(pk=BUSY).draining

    Worker.objects.filter(pk=BUSY).update(draining=False)  # by somebody else: the page hears of it by itself
    page.get_by_role("button", name=f"Drain {BUSY}").wait_for()
    expect(page.get_by_text(f"{BUSY} takes no more jobs.")).to_be_visible()  # what was told last stays
    assert page.evaluate("window.stayed")


def test_a_cancelling_that_is_thought_better_of_does_nothing(open_page, busy, sam):
    page = open_page(user=sam)
    page.goto("/staff/jobs")
    page.on("dialog", lambda dialog: dialog.dismiss())
    job = Job.objects.filter(state=State.QUEUED).first()
    page.get_by_role("button", name=f"Cancel job {job.pk}", exact=True).click()
    page.wait_for_timeout(300)
    assert Job.objects.filter(pk=job.pk, state=State.QUEUED).exists()


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (641, "dark"), (1201, "light")])
def test_it_fits_its_window_and_works_without_scripts(open_page, busy, sam, width, scheme):
    page = open_page(width=width, scheme=scheme, scripts=False, user=sam)
    page.goto("/staff/jobs")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name=f"Drain {BUSY}").click()
    page.get_by_text(f"{BUSY} takes no more jobs.").wait_for()
