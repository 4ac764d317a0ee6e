"""The parts that all HTML pages of this project share: the document, its style, formats and small charts.

    document.html.j2   the template that each page extends: head, header, main, footer
    document.css       colours for light and dark, tables for desktop, phone and paper
    formats            numbers and times as text: the filters of the templates
    inline_svg         charts within a row of a table
    template           the environment in which templates are rendered

A page needs no script and nothing from a network.
"""
