"""The workspace's data: how it is stored, identified, shown and validated. No module knows a Workspace.

A module has the name of the noun that it stores. `X_view` makes the API's record of X, `X_activities` derives
activities from X, `X_validation` checks the body of X.

    people, objects, segments     people objects segments conditions event_counts anonymous filters
    messages                      records deliveries delivery_view delivery_activities links outcomes
    numbers                       metrics journeys lookback stable_random
    activity log                  activities activity_view
    reading and writing in bulk   exports export_file imports
    writes of the Track API       track_operation write_queue drop_reasons
    bodies of the App API         send_validation collections suppressions optouts images
                                  studio_emails
    time                          planned_changes scheduler
    base                          columns errors ids
"""
