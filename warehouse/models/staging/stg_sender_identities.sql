{{ staged('sender_identities', {'id': 'sender_id', 'hidden': 'is_hidden', 'auto_generated': 'is_auto_generated'},
    {'sending_domain': email_domain('email')}) }}
