"""The access file: users, roles, policies and identity providers, written down by whoever runs the server.

Its text becomes values that can be compared with what is there. A user needs two lines:

    [users.alice]
    policies = ["AmazonEC2ContainerRegistryReadOnly"]
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, Final, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

from wharfinger.domain import policy, principals, webtokens
from wharfinger.domain.declared import AccessKey, Declared, IdentityPolicy, Principal, Provider, declared
from wharfinger.domain.faults import PolicyInvalid
from wharfinger.domain.managed import MANAGED
from wharfinger.domain.names import ACCOUNT

_SECOND: Final = 1000
_VERSION: Final = "2012-10-17"  # of a policy that is a table and names none
_SECRET: Final = re.compile(r"[!-~]{20,128}")
T = TypeVar("T")


class AccessFileInvalid(Exception):
    """The access file cannot be used; the text is one sentence that begins with the place."""


_Names = Annotated[list[str], Meta(max_length=principals.ATTACHED_POLICIES)]
_TagKey = Annotated[str, Meta(min_length=1, max_length=128)]
_TagValue = Annotated[str, Meta(max_length=256)]
_Tags = Annotated[dict[_TagKey, _TagValue], Meta(max_length=50)]


class _Strict(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A table in which nothing is overlooked."""


class _Key(_Strict, frozen=True):
    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_]{16,128}\Z")]
    secret_file: str


class _User(_Strict, frozen=True):
    policies: _Names = []
    tags: _Tags = {}
    keys: Annotated[list[_Key], Meta(max_length=principals.ACCESS_KEYS)] = []


class _Role(_Strict, frozen=True):
    trust: Any
    policies: _Names = []
    tags: _Tags = {}
    longest_session: Annotated[int, Meta(ge=900, le=43200)] = 3600  # seconds


class _Provider(_Strict, frozen=True):
    audiences: Annotated[list[Annotated[str, Meta(min_length=1, max_length=255)]], Meta(min_length=1, max_length=100)]
    keys_file: str | None = None


class _Account(_Strict, frozen=True):
    users: dict[str, Any] = {}
    roles: dict[str, Any] = {}
    policies: dict[str, Any] = {}
    identity_providers: dict[str, Any] = {}


class _File(_Account, frozen=True):
    accounts: dict[str, Any] = {}


class Files(NamedTuple):
    """How the files are read that the access file names; both raise ValueError with what is wrong."""

    text: Callable[[str], str]
    secret: Callable[[str], str]


def read(text: str, account: str, files: Files) -> Declared:
    """What the text declares, `account` being the one that is meant where none is named. Raises AccessFileInvalid."""
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise AccessFileInvalid(f"it is no TOML: {error}") from None
    found = _as(_File, raw, "")
    readers = [_Reader(account, "", found, files)]
    for name, one in found.accounts.items():
        place = f"accounts.{name}"
        if not ACCOUNT.fullmatch(name) or name == account:
            reason = "the default account needs no table" if name == account else "an account is 12 digits"
            raise AccessFileInvalid(f"{place}: {reason}")
        readers.append(_Reader(name, f"{place}.", _as(_Account, one, place), files))
    keys = [key for reader in readers for key in reader.access_keys()]
    for key_id, count in Counter(key.id for key in keys).items():
        if count > 1:
            raise AccessFileInvalid(f"the access key {key_id} is there {count} times")
    return declared(
        [one for reader in readers for one in reader.principals()],
        [one for reader in readers for one in reader.policies()],
        keys,
        [one for reader in readers for one in reader.providers()],
    )


