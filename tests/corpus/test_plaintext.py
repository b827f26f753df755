import pytest

from askoctober.corpus import blank_furniture
from askoctober.corpus.plaintext import find_title

PROSE = "The soviets met, and the debate went on through the night in the great hall of the Smolny. " * 2


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (f"The road to power\n\n{PROSE}", "The road to power"),
        (f"\r\n  The  road\tto power \r\n\r\n{PROSE}", "The road to power"),
        (f"A sentence comes first.\n\nThe road to power\n\n{PROSE}", "The road to power"),
        (f"Downloading PDF. Please wait... Issue 2057\n\nThe road to power\n\n{PROSE}", "The road to power"),
        (f"Home\nMenu\nThe road to power\n\n{PROSE}", "The road to power"),
        (f"* * *\n1917\nThe road to power?\n\n{PROSE}", "The road to power?"),
        (f"{PROSE}\n\nThe road to power\n\n{PROSE}", ""),
        ("The soviets met and the\ndebate went on\n\nThe road to power\n", "debate went on"),
        ("One sentence.", ""),
        ("x" * 120, "x" * 120),
        ("x" * 121, ""),
    ],
)
def test_the_title_is_the_first_short_line_of_the_article(text, title):
    assert find_title(text, blank_furniture(text)) == title
