"""A hub with something of everything on it: what the walk over every page looks at."""

from __future__ import annotations

import zlib
from datetime import timedelta

import numpy as np
from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone
from PIL import Image

from hub.accounts.models import ApiToken, Scope, User
from hub.accounts.notices import notify
from hub.webhooks.events import ping
from hub.webhooks.models import Webhook
from registry import storage
from registry.collections.services import create_collection, put_item
from registry.formats import NamedFile
from registry.models import Embedding, Version
from registry.moderation import reports
from registry.moderation import services as moderation
from registry.pictures.previews import NewPreview, read_picture, store_generated
from registry.services import add_version, like, upload_embedding
from registry.upload import drafts
from tests.registry import samples
from tests.training.crowd import crowd
from tests.training.results import bring
from tests.training.samples import encoded
from training.bases import ensure_builtin_bases
from training.models import BaseModel, Job, JobPreview, JobSnapshot, State, TrainingDraft
from training.pocket.concepts import CONCEPTS, draw
from training.services import submit_job
from training.wizard.drafts import start_draft
from training.wizard.pictures import add_images

CJK = "水彩画の柔らかい色合いと静かな湖の風景のスタイル"
LONG = "A title that goes on for as long as a title may go on, and then some: " + "o" * 48
CURVE = [[step, 0.5 / (1 + step / 60)] for step in range(0, 301, 20)]


def drawings(count: int) -> list[bytes]:
    """PNG files of drawings that nothing blocks from being trained on."""
    return [encoded(image) for image in draw(CONCEPTS["koi"], count, 1)]


def drawn(template: str, seed: int, variant: str = "learned", *, side: int = 320, **settings: float) -> NewPreview:
    """A picture as a worker draws it, unlike every other."""
    rough = np.random.default_rng(zlib.crc32(f"{template}{seed}{variant}".encode())).integers(
        60, 200, (4, 4, 3), np.uint8
    )
    image = Image.fromarray(rough).resize((side, side), Image.Resampling.BICUBIC)
    word = "<lantern>" if variant == "learned" else "lamp"
    return NewPreview(
        picture=store_generated(image), source="generated", variant=variant, template=template,
        prompt=template.replace("{}", word), seed=seed, settings={"guidance_scale": 3.0, "sampler_steps": 16} | settings,
    )  # fmt: skip


def share(owner: User, name: str, seed: int, **fields) -> Version:
    """Publish an embedding, with one picture unless told otherwise."""
    values = {
        "title": name.capitalize(), "token": f"<{name}>", "kind": "object", "base": "sd1", "license": "cc0-1.0",
        "visibility": "public", "previews": [drawn("a {}", seed)],
    }  # fmt: skip
    return upload_embedding(
        owner=owner, filename=f"{name}.safetensors", data=samples.sd1_file(seed), name=name, **(values | fields)
    )


def people() -> dict[str, User]:
    """Alice owns nearly everything, Bob looks on, Carol signs in with a second factor, Dora is new, Sam is staff."""
    made = {
        name: User.objects.create_user(name, password="wonderland", email=f"{name}@example.org")
        for name in ("alice", "bob", "carol", "dora")
    }
    made["sam"] = User.objects.create_superuser("sam", password="wonderland")
    made["alice"].display_name = "Alice Pleasance Liddell of a very long name by the river"
    made["alice"].bio_html = "<p>I learn <em>words</em>.</p>"
    made["alice"].save()
    EmailAddress.objects.create(user=made["alice"], email="alice@example.org", primary=True)
    TOTP.activate(made["carol"], generate_totp_secret())
    RecoveryCodes.activate(made["carol"])
    return made


def embeddings(alice: User, bob: User, sam: User) -> dict[str, Embedding]:
    """Public ones with much and with little, unlisted, private, hidden, rated, and one that was taken down."""
    receipt = {
        "config": {"initialiser": "lamp", "seed": 7, "learning_rate": 0.01, "batch_size": 8}, "images": 8, "steps": 300,
        "base": {"name": "pocket", "fingerprint": "f00d" * 16}, "seconds": 12.3, "device": "cpu", "fixed_loss_curve": CURVE,
    }  # fmt: skip
    prompts = ("a photo of {}", "{} beside a very long and winding river in the evening light of late autumn")
    grid = [drawn(text, seed, variant) for text in prompts for seed in (1, 2) for variant in ("learned", "initialiser")]
    steps = [drawn(prompts[0], 1, strength=value) for value in (0.25, 0.5, 1.25)]
    own = NewPreview(picture=read_picture("own.png", samples.picture(size=(300, 200))))
    tags = [f"tag-{number}" for number in range(20)]
    rich = share(
        alice, "lantern", 1, tags=tags, license="cc-by-4.0",
        description="A *lantern* of paper.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\n" + "x" * 200 + "\n```\n- one\n- two",
    ).embedding  # fmt: skip
    for number in range(2, 13):
        shown = {"previews": [*grid, *steps, own], "receipt": receipt} if number == 12 else {}
        file = NamedFile("x.safetensors", samples.sd1_file(100 + number))
        add_version(embedding=rich, files=[file], notes=f"Try {number}.", **shown)
    share(alice, "inkstone", 2, title=CJK, tags=["墨"], kind="style")
    share(alice, "teapot", 3, title=LONG, previews=[])
    share(alice, "unlisted-one", 4, visibility="unlisted")
    share(alice, "private-one", 5, visibility="private", receipt=receipt)
    share(alice, "suggestive-one", 6, rating="suggestive")
    share(alice, "explicit-one", 7, rating="explicit")
    hidden = share(alice, "hidden-one", 8).embedding
    moderation.hide(embedding=hidden, by=sam, reason="rights", text="Show us that you may share it.")
    moderation.take_down(
        embedding=share(alice, "taken-one", 9).embedding, by=sam, reason="person", text="She withdrew."
    )
    share(bob, "kettle", 10)
    for number in range(30):
        share(bob, f"kettle-{number}", 20 + number, previews=[])
    return {embedding.name: embedding for embedding in Embedding.objects.all()}


