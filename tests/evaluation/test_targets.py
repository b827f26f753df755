from pathlib import Path

import pytest

from askoctober.errors import ConfigError
from askoctober.evaluation.questions import Question
from askoctober.evaluation.running import Record
from askoctober.evaluation.scoring import Row
from askoctober.evaluation.targets import Target, reached, read_targets

REPOSITORY = Path(__file__).parent.parent.parent
ROWS = [
    Row(Question(f"q{n}", kind, "?"), Record("?"), (), {"declined": value})
    for n, (kind, value) in enumerate([("near", 1.0), ("near", 0.0), ("far", 1.0), ("far", 1.0)])
]


def test_met_missed_and_not_measured() -> None:
    far = reached(Target("far", "declined", ("far",), "at_least", 1.0), ROWS, {})
    assert (far["reached"], far["n"], far["met"], far["missed_by"]) == (1.0, 2, True, 0.0)
    both = reached(Target("both", "declined", (), "at_least", 0.8), ROWS, {})
    assert (both["reached"], both["n"], both["met"]) == (0.75, 4, False) and both["missed_by"] == pytest.approx(0.05)
    most = reached(Target("most", "declined", (), "at_most", 0.5), ROWS, {})
    assert most["missed_by"] == pytest.approx(0.25)
    none = reached(Target("none", "right", (), "at_least", 0.5), ROWS, {})
    assert (none["reached"], none["met"], none["n"]) == (None, None, 0)
    known = {"ece_right": {"value": 0.07, "low": 0.05, "high": 0.09, "n": 4}}
    assert reached(Target("ece", "ece_right", (), "at_most", 0.08), ROWS, known)["met"] is True


def test_the_projects_own_targets_are_read() -> None:
    targets = read_targets(REPOSITORY / "benchmarks" / "targets.toml")
    wanted = {target.label: (target.bound, target.wanted) for target in targets}
    assert wanted["needed facts found @5"] == ("at_least", 0.93)
    assert wanted["declined although answerable"] == ("at_most", 0.08)


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[[goal]]",
        '[[target]]\nmetric = "right"',
        '[[target]]\nmetric = "right"\nat_least = 1\nat_most = 1',
        '[[target]]\nmetric = "wrong"\nat_least = 1',
        '[[target]]\nmetric = "right"\nat_least = 1\nkind = "x"',
        '[[target]]\nmetric = "right"\nat_least = 1\nkinds = "x"',
        '[[target]]\nmetric = "right"\nat_least = "much"',
    ],
)
def test_a_bad_file_of_targets_is_an_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "targets.toml").write_text(text)
    with pytest.raises(ConfigError, match="targets.toml"):
        read_targets(tmp_path / "targets.toml")
