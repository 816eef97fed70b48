"""User pools: the set-up of a labeling team, and what protects the accounts in it."""

import base64
import hmac
import uuid

import jwt
import pytest
from botocore.exceptions import ClientError

from localaws.api import AwsError
from localaws.services.cognito import Cognito
from localaws.services.cognito.passwords import Attempts
from localaws.store import Store

TEMPORARY, PASSWORD = "Temporary#1", "Permanent#2"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:before-sign-up"


def refused(code: str):
    return pytest.raises(ClientError, match=code)


@pytest.fixture
def cognito(stand_in):
    return stand_in.client("cognito-idp")


@pytest.fixture
def pool(cognito) -> str:
    return cognito.create_user_pool(PoolName="labelers")["UserPool"]["Id"]


@pytest.fixture
def client(cognito, pool) -> dict:
    """A client with a secret, as Ground Truth's workforces need one."""
    return cognito.create_user_pool_client(UserPoolId=pool, ClientName="portal", GenerateSecret=True)[
        "UserPoolClient"
    ]


@pytest.fixture
def alice(cognito, pool) -> dict:
    """Invited with a temporary password, and in the group ``team``."""
    cognito.create_group(UserPoolId=pool, GroupName="team")
    who = {"UserPoolId": pool, "Username": "Alice"}
    cognito.admin_create_user(
        **who,
        TemporaryPassword=TEMPORARY,
        UserAttributes=[{"Name": "email", "Value": "alice@example.com"}],
        MessageAction="SUPPRESS",
    )
    cognito.admin_add_user_to_group(**who, GroupName="team")
    return who


def secret_hash(client: dict, username: str) -> str:
    text = username + client["ClientId"]
    return base64.b64encode(hmac.digest(client["ClientSecret"].encode(), text.encode(), "sha256")).decode()


def sign_in(cognito, client: dict, username: str, password: str, **changes) -> dict:
    parameters = {"USERNAME": username, "PASSWORD": password, "SECRET_HASH": secret_hash(client, username)}
    return cognito.initiate_auth(
        ClientId=client["ClientId"], AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters | changes
    )


def change_password(cognito, client: dict, session: str, username: str, password: str) -> dict:
    responses = {"USERNAME": username, "NEW_PASSWORD": password}
    return cognito.respond_to_auth_challenge(
        ClientId=client["ClientId"],
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=session,
        ChallengeResponses=responses | {"SECRET_HASH": secret_hash(client, username)},
    )


def claims(token: str) -> dict:
    return jwt.decode(token, options={"verify_signature": False})


def test_a_team_is_set_up_in_the_order_ground_truth_needs(cognito):
    pool = cognito.create_user_pool(
        PoolName="labelers",
        AutoVerifiedAttributes=["email"],
        AdminCreateUserConfig={"AllowAdminCreateUserOnly": True},
    )["UserPool"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool["Id"],
        ClientName="portal",
        GenerateSecret=True,
        AllowedOAuthFlows=["code", "implicit"],
        AllowedOAuthScopes=["email", "openid", "profile"],
        AllowedOAuthFlowsUserPoolClient=True,
        SupportedIdentityProviders=["COGNITO"],
        CallbackURLs=["https://127.0.0.1"],
        LogoutURLs=["https://127.0.0.1"],
    )["UserPoolClient"]
    domain = f"labelers-{uuid.uuid4().hex}"
    cognito.create_user_pool_domain(UserPoolId=pool["Id"], Domain=domain)
    cognito.create_group(UserPoolId=pool["Id"], GroupName="team")
    invite = {"InviteMessageTemplate": {"EmailSubject": "Label with us"}, "AllowAdminCreateUserOnly": True}
    cognito.update_user_pool(UserPoolId=pool["Id"], AdminCreateUserConfig=invite)
    who = {"UserPoolId": pool["Id"], "Username": "bob@example.com"}
    bob = cognito.admin_create_user(**who, DesiredDeliveryMediums=["EMAIL"])["User"]
    cognito.admin_add_user_to_group(**who, GroupName="team")

    described = cognito.describe_user_pool(UserPoolId=pool["Id"])["UserPool"]
    assert described["AdminCreateUserConfig"] == invite
    assert (described["Name"], described["Domain"]) == ("labelers", domain)
    assert described["EstimatedNumberOfUsers"] == 1
    assert cognito.describe_user_pool_domain(Domain=domain)["DomainDescription"]["UserPoolId"] == pool["Id"]
    assert pool["Arn"] == f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{pool['Id']}"
    found = cognito.describe_user_pool_client(UserPoolId=pool["Id"], ClientId=client["ClientId"])
    assert found["UserPoolClient"] == client
    assert (bob["UserStatus"], bob["Enabled"]) == ("FORCE_CHANGE_PASSWORD", True)
    members = cognito.list_users_in_group(UserPoolId=pool["Id"], GroupName="team")["Users"]
    assert [member["Username"] for member in members] == ["bob@example.com"]
    shown = {"Username", "Attributes", "UserCreateDate", "UserLastModifiedDate", "Enabled", "UserStatus"}
    assert set(bob) == set(members[0]) == shown, "nothing of the password"


