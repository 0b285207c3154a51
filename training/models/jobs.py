"""Training jobs. The job row is the truth about a job; a queue message is only a wake-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from registry.fields import BlobField
from registry.models import MAX_TOKEN_CHARACTERS, Embedding, Version
from training.inversion.config import MAX_STEPS, MAX_VECTORS
from training.models.bases import BaseModel

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from hub.accounts.models import User


class State(models.TextChoices):
    """Where a job is. The label is the sentence people read."""

    QUEUED = "queued", _("Waiting for the worker.")
    RUNNING = "running", _("Training.")
    SUCCEEDED = "succeeded", _("Finished: the embedding is ready.")
    FAILED = "failed", _("Stopped by a problem.")
    CANCELLED = "cancelled", _("Cancelled.")


#: States that a job never leaves.
ENDED = (State.SUCCEEDED, State.FAILED, State.CANCELLED)
#: Where a job may go from where it is. A trigger of the database refuses every other way (migration 0010).
MOVES = {
    State.QUEUED: (State.RUNNING, State.CANCELLED),
    State.RUNNING: (State.QUEUED, State.SUCCEEDED, State.FAILED, State.CANCELLED),
}


class Preset(models.TextChoices):
    """How long to train: ``checks`` says how many steps that is on a base model, and when it stops earlier."""

    QUICK = "quick", _("Quick")
    BALANCED = "balanced", _("Balanced")
    THOROUGH = "thorough", _("Thorough")


class DepictsPerson(models.TextChoices):
    """Whom the training images show, as the person who gave them says."""

    NO = "no", _("Nobody: no person can be recognised in them")
    MYSELF = "myself", _("Myself")
    OTHERS = "others", _("Others, who have consented to exactly this")
    FICTIONAL = "fictional", _("A fictional character")


class JobQuerySet(models.QuerySet):
    """Reads of jobs, by who may know of them."""

    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Jobs that a person may open: their own; staff may open all."""
        if not user.is_authenticated:
            return self.none()
        return self if user.is_staff else self.filter(owner=user)


