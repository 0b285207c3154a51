"""A person's own affairs in a browser: collecting, a second factor, sessions, all one's data, and leaving."""

from __future__ import annotations

import base64
import hmac
import re
import struct
import time
import zipfile

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from hub.accounts.models import User
from registry.formats import Encoder, canonical
from registry.models import Collection
from registry.pictures.previews import NewPreview, store_generated
from registry.services import like, upload_embedding

pytestmark = pytest.mark.django_db(transaction=True)

#: Every page of an account, with its menu.
ACCOUNT_PAGES = (
    "/accounts/profile",
    "/accounts/password/change/",
    "/accounts/email/",
    "/accounts/2fa/",
    "/accounts/sessions/",
    "/accounts/tokens/",
    "/accounts/notices",
    "/accounts/data",
)


def word(owner, name, seed=0, title=""):
    data = canonical([Encoder("emb_params", np.full((1, 768), 0.02 + seed / 1000, np.float32), "F32")])
    drawn = store_generated(Image.new("RGB", (256, 256), (40 + 50 * seed % 200, 120, 90)))
    return upload_embedding(
        owner=owner, filename="x.safetensors", data=data, name=name, title=title or name, token=f"<{name}>", kind="object",
        base="sd1", license="cc0-1.0", visibility="public", previews=[NewPreview(picture=drawn)],
    ).embedding  # fmt: skip