def test_a_temporary_password_is_good_for_one_change_only(cognito, client, alice):
    challenge = sign_in(cognito, client, "Alice", TEMPORARY)
    assert challenge["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    with refused("InvalidPasswordException.*uppercase"):
        change_password(cognito, client, challenge["Session"], "Alice", "weak#123")
    changed = change_password(cognito, client, challenge["Session"], "Alice", PASSWORD)
    assert changed["AuthenticationResult"]["TokenType"] == "Bearer"
    with refused("NotAuthorizedException.*session"):
        change_password(cognito, client, challenge["Session"], "Alice", "Another#3")
    with refused("NotAuthorizedException.*Incorrect username or password"):
        sign_in(cognito, client, "Alice", TEMPORARY)
    assert "AuthenticationResult" in sign_in(cognito, client, "Alice", PASSWORD)
    assert cognito.admin_get_user(**alice)["UserStatus"] == "CONFIRMED"


def test_a_session_of_one_user_cannot_change_the_password_of_another(cognito, client, alice, pool):
    cognito.admin_create_user(UserPoolId=pool, Username="mallory", TemporaryPassword=TEMPORARY)
    session = sign_in(cognito, client, "mallory", TEMPORARY)["Session"]
    with refused("NotAuthorizedException"):
        change_password(cognito, client, session, "alice", PASSWORD)
    with refused("NotAuthorizedException"):
        change_password(cognito, client, session[:-4] + "AAAA", "mallory", PASSWORD)


def test_the_tokens_say_who_it_is_in_which_teams(cognito, client, alice):
    cognito.admin_set_user_password(**alice, Password=PASSWORD, Permanent=True)
    result = sign_in(cognito, client, "alice", PASSWORD)["AuthenticationResult"]
    identity, access = claims(result["IdToken"]), claims(result["AccessToken"])
    attributes = {item["Name"]: item["Value"] for item in cognito.admin_get_user(**alice)["UserAttributes"]}
    assert identity["sub"] == access["sub"] == attributes["sub"]
    assert identity["cognito:groups"] == access["cognito:groups"] == ["team"]
    assert (identity["aud"], identity["token_use"]) == (client["ClientId"], "id")
    assert (access["client_id"], access["token_use"]) == (client["ClientId"], "access")
    assert (identity["email"], identity["cognito:username"]) == ("alice@example.com", "Alice")
    assert identity["iss"] == f"https://cognito-idp.us-east-1.amazonaws.com/{alice['UserPoolId']}"
    assert identity["exp"] - identity["iat"] == result["ExpiresIn"] == 3600


def test_the_tokens_verify_with_the_published_key_and_no_other(tmp_path):
    store = Store(tmp_path / "state.sqlite3")
    tokens = Cognito(store).tokens
    token = tokens.sign(60, sub="alice")
    published = Cognito(store).json_web_keys()["keys"][0]  # by another instance, from the store
    assert jwt.decode(token, jwt.PyJWK(published), algorithms=["RS256"])["sub"] == "alice"
    assert tokens.read(token, sub="alice")["sub"] == "alice"
    foreign = Cognito(Store(tmp_path / "other.sqlite3")).tokens.sign(60, sub="alice")
    for refused_token in (foreign, token[:-4] + "AAAA", tokens.sign(-1, sub="alice"), "", "no.token.at-all"):
        assert tokens.read(refused_token) is None
    assert tokens.read(token, sub="bob") is None


def test_a_refresh_token_brings_new_tokens_until_the_user_is_disabled(cognito, client, alice):
    cognito.admin_set_user_password(**alice, Password=PASSWORD, Permanent=True)
    result = sign_in(cognito, client, "Alice", PASSWORD)["AuthenticationResult"]

    def refresh(token: str) -> dict:
        parameters = {"REFRESH_TOKEN": token, "SECRET_HASH": secret_hash(client, "Alice")}
        return cognito.initiate_auth(
            ClientId=client["ClientId"], AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=parameters
        )["AuthenticationResult"]

    fresh = refresh(result["RefreshToken"])
    assert claims(fresh["IdToken"])["sub"] == claims(result["IdToken"])["sub"]
    assert "RefreshToken" not in fresh
    with refused("NotAuthorizedException.*Invalid Refresh Token"):
        refresh(result["AccessToken"])
    cognito.admin_disable_user(**alice)
    with refused("NotAuthorizedException.*disabled"):
        refresh(result["RefreshToken"])
    with refused("NotAuthorizedException.*disabled"):
        sign_in(cognito, client, "Alice", PASSWORD)


def test_an_unknown_user_and_a_wrong_password_sound_the_same(cognito, client, alice):
    cognito.admin_set_user_password(**alice, Password=PASSWORD, Permanent=True)
    told = []
    for username in ("Alice", "nobody"):
        with refused("NotAuthorizedException") as caught:
            sign_in(cognito, client, username, "Guessed#1")
        told.append(caught.value.response["Error"]["Message"])
    assert told == ["Incorrect username or password."] * 2


def test_a_client_with_a_secret_must_prove_that_it_knows_it(cognito, client, alice):
    with refused("NotAuthorizedException.*SecretHash does not match"):
        sign_in(cognito, client, "Alice", TEMPORARY, SECRET_HASH=secret_hash(client, "Bob"))
    with refused("NotAuthorizedException.*SECRET_HASH was not received"):
        cognito.initiate_auth(
            ClientId=client["ClientId"],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "Alice", "PASSWORD": TEMPORARY},
        )


