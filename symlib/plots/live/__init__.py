"""Live figures: what they show is computed in the page, by plain JavaScript modules that the tests hold against symlib."""

from symlib.plots.live.circles import live_two_circles

__all__ = ["live_two_circles"]
