"""Webhooks: written with what happened, signed, tried again, and never sent into the hub's own network."""

from __future__ import annotations

import json
import re
import socket
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from hub.accounts.models import Notice, User
from hub.sealing import BrokenSeal
from hub.webhooks import addresses, deliveries, events, sending
from hub.webhooks.models import Delivery, Event, Webhook
from registry import services
from registry.formats import NamedFile
from registry.moderation.services import take_down
from tests.registry import samples
from tests.support.hook_server import HookServer
from training import transitions
from training.bases import ensure_builtin_bases
from training.models import Job, State
from training.services import find_base

pytestmark = pytest.mark.django_db

DOCS = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"


@pytest.fixture
def server(settings):
    settings.HUB_WEBHOOKS_PRIVATE = True
    with HookServer() as running:
        yield running


def hook(owner, url="http://127.0.0.1:1024/", wanted=tuple(Event.values)):
    return Webhook.make(owner=owner, url=url, events=list(wanted))


def send():
    return deliveries.send_due(lambda: False)


def upload(owner, visibility="public", name="koi", seed=0):
    return services.upload_embedding(
        owner=owner, filename="x.safetensors", data=samples.sd1_file(seed), name=name, title="Koi", token=f"<{name}>",
        kind="object", base="sd1", license="cc0-1.0", visibility=visibility,
    )  # fmt: skip


def job_of(owner, **fields):
    ensure_builtin_bases()
    return Job.objects.create(
        owner=owner, base=find_base("pocket"), name="kite", token="<kite>", kind="object", initialiser="thing",
        vectors=1, total_steps=10, **fields,
    )  # fmt: skip


def heard():
    return list(Delivery.objects.order_by("created", "pk").values_list("event", flat=True))


def test_what_happens_to_an_embedding_is_heard_of_once(alice, bob, sam):
    hook(alice)
    hook(bob)
    embedding = upload(alice, "private").embedding
    assert heard() == []
    services.publish(embedding=embedding)
    services.update_embedding(embedding=embedding, title="Still public")
    assert heard() == ["published"]
    services.add_version(embedding=embedding, files=[NamedFile("x.safetensors", samples.sd1_file(1))], notes="Longer")
    told = Delivery.objects.get(event="version_added")
    assert told.webhook.owner == alice
    assert told.data["version"] == {"number": 2, "notes": "Longer"}
    assert told.data["embedding"]["url"] == "/alice/koi" and told.data["embedding"]["visibility"] == "public"
    take_down(embedding=embedding, by=sam, reason="spam", text="")
    gone = Delivery.objects.get(event="taken_down").data
    assert gone["reason"] == "spam" and gone["embedding"]["name"] == "koi"
    upload(bob, seed=2)
    assert sorted(heard()) == ["published", "published", "taken_down", "version_added"]


def test_each_end_of_a_job_is_heard_of(alice):
    hook(alice, wanted=["job_finished"])
    waiting = job_of(alice)
    transitions.ask_to_cancel(waiting)
    transitions.ask_to_cancel(waiting)
    failed = job_of(alice)
    transitions.fail(transitions.claim(worker="box"), code="no_space", message="No room.")
    given_back = job_of(alice)
    lease = transitions.claim(worker="box")
    transitions.ask_to_cancel(given_back)
    transitions.give_back(lease)
    told = [(entry.data["job"]["id"], entry.data["job"]["state"]) for entry in Delivery.objects.order_by("pk")]
    assert sorted(told) == [(waiting.pk, "cancelled"), (failed.pk, "failed"), (given_back.pk, "cancelled")]
    of_failed = next(entry.data["job"] for entry in Delivery.objects.all() if entry.data["job"]["id"] == failed.pk)
    assert of_failed["error"] == {"code": "no_space", "message": "No room."} and of_failed["base"] == "pocket"
    assert Job.objects.get(pk=failed.pk).state == State.FAILED


def test_what_is_undone_is_not_heard_of_and_nobody_pays_who_has_no_webhook(alice, django_assert_num_queries):
    told = {"owner_id": alice.pk, "event": Event.PUBLISHED, "key": "x", "data": lambda: pytest.fail("asked for")}
    with django_assert_num_queries(1):
        assert events.emit(**told) == 0
    webhook, _ = hook(alice, wanted=["job_finished"])
    assert events.emit(**told) == 0
    webhook.change(events=["published"])
    with pytest.raises(RuntimeError), transaction.atomic():
        events.emit(**told | {"data": dict})
        raise RuntimeError
    assert heard() == []
    assert [events.emit(**told | {"data": dict}) for _ in range(2)] and len(heard()) == 1


