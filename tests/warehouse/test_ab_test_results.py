"""The verdicts of `ab_test_results`: its SQL, as dbt compiled it, on simulated tests."""

import re
from collections.abc import Iterator

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.conftest import Warehouse
from tests.warehouse import truth

pytestmark = pytest.mark.proof

SEED, SIMULATIONS = 20_261_015, 2_000
RATES = {"human_open_rate": 0.35, "human_click_rate": 0.07, "conversion_rate": 0.03, "unsubscribe_rate": 0.01}
NOW = pd.Timestamp("2026-10-15 10:00", tz="UTC")


@pytest.fixture
def simulated(marts: Warehouse) -> Iterator["Simulated"]:
    """An in-memory database with the name that the compiled SQL uses, and that SQL."""
    compiled = marts.settings.cio_elt_data / "dbt/target/compiled/customerio/models/marts/ab_test_results.sql"
    with duckdb.connect() as connection:
        connection.execute(
            "SET TimeZone = 'UTC'; ATTACH ':memory:' AS transform; CREATE SCHEMA transform.staging"
        )
        yield Simulated(connection, compiled.read_text())


class Simulated:
    """Newsletters with test groups of one content each, with given counts."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, sql: str) -> None:
        self._connection = connection
        self._sql = sql

    def verdicts(self, counts: pd.DataFrame) -> pd.DataFrame:
        """The model's rows for `counts`: a row per (test, arm) with `deliveries` and x of each rate."""
        test, content = counts.test.astype(str), (counts.test * 10 + counts.arm).astype(str)
        daily = pd.DataFrame({
            "message_key": "newsletter:" + test + ":" + content,
            "deliveries": counts.deliveries,
            "last_created_at": counts.last_created_at,
            **{f"{rate}_numerator": counts[rate] for rate in RATES},
            **{f"{rate}_denominator": counts.deliveries for rate in RATES},
        })  # fmt: skip
        groups = pd.DataFrame({
            "newsletter_id": counts.test,
            "test_group_id": counts.arm,
            "content_ids": "[" + content + "]",
        })  # fmt: skip
        clock = pd.DataFrame({"as_of": [NOW]})
        for name, frame in {"daily": daily, "groups": groups, "clock": clock}.items():
            self._connection.register(name, frame)
        self._connection.execute(
            """
            CREATE OR REPLACE TABLE transform.main.message_daily AS FROM daily;
            CREATE OR REPLACE TABLE transform.staging.stg_clock AS FROM clock;
            CREATE OR REPLACE TABLE transform.staging.stg_newsletter_test_groups AS
                SELECT newsletter_id, test_group_id, NULL::VARCHAR AS label, NULL::VARCHAR AS name,
                       content_ids::JSON AS content_ids FROM groups;
            CREATE OR REPLACE TABLE transform.main.dim_message (
                message_key VARCHAR, parent_id BIGINT, parent_action_id BIGINT, unit_id BIGINT, name VARCHAR,
                is_split_arm BOOLEAN
            );
            """
        )
        rows = self._connection.execute(self._sql).df()
        rows["test"] = rows.test_key.map(lambda key: int(re.sub(r"\D", "", key)))
        return rows


def _counts(tests: int, arms: int, random: np.random.Generator, lift: float = 0.0) -> pd.DataFrame:
    index = pd.MultiIndex.from_product([range(tests), range(arms)], names=["test", "arm"]).to_frame(
        index=False
    )
    index["deliveries"] = np.repeat(np.floor(10 ** random.uniform(2, 5, tests)).astype(int), arms)
    index["last_created_at"] = NOW - pd.Timedelta(days=100)
    for rate, usual in RATES.items():
        base = np.repeat(np.clip(usual * random.uniform(0.5, 2.0, tests), 0, 0.9), arms)
        base = np.where(index.arm == arms - 1, base * (1 + lift), base)
        index[rate] = random.binomial(index.deliveries, np.clip(base, 0, 1))
    return index


def test_no_winner_where_there_is_no_difference(simulated: Simulated) -> None:
    """Of 2,000 tests with equal arms, at most 5 % name a winner or a loser in any metric."""
    rows = simulated.verdicts(_counts(SIMULATIONS, 3, np.random.default_rng(SEED)))
    assert rows.test.nunique() == SIMULATIONS
    called = rows[rows.verdict.isin(["winner", "loser"])].test.nunique()
    assert 0 < called <= 0.05 * SIMULATIONS, f"{called} of {SIMULATIONS}, seed {SEED}"
    assert (rows.verdict == "srm_fail").sum() == 0


def test_adjusted_as_in_books(simulated: Simulated) -> None:
    """Per test, p_holm is Holm's adjustment of all its comparisons; the p-values are scipy's."""
    rows = simulated.verdicts(_counts(300, 4, np.random.default_rng(SEED + 1), lift=0.2))
    for _, test in rows.groupby("test"):
        tried = test[test.p.notna()]
        np.testing.assert_allclose(tried.p_holm, truth.holm(tried.p.to_numpy()), rtol=0, atol=1e-12)
        np.testing.assert_allclose(tried.p, 2 * stats.norm.sf(np.abs(tried.z)), rtol=0, atol=1e-6)
        assert (test[~test.is_control].verdict == "control").sum() == 0


def test_real_differences_are_found(simulated: Simulated) -> None:
    """In large arms a 50 % lift wins, and an unsubscribe rate 50 % higher loses."""
    counts = _counts(200, 2, np.random.default_rng(SEED + 2), lift=0.5)
    counts = counts[counts.deliveries > 50_000]
    rows = simulated.verdicts(counts).query("not is_control")
    opens = rows[rows.metric == "human_open_rate"].verdict
    assert len(opens) > 10
    assert set(opens) == {"winner"}
    assert (rows[rows.metric == "unsubscribe_rate"].verdict == "loser").mean() > 0.9


@pytest.mark.parametrize(
    ("deliveries", "x", "age_days", "verdict"),
    [
        ((10_000, 12_000), (3_000, 5_000), 100, "srm_fail"),
        ((10_000, 10_000), (3_000, 3_500), 2, "immature"),
        ((50, 50), (10, 12), 100, "underpowered"),
        ((50, 50), (0, 0), 100, "underpowered"),
        ((100_000, 100_000), (30_000, 30_010), 100, "no_difference"),
        ((10_000, 10_000), (3_000, 3_500), 100, "winner"),
        ((10_000, 10_000), (3_000, 2_500), 100, "loser"),
    ],
)
def test_verdicts(
    simulated: Simulated, deliveries: tuple[int, int], x: tuple[int, int], age_days: int, verdict: str
) -> None:
    """Each verdict, in the order of their precedence."""
    counts = pd.DataFrame({"test": [1, 1], "arm": [0, 1], "deliveries": deliveries})
    counts["last_created_at"] = NOW - pd.Timedelta(days=age_days)
    for rate in RATES:
        counts[rate] = x if rate == "human_open_rate" else [0, 0]
    rows = simulated.verdicts(counts)
    assert [verdict] == list(rows[(rows.metric == "human_open_rate") & ~rows.is_control].verdict)


def test_a_lone_arm_is_no_test(simulated: Simulated) -> None:
    """A single arm has no comparison."""
    assert simulated.verdicts(_counts(5, 1, np.random.default_rng(SEED))).empty
