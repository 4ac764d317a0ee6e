-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    id as sender_id,
    nullif(deduplicate_id, '') as deduplicate_id,
    nullif(name, '') as name,
    nullif(email, '') as email,
    nullif(address, '') as address,
    nullif(phone, '') as phone,
    nullif(template_type, '') as template_type,
    auto_generated as is_auto_generated,
    hidden as is_hidden,
    {{ moment('first_seen_at') }} as first_seen_at,
    {{ moment('deleted_at') }} as deleted_at,
    deleted_at is not null as is_deleted,
    _dlt_load_id as loaded_by,
    {{ email_domain('email') }} as sending_domain
from {{ raw('sender_identities') }} as sender_identities
