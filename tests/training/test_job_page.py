"""The page of a job while it is open: signed out meanwhile, deleted meanwhile, tried again under another name."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.training.samples import picture
from training import datasets, transitions
from training.errors import BadImage, NameTaken
from training.models import Job, State, TrainingDraft
from training.services import cancel_job, retry_job

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def failed(alice, submit):
    job = submit(alice)
    transitions.fail(transitions.claim(worker="w"), code="diverged", message="It broke.")
    job.refresh_from_db()
    return job


def test_a_page_that_polls_after_signing_out_goes_to_sign_in_as_a_whole(client, alice, submit):
    job = submit(alice)
    address = job.get_absolute_url()
    answer = client.get(address, **HTMX, HTTP_HX_CURRENT_URL=f"http://testserver{address}")
    assert answer["HX-Redirect"] == f"/accounts/login/?next=%2Fjobs%2F{job.pk}"
    assert answer.content == b""
    assert client.get(address).status_code == 302  # a person who comes by link is sent on as ever


def test_an_address_of_elsewhere_is_not_where_signing_in_leads(client, alice, submit):
    address = submit(alice).get_absolute_url()
    answer = client.get(address, **HTMX, HTTP_HX_CURRENT_URL="https://evil.example/steal")
    assert "evil" not in answer["HX-Redirect"]


def test_a_page_of_a_deleted_job_says_so_and_stops_asking(as_user, alice, submit):
    client, job = as_user(alice), submit(alice)
    address = job.get_absolute_url()
    assert client.get(address, **HTMX).status_code == 200
    job.delete()
    gone = client.get(address, **HTMX)
    assert gone.status_code == 286  # htmx ends its polling
    assert 'id="progress"' in gone.content.decode() and "hx-get" not in gone.content.decode()
    assert client.get(address).status_code == 404


def test_a_stranger_s_page_learns_nothing_by_polling(as_user, bob, alice, submit):
    job = submit(alice)
    theirs, none = (as_user(bob).get(f"/jobs/{pk}", **HTMX) for pk in (job.pk, job.pk + 1))
    assert (theirs.status_code, theirs.content) == (none.status_code, none.content)


def test_a_retry_whose_name_was_taken_meanwhile_gets_another(as_user, api_as, alice, submit, failed):
    other = submit(alice)  # takes the name while the first job lies there
    with pytest.raises(NameTaken):
        retry_job(job=failed)
    answer = as_user(alice).post(f"/jobs/{failed.pk}/retry", {"name": failed.name})
    form = re.search(r'<form[^>]*/retry".*?</form>', answer.content.decode(), re.DOTALL)[0]
    assert answer.status_code == 422
    assert "Choose another name" in form and f'name="name" value="{failed.name}"' in form  # beside the field
    typed = as_user(alice).post(f"/jobs/{failed.pk}/retry", {"name": "Not A Name"}).content.decode()
    assert 'value="Not A Name"' in typed
    as_user(alice).post(f"/jobs/{failed.pk}/retry", {"name": "second-heart"})
    again = Job.objects.latest("pk")
    assert (again.name, again.token, again.state) == ("second-heart", failed.token, State.QUEUED)
    answer = api_as(alice).post(f"/api/hub/jobs/{failed.pk}/retry", {"name": "third-heart"})
    assert (answer.status_code, answer.json()["name"]) == (201, "third-heart")
    conflict = api_as(alice).post(f"/api/hub/jobs/{failed.pk}/retry")
    assert (conflict.status_code, list(conflict.json()["error"]["fields"])) == (409, ["name"])
    cancel_job(job=other)


def test_a_bad_name_for_a_retry_is_refused(api_as, alice, failed):
    answer = api_as(alice).post(f"/api/hub/jobs/{failed.pk}/retry", {"name": "Not A Name"})
    assert answer.status_code == 400
    assert "name" in answer.json()["error"]["fields"]
    assert Job.objects.count() == 1


def test_too_many_images_are_told_before_one_of_them_is_looked_at(as_user, api_as, alice, pocket):
    def uploads():
        return [SimpleUploadedFile(f"{number}.png", b"no image at all") for number in range(datasets.MAX_IMAGES + 1)]

    settings = {"base": "pocket", "token": "<my-kite>", "kind": "object", "name": "my-kite"}
    told = api_as(alice).post("/api/hub/jobs", settings | {"init": "toy", "images": uploads()}, format="multipart")
    assert "more than 50 images" in told.json()["error"]["message"]
    page = as_user(alice).post("/train", {"images": uploads()})
    assert "more than 50 images" in page.content.decode()
    assert not TrainingDraft.objects.exists()


def test_too_many_images_are_refused_before_one_is_read():
    class Unread(SimpleUploadedFile):
        def read(self, *_):
            raise AssertionError("was read")

    uploads = [Unread(f"{number}.png", picture(number)) for number in range(datasets.MAX_IMAGES + 1)]
    with pytest.raises(BadImage, match="more than 50 images"):
        next(datasets.read_uploads(uploads))
