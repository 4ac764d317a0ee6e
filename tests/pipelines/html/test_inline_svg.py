"""Small charts within a table row are drawn to scale, with a text for screen readers."""

from pipelines.html.inline_svg import interval, sparkline


def test_an_interval_is_drawn_to_scale() -> None:
    """Half of the scale is the middle of the drawing; values beyond the scale are drawn at its end."""
    drawn = interval(0.25, 0.2, 0.9, 0.5)

    assert 'cx="44.0"' in drawn
    assert 'x1="35.8" x2="85.0"' in drawn
    assert 'aria-label="20.0 % to 90.0 %"' in drawn
    assert "" == interval(None, None, None, 0.5)


def test_a_sparkline_begins_and_ends_with_its_values() -> None:
    """The highest value is at the top, zero at the bottom, and a dot is at the last one."""
    drawn = sparkline([0, 10, 5], "sent")

    assert 'points="3.0,19.0 48.0,3.0 93.0,11.0"' in drawn
    assert 'cx="93.0" cy="11.0"' in drawn
    assert 'aria-label="sent, at most 10"' in drawn
    assert 'd="M3 3V19H93"' in drawn
    assert '<span class="top" aria-hidden="true">10</span>' in drawn
    assert "3.0,19.0 93.0,19.0" in sparkline([0, 0], "nothing")