def test_guessing_passwords_is_stopped(cognito, client, alice):
    for _ in range(10):
        with refused("NotAuthorizedException"):
            sign_in(cognito, client, "Alice", "Guessed#1")
    with refused("TooManyRequestsException"):
        sign_in(cognito, client, "ALICE", TEMPORARY)


def test_a_pause_lets_a_user_try_again():
    attempts = Attempts(most=2, seconds=0.05)
    attempts.failed("alice")
    attempts.failed("alice")
    attempts.check("bob")
    with pytest.raises(AwsError, match="TooManyRequestsException"):
        attempts.check("alice")
    pause_is_over = False
    while not pause_is_over:
        try:
            attempts.check("alice")
            pause_is_over = True
        except AwsError:
            continue


def test_an_administrator_signs_users_in_and_answers_for_them(cognito, client, alice):
    parameters = {"USERNAME": "Alice", "PASSWORD": TEMPORARY, "SECRET_HASH": secret_hash(client, "Alice")}
    who = {"UserPoolId": alice["UserPoolId"], "ClientId": client["ClientId"]}
    challenge = cognito.admin_initiate_auth(
        **who, AuthFlow="ADMIN_USER_PASSWORD_AUTH", AuthParameters=parameters
    )
    responses = {"USERNAME": "Alice", "NEW_PASSWORD": PASSWORD, "SECRET_HASH": parameters["SECRET_HASH"]}
    result = cognito.admin_respond_to_auth_challenge(
        **who,
        ChallengeName=challenge["ChallengeName"],
        Session=challenge["Session"],
        ChallengeResponses=responses,
    )
    assert claims(result["AuthenticationResult"]["IdToken"])["cognito:username"] == "Alice"
    with refused("InvalidParameterException.*ADMIN_USER_PASSWORD_AUTH"):
        cognito.initiate_auth(
            ClientId=client["ClientId"], AuthFlow="ADMIN_USER_PASSWORD_AUTH", AuthParameters=parameters
        )


