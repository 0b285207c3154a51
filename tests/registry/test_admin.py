"""Staff look things up and correct them without disturbing counters."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.urls import reverse

from hub.accounts.models import ApiToken, User
from hub.read_only import ReadOnlyAdmin
from registry import services
from registry.models import Embedding, Version
from registry.moderation import reports
from registry.moderation import services as services_of_staff
from registry.pictures.previews import NewPreview, read_picture
from tests.registry.samples import picture
from training.bases import ensure_builtin_bases
from training.models import Worker


@pytest.fixture
def desk(client, sam):
    sam.is_superuser = True
    sam.save()
    client.force_login(sam)
    return client


def test_every_page_of_the_desk_opens(desk, alice, upload):
    embedding = upload(alice, previews=[NewPreview(picture=read_picture("p.png", picture()))])
    for model, pk in (("embedding", embedding.pk), ("version", embedding.latest.pk)):
        assert desk.get(reverse(f"admin:registry_{model}_changelist"), {"q": "heart"}).status_code == 200
        assert desk.get(reverse(f"admin:registry_{model}_change", args=[pk])).status_code == 200
        assert desk.get(reverse(f"admin:registry_{model}_add")).status_code == 403


def test_every_list_and_row_of_every_app_opens_and_what_must_not_change_cannot(desk, alice, bob, sam, upload):
    work = upload(alice)
    reports.file(embedding=work, reporter=bob, reason="tag")
    services_of_staff.take_down(embedding=upload(alice, "gone", seed=2), by=sam, reason="spam", text="Spam.")
    ApiToken.issue(owner=alice, name="hers", scopes=["read"])
    ensure_builtin_bases()
    Worker.objects.create(name="box:1:0a1b2c3d", slots=8)
    looked_at = set()
    for model, entry in admin.site._registry.items():
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        listing = {"q": "a"} if entry.search_fields else {}
        assert desk.get(reverse(f"admin:{name}_changelist"), listing).status_code == 200, name
        row = model._default_manager.first()
        if row is None:
            continue
        assert desk.get(reverse(f"admin:{name}_change", args=[row.pk])).status_code == 200, name
        looked_at.add(name)
        if isinstance(entry, ReadOnlyAdmin) or model in (Embedding, Version, User):
            assert desk.post(reverse(f"admin:{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403, name
            assert model._default_manager.filter(pk=row.pk).exists()
    assert looked_at >= {
        "registry_auditentry",
        "registry_report",
        "registry_tombstone",
        "accounts_notice",
        "training_worker",
    }


def change(desk, embedding, **values):
    """Send the change form with what the page holds and ``values``."""
    page = desk.get(reverse("admin:registry_embedding_change", args=[embedding.pk]))
    form = page.context["adminform"].form
    sent = {name: form[name].value() for name in form.fields} | values
    for formset in page.context["inline_admin_formsets"]:
        management = formset.formset.management_form
        sent |= {management.add_prefix(name): management[name].value() for name in management.fields}
    sent["tags"] = values.get("tags", ",".join(embedding.tags))
    return desk.post(reverse("admin:registry_embedding_change", args=[embedding.pk]), sent)


def test_a_correction_leaves_counters_that_move_meanwhile(desk, alice, bob, upload, monkeypatch):
    embedding = upload(alice, tags=["one"])
    clean = Embedding.full_clean

    def somebody_likes_it_now(self, *args, **options):
        services.like(user=bob, embedding=embedding)
        return clean(self, *args, **options)

    monkeypatch.setattr(Embedding, "full_clean", somebody_likes_it_now)
    answer = change(desk, embedding, visibility="private", tags="One, two words")
    assert answer.status_code == 302
    stored = Embedding.objects.get()
    assert (stored.visibility, stored.tags, stored.likes) == ("private", ["one", "two-words"], 1)


def test_a_bad_tag_is_refused_on_the_form(desk, alice, upload):
    answer = change(desk, upload(alice), tags="<b>")
    assert answer.status_code == 200
    assert "tags" in answer.context["adminform"].form.errors
