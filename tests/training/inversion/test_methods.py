"""Each method finds a direction, stays on the vocabulary's shell, and can be put away and taken up again."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from training.inversion.methods import METHODS, DirectionalInversion, rate_factor

NORM = 0.4
NORMS = ((32, NORM),)


def rows_of(seed, count=3, width=32):
    generator = torch.Generator().manual_seed(seed)
    return nn.Parameter(torch.randn(count, width, generator=generator))


def descend(method, goal, steps, first=0, total=200):
    for step in range(first, first + steps):
        method.rows.grad = None
        ((method.rows - goal) ** 2).sum().backward()
        method.update(rate_factor(step, total))


@pytest.mark.parametrize("name", METHODS)
def test_the_direction_is_found_and_the_norm_never_changes(name):
    goal = NORM * nn.functional.normalize(rows_of(2).detach(), dim=-1)
    method = METHODS[name](rows_of(1), 0.02, NORMS)
    assert torch.allclose(method.rows.norm(dim=-1), torch.full((3,), NORM))
    before = nn.functional.cosine_similarity(method.rows, goal).detach()
    descend(method, goal, 200)
    after = nn.functional.cosine_similarity(method.rows, goal).detach()
    assert bool((before < 0.6).all()) and bool((after > 0.95).all()), (before, after)
    assert torch.allclose(method.rows.norm(dim=-1), torch.full((3,), NORM))


@pytest.mark.parametrize("name", METHODS)
def test_what_is_remembered_goes_on_bit_for_bit(name):
    goal = rows_of(2).detach()
    whole = METHODS[name](rows_of(1), 0.02, NORMS)
    descend(whole, goal, 30)
    first = METHODS[name](rows_of(1), 0.02, NORMS)
    descend(first, goal, 11)
    second = METHODS[name](nn.Parameter(first.rows.detach().clone()), 0.02, NORMS)
    with torch.no_grad():
        second.rows.copy_(first.rows)  # the shell's rounding is applied once
    second.remember(first.memory())
    descend(second, goal, 19, first=11)
    assert torch.equal(second.rows, whole.rows)


def test_a_step_of_directional_inversion_is_an_angle_in_radians():
    method = DirectionalInversion(rows_of(1), 0.05, NORMS)
    before = method.rows.detach().clone()
    descend(method, rows_of(2).detach(), 1, first=50)
    cosine = nn.functional.cosine_similarity(method.rows.detach(), before)
    expected = torch.atan(torch.tensor(0.05 * rate_factor(50, 200)))
    assert torch.allclose(torch.acos(cosine), expected, rtol=1e-2)


def test_without_a_gradient_the_prior_leads_back_to_the_initialiser():
    method = DirectionalInversion(rows_of(1), 0.05, NORMS)
    start = method.start.clone()
    descend(method, rows_of(2).detach(), 40)
    away = nn.functional.cosine_similarity(method.rows.detach(), start)
    for _ in range(400):
        method.rows.grad = torch.zeros_like(method.rows)
        method.update(1.0)
    assert bool((nn.functional.cosine_similarity(method.rows.detach(), start) > away).all())
