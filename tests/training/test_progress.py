"""What a run shows, at a terminal and in a log; and which of two epochs is better."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest

from rnndsl.arrays.values import DataError
from rnndsl.cli import progress as module
from rnndsl.cli.progress import BAR, Bar, Lines, duration, progress
from rnndsl.training.watch import Watch, watched


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets so many seconds go by; none do otherwise."""
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])

    def seconds(more: float) -> None:
        now[0] += more

    return seconds


def test_a_terminal_has_a_bar_and_a_log_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert type(progress(1, 0, 0)) is Lines
    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    assert type(progress(1, 0, 0)) is Bar
    monkeypatch.setenv("TERM", "dumb")
    assert type(progress(1, 0, 0)) is Lines


def test_a_line_has_the_pace_of_its_epoch_and_the_time_of_those_that_are_left(
    wait: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """Resumed after four of ten epochs: the fifth takes 2 s for 30 steps, the sixth 4 s."""
    lines = Lines(10, 4, 120)
    wait(2)
    lines.step(5, 30, 30, {"loss": 0.5})
    lines.epoch(5, 150, {"loss": 0.25, "mae": 0.123456})
    wait(4)
    lines.epoch(6, 180, {"loss": 1e-7})
    assert capsys.readouterr().out.splitlines() == [
        "epoch 5/10  loss 0.25  mae 0.1235  15.0 steps/s  10 s left",
        "epoch 6/10  loss 1e-07  7.5 steps/s  12 s left",
    ]


def test_a_bar_is_drawn_anew_and_gives_way_to_the_line(monkeypatch: pytest.MonkeyPatch, wait: Callable[[float], None]) -> None:
    """The first step, which is compiled, takes 30 s, each other one 0.2 s; two epochs of 20 steps."""
    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.setenv("COLUMNS", "100")
    bar = Bar(2, 0, 0)
    bar.step(1, 0, 20, {})
    for done in range(1, 12):
        wait(0.2 if done > 1 else 30)
        bar.step(1, done, 20, {"loss": 0.5})
    bar.epoch(1, 20, {"loss": 0.25})
    written = module.sys.stdout.getvalue()  # type: ignore[attr-defined]
    shown = [picture.removesuffix("\x1b[K") for picture in written.split("\r")[1:]]
    assert shown[0] == f"epoch 1/2 [{'.' * BAR}] 0/20"
    assert shown[1] == f"epoch 1/2 [#{'.' * (BAR - 1)}] 1/20  loss 0.5"
    assert shown[11] == f"epoch 1/2 [{'#' * 11}{'.' * 9}] 11/20  loss 0.5  5.0 steps/s  6 s left"
    assert re.fullmatch(r"\x1b\[Kepoch 1/2  loss 0.25  .* left\n", shown[12])


def test_a_bar_is_drawn_ten_times_a_second_and_never_wider_than_the_window(
    monkeypatch: pytest.MonkeyPatch, wait: Callable[[float], None]
) -> None:
    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.setenv("COLUMNS", "40")
    bar = Bar(1, 0, 0)
    for done in range(1000):
        wait(0.001)
        bar.step(1, done, None, {"loss": 0.5, "a\x1blong\nname": 1.0})
    pictures = module.sys.stdout.getvalue().split("\r")[1:]  # type: ignore[attr-defined]
    assert 9 <= len(pictures) <= 11
    assert all(len(picture.removesuffix("\x1b[K")) < 40 and "\x1bl" not in picture for picture in pictures)


@pytest.mark.parametrize(("seconds", "said"), [(0.2, "0 s"), (89, "89 s"), (720, "12 min"), (12_000, "3 h 20 min")])
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("asked", "found"),
    [(None, "ce:min"), ("ce", "ce:min"), ("other", "other:min"), ("ce:max", "ce:max"), ("hits:max", "hits:max")],
)
def test_a_loss_is_to_be_low_and_a_metric_says_what_it_is_to_be(asked: str | None, found: str) -> None:
    assert str(watched(asked, ["ce"], ["other", "ce"], ["ce", "other", "hits"])) == found


def test_a_metric_alone_is_not_guessed_at() -> None:
    for asked in ("hits", "hits:", "hits:low", "none:max"):
        with pytest.raises(DataError):
            watched(asked, ["ce"], ["ce"], ["ce", "hits"])
    with pytest.raises(DataError):
        watched(None, [], [], ["hits"])


def test_better_is_lower_or_higher_and_anything_is_better_than_no_number() -> None:
    low, high = Watch("x", "min"), Watch("x", "max")
    for watch, better in ((low, 1.0), (high, 3.0)):
        assert watch.is_better({"held_out/x": better}, {"held_out/x": 2.0})
        assert not watch.is_better({"held_out/x": 4.0 - better}, {"held_out/x": 2.0})
        assert not watch.is_better({"held_out/x": 2.0}, {"held_out/x": 2.0})
        assert not watch.is_better({"held_out/x": float("nan")}, {"held_out/x": 2.0})
        assert watch.is_better({"held_out/x": 2.0}, {"held_out/x": float("nan")})
        assert watch.is_better({"held_out/x": 2.0}, {})
