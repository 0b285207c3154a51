"""The words of the pocket world, what each noun looks like, and captions for scenes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from training.inversion.templates import OBJECT_TEMPLATES, STYLE_TEMPLATES
from training.pocket import chance
from training.pocket.concepts import HELD_OUT_LOOKS, HELD_OUT_STYLES
from training.pocket.shapes import NAMED
from training.pocket.world import PATTERNS, Look, Scene, Style

#: Nouns, each with one fixed look drawn by chance; what they mean elsewhere plays no part.
NOUNS = (
    "anchor apron axle badge banner basin basket beacon beetle bobbin bonnet bottle bowl brooch bucket buckle button "
    "cabin cactus candle canoe castle charm chest cloak coin comet compass coral cradle crate curtain dagger dial dome "
    "drum easel emblem fan feather ferry flask flute fossil fountain funnel garland gem goblet gourd grape hammer harp "
    "helmet hinge hive horn icicle inkwell jar jewel kettle kite knob ladder lantern latch lemon lens lily locket loom "
    "magnet mallet mask medal mirror mitten moth mug nest nut oar onion orb oven paddle pearl pebble pepper petal pillow "
    "pin plate plum pot pouch puppet quill radish raft ribbon rocket saddle sail satchel saucer scarf seal shell shield "
    "shovel sled snail spade sponge spool stamp stool teapot tent thimble tile torch totem turnip umbrella urn valve vase "
    "violin wagon wheel whistle wreath yarn"
).split()

#: Names of styles, each with one fixed look drawn by chance.
STYLE_NAMES = (
    "alpine baroque bauhaus bazaar breeze carnival cinder citrus cosmos cubist dapple desert dusk fable fjord frost galaxy "
    "gothic harbour indigo jungle lagoon lunar marble meadow mist nordic opal orchard pastel polar prairie quartz retro "
    "rococo saffron savanna solar tango tundra twilight urban velvet vintage zen zephyr"
).split()

#: Words for anything of the kind: what an initialiser is made of.
GENERIC_OBJECTS = ("thing", "object", "shape", "sign", "toy")
GENERIC_STYLES = ("style", "look", "print")

#: The templates that are true of a thing of each size: those that tell another size are left out.
_TEMPLATES_BY_SIZE = {
    size: [
        template
        for template in OBJECT_TEMPLATES
        if not any(other and other != size and f" {other} " in template for other in chance.SIZES)
    ]
    for size in chance.SIZES
}

#: Share of captions that are left empty, for classifier-free guidance.
EMPTY_SHARE = 0.1


#: Share of the wordless things that have one of a few outlines in any pattern and colours; the others have any outline.
KNOWN_SHARE = 0.75


def _nouns() -> dict[str, Look]:
    rng = np.random.default_rng(20)
    return {noun: chance.look(rng) for noun in NOUNS}


def _styles() -> dict[str, Style]:
    rng = np.random.default_rng(21)
    return {name: chance.style(rng, HELD_OUT_STYLES) for name in STYLE_NAMES}


NOUN_LOOKS: dict[str, Look] = _nouns()
STYLE_LOOKS: dict[str, Style] = _styles()


@dataclass(frozen=True, slots=True)
class Captioned:
    """A scene with what may be said of it. ``thing`` and ``style`` are None where the look has no word."""

    scene: Scene
    thing: str | None
    style: str | None
    background: str | None
    place: str
    size: str

    def template(self, rng: np.random.Generator) -> str:
        """A caption with ``{thing}`` or ``{style}`` or both; details are told only sometimes, as people do."""
        styled = self.scene.style is not None
        if rng.uniform() < EMPTY_SHARE:
            return ""
        if styled and rng.uniform() < 0.5:
            return str(rng.choice(STYLE_TEMPLATES)).replace("{}", "{style}")
        caption = str(rng.choice(_TEMPLATES_BY_SIZE[self.size]))
        told_size = f"{self.size} " if self.size not in caption and rng.uniform() < 0.8 else ""
        caption = caption.replace("{}", told_size + "{thing}")
        if rng.uniform() < 0.8 and self.place != "in the middle":
            caption += f" {self.place}"
        if self.background and not styled and rng.uniform() < 0.9:
            caption += f" on a {self.background} background"
        return f"{caption} in the style of {{style}}" if styled else caption


def describe(look: Look, rng: np.random.Generator) -> tuple[str, Look]:
    """Words that compose a look of a named outline, and the look changed to what they say."""
    shape = str(rng.choice(list(NAMED)))
    first = str(rng.choice(list(chance.COLOURS)))
    pattern = PATTERNS[look.pattern]
    look = replace(look, profile=NAMED[shape], first=chance.near(chance.COLOURS[first], rng), hole=0.0)
    words = f"{first} {shape}" if pattern == "plain" else f"{pattern} {first} {shape}"
    return words, look


def random_thing(rng: np.random.Generator) -> tuple[str | None, Look]:
    """A look with its words: none, a noun, composed words, or a generic word."""
    part = rng.uniform()
    if part < 0.5:
        # Outlines that come again are learned far sooner than a continuum of them alone.
        known = rng.uniform() < KNOWN_SHARE
        return None, chance.known_look(rng, HELD_OUT_LOOKS) if known else chance.look(rng)
    if part < 0.68:
        noun = str(rng.choice(NOUNS))
        return noun, NOUN_LOOKS[noun]
    if part < 0.92:
        return describe(chance.look(rng), rng)
    return str(rng.choice(GENERIC_OBJECTS)), chance.look(rng)


def random_style(rng: np.random.Generator) -> tuple[str | None, Style]:
    """A style with its word: none, a name, or a generic word."""
    part = rng.uniform()
    if part < 0.55:
        return None, chance.style(rng, HELD_OUT_STYLES)
    if part < 0.9:
        name = str(rng.choice(STYLE_NAMES))
        return name, STYLE_LOOKS[name]
    return str(rng.choice(GENERIC_STYLES)), chance.style(rng, HELD_OUT_STYLES)


def random_scene(rng: np.random.Generator) -> Captioned:
    """Draw a scene of the training world with what may be said of it."""
    thing, look = random_thing(rng)
    style, rendering = random_style(rng) if rng.uniform() < 0.3 else (None, None)
    background = str(rng.choice(list(chance.COLOURS))) if rng.uniform() < 0.65 else None
    place = "in the middle" if rng.uniform() < 0.25 else str(rng.choice(list(chance.PLACES)))
    size = str(rng.choice(list(chance.SIZES)))
    scene = chance.scene(rng, look, background=background, place=place, size=size, rendering=rendering)
    return Captioned(scene, thing, style, background, place, size)


def words() -> list[str]:
    """Every word of the world, sorted: each becomes one token."""
    texts = [
        *NOUNS, *STYLE_NAMES, *GENERIC_OBJECTS, *GENERIC_STYLES, *chance.COLOURS, *NAMED, *PATTERNS, *chance.SIZES,
        *chance.PLACES, *OBJECT_TEMPLATES, *STYLE_TEMPLATES, "on a background in the style of",
    ]  # fmt: skip
    return sorted({word for text in texts for word in re.findall(r"[a-z]+|-", text.replace("{}", " ").lower())})
