"""The queries of the page: one for each chart or table, by name.

All ages are counted from the newest sync (`as_of`). A rate over a period is the sum of its numerators divided
by the sum of its denominators, with the interval of `wilson_low` and `wilson_high`.
"""

TABLES = (
    "main.campaign_performance",
    "main.newsletter_performance",
    "main.broadcast_performance",
    "main.transactional_performance",
    "main.message_daily",
    "main.channel_daily",
    "main.ab_test_results",
    "main.deliverability_domain_daily",
    "main.send_time_heatmap",
    "main.dim_message",
    "ops.freshness",
    "ops.coverage",
    "staging.stg_clock",
)
"""The tables that the page needs, as schema.table."""

# Clicks are mature after a week: younger messages are left out of comparisons.
_AS_OF = "(SELECT cast(as_of AT TIME ZONE 'UTC' AS DATE) FROM staging.stg_clock)"
RATES = ("delivery_rate", "human_open_rate", "human_click_rate", "conversion_rate", "unsubscribe_rate")


def _rate(name: str) -> str:
    x, n = f"sum({name}_numerator)", f"sum({name}_denominator)"
    return (
        f"{x} / nullif({n}, 0)::DOUBLE AS {name}, wilson_low({x}, {n}) AS {name}_low, "
        f"wilson_high({x}, {n}) AS {name}_high"
    )


def _performance(source_type: str, limit: int) -> str:
    intervals = ", ".join(f"{name}, {name}_low, {name}_high" for name in RATES)
    return f"""
        SELECT '{source_type}' AS source_type, parent_id, name, state, sent, last_day, {intervals}
        FROM {source_type}_performance
        WHERE sent > 0
        ORDER BY {"last_day DESC, " if source_type == "newsletter" else ""}sent DESC, parent_id
        LIMIT {limit}
    """


