-- Schema drift: the changes of fields and values that `cio-elt transform` found.
select noted_at, change, table_name, name, before, after
from {{ ref('stg_schema_changes') }}
