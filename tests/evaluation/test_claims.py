from askoctober.evaluation.claims import lower_case_words, names, numbers, unsupported_claims

ORDINARY = lower_case_words(["the workers of the mill met in the old hall and some were arrested"])


def test_numbers_as_digits() -> None:
    assert numbers("In 1917, 1,000 of 2.5 million; 10-2, twelve, ninety") == {
        "1917",
        "1000",
        "2.5",
        "10",
        "2",
        "12",
        "90",
    }
    assert numbers("one of the first") == set()


def test_names_are_what_is_never_in_lower_case() -> None:
    assert names("Workers of Leeds met Anna Wójcik in May.", ORDINARY) == {"leeds", "anna", "wojcik", "may"}
    assert names("However, the workers left.", ORDINARY) == set()
    assert names("Smith left.", ORDINARY) == {"smith"}, "also at the start"


def test_what_no_source_says_is_told() -> None:
    quotes = ["The Russians met on 24 May, in Leeds’s hall.", "Anna Wojcik spoke."]
    assert unsupported_claims("Wójcik spoke to Russia in May on the 24th.", quotes, ORDINARY) == set()
    assert unsupported_claims("Wójcik spoke on 25 June in York.", quotes, ORDINARY) == {"25", "june", "york"}
    assert unsupported_claims("It was 4.", quotes, ORDINARY) == {"4"}, "24 is not 4"
    assert unsupported_claims("Ann spoke.", quotes, ORDINARY) == {"ann"}, "short words have no endings"
    assert unsupported_claims("Two spoke.", ["2 spoke."], ORDINARY) == set()
