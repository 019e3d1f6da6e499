"""How large networks are, and how to make two of them equally large before they are compared."""

from bisect import bisect_left
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks


def count_parameters(model: nn.Module) -> int:
    """How many numbers the training moves."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def training_bytes(model: nn.Module, loss_of_batch: Callable[[], Tensor]) -> int:
    """Bytes that a step of Adam holds: counted, not measured, so the same on every machine.

        bytes = 4 * bytes of the parameters + bytes of what the forward pass keeps for the backward

    The four are the parameter, its gradient, and Adam's two moving averages. What is kept depends
    on the batch, whose own rows count where a layer keeps them. Temporary memory, the log and
    PyTorch itself come on top.

    Args:
        loss_of_batch: the forward pass of one batch, e.g. `lambda: model(*batch.inputs).sum()`.
    """
    of_parameters = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, int] = {}  # start of a tensor's memory -> bytes; a view adds none

    def note(tensor: Tensor) -> Tensor:
        memory = tensor.untyped_storage()
        if memory.data_ptr() not in of_parameters:
            kept[memory.data_ptr()] = memory.nbytes()
        return tensor

    with saved_tensors_hooks(note, lambda tensor: tensor):
        loss = loss_of_batch()  # held until all is noted: freed memory would be given out again
    assert loss.requires_grad
    sizes = [p.numel() * p.element_size() for p in model.parameters() if p.requires_grad]
    return 4 * sum(sizes) + sum(kept.values())


def matched_width(make_model: Callable[[int], nn.Module], n_parameters: int) -> int:
    """The width at which a network is nearest in size to another, so that the two can be compared.

    Args:
        make_model: from a width to a network that grows with it.
        n_parameters: size of the other, by `count_parameters`.

    Raises:
        ValueError: even the narrowest, of width 2, is larger.

    Example:
        >>> large = nn.Linear(10, 10)
        >>> width = matched_width(lambda width: nn.Linear(5, width), count_parameters(large))
        >>> count_parameters(large), width, count_parameters(nn.Linear(5, width))
        (110, 18, 108)
    """
    with torch.random.fork_rng(devices=[]):  # a network that is only counted leaves no trace

        def size(width: int) -> int:
            return count_parameters(make_model(width))

        widths = range(2, 4096)
        above = bisect_left(widths, n_parameters, key=size)
        nearest = min(
            widths[max(above - 1, 0) : above + 1], key=lambda width: abs(size(width) - n_parameters)
        )
        if above == 0 and size(nearest) > n_parameters:
            raise ValueError(
                f"A network of {n_parameters} parameters was to be matched; the narrowest has "
                f"{size(nearest)} already. Make what does not grow with the width smaller."
            )
    return nearest
