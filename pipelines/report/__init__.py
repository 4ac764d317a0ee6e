"""Writes one HTML page about the workspace; it has no script, no font and no request to the network.

marts -> queries -> frames of one state of the warehouse -> charts and tables -> page.html.j2 -> the file
"""

from pipelines.report.run import Written, report

__all__ = ["Written", "report"]
