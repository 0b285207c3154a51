"""What the registry's routes take and answer. Checks live in the services; these only name and shape fields."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from registry.formats import Family, Target
from registry.models import Embedding, File, Kind, License, Preview, Version, Visibility
from registry.search import Sort

Choices = list[tuple[str, str]]
_FAMILIES = [(family.value, family.label) for family in Family]
_TARGETS = [(target.value, target.value) for target in Target]
_SORTS = [(sort.value, sort.value) for sort in Sort]


def _choice(choices: Choices, **options: Any) -> serializers.ChoiceField:
    """A choice whose refusal says what there is to choose from."""
    message = "“{input}” is not among the choices: " + ", ".join(value for value, _ in choices) + "."
    return serializers.ChoiceField(choices=choices, error_messages={"invalid_choice": message}, **options)


class EncoderSerializer(serializers.Serializer):
    """The vectors for one text encoder."""

    name = serializers.CharField()
    shape = serializers.ListField(child=serializers.IntegerField(), help_text="[vectors, width].")
    dtype = serializers.CharField()


class FileSerializer(serializers.ModelSerializer):
    """A file that a version can be downloaded as."""

    class Meta:
        model = File
        fields = ["target", "filename", "size", "sha256", "autov3", "crc32"]


class PreviewSerializer(serializers.ModelSerializer):
    """A picture of what the embedding does."""

    url = serializers.SerializerMethodField()

    class Meta:
        model = Preview
        fields = ["url", "width", "height", "source", "variant", "template", "prompt", "seed", "settings"]

    def get_url(self, preview: Preview) -> str:
        return self.context["request"].build_absolute_uri(preview.get_absolute_url())


class VersionSerializer(serializers.ModelSerializer):
    """One set of vectors and its files."""

    encoders = EncoderSerializer(many=True)
    files = FileSerializer(many=True)

    class Meta:
        model = Version
        fields = [
            "id",
            "number",
            "notes",
            "vectors",
            "encoders",
            "norms",
            "digest",
            "layout",
            "receipt",
            "created",
            "files",
        ]


class EmbeddingSerializer(serializers.ModelSerializer):
    """An embedding with its versions, newest first, and the newest version's previews."""

    owner = serializers.CharField(source="owner.username")
    url = serializers.SerializerMethodField(help_text="Its page.")
    versions = VersionSerializer(many=True)
    previews = serializers.SerializerMethodField()

    class Meta:
        model = Embedding
        fields = [
            *(
                "id",
                "owner",
                "name",
                "title",
                "token",
                "kind",
                "base",
                "description",
                "tags",
                "license",
                "visibility",
            ),
            *("url", "versions", "previews", "downloads", "likes", "created", "updated"),
        ]

    def get_url(self, embedding: Embedding) -> str:
        return self.context["request"].build_absolute_uri(embedding.get_absolute_url())

    @extend_schema_field(PreviewSerializer(many=True))
    def get_previews(self, embedding: Embedding) -> list[dict[str, Any]]:
        version = embedding.latest
        return PreviewSerializer(
            version.previews.all() if version else [], many=True, context=self.context
        ).data


class ListQuerySerializer(serializers.Serializer):
    """Parameters of a list."""

    q = serializers.CharField(
        required=False, allow_blank=True, help_text="Words; the last may be begun only."
    )
    tag = serializers.CharField(required=False, allow_blank=True)
    base = _choice(_FAMILIES, required=False, allow_blank=True)
    kind = _choice(Kind.choices, required=False, allow_blank=True)
    owner = serializers.CharField(required=False, allow_blank=True)
    sort = _choice(
        _SORTS,
        required=False,
        allow_blank=True,
        help_text="Without one: by relevance to q, or the newest first.",
    )


class EditableSerializer(serializers.Serializer):
    """What the owner may change."""

    title = serializers.CharField(required=False, allow_blank=True)
    description = serializers.CharField(required=False, allow_blank=True, help_text="Markdown.")
    kind = _choice(Kind.choices, required=False)
    tags = serializers.ListField(
        child=serializers.CharField(allow_blank=True),
        required=False,
        help_text="Repeated, or commas between.",
    )
    license = _choice(License.choices, required=False)
    visibility = _choice(Visibility.choices, required=False)


