"""The forecast of a plan: which campaigns people would enter, and how many. It reads the warehouse alone."""
