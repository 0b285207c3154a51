"""The world the pocket model is drawn from, and what it leaves out."""

from __future__ import annotations

import numpy as np
import pytest

from training.pocket import chance
from training.pocket.concepts import CONCEPTS, HELD_OUT_LOOKS, HELD_OUT_STYLES, OBJECTS, STYLES, draw
from training.pocket.shapes import HELD_OUT, HELD_OUT_RADIUS, NAMED, WORDLESS, is_held_out
from training.pocket.vocabulary import NOUN_LOOKS, STYLE_LOOKS, random_scene, words
from training.pocket.world import LOOK_WIDTH, RESOLUTION, STYLE_WIDTH, look_vector, style_vector
from training.pocket.world import draw as draw_scene

#: Scenes looked through for held-out things; the sampler has to refuse some among that many outlines.
SCENES = 4000


def distance(first, second):
    """Root mean square difference of two outlines."""
    return float(np.sqrt(np.mean((np.asarray(first) - np.asarray(second)) ** 2)))


@pytest.fixture(scope="module")
def scenes():
    rng = np.random.default_rng(123)
    return [random_scene(rng).scene for _ in range(SCENES)]


def test_no_training_picture_shows_a_held_out_outline_or_one_like_it(scenes):
    outlines = [
        *(scene.look.profile for scene in scenes),
        *(look.profile for look in NOUN_LOOKS.values()),
        *NAMED.values(),
    ]
    nearest = min(distance(outline, other) for outline in outlines for other in HELD_OUT.values())
    assert nearest >= HELD_OUT_RADIUS


def test_no_training_picture_shows_a_concepts_look_or_one_like_it(scenes):
    looks = [*(scene.look for scene in scenes), *NOUN_LOOKS.values()]
    assert not [look for look in looks if any(chance.alike_looks(look, other) for other in HELD_OUT_LOOKS)]


def test_outlines_without_a_word_are_shown_and_a_concepts_colours_on_them_left_out(scenes):
    shown = {
        name for name, outline in WORDLESS.items() for scene in scenes if distance(scene.look.profile, outline) == 0
    }
    assert shown == set(WORDLESS)
    rng = np.random.default_rng(9)
    free = [chance.known_look(rng, ()) for _ in range(SCENES)]
    refused = [look for look in free if any(chance.alike_looks(look, other) for other in HELD_OUT_LOOKS)]
    assert refused, "the sampler never comes near a held-out look, so leaving it out proves nothing"


def test_no_training_picture_is_in_a_held_out_style_or_one_like_it(scenes):
    styles = [*(scene.style for scene in scenes if scene.style), *STYLE_LOOKS.values()]
    assert len(styles) > SCENES / 4
    assert not [style for style in styles if any(chance.alike(style, other) for other in HELD_OUT_STYLES)]


@pytest.mark.parametrize("name", HELD_OUT)
def test_an_outline_a_little_off_a_held_out_one_is_held_out_too(name):
    noise = np.random.default_rng(5).normal(0, HELD_OUT_RADIUS / 2, HELD_OUT[name].shape)
    assert is_held_out(HELD_OUT[name]) and is_held_out(HELD_OUT[name] + noise)


def test_the_sampler_meets_held_out_styles_and_draws_again():
    rng = np.random.default_rng(8)
    free = [chance.style(rng) for _ in range(SCENES)]
    refused = [style for style in free if any(chance.alike(style, other) for other in HELD_OUT_STYLES)]
    assert refused, "the sampler never comes near a held-out style, so leaving it out proves nothing"


def test_every_concept_is_outside_the_world_and_the_vocabulary():
    assert len(OBJECTS) >= 14 and len(STYLES) >= 10 and len(CONCEPTS) == len(OBJECTS) + len(STYLES)
    assert {concept.has_new_outline for concept in OBJECTS} == {True, False}
    for concept in CONCEPTS.values():
        assert concept.name not in words() and concept.token == f"<{concept.name}>"
        assert set(concept.initialiser.split()) <= set(words())
        if concept.kind == "object":
            assert is_held_out(concept.look.profile), concept.name
            assert any(concept.look is look for look in HELD_OUT_LOOKS), concept.name
            assert concept.has_new_outline == any(outline is concept.look.profile for outline in HELD_OUT.values())
        else:
            assert concept.style in HELD_OUT_STYLES, concept.name


@pytest.mark.parametrize("concept", CONCEPTS.values(), ids=lambda concept: concept.name)
def test_a_concepts_pictures_are_the_same_for_a_seed_and_differ_among_themselves(concept):
    pictures = draw(concept, 5, seed=3)
    assert [picture.tobytes() for picture in draw(concept, 5, seed=3)] == [picture.tobytes() for picture in pictures]
    assert draw(concept, 1, seed=4)[0].tobytes() != pictures[0].tobytes()
    assert len({picture.tobytes() for picture in pictures}) == 5
    assert {(picture.mode, picture.size) for picture in pictures} == {("RGB", (RESOLUTION, RESOLUTION))}


def test_scenes_are_the_same_for_a_seed():
    first, second = (draw_scene(random_scene(np.random.default_rng(17)).scene) for _ in range(2))
    assert first.dtype == np.uint8 and first.std() > 1
    np.testing.assert_array_equal(first, second)


def test_looks_and_styles_are_told_by_numbers_of_order_one(scenes):
    looks = np.stack([look_vector(scene.look) for scene in scenes])
    styles = np.stack([style_vector(scene.style) for scene in scenes if scene.style])
    assert looks.shape[1] == LOOK_WIDTH and styles.shape[1] == STYLE_WIDTH
    assert np.abs(looks).max() <= 1.5 and np.abs(styles).max() <= 1.5
    assert looks.std(axis=0).min() > 0.1 and styles.std(axis=0).min() > 0.1, "a number that never changes tells nothing"
