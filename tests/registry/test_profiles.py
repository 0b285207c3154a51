"""What others read of a person."""

from __future__ import annotations

import pytest

from hub.accounts.models import User
from registry.formats import NamedFile
from registry.services import like
from registry.upload import drafts
from tests.registry.samples import sd1_file

pytestmark = pytest.mark.django_db


def test_a_profile_is_said_in_safe_markdown(as_user, client, alice):
    values = {"display_name": "Alice  L.", "bio": "I **learn** <script>x</script> ![](http://x.example/y.png)"}
    assert as_user(alice).post("/accounts/profile", values)["Location"] == "/accounts/profile"
    client.logout()
    page = client.get("/alice").content.decode()
    assert '<h1 dir="auto">Alice L.</h1>' in page and "<strong>learn</strong>" in page
    assert "<script>x" not in page and "<img" not in page


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"display_name": "x" * 61}, "Shorten it to 60 characters"),
        ({"display_name": "Al\u200bice"}, "U+200B"),
        ({"bio": "x" * 1001}, "Shorten it to 1000 characters"),
    ],
)
def test_a_profile_that_will_not_do_is_refused_beside_its_field(as_user, alice, values, told):
    answer = as_user(alice).post("/accounts/profile", values)
    assert answer.status_code == 422 and told in answer.content.decode()
    assert User.objects.get(pk=alice.pk).display_name == ""


def test_the_figures_count_what_everybody_sees(client, alice, bob, upload):
    like(user=bob, embedding=upload(alice, "one"))
    upload(alice, "two", seed=1, visibility="private")
    page = client.get("/alice").content.decode()
    assert "<b>1</b> public embedding" in page and "<b>1</b> like received" in page


def test_likes_can_be_kept_to_oneself(as_user, client, alice, bob, upload):
    like(user=alice, embedding=upload(bob, "heart", title="A heart"))
    like(user=alice, embedding=upload(bob, "secret", title="A secret", seed=1))
    bob.embeddings.filter(name="secret").update(visibility="private")
    page = client.get("/alice/likes").content.decode()
    assert "A heart" in page and "A secret" not in page
    as_user(alice).post("/accounts/profile", {"likes_hidden": "on"})
    assert "Only you see this list." in client.get("/alice/likes").content.decode()
    client.logout()
    assert client.get("/alice/likes").status_code == 404
    assert "/alice/likes" not in client.get("/alice").content.decode()


def test_drafts_are_what_was_not_shared(as_user, alice, bob, upload):
    upload(alice, "mine", title="My draft", visibility="private")
    upload(alice, "shared", title="Shared", seed=1)
    upload(bob, "theirs", title="Their draft", seed=2, visibility="private")
    drafts.add(owner=alice, file=NamedFile("kite.safetensors", sd1_file(9)))
    page = as_user(alice).get("/drafts").content.decode()
    assert "An upload with 1 embedding is not published yet." in page
    assert "My draft" in page and "Shared" not in page and "Their draft" not in page
