"""HTTP: routes from the catalogue, envelopes, pages, keys, limits. It decides nothing about the workspace."""
