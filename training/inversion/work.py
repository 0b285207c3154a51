"""How much arithmetic a run is: counted, not timed, so that it says the same on every machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from training.inversion.encoders import encode
from training.inversion.models import BaseModel
from training.inversion.tokens import tokenise


@dataclass(frozen=True, slots=True)
class Work:
    """Floating-point operations for one picture; a multiplication with an addition counts as two."""

    training: int  #: one prompt and one pass of the UNet, there and back to the vectors
    looking: int  #: the same without the way back
    encoding: int  #: through the autoencoder

    def of_ours(self, *, steps: int, batch_size: int, looked_at: int, images: int) -> int:
        """A run that encodes ``images`` plain and mirrored once, and looks at ``looked_at`` fixed draws in all."""
        return steps * batch_size * self.training + looked_at * self.looking + 2 * images * self.encoding

    def of_reference(self, *, steps: int, batch_size: int) -> int:
        """A run of the classic loop, which encodes every picture of every step."""
        return steps * batch_size * (self.training + self.encoding)


#: Counted already, by the base model's fingerprint.
_KNOWN: dict[str, Work] = {}


def per_picture(base: BaseModel) -> Work:
    """What one picture costs on this base model. Prompts of a step that are the same count as often as they occur."""
    if base.fingerprint not in _KNOWN:
        _KNOWN[base.fingerprint] = _per_picture(base)
    return _KNOWN[base.fingerprint]


def _per_picture(base: BaseModel) -> Work:
    pipeline, device = base.pipeline, base.device
    vectors = torch.zeros(1, base.width, device=device, requires_grad=True)
    prompts = tokenise(base.tokenizer, ["{}"], "{}", 1).to(device)
    latents = torch.zeros(1, pipeline.unet.config.in_channels, base.latent_size, base.latent_size)
    latents = latents.to(device)
    timesteps = torch.zeros(1, dtype=torch.int64, device=device)

    def answer() -> Tensor:
        return base.denoise(latents, timesteps, encode(base.encoders, prompts, vectors))

    def encoding() -> None:
        pipeline.vae.encode(torch.zeros(1, 3, base.resolution, base.resolution).to(device, pipeline.vae.dtype))

    with torch.no_grad():
        looking, encoded = _count(answer), _count(encoding)
    return Work(training=_count(lambda: answer().sum().backward()), looking=looking, encoding=encoded)


def _count(run: Callable[[], object]) -> int:
    # The counter knows no fused attention of processors; written out, it is the same arithmetic.
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        run()
    return counter.get_total_flops()
