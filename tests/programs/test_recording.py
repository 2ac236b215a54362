"""The network that records, by itself."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from unmask.properties import RecordingNetwork

IDS = torch.tensor([[0, 1, 2], [2, 2, 1]])


def test_it_records_what_it_was_shown_and_what_came_back() -> None:
    network = RecordingNetwork(4, mask=3)
    logits = network(IDS, torch.tensor([0.25, 0.5]))
    (logits[..., 0] * torch.tensor([[1.0], [2.0]])).sum().backward()
    (call,) = network.calls
    assert torch.equal(call.ids, IDS)
    assert call.ids is not IDS
    assert call.time.tolist() == [0.25, 0.5]
    assert torch.equal(call.answer, logits.detach())
    assert call.gradient is not None
    assert call.gradient[..., 0].tolist() == [[1.0] * 3, [2.0] * 3]
    assert not call.gradient[..., 1:].any()
    network.forget()
    assert network.calls == []


def test_it_can_be_called_as_libraries_do() -> None:
    network = RecordingNetwork(4, mask=3, wrapped=True)
    output = network(input_ids=IDS, timesteps=torch.tensor(0.5), attention_mask=torch.ones(2, 3))
    assert output.logits is output["logits"] is output[0]
    (call,) = network.calls
    assert set(call.others) == {"attention_mask"}
    assert float(call.time) == 0.5
    assert network.config.vocab_size == 4
    assert next(network.parameters()).device == network.device
    with torch.no_grad():
        network.eval()(x=IDS)
    assert (network.calls[1].grad_enabled, network.calls[1].training) == (False, False)


def test_answers_may_be_edited_in_place() -> None:
    network = RecordingNetwork(4, mask=3)
    logits = network(IDS)
    before = network.calls[0].answer.clone()
    logits[..., 3] = -torch.inf
    logits.log_softmax(-1)[..., 0].sum().backward()
    assert torch.equal(network.calls[0].answer, before)
    gradient = network.calls[0].gradient
    assert gradient is not None
    assert not gradient[..., 3].any()


def test_answers_depend_on_what_they_should() -> None:
    network = RecordingNetwork(5, mask=4)
    every = torch.cartesian_prod(*[torch.arange(5)] * 3)
    answers = network.logits(every).flatten(1)
    assert len(answers.unique(dim=0)) == len(every)
    assert torch.equal(network.logits(every[7:8]), network.logits(every)[7:8])
    assert torch.equal(RecordingNetwork(5, mask=4).logits(every), network.logits(every))
    assert not torch.equal(RecordingNetwork(5, mask=4, seed=1).logits(every), network.logits(every))
    blind = RecordingNetwork(5, mask=4, style="blind").logits(every)
    assert len(blind.unique(dim=0)) == 1
    assert len(blind[0].unique(dim=0)) == 3
    assert not RecordingNetwork(5, style="flat").logits(every).any()
    timely = RecordingNetwork(5, mask=4, looks_at_time=True)
    early, late = (timely.logits(IDS, torch.full((2,), t)) for t in (0.25, 0.75))
    assert not torch.equal(early, late)
    assert torch.equal(network.logits(IDS, torch.tensor(0.25)), network.logits(IDS))


def test_the_mask_can_be_ruled_out_and_answers_normalized() -> None:
    ruled = RecordingNetwork(4, mask=3, mask_ruled_out=True).logits(IDS)
    assert (ruled[..., 3] == -1e4).all()
    normal = RecordingNetwork(4, mask=3, log_probabilities=True, dtype=torch.float64).logits(IDS)
    assert torch.allclose(normal.exp().sum(-1), torch.ones(2, 3, dtype=torch.float64), atol=8 * 2.0**-52, rtol=0)
    assert RecordingNetwork(4, dtype=torch.bfloat16)(IDS).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"K": 1}, "K must be at least 2, got 1"),
        ({"K": 2.0}, "K must be an int, got 2.0"),
        ({"K": 3, "mask": 3}, "mask must be a class id below K = 3, or None, got 3"),
        ({"K": 3, "seed": "0"}, "seed must be an int, got '0'"),
        ({"K": 3, "style": "steep"}, "style must be 'moderate', 'flat', 'peaked' or 'blind', got 'steep'"),
        ({"K": 3, "dtype": torch.int64}, "dtype must be a floating-point type, got torch.int64"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises((TypeError, ValueError), match=says.replace("(", r"\(")):
        RecordingNetwork(**arguments)


@pytest.mark.parametrize(
    ("ids", "says"),
    [
        (None, "ids must be a tensor"),
        ([[0]], "ids must be a tensor"),
        (torch.zeros(1, 2), "ids must be integers, got torch.float32"),
        (torch.zeros(2, dtype=torch.int64), "ids must have shape"),
        (torch.full((1, 2), 4), "ids must be from 0 to 3, got 4 to 4"),
    ],
)
def test_what_is_no_batch_of_ids_is_refused(ids: Any, says: str) -> None:
    with pytest.raises((TypeError, ValueError), match=says):
        RecordingNetwork(4)(ids)
