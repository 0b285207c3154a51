"""An embedding's page, and what it hands out: files, pictures, the receipt of its training."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_POST, require_safe

from hub.preferences import Preferences
from registry import downloads, licences, meaning, services, similarity, storage
from registry.access import find
from registry.errors import RegistryError
from registry.formats import Dtype
from registry.models import Embedding, Version
from registry.pages import changes, charts, comparison, file_list, sharing, snippets
from registry.pictures import share_card

logger = logging.getLogger(__name__)

#: Versions that are listed before the others are folded away.
OPEN_VERSIONS = 4


@require_safe
def embedding(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """An embedding's page, for its newest version or the one asked for."""
    shown = find(request, owner, name)
    versions = list(shown.versions.all())
    version = _chosen(versions, request.GET.get("version", ""))
    prefetch_related_objects([version], "files", "previews")
    context = {
        "embedding": shown,
        "version": version,
        "versions": versions,
        "is_newest": version is versions[0],
        "liked": shown.is_liked_by(request.user),
        "editable": shown.is_editable_by(request.user),
        "license_text": licences.text_of(shown.license),
        "base_terms": licences.of_base(shown.base),
        "curve": charts.loss_curve(version.receipt.get("fixed_loss_curve", [])) if version.receipt else None,
        **_pictures(request, version),
        **_files(request, shown, version),
        **_history(versions, version),
        **meaning.for_page(shown, version),
        **similarity.for_page(shown, request.user, explicit=Preferences.of(request).explicit),
        "share": sharing.describe(shown, version, request.build_absolute_uri),
    }
    return render(request, "registry/embedding.html", context)


def _chosen(versions: list[Version], number: str) -> Version:
    """The version with a number, the newest without one; else 404."""
    version = next((item for item in versions if number in ("", str(item.number))), None)
    if version is None:
        raise Http404
    return version


def _pictures(request: HttpRequest, version: Version) -> dict[str, Any]:
    found = comparison.compare(version)
    pair = found.pair(request.GET.get("pair", ""))
    return {
        "comparison": found,
        "pair": pair,
        "drawn_with": comparison.facts(pair.learned) if pair else [],
        "strengths": [(step, comparison.facts(step)) for step in found.strengths],
    }


def _files(request: HttpRequest, shown: Embedding, version: Version) -> dict[str, Any]:
    formats = file_list.formats(shown, version)
    found = snippets.for_version(shown, version, request.build_absolute_uri("/").rstrip("/"))
    return {
        "formats": formats,
        "main_file": formats[0] if formats else None,
        "uses": file_list.with_files(found, formats),
        "contents": file_list.contents(version),
        "token_variable": snippets.TOKEN_VARIABLE,
    }


def _history(versions: list[Version], version: Version) -> dict[str, Any]:
    """What changed; the later ones are folded away unless the version that is shown is among them."""
    found = changes.changes(versions)
    return {
        "change": next(item for item in found if item.version is version),
        "recent": found[:OPEN_VERSIONS],
        "earlier": found[OPEN_VERSIONS:],
        "earlier_open": version in [item.version for item in found[OPEN_VERSIONS:]],
    }


@require_safe
def download(request: HttpRequest, owner: str, name: str, number: int, target: str) -> HttpResponseBase:
    """A version's file in a format."""
    version = downloads.find_version(request.user, owner, name, number)
    try:
        dtype = request.GET.get("dtype", Dtype.FLOAT32)
        return downloads.serve(request, version, target, request.GET.get("file"), dtype)
    except RegistryError as error:
        raise Http404(error.message) from error


@require_safe
def receipt(request: HttpRequest, owner: str, name: str, number: int) -> HttpResponse:
    """How a version was trained, as JSON."""
    version = downloads.find_version(request.user, owner, name, number)
    if version.receipt is None:
        raise Http404
    return JsonResponse(version.receipt, json_dumps_params={"indent": 1, "ensure_ascii": False})


@require_safe
def picture(request: HttpRequest, pk: int, digest: str) -> HttpResponse:
    """A preview as it is stored."""
    return downloads.serve_picture(request, pk, digest)


@require_safe
def rendition(request: HttpRequest, pk: int, digest: str, width: int, kind: str) -> HttpResponse:
    """A preview in another size or format."""
    return downloads.serve_picture(request, pk, digest, width, kind)


@login_required
@require_POST
def like(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Like an embedding, or take it back."""
    shown = find(request, owner, name)
    change = services.unlike if request.POST.get("action") == "unlike" else services.like
    change(user=request.user, embedding=shown)
    return redirect(shown)


@require_safe
def card(request: HttpRequest, pk: int, digest: str) -> HttpResponseBase:
    """The picture that other sites show beside a link, of what everybody may see; the address of an earlier one leads to that of now."""
    shared = Version.objects.filter(embedding__in=Embedding.objects.visible_to(AnonymousUser()))
    version = get_object_or_404(shared.select_related("embedding__owner").prefetch_related("previews"), pk=pk)
    current = share_card.digest(version.embedding, version)
    if digest != current:
        return redirect(share_card.address(version.embedding, version))
    try:
        drawn = share_card.draw(version.embedding, version)
    except storage.BlobMissing as error:
        logger.error("The storage has lost the picture of version %s.", pk)
        raise Http404 from error
    caching = {"Cache-Control": f"public, max-age={downloads.SHARED_SECONDS}", "ETag": f'"{current}"'}
    answer = HttpResponse(drawn, content_type="image/jpeg", headers={**caching, "X-Content-Type-Options": "nosniff"})
    return get_conditional_response(request, etag=answer["ETag"], response=answer)
