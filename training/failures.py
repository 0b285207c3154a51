"""Why jobs fail: every reason has a code, a sentence for people, and what the row keeps of it."""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass

from django.conf import settings
from django.db.models import TextChoices
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from registry.errors import RegistryError
from registry.storage import BlobMissing
from training.errors import TrainingError
from training.inversion.errors import InversionError
from training.models import Job

log = logging.getLogger(__name__)


class Reason(TextChoices):
    """Codes of failed jobs. The label is the sentence people read above what the job itself says."""

    BAD_CONFIG = "bad_config", _("One of the settings does not work.")
    BAD_IMAGES = "bad_images", _("The images cannot be trained on.")
    IMAGES_LOST = "images_lost", _("The training images are not there any more.")
    BAD_SETTING = "bad_setting", _("One of the settings does not suit the base model.")
    BASE_CHANGED = "base_changed", _("The base model is not the one that was registered.")
    BASE_UNAVAILABLE = "base_unavailable", _("The base model could not be loaded.")
    TOKEN_IN_VOCABULARY = "token_in_vocabulary", _("The new word is one that the base model knows already.")
    BAD_STATE = "bad_state", _("Where the earlier job had ended cannot be gone on from.")
    DIVERGED = "diverged", _("Training did not work with these images and settings.")
    OUT_OF_MEMORY = "out_of_memory", _("The worker has too little memory for this job.")
    TIME_LIMIT = "time_limit", _("The job took longer than a job may.")
    WORKER_LOST = "worker_lost", _("Workers stopped while they trained this job.")
    NOT_STORED = "not_stored", _("The hub has no room for what the job made.")
    NOT_PUBLISHED = "not_published", _("What was learned could not become an embedding.")
    INTERNAL = "internal", _("Something went wrong on our side.")


#: What people read when the reason is a bug.
INTERNAL_MESSAGE = _(
    "Something went wrong on our side, not with your images or settings. Try again; if it happens again, tell the operator."
)


@dataclass(frozen=True, slots=True)
class Failure:
    """What is written down of an error that ended a job."""

    code: str
    message: str
    traceback: str = ""  #: for staff only; "" where the error is no bug


def failure_of(error: Exception) -> Failure:
    """Turn whatever ended a job into what its row says, in the language that is active: let it be the owner's.

    To be called where the error is handled.
    """
    match error:
        case RegistryError():
            return Failure(Reason.NOT_PUBLISHED, error.message)
        case BlobMissing():
            message = gettext("The storage lost a training image. Submit the job again with its images.")
            return Failure(Reason.IMAGES_LOST, message, traceback.format_exc())
        case OSError():
            message = gettext(
                "The worker could not write what it needed to: %(problem)s. Tell the operator, and try again."
            )
            message = message % {"problem": error.strerror or error}
            return Failure(Reason.NOT_STORED, message, traceback.format_exc())
        case InversionError() | TrainingError() if error.code in Reason.values:
            return Failure(error.code, error.message)
        case _:
            return Failure(Reason.INTERNAL, str(INTERNAL_MESSAGE), traceback.format_exc())


def sentence_for(job: Job) -> str:
    """The sentence of a failed job's code, where its own message does not begin with the same words."""
    known = job.error_code in Reason.values and job.error_code != Reason.INTERNAL
    return str(Reason(job.error_code).label) if known else ""


def overtime() -> Failure:
    """What ends a job that takes too long."""
    message = gettext(
        "The job took over %(minutes)d minutes of a worker's time, which is as much as one may take here. "
        "Train with fewer steps or vectors, or on a smaller base model."
    )
    return Failure(Reason.TIME_LIMIT, message % {"minutes": settings.HUB_JOB_MINUTES})