def code_of(secret, steps=0):
    """The six digits of RFC 6238 for now, or so many half minutes on."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30 + steps), "sha1")
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


def sign_in(page, login="alice", password="wonderland"):
    page.goto("/accounts/login/")
    page.get_by_label("User name or email").fill(login)
    page.get_by_label("Password").fill(password)
    page.locator("main").get_by_role("button", name="Sign in").click()


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.mark.parametrize("scripts", [True, False])
def test_collecting_an_embedding_and_saying_why(open_page, keep, alice, bob, scripts):
    word(bob, "heart", title="A heart")
    word(bob, "kite", seed=1, title="A kite")
    page = open_page(width=360, scripts=scripts, user=alice)
    for name, note in (("heart", "so red"), ("kite", "it flies")):
        page.goto(f"/bob/{name}")
        page.locator("summary", has_text="Collect").click()
        if name == "heart":
            page.get_by_label("New collection").fill("Warm things")
        else:
            page.get_by_label("Warm things").check()
        page.get_by_label("Why").fill(note)
        page.locator(".collect").get_by_role("button", name="Save").click()
        page.get_by_text("Added to “Warm things”.").wait_for()
    page.goto("/alice/collections")
    page.get_by_role("link", name="Warm things").click()
    expect(page.locator(".why")).to_have_text(["so red", "it flies"])
    page.get_by_text("Change entry").nth(1).click()
    page.get_by_role("button", name="Move earlier").click()
    expect(page.locator(".why")).to_have_text(["it flies", "so red"])
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Public").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Warm things", exact=True)).to_be_visible()
    keep(page, f"collection-{'with' if scripts else 'without'}-scripts")
    stranger = open_page(scripts=scripts)
    stranger.goto(Collection.objects.get().get_absolute_url())
    expect(stranger.get_by_role("heading", name="Warm things")).to_be_visible()
    expect(stranger.get_by_text("Change entry")).to_have_count(0)


def test_a_second_factor_is_set_up_asked_for_and_turned_off(open_page, axe, keep, alice):
    page = open_page(width=1280)
    sign_in(page)
    page.goto("/accounts/2fa/")
    page.get_by_role("link", name="Set it up").click()
    page.get_by_label("Password").fill("wonderland")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("heading", name="Set up two-factor sign-in").wait_for()
    expect(page.locator(".qr svg")).to_be_visible()
    secret = page.locator("#totp-secret").inner_text().strip()
    axe(page)
    keep(page, "two-factor")
    page.get_by_label("Code that the app shows").fill("000000")
    page.get_by_role("button", name="Turn it on").click()
    page.get_by_text("This code is not right").wait_for()
    assert page.locator("#totp-secret").inner_text().strip() == secret
    page.get_by_label("Code that the app shows").fill(code_of(secret))
    page.get_by_role("button", name="Turn it on").click()
    page.get_by_role("heading", name="Recovery codes").wait_for()
    recovery = page.locator(".codes li").first.inner_text()
    expect(page.locator(".codes li")).to_have_count(10)
    axe(page)
    keep(page, "recovery-codes")

    for code in (code_of(secret, 1), recovery):
        again = open_page(width=360)
        sign_in(again)
        again.get_by_role("heading", name="Your code, please").wait_for()
        axe(again)
        again.get_by_label("Code from your app, or a recovery code").fill(code)
        again.locator("main").get_by_role("button", name="Sign in").click()
        again.locator("details.menu summary", has_text="alice").wait_for()

    page.goto("/accounts/2fa/")
    page.get_by_text("9 codes are left.").wait_for()
    assert re.search(r"On since \d.*\n+A code was used last on \d", page.locator("main").inner_text())
    axe(page)
    page.get_by_role("link", name="Turn it off…").click()
    axe(page)
    page.get_by_role("button", name="Turn it off").click()
    page.get_by_role("link", name="Set it up").wait_for()


def test_a_password_alone_does_not_open_the_admin(open_page, sam):
    page = open_page()
    page.goto("/admin/login/?next=/admin/")
    assert page.url.split("?")[0].endswith("/accounts/login/")


def test_other_sessions_are_signed_out(open_page, axe, keep, alice):
    here, there = open_page(width=360), open_page()
    sign_in(there)
    sign_in(here)
    here.goto("/accounts/sessions/")
    assert here.get_by_text("This one").count() == 1 and here.locator("tbody tr").count() == 2
    assert overflow(here) <= 0
    axe(here)
    keep(here, "sessions")
    here.get_by_role("button", name="Sign out all others").click()
    expect(here.locator("tbody tr")).to_have_count(1)
    there.goto("/jobs")
    assert "/accounts/login/" in there.url


def test_all_ones_data_comes_as_an_archive(open_page, alice, tmp_path):
    word(alice, "heart")
    page = open_page(user=alice, width=360, scripts=False)
    page.goto("/accounts/data")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download my data").click()
    assert re.fullmatch(r"starword-alice-\d{4}-\d\d-\d\d\.zip", download.value.suggested_filename)
    with zipfile.ZipFile(download.value.path()) as packed:
        assert packed.testzip() is None and "data/embeddings.json" in packed.namelist()


def test_an_account_is_deleted_after_the_password_and_the_name(open_page, axe, keep, alice, bob):
    like(user=alice, embedding=word(bob, "heart"))
    word(alice, "kite", seed=1)
    page = open_page(width=360, scheme="dark", user=alice)
    page.goto("/accounts/profile")
    page.get_by_role("link", name="Delete account").click()
    page.get_by_label("Password").fill("wonderland")
    page.get_by_role("button", name="Go on").click()
    page.get_by_text("1 embedding, whether shared or not").wait_for()
    axe(page)
    keep(page, "delete-account")
    page.get_by_label("Your user name").fill("bob")
    page.get_by_role("button", name="Delete my account").click()
    page.get_by_text("Type alice, as it is written in your address.").wait_for()
    page.get_by_label("Your user name").fill("alice")
    page.get_by_role("button", name="Delete my account").click()
    page.get_by_text("Your account is deleted").wait_for()
    assert not User.objects.filter(username="alice").exists()
    assert bob.embeddings.get().likes == 0


def test_the_menu_of_an_account_says_where_one_is(open_page, alice):
    page = open_page(user=alice)
    for address in ACCOUNT_PAGES:
        page.goto(address)
        assert page.locator(".account-menu [aria-current]").count() == 1, address
