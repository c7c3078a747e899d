"""The report holds plain values: JSON takes all of it, and gives it back."""

import json

from symlib.diagnose.report import Refused, Share
from tests.diagnose.examples import example_report


def test_json_takes_everything():
    report = example_report()
    found = json.loads(json.dumps(report.as_dict()))
    assert found["coverage"]["counts"] == [[21, 20, 19], [17, 14, 0]]
    assert found["coverage"]["gaps"] == [["minor", 2]]
    assert found["table"][5]["known"] == {"value": 0.3, "low": 0.17, "high": 0.47, "n": 31}
    assert json.loads(report.to_json()) == {"schema": "symlib.diagnose/1", **found}
    assert found["remedies"][1]["why_not"] == "the action has no poses in between"


def test_a_share_prints_with_its_interval():
    assert f"{Share(0.5, 0.25, 0.75, 9):.1f}" == "0.5 [0.2, 0.8]"
    assert str(Share(0.5, 0.25, 0.75, 9)) == "0.50 [0.25, 0.75]"


def test_a_refusal_is_a_value_error_with_its_checks():
    error = Refused("no")
    assert isinstance(error, ValueError) and error.checks == []
