"""Which of the records that came out is which of those that were expected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias, TypeVar

Want = TypeVar("Want")
Came = TypeVar("Came")
Pairs: TypeAlias = list[tuple[Want | None, Came | None]]

ALONE: Final = 1000
"""What one costs that has no counterpart; two that have nothing in common cost as much together. Whole numbers, so that
the way back finds the sums again."""
CELLS_MAX: Final = 40_000
"""Longer lists are taken one by one, as they come: 200 records against 200 take a second."""


def aligned(
    wanted: Sequence[Want], came: Sequence[Came], difference: Callable[[Want, Came], float], *, others_cost: bool
) -> Pairs[Want, Came]:
    """Pairs in order, with None where one has no counterpart, so that as little as possible differs.

    ``difference`` is 0 for what is the same and up to 1. ``others_cost``: what came and was not wanted is a difference.
    """
    if len(wanted) * len(came) > CELLS_MAX:
        return _one_by_one(wanted, came)
    other = ALONE if others_cost else 0
    costs = [[column * other for column in range(len(came) + 1)]]
    together: list[list[int]] = []
    for row, want in enumerate(wanted, 1):
        before, line = costs[-1], [row * ALONE]
        pair = [_as_pair(difference(want, each)) for each in came]
        for column, cost in enumerate(pair, 1):
            line.append(min(before[column - 1] + cost, before[column] + ALONE, line[-1] + other))
        costs.append(line)
        together.append(pair)
    return _way_back(wanted, came, costs, together)


def _as_pair(difference: float) -> int:
    return round(2 * ALONE * difference)


def _way_back(
    wanted: Sequence[Want], came: Sequence[Came], costs: list[list[int]], together: list[list[int]]
) -> Pairs[Want, Came]:
    pairs: Pairs[Want, Came] = []
    row, column = len(wanted), len(came)
    while row or column:
        cost = costs[row][column]
        if row and column and cost == costs[row - 1][column - 1] + together[row - 1][column - 1]:
            row, column = row - 1, column - 1
            pairs.append((wanted[row], came[column]))
        elif row and cost == costs[row - 1][column] + ALONE:
            row -= 1
            pairs.append((wanted[row], None))
        else:
            column -= 1
            pairs.append((None, came[column]))
    return pairs[::-1]


def _one_by_one(wanted: Sequence[Want], came: Sequence[Came]) -> Pairs[Want, Came]:
    longest = max(len(wanted), len(came))
    return [
        (wanted[index] if index < len(wanted) else None, came[index] if index < len(came) else None)
        for index in range(longest)
    ]
