"""What training keeps about a person."""

from __future__ import annotations

from hub.accounts.models import User
from hub.accounts.own_data import Table
from training import transitions
from training.models import (
    ENDED,
    Allowance,
    DraftImage,
    Job,
    JobEvent,
    JobImage,
    JobPreview,
    JobSnapshot,
    TrainingDraft,
)


def tables(user: User) -> list[Table]:
    """What training keeps of a person."""
    return [
        # Tracebacks tell of the hub's machines, not of the person.
        Table("jobs", Job.objects.filter(owner=user), frozenset({"traceback", "worker"})),
        Table("training_events", JobEvent.objects.filter(job__owner=user)),
        Table("training_images", JobImage.objects.filter(job__owner=user)),
        Table("training_pictures", JobPreview.objects.filter(job__owner=user)),
        Table("training_snapshots", JobSnapshot.objects.filter(job__owner=user)),
        Table("training_drafts", TrainingDraft.objects.filter(owner=user)),
        # What the checks measured and the small pictures are made of the pictures, which are there whole.
        Table(
            "training_draft_images", DraftImage.objects.filter(draft__owner=user), frozenset({"measures", "thumbnail"})
        ),
        Table("allowance", Allowance.objects.filter(owner=user)),
    ]


def stop(user: User) -> None:
    """Cancel every unfinished job: waiting ones end, workers let go of the others. Not to be called in a transaction."""
    for job in Job.objects.filter(owner=user).exclude(state__in=ENDED):
        transitions.ask_to_cancel(job)


def forget(user: User) -> set[str]:
    """Delete a person's jobs and drafts and return the names of their training images' files. Part of the transaction around it.

    The jobs are locked before anything else, as workers do: a worker that still writes ends first, and one that comes later
    finds no row that it could write to.
    """
    jobs = Job.objects.filter(owner=user)
    list(jobs.order_by("pk").select_for_update().values_list("pk", flat=True))
    images = set(JobImage.objects.filter(job__owner=user).values_list("blob", flat=True))
    images |= set(DraftImage.objects.filter(draft__owner=user).values_list("blob", flat=True))
    TrainingDraft.objects.filter(owner=user).delete()
    jobs.delete()
    return images
