"""What the owner of an embedding does with it: edit, publish, delete, add versions and pictures."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from hub.forms import Form
from registry import services
from registry.access import find_own
from registry.errors import RegistryError
from registry.formats import NamedFile
from registry.formats.limits import MAX_FILE_BYTES
from registry.forms import DetailsForm, PicturesForm, VersionForm
from registry.models import Embedding, Preview, Version
from registry.pictures import gallery
from registry.pictures.previews import read_pictures


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Change what may change of one's own embedding."""
    shown = find_own(request, owner, name)
    form = DetailsForm(request.POST) if request.method == "POST" else DetailsForm.of(shown)
    if form.is_bound and form.is_valid():
        try:
            services.update_embedding(embedding=shown, **form.cleaned_data)
        except RegistryError as error:
            _tell(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect(shown)
    context = {"form": form, "embedding": shown, "saved_title": _stored_title(shown)}
    return render(request, "registry/edit.html", context, status=_status(form))


def _stored_title(shown: Embedding) -> str:
    """The title as it is stored, whatever a refused change left on the object."""
    return Embedding.objects.values_list("title", flat=True).get(pk=shown.pk)


def _status(form: Form) -> int:
    """A form that comes back was refused."""
    return 422 if form.is_bound else 200


def _tell(form: Form, error: RegistryError, **names: str) -> None:
    """Put a refusal beside the field it is about; ``names`` are fields that the form calls otherwise."""
    field = names.get(error.field, error.field)
    form.add_error(field if field in form.fields else None, error.message)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Delete one's own embedding, after asking."""
    shown = find_own(request, owner, name)
    if request.method == "POST":
        services.delete_embedding(embedding=shown)
        messages.success(request, _("%(title)s is deleted.") % {"title": shown.title})
        return redirect("registry:owner", owner)
    return render(request, "registry/delete.html", {"embedding": shown})


@login_required
@require_POST
def publish(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Share one's own draft with everyone."""
    shown = services.publish(embedding=find_own(request, owner, name))
    messages.success(request, _("%(title)s is public now.") % {"title": shown.title})
    return redirect(shown)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_version(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Add the next version of one's own embedding, with notes and pictures."""
    shown = find_own(request, owner, name)
    form = VersionForm(request.POST, request.FILES) if request.method == "POST" else VersionForm()
    if form.is_bound and form.is_valid():
        try:
            version = _add_version(shown, form)
        except RegistryError as error:
            if error.field == "part":
                form.ask_for_part()
            _tell(form, error, previews="pictures")
        else:
            messages.success(request, _("Version %(number)d is here.") % {"number": version.number})
            return redirect(shown)
    context = {"form": form, "embedding": shown}
    return render(request, "registry/new_version.html", context, status=_status(form))


def _add_version(shown: Embedding, form: VersionForm) -> Version:
    said = form.cleaned_data
    files = [NamedFile(file.name or "file", file.read(MAX_FILE_BYTES + 1)) for file in said["file"]]
    return services.add_version(
        embedding=shown,
        files=files,
        part=said.get("part", ""),
        notes=said["notes"],
        previews=read_pictures(said["pictures"]),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pictures(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """The pictures of a version of one's own, and a form for more."""
    shown = find_own(request, owner, name)
    version = _version(shown, request.GET.get("version", ""))
    form = PicturesForm(request.POST, request.FILES) if request.method == "POST" else PicturesForm()
    if form.is_bound and form.is_valid():
        try:
            added = gallery.add_pictures(version=version, previews=read_pictures(form.cleaned_data["pictures"]))
        except RegistryError as error:
            _tell(form, error, previews="pictures")
        else:
            told = ngettext("%(count)d picture is added.", "%(count)d pictures are added.", len(added))
            messages.success(request, told % {"count": len(added)})
            return redirect(_pictures_of(shown, version))
    context = {"form": form, "embedding": shown, "version": version, "previews": version.previews.all()}
    return render(request, "registry/pictures.html", context, status=_status(form))


def _version(shown: Embedding, number: str) -> Version:
    """The version with a number, the newest without one; else 404."""
    if number and not (number.isascii() and number.isdigit() and len(number) < 9):
        raise Http404
    versions = shown.versions.filter(number=int(number)) if number else shown.versions.all()
    version = versions.select_related("embedding__owner").first()
    if version is None:
        raise Http404
    return version


def _pictures_of(shown: Embedding, version: Version) -> str:
    return f"{reverse('registry:pictures', args=[shown.owner.username, shown.name])}?version={version.number}"


@login_required
@require_POST
def change_picture(request: HttpRequest, owner: str, name: str, pk: int) -> HttpResponse:
    """Take a picture away, or make it the cover."""
    shown = find_own(request, owner, name)
    preview = get_object_or_404(Preview.objects.select_related("version"), pk=pk, version__embedding=shown)
    if request.POST.get("action") == "remove":
        gallery.remove_picture(preview=preview)
        messages.success(request, _("The picture is gone."))
    elif request.POST.get("action") == "first":
        gallery.put_first(preview=preview)
        messages.success(request, _("The picture stands first now."))
    return redirect(_pictures_of(shown, preview.version))
