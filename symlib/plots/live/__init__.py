"""Live figures: computed in the page by plain JavaScript modules, which the tests hold against symlib."""

from symlib.plots.live.circles import live_two_circles
from symlib.plots.live.missing_arc import live_missing_arc
from symlib.plots.live.networks import live_networks
from symlib.plots.live.orbit import live_orbit
from symlib.plots.live.prediction import live_prediction
from symlib.plots.live.two_digits import live_two_digits

__all__ = [
    "live_missing_arc",
    "live_networks",
    "live_orbit",
    "live_prediction",
    "live_two_circles",
    "live_two_digits",
]
