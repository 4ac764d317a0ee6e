"""HTTP: one application with the catalogue's operations, the storage host and the control routes.

`app` puts everything together; `routes` answers operations, one module a noun of Customer.io; `http` has
what every answer needs. Imports go in that order and never back.
"""
