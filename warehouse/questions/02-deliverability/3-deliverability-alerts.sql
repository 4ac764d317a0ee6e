-- topic: Deliverability
-- question: Was there a day on which deliverability was bad?
-- `bounce_spike` compares the day with the domain's own earlier days; `spam_high` is about the complaints of the weeks
-- before, because one day has too few of them.
SELECT day, recipient_domain, sending_domain, alert, sent, bounced, bounce_z, spam_rate_28d
FROM deliverability_domain_daily
WHERE alert IS NOT NULL
ORDER BY day DESC, recipient_domain, sending_domain
LIMIT 4
