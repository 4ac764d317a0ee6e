"""The workspace's rules: each module reads or changes a Workspace as Customer.io does.

Every module takes a Workspace. Its name is Customer.io's noun, as in `wire/routes`, or its one pass.

    operations of the Track API   apply people identify devices segments merge events relationships
                                  delivery_reports
    calls of the App API          sends triggers audience snippets collections suppressions preferences
                                  senders content_edits optouts design_studio assets folders newsletters
    records as the API shows them views contents archive action_messages
    passes                        apply create_deliveries create_export run_import start_journeys
    time and tests                timeline admin
"""
