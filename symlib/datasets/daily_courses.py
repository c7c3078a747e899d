"""Days as courses of temperature, in two cities: series on which the clock acts by cyclic shifts.

Shifting a day by a number of hours, the end coming back at the beginning, is an action of C₂₄, and of C_N on N samples:

    (g x)(t) = x(t − g · 24 h/N)      t modulo 24 h .

Between samples a day is its Fourier series, so that shifts by fractions of an hour are exact as well.
"""

import csv
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from symlib.datasets.installed import package_folder
from symlib.support.checks import positive_int

_FILES = {"Seattle": "seattle-temps.csv", "San Francisco": "sf-temps.csv"}
_HOURS = 24


class DailyCourses(NamedTuple):
    """What `hourly_temperatures` gives, a row a day; fields and units stand there."""

    temperatures: NDArray[np.float64]
    cities: NDArray[np.str_]
    dates: NDArray[np.datetime64]


def hourly_temperatures(samples: int = 24) -> DailyCourses:
    """Hourly temperatures of 364 days of 2010 in Seattle, and of the same days in San Francisco.

    Parameters
    ----------
    samples : int, at least 24
        Samples a day. With more than 24 the course is resampled by its Fourier series, x(t) = Σ_k x̂_k e^{2πikt/24h}
        over |k| < 12. The Nyquist frequency, k = 12, is left out: hourly samples do not say at which phase it stands.

    Returns
    -------
    DailyCourses
        `temperatures` (728, samples) float64, in degrees Fahrenheit, from midnight on; `cities` (728,), "Seattle" or
        "San Francisco", Seattle first; `dates` (728,) datetime64[D]. 14 March, which has 23 hours, is left out.

    Raises
    ------
    ImportError
        If vega_datasets is not installed.
    ValueError
        If `samples` is not a whole number of at least 24.

    Notes
    -----
    Source: seattle-temps.csv and sf-temps.csv of vega_datasets 0.9.0, drawn from data of the NOAA; terms: public domain
    (that package's description of its data). The numbers vary so smoothly from hour to hour and from day to day that
    they are rather normals, averages over many years, than what was measured in 2010, and neighbouring days are nearly
    the same. They are two slowly varying courses and not 728 independent draws: intervals over days are too narrow.

    Examples
    --------
    >>> days = hourly_temperatures()
    >>> days.temperatures.shape, days.temperatures[0, :3].tolist(), str(days.cities[0]), str(days.dates[0])
    ((728, 24), [39.4, 39.2, 39.0], 'Seattle', '2010-01-01')
    >>> hourly_temperatures(96).temperatures.shape
    (728, 96)
    """
    samples = positive_int(samples, "samples")
    if samples < _HOURS:
        raise ValueError(f"samples must be at least {_HOURS}, one an hour, got {samples}; average the hours for fewer")
    folder = package_folder("vega_datasets", "_data", "hourly_temperatures()")
    read = {city: _complete_days(folder / name) for city, name in _FILES.items()}
    both = sorted(set.intersection(*map(set, read.values())))
    hourly = np.array([days[date] for days in read.values() for date in both])
    return DailyCourses(
        _resampled(hourly, samples) if samples > _HOURS else hourly,
        np.repeat(list(read), len(both)),
        np.tile(np.array(both, dtype="datetime64[D]"), len(read)),
    )


def _complete_days(path):
    """{date: 24 temperatures} of the days that have as many hours."""
    days: dict[str, list[float]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            days.setdefault(row["date"][:10].replace("/", "-"), []).append(float(row["temp"]))
    return {date: hours for date, hours in days.items() if len(hours) == _HOURS}


def _resampled(hourly, samples):
    spectrum = np.fft.rfft(hourly, axis=1)
    spectrum[:, -1] = 0
    return np.fft.irfft(spectrum, samples, axis=1) * (samples / _HOURS)
