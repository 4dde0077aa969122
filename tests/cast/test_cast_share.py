"""Which of several models says a line: stable, whatever the order, in proportion, moving little."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cast.share import chosen_model

IDS = [f"ann-{number:08x}" for number in range(4000)]
shares = st.dictionaries(
    st.sampled_from(["a@1", "a@2", "b@1", "c@9"]), st.floats(1e-3, 1e6), min_size=1, max_size=4
)


def test_a_canarys_lines_are_these_and_no_others_for_ever():
    canary = {"kokoro@1.0": 90, "kokoro@next": 10}
    chosen = [number for number in range(40) if chosen_model(f"ann-{number}", canary) == "kokoro@next"]
    assert chosen == [3, 4, 5, 7, 23, 36]


@given(st.text(), shares)
def test_the_choice_depends_on_the_line_and_the_shares_alone(line_id, among):
    model = chosen_model(line_id, among)
    assert model in among
    assert chosen_model(line_id, dict(reversed(among.items()))) == model
    assert chosen_model(line_id, {name: share / 4 for name, share in among.items()}) == model


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 99))
def test_each_model_says_about_its_share_of_the_lines(percent):
    among = {"old": 100 - percent, "new": percent}
    counts = Counter(chosen_model(line_id, among) for line_id in IDS)
    # Four standard deviations of a draw of 4,000 at one half.
    assert abs(counts["new"] / len(IDS) - percent / 100) < 4 * (0.25 / len(IDS)) ** 0.5


@given(shares, st.sampled_from(["a@1", "a@2", "b@1", "c@9"]), st.floats(1.01, 100))
def test_a_share_that_grows_takes_lines_over_and_gives_none_back(among, grown, factor):
    more = {**among, grown: among.get(grown, 1.0) * factor}
    for line_id in IDS[:100]:
        before, after = chosen_model(line_id, among), chosen_model(line_id, more)
        assert after in (before, grown)


@given(shares)
def test_a_model_that_leaves_gives_up_its_own_lines_only(among):
    gone, *rest = sorted(among)
    if not rest:
        return
    left = {name: share for name, share in among.items() if name != gone}
    for line_id in IDS[:100]:
        before = chosen_model(line_id, among)
        assert before == gone or chosen_model(line_id, left) == before
