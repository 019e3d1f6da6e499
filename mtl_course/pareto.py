"""From points, one number per objective, to those that no other point beats; smaller is better."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def non_dominated(points: Float[Tensor, "points objectives"]) -> Bool[Tensor, " points"]:
    """True for each point of the Pareto front: no other is as good everywhere and better somewhere.

        q dominates p  if  q[t] <= p[t] for every t  and  q[t] < p[t] for some t

    Of two equal points neither dominates the other, so both stay.

    Raises:
        ValueError: a coordinate is NaN.

    Example:
        >>> non_dominated(torch.tensor([[1.0, 3.0], [2.0, 2.0], [2.0, 4.0]]))
        tensor([ True,  True, False])
    """
    _refuse_nan(points)
    as_good = (points[:, None] <= points).all(dim=2)  # [by, of]
    better = (points[:, None] < points).any(dim=2)
    return ~(as_good & better).any(dim=0)


def hypervolume(
    points: Float[Tensor, "points objectives"], reference: Float[Tensor, " objectives"]
) -> Float[Tensor, ""]:
    """Volume of what the points dominate, up to `reference`: larger when the front is better.

        volume of the union over the points p of the boxes from p to reference

    Two objectives: an area, swept from left to right in steps. More: slices along the first
    objective, each as thick as the gap to the next point times the volume in the others. That is
    exact, and slow beyond four objectives. A point that is not better than `reference` in every
    objective adds nothing; without any other the volume is 0.

    Args:
        reference: a point worse than all of interest, the same for all fronts to be compared.

    Raises:
        ValueError: a coordinate is NaN.

    Example:
        >>> hypervolume(torch.tensor([[1.0, 2.0], [2.0, 1.0]]), torch.tensor([3.0, 3.0]))
        tensor(3.)

    Source: Zitzler and Thiele, IEEE Transactions on Evolutionary Computation 1999, who call it the
    size of the space covered; here for smaller is better.
    """
    _refuse_nan(points)
    _refuse_nan(reference[None])
    inside = points[(points < reference).all(dim=1)]
    return _dominated_volume(inside[non_dominated(inside)], reference)


def _dominated_volume(
    points: Float[Tensor, "points objectives"], reference: Float[Tensor, " objectives"]
) -> Float[Tensor, ""]:
    if len(points) == 0:
        return torch.zeros((), dtype=points.dtype)
    if len(reference) == 1:
        return reference[0] - points.min()
    points = points[points[:, 0].argsort()]
    edges = torch.cat([points[:, 0], reference[:1]])
    if len(reference) == 2:  # the slice's height is what the best point so far leaves
        return (edges.diff() * (reference[1] - points[:, 1].cummin(dim=0).values)).sum()
    slices = [_dominated_volume(points[:n, 1:], reference[1:]) for n in range(1, len(edges))]
    return (edges.diff() * torch.stack(slices)).sum()


def _refuse_nan(points: Float[Tensor, "points objectives"]) -> None:
    bad = points.isnan().any(dim=1)
    if bad.any():
        row = int(bad.nonzero()[0, 0])
        raise ValueError(
            f"Dominance compares numbers; found {points[row].tolist()} as point {row}. "
            f"Did that training diverge?"
        )