class Job(models.Model):
    """One request to learn a word from images."""

    class Kind(models.TextChoices):
        OBJECT = "object", _("Object")
        STYLE = "style", _("Style")

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="jobs")
    base = models.ForeignKey(BaseModel, on_delete=models.PROTECT, related_name="jobs")
    name = models.CharField(max_length=64, help_text="Name of the embedding to publish.")
    token = models.CharField("placeholder token", max_length=MAX_TOKEN_CHARACTERS)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    initialiser = models.CharField(max_length=200)
    preset = models.CharField(max_length=16, choices=Preset.choices, default=Preset.BALANCED)
    vectors = models.IntegerField(validators=[MinValueValidator(1), MaxValueValidator(MAX_VECTORS)])
    total_steps = models.IntegerField(validators=[MinValueValidator(1), MaxValueValidator(MAX_STEPS)])
    seed = models.IntegerField(default=0, validators=[MinValueValidator(0)])
    captions = ArrayField(models.CharField(max_length=500), null=True, blank=True)
    depicts_person = models.CharField(
        max_length=16, choices=DepictsPerson.choices, blank=True, db_default="", default="",
        help_text="Whom the images show; empty where nobody said.",
    )  # fmt: skip
    rights_declared = models.DateTimeField(
        null=True, blank=True, help_text="When its owner declared that the images may be used."
    )
    rights_wording = models.CharField(
        max_length=16, blank=True, db_default="", default="", help_text="Version of the words they declared it in."
    )
    findings = models.JSONField(
        default=list, db_default=[], blank=True, help_text="What was found wrong with the images, worst first."
    )

    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    cancel_requested = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)
    started = models.DateTimeField(null=True, blank=True)
    finished = models.DateTimeField(null=True, blank=True)
    changed = models.DateTimeField(
        db_default=Now(), editable=False, help_text="When anything of the row changed last; a trigger writes it."
    )

    worker = models.CharField(max_length=80, blank=True, help_text="Process that holds the lease.")
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.IntegerField(default=0, help_text="Rises with each claim; every effect of a worker carries it.")
    attempts = models.IntegerField(default=0)
    device_seconds = models.FloatField(
        default=0.0, db_default=0.0, help_text="The job's share of its workers' time, over all attempts."
    )

    stage = models.CharField(max_length=16, blank=True)
    step = models.IntegerField(default=0)
    loss = models.FloatField(null=True, blank=True)
    loss_curve = models.JSONField(default=list, blank=True, help_text="[[step, loss], …], thinned.")
    fixed_loss_curve = models.JSONField(
        default=list, db_default=[], blank=True, help_text="[[step, loss], …] on the same draws each time."
    )
    steps_per_second = models.FloatField(null=True, blank=True)
    seconds_left = models.FloatField(null=True, blank=True)

    error_code = models.CharField(max_length=32, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    traceback = models.TextField(blank=True, help_text="For staff only.")

    embedding = models.ForeignKey(Embedding, null=True, blank=True, on_delete=models.SET_NULL, related_name="jobs")
    version = models.OneToOneField(Version, null=True, blank=True, on_delete=models.SET_NULL, related_name="job")
    further = models.IntegerField(
        default=0, db_default=0, help_text="How many of its steps are added to what another job has learned."
    )
    continues = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="continued_by", db_index=False,
        help_text="The finished job that this one trains further.",
    )  # fmt: skip
    images_deleted = models.DateTimeField(null=True, blank=True, help_text="When its training images were deleted.")

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], name="training_job_queued", condition=Q(state="queued")),
            models.Index(fields=["lease_until"], name="training_job_running", condition=Q(state="running")),
            models.Index(fields=["owner", "-id"], name="training_job_of_owner"),
            models.Index(
                fields=["owner", "id"], name="training_job_unfinished", condition=Q(state__in=["queued", "running"])
            ),
            models.Index(fields=["owner", "started"], name="training_job_of_day"),
            models.Index(fields=["continues"], name="training_job_continued", condition=Q(continues__isnull=False)),
            models.Index(fields=["base", "-finished"], name="training_job_speed", condition=Q(state="succeeded")),
            models.Index(
                fields=["finished"],
                name="training_job_images",
                condition=Q(images_deleted=None, finished__isnull=False),
            ),
            models.Index(
                fields=["finished"],
                include=["state", "error_code", "device_seconds"],
                name="training_job_ended",
                condition=Q(finished__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="training_job_state"),
            models.CheckConstraint(
                condition=Q(state="running", lease_until__isnull=False) | (~Q(state="running") & Q(lease_until=None)),
                name="training_job_lease",
            ),
            models.CheckConstraint(
                condition=Q(state__in=ENDED, finished__isnull=False) | (~Q(state__in=ENDED) & Q(finished=None)),
                name="training_job_end",
            ),
            models.CheckConstraint(
                condition=(Q(state="failed") & ~Q(error_code="")) | (~Q(state="failed") & Q(error_code="")),
                name="training_job_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"job {self.pk} ({self.name})"

    def get_absolute_url(self) -> str:
        return reverse("training:job", args=[self.pk])

    @property
    def start(self) -> int:
        """The step that it began at: where the job ended that it trains further, else 0."""
        return self.total_steps - self.further if self.further else 0

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to the job."""
        return self.state in ENDED


class JobEvent(models.Model):
    """What became of a job and when: a line of its diary. A trigger writes them, in the transaction of what they tell."""

    class What(models.TextChoices):
        SUBMITTED = "submitted"
        BEGUN = "begun"
        TAKEN_OVER = "taken_over"
        RETURNED = "returned"
        CANCEL_ASKED = "cancel_asked"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    what = models.CharField(max_length=16, choices=What.choices)
    step = models.IntegerField(help_text="Where the job was.")
    attempt = models.IntegerField()

    class Meta:
        ordering = ["id"]


class JobCheckpoint(models.Model):
    """Where a job's training was last: tens of kilobytes, beside the row so that one statement with a fence can write it."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, primary_key=True, related_name="checkpoint")
    step = models.IntegerField()
    state = models.BinaryField(help_text="What the engine goes on from.")
    written = models.DateTimeField(auto_now=True)


class JobSnapshot(models.Model):
    """The vectors as they were after a step: a file of some kilobytes that its owner may prefer to the published one."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="snapshots")
    step = models.IntegerField()
    loss = models.FloatField(help_text="On fixed draws, as it chose the published vectors.")
    file = models.BinaryField(help_text="Canonical safetensors.")

    class Meta:
        ordering = ["step"]
        constraints = [models.UniqueConstraint(fields=["job", "step"], name="one_snapshot_a_step")]


class JobImage(models.Model):
    """A training image: upright, metadata stripped, as the trainer will see it."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="images")
    position = models.IntegerField()
    blob = BlobField(owner="job__owner", help_text="SHA-256 and storage key of the PNG.")
    width = models.IntegerField()
    height = models.IntegerField()
    size = models.IntegerField(default=0, db_default=0, help_text="Bytes of the PNG.")
    filename = models.CharField(max_length=255)

    class Meta:
        ordering = ["position"]


class JobPreview(models.Model):
    """A picture drawn while the job ran."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="previews")
    step = models.IntegerField()
    template = models.CharField(max_length=300)
    prompt = models.CharField(max_length=400)
    seed = models.BigIntegerField()
    variant = models.CharField(max_length=16)
    final = models.BooleanField(default=False)
    blob = BlobField(owner="job__owner", help_text="SHA-256 and storage key of the WebP picture.")
    size = models.IntegerField(default=0, db_default=0, help_text="Bytes of the picture.")
    width = models.IntegerField()
    height = models.IntegerField()
    settings = models.JSONField(default=dict)

    class Meta:
        ordering = ["step", "id"]
