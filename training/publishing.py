"""From what a run learned to a private draft in the registry, through the same door as an upload. Imports torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from django.utils.translation import gettext as _

from hub.accounts.names import SLUG
from registry.errors import RegistryError
from registry.formats import NamedFile
from registry.models import Embedding, License, Version, Visibility
from registry.services import add_version, upload_embedding
from training import transitions
from training.inversion.checkpoint import to_bytes
from training.inversion.loop import Inversion
from training.leases import Lease, LeaseLost, worker_transaction
from training.models import Job, JobCheckpoint, JobSnapshot
from training.steps import as_preview

#: Longest that writing the files of a version may keep the database waiting: on a machine that is starved of its
#: processors a few dozen of them took over 20 s.
IDLE_TIMEOUT_MS = 60_000
#: Names tried when the one asked for was taken while the job trained: name, name-2, … name-99.
MAX_NAME_NUMBER = 99
#: Characters of an embedding's name, as the column has them.
MAX_NAME_CHARACTERS = 64
#: Nobody has chosen a licence for a draft, and none may be chosen for its owner.
DRAFT_LICENSE = License.OTHER


def publish(*, lease: Lease, inversion: Inversion, state: bytes, seconds: float) -> Version:
    """Store the embedding with its preview grid and receipt and end the job, all or nothing.

    ``state`` is where training ended, kept so that it may be trained further; ``seconds`` is the device time it took.

    Raises :class:`leases.LeaseLost` when the job is no longer this worker's; then nothing is published. A second call
    finds the job ended and raises the same, so a result is published once however often it is tried.
    """
    # The job's row is locked only when the files are written: until then the heart can renew the lease, however long that
    # takes, and another worker can take the job up should this one be suspended.
    with worker_transaction(IDLE_TIMEOUT_MS):
        job = lease.row().first()
        if job is None:
            raise LeaseLost
        version = _upload(job, inversion)
        lease.lock()
        _keep_snapshots(job, inversion)
        steps = inversion.receipt["steps"]
        JobCheckpoint.objects.update_or_create(job=job, defaults={"step": steps, "state": state})
        transitions.succeed(
            lease,
            device_seconds=seconds,
            version=version,
            embedding=version.embedding,
            step=steps,
            loss=inversion.receipt["loss"],
            loss_curve=inversion.receipt["loss_curve"],
            fixed_loss_curve=inversion.receipt["fixed_loss_curve"],
        )
    return version


def _upload(job: Job, inversion: Inversion) -> Version:
    """Create the draft under the first free name, or the next version of what the job trains further."""
    data = to_bytes(inversion.vectors, inversion.metadata)
    previews = [as_preview(preview) for preview in job.previews.filter(final=True)]
    receipt = {**inversion.receipt, "job": job.pk}
    embedding = job.continues.embedding if job.continues else None
    if embedding is not None:
        with suppress(Embedding.DoesNotExist):  # deleted at this moment: then it is a draft of its own, as if before
            return add_version(
                embedding=embedding,
                files=[NamedFile(f"{embedding.name}.safetensors", data)],
                notes=_("Trained %(steps)d steps further.") % {"steps": job.further},
                previews=previews,
                receipt=receipt | {"continues": job.continues_id},
                within_quota=False,  # room for it was asked for when the job was submitted
            )
    for name in _names(job.name):
        try:
            return upload_embedding(
                owner=job.owner,
                filename=f"{name}.safetensors",
                data=data,
                name=name,
                title=name.replace("-", " ").replace("_", " ").capitalize(),
                token=job.token,
                kind=job.kind,
                base=job.base.family,
                description=_description(job, inversion),
                license=DRAFT_LICENSE,
                visibility=Visibility.PRIVATE,
                previews=previews,
                receipt=receipt,
                within_quota=False,
            )
        except RegistryError as error:
            if error.code != "name_taken":
                raise
    message = _("%(name)s and %(count)d names like it are taken.")
    raise RegistryError("name_taken", message % {"name": job.name, "count": MAX_NAME_NUMBER - 1}, field="name")


def _keep_snapshots(job: Job, inversion: Inversion) -> None:
    """Keep the vectors of other steps beside the job; the start has nothing learned in it."""
    JobSnapshot.objects.bulk_create(
        JobSnapshot(
            job=job,
            step=look.step,
            loss=look.loss,
            file=to_bytes(look.vectors, inversion.metadata | {"steps": str(look.step)}),
        )
        for look in inversion.snapshots
        if look.step > job.start
    )


def _names(name: str) -> Iterator[str]:
    yield name
    for number in range(2, MAX_NAME_NUMBER + 1):
        ending = f"-{number}"
        candidate = name[: MAX_NAME_CHARACTERS - len(ending)].rstrip("-_") + ending
        if SLUG.fullmatch(candidate):
            yield candidate


def _description(job: Job, inversion: Inversion) -> str:
    sentence = _("Trained here on %(base)s from %(images)d images in %(steps)d steps, starting from “%(words)s”.")
    receipt = inversion.receipt
    told = {"base": job.base.title, "images": receipt["images"], "steps": receipt["steps"], "words": job.initialiser}
    return sentence % told
