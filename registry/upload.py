"""The upload page: choose files, then say what they are beside what was found in them. Nothing is half-stored."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from hub.accounts.models import User
from registry import drafts, intake, lookup, quota, services
from registry.errors import RegistryError
from registry.formats import NamedFile, Part
from registry.formats.limits import MAX_FILE_BYTES
from registry.forms import FileForm, PartForm, UploadForm
from registry.intake import Upload
from registry.models import Embedding, Kind, License, Visibility
from registry.previews import MAX_PICTURE_BYTES, NewPreview, read_picture
from registry.validation import suggest_name

#: Duplicates of a part that are named.
MAX_DUPLICATES = 3
#: Tokens that stand for "whatever the file is called".
_NO_TOKEN = ("", "*")


@dataclass(slots=True)
class Section:
    """One embedding of the upload on the page."""

    form: PartForm
    duplicates: list[lookup.Duplicate]
    lookalikes: list[Embedding] = field(default_factory=list)

    @property
    def part(self) -> Part:
        """What was found."""
        return self.form.part


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Two steps on one address."""
    if request.method != "POST":
        return render(request, "registry/upload.html", {"form": FileForm()})
    return _publish(request) if "draft" in request.POST else _look_inside(request)


def _look_inside(request: HttpRequest) -> HttpResponse:
    """Step one: read the files and show what is in them."""
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "registry/upload.html", {"form": form}, status=422)
    # One byte more than allowed is enough to see that a file is too large.
    files = [NamedFile(file.name, file.read(MAX_FILE_BYTES + 1)) for file in form.cleaned_data["file"]]
    try:
        found = intake.read_files(files)
        quota.check_room(request.user, min(_size(part) for part in found.parts))
    except RegistryError as error:
        form.add_error("file", error.message)
        return render(request, "registry/upload.html", {"form": form}, status=422)
    shared = UploadForm(
        initial={
            "draft": drafts.keep(owner=request.user, files=found.files),
            "license": License.OTHER,
            "visibility": Visibility.PUBLIC,
        },
        alone=len(found.parts) == 1,
    )
    return _details(request, shared, _sections(request.user, found))


def _size(part: Part) -> int:
    """Bytes of a part's numbers: its file has little more."""
    return sum(encoder.vectors.nbytes for encoder in part.inspection.encoders)


def _sections(user: User, found: Upload, data: QueryDict | None = None) -> list[Section]:
    """A form for each embedding, filled with what is told of it or, without ``data``, with suggestions."""
    alone = len(found.parts) == 1
    taken = set(Embedding.objects.filter(owner=user).values_list("name", flat=True))
    sections = []
    for number, part in enumerate(found.parts):
        suggested = _suggest(part, taken, alone)
        taken.add(suggested["name"])
        prefix = None if alone else f"part-{number}"
        form = PartForm(data, initial=suggested, prefix=prefix, part=part, alone=alone)
        known = lookup.find_duplicates(part.inspection.encoders, versions=lookup.listed_versions(user))
        sections.append(Section(form, known[:MAX_DUPLICATES]))
    return sections


def _suggest(part: Part, taken: set[str], alone: bool) -> dict[str, str]:
    """What the fields hold at first. What a file calls itself inside is not among it: the person would publish it unseen."""
    stem = part.sources[0].rsplit(".", 1)[0] if alone else part.label
    name = suggest_name(stem, taken)
    own = next(iter(part.inspection.tokens), "")
    return {
        "name": name,
        "title": stem.replace("-", " ").replace("_", " ").strip("<> ")[:120],
        "token": own if own not in _NO_TOKEN else f"<{name}>",
        "kind": Kind.NEGATIVE if part.role == "negative" else Kind.OBJECT,
        "base": part.inspection.bases[0].base.value if len(part.inspection.bases) == 1 else "",
    }


def _details(request: HttpRequest, shared: UploadForm, sections: list[Section], status: int = 200) -> HttpResponse:
    """The page of step two."""
    for section in sections:
        section.lookalikes = _lookalikes(request.user, section)
    context = {
        "form": shared,
        "sections": sections,
        "alone": len(sections) == 1,
        "seen": " ".join(sorted(str(other.pk) for section in sections for other in section.lookalikes)),
    }
    return render(request, "registry/details.html", context, status=status)


def _lookalikes(user: User, section: Section) -> list[Embedding]:
    """Embeddings of others that this one would look like, by what the form says now."""
    return lookup.find_lookalikes(user, *(str(section.form[name].value() or "") for name in ("name", "title", "token")))


def _publish(request: HttpRequest) -> HttpResponse:
    """Step two: create what is wanted, or show what is wrong beside the field it is about."""
    try:
        found = intake.read_files(drafts.find(owner=request.user, reference=request.POST["draft"]))
    except RegistryError as error:
        start = FileForm(request.POST, request.FILES)
        start.add_error(None, error.message)
        return render(request, "registry/upload.html", {"form": start}, status=422)
    shared = UploadForm(request.POST, request.FILES, alone=len(found.parts) == 1)
    sections = _sections(request.user, found, request.POST)
    wanted = [section for section in sections if section.form.is_wanted]
    valid = [form.is_valid() for form in (shared, *(section.form for section in wanted))]
    if not wanted:
        shared.add_error(None, "Choose at least one of the embeddings.")
    elif all(valid) and not _is_news(request, wanted) and (made := _create(request, found, shared, wanted)):
        names = " and ".join(embedding.title for embedding in made)
        messages.success(request, f"{names} {'is' if len(made) == 1 else 'are'} uploaded.")
        return redirect(made[0] if len(made) == 1 else reverse("registry:owner", args=[request.user.username]))
    return _details(request, shared, sections, 422)


def _is_news(request: HttpRequest, sections: list[Section]) -> bool:
    """Whether there are look-alikes that the person has not been shown: they see them once before publishing."""
    shown = set(request.POST.get("seen", "").split())
    return any(str(other.pk) not in shown for section in sections for other in _lookalikes(request.user, section))


def _create(request: HttpRequest, found: Upload, shared: UploadForm, sections: list[Section]) -> list[Embedding] | None:
    """Create all embeddings, or none and say in the forms why."""
    said = dict(shared.cleaned_data)
    del said["draft"]
    files = said.pop("pictures", [])
    new = [services.NewEmbedding(part=section.part, **said, **_own(section.form)) for section in sections]
    try:
        services.check_parts(owner=request.user, new=new)  # before a picture is decoded
        pictures = [NewPreview(picture=read_picture(file.name, file.read(MAX_PICTURE_BYTES + 1))) for file in files]
        new = [replace(item, previews=pictures) for item in new]
        return [version.embedding for version in services.upload_parts(owner=request.user, upload=found, new=new)]
    except RegistryError as error:
        form = sections[error.part].form
        if error.field in form.fields:
            form.add_error(error.field, error.message)
        elif error.field == "previews":
            shared.add_error("pictures", error.message)
        else:
            shared.add_error(error.field if error.field in shared.fields else None, error.message)
        return None


def _own(form: PartForm) -> dict[str, str]:
    """What is said of one embedding alone."""
    return {name: value for name, value in form.cleaned_data.items() if name != "include"}
