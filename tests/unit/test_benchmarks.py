"""Measurements that have limits end with exit code 1 when one is missed."""

from pathlib import Path

import pytest
from benchmarks import scale, small_change
from benchmarks.scale import Cost

KEPT = {100: {"apply-patterns": Cost(1.0, 2.9, 0.4, 0)}, 1_000: {"apply-patterns": Cost(11.0, 2.9, 1.4, 0)}}


def test_growth_and_memory_within_their_limits_are_no_fault() -> None:
    """11 times as long for 10 times as many products, and a driver below 3 GiB."""
    assert scale.missed(KEPT) == []
    assert scale.missed({100: KEPT[100]}) == [], "one size has no growth"


@pytest.mark.parametrize(
    ("cost", "fault"),
    [
        (Cost(12.0, 2.0, 0.5, 0), "time per product 1.20 times, at most 1.15"),
        (Cost(10.0, 2.0, 1.6, 0), "largest worker 1.60 GiB, at most 1.5"),
        (Cost(10.0, 3.1, 0.5, 0), "largest driver 3.10 GiB, at most 3.0"),
    ],
)
def test_a_missed_limit_of_size_is_told(cost: Cost, fault: str) -> None:
    """Whichever of the three."""
    assert scale.missed(KEPT | {1_000: {"apply-patterns": cost}}) == [fault]


def test_a_missed_limit_of_a_small_change_is_told() -> None:
    """Outfits, texts, seconds, and files where nothing has changed."""
    kept = {"outfits rewritten": 0.02, "texts encoded": 0.01, "seconds": 0.2, "anchors asked for": 3}
    assert small_change.missed(kept, 0) == []
    assert small_change.missed(kept | {"seconds": 0.3}, 0) == ["seconds 30.00 %, at most 25 %"]
    assert small_change.missed(kept | {"texts encoded": 0.02}, 2) == [
        "texts encoded 2.00 %, at most 1.2 %",
        "2 new data files where nothing has changed",
    ]


def test_the_exit_code_says_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """For a job that measures at night; the tables are printed before."""
    monkeypatch.setattr("sys.argv", ["scale", "--products", "100", "1000"])
    monkeypatch.setattr(scale, "measure", lambda products, *_: {"apply-patterns": Cost(products**2 / 10_000, 2.0, 0.5, 0)})
    with pytest.raises(SystemExit, match=r"^limits missed: time per product 10\.00 times, at most 1\.15$"):
        scale.main()
    assert "(limit 1.15)" in capsys.readouterr().out


def test_the_exit_code_says_what_a_small_change_costs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same for nights with few changes; where somebody only wants to be told, it is no fault."""
    arguments = ["small_change", "--products", "100", "--keep", str(tmp_path)]
    monkeypatch.setattr(small_change, "run_reported", lambda *_: [{"stage": "embed", "seconds": 2.0}])
    monkeypatch.setattr(small_change, "figures", lambda _: {"outfits rewritten": 0.01, "texts encoded": 0.01})
    monkeypatch.setattr("sys.argv", arguments)
    with pytest.raises(SystemExit, match=r"^limits missed: seconds 100\.00 %, at most 25 %$"):
        small_change.main()
    monkeypatch.setattr("sys.argv", [*arguments, "--only-tell"])
    small_change.main()
