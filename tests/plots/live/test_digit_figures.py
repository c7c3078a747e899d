"""What the live figures of digits refuse, and how little room their data take."""

import json
import re

import numpy as np
import pytest

from symlib import plots

KAPPA = np.broadcast_to(np.eye(4) + 1, (2, 6, 4, 4))
IMAGES = np.linspace(0, 1, 2 * 16).reshape(2, 4, 4)


def figure():
    plots.plt.close("all")  # those of figures that were refused
    return plots.figure()[0]


def two_digits(**changes):
    pair = {"sample_images": np.zeros((1, 2, 4, 4)), "sample_digits": [[3, 5]], "sample_kappa": KAPPA[:1, :, :2, :2]}
    given = {"images": np.zeros((4, 4, 4)), "digits": [0, 1, 2, 3], "kappa": KAPPA[0], "counts": [2, 6], **pair}
    given |= {"exact": [[0.5], [0.4]], "paper": [[0.6], [0.5]], "poses": 2, "alt": "errors"} | changes
    return plots.live_two_digits(figure(), **given)


def missing_arc(**changes):
    given = {"images": IMAGES, "digits": [[6, 5], [4, 2]], "theta": KAPPA, "sigma": KAPPA, "labels": [1, 1, -1, -1]}
    return plots.live_missing_arc(figure(), **(given | {"alt": "predictions"} | changes))


def orbit(**changes):
    given = {"images": IMAGES[None], "digits": [[6, 5]], "kappa": {"turned": {"MLP": [KAPPA[:1, :, :2, :2]]}}}
    return plots.live_orbit(figure(), **(given | {"alt": "an orbit"} | changes))


def data_of(shown):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', shown.markup)[1])


@pytest.mark.parametrize(
    "make, changes, words",
    [
        (two_digits, {"counts": [4, 6]}, r"counts must divide the 6 poses of kappa.*got counts \[4, 6\]"),
        (two_digits, {"sample_kappa": KAPPA[:, :, :2, :2]}, "of each of 1 pairs"),
        (two_digits, {"exact": [[0.5]]}, r"exact and paper must have shape \(2, 1\), got \(1, 1\)"),
        (two_digits, {"poses": 4, "counts": [2, 6]}, r"poses must be one of counts \[2, 6\].*got poses 4"),
        (two_digits, {"start": (0, 4)}, r"start two places in digits.*got poses 2, start \[0, 4\]"),
        (two_digits, {"digits": [0, 1]}, "4 images, 2 digits"),
        (two_digits, {"kappa": KAPPA[0] * np.nan}, r"kappa must be finite, got nan"),
        (missing_arc, {"images": 255 * IMAGES}, "brightness 0 to 1, got 0 to 255; divide bytes by 255"),
        (missing_arc, {"images": IMAGES * np.nan}, "images must be finite"),
        (orbit, {"digits": [6, 5]}, r"images hold \(1, 2\) sets and orbits.*got digits of shape \(2,\)"),
        (orbit, {"kappa": {"turned": {"MLP": [KAPPA]}}}, r"and \(sets, C\) of kappa in \[\(2, 4\)\]"),
        (missing_arc, {"labels": [-1, -1, 1, 1]}, r"the first \+1; got .*labels \[-1, -1, 1, 1\]"),
        (missing_arc, {"sigma": KAPPA[:1]}, r"got \(2, 6, 4, 4\), \(1, 6, 4, 4\)"),
        (missing_arc, {"reach": 3}, "reach leaves a pose of 6"),
        (missing_arc, {"images": IMAGES[:1]}, "2 sets need as many images"),
        (orbit, {"kappa": {"sheared": {}}}, r"motions of \['turned', 'shifted'\], got \['sheared'\]"),
        (orbit, {"images": IMAGES[:, None], "ridges": [0.1]}, "that of pairs; images has 1 a set"),
        (orbit, {"images": np.zeros((1, 2, 3, 3))}, r"the side even, got \(2, 3, 3\)"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(make, changes, words):
    with pytest.raises(ValueError, match=words):
        make(**changes)


def test_images_take_half_a_byte_a_pixel_and_an_invariant_gram_the_half_of_its_elements():
    data = data_of(missing_arc())
    assert data["images"]["shades"]["shape"] == [2, 8] and data["theta"]["half"]["shape"] == [2, 4, 4, 4]
    assert data["theta"]["half"]["dtype"] == "float32" and data["theta"]["base"] == pytest.approx(1.25)
    # Collapse is a difference of equal numbers, and keeps all digits.
    assert data_of(orbit())["motions"][0]["networks"][0]["kappa"][0]["half"]["dtype"] == "float64"
