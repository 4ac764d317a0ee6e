"""The command line `cio-elt`, and the only package that prints.

A module for each group of commands, `*_output` modules that print their results, `command` for exit codes
and `--json`, and `tables` for the consoles and the format of tables.
"""