QUERIES = {
    "head": f"""
        SELECT as_of, {_AS_OF} AS today,
               (SELECT count(*) FROM campaign_performance) AS campaigns,
               (SELECT min(first_day) FROM (
                   SELECT min(created_on) AS first_day FROM message_daily)) AS first_day
        FROM staging.stg_clock
    """,
    "spans": f"""
        SELECT CASE WHEN day > {_AS_OF} - 36 THEN 'last' ELSE 'before' END AS span,
               min(day) AS first_day, max(day) AS last_day, sum(sent)::BIGINT AS sent,
               {", ".join(map(_rate, RATES))}
        FROM channel_daily
        WHERE clock = 'cohort' AND day > {_AS_OF} - 64 AND day <= {_AS_OF} - 8
        GROUP BY 1 ORDER BY 1 DESC
    """,
    "sent_daily": f"""
        SELECT day, source_type, sum(sent)::BIGINT AS sent
        FROM channel_daily
        WHERE clock = 'cohort' AND day > {_AS_OF} - 91 AND day < {_AS_OF}
        GROUP BY ALL ORDER BY ALL
    """,
    "engaged_daily": f"""
        SELECT day, clock, unnest(['opened by a person', 'clicked by a person']) AS what,
               unnest([sum(human_opened), sum(human_clicked)])::BIGINT AS engaged
        FROM channel_daily
        WHERE day > {_AS_OF} - 91 AND day < {_AS_OF}
        GROUP BY day, clock ORDER BY ALL
    """,
    "rates_weekly": f"""
        WITH weekly AS (
            SELECT date_trunc('week', day)::DATE AS week, bool_and(is_mature_click) AS is_mature,
                   {_rate("human_open_rate")}, {_rate("human_click_rate")}
            FROM channel_daily
            WHERE clock = 'cohort' AND day > {_AS_OF} - 182
            GROUP BY 1
        )
        SELECT week, is_mature, 'opened by a person' AS what, human_open_rate AS rate,
               human_open_rate_low AS low, human_open_rate_high AS high
        FROM weekly WHERE human_open_rate IS NOT NULL
        UNION ALL
        SELECT week, is_mature, 'clicked by a person', human_click_rate, human_click_rate_low,
               human_click_rate_high
        FROM weekly WHERE human_click_rate IS NOT NULL
        ORDER BY ALL
    """,
    "campaigns": _performance("campaign", 25),
    "newsletters": _performance("newsletter", 12),
    "broadcasts": _performance("broadcast", 12),
    "transactional": _performance("transactional", 12),
    "weekly": f"""
        SELECT parents.source_type, parents.parent_id, week, coalesce(sum(daily.sent), 0)::BIGINT AS sent
        FROM (SELECT DISTINCT source_type, parent_id FROM message_daily) AS parents
        CROSS JOIN (
            SELECT unnest(generate_series({_AS_OF} - 182, {_AS_OF} - 7, INTERVAL 7 DAY))::DATE AS week
        )
        LEFT JOIN message_daily AS daily
            ON daily.source_type = parents.source_type AND daily.parent_id = parents.parent_id
            AND daily.created_on >= week AND daily.created_on < week + 7
        GROUP BY ALL ORDER BY ALL
    """,
    "tests": """
        WITH senders AS (
            SELECT source_type, parent_id, max(parent_name) AS sender_name FROM dim_message GROUP BY ALL
        ),
        arms AS (
            SELECT *, split_part(test_key, ':', 1) AS source_type,
                   try_cast(split_part(test_key, ':', 2) AS BIGINT) AS parent_id
            FROM ab_test_results
        ),
        placed AS (
            SELECT *, dense_rank() OVER (
                PARTITION BY source_type ORDER BY parent_id DESC, test_key DESC
            ) AS place,
            bool_or(verdict IN ('winner', 'loser', 'srm_fail')) OVER (PARTITION BY test_key) AS tells
            FROM arms
        )
        SELECT coalesce(sender_name, replace(test_key, ':', ' ')) AS test, test_key, arm_name, is_control,
               metric, n, rate, difference, difference_low, difference_high, verdict
        FROM placed LEFT JOIN senders USING (source_type, parent_id)
        WHERE place <= 6 OR tells
        ORDER BY source_type, parent_id DESC, test_key, is_control DESC, arm_name, metric
    """,
    "domains": f"""
        SELECT recipient_domain, min(provider) AS provider, sum(sent)::BIGINT AS sent,
               {_rate("delivery_rate")}, {_rate("bounce_rate")},
               sum(bounce_rate_denominator)::BIGINT AS bounce_rate_denominator, {_rate("spam_rate")},
               string_agg(DISTINCT alert, ', ' ORDER BY alert) AS alerts
        FROM deliverability_domain_daily
        WHERE day > {_AS_OF} - 28
        GROUP BY 1 HAVING sum(sent) > 0 ORDER BY sent DESC, 1 LIMIT 15
    """,
    "heatmap": """
        SELECT weekday, hour, human_open_rate_denominator AS reached, human_open_rate AS rate
        FROM send_time_heatmap
        WHERE channel = 'email'
        ORDER BY ALL
    """,
    "freshness": """
        WITH states AS (
            SELECT table_name, coalesce(covered_until, last_success_at) AS read_until, lag_seconds, failures,
                   runs, (SELECT count(*) FROM ops.coverage AS stretches
                    WHERE stretches.table_name = freshness.table_name AND gap_before_seconds > 0) AS gaps
            FROM ops.freshness AS freshness
        )
        SELECT *, count(*) OVER () AS tables
        FROM states
        ORDER BY gaps > 0 DESC, lag_seconds DESC NULLS FIRST, failures DESC, table_name
        LIMIT 12
    """,
}

RECONCILIATION = {
    "reconciled": """
        SELECT subject, to_timestamp(max(checked_at)) AS checked_at, count(*) AS compared,
               count(*) FILTER (WHERE verdict = 'match') AS matches,
               count(*) FILTER (WHERE verdict = 'explained') AS explained,
               count(*) FILTER (WHERE verdict = 'mismatch') AS mismatches
        FROM customerio_raw.reconciliation
        GROUP BY 1 ORDER BY 1
    """,
    "mismatches": """
        SELECT subject, parent_id, name, cohort_day, metric, ours, theirs, reason
        FROM customerio_raw.reconciliation WHERE verdict = 'mismatch'
        ORDER BY checked_at DESC, subject, parent_id, cohort_day, metric LIMIT 20
    """,
}
"""Queries of the table that `cio-elt reconcile` writes; it may be newer than the marts, or missing."""
