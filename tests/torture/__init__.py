"""Schedules of commands against a workspace that changes and answers oddly, each judged by the truth.

    schedule -> for each step: events, faults, command, judgement -> faults off, clean syncs, last judgement

A schedule is drawn from a seed. `python -m tests.torture SEED` runs one again and prints its steps.
"""
