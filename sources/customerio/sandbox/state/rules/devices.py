"""Devices of people, which push messages go to."""

from sources.customerio.sandbox.state.rules.people import must_exist
from sources.customerio.sandbox.state.store.drop_reasons import FAILED_ATTRIBUTES
from sources.customerio.sandbox.state.store.people import Record
from sources.customerio.sandbox.state.store.track_operation import Op
from sources.customerio.sandbox.state.workspace import Workspace


def add_device(workspace: Workspace, op: Op, at: int) -> str:
    """Add a device to a person, or update it; a new attribute leaves the device's others as they are."""
    person, device = must_exist(workspace, op, FAILED_ATTRIBUTES), op["device"]
    held: Record = next((row for row in person.devices or () if row["id"] == device["token"]), {})
    known = {
        "id": device["token"],
        "last_used": device.get("last_used") or at,
        "platform": device["platform"],
        "attributes": {
            "_last_status": "",
            **(held.get("attributes") or {}),
            **(device.get("attributes") or {}),
        },
    }
    others = [row for row in person.devices or () if row["id"] != device["token"]]
    person.devices = [*others, known]
    workspace.activities.append("device_change", at, person.number, {"device_id": device["token"]})
    return ""


def delete_device(workspace: Workspace, op: Op, at: int) -> str:
    """Delete a device of a person; returns a note if the person has no such device."""
    person, token = must_exist(workspace, op), op["device"]["token"]
    if all(row["id"] != token for row in person.devices or ()):
        return "the person has no such device"
    person.devices = [row for row in person.devices or () if row["id"] != token]
    workspace.activities.append("device_change", at, person.number, {"device_id": token})
    return ""
