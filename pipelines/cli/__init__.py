"""The command line `cio-elt`: `main` has the commands, `output` prints tables and progress."""
