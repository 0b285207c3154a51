"""Tiny base models for the engine's tests, made once."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from tests.support.tiny_sd import make_tiny_sd, make_tiny_sdxl
from training.inversion.models import load_base


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """The suite shares its cores with others, and tiny tensors only lose by threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    """The folder of a tiny model that predicts noise."""
    return make_tiny_sd(tmp_path_factory.mktemp("epsilon") / "tiny-sd")


@pytest.fixture(scope="session")
def base(tiny_folder):
    return load_base(str(tiny_folder), device="cpu")


@pytest.fixture(scope="session")
def velocity_base(tmp_path_factory):
    """A tiny model that predicts velocity, whose text encoder has the configuration published with SD 1.x."""
    folder = tmp_path_factory.mktemp("velocity") / "tiny-v"
    return load_base(str(make_tiny_sd(folder, prediction_type="v_prediction", legacy_end=True, seed=1)), device="cpu")


@pytest.fixture(scope="session")
def xl_base(tmp_path_factory):
    """A tiny model of the structure of Stable Diffusion XL."""
    return load_base(str(make_tiny_sdxl(tmp_path_factory.mktemp("xl") / "tiny-xl")), device="cpu")


@pytest.fixture(params=["base", "velocity_base", "xl_base"])
def any_base(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def pictures():
    """Three small pictures, not square."""
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 256, (24, 20, 3), dtype=np.uint8)) for _ in range(3)]
