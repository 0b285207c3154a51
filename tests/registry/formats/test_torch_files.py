"""Files that torch itself writes, in both of its containers."""

from __future__ import annotations

import io
from collections import OrderedDict

import numpy as np
import pytest

from registry.formats import FormatError, inspect
from tests.registry.formats.builders import vectors

torch = pytest.importorskip("torch", reason="torch is not installed; the hand-made files cover the reader without it")
torch.set_num_threads(1)

V = torch.from_numpy(vectors(3))

#: Name of the case → (object, layout, numbers expected).
OBJECTS = {
    "a plain dictionary": ({"<cat>": V}, "diffusers", V),
    "one dimension": ({"<cat>": V[0].clone()}, "diffusers", V[:1]),
    "a row of a larger storage": ({"<cat>": V[1:2]}, "diffusers", V[1:2]),
    "a parameter": ({"<cat>": torch.nn.Parameter(V.clone())}, "diffusers", V),
    "an OrderedDict": (OrderedDict({"<cat>": V}), "diffusers", V),
    "half precision": ({"<cat>": V.half()}, "diffusers", V.half()),
    "bfloat16": ({"<cat>": V.bfloat16()}, "diffusers", V.bfloat16()),
    "double precision": ({"emb_params": V.double()}, "kohya", V),
    "A1111": (
        {"string_to_token": {"*": 265}, "string_to_param": {"*": V.clone().requires_grad_()}, "name": "koi", "step": 7,
         "sd_checkpoint": None, "sd_checkpoint_name": None}, "a1111", V,
    ),
    "rinongal": (
        {"string_to_token": {"*": torch.tensor(265)}, "string_to_param": torch.nn.ParameterDict({"*": torch.nn.Parameter(V.clone())})},
        "parameter-dict", V,
    ),
    "SDXL": ({"clip_l": V, "clip_g": torch.ones(3, 1280)}, "sdxl", V),
    "a shared storage": ({"text_encoders_0": V, "text_encoders_1": torch.ones(3, 1280)}, "sdxl-pivotal", V),
}  # fmt: skip


def saved(value, *, legacy=False):
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=not legacy)
    return file.getvalue()


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
@pytest.mark.parametrize("case", OBJECTS)
def test_what_torch_saves_is_read_exactly(case, legacy):
    value, layout, expected = OBJECTS[case]
    found = inspect(saved(value, legacy=legacy))
    assert (found.container, found.layout) == ("torch-legacy" if legacy else "torch-zip", layout)
    assert np.array_equal(found.encoders[0].vectors, expected.float().numpy())


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"<cat>": torch.ones(1, 1).expand(10**5, 768)}, "malformed"),
        ({"<cat>": torch.ones(768, 3).t()}, "malformed"),
        ({"<cat>": torch.ones(2, 768, dtype=torch.int64)}, "malformed"),
        ({"<cat>": torch.full((2, 768), torch.nan)}, "bad_values"),
        ({"<cat>": torch.ones(2, 100)}, "unknown_base"),
        (torch.ones(1, 77, 768), "not_an_embedding"),
        ({"<cat>": torch.ones(2, 768), "<dog>": torch.ones(2, 768)}, "several_tokens"),
        ({"hash": "abcd", "optimizer_state_dict": torch.optim.AdamW([torch.ones(2, requires_grad=True)]).state_dict()}, "not_an_embedding"),
        (torch.nn.Linear(4, 4).state_dict(), "several_tokens"),
        (torch.nn.Linear(4, 4), "unsafe"),
        ({"<cat>": np.ones((2, 768), np.float32)}, "unsafe"),
    ],
)  # fmt: skip
def test_what_torch_saves_of_other_things_is_refused(value, code, legacy):
    with pytest.raises(FormatError) as caught:
        inspect(saved(value, legacy=legacy))
    assert caught.value.code == code


def test_a_checkpoint_of_training_is_refused_even_with_a_random_state(tmp_path):
    with pytest.raises(FormatError):
        inspect(saved({"state_dict": {}, "rng": torch.get_rng_state()}))


@pytest.mark.parametrize("legacy", [False, True])
def test_a_training_that_kept_1_000_steps_is_read_to_its_last(legacy):
    steps = [{"emb": torch.full((768,), n / 1000), "emb2": torch.full((1280,), n / 1000)} for n in range(1000)]
    file = io.BytesIO()
    torch.save(steps, file, _use_new_zipfile_serialization=not legacy)
    found = inspect(file.getvalue())
    assert found.layout == "sdxl-emb" and all((one.vectors == np.float32(0.999)).all() for one in found.encoders)
    assert any("1000 steps" in warning for warning in found.warnings)
