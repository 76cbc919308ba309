"""Real populations from files, archetypes, labour: what fits is read, what does not is named by row and column."""

import json
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from manyminds.core import BadInput
from manyminds.worlds.populations import files, labour
from manyminds.worlds.populations.archetypes import partition


def folder(tmp_path, **columns):
    for name, values in columns.items():
        (tmp_path / f"{name}.csv").write_text("\n".join(map(str, values)) + "\n")
    mapping = {"age": ["U19", "20t29"], "area": {"BK": 0, "QN": 1}}
    (tmp_path / "population_mapping.json").write_text(json.dumps(mapping))
    return tmp_path


def test_columns_and_labels_come_back(tmp_path):
    found = files.population(folder(tmp_path, age=[0, 1, 1], area=[0, 1, 0]))
    assert found.agents == 3 and found.labels["area"] == ("BK", "QN") and found.columns["age"].tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"age": [0, -1, 1], "area": [0, 1, 0]}, r"age.csv, row 2, column 1: -1 is not among"),
        ({"age": [0, 1, 7], "area": [0, 1, 0]}, r"age.csv, row 3, column 1: 7 .*0 to 1"),
        ({"age": [0, "nan", 1], "area": [0, 1, 0]}, r"age.csv, row 2, column 1: nan"),
        ({"age": [0, "x", 1], "area": [0, 1, 0]}, r"age.csv, row 2, column 1: 'x' is not a number"),
        ({"age": [0, 1, 1], "area": [0, 0, 0]}, r"nobody lives in 'QN'"),
        ({"age": [0, 1, 1], "area": [0, 1]}, r"column 'area' .* ends at row 2, others at 3"),
        ({"age": [0, 1, 1]}, r"has no column 'area'"),
    ],
)
def test_bad_columns_are_refused_in_one_sentence(tmp_path, columns, said):
    with pytest.raises(BadInput, match=said):
        files.population(folder(tmp_path, **columns))


def test_a_pickle_is_never_opened(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    where = folder(tmp_path, area=[0, 1])
    (where / "age.pickle").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(BadInput, match=r"age.pickle is a pickle.*read_pickle"):
        files.population(where)
    np.save(where / "age.npy", np.array([Bomb()], object), allow_pickle=True)
    with pytest.raises(BadInput):
        files.population(where)
    assert not (tmp_path / "exploded").exists()


def test_parquet_columns_are_read(tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    where = folder(tmp_path, area=[0, 1])
    pandas.DataFrame({"value": [1, 0]}).to_parquet(where / "age.parquet")
    assert files.population(where).columns["age"].tolist() == [1, 0]


def test_edges_are_made_both_ways_unless_asked_not_to(tmp_path):
    path = tmp_path / "edges.csv"
    path.write_text("0,1\n1,2\n")
    assert sorted(map(tuple, files.edges(path, 3).tolist())) == [(0, 1), (1, 0), (1, 2), (2, 1)]
    assert files.edges(path, 3, directed=True).tolist() == [[0, 1], [1, 2]]
    for text, said in (("0,1\n5,2\n", r"row 2, column 1: there is no agent 5"), ("0,1\n2\n", r"row 2: 1 columns"),
                       ("0,1\n1,a\n", r"row 2, column 2: 'a'")):  # fmt: skip
        path.write_text(text)
        with pytest.raises(BadInput, match=said):
            files.edges(path, 3)


def test_tables_by_borough_and_month(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text("county,beneficiaries,total_amount,month\nKings,10,5,1\nQueens,20,5,1\nKings,30,5,2\n")
    found = files.monthly_claims(path)
    assert found["Kings"].tolist() == [10, 30] and found["Queens"].tolist() == [20, 0]
    with pytest.raises(BadInput, match="no rows of 'Bronx'"):
        files.monthly_claims(path, ("Bronx",))
    path.write_text("county,beneficiaries,total_amount,month\nKings,nan,5,1\n")
    with pytest.raises(BadInput, match="row 2, column 'beneficiaries'"):
        files.monthly_claims(path)
    path.write_text("county,month\n")
    with pytest.raises(BadInput, match="no column 'beneficiaries'"):
        files.monthly_claims(path)
    path.write_text("area,year,month,labor_force,unemployment_rate\nBronx,2020,Dec,9,16.1\nBronx,2020,Mar,9,4.5\n")
    assert files.monthly_unemployment(path)["Bronx"].tolist() == [4.5, 16.1]


def test_a_negative_week_is_refused_and_no_average_is_no_change(tmp_path):
    path = tmp_path / "cases.csv"
    path.write_text("epiweek,county,cases_week\n-1,Kings,3\n")
    with pytest.raises(BadInput, match="row 2, column 'epiweek'"):
        files.weekly_cases(path)
    assert files.change(10, 0) is None and files.change(15, 10) == 50


# --- archetypes


def test_archetypes_are_the_product_of_the_levels_used_and_no_agent_is_left_out():
    labels = {"age": ("a", "b", "c"), "sex": ("f", "m"), "town": ("x",)}
    columns = {"age": np.array([0, 0, 2, 1]), "sex": np.array([0, 1, 1, 0]), "town": np.zeros(4, int)}
    found = partition(columns, labels, ("age", "sex"))
    assert found.count == 6 and found.counts.sum() == 4
    assert found.of.tolist() == [0, 1, 5, 2]  # age bin 0 counts like any other
    first, *others = found.groups()
    assert first.levels == {"age": "a", "sex": "f"} and len(others) == 3
    assert partition(columns, labels, ("sex",)).count == 2
    with pytest.raises(BadInput, match="did you mean 'age'"):
        partition(columns, labels, ("ages",))


# --- labour


def test_unemployment_is_linear_or_logarithmic_as_said():
    assert float(labour.unemployment(0.5, 0.1, jnp.array([0.02, 0.6]))) == pytest.approx(0.07)
    c = jnp.array([[1.0, 2.0, 3.0]])
    assert float(labour.borough_unemployment(jnp.array([np.e]), jnp.array([np.e**2]), c)[0]) == pytest.approx(8)
    assert float(labour.city_unemployment(jnp.array([1.0, 3.0]))) == 2


def test_willing_agents_are_counted_where_they_live():
    area, kind = jnp.array([0, 0, 1, 1], jnp.uint8), jnp.array([0, 1, 0, 0], jnp.uint16)
    assert labour.willing(area, kind, jnp.array([1.0, 0.0]), jax.random.key(0), 2).tolist() == [1, 2]


def test_taxes_follow_their_brackets_and_come_back_to_all():
    income = jnp.array([40.0, 80.0, 600.0])
    tax = np.array([4.0, 5 + 6, 5 + 10 + 120 + 35])
    np.testing.assert_allclose(labour.taxed(income), income - tax + tax.mean(), rtol=1e-5)
    assert float(labour.taxed(income).sum()) == pytest.approx(float(income.sum()))


def test_markets_move_by_at_most_a_twentieth_and_interest_is_never_negative():
    assert float(labour.imbalance(jnp.float32(3), jnp.float32(4))) == pytest.approx(-0.25)
    before = labour.Prices(jnp.float32(10), jnp.float32(5))
    after = labour.adjusted(before, jnp.float32(1), jax.random.key(0))
    assert 10 <= after.wage <= 10.5 and 5 <= after.price <= 5.25
    assert labour.adjusted(before, jnp.float32(0), jax.random.key(0)) == before
    assert float(labour.interest(0.02, 0.05)) == pytest.approx(0.07)
    assert float(labour.interest(-5.0, 0.05)) == 0
