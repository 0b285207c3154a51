"""The rows of the training app: base models, jobs with what they need and make, workers, and drafts of jobs yet to be submitted."""

from training.models.bases import BaseModel
from training.models.drafts import DraftImage, TrainingDraft
from training.models.jobs import (
    ENDED,
    MOVES,
    DepictsPerson,
    Job,
    JobCheckpoint,
    JobEvent,
    JobImage,
    JobPreview,
    JobQuerySet,
    JobSnapshot,
    Preset,
    State,
)
from training.models.workers import Allowance, Duty, Worker

__all__ = [
    "ENDED",
    "MOVES",
    "Allowance",
    "BaseModel",
    "DepictsPerson",
    "DraftImage",
    "Duty",
    "Job",
    "JobCheckpoint",
    "JobEvent",
    "JobImage",
    "JobPreview",
    "JobQuerySet",
    "JobSnapshot",
    "Preset",
    "State",
    "TrainingDraft",
    "Worker",
]
