"""Base models and training jobs. The job row is the truth about a job; a queue message is only a wake-up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse

from registry.fields import BlobField
from registry.models import FAMILY_CHOICES, MAX_TOKEN_CHARACTERS, Embedding, Version
from training.inversion.config import MAX_STEPS, MAX_VECTORS

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from hub.accounts.models import User


class BaseModel(models.Model):
    """A frozen diffusion model that words are taught to."""

    slug = models.SlugField(unique=True, help_text="Name in addresses and requests, e.g. pocket.")
    title = models.CharField(max_length=120)
    family = models.CharField(max_length=16, choices=FAMILY_CHOICES)
    source = models.CharField(max_length=300, help_text="Folder, hub name, or the word pocket for the built-in one.")
    widths = ArrayField(
        models.IntegerField(),
        default=list,
        db_default=[],
        help_text="Numbers of an input vector, for each text encoder.",
    )
    prediction_type = models.CharField(max_length=16, blank=True, db_default="", help_text="epsilon or v_prediction.")
    resolution = models.IntegerField(help_text="Pixels of one side of a training picture.")
    fingerprint = models.CharField(
        max_length=64, blank=True, db_default="", help_text="SHA-256 over the weights; jobs refuse any others."
    )
    description = models.TextField(blank=True)
    license = models.CharField("licence", max_length=80, blank=True)
    defaults = models.JSONField(default=dict, help_text="InversionConfig settings that differ from the engine's.")
    preview_prompts = models.JSONField(default=dict, help_text='{"object": [...], "style": [...]}, {} for the word.')
    enabled = models.BooleanField(default=True, help_text="Whether new jobs may choose it.")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.title


class State(models.TextChoices):
    """Where a job is. The label is the sentence people read."""

    QUEUED = "queued", "Waiting for the worker."
    RUNNING = "running", "Training."
    SUCCEEDED = "succeeded", "Finished: the embedding is ready."
    FAILED = "failed", "Stopped by a problem."
    CANCELLED = "cancelled", "Cancelled."


#: States that a job never leaves.
ENDED = (State.SUCCEEDED, State.FAILED, State.CANCELLED)


class Preset(models.TextChoices):
    """How long to train: ``checks`` says how many steps that is on a base model, and when it stops earlier."""

    QUICK = "quick", "Quick"
    BALANCED = "balanced", "Balanced"
    THOROUGH = "thorough", "Thorough"


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
        OBJECT = "object", "Object"
        STYLE = "style", "Style"

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
    findings = models.JSONField(
        default=list, db_default=[], blank=True, help_text="What was found wrong with the images, worst first."
    )

    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    cancel_requested = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)
    started = models.DateTimeField(null=True, blank=True)
    finished = models.DateTimeField(null=True, blank=True)

    worker = models.CharField(max_length=80, blank=True, help_text="Process that holds the lease.")
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.IntegerField(default=0, help_text="Rises with each claim; every effect of a worker carries it.")
    attempts = models.IntegerField(default=0)

    stage = models.CharField(max_length=16, blank=True)
    step = models.IntegerField(default=0)
    loss = models.FloatField(null=True, blank=True)
    loss_curve = models.JSONField(default=list, blank=True, help_text="[[step, loss], …], thinned.")
    steps_per_second = models.FloatField(null=True, blank=True)
    seconds_left = models.FloatField(null=True, blank=True)

    error_code = models.CharField(max_length=32, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    traceback = models.TextField(blank=True, help_text="For staff only.")

    embedding = models.ForeignKey(Embedding, null=True, blank=True, on_delete=models.SET_NULL, related_name="jobs")
    version = models.OneToOneField(Version, null=True, blank=True, on_delete=models.SET_NULL, related_name="job")

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], name="training_job_queued", condition=Q(state="queued")),
            models.Index(fields=["lease_until"], name="training_job_running", condition=Q(state="running")),
            models.Index(fields=["owner", "-id"], name="training_job_of_owner"),
        ]

    def __str__(self) -> str:
        return f"job {self.pk} ({self.name})"

    def get_absolute_url(self) -> str:
        return reverse("training:job", args=[self.pk])

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to the job."""
        return self.state in ENDED

    @property
    def queue_position(self) -> int | None:
        """1 for the next job to be claimed; None when the job does not wait."""
        if self.state != State.QUEUED:
            return None
        return Job.objects.filter(state=State.QUEUED, pk__lte=self.pk).count()


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
    blob = BlobField(help_text="SHA-256 and storage key of the PNG.")
    width = models.IntegerField()
    height = models.IntegerField()
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
    blob = BlobField(help_text="SHA-256 and storage key of the WebP picture.")
    width = models.IntegerField()
    height = models.IntegerField()
    settings = models.JSONField(default=dict)

    class Meta:
        ordering = ["step", "id"]
