{{ staged('workspaces', {'id': 'workspace_id'}) }}