def test_letter_case_does_not_make_another_user(cognito, client, alice, pool):
    with refused("UsernameExistsException"):
        cognito.admin_create_user(UserPoolId=pool, Username="ALICE")
    assert cognito.admin_get_user(UserPoolId=pool, Username="aLICE")["Username"] == "Alice"


@pytest.mark.parametrize(
    "password, missing",
    [("Short#1", "long"), ("no#capital1", "upper"), ("NO#SMALL1", "lower"), ("No#number", "numeric")]
    + [("NoSymbol1", "symbol")],
)
def test_a_weak_password_is_refused_with_the_reason(cognito, alice, password, missing):
    with refused(f"InvalidPasswordException.*{missing}"):
        cognito.admin_set_user_password(**alice, Password=password, Permanent=True)


def test_a_pool_has_the_password_policy_it_was_made_with(cognito):
    policy = {"PasswordPolicy": {"MinimumLength": 12, "RequireNumbers": True}}
    pool = cognito.create_user_pool(PoolName="strict", Policies=policy)["UserPool"]["Id"]
    who = {"UserPoolId": pool, "Username": "bob"}
    cognito.admin_create_user(**who)
    with refused("InvalidPasswordException.*12 characters"):
        cognito.admin_set_user_password(**who, Password="short1", Permanent=True)
    cognito.admin_set_user_password(**who, Password="only-small-letters-and-1", Permanent=True)


def test_what_exists_already_or_not_at_all_has_awss_error_codes(cognito, alice, pool):
    for code, call, params in (
        ("GroupExistsException", cognito.create_group, {"UserPoolId": pool, "GroupName": "team"}),
        ("UsernameExistsException", cognito.admin_create_user, alice),
        ("UserNotFoundException", cognito.admin_get_user, {"UserPoolId": pool, "Username": "nobody"}),
        ("ResourceNotFoundException", cognito.get_group, {"UserPoolId": pool, "GroupName": "no"}),
        ("ResourceNotFoundException", cognito.describe_user_pool, {"UserPoolId": "us-east-1_none"}),
        ("ResourceNotFoundException", cognito.admin_add_user_to_group, alice | {"GroupName": "no"}),
    ):
        with pytest.raises(ClientError) as caught:
            call(**params)
        assert caught.value.response["Error"]["Code"] == code


def test_what_the_stand_in_cannot_honour_is_refused_by_name(cognito):
    with refused("not implemented by the stand-in: UsernameAttributes of CreateUserPool"):
        cognito.create_user_pool(PoolName="aliases", UsernameAttributes=["email"])
    with refused("not implemented by the stand-in: LambdaConfig of CreateUserPool"):
        cognito.create_user_pool(PoolName="triggers", LambdaConfig={"PreSignUp": FUNCTION})


def test_members_come_and_go_without_touching_other_groups(cognito, alice, pool):
    cognito.create_group(UserPoolId=pool, GroupName="experts")
    cognito.admin_add_user_to_group(**alice, GroupName="experts")
    cognito.admin_add_user_to_group(**alice, GroupName="experts")  # once more is no error

    def groups() -> list[str]:
        return [group["GroupName"] for group in cognito.admin_list_groups_for_user(**alice)["Groups"]]

    assert groups() == ["experts", "team"]
    cognito.admin_remove_user_from_group(**alice, GroupName="team")
    assert groups() == ["experts"]
    cognito.delete_group(UserPoolId=pool, GroupName="experts")
    assert groups() == []
    assert [group["GroupName"] for group in cognito.list_groups(UserPoolId=pool)["Groups"]] == ["team"]