class UploadSerializer(serializers.Serializer):
    """An embedding file."""

    file = serializers.FileField(allow_empty_file=True)


class NewVersionSerializer(UploadSerializer):
    """A new version of an embedding."""

    notes = serializers.CharField(required=False, allow_blank=True)
    previews = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True), required=False, help_text="JPEG, PNG or WebP."
    )


class NewEmbeddingSerializer(EditableSerializer):
    """An upload. Without a title, the name is the title."""

    file = serializers.ListField(child=serializers.FileField(allow_empty_file=True), allow_empty=False)
    name = serializers.CharField()
    token = serializers.CharField(help_text="The placeholder token, as typed in a prompt.")
    kind = _choice(Kind.choices)
    base = _choice(_FAMILIES)
    license = _choice(License.choices)
    previews = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True), required=False, help_text="JPEG, PNG or WebP."
    )


class DownloadQuerySerializer(serializers.Serializer):
    """Parameters of a download."""

    format = _choice(_TARGETS, default=Target.SAFETENSORS.value)
    version = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, help_text="Number; the newest without."
    )
    file = serializers.CharField(required=False, help_text="File name, where the format has several files.")


class BaseCandidateSerializer(serializers.Serializer):
    """A base family that the vectors fit, and why."""

    base = _choice(_FAMILIES)
    reason = serializers.CharField()


class PlaceSerializer(serializers.ModelSerializer):
    """Where a set of vectors is on this hub."""

    owner = serializers.CharField(source="embedding.owner.username")
    name = serializers.CharField(source="embedding.name")
    version = serializers.IntegerField(source="number")

    class Meta:
        model = Version
        fields = ["owner", "name", "version"]


class InspectionSerializer(serializers.Serializer):
    """What a file holds, and where its vectors are on this hub already."""

    file = serializers.CharField(help_text="Name of the file.")
    container = serializers.CharField()
    layout = serializers.CharField()
    encoders = EncoderSerializer(many=True)
    vectors = serializers.IntegerField()
    norms = serializers.DictField(child=serializers.ListField(child=serializers.FloatField()))
    tokens = serializers.ListField(child=serializers.CharField())
    name = serializers.CharField(help_text="What the file calls itself; often stale.")
    step = serializers.IntegerField(allow_null=True)
    checkpoint = serializers.CharField()
    bases = BaseCandidateSerializer(many=True)
    warnings = serializers.ListField(child=serializers.CharField())
    digest = serializers.CharField(help_text="SHA-256 of the numbers alone.")
    sha256 = serializers.CharField(help_text="SHA-256 of the file.")
    duplicates = PlaceSerializer(many=True)


class LikesSerializer(serializers.Serializer):
    """Whether you like it, and how many do."""

    liked = serializers.BooleanField()
    likes = serializers.IntegerField()


class MatchSerializer(serializers.ModelSerializer):
    """A file with the hash that was asked for."""

    owner = serializers.CharField(source="version.embedding.owner.username")
    name = serializers.CharField(source="version.embedding.name")
    title = serializers.CharField(source="version.embedding.title")
    token = serializers.CharField(source="version.embedding.token")
    base = serializers.CharField(source="version.embedding.base")
    version = serializers.IntegerField(source="version.number")
    url = serializers.SerializerMethodField(help_text="The embedding's page.")

    class Meta:
        model = File
        fields = [
            "owner",
            "name",
            "title",
            "token",
            "base",
            "version",
            "url",
            "target",
            "filename",
            "size",
            "sha256",
            "autov3",
        ]

    def get_url(self, file: File) -> str:
        return self.context["request"].build_absolute_uri(file.version.embedding.get_absolute_url())


class MatchesSerializer(serializers.Serializer):
    """Every file with a hash, the oldest first."""

    results = MatchSerializer(many=True)
