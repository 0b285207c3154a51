"""Notices and kept images, as a person with a browser meets them, with and without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from hub.accounts.models import User
from hub.accounts.notices import notify
from tests.training.results import bring
from tests.training.samples import picture
from training.bases import ensure_builtin_bases
from training.models import State
from training.services import submit_job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def failed(transactional_db, alice):
    ensure_builtin_bases()
    images = [(f"{number}.png", picture(number)) for number in range(3)]
    return bring(
        submit_job(
            owner=alice, images=images, base="pocket", token="<kite>", kind="object", initialiser="thing", name="kite"
        ),
        State.FAILED,
    )


def test_the_count_leads_to_the_notices_and_is_gone_afterwards(open_page, alice, failed):
    page = open_page(width=360, scheme="dark", scripts=False, user=alice)
    page.goto("/")
    page.get_by_role("link", name="1 new notice").click()
    page.get_by_role("link", name="kite was not trained. It broke.").click()
    page.wait_for_url(f"**/jobs/{failed.pk}")
    expect(page.get_by_role("link", name="new notice")).to_have_count(0)


def test_many_notices_and_a_long_name_fit_a_phone(open_page, transactional_db):
    owner = User.objects.create_user("long-name-" * 6 + "four")  # 64 characters, the most
    for number in range(120):
        notify(owner_id=owner.pk, key=str(number), text=f"{'kite' * 16} is trained.", url="/")
    page = open_page(width=360, user=owner)
    for address in ("/", "/notices"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("Page 2 of 4")).to_be_visible()


def test_training_images_are_deleted_at_once_on_a_phone(open_page, alice, failed):
    page = open_page(width=360, user=alice)
    page.goto(failed.get_absolute_url())
    page.get_by_text("Training images are deleted on").click()
    page.get_by_role("button", name="Delete them now").click()
    page.get_by_text("The training images are deleted.").wait_for()
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    assert failed.images.count() == 0
