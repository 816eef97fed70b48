"""Cognito user pools: who may label. Users, groups, passwords, sign-in and tokens."""

from localaws.api import Identity
from localaws.services.cognito.directory import Directory
from localaws.services.cognito.groups import Groups
from localaws.services.cognito.pools import Pools
from localaws.services.cognito.sign_in import SignIn
from localaws.services.cognito.tokens import Tokens
from localaws.services.cognito.users import Users
from localaws.store import Store


class Cognito:
    """``Service("cognito-idp", *cognito.implementations)``."""

    def __init__(self, store: Store, identity: Identity = Identity()):
        directory = Directory(store)
        self.tokens = Tokens(store, identity)
        self.implementations = [
            Pools(directory, identity),
            Users(directory),
            Groups(directory),
            SignIn(directory, self.tokens),
        ]

    def json_web_keys(self) -> dict:
        """What Cognito serves at /<user pool>/.well-known/jwks.json: the key that verifies the tokens."""
        return self.tokens.json_web_keys()
