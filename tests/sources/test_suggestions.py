"""Suggestions for a name that is unknown."""

from sources.suggestions import did_you_mean, did_you_mean_or_all

NAMES = ("campaigns", "campaign_actions", "segments", "Name")


def test_similar_names_are_suggested() -> None:
    """Up to three names, the most similar first, in their own spelling; case is ignored."""
    assert did_you_mean("campains", NAMES) == " Did you mean campaigns or campaign_actions?"
    assert did_you_mean("nam", NAMES) == " Did you mean Name?"
    assert did_you_mean("SEGMENT", NAMES) == " Did you mean segments?"


def test_an_unlike_name_gets_no_suggestion_or_all_names() -> None:
    """Nothing is guessed; the longer form lists what there is."""
    assert did_you_mean("qqq", NAMES) == ""
    assert did_you_mean_or_all("qqq", iter(NAMES)) == (
        " There are campaigns, campaign_actions, segments, Name."
    )
    assert did_you_mean_or_all("segmets", iter(NAMES)) == " Did you mean segments?"
