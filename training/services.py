"""What people do with training jobs: submit, cancel, retry, publish. Everything is checked before anything is stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from hub.accounts.models import User
from registry import storage
from registry.errors import RegistryError
from registry.formats import NamedFile
from registry.models import Embedding, Version
from registry.moderation import tombstones
from registry.services import add_version, publish
from registry.validation import check_name
from training import actors, retention, transitions
from training.checks import check_captions, check_settings, check_token
from training.datasets import CheckedImage, check_files, examine_images
from training.errors import BadSetting, BaseUnknown, NameTaken, NoSpace, WrongState
from training.inversion.config import MAX_STEPS
from training.limits import check_room
from training.models import ENDED, BaseModel, Job, JobCheckpoint, JobImage, Preset, State
from training.rights import WORDING, check_depicts_person
from training.steps import pictures_of

if TYPE_CHECKING:
    from django.db.models import QuerySet


def check_job(
    *,
    owner: User,
    images: Iterable[tuple[str, bytes]],
    base: BaseModel | str,
    token: str,
    kind: str,
    initialiser: str,
    name: str,
    preset: str = Preset.BALANCED,
    vectors: int | None = None,
    steps: int | None = None,
    seed: int = 0,
    captions: Sequence[str] | None = None,
    rights: bool = False,
    depicts_person: str = "",
) -> tuple[Job, list[CheckedImage]]:
    """Check everything that a new job needs and store nothing; return it, with what is to be said of its images, and those.

    ``images`` are (file name, bytes) and may be a generator; ``base`` is a base model or its slug; ``vectors`` and
    ``steps`` default to the base model's, ``steps`` scaled by the preset; ``rights`` says that the owner declares to have
    the right to use the images, ``depicts_person`` whom they show. Raises a subclass of ``TrainingError``.
    """
    base = base if isinstance(base, BaseModel) else find_base(base)
    if not base.enabled:
        raise BaseUnknown(_("The base model %(base)s takes no new jobs. Choose another.") % {"base": base.title})
    settings = check_settings(
        base=base, kind=kind, initialiser=initialiser, preset=preset, vectors=vectors, steps=steps, seed=seed
    )
    token = check_token(token, base=base, kind=kind)
    declared: dict[str, Any] = {"depicts_person": check_depicts_person(depicts_person)}
    if rights:
        declared |= {"rights_declared": timezone.now(), "rights_wording": WORDING}
    _check_name(owner, name)
    check_room(owner)  # here it spares the work
    checked = check_files(images)
    lines = check_captions(captions, len(checked))
    findings = examine_images(checked, base=base, kind=kind, captions=lines or ())
    check_room(owner, _size(checked))
    values = {"name": name, "token": token, "captions": lines, "findings": findings, **settings, **declared}
    return Job(owner=owner, base=base, **values), checked


def submit_job(*, owner: User, **asked: Any) -> Job:
    """Check everything, store images and job, and wake a worker once that is committed.

    What is ``asked`` are the arguments of :func:`check_job`; it raises what that raises.
    """
    job, checked = check_job(owner=owner, **asked)
    pictures = [_as_row(position, image) for position, image in enumerate(checked)]
    with transaction.atomic():
        owner.lock()
        _check_name(owner, job.name)  # again, exactly
        check_room(owner, _size(checked))
        job.save(force_insert=True)
        for picture in pictures:
            picture.job = job
        JobImage.objects.bulk_create(pictures)
        transaction.on_commit(actors.send_wake, robust=True)
    return job


def cancel_job(*, job: Job) -> bool:
    """End a waiting job at once, or ask the worker of a running one to stop; False when the job has ended already."""
    asked = transitions.ask_to_cancel(job)
    job.refresh_from_db()
    return asked


def retry_job(*, job: Job, name: str = "") -> Job:
    """Queue a new job with the images and settings of one that failed or was cancelled.

    It gets another ``name`` where the old one was taken meanwhile. Raises :class:`WrongState` for any other, and what :func:`submit_job` raises about the name and the account's room.
    """
    if job.state not in (State.FAILED, State.CANCELLED):
        raise WrongState(_("Only a job that failed or was cancelled can be tried again."))
    if not job.base.enabled:
        raise _closed(job.base)
    return _copy(job, name=name or job.name, checkpoint=_end_of(job.continues) if job.further else None)


def train_further(*, job: Job, steps: int) -> Job:
    """Queue a job that goes on where a finished one ended, optimiser state and all, for so many steps more.

    What it learns becomes the next version of the same embedding. Raises :class:`WrongState`, :class:`BadSetting` for the
    number of steps, and what :func:`submit_job` raises about the account's room.
    """
    if job.state != State.SUCCEEDED or job.embedding is None:
        raise WrongState(_("Only a job that made an embedding, which is still there, can be trained further."))
    checkpoint = _end_of(job)
    if not job.base.enabled:
        raise _closed(job.base)
    room = steps_further(job)
    if not 1 <= steps <= room:
        raise BadSetting(
            _("Train 1 to %(room)d steps further: it has made %(step)d of %(most)d.")
            % {"room": room, "step": checkpoint.step, "most": MAX_STEPS},
            field="steps",
        )
    return _copy(job, total_steps=checkpoint.step + steps, further=steps, continues=job, checkpoint=checkpoint)


def steps_further(job: Job) -> int:
    """Most steps that a finished job can be trained further; 0 where it cannot."""
    if job.state != State.SUCCEEDED or job.embedding is None:
        return 0
    ended = JobCheckpoint.objects.filter(job=job).values_list("step", flat=True).first()
    return MAX_STEPS - ended if ended else 0


def _closed(base: BaseModel) -> BaseUnknown:
    return BaseUnknown(
        _("The base model %(base)s takes no new jobs. Submit the images with another.") % {"base": base.title}
    )


def _end_of(job: Job | None) -> JobCheckpoint:
    """Where a finished job ended; raise :class:`WrongState` where that is not kept any more."""
    checkpoint = JobCheckpoint.objects.filter(job=job).first() if job else None
    if checkpoint is None:
        raise WrongState(_("Where the job ended was deleted, with its images. Submit the images again."))
    return checkpoint


def _copy(job: Job, *, checkpoint: JobCheckpoint | None = None, **changes: Any) -> Job:
    """Queue a job with another's images and settings, but for ``changes``; it begins at ``checkpoint``."""
    same = ("owner", "base", "name", "token", "kind", "initialiser", "preset", "vectors", "total_steps", "further", "seed",
            "captions", "findings", "continues", "depicts_person", "rights_declared", "rights_wording")  # fmt: skip
    with transaction.atomic():
        job.owner.lock()
        fields = {field: getattr(job, field) for field in same} | changes
        if fields["continues"] is None:
            _check_name(job.owner, fields["name"])
        check_room(job.owner)
        copy = Job.objects.create(**fields)
        images = retention.images_to_copy(job)
        for image in images:
            image.pk, image.job = None, copy
        JobImage.objects.bulk_create(images)
        if checkpoint is not None:
            JobCheckpoint.objects.create(job=copy, step=checkpoint.step, state=checkpoint.state)
        transaction.on_commit(actors.send_wake, robust=True)
    return copy


