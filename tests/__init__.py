"""Tests mirror the folders of the code; `bench` measures instead."""
