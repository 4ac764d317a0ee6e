"""Privacy: which personal data are hashed or dropped before they are stored, and how long others are kept.

    policy     the file of the rules, and the key of the hashes
    stored     applies the rules to rows that were stored before
    retention  deletes what is older than the file says

Rows have the rules applied where they are extracted, and exports while they are downloaded, by
`sources.customerio.extract.privacy`.
"""

from pipelines.privacy.policy import Policy, Retention, is_outdated, policy_of, privacy_of

__all__ = ["Policy", "Retention", "is_outdated", "policy_of", "privacy_of"]
