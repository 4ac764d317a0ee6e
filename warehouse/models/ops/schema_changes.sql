-- What changed in the shape of what Customer.io sends, as `cio-elt transform` noticed it.
select noted_at, change, table_name, name, before, after
from {{ ref('stg_schema_changes') }}
