"""Two pushes that write one attribute need an owner; the other leaves the attribute out and says so."""

from typing import Any

import pytest

from pipelines.errors import InvalidSpec
from pipelines.push import PushOptions, PushSpec, push, validate
from pipelines.push.plan.owners import with_owners
from tests.pipelines.push.audit.test_run import audited
from tests.pipelines.push.conftest import Pushing, Row

_PERSON: dict[str, Any] = {
    "object": "person", "mode": "upsert", "person": {"id": "user_id"},
    "fields": {"plan": "text", "seats": "integer"},
}  # fmt: skip
_ROWS: list[Row] = [{"user_id": "u1", "plan": "mine", "seats": 1}]


def _two(pushing: Pushing, one: dict[str, Any], other: dict[str, Any]) -> tuple[PushSpec, PushSpec]:
    """The pushes `crm` and `shop`, which both write the attribute plan, with these keys more."""
    shop: list[Row] = [{"mail": "u1@example.com", "plan": "theirs"}]
    return (
        pushing.declare("crm", _ROWS, **{**_PERSON, **one}),
        pushing.declare(
            "shop", shop, object="person", mode="upsert", person={"email": "mail"},
            **{"fields": {"plan": "text"}, **other},
        ),
    )  # fmt: skip


def test_validate_plan_and_run_refuse_two_writers(shared: Pushing) -> None:
    """Without an owner both pushes are refused by name, before anything is sent."""
    for spec in _two(shared, {}, {}):
        for refused in (
            lambda each: validate(shared.settings, each, shared.folder),
            shared.plan,
            shared.push,
        ):
            with pytest.raises(InvalidSpec, match=r"(crm|shop) and (crm|shop) both write plan of people"):
                refused(spec)
    assert 0 == shared.requests()


def test_two_owners_are_refused(shared: Pushing) -> None:
    """An attribute has one owner."""
    crm, _ = _two(shared, {"owns": ["plan"]}, {"owns": ["plan"]})
    with pytest.raises(InvalidSpec, match="both say that they own plan"):
        with_owners(shared.settings, crm, shared.folder)


@pytest.mark.proof
def test_the_other_push_leaves_the_attribute_out(pushing: Pushing) -> None:
    """The owner writes the attribute; the other writes its others, and its plan names the owner."""
    crm, shop = _two(pushing, {}, {"owns": ["plan"]})
    plan = pushing.plan(crm)
    assert {"plan": "shop"} == plan.left_out
    assert {} == pushing.plan(shop).left_out
    pushing.push(crm)
    assert {"seats": "1"} == {
        name: value for name, value in pushing.people()["u1"].items() if name in ("plan", "seats")
    }
    crm, _ = _two(pushing, {"owns": ["plan"]}, {})
    assert 1 == pushing.push(crm).plan.counts["change"]
    assert "mine" == pushing.people()["u1"]["plan"]


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param({"unmapped": "send", "fields": {}}, id="a column that is sent by its SQL type"),
        pytest.param({"fields": {"plan": {"type": "text", "column": "plan"}}}, id="a column of that name"),
    ],
)
def test_attributes_are_compared_as_they_are_sent(shared: Pushing, keys: dict[str, Any]) -> None:
    """Columns that are sent by their SQL type are attributes, too."""
    crm, shop = _two(shared, {}, keys)
    with pytest.raises(InvalidSpec, match="both write plan"):
        with_owners(shared.settings, crm, shared.folder)
    crm, shop = _two(shared, {"owns": ["plan"]}, keys)
    assert {"plan": "crm"} == {
        name: each.owner for name, each in with_owners(shared.settings, shop, shared.folder).left_out.items()
    }
    assert 0 == shared.plan(shop).counts["invalid"]


def test_pushes_that_share_no_record_need_no_owner(shared: Pushing) -> None:
    """Events, other object types and files that are no specs are left alone."""
    what = {"object": "object", "mode": "upsert", "object_id": "c", "fields": {"plan": "text"}}
    rows: list[Row] = [{"c": "c1", "plan": "x"}]
    one = shared.declare("ones", rows, object_type_id="1", **what)
    shared.declare("twos", rows, object_type_id="2", **what)
    (shared.folder / "broken.yml").write_text("sync: [")
    crm, _ = _two(shared, {"owns": ["plan"]}, {})
    assert one == with_owners(shared.settings, one, shared.folder)
    assert {} == with_owners(shared.settings, crm, shared.folder).left_out


def test_what_is_owned_is_written(shared: Pushing) -> None:
    """A push owns only attributes that it writes, and events own none."""
    with pytest.raises(InvalidSpec, match="owns mail, which is not among its fields"):
        _two(shared, {"owns": ["mail"]}, {})


@pytest.mark.proof
def test_an_audit_leaves_out_what_another_push_owns(pushing: Pushing) -> None:
    """A value that another push owns is no drift; each change back by another folder's push is found."""
    crm, _ = _two(pushing, {}, {"owns": ["plan"]})
    pushing.push(crm)
    pushing.sandbox.edit("people", "u1", plan="theirs")
    assert audited(pushing, crm).complete
    assert audited(pushing, crm, repair=True).complete
    (pushing.folder / "shop.yml").unlink()
    other = pushing.folder / "elsewhere"
    other.mkdir()
    sql = "SELECT 'u1' AS user_id, 'b' AS plan, 1 AS seats"
    model = crm.model.model_copy(update={"sql": sql})
    theirs = crm.model_copy(update={"sync": "theirs", "model": model})
    pushing.push(crm)
    for turn in range(2):
        push(pushing.settings, theirs, folder=other, options=PushOptions(full=True))
        findings = audited(pushing, crm, repair=True).findings
        assert {"changed": 1} == findings.counts
        assert ({"plan": 1} if turn else {}) == findings.returned
