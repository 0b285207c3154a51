"""Stage 2: the text encoder, taught to know what a caption says before any picture is made from it.

Half of all things have no word. Their vectors come from a small network, the *word maker*, that reads the look's
numbers; it is trained along and thrown away. So the encoder learns that any point of its input space, near the
vocabulary's norm, may mean a look: which is what textual inversion asks of it later.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPTextConfig, CLIPTextModel

from training.inversion.encoders import SplicedEmbedding, splice_into
from training.inversion.tokens import ORDINARY, Prompts, word_ids
from training.pocket.stages import Average, Stage, set_rate, warm_cosine
from training.pocket.tokenizer import MAX_TOKENS
from training.pocket.vocabulary import Captioned, random_scene
from training.pocket.world import LOOK_WIDTH, STYLE_WIDTH, look_vector, style_vector

WIDTH = 128
#: Euclidean norm of every input vector, as in CLIP: the shell on which words live.
NORM = 0.4
BATCH = 96
LEARNING_RATE = 2e-3
#: Vectors a made word has: one, or the other two.
MADE_VECTORS = 3
#: Numbers of a scene that are told by neither look nor style: background colour, place, size.
SETTING_WIDTH = 6


def make_text_encoder(tokenizer: Any) -> CLIPTextModel:
    """A fresh CLIP text encoder of 0.7 million parameters."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=WIDTH,
            intermediate_size=4 * WIDTH,
            projection_dim=WIDTH,
            num_hidden_layers=3,
            num_attention_heads=4,
            max_position_embeddings=MAX_TOKENS,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


class WordMaker(nn.Module):
    """Looks and styles to input vectors on the vocabulary's shell."""

    def __init__(self) -> None:
        super().__init__()
        self.look = self._network(LOOK_WIDTH)
        self.style = self._network(STYLE_WIDTH)

    @staticmethod
    def _network(inputs: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Linear(inputs, 256), nn.SiLU(), nn.Linear(256, 256), nn.SiLU(), nn.Linear(256, MADE_VECTORS * WIDTH)
        )

    def forward(self, looks: Tensor, styles: Tensor) -> Tensor:
        """Vectors [B * 2 * MADE_VECTORS, WIDTH] of looks [B, LOOK_WIDTH] and styles [B, STYLE_WIDTH]."""
        made = torch.stack([self.look(looks), self.style(styles)], dim=1).view(-1, WIDTH)
        return NORM * functional.normalize(made, dim=-1)


def hold_norms(splice: SplicedEmbedding) -> None:
    """Put every vocabulary row back on the shell."""
    with torch.no_grad():
        splice.table.weight.mul_(NORM / splice.table.weight.norm(dim=-1, keepdim=True))


class Captioner:
    """Turns scenes into prompts whose wordless parts point at made vectors."""

    def __init__(self, tokenizer: Any) -> None:
        self.begin, self.end = tokenizer.bos_token_id, tokenizer.eos_token_id
        self.words = lru_cache(maxsize=None)(lambda text: tuple(word_ids(tokenizer, text)))

    def __call__(self, scenes: Sequence[Captioned], templates: Sequence[str], rng: np.random.Generator) -> Prompts:
        """Tokenise each template with its scene's words, or rows of the word maker's output."""
        ids = torch.full((len(scenes), MAX_TOKENS), self.end, dtype=torch.int64)
        rows = torch.full((len(scenes), MAX_TOKENS), ORDINARY, dtype=torch.int64)
        for index, (scene, template) in enumerate(zip(scenes, templates, strict=True)):
            line, marks = [self.begin], [ORDINARY]
            for piece in re.split(r"(\{thing\}|\{style\})", template):
                word = {"{thing}": scene.thing, "{style}": scene.style}.get(piece, piece)
                if word is None:
                    first = (2 * index + (piece == "{style}")) * MADE_VECTORS
                    made = [first] if rng.uniform() < 0.4 else [first + 1, first + 2]
                    line += [0] * len(made)
                    marks += made
                else:
                    line += self.words(word)
                    marks += [ORDINARY] * len(self.words(word))
            line, marks = line[: MAX_TOKENS - 1], marks[: MAX_TOKENS - 1]
            ids[index, : len(line)] = torch.tensor(line)
            rows[index, : len(marks)] = torch.tensor(marks)
        return Prompts(ids, rows)


def scene_numbers(scenes: Sequence[Captioned]) -> tuple[Tensor, Tensor, Tensor]:
    """Looks [B, LOOK_WIDTH], styles [B, STYLE_WIDTH] (zeros for none) and settings [B, SETTING_WIDTH]."""
    looks = np.stack([look_vector(item.scene.look) for item in scenes])
    styles = np.stack(
        [style_vector(item.scene.style) if item.scene.style else np.zeros(STYLE_WIDTH, np.float32) for item in scenes]
    )
    settings = np.array(
        [[*item.scene.background, 2 * item.scene.x, 2 * item.scene.y, item.scene.size] for item in scenes], np.float32
    )
    return torch.from_numpy(looks), torch.from_numpy(styles), torch.from_numpy(settings)


def train_text(stage: Stage, tokenizer: Any) -> tuple[CLIPTextModel, WordMaker]:
    """Train encoder and word maker to tell the scene's numbers from its caption, by regression."""
    rng = np.random.default_rng(2)
    encoder = make_text_encoder(tokenizer)
    splice, maker = splice_into(encoder), WordMaker()
    hold_norms(splice)
    head = nn.Sequential(nn.Linear(WIDTH, 256), nn.SiLU(), nn.Linear(256, LOOK_WIDTH + STYLE_WIDTH + SETTING_WIDTH))
    modules = nn.ModuleDict({"encoder": encoder, "maker": maker, "head": head})
    optimiser = torch.optim.AdamW(modules.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.98), weight_decay=0)
    average = Average(modules, 0.99)
    parts = {"model": modules, "optimiser": optimiser, "average": average}
    stage.resume(**parts)
    captioner = Captioner(tokenizer)
    for step in stage.steps(**parts):
        set_rate(optimiser, warm_cosine(stage.done, step))
        scenes = [random_scene(rng) for _ in range(BATCH)]
        templates = [scene.template(rng) for scene in scenes]
        looks, styles, settings = scene_numbers(scenes)
        prompts = captioner(scenes, templates, rng)
        with splice.using(prompts.rows, maker(looks, styles)):
            states = encoder(prompts.ids)[0]
        guess = head(states.mean(dim=1)).split([LOOK_WIDTH, STYLE_WIDTH, SETTING_WIDTH], dim=1)
        # What a caption leaves out it is not asked for.
        tells_thing = torch.tensor([[float("{thing}" in template)] for template in templates])
        tells_style = torch.tensor([[float("{style}" in template)] for template in templates])
        look_loss = (tells_thing * (guess[0] - looks) ** 2).mean()
        style_loss = (tells_style * (guess[1] - styles) ** 2).mean()
        loss = look_loss + style_loss + 0.3 * functional.mse_loss(guess[2], settings)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(modules.parameters(), 1.0)
        optimiser.step()
        hold_norms(splice)
        average.update(modules)
        if stage.step % 100 == 99:
            stage.report(look=look_loss.item(), style=style_loss.item(), loss=loss.item())
    average.copy_to(modules)
    hold_norms(splice)
    return encoder, maker
