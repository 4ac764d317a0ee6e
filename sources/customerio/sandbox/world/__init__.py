"""A believable workspace from a seed and a scale, day by day; it plans and never looks at what came of it."""
