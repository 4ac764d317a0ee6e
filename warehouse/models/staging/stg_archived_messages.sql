-- Written by `python -m pipelines.transform.staging_models`; to edit the file, delete this line.
select
    nullif(id, '') as delivery_id,
    nullif(body, '') as body,
    nullif("from", '') as from_address,
    nullif(reply_to, '') as reply_to,
    nullif(recipient, '') as recipient,
    nullif(subject, '') as subject,
    nullif(bcc, '') as bcc,
    fake_bcc,
    nullif(preheader_text, '') as preheader_text,
    nullif(url, '') as url,
    nullif(request_method, '') as request_method,
    headers,
    forgotten as is_forgotten,
    {{ moment('first_seen_at') }} as first_seen_at,
    _dlt_load_id as loaded_by
from {{ raw('archived_messages') }} as archived_messages
