"""`cio-elt privacy`: the rules by which data are hashed or dropped, and their use on stored rows."""

from functools import partial

import click

from pipelines.cli.command import DONE, PARTLY, WAIT, note, print_json, recorded_command


@click.command()
@click.option("--apply", "applies", is_flag=True, help="Apply the rules to rows that were stored before.")
@WAIT
@recorded_command
def privacy(*, applies: bool, wait_s: float, as_json: bool) -> int:
    """Show which personal data are hashed or dropped before they are stored, and how long others are kept.

    The rules are in warehouse/privacy.yml, or in the file that CIO_ELT_PRIVACY names. Syncs, backfills and
    exports apply them. With --apply, stored rows get them too, rows that are too old are deleted, the files
    are written anew, and so are the marts. Ends with 4 if rows are stored
    that lack the rules.
    """
    from pipelines.privacy import is_outdated, policy_of
    from pipelines.settings import read_settings

    settings = read_settings()
    policy = policy_of(settings)
    applied = None
    if applies:
        from pipelines.privacy.stored import apply_rules
        from pipelines.transform import transform

        build = partial(transform, settings, wait_s=wait_s, notify=note)
        applied = apply_rules(settings, build, wait_s=wait_s, notify=note)
    outdated = is_outdated(settings)
    if as_json:
        print_json(
            {
                "file": settings.cio_elt_privacy,
                "policy": policy.model_dump() if policy else None,
                "values_replaced": applied.values if applied else {},
                "rows_deleted": applied.deleted if applied else {},
                "outdated": outdated,
            }
        )
        return PARTLY if outdated else DONE
    from pipelines.cli.privacy_output import print_applied, print_policy

    if applied is not None:
        print_applied(applied)
    else:
        print_policy(settings.cio_elt_privacy, policy)
    if outdated:
        note("Rows that were loaded before do not have these rules; `cio-elt privacy --apply` applies them.")
    return PARTLY if outdated else DONE
