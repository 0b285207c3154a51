"""A small catalogue, as clients of Civitai come upon it."""

from __future__ import annotations

import pytest
from PIL import Image

from hub.accounts.models import ApiToken
from registry.pictures.previews import NewPreview, read_picture, store_generated
from tests.registry.samples import picture, sd1_file, sdxl_file


def drawn(colour="teal", **fields):
    """A preview that a worker drew."""
    values = {
        "template": "a photo of {}",
        "prompt": "a photo of <red-heart>",
        "seed": 7,
        "settings": {"guidance_scale": 7.5, "sampler_steps": 20},
    }
    return NewPreview(
        picture=store_generated(Image.new("RGB", (64, 48), colour)), source="generated", **(values | fields)
    )


@pytest.fixture
def heart(alice, upload):
    """A public embedding with two kinds of pictures."""
    others = [
        drawn(variant="initialiser"),
        drawn(settings={"strength": 0.5}),
        NewPreview(picture=read_picture("p.png", picture())),
    ]
    return upload(alice, previews=[drawn(), *others], tags=["warm"], description="A *red* heart.")


@pytest.fixture
def catalogue(heart, alice, bob, upload):
    """What there is: every rating, kind and visibility."""
    return {
        "heart": heart,
        "big": upload(alice, "big-one", base="sdxl", data=sdxl_file(1), license="cc-by-nc-4.0", title="Big one"),
        "ugly": upload(bob, "ugly", seed=2, kind="negative", license="mit", title="Ugly things"),
        "bare": upload(bob, "bare", seed=3, rating="suggestive", previews=[drawn()], title="Bare"),
        "nude": upload(bob, "nude", seed=4, rating="explicit", previews=[drawn()], title="Nude"),
        "private": upload(alice, "private-one", seed=5, visibility="private", previews=[drawn("navy")], title="Mine"),
        "unlisted": upload(alice, "unlisted-one", seed=6, visibility="unlisted", title="Hidden"),
    }


@pytest.fixture
def files():
    """The bytes that were uploaded."""
    return {"heart": sd1_file(0), "big": sdxl_file(1), "unlisted": sd1_file(6)}


@pytest.fixture
def hub(live_server, catalogue):
    """The address of a live hub with a catalogue."""
    return live_server.url


@pytest.fixture
def secret(alice):
    """A token of Alice's."""
    return ApiToken.issue(owner=alice, name="tool", scopes=["read"])[1]
