"""What feed readers and search engines are told: of public embeddings, and of nothing else."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from registry.browsing import sitemaps
from registry.models import Embedding
from registry.pictures.previews import NewPreview, store_generated
from tests.registry.test_renditions import noise

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture
def shared(alice, bob, upload):
    picture = NewPreview(picture=store_generated(noise()))
    upload(
        alice,
        "teapot",
        title='A "teapot" <of & tin>',
        tags=["blue", "tin"],
        description="**Shiny**",
        previews=[picture],
    )
    upload(alice, "kettle", tags=["blue"], seed=1)
    upload(bob, "poster", seed=2)
    upload(bob, "hidden", visibility="private", seed=3)
    upload(bob, "unlisted", visibility="unlisted", seed=4)


def entries(client, url):
    answer = client.get(url)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("application/atom+xml")
    feed = ElementTree.fromstring(answer.content)
    return feed, {entry.find(f"{ATOM}title").text: entry for entry in feed.iter(f"{ATOM}entry")}


def test_a_feed_tells_of_what_is_public(client, shared, bob):
    client.force_login(bob)  # a reader with a session is told no more: the address may be passed on
    feed, found = entries(client, "/feed.atom")
    assert len(list(feed.iter(f"{ATOM}entry"))) == 3
    entry = found['A "teapot" <of & tin>']
    assert entry.find(f"{ATOM}link[@rel='alternate']").get("href") == "http://testserver/alice/teapot"
    assert entry.find(f"{ATOM}author/{ATOM}name").text == "alice"
    assert "<strong>Shiny</strong>" in entry.find(f"{ATOM}summary").text
    assert [item.get("term") for item in entry.iter(f"{ATOM}category")] == ["blue", "tin"]
    picture = entry.find(f"{ATOM}link[@rel='enclosure']").get("href")
    assert picture.startswith("http://testserver/media/pictures/")
    assert client.get(picture.removeprefix("http://testserver")).status_code == 200


@pytest.mark.parametrize(
    ("url", "count"),
    [
        ("/alice/feed.atom", 2),
        ("/bob/feed.atom", 1),
        ("/feed.atom?tag=blue", 2),
        ("/feed.atom?tag=blue&tag=tin", 1),
        ("/feed.atom?tag=none", 0),
        ("/feed.atom?tag=%01%3C", 3),
        ("/feed.atom?tag=%00%3C", 0),
        ("/alice/feed.atom?tag=tin", 1),
    ],
)
def test_a_feed_can_be_of_a_person_or_of_tags(client, shared, url, count):
    feed, _ = entries(client, url)
    assert len(list(feed.iter(f"{ATOM}entry"))) == count
    assert feed.find(f"{ATOM}link[@rel='self']").get("href").startswith("http://testserver/")


def test_pages_say_where_their_feed_is(client, shared):
    assert '<link rel="alternate" type="application/atom+xml" href="/feed.atom"' in client.get("/").content.decode()


@pytest.mark.parametrize("rows", [2, 9])
def test_a_feed_costs_three_queries_whatever_the_rows(client, alice, upload, rows, django_assert_num_queries):
    for number in range(rows):
        upload(alice, f"word-{number}", seed=number, previews=[NewPreview(picture=store_generated(noise(64, 64)))])
    with django_assert_num_queries(3):
        entries(client, "/feed.atom")


def locations(client, url):
    answer = client.get(url)
    assert answer.status_code == 200
    return [item.text for item in ElementTree.fromstring(answer.content).iter(f"{SITEMAP}loc")]


def test_the_map_leads_to_every_public_page_in_files_of_a_size(client, shared, bob, monkeypatch):
    monkeypatch.setattr(sitemaps.Embeddings, "limit", 2)
    client.force_login(bob)
    files = locations(client, "/sitemap.xml")
    pages = {page for file in files for page in locations(client, file.removeprefix("http://testserver"))}
    names = ("", "alice/teapot", "alice/kettle", "bob/poster")
    assert pages == {f"http://testserver/{name}" for name in names}
    assert len(files) == 3
    Embedding.objects.all().delete()
    assert locations(client, "/sitemap-embeddings.xml") == []


def test_robots_are_told_of_the_map_and_of_what_is_no_page(client):
    text = client.get("/robots.txt").content.decode()
    assert "Sitemap: http://testserver/sitemap.xml\n" in text
    assert "Disallow: /api/\n" in text
    assert "Disallow: /jobs\n" not in text  # would forbid the pages of an account called jobs-and-more


def test_a_feed_brings_no_picture_that_people_are_asked_about_first(client, shared):
    Embedding.objects.filter(name="teapot").update(rating="suggestive")
    _feed, found = entries(client, "/feed.atom")
    assert found['A "teapot" <of & tin>'].find(f"{ATOM}link[@rel='enclosure']") is None
