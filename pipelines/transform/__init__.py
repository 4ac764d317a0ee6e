"""The transform: builds, tests and publishes the marts of the dbt project in `warehouse/`.

    copy the warehouse -> record schema drift -> build and test the copy -> replace the warehouse -> publish

The build works on a copy. So a build that fails or is killed leaves the warehouse unchanged, and a reader
never sees tables of two builds side by side.
"""

from pipelines.transform.dbt import Node
from pipelines.transform.run import UNCHANGED, TransformResult, transform
from pipelines.transform.schema_drift import Change

__all__ = ["UNCHANGED", "Change", "Node", "TransformResult", "transform"]