class _Reader:
    """Reads what belongs to one account."""

    def __init__(self, account: str, prefix: str, found: _Account, files: Files) -> None:
        self._account = account
        self._prefix = prefix
        self._files = files
        self._policies = found.policies
        self._providers = found.identity_providers
        self._users = {name: self._table(_User, "users", name, raw) for name, raw in found.users.items()}
        self._roles = {name: self._table(_Role, "roles", name, raw) for name, raw in found.roles.items()}

    def principals(self) -> Iterator[Principal]:
        for name, user in self._users.items():
            place = self._place("users", name)
            yield Principal(self._account, "user", name, self._named(user.policies, place), user.tags)
        for name, role in self._roles.items():
            place = self._place("roles", name)
            yield Principal(
                self._account,
                "role",
                name,
                self._named(role.policies, place),
                role.tags,
                self._document(role.trust, "trust", f"{place}.trust"),
                role.longest_session * _SECOND,
            )

    def policies(self) -> Iterator[IdentityPolicy]:
        for name, raw in self._policies.items():
            place = self._place("policies", name)
            if name in MANAGED:
                raise AccessFileInvalid(f"{place}: this policy is built in, so yours needs another name")
            _check_name(name, place)
            yield IdentityPolicy(self._account, name, self._document(raw, "identity", place))

    def access_keys(self) -> Iterator[AccessKey]:
        for name, user in self._users.items():
            for key in user.keys:
                place = f"{self._place('users', name)}: the secret of {key.id}"
                secret = _from_file(self._files.secret, key.secret_file, place).strip()
                if not _SECRET.fullmatch(secret):
                    raise AccessFileInvalid(f"{place} has to be 20 to 128 printable characters without blanks")
                yield AccessKey(key.id, self._account, name, secret)

    def providers(self) -> Iterator[Provider]:
        for issuer, raw in self._providers.items():
            place = f'{self._prefix}identity_providers."{issuer}"'
            found = _as(_Provider, raw, place)
            if not principals.is_issuer(issuer, loopback=False):
                raise AccessFileInvalid(f"{place}: an issuer is an address that begins with https://")
            keys = None
            if found.keys_file is not None:
                keys = _key_set(_from_file(self._files.text, found.keys_file, place), place)
            yield Provider(self._account, issuer, tuple(found.audiences), keys)

    def _table(self, kind: type[T], section: str, name: str, raw: Any) -> T:
        place = self._place(section, name)
        _check_name(name, place)
        return _as(kind, raw, place)

    def _place(self, section: str, name: str) -> str:
        return f"{self._prefix}{section}.{name}"

    def _named(self, names: Iterable[str], place: str) -> tuple[str, ...]:
        for name in names:
            if name not in self._policies and name not in MANAGED:
                raise AccessFileInvalid(
                    f"{place}: there is no policy {name!r}, neither in the file for this account nor built in"
                )
        return tuple(sorted(set(names)))

    def _document(self, raw: Any, kind: policy.Kind, place: str) -> str:
        """The JSON of a policy that is a table, a text, or a file of its own."""
        if isinstance(raw, dict) and raw.keys() == {"file"} and isinstance(raw["file"], str):
            text = _from_file(self._files.text, raw["file"], place)
        elif isinstance(raw, dict):
            text = msgspec.json.encode({"Version": _VERSION, **raw}).decode()
        elif isinstance(raw, str):
            text = raw
        else:
            raise AccessFileInvalid(f'{place}: a policy is a table, JSON as a text, or {{ file = "…" }}')
        try:
            policy.read(text, kind)
        except PolicyInvalid as error:
            raise AccessFileInvalid(f"{place}: {error.reason}") from None
        return text


def _as(kind: type[T], raw: Any, place: str) -> T:
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        # the path is told in the words of the file
        reason = str(error).replace(" - at `$.", " at `").replace("Object ", "the table ")
        raise AccessFileInvalid(f"{place}: {reason}" if place else reason) from None


def _check_name(name: str, place: str) -> None:
    if not principals.NAME.fullmatch(name):
        raise AccessFileInvalid(f"{place}: a name is 1 to 64 letters, digits and any of _ + = , . @ -")


def _from_file(read_: Callable[[str], str], name: str, place: str) -> str:
    try:
        return read_(name)
    except ValueError as error:
        raise AccessFileInvalid(f"{place}: {error}") from None


def _key_set(text: str, place: str) -> str:
    try:
        webtokens.read_keys(text)
    except ValueError as error:
        raise AccessFileInvalid(f"{place}: the keys cannot be used: {error}") from None
    return text