def publish_draft(*, job: Job) -> Embedding:
    """Make the embedding that a job made public; doing it again changes nothing. Raises :class:`WrongState`."""
    if job.state != State.SUCCEEDED or job.embedding is None:
        raise WrongState(_("There is nothing to publish: the job has not made an embedding, or it was deleted."))
    return publish(embedding=job.embedding)


def find_base(slug: str) -> BaseModel:
    """The base model of that name; raise :class:`BaseUnknown` listing those that there are."""
    base = BaseModel.objects.filter(slug=slug).first()
    if base is None:
        known = ", ".join(BaseModel.objects.filter(enabled=True).values_list("slug", flat=True)) or _("none yet")
        raise BaseUnknown(
            _("There is no base model called %(base)s. Known here: %(known)s.") % {"base": slug, "known": known}
        )
    return base


def choose_snapshot(*, job: Job, step: int) -> Version:
    """Make the vectors of another step the next version of what a job made.

    Raises :class:`WrongState`, or :class:`BadSetting` for a step without a snapshot or one that is a version already.
    """
    if job.state != State.SUCCEEDED or job.embedding is None or job.version is None:
        raise WrongState(_("There is nothing to choose from: the job made no embedding, or it was deleted."))
    snapshot = job.snapshots.filter(step=step).first()
    if snapshot is None:
        raise BadSetting(
            _("The vectors of step %(step)d were not kept. Choose one of the steps that are offered.") % {"step": step},
            field="step",
        )
    of_the_best = ("evaluation", "norms", "nearest_words", "best_step")
    receipt = {name: value for name, value in job.version.receipt.items() if name not in of_the_best}
    try:
        return add_version(
            embedding=job.embedding,
            files=[NamedFile(f"{job.embedding.name}.safetensors", bytes(snapshot.file))],
            notes=_("The vectors after step %(step)d.") % {"step": step},
            previews=pictures_of(job, step),
            receipt=receipt | {"chosen_step": step, "fixed_loss": round(snapshot.loss, 5)},
        )
    except RegistryError as error:
        if error.code == "quota":
            raise NoSpace(error.message) from error
        raise BadSetting(error.message, field="step", code=error.code) from error


def _unfinished(owner: User) -> QuerySet[Job]:
    return Job.objects.filter(owner=owner).exclude(state__in=ENDED)


def _check_name(owner: User, name: str) -> None:
    try:
        check_name(name)
    except RegistryError as error:
        raise BadSetting(error.message, field="name", code=error.code) from error
    if Embedding.objects.filter(owner=owner, name=name).exists():
        raise NameTaken(_("You have an embedding called %(name)s already. Choose another name.") % {"name": name})
    try:
        tombstones.refuse_name(owner.username, name)
    except RegistryError as error:
        raise NameTaken(error.message) from error
    if _unfinished(owner).filter(name=name).exists():
        raise NameTaken(
            _("An unfinished job of yours will be called %(name)s. Choose another name, or cancel that job.")
            % {"name": name}
        )


def _size(images: Sequence[CheckedImage]) -> int:
    """Bytes that images take."""
    return sum(len(image.png) for image in images)


def _as_row(position: int, image: CheckedImage) -> JobImage:
    """Store the picture. Blobs are named by their content, so one that no job comes to name does no harm."""
    return JobImage(
        position=position,
        blob=storage.put(image.png),
        width=image.width,
        height=image.height,
        size=len(image.png),
        filename=image.filename[:255],
    )