def test_it_arrives_signed_as_the_documentation_checks_it(alice, server):
    webhook, secret = hook(alice, server.url + "/take?a=b")
    upload(alice)
    assert send() == 1
    (came,) = server.taken
    delivery = Delivery.objects.get()
    assert came.path == "/take?a=b"
    assert came.headers["X-Starword-Event"] == "published" and came.headers["X-Starword-Delivery"] == str(delivery.pk)
    assert came.headers["Host"] == server.url.removeprefix("http://")
    body = json.loads(came.body)
    assert body["id"] == str(delivery.pk) and body["data"]["embedding"]["name"] == "koi"
    snippet = {}
    exec(re.search(r"```python\n(.*?)```", DOCS.read_text(), re.S)[1], snippet)
    is_genuine, header = snippet["is_genuine"], came.headers["X-Starword-Signature"]
    assert is_genuine(header, came.body, secret)
    assert not is_genuine(header, came.body + b" ", secret) and not is_genuine(header, came.body, "swh_other")
    assert not is_genuine(header, came.body, secret, tolerance=-1)
    assert (delivery.state, delivery.status, delivery.excerpt, delivery.attempts) == ("delivered", 200, "thanks", 1)
    assert delivery.next_try is None and send() == 0
    new = webhook.rotate()
    events.redeliver(delivery)
    assert send() == 1
    came = server.taken[-1]
    assert all(is_genuine(came.headers["X-Starword-Signature"], came.body, each) for each in (secret, new))
    Webhook.objects.update(former_until=timezone.now())
    events.ping(Webhook.objects.get())
    send()
    came = server.taken[-1]
    told = [is_genuine(came.headers["X-Starword-Signature"], came.body, each) for each in (secret, new)]
    assert told == [False, True]


def test_a_failure_is_tried_again_ever_later_and_ends(alice, server):
    webhook, _ = hook(alice, server.url)
    server.status, server.body = 503, b"no\0t now" + b"x" * 5_000
    events.ping(webhook)
    waits = []
    for _ in range(deliveries.MAX_ATTEMPTS):
        Delivery.objects.filter(next_try__isnull=False).update(next_try=timezone.now())
        assert send() == 0
        delivery = Delivery.objects.get()
        waits.append(delivery.next_try and round((delivery.next_try - delivery.tried).total_seconds()))
    assert waits == [30, 90, 270, 810, 2430, 7290, 21870, 65610, None]
    assert (delivery.state, delivery.status, len(delivery.excerpt)) == ("failed", 503, 1_000)
    assert delivery.excerpt.startswith("no\ufffdt now")
    assert Webhook.objects.get().failing_since is not None and len(server.taken) == deliveries.MAX_ATTEMPTS
    server.status, server.body = 204, b""
    events.redeliver(delivery)
    assert send() == 1 and Webhook.objects.get().failing_since is None


def test_what_takes_nothing_for_days_is_stopped_and_its_owner_told_and_may_begin_again(alice, server):
    webhook, _ = hook(alice, server.url)
    server.status = 500
    Webhook.objects.update(failing_since=timezone.now() - deliveries.STOP_AFTER)
    for _ in range(2):
        events.ping(webhook)
    send()
    webhook.refresh_from_db()
    assert not webhook.active and webhook.stopped
    assert set(Delivery.objects.values_list("state", "next_try")) == {("failed", None)}
    assert Notice.objects.get().url == f"/accounts/webhooks/{webhook.pk}/"
    upload(alice)
    assert Delivery.objects.filter(event="published").count() == 0
    webhook.change(active=True)
    assert (webhook.failing_since, webhook.stopped) == (None, None)


def test_a_closed_account_is_told_nothing_until_it_is_opened_again(alice, server):
    events.ping(hook(alice, server.url)[0])
    for active, arrived in ((False, 0), (True, 1)):
        User.objects.update(is_active=active)
        assert send() == arrived == len(server.taken)


def test_redirects_lead_nowhere(alice, server):
    with HookServer() as inside:
        server.status, server.headers = 302, {"Location": inside.url}
        events.ping(hook(alice, server.url)[0])
        assert send() == 0
        assert Delivery.objects.get().status == 302 and inside.taken == []


