"""What an order costs in a full house, in a large one, after years of sales, after a busy hour."""

from benchmarks.cost.chapter import tell

__all__ = ["tell"]