def test_lists_of_users_come_in_pages_and_by_attribute(cognito, alice, pool):
    for number in range(3):
        who = {"UserPoolId": pool, "Username": f"worker-{number}"}
        cognito.admin_create_user(
            **who, UserAttributes=[{"Name": "email", "Value": f"worker-{number}@example.com"}]
        )
        cognito.admin_add_user_to_group(**who, GroupName="team")
    everybody = ["Alice", "worker-0", "worker-1", "worker-2"]
    for operation, params in (("list_users", {}), ("list_users_in_group", {"GroupName": "team"})):
        pages = cognito.get_paginator(operation).paginate(
            UserPoolId=pool, PaginationConfig={"PageSize": 3}, **params
        )
        assert [user["Username"] for page in pages for user in page["Users"]] == everybody
    for filter_text, names in {
        'email = "worker-1@example.com"': ["worker-1"],
        'username ^= "worker"': everybody[1:],
        'status = "Disabled"': [],
    }.items():
        users = cognito.list_users(UserPoolId=pool, Filter=filter_text)["Users"]
        assert [user["Username"] for user in users] == names


def test_a_deleted_user_leaves_the_team_and_a_new_one_of_the_name_is_somebody_else(cognito, alice, pool):
    before = cognito.admin_get_user(**alice)["UserAttributes"]
    cognito.admin_delete_user(**alice)
    assert cognito.list_users_in_group(UserPoolId=pool, GroupName="team")["Users"] == []
    cognito.admin_create_user(**alice)
    assert cognito.admin_list_groups_for_user(**alice)["Groups"] == []
    assert cognito.admin_get_user(**alice)["UserAttributes"] != before


def test_an_update_keeps_the_secret_and_sets_what_it_does_not_name_back(cognito, client, pool):
    who = {"UserPoolId": pool, "ClientId": client["ClientId"]}
    callbacks = ["http://127.0.0.1:8000/callback"]
    cognito.update_user_pool_client(**who, CallbackURLs=callbacks, RefreshTokenValidity=5)
    updated = cognito.update_user_pool_client(**who, CallbackURLs=callbacks)["UserPoolClient"]
    assert (updated["ClientSecret"], updated["ClientName"]) == (client["ClientSecret"], "portal")
    assert (updated["CallbackURLs"], updated["RefreshTokenValidity"]) == (callbacks, 30)


def test_a_pool_with_a_domain_is_not_deleted_by_mistake(cognito, alice, client, pool):
    domain = f"domain-{uuid.uuid4().hex}"
    cognito.create_user_pool_domain(UserPoolId=pool, Domain=domain)
    with refused("InvalidParameterException.*domain"):
        cognito.create_user_pool_domain(UserPoolId=pool, Domain=f"{domain}-2")
    with refused("InvalidParameterException.*domain configured"):
        cognito.delete_user_pool(UserPoolId=pool)
    cognito.delete_user_pool_domain(UserPoolId=pool, Domain=domain)
    cognito.delete_user_pool(UserPoolId=pool)
    with refused("ResourceNotFoundException"):
        sign_in(cognito, client, "Alice", TEMPORARY)
    pools = cognito.get_paginator("list_user_pools").paginate(MaxResults=60)
    assert pool not in [entry["Id"] for page in pools for entry in page["UserPools"]]


def test_passwords_keys_and_sessions_survive_a_killed_server(own_stand_in):
    cognito = own_stand_in.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="labelers")["UserPool"]["Id"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="portal", GenerateSecret=True)
    client = client["UserPoolClient"]
    cognito.admin_create_user(UserPoolId=pool, Username="alice", TemporaryPassword=TEMPORARY)
    session = sign_in(cognito, client, "alice", TEMPORARY)["Session"]
    own_stand_in.kill()
    own_stand_in.start()
    cognito = own_stand_in.client("cognito-idp")
    assert "AuthenticationResult" in change_password(cognito, client, session, "alice", PASSWORD)
    assert "AuthenticationResult" in sign_in(cognito, client, "alice", PASSWORD)
