from askoctober.evaluation.metering import Meter, Usage, peak_memory
from fakes import FakeGenerator


def test_tokens_add_up_until_they_are_taken() -> None:
    fake = FakeGenerator(["abcdefgh"], yes=0.7)
    meter = Meter(fake)
    for _ in range(2):
        assert "".join(piece.text for piece in meter.generate([{"role": "user", "content": "x"}])) == "abcdefgh"
    assert meter.probabilities([{"role": "user", "content": "x"}], ("Yes", "No"))["Yes"] == 0.7
    assert meter.take() == Usage(read=200, cached=80, written=4, generations=2, decisions=1)
    assert meter.take() == Usage() and meter.name == "fake"


def test_stopping_reaches_the_generator() -> None:
    fake = FakeGenerator(["abcdefgh"])
    pieces = Meter(fake).generate([{"role": "user", "content": "x"}])
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert fake.stopped == 1
    Meter(fake).close()
    assert fake.closed


def test_memory_is_that_of_a_python_with_numpy() -> None:
    used = peak_memory()
    assert used is None or 20 < used < 100_000
