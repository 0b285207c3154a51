"""Who gets what: every address of the site, for anonymous, stranger, owner and staff. A new address must be in the table.

Each cell is the status a GET (or the named method) answers. 404 stands for what one may not even know of. Redirects to
the login page are 302. POSTs carry no data, so an allowed one answers what an empty form does.
"""

from __future__ import annotations

import re

import numpy as np
import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import translation
from PIL import Image

from hub.accounts.models import ApiToken, Scope
from registry.formats import Encoder, NamedFile, canonical
from registry.models import Report, Tombstone
from registry.pictures import share_card
from registry.pictures.previews import NewPreview, store_generated
from registry.services import upload_embedding
from registry.upload import drafts
from tests.api_addresses import API
from tests.people_addresses import PEOPLE, world_of_people
from tests.registry import samples
from tests.registry.protocols.permissions import CIVITAI, HUGGINGFACE, civitai_places
from tests.training_addresses import TRAINING, world_of_training
from training.bases import ensure_builtin_bases
from training.models import Job, JobPreview, Worker
from training.services import find_base

WHO = ("anonymous", "stranger", "owner", "staff")

#: (method, address, route as the resolver spells it, statuses for WHO). {…} are filled from the world fixture.
TABLE = [
    # The site
    ("GET", "/", "", (200, 200, 200, 200)),
    ("GET", "/healthz", "healthz", (200, 200, 200, 200)),
    ("GET", "/metrics", "metrics", (404, 404, 404, 404)),
    ("GET", "/about", "about", (200, 200, 200, 200)),
    ("GET", "/preferences", "preferences", (200, 200, 200, 200)),
    ("POST", "/preferences", "preferences", (422, 422, 422, 422)),
    ("GET", "/robots.txt", "robots.txt", (200, 200, 200, 200)),
    ("GET", "/sitemap.xml", "sitemap.xml", (200, 200, 200, 200)),
    ("GET", "/sitemap-embeddings.xml", "sitemap-<section>.xml", (200, 200, 200, 200)),
    ("GET", "/sitemap-people.xml", "sitemap-<section>.xml", (404, 404, 404, 404)),
    ("GET", "/feed.atom", "feed.atom", (200, 200, 200, 200)),
    ("GET", "/alice/feed.atom", "<owner>/feed.atom", (200, 200, 200, 200)),
    ("GET", "/nobody-here/feed.atom", "<owner>/feed.atom", (404, 404, 404, 404)),
    ("GET", "/upload", "upload", (302, 200, 200, 200)),
    ("POST", "/upload", "upload", (302, 422, 422, 422)),
    ("POST", "/upload/files", "upload/files", (302, 422, 422, 422)),
    ("POST", "/upload/fields", "upload/fields", (302, 204, 204, 204)),
    ("GET", "/upload/pictures/{draft_picture}.webp", "upload/pictures/<int:pk>-<digest>.webp", (302, 404, 200, 404)),
    ("GET", "/train", "train", (302, 200, 200, 200)),
    ("POST", "/train", "train", (302, 422, 422, 422)),
    *TRAINING,
    ("GET", "/jobs", "jobs", (302, 200, 200, 200)),
    ("GET", "/alice", "<owner>", (200, 200, 200, 200)),
    ("GET", "/nobody-here", "<owner>", (404, 404, 404, 404)),
    ("GET", "/%00", "<owner>", (404, 404, 404, 404)),
    ("GET", "/media/pictures/1-aaaaaaaaaaa%00.webp", "media/pictures/<int:pk>-<digest>.webp", (404, 404, 404, 404)),
    # Embeddings: public, unlisted, private
    ("GET", "/alice/public-one", "<owner>/<name>", (200, 200, 200, 200)),
    ("GET", "/alice/unlisted-one", "<owner>/<name>", (200, 200, 200, 200)),
    ("GET", "/alice/private-one", "<owner>/<name>", (404, 404, 200, 200)),
    # Jobs
    ("GET", "/jobs/{job}", "jobs/<int:pk>", (302, 404, 200, 200)),
    ("POST", "/jobs/{job}/cancel", "jobs/<int:pk>/cancel", (302, 404, 302, 404)),
    ("POST", "/jobs/{job}/retry", "jobs/<int:pk>/retry", (302, 404, 302, 404)),
    ("POST", "/jobs/{job}/snapshots", "jobs/<int:pk>/snapshots", (302, 404, 302, 404)),
    ("POST", "/jobs/{job}/further", "jobs/<int:pk>/further", (302, 404, 302, 404)),
    ("POST", "/jobs/{job}/images/delete", "jobs/<int:pk>/images/delete", (302, 404, 302, 404)),
    ("POST", "/jobs/{job}/publish", "jobs/<int:pk>/publish", (302, 404, 302, 404)),
    ("GET", "/jobs/{job}/pictures/{job_preview}", "jobs/<int:pk>/pictures/<int:preview>", (302, 404, 200, 200)),
    ("GET", "/alice/public-one/edit", "<owner>/<name>/edit", (302, 403, 200, 403)),
    ("GET", "/alice/private-one/edit", "<owner>/<name>/edit", (302, 404, 200, 403)),
    ("GET", "/alice/public-one/delete", "<owner>/<name>/delete", (302, 403, 200, 403)),
    ("POST", "/alice/public-one/edit", "<owner>/<name>/edit", (302, 403, 422, 403)),
    ("POST", "/alice/public-one/delete", "<owner>/<name>/delete", (302, 403, 302, 403)),
    ("POST", "/alice/private-one/delete", "<owner>/<name>/delete", (302, 404, 302, 403)),
    ("POST", "/alice/private-one/publish", "<owner>/<name>/publish", (302, 404, 302, 403)),
    ("GET", "/alice/public-one/new-version", "<owner>/<name>/new-version", (302, 403, 200, 403)),
    ("GET", "/alice/private-one/new-version", "<owner>/<name>/new-version", (302, 404, 200, 403)),
    ("POST", "/alice/public-one/new-version", "<owner>/<name>/new-version", (302, 403, 422, 403)),
    ("GET", "/alice/public-one/pictures", "<owner>/<name>/pictures", (302, 403, 200, 403)),
    ("POST", "/alice/public-one/pictures", "<owner>/<name>/pictures", (302, 403, 422, 403)),
    ("POST", "/alice/private-one/pictures", "<owner>/<name>/pictures", (302, 404, 422, 403)),
    ("POST", "/alice/private-one/pictures/{preview}", "<owner>/<name>/pictures/<int:pk>", (302, 404, 302, 403)),
    ("POST", "/alice/public-one/pictures/{preview}", "<owner>/<name>/pictures/<int:pk>", (302, 403, 404, 403)),
    ("GET", "/alice/private-one/v1/training.json", "<owner>/<name>/v<int:number>/training.json", (404, 404, 200, 200)),
    ("GET", "/alice/public-one/v1/training.json", "<owner>/<name>/v<int:number>/training.json", (404, 404, 404, 404)),
    ("GET", "/media/cards/{card}.jpg", "media/cards/<int:pk>-<digest>.jpg", (200, 200, 200, 200)),
    ("GET", "/media/cards/{private_card}.jpg", "media/cards/<int:pk>-<digest>.jpg", (404, 404, 404, 404)),
    ("POST", "/alice/public-one/like", "<owner>/<name>/like", (302, 302, 302, 302)),
    ("POST", "/alice/private-one/like", "<owner>/<name>/like", (302, 404, 302, 302)),
    ("GET", "/alice/public-one/v1/canonical", "<owner>/<name>/v<int:number>/<target>", (200, 200, 200, 200)),
    ("GET", "/alice/private-one/v1/canonical", "<owner>/<name>/v<int:number>/<target>", (404, 404, 200, 200)),
    ("GET", "/media/pictures/{picture}.webp", "media/pictures/<int:pk>-<digest>.webp", (404, 404, 200, 200)),
    # Reports
    ("GET", "/alice/public-one/report", "<owner>/<name>/report", (200, 200, 200, 200)),
    ("POST", "/alice/public-one/report", "<owner>/<name>/report", (422, 422, 422, 422)),
    ("GET", "/alice/private-one/report", "<owner>/<name>/report", (404, 404, 200, 200)),
    ("GET", "/reports", "reports", (302, 200, 200, 200)),
    ("GET", "/alice/taken-one", "<owner>/<name>", (410, 410, 410, 410)),
    (
        "GET",
        "/media/pictures/{large_picture}-256.avif",
        "media/pictures/<int:pk>-<digest>-<int:width>.<kind>",
        (404, 404, 200, 200),
    ),
    # Staff
    ("GET", "/staff/reports", "staff/reports", (302, 404, 404, 200)),
    ("GET", "/staff/reports/{report}", "staff/reports/<int:pk>", (302, 404, 404, 200)),
    ("POST", "/staff/reports/{report}/close", "staff/reports/<int:pk>/close", (302, 404, 404, 422)),
    ("GET", "/staff/embeddings/{embedding}", "staff/embeddings/<int:pk>", (302, 404, 404, 200)),
    ("POST", "/staff/embeddings/{embedding}/hide", "staff/embeddings/<int:pk>/hide", (302, 404, 404, 422)),
    ("POST", "/staff/embeddings/{embedding}/restore", "staff/embeddings/<int:pk>/restore", (302, 404, 404, 422)),
    ("POST", "/staff/embeddings/{embedding}/rate", "staff/embeddings/<int:pk>/rate", (302, 404, 404, 422)),
    ("POST", "/staff/embeddings/{embedding}/takedown", "staff/embeddings/<int:pk>/takedown", (302, 404, 404, 422)),
    ("GET", "/staff/tombstones", "staff/tombstones", (302, 404, 404, 200)),
    ("POST", "/staff/tombstones/{tombstone}/lift", "staff/tombstones/<int:pk>/lift", (302, 404, 404, 422)),
    ("GET", "/staff/audit", "staff/audit", (302, 404, 404, 200)),
    ("GET", "/staff/jobs", "staff/jobs", (302, 404, 404, 200)),
    ("POST", "/staff/jobs/{job}/requeue", "staff/jobs/<int:pk>/requeue", (302, 404, 404, 302)),
    ("POST", "/staff/jobs/{job}/cancel", "staff/jobs/<int:pk>/cancel", (302, 404, 404, 302)),
    ("POST", "/staff/jobs/{job}/retry", "staff/jobs/<int:pk>/retry", (302, 404, 404, 302)),
    ("POST", "/staff/workers/{worker}/drain", "staff/workers/<name>/drain", (302, 404, 404, 302)),
    ("POST", "/staff/workers/{worker}/undrain", "staff/workers/<name>/undrain", (302, 404, 404, 302)),
    *API,
    *PEOPLE,
    *HUGGINGFACE,
    *CIVITAI,
]

