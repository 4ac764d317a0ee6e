"""What every answer needs: routes' registry, keys, pages, errors and headers."""
