"""Why a job is not taken, or not changed. Each is a code, a sentence for the person, and the field it is about."""

from __future__ import annotations


class TrainingError(Exception):
    """Base of every refusal. ``code`` is stable; ``field`` names the input concerned ("" when it is about none)."""

    code = "training"

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class BadImage(TrainingError):
    """An image, or the set of them, cannot be trained on."""

    code = "bad_image"

    def __init__(self, message: str) -> None:
        super().__init__(message, field="images")


class BadSetting(TrainingError):
    """A setting is missing or out of its range."""

    code = "bad_setting"

    def __init__(self, message: str, *, field: str, code: str = "") -> None:
        super().__init__(message, field=field)
        self.code = code or self.code


class BaseUnknown(TrainingError):
    """The base model does not exist here, or takes no new jobs."""

    code = "base_unknown"

    def __init__(self, message: str) -> None:
        super().__init__(message, field="base")


class BaseChanged(TrainingError):
    """The weights of a base model are not those that were registered."""

    code = "base_changed"


class NameTaken(TrainingError):
    """The embedding's name cannot be used by this account."""

    code = "name_taken"

    def __init__(self, message: str) -> None:
        super().__init__(message, field="name")


class NoSpace(TrainingError):
    """The account may not store so much."""

    code = "quota"


class NotStored(TrainingError):
    """The storage or its disk does not take what a job made."""

    code = "not_stored"


class TooManyDrafts(TrainingError):
    """The account has as many drafts of jobs as it may have."""

    code = "too_many_drafts"


class TokenInVocabulary(TrainingError):
    """The placeholder token is already a word of the base model."""

    code = "token_in_vocabulary"

    def __init__(self, message: str) -> None:
        super().__init__(message, field="token")


class TooManyJobs(TrainingError):
    """The account has as many unfinished jobs as it may have."""

    code = "too_many_jobs"


class WrongState(TrainingError):
    """The job is not in a state in which this can be done."""

    code = "wrong_state"