#: Routes where a cookie says nothing: a token does.
TOKENS_ALONE = re.compile(r"api/(v1|download|models|repos|whoami|validate)|<owner>/<name>/(resolve|raw)/")

#: Routes of libraries, which have tests of their own.
LIBRARIES = re.compile(r"admin/|accounts/(?!tokens|webhooks|profile|notices|data|delete)|static/")


def routes(patterns=None, prefix=""):
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, path)
        elif isinstance(entry, URLPattern):
            yield re.sub(r"<str:", "<", path)


def test_every_route_is_in_the_table():
    known = {route for _, _, route, _ in TABLE}
    missing = [route for route in routes() if route not in known and not LIBRARIES.match(route)]
    assert not missing


JSON = {"content_type": "application/json"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def test_a_method_that_is_not_in_the_table_is_not_taken(client, world, alice):
    client.force_login(alice)
    token = {"Authorization": f"Bearer {ApiToken.issue(owner=alice, name='all', scopes=Scope.values)[1]}"}
    addresses = {route: address for _, address, route, statuses in reversed(TABLE) if statuses[2] != 404}
    listed = {(method, route) for method, _, route, _ in TABLE}
    taken = {
        (method, route): answer.status_code
        for route, address in addresses.items()
        for method in METHODS
        if (method, route) not in listed
        and (answer := client.generic(method, address.format(**world), **JSON, headers=token)).status_code != 405
    }
    assert taken == {}


def address_of(preview):
    return f"{preview.pk}-{preview.blob[:12]}"


@pytest.fixture
def world(alice, bob, sam):
    """Alice's embeddings in all three visibilities, a job and a token of hers."""
    ensure_builtin_bases()
    picture = store_generated(Image.new("RGB", (64, 64), "teal"))
    large = store_generated(Image.new("RGB", (300, 300), "teal"))
    made = {}
    for number, visibility in enumerate(("public", "unlisted", "private")):
        own = canonical([Encoder("emb_params", np.full((1, 768), 0.02 + number / 1000, np.float32), "F32")])
        made[visibility] = upload_embedding(
            owner=alice, filename="x.safetensors", data=own, name=f"{visibility}-one", title=visibility, token=f"<{visibility}>",
            kind="object", base="sd1", license="cc0-1.0", visibility=visibility,
            previews=[NewPreview(picture=picture), NewPreview(picture=large)],
            receipt={"steps": 1} if visibility == "private" else None,
        )  # fmt: skip
    job = Job.objects.create(
        owner=alice, base=find_base("pocket"), name="a-job", token="<a-job>", kind="object", initialiser="thing",
        vectors=1, total_steps=10,
    )  # fmt: skip
    sketch = JobPreview.objects.create(
        job=job, step=1, template="a {}", prompt="a <a-job>", seed=1, variant="learned", blob=picture.blob, width=64, height=64,
    )  # fmt: skip
    public = made["public"].embedding
    return {
        **world_of_people(alice, made["public"].embedding),
        **world_of_training(alice),
        "embedding": public.pk,
        "report": Report.objects.create(embedding=public, path="alice/public-one", reason="spam").pk,
        "tombstone": Tombstone.objects.create(
            embedding=1,
            owner=alice,
            owner_name="alice",
            name="taken-one",
            token="<taken>",
            base="sd1",
            private=False,
            reason="spam",
        ).pk,
        "job": job.pk,
        "worker": Worker.objects.create(name="box:1:0a1b2c3d", slots=8).pk,
        "hash": made["private"].files.first().sha256,
        "job_preview": sketch.pk,
        "draft_picture": address_of(drafts.add(owner=alice, file=NamedFile("p.png", samples.picture())).picture),
        "picture": address_of(made["private"].previews.first()),
        "large_picture": address_of(made["private"].previews.last()),
        "preview": made["private"].previews.first().pk,
        "card": card_of(made["unlisted"]),
        "private_card": card_of(made["private"]),
        **civitai_places(made, alice),
    }


def card_of(version):
    return share_card.address(version.embedding, version).removeprefix("/media/cards/").removesuffix(".jpg")


@pytest.mark.parametrize("who", WHO)
def test_every_address_answers_as_the_table_says(subtests, world, alice, bob, sam, who):
    """The world is made once; what a request changed in it is taken back before the next."""
    person = {"stranger": bob, "owner": alice, "staff": sam}.get(who)
    for method, address, route, statuses in TABLE:
        with subtests.test(f"{method} {address}"), transaction.atomic():
            answer = asked(person, method, address.format(**world), by_token=TOKENS_ALONE.match(route))
            assert answer.status_code == statuses[WHO.index(who)]
            if answer.status_code == 302 and who == "anonymous":
                assert "/accounts/login/" in answer["Location"]
            transaction.set_rollback(True)
        translation.deactivate()


def asked(person, method, address, by_token):
    client, options = Client(), JSON if method in ("PATCH", "DELETE") else {}
    if person and by_token:
        _, secret = ApiToken.issue(owner=person, name="all", scopes=Scope.values)
        options = {**options, "headers": {"Authorization": f"Bearer {secret}"}}
    elif person:
        client.force_login(person)
    return client.generic(method, address, **options)
