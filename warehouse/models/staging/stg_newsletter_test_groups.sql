{{ staged('newsletter_test_groups', {'id': 'test_group_id', 'winner': 'is_winner'}) }}
