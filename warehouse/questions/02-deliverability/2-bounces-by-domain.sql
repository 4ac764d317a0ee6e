-- topic: Deliverability
-- question: At which domains do emails bounce?
-- Groups with few messages have a wide interval: sort by its low end, not by the rate.
SELECT recipient_domain, provider, sum(sent) AS sent, sum(bounced) AS bounced,
       sum(bounce_rate_numerator) / sum(bounce_rate_denominator) AS bounce_rate,
       wilson_low(sum(bounce_rate_numerator), sum(bounce_rate_denominator)) AS low
FROM deliverability_domain_daily
GROUP BY recipient_domain, provider
ORDER BY low DESC NULLS LAST, recipient_domain
LIMIT 4
