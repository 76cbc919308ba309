"""What bidders answer, read from text: bids by a grammar that never guesses, and objects at the end of a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from manyminds.agents.bid_answers import OUT, Bid, Lessons, Priorities, Status, amounts, in_words
from manyminds.core import Invalid

READ = {
    "I bid $1,200!": 1200,
    "1200": 1200,
    "$1200.": 1200,
    "Answer: 2,500": 2500,
    "**Answer: $1500**": 1500,
    "I bid 1 200": 1200,
    "I bid 1'200 dollars": 1200,
    "I bid 1.2k": 1200,
    "I bid two thousand five hundred dollars.": 2500,
    "one thousand and fifty": 1050,
    "I bid fifteen hundred": 1500,
    "I'll go to 3000.": 3000,
    "My bid is $900": 900,
    "My estimate is 2200, so I bid 1100.": 1100,
    "The increment is $100 and we have $1100. I bid 1200.": 1200,
    "I'm not out! I bid $1200.": 1200,
    "If it goes above $2000, I'm out. I bid $1500.": 1500,
    "I won't bid more than 3000; I bid 1500": 1500,
    '{"bid": 1300}': 1300,
    "I'm out!": OUT,
    "I\u2019m out!": OUT,
    "Answer: out": OUT,
    "-1": OUT,
    "out": OUT,
    "I withdraw. My budget is 3000": OUT,
    "I will not bid $900": OUT,
    "No bid from me.": OUT,
    "I pass.": OUT,
    "Count me out": OUT,
    '```json\n{"bid": "out"}\n```': OUT,
    "We are at 1100, far above what it is worth. I choose to withdraw.": OUT,
    "Answer: I'm out!": OUT,
    "Thinking: 3000 left, 1200 asked.\nAnswer: 1200": 1200,
}


@pytest.mark.parametrize("text", READ)
def test_clear_bids_are_read(text):
    assert Bid().parse(text) == READ[text]


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "",
        "We have 1100 and 1200",
        "I bid 1200.50",
        "I bid $1200. I bid $1300.",
        "two",
        "I bid 12%",
        "Answer: -500",
        "I bid -500",
        "I'm out. I bid 900.",
        "0",
        '{"offer": 5}',
    ],
)
def test_unclear_ones_are_not_guessed(text):
    with pytest.raises(Invalid):
        Bid().parse(text)


@given(
    some.integers(1, 10**7),
    some.sampled_from(["I bid ${}!", "Answer: {}", "{}", "I'll bid {} dollars for it.", "My final bid: ${}"]),
    some.sampled_from(["{}", "{:,}"]),
)
def test_any_amount_is_read_back(amount, sentence, form):
    assert Bid().parse(sentence.format(form.format(amount))) == amount


def words(n):
    units = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    units += "seventeen eighteen nineteen"
    tens = ["x", "x", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
    if n < 20:
        return units.split()[n]
    if n < 100:
        return tens[n // 10] + (f"-{words(n % 10)}" if n % 10 else "")
    for scale, name in ((10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if n >= scale:
            return f"{words(n // scale)} {name}" + (f" {words(n % scale)}" if n % scale else "")
    raise AssertionError


@given(some.integers(1, 9_999_999))
def test_amounts_in_words_are_read_back(n):
    assert in_words(words(n)) == n
    if n >= 100:
        assert amounts(f"I bid {words(n)} dollars") == [n] and Bid().parse(f"I bid {words(n)} dollars.") == n


@given(some.text(max_size=80))
def test_no_text_breaks_the_grammar(text):
    try:
        bid = Bid().parse(text)
    except Invalid:
        return
    assert bid == OUT or bid > 0


@pytest.mark.parametrize("value", [True, "5", 1.5, None, float("nan"), 0, -7])
def test_values_that_are_no_bids(value):
    with pytest.raises(Invalid):
        Bid().check(value)


def test_priorities_are_the_last_object_of_the_text():
    action = Priorities(("A", "B"))
    assert action.parse('First {"A": 1, "B": 1}? No: {"A": 3, "B": 2, "C": 9}') == {"A": 3, "B": 2}
    for text, reason in (
        ('{"A": 3}', "no priority for B"),
        ('{"A": 3, "B": 4}', "not 1, 2 or 3"),
        ("none", "no readable JSON"),
        ('{"A": 3, "B": true}', "not 1, 2 or 3"),
        ('{"A": 3, "B": ', "no readable JSON"),
    ):
        with pytest.raises(Invalid, match=reason):
            action.parse(text)


GOOD = (
    '{"remaining_budget": 5, "total_profits": {"Ann": 1, "Bea": 2, "Zed": 3}, '
    '"winning_bids": {"Ann": {"A": 4}, "Bea": {}}}'
)


def test_a_status_is_sane_or_the_reason_is_given():
    action = Status(("Ann", "Bea"), "Ann")
    assert action.parse(f"So now: {GOOD}") == {
        "remaining_budget": 5,
        "total_profits": {"Ann": 1, "Bea": 2},
        "winning_bids": {"Ann": {"A": 4}, "Bea": {}},
    }
    for change, reason in (
        (('"remaining_budget": 5, ', ""), "lacks remaining_budget"),
        (("5", '"five"'), "remaining_budget is 'five'"),
        (('"Ann": 1, ', ""), "total_profits lacks Ann"),
        (('"Ann": 1', '"Ann": null'), "profit of Ann"),
        (('{"A": 4}', "[4]"), "winning_bids of Ann"),
        (('"A": 4', '"A": "4"'), "price of A"),
        (("5", "1000 + 400"), "no readable JSON"),
    ):
        with pytest.raises(Invalid, match=reason):
            action.parse(GOOD.replace(*change))


def test_lessons_are_a_numbered_list():
    assert Lessons().parse("Well.\n1. Wait.\n 2) Shade bids.\n\nBye") == ("Wait.", "Shade bids.")
    with pytest.raises(Invalid, match="numbered"):
        Lessons().parse("Just wait.")
