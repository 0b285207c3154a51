"""Reasons a training run ends without a result. Each is a code and a sentence for the person. Imports no torch."""

from __future__ import annotations


class InversionError(Exception):
    """Base of every error the engine raises on purpose."""

    #: Stable, machine-readable; stored on the job row.
    code = "inversion"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadConfig(InversionError):
    """A setting is missing, unknown or out of its range."""

    code = "bad_config"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class BadImages(InversionError):
    """The images cannot be trained on."""

    code = "bad_images"


class BadEmbedding(InversionError):
    """An embedding file cannot be read, or does not fit the base model."""

    code = "bad_embedding"


class BaseUnavailable(InversionError):
    """The base model cannot be loaded."""

    code = "base_unavailable"


class ScorerUnavailable(InversionError):
    """A network for scores cannot be loaded."""

    code = "scorer_unavailable"


class ScriptFailed(InversionError):
    """A script to be measured beside ended with a failure."""

    code = "script_failed"


class TokenInVocabulary(InversionError):
    """The placeholder token is already a word of the base model."""

    code = "token_in_vocabulary"


class TrainingDiverged(InversionError):
    """The loss or the vectors stopped being finite numbers, or the gradient is zero."""

    code = "diverged"


class Cancelled(InversionError):
    """Somebody asked the run to stop."""

    code = "cancelled"

    def __init__(self) -> None:
        super().__init__("The run was stopped before it finished.")


class OutOfMemory(InversionError):
    """One job alone does not fit beside its base model."""

    code = "out_of_memory"

    def __init__(self, batch_size: int | None) -> None:
        """``batch_size`` is that of the steps, or None where something else found no memory."""
        what = "this base model" if batch_size is None else f"{batch_size} pictures a step of this base model"
        super().__init__(
            f"The worker has not enough memory for {what}. "
            "Tell the operator, who can give the base model a smaller batch_size or another device."
        )


class NoRoom(InversionError):
    """The job does not fit beside those that train already, into their slots or into memory."""

    code = "no_room"

    def __init__(self) -> None:
        super().__init__(
            "There is no room beside the jobs that train already. Start it again when one of them has ended."
        )


class BadState(InversionError):
    """A state to go on from is damaged, or another job's."""

    code = "bad_state"


class BadReceipt(InversionError):
    """A receipt is incomplete, or of another base model or other images."""

    code = "bad_receipt"
