"""Live figures: computed in the page by plain JavaScript modules, which the tests hold against symlib."""

from symlib.plots.live.circles import live_two_circles
from symlib.plots.live.networks import live_networks
from symlib.plots.live.prediction import live_prediction

__all__ = ["live_networks", "live_prediction", "live_two_circles"]
