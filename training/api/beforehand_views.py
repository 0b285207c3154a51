"""``/api/hub/jobs/check`` and ``/api/hub/base-models/{name}/words``: what can be known before a job is submitted."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView, get_object_or_404
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from hub.accounts.auth import HasScope, ReadScope
from hub.requests.openapi import answers
from registry.api.serializers import choice
from registry.models import MAX_TOKEN_CHARACTERS
from training import services
from training.api.serializers import FindingSerializer, NewJobSerializer
from training.api.views import answering_errors, asked_job
from training.checks import MAX_INITIALISER_CHARACTERS
from training.estimates import estimate_of
from training.models import BaseModel, Job
from training.queue import place_of_next
from training.wizard.reading import read


class CheckedJobSerializer(serializers.Serializer):
    """What a job would be, and how long it would take."""

    vectors = serializers.IntegerField(source="job.vectors")
    total_steps = serializers.IntegerField(source="job.total_steps")
    findings = FindingSerializer(
        source="job.findings", many=True, help_text="What the images could do better, worst first."
    )
    seconds = serializers.FloatField(
        source="estimate.seconds",
        allow_null=True,
        help_text="How long it would probably train; null where nothing is known.",
    )
    queue_position = serializers.IntegerField(source="place.number", help_text="1 is next.")
    starts_in = serializers.FloatField(
        source="place.seconds", allow_null=True, help_text="Seconds until it would probably begin, as of a job."
    )
    held = serializers.CharField(source="place.held", help_text="Why others would pass it, as of a job.")


class WordsQuerySerializer(serializers.Serializer):
    """Words to be read."""

    token = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=MAX_TOKEN_CHARACTERS, help_text="The new word."
    )
    init = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=MAX_INITIALISER_CHARACTERS,
        help_text="Words to start from; the first eight are looked up.",
    )
    kind = choice(Job.Kind.choices, required=False, default=Job.Kind.OBJECT.value)


class TokenReadingSerializer(serializers.Serializer):
    """What a placeholder token is to the tokenizer."""

    token = serializers.CharField()
    pieces = serializers.ListField(child=serializers.CharField(), help_text="What it would be read as unlearned.")
    plain = serializers.CharField(help_text="Without its brackets; empty where it has none.")
    plain_pieces = serializers.ListField(child=serializers.CharField())
    problem = serializers.CharField(help_text="Why it cannot be the new word; empty where it can.")


class NeighbourSerializer(serializers.Serializer):
    """A word of the vocabulary near another."""

    word = serializers.CharField()
    cosine = serializers.FloatField(source="likeness", help_text="Of the two input vectors.")


class WordReadingSerializer(serializers.Serializer):
    """What a word to start from is."""

    word = serializers.CharField()
    pieces = serializers.ListField(child=serializers.CharField(), help_text="What the tokenizer reads it as.")
    known = serializers.BooleanField(source="is_known", help_text="Whether it is one word of the vocabulary.")
    nearest = NeighbourSerializer(source="neighbours", many=True, help_text="Of a known one.")


class WordsSerializer(serializers.Serializer):
    """How a base model reads words."""

    known = serializers.BooleanField(help_text="False where its tokenizer is not at hand, so that nothing can be said.")
    meanings = serializers.BooleanField(help_text="Whether its vocabulary's vectors are at hand too.")
    token = TokenReadingSerializer(allow_null=True, help_text="Null where none was given.")
    words = WordReadingSerializer(many=True)


class JobCheckView(GenericAPIView):
    """Check a new job and store nothing: what submitting it would refuse is refused, what is to be said of its images is said."""

    permission_classes = [HasScope("train")]
    serializer_class = CheckedJobSerializer

    @extend_schema(request={"multipart/form-data": NewJobSerializer})
    @answers(409)
    def post(self, request: Request) -> Response:
        values = asked_job(request)
        with answering_errors():
            job, _images = services.check_job(owner=request.user, **values)
        told = {
            "job": job,
            "estimate": estimate_of(job.base, preset=job.preset, steps=job.total_steps),
            "place": place_of_next(owner=request.user, base=job.base, steps=job.total_steps),
        }
        return Response(self.get_serializer(told).data)


class WordsView(GenericAPIView):
    """How a base model reads words, before they are learned or started from."""

    permission_classes = [IsAuthenticated, ReadScope]
    serializer_class = WordsSerializer

    @extend_schema(parameters=[WordsQuerySerializer])
    def get(self, request: Request, name: str) -> Response:
        base = get_object_or_404(BaseModel.objects.filter(enabled=True), slug=name)
        asked = WordsQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        values = asked.validated_data
        return Response(
            self.get_serializer(read(base, token=values["token"], initialiser=values["init"], kind=values["kind"])).data
        )
