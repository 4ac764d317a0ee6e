"""The SQL macros of statistics against scipy."""

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.conftest import Warehouse
from tests.warehouse.truth import records

pytestmark = pytest.mark.proof

SEED, TABLES = 20_261_015, 10_000
CLOSE = 1e-6


@pytest.fixture
def connection(marts: Warehouse) -> duckdb.DuckDBPyConnection:
    """The published file, opened as an analyst would."""
    return duckdb.connect(marts.settings.published_file, read_only=True)


@pytest.fixture
def tables() -> pd.DataFrame:
    """Random two-by-two tables, small and large, with empty arms, and with none or all reached."""
    random = np.random.default_rng(SEED)
    n1, n2 = (np.floor(10 ** random.uniform(0, 6, TABLES)).astype(int) for _ in range(2))
    rate = random.beta(0.5, 2.0, TABLES)
    x1 = random.binomial(n1, rate)
    x2 = random.binomial(n2, np.clip(rate * random.uniform(0.5, 1.5, TABLES), 0, 1))
    n1[:20], x1[:20] = 0, 0
    x1[20:40], x2[20:40] = 0, 0
    x1[40:60], x2[40:60] = n1[40:60], n2[40:60]
    return pd.DataFrame({"x1": x1, "n1": n1, "x2": x2, "n2": n2})


def _asked(connection: duckdb.DuckDBPyConnection, given: pd.DataFrame, **columns: str) -> pd.DataFrame:
    connection.register("given", given.assign(place=range(len(given))))
    cells = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    return connection.execute(f"SELECT {cells} FROM given ORDER BY place").df()


def _same(found: "pd.Series[float]", expected: object) -> None:
    np.testing.assert_allclose(found.to_numpy(dtype=float), np.asarray(expected), rtol=0, atol=CLOSE)


def test_wilson_intervals(connection: duckdb.DuckDBPyConnection, tables: pd.DataFrame) -> None:
    """Both ends are scipy's on every table, and null without deliveries."""
    found = _asked(connection, tables, low="wilson_low(x1, n1)", high="wilson_high(x1, n1)")
    n = tables.n1.where(tables.n1 > 0)
    z, p = stats.norm.ppf(0.975), tables.x1 / n
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    _same(found.low, np.clip(middle - half, 0, 1))
    _same(found.high, np.clip(middle + half, 0, 1))
    for row in records(tables.sample(200, random_state=SEED).query("n1 > 0")):
        interval = stats.binomtest(int(row.x1), int(row.n1)).proportion_ci(method="wilson")
        _same(found.loc[[row.Index], "low"], [interval.low])
        _same(found.loc[[row.Index], "high"], [interval.high])


def test_normal_distribution(connection: duckdb.DuckDBPyConnection) -> None:
    """The distribution and the two-sided p are scipy's from -45 to 45, in the tails by ratio too."""
    z = pd.DataFrame({"z": np.concatenate([np.linspace(-45, 45, 9_001), [0.0, 7.07106781186547, 37.0]])})
    found = _asked(connection, z, cdf="normal_cdf(z)", p="two_sided_p(z)")
    _same(found.cdf, stats.norm.cdf(z.z))
    _same(found.p, 2 * stats.norm.sf(np.abs(z.z)))
    tail = z.z.between(-30, -5)
    np.testing.assert_allclose(found.cdf[tail], stats.norm.cdf(z.z[tail]), rtol=1e-6)


def test_two_proportions(connection: duckdb.DuckDBPyConnection, tables: pd.DataFrame) -> None:
    """Z squared is the chi-square statistic, with the same p; both are null where no test is possible."""
    found = _asked(
        connection,
        tables,
        z="two_proportion_z(x1, n1, x2, n2)",
        p="two_sided_p(two_proportion_z(x1, n1, x2, n2))",
        margin="difference_margin(x1, n1, x2, n2)",
    )
    reached, total = tables.x1 + tables.x2, tables.n1 + tables.n2
    testable = (tables.n1 > 0) & (tables.n2 > 0) & (reached > 0) & (reached < total)
    assert found.z.notna().equals(testable)
    assert found.p.notna().equals(testable)
    assert 9_000 < testable.sum() < TABLES
    for row in records(tables[testable]):
        observed = [[row.x1, row.n1 - row.x1], [row.x2, row.n2 - row.x2]]
        chi = stats.chi2_contingency(observed, correction=False)
        assert found.p[row.Index] == pytest.approx(chi.pvalue, abs=CLOSE)
    p1, p2 = (tables[f"x{arm}"] / tables[f"n{arm}"].where(tables[f"n{arm}"] > 0) for arm in (1, 2))
    assert (np.sign(found.z[testable]) == np.sign((p2 - p1)[testable].round(15))).all()
    _same(
        found.margin, stats.norm.ppf(0.975) * np.sqrt(p1 * (1 - p1) / tables.n1 + p2 * (1 - p2) / tables.n2)
    )


def test_sample_ratio(connection: duckdb.DuckDBPyConnection) -> None:
    """The tail of chi-square is scipy's for up to 21 arms, and null beyond."""
    random = np.random.default_rng(SEED)
    given = pd.DataFrame({"x": random.exponential(20, TABLES), "df": random.integers(1, 21, TABLES)})
    given.loc[:99, "x"] = 0.0
    given.loc[100:199, "x"] = random.uniform(200, 2_000, 100)
    _same(_asked(connection, given, p="chi_square_p(x, df)").p, stats.chi2.sf(given.x, given["df"]))
    beyond = pd.DataFrame({"x": [3.0, 3.0, None], "df": [0, 21, 2]})
    assert _asked(connection, beyond, p="chi_square_p(x, df)").p.isna().all()


def test_minimal_detectable_effect(connection: duckdb.DuckDBPyConnection, tables: pd.DataFrame) -> None:
    """The effect is the difference whose z has 80 % power under scipy's normal distribution."""
    found = _asked(connection, tables, mde="minimal_detectable_effect(x1 / n1, n1, n2)").mde
    p = tables.x1 / tables.n1.where(tables.n1 > 0)
    defined = (p > 0) & (p < 1)
    assert found.notna().equals(defined)
    error = np.sqrt(p * (1 - p) * (1 / tables.n1.where(tables.n1 > 0) + 1 / tables.n2))
    power = stats.norm.sf(stats.norm.ppf(0.975) - found / error)
    np.testing.assert_allclose(power[defined], 0.8, atol=CLOSE)
