"""From what was loaded to what is asked: the dbt project in `warehouse/`, built, tested and published.

    copy the warehouse -> notice changes of shape -> build and test the copy -> it takes the warehouse's place

Everything happens in a copy. So a build that fails, or is killed, leaves the warehouse as it was, and nobody
ever sees some tables of one build beside some of another.
"""

from pipelines.transform.building import Node
from pipelines.transform.drift import Change
from pipelines.transform.run import TransformResult, transform

__all__ = ["Change", "Node", "TransformResult", "transform"]
