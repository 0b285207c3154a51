"""Jobs through the API: submit, watch, cancel, retry, and who may know of which."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.training.samples import bomb, picture
from training import leases, transitions
from training.leases import add_preview
from training.models import Job, State
from training.rights import WORDING

JOBS = "/api/hub/jobs"


@pytest.fixture
def form(pocket):
    """A right form, with the changes given; None leaves a field out."""

    def make(**changes):
        fields = {
            "images": [SimpleUploadedFile(f"{index}.png", picture(index)) for index in range(3)],
            "base": "pocket",
            "token": "<cobalt-heart>",
            "kind": "object",
            "init": "thing",
            "name": "cobalt-heart",
        }
        return {key: value for key, value in (fields | changes).items() if value is not None}

    return make


def test_a_submitted_job_is_answered_with_all_that_clients_rely_on(alice, api_as, form):
    answer = api_as(alice).post(
        JOBS, form(preset="quick", seed=3, captions=["a {}", "b {}", "c {}"]), format="multipart"
    )
    assert answer.status_code == 201, answer.json()
    job = answer.json()
    assert job["state"] == "queued" and job["queue_position"] == 1
    assert (job["step"], job["total_steps"], job["loss"], job["seconds_left"]) == (0, 150, None, None)
    assert (job["previews"], job["error"], job["embedding"], job["images"]) == ([], None, None, 3)
    assert (job["base"], job["init"], job["preset"], job["seed"]) == ("pocket", "thing", "quick", 3)
    assert Job.objects.get(pk=job["id"]).captions == ["a {}", "b {}", "c {}"]
    assert job["findings"][-1]["code"] == "few_images"


def test_a_running_job_shows_progress_and_previews_to_its_owner_alone(alice, bob, api, api_as, submit):
    job = submit(alice)
    lease = transitions.claim(worker="w")
    news = {"step": 5, "loss": 0.25, "seconds_left": 9.5, "stage": "training"}
    leases.report("w", {lease: news}, renew=False)
    from PIL import Image

    from registry.pictures.previews import store_generated

    picture = store_generated(Image.new("RGB", (64, 64), "red"))
    add_preview(
        lease,
        step=5,
        template="a {}",
        prompt="a <x>",
        seed=1,
        variant="learned",
        blob=picture.blob,
        width=64,
        height=64,
    )
    told = api_as(alice).get(f"{JOBS}/{job.pk}").json()
    assert (told["state"], told["step"], told["loss"], told["seconds_left"]) == ("running", 5, 0.25, 9.5)
    assert told["queue_position"] is None
    (preview,) = told["previews"]
    assert (preview["prompt"], preview["variant"], preview["final"]) == ("a <x>", "learned", False)
    image = api_as(alice).get(preview["url"])
    assert image["Content-Type"] == "image/webp" and b"".join(image.streaming_content).startswith(b"RIFF")
    assert api_as(bob).get(preview["url"]).status_code == 404
    assert api.get(preview["url"]).status_code == 401


def test_a_failed_job_says_why_and_can_be_tried_again(alice, api_as, submit):
    job = submit(alice)
    transitions.fail(
        transitions.claim(worker="w"), code="diverged", message="The loss stopped being a number.", traceback="secret"
    )
    client = api_as(alice)
    answer = client.get(f"{JOBS}/{job.pk}")
    assert answer.json()["error"] == {"code": "diverged", "message": "The loss stopped being a number."}
    assert b"secret" not in answer.content
    again = client.post(f"{JOBS}/{job.pk}/retry")
    assert again.status_code == 201 and again.json()["state"] == "queued" and again.json()["id"] != job.pk
    assert client.post(f"{JOBS}/{again.json()['id']}/retry").status_code == 409


def test_a_job_is_cancelled_once(alice, api_as, submit):
    job, client = submit(alice), api_as(alice)
    answer = client.post(f"{JOBS}/{job.pk}/cancel")
    assert answer.status_code == 200 and answer.json()["state"] == "cancelled"
    answer = client.post(f"{JOBS}/{job.pk}/cancel")
    assert answer.status_code == 409 and answer.json()["error"]["code"] == "wrong_state"


def test_a_cancellation_that_comes_again_under_its_key_is_answered_alike(alice, api_as, submit):
    client, job = api_as(alice), submit(alice)
    first, again = (client.post(f"{JOBS}/{job.pk}/cancel", headers={"Idempotency-Key": "once"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200) and again.json() == first.json()


def test_other_peoples_jobs_are_not_found(alice, bob, sam, api_as, submit):
    job = submit(alice)
    stranger, staff = api_as(bob), api_as(sam)
    assert stranger.get(JOBS).json() == {"results": [], "next": None}
    for method, path in (("get", ""), ("post", "/cancel"), ("post", "/retry"), ("get", "/previews/1")):
        assert getattr(stranger, method)(f"{JOBS}/{job.pk}{path}").status_code == 404
    assert staff.get(f"{JOBS}/{job.pk}").status_code == 200
    assert staff.post(f"{JOBS}/{job.pk}/cancel").status_code == 404
    job.refresh_from_db()
    assert job.state == State.QUEUED


def test_the_list_has_ones_own_jobs_newest_first_in_pages(alice, api_as, submit):
    jobs = [submit(alice, name=f"job-{number}") for number in range(3)]
    client = api_as(alice)
    first = client.get(JOBS, {"limit": 2}).json()
    assert [job["id"] for job in first["results"]] == [jobs[2].pk, jobs[1].pk]
    assert [job["id"] for job in client.get(first["next"]).json()["results"]] == [jobs[0].pk]


@pytest.mark.parametrize(
    ("scopes", "read", "write"), [(["read"], 200, 403), (["train"], 403, 201), (["write"], 403, 403)]
)
def test_a_token_does_what_its_scopes_say(alice, api_as, form, scopes, read, write):
    client = api_as(alice, scopes)
    assert client.get(JOBS).status_code == read
    assert client.post(JOBS, form(), format="multipart").status_code == write


def test_nobody_submits_without_an_account(api, form):
    answer = api.post(JOBS, form(), format="multipart")
    assert answer.status_code == 401 and set(answer.json()["error"]) >= {"code", "message"}


BAD = {
    "no images": ({"images": None}, "images", 400),
    "two images": ({"images": [SimpleUploadedFile(f"{n}.png", picture(n)) for n in range(2)]}, "images", 400),
    "a bomb": (
        {
            "images": [
                *(SimpleUploadedFile(f"{n}.png", picture(n)) for n in range(2)),
                SimpleUploadedFile("b.png", bomb()),
            ]
        },
        "images",
        400,
    ),
    "an empty file": (
        {"images": [*(SimpleUploadedFile(f"{n}.png", picture(n)) for n in range(2)), SimpleUploadedFile("b.png", b"")]},
        "images",
        400,
    ),
    "no token": ({"token": None}, "token", 400),
    "no init": ({"init": None}, "init", 400),
    "blank init": ({"init": " "}, "init", 400),
    "many words to start from": ({"init": "a" * 300}, "init", 400),
    "steps in words": ({"steps": "many"}, "steps", 400),
    "too many steps": ({"steps": 10**6}, "steps", 400),
    "huge seed": ({"seed": 10**20}, "seed", 400),
    "unknown base": ({"base": "sdxl"}, "base", 400),
    "reserved name": ({"name": "edit"}, "name", 400),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_form_is_answered_by_field_and_nothing_is_stored(alice, api_as, form, case):
    changes, field, status = BAD[case]
    for value in changes.get("images") or ():
        value.seek(0)
    answer = api_as(alice).post(JOBS, form(**changes), format="multipart")
    assert answer.status_code == status
    error = answer.json()["error"]
    assert list(error["fields"]) == [field] and error["message"] and error["code"]
    assert not Job.objects.exists()


def test_a_taken_name_and_a_full_account_are_conflicts(alice, api_as, form, submit):
    client = api_as(alice)
    submit(alice)
    answer = client.post(JOBS, form(), format="multipart")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "name_taken")
    for number in range(settings.HUB_ACCOUNT_JOBS - 1):
        submit(alice, name=f"job-{number}")
    answer = client.post(JOBS, form(name="one-more"), format="multipart")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "too_many_jobs")


def test_base_models_say_what_a_job_may_choose(api, pocket, tiny):
    tiny.enabled = False
    tiny.save()
    (base,) = api.get("/api/hub/base-models").json()["results"]
    assert (base["name"], base["family"], base["vectors"]) == ("pocket", "pocket", 2)
    assert base["steps"] == {"quick": 150, "balanced": 300, "thorough": 600}


def test_what_is_declared_of_the_images_is_kept_with_the_job(api_as, alice, pocket):
    client = api_as(alice)
    form = {"base": "pocket", "token": "<my-kite>", "kind": "object", "init": "thing"}

    def submit(name, **declared):
        images = [SimpleUploadedFile(f"{number}.png", picture(number)) for number in range(3)]
        return client.post("/api/hub/jobs", form | declared | {"name": name, "images": images}, format="multipart")

    silent = submit("silent").json()
    assert (silent["depicts_person"], silent["rights_declared"]) == ("", None)
    declared = submit("declared", rights="true", depicts_person="others").json()
    assert declared["depicts_person"] == "others" and declared["rights_declared"]
    assert Job.objects.get(name="declared").rights_wording == WORDING
    refused = submit("refused", depicts_person="everybody")
    assert (refused.status_code, list(refused.json()["error"]["fields"])) == (400, ["depicts_person"])
