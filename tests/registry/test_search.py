"""What people find, in which order, and what it costs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from registry.browsing.search import search
from registry.models import Embedding
from registry.pictures.previews import NewPreview, Picture

NOBODY = AnonymousUser()


@pytest.fixture
def shelf(alice, bob, upload):
    """A few embeddings with words in different places."""
    upload(
        alice,
        "watercolour",
        title="Soft watercolours",
        token="<wc-1>",
        kind="style",
        tags=["painting", "pastel-tones"],
    )
    upload(
        alice,
        "co-op-cat",
        title="A cat",
        token="<catty>",
        description="Sleeping on a **windowsill**, running.",
        seed=1,
    )
    upload(bob, "catalogue", title="Printed catalogue", token="<print>", description="No animal at all", seed=2)
    upload(bob, "bad-hands", title="Bad hands", token="bad_hands_5", kind="negative", tags=["hands"], seed=3)


def names(user=NOBODY, **asked):
    return [embedding.name for embedding in search(user, **asked)]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("watercolours", {"watercolour"}),
        ("WATERCOL", {"watercolour"}),
        ("soft water", {"watercolour"}),
        ("watercolour soft", {"watercolour"}),
        ("water soft", set()),
        ("painting", {"watercolour"}),
        ("pastel", {"watercolour"}),
        ("tones", {"watercolour"}),
        ("<wc-1>", {"watercolour"}),
        ("wc-1", {"watercolour"}),
        ("co-op", {"co-op-cat"}),
        ("coop", set()),
        ("op cat", {"co-op-cat"}),
        ("windowsill", {"co-op-cat"}),
        ("run", {"co-op-cat"}),
        ("the run", {"co-op-cat"}),
        ("cat", {"co-op-cat", "catalogue"}),
        ("bad_hands_5", {"bad-hands"}),
        ("hands 5", {"bad-hands"}),
        ("cat watercolour", set()),
        ("& | ! :* ( ) ' \\", set()),
        ("cat' & !dog", set()),
        ("cat:*", {"co-op-cat", "catalogue"}),
        ("\x00", {"watercolour", "co-op-cat", "catalogue", "bad-hands"}),
        ("cat\x00", {"co-op-cat", "catalogue"}),
        ("x" * 5000, set()),
        ("", {"watercolour", "co-op-cat", "catalogue", "bad-hands"}),
    ],
)
def test_words_are_found_wherever_they_stand(shelf, q, found):
    assert set(names(q=q)) == found


def test_a_token_of_marks_alone_is_found(alice, upload):
    upload(alice, "starred", token="*")
    assert names(q="*") == ["starred"]


def test_words_beyond_ascii_are_found(alice, upload):
    upload(alice, "baer", title="Der kleine Bär", token="<bär>", tags=["Bären"])
    for q in ("bär", "BÄR", "<bär>", "bären", "klein"):
        assert names(q=q) == ["baer"]


def test_a_match_of_name_or_token_comes_before_a_mere_mention(alice, upload):
    upload(alice, "rose", token="<rose-x>", seed=1)
    upload(alice, "garden", title="Rose rose rose", tags=["rose"], description="rose " * 50, seed=2)
    upload(alice, "other", token="rose", seed=3)
    upload(alice, "mention", description="A rose somewhere", seed=4)
    upload(alice, "rose-bud", seed=5)
    found = names(q="rose")
    assert set(found[:2]) == {"rose", "other"}
    assert found[2:] == ["rose-bud", "garden", "mention"]


def test_words_can_be_sorted_otherwise(shelf):
    Embedding.objects.filter(name="catalogue").update(likes=5)
    assert names(q="cat", sort="likes") == ["catalogue", "co-op-cat"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"kind": "style"}, {"watercolour"}),
        ({"kind": "person"}, set()),
        ({"base": "sd1"}, {"watercolour", "co-op-cat", "catalogue", "bad-hands"}),
        ({"base": "sdxl"}, set()),
        ({"tag": "hands"}, {"bad-hands"}),
        ({"tag": "Hands"}, {"bad-hands"}),
        ({"tag": "hand"}, set()),
        ({"owner": "bob"}, {"catalogue", "bad-hands"}),
        ({"owner": "bob", "q": "cat"}, {"catalogue"}),
        ({"owner": "b\x00b"}, set()),
        ({"sort": "sideways"}, {"watercolour", "co-op-cat", "catalogue", "bad-hands"}),
    ],
)
def test_filters_narrow_what_is_found(shelf, asked, found):
    assert set(names(**asked)) == found


def test_only_public_ones_and_ones_own_are_found(alice, bob, sam, upload):
    for number, visibility in enumerate(("public", "unlisted", "private")):
        upload(alice, f"{visibility}-one", visibility=visibility, seed=number)
    assert set(names(q="one")) == {"public-one"}
    assert set(names(bob, q="one")) == {"public-one"}
    assert set(names(sam, q="one")) == {"public-one"}
    assert set(names(alice, q="one")) == {"public-one", "unlisted-one", "private-one"}


def test_each_order_puts_the_best_first(alice, upload):
    now = timezone.now()
    facts = {"old-hit": (400, 90, 60), "mid": (30, 2, 8), "fresh": (2, 3, 0), "forgotten": (0, 0, 90)}
    for number, (name, (downloads, likes, age)) in enumerate(facts.items()):
        upload(alice, name, seed=number)
        created = now - timedelta(days=age)
        Embedding.objects.filter(name=name).update(downloads=downloads, likes=likes, created=created)
    assert names(sort="new") == names() == ["fresh", "mid", "old-hit", "forgotten"]
    assert names(sort="downloads") == ["old-hit", "mid", "fresh", "forgotten"]
    assert names(sort="likes") == ["old-hit", "fresh", "mid", "forgotten"]
    assert names(sort="trending") == ["fresh", "mid", "old-hit", "forgotten"]


def test_equals_keep_a_fixed_order(alice, upload):
    for number in range(4):
        upload(alice, f"equal-{number}", seed=number)
    assert names(sort="likes") == names(sort="downloads") == ["equal-3", "equal-2", "equal-1", "equal-0"]


@pytest.mark.parametrize("rows", [1, 30])
def test_cards_cost_three_queries_whatever_the_rows(alice, bob, upload, rows):
    picture = Picture("0" * 64, 64, 64, 1)
    previews = [NewPreview(picture=picture, variant=variant) for variant in ("initialiser", "learned", "learned")]
    for number in range(rows):
        upload((alice, bob)[number % 2], f"word-{number}", seed=number, previews=previews)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        cards = [
            (e.owner.username, e.latest.vectors, e.latest.cover.variant) for e in search(NOBODY, q="word").with_cards()[:24]
        ]  # fmt: skip
    assert len(cards) == min(rows, 24)
    assert {variant for _, _, variant in cards} == {"learned"}
    assert len(queries) == 3


def test_details_cost_four_queries_whatever_the_rows(alice, upload):
    for number in range(12):
        upload(alice, f"word-{number}", seed=number)
    with CaptureQueriesContext(connection) as queries:
        told = [
            (e.owner.username, [(v.number, len(v.files.all()), v.cover) for v in e.versions.all()])
            for e in search(NOBODY).with_details()
        ]
    assert len(told) == 12
    files = 9 * 2  # targets of one text encoder, in two precisions
    assert told[0] == ("alice", [(1, files, None)])
    assert len(queries) == 4


def test_a_tag_is_found_however_it_is_written(shelf):
    for tag in ("pastel-tones", "Pastel tones", "pastel_tones "):
        assert names(tag=tag) == ["watercolour"]
