"""What the routes answer that tell what a file, a hash or a picture's text is."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from registry.api.serializers import FAMILIES, EncoderSerializer, FileSerializer, PlaceSerializer, choice
from registry.infotext import MAX_CHARACTERS
from registry.lookup import MAX_DIGITS, MAX_HASHES, MIN_DIGITS, Match, Used


class BaseCandidateSerializer(serializers.Serializer):
    """A base family that the vectors fit, and why."""

    base = choice(FAMILIES)
    reason = serializers.CharField()


class InspectedPartSerializer(serializers.Serializer):
    """What one embedding of an upload is, and where its vectors are on this hub already."""

    label = serializers.CharField(help_text="What tells it apart from others of the upload.")
    role = serializers.CharField(help_text="“positive” or “negative” where the files come as such a pair.")
    sources = serializers.ListField(child=serializers.CharField(), help_text="Names of the files it came from.")
    container = serializers.CharField()
    layout = serializers.CharField()
    encoders = EncoderSerializer(many=True)
    vectors = serializers.IntegerField()
    norms = serializers.DictField(child=serializers.ListField(child=serializers.FloatField()))
    tokens = serializers.ListField(child=serializers.CharField())
    name = serializers.CharField(help_text="What the file calls itself; often stale.")
    step = serializers.IntegerField(allow_null=True)
    checkpoint = serializers.CharField()
    bases = BaseCandidateSerializer(many=True, help_text="Where there are several, you say which it is.")
    warnings = serializers.ListField(child=serializers.CharField())
    leaks = serializers.ListField(
        child=serializers.CharField(), help_text="Names and paths inside the file. They are never served."
    )
    digest = serializers.CharField(help_text="SHA-256 of the shapes and numbers alone.")
    sha256 = serializers.CharField(help_text="SHA-256 of the file.")
    duplicates = PlaceSerializer(many=True)


class InspectionSerializer(InspectedPartSerializer):
    """What an upload holds: ``parts`` has every embedding in it, the fields beside it are those of the first."""

    file = serializers.CharField(help_text="Name of the file.")
    parts = InspectedPartSerializer(many=True)


class MatchSerializer(serializers.Serializer):
    """A version that a hash belongs to."""

    owner = serializers.CharField(source="version.embedding.owner.username")
    name = serializers.CharField(source="version.embedding.name")
    title = serializers.CharField(source="version.embedding.title")
    token = serializers.CharField(source="version.embedding.token")
    base = serializers.CharField(source="version.embedding.base")
    version = serializers.IntegerField(source="version.number")
    url = serializers.SerializerMethodField(help_text="The embedding's page.")
    matched = serializers.ListField(
        source="kinds",
        child=serializers.CharField(),
        help_text="Which hash it is: sha256, autov3, blake3, crc32, digest, …",
    )
    uploaded = serializers.BooleanField(help_text="Whether it is a hash of the file that was uploaded.")
    files = FileSerializer(many=True, help_text="The files to download that have it.")

    def get_url(self, match: Match) -> str:
        return self.context["request"].build_absolute_uri(match.version.embedding.get_absolute_url())


class MatchesSerializer(serializers.Serializer):
    """Every version with a hash, the oldest first."""

    unique = serializers.BooleanField(help_text="Whether all are the same numbers; if not, the digits are too few.")
    results = MatchSerializer(source="matches", many=True)


class HashField(serializers.RegexField):
    """A hash or how it begins; what is none is named in the refusal, since it may be one of a thousand."""

    def __init__(self, **options: Any) -> None:
        super().__init__(r"^[0-9a-fA-F]{8,64}$", **options)

    def run_validators(self, value: str) -> None:
        try:
            super().run_validators(value)
        except serializers.ValidationError as error:
            message = f"“{value[:80]}” is no hash, which has {MIN_DIGITS} to {MAX_DIGITS} hexadecimal digits."
            raise serializers.ValidationError(message) from error


class HashesSerializer(serializers.Serializer):
    """Hashes of files."""

    hashes = serializers.ListField(
        child=HashField(),
        allow_empty=False,
        max_length=MAX_HASHES,
        help_text="Of any kind, each whole or its first 8 or more digits.",
    )


class FoundHashSerializer(serializers.Serializer):
    """What a hash belongs to."""

    hash = serializers.CharField(help_text="As it was asked for, in lower case.")
    unique = serializers.BooleanField(source="answer.unique", help_text="Whether all are the same numbers.")
    matches = MatchSerializer(source="answer.matches", many=True)


class FoundHashesSerializer(serializers.Serializer):
    """What hashes belong to, in the order in which they were asked for."""

    results = FoundHashSerializer(many=True)
    taken_down = serializers.ListField(child=serializers.CharField(), help_text="Of what staff took down.")
    not_found = serializers.ListField(child=serializers.CharField())


class InfotextSerializer(serializers.Serializer):
    """The text that a picture carries."""

    text = serializers.CharField(
        max_length=MAX_CHARACTERS,
        help_text="A1111's infotext, or a prompt or workflow of ComfyUI.",
        trim_whitespace=False,
    )


class UsedSerializer(serializers.Serializer):
    """An embedding that a text names."""

    name = serializers.CharField(source="reference.name")
    hashes = serializers.ListField(source="reference.hashes", child=serializers.CharField())
    checksums = serializers.ListField(source="reference.checksums", child=serializers.CharField())
    sources = serializers.ListField(
        source="reference.sources",
        child=serializers.CharField(),
        help_text="Where the text names it: ti_hashes, hashes, used_embeddings, prompt.",
    )
    found = serializers.SerializerMethodField()
    recognised = serializers.CharField(
        help_text="By what it was recognised: a kind of hash, “checksum” (16 bits, with the name), “name” alone, or nothing."
    )
    unique = serializers.BooleanField(help_text="Whether all matches are the same numbers.")
    matches = MatchSerializer(many=True)

    def get_found(self, used: Used) -> bool:
        return bool(used.matches)


class InfotextAnswerSerializer(serializers.Serializer):
    """The embeddings that a text names, in its order, and the names of those that are not here."""

    embeddings = UsedSerializer(many=True)
    not_found = serializers.ListField(child=serializers.CharField())
