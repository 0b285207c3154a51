"""What the routes take and answer that tell what is computed from the numbers."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from registry.api.serializers import EmbeddingSerializer, choice
from registry.models import Reading
from registry.similarity import MAX_SHOWN, SHOWN

STATES = [("ready", "ready"), ("waiting", "waiting"), ("no_base", "no_base"), *Reading.Problem.choices]


class SimilarQuerySerializer(serializers.Serializer):
    """Parameters of a list of similar embeddings."""

    limit = serializers.IntegerField(default=SHOWN, min_value=1, max_value=MAX_SHOWN)


class SimilarSerializer(serializers.Serializer):
    """An embedding and how like another it is."""

    cosine = serializers.FloatField(help_text="Of the directions of the two; 1 for the same direction.")
    nearly_the_same = serializers.BooleanField(help_text="Whether the numbers may be those of a copy.")
    embedding = EmbeddingSerializer()


class SimilarListSerializer(serializers.Serializer):
    """Similar embeddings, the most similar first: all there are, so ``next`` is always null."""

    results = SimilarSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class WordSerializer(serializers.Serializer):
    """A word of the vocabulary beside a vector."""

    word = serializers.CharField()
    cosine = serializers.FloatField()


class VectorSerializer(serializers.Serializer):
    """One vector beside the words of a text encoder."""

    number = serializers.IntegerField(help_text="From 1.")
    norm = serializers.FloatField()
    percentile = serializers.FloatField(help_text="Per cent of the words whose norm is lower.")
    median_norm = serializers.FloatField(help_text="Of the words.")
    nearest = serializers.SerializerMethodField()
    sentences = serializers.ListField(child=serializers.CharField(), help_text="What follows, in words.")

    @extend_schema_field(WordSerializer(many=True))
    def get_nearest(self, vector: Any) -> list[dict[str, Any]]:
        return [{"word": word, "cosine": cosine} for word, cosine in vector.nearest]


class MeaningEncoderSerializer(serializers.Serializer):
    """The vectors for one text encoder."""

    name = serializers.CharField()
    words = serializers.IntegerField(help_text="How many words they are compared with.")
    vectors = VectorSerializer(many=True)


class MeaningSerializer(serializers.Serializer):
    """What the vectors of a version mean."""

    version = serializers.IntegerField()
    state = choice(
        STATES,
        help_text="“waiting” until a worker has time; “no_base” where no base model of its family is installed; “unfit” where "
        "none of its vectors goes into that model’s text encoders; “unreadable” where its file is lost.",
    )
    base_model = serializers.CharField(allow_blank=True, help_text="Whose words it was compared with.")
    encoders = MeaningEncoderSerializer(many=True)
