"""Daily courses: the files of vega_datasets read a second way, shifts between samples, and what is refused."""

import importlib.util
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from symlib.datasets import hourly_temperatures
from symlib.datasets.daily_courses import _resampled

FILES = Path(importlib.util.find_spec("vega_datasets").submodule_search_locations[0], "_data")


def test_every_day_of_both_files_but_one():
    days = hourly_temperatures()
    assert days.temperatures.shape == (728, 24) and days.temperatures.dtype == np.float64
    year = [date(2010, 1, 1) + timedelta(days=d) for d in range(365)]
    year.remove(date(2010, 3, 14))
    assert days.dates.tolist() == year + year
    assert days.cities.tolist() == 364 * ["Seattle"] + 364 * ["San Francisco"]
    text = (FILES / "sf-temps.csv").read_text()
    for row in (364, 364 + 72, 727):  # before the day left out, after it, the last
        stamp = days.dates[row].astype(object).strftime("%Y/%m/%d")
        hours = [float(line.split(",")[0]) for line in text.splitlines() if f",{stamp} " in line]
        assert_array_equal(days.temperatures[row], hours)


def test_resampled_courses_shift_between_hours():
    quarter_hours = hourly_temperatures(96).temperatures
    hourly = hourly_temperatures().temperatures
    alternating = (-1) ** np.arange(24)
    nyquist = (hourly * alternating).mean(axis=1)
    assert_allclose(quarter_hours[:, ::4], hourly - np.outer(nyquist, alternating), atol=1e-10)
    # A course is a sum of waves of at most 11 periods a day: written out at 01:45, a time that no hour has.
    angles = 2 * np.pi * np.outer(np.arange(12), 1.75 - np.arange(24)) / 24
    weights = np.where(np.arange(12) == 0, 1, 2) / 24
    assert weights @ np.cos(angles) @ hourly[5] == pytest.approx(quarter_hours[5, 7])


def test_a_wave_stays_a_wave():
    wave = np.cos(2 * np.pi * 3 * np.arange(24) / 24 + 0.4)
    assert_allclose(_resampled(wave[None], 60)[0], np.cos(2 * np.pi * 3 * np.arange(60) / 60 + 0.4), atol=1e-12)


@pytest.mark.parametrize("samples, said", [(12, "at least 24"), (30.5, "whole number"), ("x", "whole number")])
def test_what_is_refused(samples, said):
    with pytest.raises(ValueError, match=said):
        hourly_temperatures(samples)
