"""A notebook on the marts: freshness, rates with their intervals, A/B tests, engagement over time.

    CIO_ELT_DATA=warehouse/data/demo .venv/bin/marimo edit --skip-update-check examples/notebook.py

opens it on the demo's warehouse; `.venv/bin/python examples/notebook.py` runs all cells without a browser.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Customer.io in the warehouse")


@app.cell
def _():
    import altair as alt
    import marimo as mo

    from pipelines.warehouse import frame

    return alt, frame, mo


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    # Customer.io in the warehouse

    `frame` asks the published file, which it opens read-only: a sync can run at the same time. The folder is
    the one that `CIO_ELT_DATA` names.
    """)
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Freshness

    A row is a raw table. `lag_seconds` is how far it was behind Customer.io when the marts were built, and
    `failures` counts the runs that could not read it.
    """)
    return


@app.cell
def _(frame):
    freshness = frame("""
        SELECT table_name, last_success_at, lag_seconds, failures
        FROM ops.freshness
        ORDER BY lag_seconds DESC NULLS FIRST, table_name
    """)
    freshness
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Campaigns

    Opens and clicks by people, not by machines, as shares of the messages that can have them. `_low` and
    `_high` are the ends of the 95 % interval (Wilson).
    """)
    return


@app.cell
def _(frame):
    campaigns = frame("""
        SELECT name, sent, human_open_rate, human_open_rate_low, human_open_rate_high,
               human_click_rate, human_click_rate_low, human_click_rate_high
        FROM campaign_performance
        WHERE human_open_rate IS NOT NULL
        ORDER BY sent DESC, name
    """)
    campaigns
    return (campaigns,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    The open rates as a chart: a point is a rate, the line its interval. Where two lines overlap widely, the
    numbers do not show which campaign is better.
    """)
    return


@app.cell
def _(alt, campaigns):
    _bars = alt.Chart(campaigns.head(15)).encode(alt.Y("name:N", sort=None, title=None))
    campaign_chart = alt.layer(
        _bars.mark_rule(strokeWidth=3, opacity=0.4).encode(
            alt.X("human_open_rate_low:Q", title="opened by a person", axis=alt.Axis(format="~%")),
            alt.X2("human_open_rate_high:Q"),
        ),
        _bars.mark_point(filled=True, size=60, opacity=1).encode(alt.X("human_open_rate:Q")),
    )
    campaign_chart
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## A/B tests

    A row is an arm of a test, with its click rate. Decide by `verdict` and `p_holm`, which is adjusted for
    all comparisons of the test: `underpowered` says that the arms are too small to show a difference, not
    that there is none.
    """)
    return


@app.cell
def _(frame):
    tests = frame("""
        SELECT test_key, arm_name, n, rate, rate_low, rate_high, difference, p_holm, verdict
        FROM ab_test_results
        WHERE metric = 'human_click_rate'
        ORDER BY test_key, is_control DESC, arm_name
    """)
    tests
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    ## Engagement over time

    The rate of a week is the sum of its numerators divided by the sum of its denominators, never the mean
    of daily rates. On the clock `cohort` an open counts for the week in which its message was made, so the
    newest weeks still grow.
    """)
    return


@app.cell
def _(frame):
    weekly = frame("""
        WITH sums AS (
            SELECT date_trunc('week', day)::DATE AS week, sum(human_open_rate_numerator) AS opened,
                   sum(human_open_rate_denominator) AS could_be_opened
            FROM channel_daily
            WHERE clock = 'cohort'
            GROUP BY 1
        )
        SELECT week, opened, could_be_opened, opened / could_be_opened AS rate,
               wilson_low(opened, could_be_opened) AS low, wilson_high(opened, could_be_opened) AS high
        FROM sums
        WHERE could_be_opened > 0
        ORDER BY week
    """)
    weekly
    return (weekly,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    The same as a chart: the line is the rate, the band its interval.
    """)
    return


@app.cell
def _(alt, weekly):
    _weeks = alt.Chart(weekly).encode(alt.X("week:T", title=None))
    weekly_chart = alt.layer(
        _weeks.mark_area(opacity=0.2).encode(
            alt.Y("low:Q", title="opened by a person", axis=alt.Axis(format="~%")), alt.Y2("high:Q")
        ),
        _weeks.mark_line().encode(alt.Y("rate:Q")),
    )
    weekly_chart
    return


if __name__ == "__main__":
    app.run()