@transaction.atomic
def jobs(alice: User) -> dict[str, Job]:
    """A job of Alice's in each state; those that began have pictures and curves."""
    images = [(f"{number}.png", data) for number, data in enumerate(drawings(3))]
    made = {}
    for state in (State.SUCCEEDED, State.FAILED, State.CANCELLED, State.RUNNING, State.QUEUED):
        job = submit_job(
            owner=alice, images=images, base="pocket", token=f"<koi-{state}>", kind="object", initialiser="thing",
            name=f"koi-{state}",
        )  # fmt: skip
        made[state.value] = job
        if state != State.QUEUED:
            bring(job, state)
            sketches(job, final=state == State.SUCCEEDED)
    began = Job.objects.filter(owner=alice).exclude(state=State.QUEUED)
    began.update(step=120, loss=0.2, loss_curve=CURVE, fixed_loss_curve=CURVE, device_seconds=60.0)
    began.filter(state=State.FAILED).update(
        error_message="训练在第 120 步发散。Try fewer vectors.", traceback="x " * 300
    )
    began.filter(state=State.RUNNING).update(
        stage="training", seconds_left=15.0, steps_per_second=12.3, lease_until=timezone.now() + timedelta(hours=1)
    )
    done = made["succeeded"]
    version = share(alice, "koi-succeeded", 60, visibility="private")
    Job.objects.filter(pk=done.pk).update(embedding=version.embedding, version=version, step=300)
    for step in (100, 200, 300):
        JobSnapshot.objects.create(job=done, step=step, loss=10 / step, file=samples.sd1_file(step))
    return made


def sketches(job: Job, *, final: bool) -> None:
    """Pictures that were drawn on the way and, of a job that succeeded, at its end."""
    blob = storage.put(samples.picture((64, 64), "WEBP"))
    about = [(step, "learned", False) for step in (50, 100, 150, 200, 250, 300)]
    about += [(300, variant, True) for variant in ("learned", "initialiser")] if final else []
    for template in ("a photo of {}", "{} at night"):
        for step, variant, last in about:
            JobPreview.objects.create(
                job=job, step=step, template=template, prompt=template.replace("{}", job.token), seed=1, variant=variant,
                final=last, blob=blob, width=64, height=64,
            )  # fmt: skip


def training_draft(alice: User) -> TrainingDraft:
    """A draft that only waits to be reviewed, of pictures with remarks."""
    draft = start_draft(owner=alice)
    files = [SimpleUploadedFile(f"koi-{number}.png", data) for number, data in enumerate(drawings(4))]
    add_images(owner=alice, draft=draft.pk, files=files)
    TrainingDraft.objects.filter(pk=draft.pk).update(
        token="<my-koi>", initialiser="thing zzgrk", name="my-koi", vectors=2
    )
    return draft


def build() -> tuple[dict[str, User], dict[str, object]]:
    """Make all of it; return the people, and what addresses are filled with."""
    ensure_builtin_bases()
    who = people()
    alice, bob, sam = who["alice"], who["bob"], who["sam"]
    shared = embeddings(alice, bob, sam)
    boards = {
        visibility: create_collection(
            owner=alice, title=f"{visibility} Donaudampfschifffahrtsgesellschaftskapitänsmützen",
            description="Why **these**.", visibility=visibility,
        )
        for visibility in ("public", "private")
    }  # fmt: skip
    for board in boards.values():
        for name in ("kettle", "lantern", "teapot"):
            put_item(collection=board, embedding=shared[name], note="w" * 300 if name == "kettle" else "it glows")
    like(user=alice, embedding=shared["kettle"])
    made = jobs(alice)
    report = reports.file(embedding=shared["lantern"], reporter=bob, reason="person", text="That is my face.")
    closed = reports.file(embedding=shared["inkstone"], reporter=bob, reason="tag", text="No ink.")
    reports.close(report=closed, by=sam, upheld=False, answer="It is one.")
    for number in range(40):
        notify(owner_id=alice.pk, key=str(number), text=f"{'kite' * 12} {number} is trained.", url="/jobs")
    ApiToken.issue(owner=alice, name="the laptop in the kitchen", scopes=list(Scope.values))
    webhook, _ = Webhook.make(owner=alice, url=f"https://example.org/{'long/' * 20}", events=["published"])
    for _ in range(3):
        ping(webhook)
    for name, data in (("notes.pt", b"just text"), ("Boat.safetensors", samples.sd1_file(70)), ("Boat.png", samples.picture()),
                       ("sunset.png", samples.picture(colour="gold"))):  # fmt: skip
        drafts.add(owner=alice, file=NamedFile(name, data))
    draft = training_draft(alice)
    crowd(BaseModel.objects.get(), people=2, each=2)
    return who, {
        "board": boards["public"].pk, "secret_board": boards["private"].pk, "report": report.pk, "closed": closed.pk,
        "webhook": webhook.pk, "embedding": shared["lantern"].pk, "hidden": shared["hidden-one"].pk, "draft": draft.pk,
        "draft_image": draft.images.first().pk, **made_keys(made),
    }  # fmt: skip


def made_keys(made: dict[str, Job]) -> dict[str, int]:
    """Numbers of the jobs, by state."""
    return {state: job.pk for state, job in made.items()}
