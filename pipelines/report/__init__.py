"""One page about the workspace, to look at, to print and to send: no script, no font, no network.

marts -> frames, of one state of the warehouse -> charts as SVG and tables -> page.html.j2 -> the file
"""

from pipelines.report.run import Written, report

__all__ = ["Written", "report"]
