"""The world: plans a realistic workspace day by day, from a seed and a scale alone.

    world               the planner of the opening and of each day
    opening             segments, campaigns, broadcasts at the beginning
    workspace_records   senders, snippets, collections, webhooks, topics, suppressions
    contents            newsletters' contents and transactional templates
    population          people
    behaviour           events, attribute changes, departures, segment membership
    objects             objects and relationships
    sends               deliveries
    outcomes            metrics of a delivery
    vocabulary, scale   names and sizes

It makes plans (`state.store.planned_changes`) and never reads the state that follows from them.
"""
