"""What training lets webhooks hear of, in the transaction in which it happened."""

from __future__ import annotations

from typing import Any

from hub.webhooks.events import address, emit
from hub.webhooks.models import Event
from training.models import Job, State


def finished(job: Job, state: State) -> None:
    """A job ended, whoever ended it."""
    emit(
        owner_id=job.owner_id,
        event=Event.JOB_FINISHED,
        key=f"job-{job.pk}",
        data=lambda: {"job": _described(job.pk, state)},
    )


def _described(pk: int, state: State) -> dict[str, Any]:
    """The job as its end left it."""
    job = Job.objects.select_related("embedding__owner", "version", "base").get(pk=pk)
    return {
        "id": job.pk,
        "name": job.name,
        "token": job.token,
        "base": job.base.slug,
        "state": str(state),
        "error": {"code": job.error_code, "message": job.error_message} if state == State.FAILED else None,
        "embedding": str(job.embedding) if job.embedding else None,
        "version": job.version.number if job.version else None,
        "url": address(job.get_absolute_url()),
    }
