"""What the work of a plan costs, and the tables of machines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.render.cost import Work, cost_of
from pipeline.render.machines import OURS, machine_named, read_machines

TABLE = """machines:
  my-gpu:
    summary: a GPU of mine
    speeds: {tone: 4.0, tone@2: 8.0}
    load_s: {tone: 10.0}
    workers: 2
    price_per_hour: 1.8
"""


def work(model="a@1", audio_s=100.0, speed=2.0, load_s=5.0, engine="a"):
    return Work(engine, model, 10, audio_s, speed, load_s, "measured")


def test_device_seconds_are_work_and_the_loads_of_the_workers_that_share_it():
    cost = cost_of([work(audio_s=200.0)], 4)
    assert cost.device_s == 200.0 / 2.0 + 4 * 5.0
    assert cost.wall_s == cost.device_s / 4
    assert cost.price is None


def test_small_models_are_loaded_once_and_the_large_by_as_many_as_it_keeps_busy():
    cost = cost_of([work("big", 300.0, 1.0), work("small", 100.0, 1.0, engine="b")], 4, 3.6)
    by_engine = {engine.engine: engine for engine in cost.engines}
    assert by_engine["a"].load_s == 3 * 5.0
    assert by_engine["b"].load_s == 5.0
    assert cost.price == pytest.approx(cost.device_s / 1000)


def test_nothing_to_do_costs_nothing():
    assert cost_of([], 3, 2.0).device_s == cost_of([], 3, 2.0).price == 0.0


@given(
    st.lists(st.tuples(st.floats(0.1, 1e4), st.floats(0.1, 100)), min_size=1, max_size=8), st.integers(1, 64)
)
def test_loads_are_never_fewer_than_models_nor_more_than_one_a_worker_and_model(rows, workers):
    works = [work(f"m{n}", audio_s, speed, 1.0) for n, (audio_s, speed) in enumerate(rows)]
    cost = cost_of(works, workers)
    assert len(rows) <= cost.engines[0].load_s <= len(rows) * workers


def test_a_machine_of_ones_own_stands_beside_ours(tmp_path):
    file = tmp_path / "machines.yaml"
    file.write_text(TABLE)
    machine = machine_named("my-gpu", file)
    assert machine.speed("tone@1", "tone") == 4.0 and machine.speed("tone@2", "tone") == 8.0
    assert machine.speed("kokoro", "kokoro") is None
    assert machine_named("zen3-core", file).measured


def test_our_own_table_names_where_each_figure_was_measured():
    assert all("docs/performance.md" in machine.measured for machine in read_machines(OURS).values())


@pytest.mark.parametrize(
    ("old", "new", "row", "said"),
    [
        ("tone: 4.0", "tone: 0.0", 4, "greater than 0"),
        ("workers: 2", "workers: two", 6, "integer"),
        ("workers: 2", "cores: 2", 6, "cores"),
        ("price_per_hour: 1.8", "price_per_hour: .nan", 7, "finite"),
    ],
)
def test_what_is_wrong_in_a_table_is_told_with_its_row(tmp_path, old, new, row, said):
    file = tmp_path / "machines.yaml"
    file.write_text(TABLE.replace(old, new))
    with pytest.raises(UsageError, match=said) as caught:
        read_machines(file)
    assert str(caught.value).startswith(f"{file}:{row}:")


def test_an_unknown_machine_names_the_nearest(tmp_path):
    with pytest.raises(UsageError, match="did you mean 'zen3-core'"):
        machine_named("zen3core", tmp_path / "none.yaml")
