import pytest

from benchmarks.leak_check import TEXTS, narratives, planted, score_planted, score_real


@pytest.mark.parametrize("seed", [1, 2])
def test_nearly_every_planted_leak_is_found_in_nearly_every_spelling_and_nothing_else(seed: int) -> None:
    scores = {score.kind: score for score in score_planted(list(planted(TEXTS, seed)))}
    assert scores.pop("nothing").false == 0
    for score in scores.values():
        assert score.recall >= 0.95, score
        assert score.precision >= 0.98, score


def test_most_names_that_masking_left_in_real_texts_are_found() -> None:
    """These organizations are called alike: that a word which many share counts as the name is the price."""
    rows = narratives()
    if not rows:
        pytest.skip("the real texts are not beside this checkout")
    score = score_real(rows)
    assert score.found > 50
    assert score.recall >= 0.90, score.misses
    assert score.false_alarms <= 0.08
