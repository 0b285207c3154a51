"""What the training routes take and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from training import diary
from training.checks import default_steps, default_vectors
from training.inversion.findings import Level
from training.models import BaseModel, Job, JobEvent, JobPreview, JobSnapshot, Preset, State
from training.queue import Place, place_of, places_of
from training.retention import kept_until


class BaseModelSerializer(serializers.ModelSerializer):
    """A base model that jobs may choose."""

    name = serializers.CharField(source="slug", help_text="What a job names it by.")
    vectors = serializers.SerializerMethodField(help_text="Vectors of a word when a job does not say.")
    steps = serializers.SerializerMethodField(help_text="Optimiser steps of each preset.")

    class Meta:
        model = BaseModel
        fields = [
            "name", "title", "family", "widths", "prediction_type", "resolution", "fingerprint", "description", "license",
            "vectors", "steps",
        ]  # fmt: skip

    def get_vectors(self, base: BaseModel) -> int:
        return default_vectors(base)

    def get_steps(self, base: BaseModel) -> dict[str, int]:
        return {preset: default_steps(base, preset) for preset in Preset.values}


class JobPreviewSerializer(serializers.ModelSerializer):
    """A picture drawn while a job ran."""

    url = serializers.SerializerMethodField(help_text="Where its WebP file is; it needs the same account.")

    class Meta:
        model = JobPreview
        fields = ["url", "step", "prompt", "template", "seed", "variant", "final", "width", "height"]

    def get_url(self, preview: JobPreview) -> str:
        path = reverse("api-job-preview", args=[preview.job_id, preview.pk])
        request = self.context.get("request")
        return request.build_absolute_uri(path) if request else path


class JobErrorSerializer(serializers.Serializer):
    """Why a job failed."""

    code = serializers.CharField()
    message = serializers.CharField()


class FindingSerializer(serializers.Serializer):
    """Something about the images that makes the result worse than it could be."""

    code = serializers.CharField()
    level = serializers.ChoiceField(choices=[level.value for level in Level if level != Level.REFUSE])
    message = serializers.CharField()
    images = serializers.ListField(
        child=serializers.IntegerField(), help_text="Positions from 0; none for the whole set."
    )


class JobSnapshotSerializer(serializers.ModelSerializer):
    """Vectors of a step that were kept beside those that were published."""

    loss = serializers.FloatField(help_text="On fixed draws; the lowest was published.")

    class Meta:
        model = JobSnapshot
        fields = ["step", "loss"]


class JobEventSerializer(serializers.Serializer):
    """Something that became of a job."""

    at = serializers.DateTimeField()
    what = serializers.ChoiceField(choices=JobEvent.What.choices)
    message = serializers.CharField(help_text="A sentence for people.")


class ChosenStepSerializer(serializers.Serializer):
    """Which snapshot shall be a version."""

    step = serializers.IntegerField(min_value=1, help_text="One of the steps of the job's snapshots.")


class FurtherSerializer(serializers.Serializer):
    """How long a finished job shall be trained further."""

    steps = serializers.IntegerField(min_value=1, help_text="Steps to add.")


class MadeVersionSerializer(serializers.Serializer):
    """A version that came of a job."""

    embedding = serializers.CharField(help_text="owner/name")
    version = serializers.IntegerField(source="number")


class JobListSerializer(serializers.ListSerializer):
    """Jobs with the places of those that wait, which one query tells for all."""

    def to_representation(self, jobs: list[Job]) -> list[dict[str, Any]]:
        self.child.places = places_of(job for job in jobs if job.state == State.QUEUED)
        return super().to_representation(jobs)


class JobSerializer(serializers.ModelSerializer):
    """A job and how far it is."""

    base = serializers.CharField(source="base.slug")
    init = serializers.CharField(source="initialiser", help_text="The words it started from.")
    state = serializers.ChoiceField(choices=State.choices)
    queue_position = serializers.SerializerMethodField(help_text="1 is next; null when it does not wait.")
    starts_in = serializers.SerializerMethodField(
        help_text="Seconds until it probably begins, from what jobs took lately; null where that is not known."
    )
    held = serializers.SerializerMethodField(
        help_text="Why others pass it while it waits: `running` or `minutes` are used up; empty where nothing holds it."
    )
    previews = JobPreviewSerializer(many=True)
    images = serializers.IntegerField(source="images.count", help_text="How many training images it has.")
    images_kept_until = serializers.SerializerMethodField(
        help_text="When its images, and where its training ended, will be deleted; null before its end and afterwards."
    )
    findings = FindingSerializer(many=True, help_text="What the images could do better, worst first.")
    snapshots = JobSnapshotSerializer(many=True, help_text="Steps whose vectors can be made a version.")
    events = serializers.SerializerMethodField(help_text="What became of it, oldest first.")
    error = serializers.SerializerMethodField(help_text="Null unless it failed.")
    embedding = serializers.SerializerMethodField(help_text="owner/name of what it made; null before that.")

    places: dict[int, Place] | None = None  # of the jobs of a list, where it is one

    class Meta:
        model = Job
        list_serializer_class = JobListSerializer
        fields = [
            "id", "name", "token", "kind", "base", "init", "preset", "vectors", "seed", "images", "findings",
            "depicts_person", "rights_declared", "state", "cancel_requested", "stage", "step", "total_steps", "steps_per_second", "seconds_left", "queue_position",
            "starts_in", "held", "device_seconds", "continues", "further", "images_kept_until", "images_deleted",
            "loss", "loss_curve", "fixed_loss_curve", "previews", "snapshots", "events", "error", "embedding", "attempts", "created", "started", "finished",
        ]  # fmt: skip

    def to_representation(self, job: Job) -> dict[str, Any]:
        if self.places is not None:
            self._place = self.places.get(job.pk)
        else:
            self._place = place_of(job) if job.state == State.QUEUED else None
        return super().to_representation(job)

    def get_queue_position(self, job: Job) -> int | None:
        return self._place and self._place.number

    def get_starts_in(self, job: Job) -> float | None:
        return self._place and self._place.seconds

    def get_held(self, job: Job) -> str:
        return self._place.held if self._place else ""

    def get_images_kept_until(self, job: Job) -> datetime | None:
        return kept_until(job)

    @extend_schema_field(JobEventSerializer(many=True))
    def get_events(self, job: Job) -> list[dict[str, Any]]:
        return JobEventSerializer(diary.entries(job), many=True).data

    @extend_schema_field(JobErrorSerializer(allow_null=True))
    def get_error(self, job: Job) -> dict[str, Any] | None:
        return {"code": job.error_code, "message": job.error_message} if job.state == State.FAILED else None

    def get_embedding(self, job: Job) -> str | None:
        return str(job.embedding) if job.embedding else None


class NewJobSerializer(serializers.Serializer):
    """What a new job is made of. The services check what it means; here only its form is."""

    images = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True),
        required=False,
        default=list,
        help_text="3 to 50 files, repeated.",
    )
    base = serializers.CharField(help_text="Name of a base model, for example pocket.")
    token = serializers.CharField(help_text="The new word, for example <my-cat>.")
    kind = serializers.CharField(help_text="object or style.")
    init = serializers.CharField(help_text="Words that the new one starts from.")
    name = serializers.CharField(help_text="Name of the embedding that it shall become.")
    preset = serializers.CharField(default=Preset.BALANCED.value, help_text="quick, balanced or thorough.")
    vectors = serializers.IntegerField(required=False, allow_null=True, default=None)
    steps = serializers.IntegerField(required=False, allow_null=True, default=None)
    seed = serializers.IntegerField(default=0)
    captions = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        default=list,
        help_text="One for each image, {} for the word, repeated.",
    )
    rights = serializers.BooleanField(
        default=False, help_text="Whether you declare that you may use the images to train a model."
    )
    depicts_person = serializers.CharField(
        default="", allow_blank=True, help_text="Whom the images show: no, myself, others (who consented) or fictional."
    )


class RetrySerializer(serializers.Serializer):
    """What may be different when a job is tried again."""

    name = serializers.CharField(
        required=False, default="", allow_blank=True, help_text="Another name, where the old one was taken meanwhile."
    )


class AmountSerializer(serializers.Serializer):
    """How much of something there is for an account."""

    allowed = serializers.FloatField()
    used = serializers.FloatField()
    left = serializers.FloatField()


class AllowanceSerializer(serializers.Serializer):
    """What an account may have of the hub, and has."""

    unfinished_jobs = AmountSerializer(help_text="Jobs that wait or train.")
    running_jobs = AmountSerializer(help_text="Jobs that train at one time; others wait.")
    minutes = AmountSerializer(help_text="Minutes of the workers' time in the last 24 hours.")
    megabytes = AmountSerializer(help_text="Stored files: embeddings, pictures, training images.")
