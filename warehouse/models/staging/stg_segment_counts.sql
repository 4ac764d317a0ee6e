{{ staged('segment_counts', {'count': 'members'}) }}
