"""The credentials of a sandbox, derived from its seed: they stay the same after a restart."""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b, sha256
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Keys:
    """The credentials of the two APIs, and the secret that signs download links."""

    app_api_key: str
    track_site_id: str
    track_api_key: str
    link_secret: str

    @classmethod
    def of(cls, seed: int) -> "Keys":
        """The keys of a seed."""

        def key(name: str, size: int) -> str:
            return blake2b(f"{name}:{seed}".encode(), digest_size=size).hexdigest()

        return cls(
            app_api_key=key("app", 16),
            track_site_id=key("site", 10),
            track_api_key=key("track", 10),
            link_secret=key("link", 32),
        )

    def rotated(self, api: Literal["app", "track"]) -> "Keys":
        """The keys after those of one API were replaced: the earlier ones are refused from now on."""

        def following(key: str) -> str:
            return blake2b(key.encode(), digest_size=len(key) // 2).hexdigest()

        if api == "app":
            return replace(self, app_api_key=following(self.app_api_key))
        return replace(
            self, track_site_id=following(self.track_site_id), track_api_key=following(self.track_api_key)
        )

    def allows_app(self, headers: Mapping[str, str]) -> bool:
        """True if the headers have the App API key, as Bearer."""
        return headers.get("authorization") == f"Bearer {self.app_api_key}"

    def allows_track(self, headers: Mapping[str, str]) -> bool:
        """True if the headers have the Track API's site id and key, as Basic."""
        pair = base64.b64encode(f"{self.track_site_id}:{self.track_api_key}".encode()).decode()
        return headers.get("authorization") == f"Basic {pair}"

    def sign(self, export_id: int, expires: int) -> str:
        """The signature of the download link of an export that expires at a Unix time."""
        return hmac.new(self.link_secret.encode(), f"{export_id}:{expires}".encode(), sha256).hexdigest()
