"""The access file: what its text declares, and that nothing in it is overlooked."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from support.issuer import ec_key
from wharfinger.domain import access_file
from wharfinger.domain.access_file import AccessFileInvalid, Files
from wharfinger.domain.declared import Change, Declared, changes

ACCOUNT = "123456789012"
OTHER = "210987654321"
SECRET = "s3cret-of-20-letters-or-more"
PULL = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ecr:BatchGetImage", "Resource": "*"}}
TRUST = {"Statement": {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}}


def read(text: str, files: Mapping[str, str] | None = None) -> Declared:
    def from_file(name: str) -> str:
        if name not in (files or {}):
            raise ValueError(f"the file {name} cannot be read")
        return (files or {})[name]

    return access_file.read(text, ACCOUNT, Files(from_file, from_file))


def refusal(text: str, files: Mapping[str, str] | None = None) -> str:
    with pytest.raises(AccessFileInvalid) as caught:
        read(text, files)
    return str(caught.value)


def test_a_user_needs_two_lines() -> None:
    found = read('[users.alice]\npolicies = ["AmazonEC2ContainerRegistryReadOnly"]')
    [alice] = found.principals.values()
    assert (alice.account, alice.kind, alice.name) == (ACCOUNT, "user", "alice")
    assert alice.policies == ("AmazonEC2ContainerRegistryReadOnly",)


def test_an_empty_file_declares_nothing() -> None:
    assert read("") == Declared({}, {}, {}, {})


def test_a_role_has_its_trust_term_and_tags() -> None:
    text = f"""
        [roles.deploy]
        trust = '{json.dumps(TRUST)}'
        longest_session = 1800
        tags = {{ team = "web" }}
    """
    [role] = read(text).principals.values()
    assert (role.kind, role.session_term, role.tags) == ("role", 1_800_000, {"team": "web"})
    assert role.trust is not None
    assert json.loads(role.trust) == TRUST


@pytest.mark.parametrize(
    "written",
    [
        '[policies.pull.Statement]\nEffect = "Allow"\nAction = "ecr:BatchGetImage"\nResource = "*"',
        f"[policies]\npull = '{json.dumps(PULL)}'",
        '[policies]\npull = { file = "pull.json" }',
    ],
    ids=["table", "text", "file"],
)
def test_a_policy_is_a_table_a_text_or_a_file(written: str) -> None:
    [policy] = read(written, {"pull.json": json.dumps(PULL)}).policies.values()
    assert (policy.account, policy.name, json.loads(policy.document)) == (ACCOUNT, "pull", PULL)


def test_a_user_may_have_a_policy_of_the_file() -> None:
    text = f"""
        [users.alice]
        policies = ["pull", "AdministratorAccess", "pull"]
        [policies]
        pull = '{json.dumps(PULL)}'
    """
    [alice] = read(text).principals.values()
    assert alice.policies == ("AdministratorAccess", "pull")


def test_a_key_has_its_secret_in_a_file_of_its_own_and_shows_it_to_nobody() -> None:
    text = '[users.ci]\nkeys = [{ id = "CI00000000000000KEY1", secret_file = "ci" }]'
    found = read(text, {"ci": SECRET + "\n"})
    [key] = found.keys.values()
    assert (key.id, key.account, key.user, key.secret) == ("CI00000000000000KEY1", ACCOUNT, "ci", SECRET)
    assert SECRET not in repr(found)


def test_a_provider_has_audiences_and_may_have_keys() -> None:
    text = """
        [identity_providers]
        "https://token.actions.githubusercontent.com" = { audiences = ["sts.amazonaws.com"] }
        "https://kubernetes.default.svc" = { audiences = ["registry"], keys_file = "jwks.json" }
    """
    keys = json.dumps({"keys": [ec_key().public]})
    github, kubernetes = read(text, {"jwks.json": keys}).providers.values()
    assert (github.issuer, github.audiences) == ("https://token.actions.githubusercontent.com", ("sts.amazonaws.com",))
    assert (github.keys, kubernetes.keys) == (None, keys)


def test_other_accounts_have_tables_of_their_own() -> None:
    text = f"""
        [users.alice]
        [accounts.{OTHER}.users.alice]
        policies = ["all"]
        [accounts.{OTHER}.policies]
        all = '{json.dumps(PULL)}'
    """
    found = read(text)
    assert [one.account for one in found.principals.values()] == [ACCOUNT, OTHER]
    assert [one.account for one in found.policies.values()] == [OTHER]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("users = [", "it is no TOML"),
        ("[user.alice]", "unknown field `user`"),
        ('[users.alice]\npolicy = ["pull"]', "users.alice: the table contains unknown field `policy`"),
        ("[users.alice]\npolicies = 3", "users.alice: Expected `array`, got `int` at `policies`"),
        ('[users."a b"]', "users.a b: a name is"),
        ('[users.alice]\npolicies = ["pull"]', "users.alice: there is no policy 'pull'"),
        ("[users.alice]\ntags = { a = 1 }", "users.alice: Expected `str`, got `int`"),
        ("[users.alice]\npolicies = [" + '"AdministratorAccess",' * 21 + "]", "users.alice: Expected"),
        ('[users.alice]\nkeys = [{ id = "x", secret_file = "s" }]', "users.alice: Expected `str` matching"),
        ('[users.alice]\nkeys = [{ id = "KEY0000000000000", secret = "s" }]', "unknown field `secret`"),
        ("[roles.deploy]", "roles.deploy: the table missing required field `trust`"),
        ("[roles.deploy]\ntrust = 3", "roles.deploy.trust: a policy is a table"),
        ('[roles.deploy]\ntrust = "{}"\nlongest_session = 5', "roles.deploy: Expected `int` >= 900"),
        ('[roles.deploy]\ntrust = "{}"', "roles.deploy.trust: Statement"),
        ('[policies]\nAdministratorAccess = "{}"', "policies.AdministratorAccess: this policy is built in"),
        ('[policies.pull.Statement]\nEffect = "Alow"', "policies.pull: Statement[0].Effect"),
        ('[policies]\npull = { file = "none.json" }', "policies.pull: the file none.json cannot be read"),
        ("[accounts.12.users.alice]", "accounts.12: an account is 12 digits"),
        (f"[accounts.{ACCOUNT}.users.alice]", f"accounts.{ACCOUNT}: the default account needs no table"),
        (f"[accounts.{OTHER}.accounts]", f"accounts.{OTHER}: the table contains unknown field `accounts`"),
        (f"[accounts.{OTHER}.users.alice]\npolicies = ['x']", f"accounts.{OTHER}.users.alice: there is no policy"),
        ('[identity_providers."http://x.example"]\naudiences = ["a"]', "begins with https://"),
        ('[identity_providers."https://x.example"]\naudiences = []', "Expected `array` of length >= 1"),
        (
            '[identity_providers."https://x.example"]\naudiences = ["a"]\nkeys_file = "weak"',
            "the keys cannot be used: it is no JSON Web Key Set",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(text: str, told: str) -> None:
    assert told in refusal(text, {"weak": "short"})


def test_a_policy_of_another_account_is_none_of_this_one() -> None:
    text = f"[users.alice]\npolicies = ['all']\n[accounts.{OTHER}.policies]\nall = '{json.dumps(PULL)}'"
    assert "users.alice: there is no policy 'all'" in refusal(text)


def test_a_weak_secret_is_refused_without_repeating_it() -> None:
    told = refusal('[users.ci]\nkeys = [{ id = "KEY0000000000000", secret_file = "s" }]', {"s": "hunter2"})
    assert told.startswith("users.ci: the secret of KEY0000000000000 has to be 20 to 128")
    assert "hunter2" not in told


def test_a_key_belongs_to_one_user() -> None:
    key = 'keys = [{ id = "KEY0000000000000", secret_file = "s" }]'
    told = refusal(f"[users.a]\n{key}\n[accounts.{OTHER}.users.b]\n{key}", {"s": SECRET})
    assert told == "the access key KEY0000000000000 is there 2 times"


# --- what is to be done ---------------------------------------------------------------------------------------


def done(before: str, after: str) -> list[str]:
    files = {"one": SECRET, "two": SECRET[::-1]}
    return [str(change) for change in changes(read(before, files), read(after, files))]


def test_the_same_needs_nothing() -> None:
    text = f"[users.alice]\ntags = {{ a = '1', b = '2' }}\n[policies]\npull = '{json.dumps(PULL)}'"
    assert done(text, text.replace("a = '1', b = '2'", "b = '2', a = '1'")) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("", "[users.a]", ["user a is new"]),
        ("[users.a]", "", ["user a is gone"]),
        ("[users.a]", '[users.a]\npolicies = ["AdministratorAccess"]', ["user a is changed"]),
        ("[users.a]", "[users.b]", ["user a is gone", "user b is new"]),
        ("[users.a]", f"[accounts.{OTHER}.users.a]", ["user a is gone", "user a is new"]),
        (
            '[users.a]\nkeys = [{ id = "KEY0000000000000", secret_file = "one" }]',
            '[users.a]\nkeys = [{ id = "KEY0000000000000", secret_file = "two" }]',
            ["access key KEY0000000000000 is changed"],
        ),
        (
            '[identity_providers."https://x.example"]\naudiences = ["a"]',
            '[identity_providers."https://x.example"]\naudiences = ["b"]',
            ["identity provider https://x.example is changed"],
        ),
    ],
)
def test_a_difference_is_named(before: str, after: str, told: list[str]) -> None:
    assert done(before, after) == told


def test_a_policy_comes_before_its_users_and_goes_after_them() -> None:
    policy = f"[policies]\npull = '{json.dumps(PULL)}'\n"
    with_all = policy + '[users.a]\npolicies = ["pull"]'
    assert done("", with_all) == ["policy pull is new", "user a is new"]
    assert done(with_all, "") == ["user a is gone", "policy pull is gone"]


def test_a_change_never_shows_a_secret() -> None:
    files = {"one": SECRET}
    wanted = read('[users.a]\nkeys = [{ id = "KEY0000000000000", secret_file = "one" }]', files)
    made: list[Change] = changes(read(""), wanted)
    assert SECRET not in repr(made)
