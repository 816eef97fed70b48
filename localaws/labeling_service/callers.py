"""Whose requests are accepted: those that are signed with a key that this service knows."""

import hmac
from typing import Any

from localaws.home import Credentials


class Callers:
    """AWS tells nobody's secret key, so only two pairs can be verified: the one that lies in the service's
    folder, and the one that the service itself calls AWS with."""

    def __init__(self, own: Credentials, session: Any):
        """``session`` is boto3's, which renews keys that expire."""
        self.own = own
        self.session = session

    def secret_of(self, access_key: str, token: str | None) -> str | None:
        """For the Verifier: None for keys that are not known, and for a token that is not the key's."""
        if access_key == self.own.access_key:
            return self.own.secret_key
        keys = self.session.get_credentials().get_frozen_credentials()
        same_token = hmac.compare_digest((token or "").encode(), (keys.token or "").encode())
        return keys.secret_key if access_key == keys.access_key and same_token else None
