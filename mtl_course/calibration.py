"""From probabilities and what happened to how far they lie apart, by bins and in one number."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class ReliabilityCurve(NamedTuple):
    """Rows in bins by what was predicted of them, from the lowest to the highest."""

    predicted: Float[Tensor, " bins"]  # mean probability of the bin's rows
    happened: Float[Tensor, " bins"]  # share of them that came true
    share: Float[Tensor, " bins"]  # of all rows; sums to 1


def reliability_curve(
    probabilities: Float[Tensor, " n"], labels: Float[Tensor, " n"], *, n_bins: int
) -> ReliabilityCurve:
    """What was predicted and what happened, in bins of about equally many rows.

    Rows of equal probability stay together, so bins may differ in size, and one that would be left
    without a row is left out.

    Raises:
        ValueError: `n_bins` is below 1, there is no row, or a probability is none.

    Example:
        >>> said, came = torch.tensor([0.1, 0.3, 0.6, 0.8]), torch.tensor([0.0, 1.0, 1.0, 1.0])
        >>> reliability_curve(said, came, n_bins=2).happened
        tensor([0.5000, 1.0000])
    """
    _refuse_unusable(probabilities, n_bins)
    probabilities = probabilities.detach()
    inner = torch.arange(1, n_bins) / n_bins
    edges = torch.quantile(probabilities, inner) if n_bins > 1 else torch.zeros(0)
    place = torch.searchsorted(edges.contiguous(), probabilities.contiguous())
    sizes = place.bincount(minlength=n_bins)
    used = sizes > 0

    def mean_of(values: Float[Tensor, " n"]) -> Float[Tensor, " bins"]:
        # in float64: a bin of a million rows loses digits in a plain sum
        return (place.bincount(values.double(), minlength=n_bins)[used] / sizes[used]).float()

    return ReliabilityCurve(mean_of(probabilities), mean_of(labels), sizes[used] / len(labels))


def expected_calibration_error(curve: ReliabilityCurve) -> float:
    """How far a bin's mean probability lies from what happened, on average over the rows.

        ece = sum_b share[b] * |predicted[b] - happened[b]|

    0 is perfect, and says nothing about ranking: the base rate for everybody has it, too. Fewer
    bins hide more, as errors of opposite sign inside a bin cancel.

    Example:
        >>> said, came = torch.tensor([0.1, 0.3, 0.6, 0.8]), torch.tensor([0.0, 1.0, 1.0, 1.0])
        >>> round(expected_calibration_error(reliability_curve(said, came, n_bins=2)), 3)
        0.3

    Source: Naeini, Cooper and Hauskrecht, AAAI 2015; their bins are of equal width, these of about
    equally many rows.
    """
    return float((curve.share * (curve.predicted - curve.happened).abs()).sum())


def _refuse_unusable(probabilities: Float[Tensor, " n"], n_bins: int) -> None:
    if n_bins < 1 or len(probabilities) == 0:
        raise ValueError(
            f"A reliability curve needs rows and a bin or more; found {len(probabilities)} rows "
            f"and `n_bins`={n_bins}."
        )
    strange = ~((probabilities >= 0) & (probabilities <= 1))  # a NaN is strange, too
    if strange.any():
        raise ValueError(
            f"`probabilities` must lie from 0 to 1; found {probabilities[strange][0].item():g}. "
            f"Logits become probabilities by `.sigmoid()`."
        )
