"""Reporting webhooks: what happens in the workspace, posted to the endpoints that ask for it.

events     the events of a stretch of time, as a webhook's bodies
backlog    one webhook's events that wait, and when each is tried
post       one signed request
reporter   all webhooks of a workspace
"""