def test_who_drips_or_hangs_is_cut_off_in_time_and_keeps_no_other(alice, bob, server, monkeypatch):
    monkeypatch.setattr(sending, "WHOLE_SECONDS", 0.5)
    server.drip_seconds = 0.05
    events.ping(hook(alice, server.url)[0])
    with HookServer() as quick, socket.create_server(("127.0.0.1", 0)) as silent:
        events.ping(hook(bob, quick.url)[0])
        events.ping(hook(bob, f"http://127.0.0.1:{silent.getsockname()[1]}/")[0])
        begun = time.monotonic()
        assert send() == 1
        assert time.monotonic() - begun < 3
        assert len(quick.taken) == 1
    late = Delivery.objects.filter(state="waiting")
    assert {delivery.problem for delivery in late} == {"It did not answer in time."} and len(late) == 2


def test_a_crash_while_sending_costs_a_second_delivery_at_most(alice, server, monkeypatch):
    events.ping(hook(alice, server.url)[0])
    monkeypatch.setattr(deliveries, "_record", lambda *args: (_ for _ in ()).throw(MemoryError))
    with pytest.raises(MemoryError):
        send()
    monkeypatch.undo()
    assert send() == 0 and len(server.taken) == 1
    Delivery.objects.update(next_try=timezone.now() - timedelta(seconds=1))
    assert send() == 1
    assert server.taken[0].headers["X-Starword-Delivery"] == server.taken[1].headers["X-Starword-Delivery"]


def test_another_secret_key_of_the_hub_is_told_and_the_secret_lies_nowhere_in_plain(alice, server, settings):
    webhook, secret = hook(alice, server.url)
    assert secret.encode() not in bytes(webhook.secret)
    settings.SECRET_KEY = "another"
    with pytest.raises(BrokenSeal):
        webhook.secrets()
    events.ping(webhook)
    assert send() == 0 and "new secret" in Delivery.objects.get().problem and server.taken == []


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/", "//example.org", "example.org", "http://", "http://a b/", "http://user:x@example.org/",
        "http://example.org/#x", "http://example.org:22/", "http://example.org:99999/", "http://[::1", "http://ex\u00e4mple.org/",
        "http://example.org/\r\nX: y", "http:\\\\example.org", "http://127.0.0.1/", "http://[::1]/", "http://10.1.2.3/",
        "http://169.254.169.254/latest/meta-data", "http://[fd00::1]/", "http://[::ffff:127.0.0.1]/", "http://0.0.0.0/",
        "http://100.64.0.1/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://224.0.0.1/", "http://[fe80::1]/",
        "http://192.0.0.192/", "http://[64:ff9b:1::7f00:1]/", "http://[::127.0.0.1]/", "http://[fe80::1%25eth0]/", "http://@example.org/",
    ],
)  # fmt: skip
def test_an_address_that_nothing_is_sent_to_is_refused_when_it_is_given(api_as, as_user, alice, url):
    answer = api_as(alice).post("/api/hub/webhooks", {"url": url, "events": ["published"]})
    assert answer.status_code == 400 and list(answer.json()["error"]["fields"]) == ["url"]
    assert as_user(alice).post("/accounts/webhooks/", {"url": url, "events": ["published"]}).status_code == 422
    assert not Webhook.objects.exists()


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f000001", "2130706433", "localhost.localdomain"])
def test_a_name_of_the_inside_is_refused_when_it_is_looked_up(host):
    with pytest.raises(addresses.BadAddress):
        addresses.resolve(addresses.parse(f"http://{host}:8000/"))


def test_a_name_is_looked_up_once_and_all_its_addresses_are_judged(monkeypatch):
    asked = []

    def rebinding(host, port, **options):
        asked.append(host)
        found = ["93.184.215.14"] if len(asked) == 1 else ["127.0.0.1"]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    connected = []
    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(socket, "create_connection", lambda address, timeout: connected.append(address) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        sending.send("http://rebinding.example/", [b"x"], {"id": "1", "event": "ping"})
    assert connected == [("93.184.215.14", 80)] and len(asked) == 1
    with pytest.raises(addresses.BadAddress):
        addresses.resolve(addresses.parse("http://rebinding.example/"))
    mixed = [("93.184.215.14", 80), ("10.0.0.1", 80)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **o: [(2, 1, 6, "", address) for address in mixed])
    with pytest.raises(addresses.BadAddress):
        addresses.resolve(addresses.parse("http://mixed.example/"))


def test_the_log_goes_back_a_month(alice):
    webhook, _ = hook(alice)
    events.ping(webhook)
    Delivery.objects.update(created=timezone.now() - events.LOG_KEPT)
    events.ping(webhook)
    assert events.forget_old() == 1 and Delivery.objects.count() == 1
