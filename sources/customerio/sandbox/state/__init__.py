"""The workspace: its data, its rules, and the rows that tests compare with. It knows no HTTP and no world.

    truth/         the rows of every table at one instant, for tests
    rules/         takes a Workspace: changes or reads it as Customer.io does
    workspace.py   the Workspace: all the data at one instant, and changes with effects on several parts of it
    store/         data that knows no Workspace: what is stored, its ids, its views and its validation

A layer imports those below it alone, and no two modules import each other. To find a name: a function that
takes a Workspace is in `rules` (or `truth`, if only tests need it), everything else in `store`.
"""
