-- All days, a row each: MetricFlow joins them where a metric has days without rows. Customer.io began in 2012.
select cast(day as date) as day
from generate_series(timestamp '2012-01-01', timestamp '2049-12-31', interval '1 day') as days (day)
