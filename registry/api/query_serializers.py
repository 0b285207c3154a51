"""Parameters of requests that read."""

from __future__ import annotations

from rest_framework import serializers

from registry.api.serializers import FAMILIES, choice
from registry.browsing.search import MAX_VALUES, VECTOR_RANGE, Sort
from registry.formats import Dtype, Target
from registry.models import Kind, License


def _repeated(
    value: serializers.Field, help_text: str = "Repeated for several, of which one must fit."
) -> serializers.Field:
    """A filter that may be given several times."""
    return serializers.ListField(child=value, required=False, max_length=MAX_VALUES, help_text=help_text)


class SearchQuerySerializer(serializers.Serializer):
    """What a list is searched for and narrowed by."""

    q = serializers.CharField(required=False, allow_blank=True, help_text="Words; the last may be begun only.")
    tag = _repeated(serializers.CharField(allow_blank=True), "Repeated for several, all of which it must have.")
    base = _repeated(choice(FAMILIES, allow_blank=True))
    kind = _repeated(choice(Kind.choices, allow_blank=True))
    license = _repeated(choice(License.choices, allow_blank=True))
    vectors = _repeated(
        serializers.RegexField(
            VECTOR_RANGE,
            allow_blank=True,
            error_messages={"invalid": "Give a number or a range, such as 2, 3-4 or 9-."},
        ),
        "A number of vectors, or a range: 2, 3-4, 9-. Repeated for several, of which one must fit.",
    )
    owner = serializers.CharField(required=False, allow_blank=True)


class ListQuerySerializer(SearchQuerySerializer):
    """Parameters of a list."""

    sort = choice(
        [(sort.value, sort.value) for sort in Sort],
        required=False,
        allow_blank=True,
        help_text="Without one: by relevance to q, or the newest first.",
    )


class VersionQuerySerializer(serializers.Serializer):
    """Which version is meant."""

    version = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, help_text="Number; the newest without."
    )


class DownloadQuerySerializer(VersionQuerySerializer):
    """Parameters of a download."""

    format = serializers.CharField(
        default=Target.CANONICAL.value, help_text="A target of the version's files: " + ", ".join(Target)
    )
    dtype = serializers.CharField(
        default=Dtype.FLOAT32.value, help_text="float16 halves the size; other tools read it as well."
    )
    file = serializers.CharField(required=False, help_text="File name, where the format has several files.")
