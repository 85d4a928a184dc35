"""Where settings come from, which of them counts, and what is refused with which hint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wharfinger.server.settings import NAMES, Settings, SettingsInvalid, load


def config(directory: Path, text: str) -> Path:
    path = directory / "wharfinger.toml"
    path.write_text(text)
    return path


def refusal(
    flags: dict[str, Any] | None = None, environ: dict[str, str] | None = None, file: Path | None = None
) -> str:
    """What is said of settings that are refused."""
    with pytest.raises(SettingsInvalid) as caught:
        load(flags or {}, environ or {}, file)
    return str(caught.value)


def test_nothing_has_to_be_set() -> None:
    assert load({}, {}) == Settings()


def test_a_flag_counts_before_a_variable_and_that_before_the_file(tmp_path: Path) -> None:
    file = config(tmp_path, "port = 1001\nworkers = 11\nregion = 'eu-north-1'\n")
    found = load({"port": 1003}, {"WHARFINGER_PORT": "1002", "WHARFINGER_WORKERS": "12"}, file)
    assert (found.port, found.workers, found.region) == (1003, 12, "eu-north-1")


def test_what_is_set_nowhere_keeps_its_default_beside_what_is(tmp_path: Path) -> None:
    assert load({"port": 1003}, {}, config(tmp_path, "workers = 2")) == Settings(port=1003, workers=2)


def test_a_variable_names_the_file(tmp_path: Path) -> None:
    file = config(tmp_path, "port = 1001")
    assert load({}, {"WHARFINGER_CONFIG": str(file)}).port == 1001


def test_a_file_given_by_flag_counts_before_the_one_of_the_variable(tmp_path: Path) -> None:
    file = config(tmp_path, "port = 1001")
    assert load({}, {"WHARFINGER_CONFIG": str(tmp_path / "missing.toml")}, file).port == 1001


def test_what_env_prints_for_docker_is_no_setting() -> None:
    assert load({}, {"WHARFINGER_REGISTRY": "localhost:5050"}) == Settings()


def test_variables_of_others_are_ignored() -> None:
    assert load({}, {"AWS_DEFAULT_REGION": "eu-west-1", "PORT": "1", "WHARFINGERS": "x"}) == Settings()


VARIABLES: list[tuple[str, str, Any]] = [
    ("host", "127.0.0.2", "127.0.0.2"),
    ("port", "65535", 65535),
    ("data", "/srv/registry", "/srv/registry"),
    ("database", "postgresql://wharfinger@one,two:5433/registry", "postgresql://wharfinger@one,two:5433/registry"),
    ("store", "s3://bucket/prefix", "s3://bucket/prefix"),
    ("redirect", "false", False),
    ("master_key", "/run/secrets/wharfinger", "/run/secrets/wharfinger"),
    ("workers", "64", 64),
    ("open", "true", True),
    ("open", "false", False),
    ("address", "https://registry.example:8443", "https://registry.example:8443"),
    ("address", "http://[::1]:5050", "http://[::1]:5050"),
    ("address", "", ""),
    ("trusted_proxies", "10.0.0.0/8, ::1", "10.0.0.0/8, ::1"),
    ("domain", "registry.example:8443", "registry.example:8443"),
    ("account", "123456789012", "123456789012"),
    ("region", "us-gov-west-1", "us-gov-west-1"),
    ("organization", "o-a1b2c3d4e5", "o-a1b2c3d4e5"),
    ("access_file", "a.toml", "a.toml"),
    ("digest_and_tag", "image", "image"),
    ("sparse_manifests", "true", True),
    ("bin_days", "0", 0),
    ("bin_days", "3650", 3650),
    ("history_days", "1", 1),
    ("blob_lease", "10", 10),
    ("rate_limit", "100", 100),
    ("parallel_uploads", "8", 8),
    ("webhook_private", "true", True),
    ("trail_days", "1", 1),
    ("trail_bytes", "67108864", 64 * 1024**2),
    ("trail_pulls", "true", True),
    ("metrics_from", "10.0.0.0/8", "10.0.0.0/8"),
    ("drain_delay", "15", 15),
    ("log_format", "json", "json"),
    ("log_level", "debug", "debug"),
]


@pytest.mark.parametrize(("name", "text", "value"), VARIABLES)
def test_every_setting_can_be_a_variable(name: str, text: str, value: Any) -> None:
    assert getattr(load({}, {f"WHARFINGER_{name.upper()}": text}), name) == value


def test_the_two_files_of_tls_can_be_variables() -> None:
    found = load({}, {"WHARFINGER_TLS_CERT": "a.crt", "WHARFINGER_TLS_KEY": "a.key"})
    assert (found.tls_cert, found.tls_key) == ("a.crt", "a.key")


def test_no_setting_is_missing_in_the_tests_above() -> None:
    assert {name for name, _, _ in VARIABLES} | {"tls_cert", "tls_key"} == set(NAMES)


def test_every_setting_can_be_a_line_of_the_file(tmp_path: Path) -> None:
    lines = (
        "host='::1'\nport=1\ndata='d'\nworkers=2\nopen=true\naddress='http://a'\ndomain='d'\naccount='123456789012'\n"
    )
    lines += "region='eu-west-1'\ndigest_and_tag='image'\nsparse_manifests=true\nlog_level='error'\n"
    lines += "organization='o-a1b2c3d4e5'\n"
    lines += "tls_cert='a.crt'\ntls_key='a.key'\ntrusted_proxies='::1'\n"
    lines += "bin_days=1\nhistory_days=2\nblob_lease=30\nrate_limit=100\nparallel_uploads=8\nwebhook_private=true\n"
    lines += "master_key='k'\n"
    assert load({}, {}, config(tmp_path, lines)) == Settings(
        host="::1",
        port=1,
        data="d",
        master_key="k",
        workers=2,
        open=True,
        address="http://a",
        domain="d",
        account="123456789012",
        region="eu-west-1",
        organization="o-a1b2c3d4e5",
        digest_and_tag="image",
        sparse_manifests=True,
        tls_cert="a.crt",
        tls_key="a.key",
        trusted_proxies="::1",
        bin_days=1,
        history_days=2,
        blob_lease=30,
        rate_limit=100,
        parallel_uploads=8,
        webhook_private=True,
        log_level="error",
    )


def test_the_master_key_is_in_the_data_directory_unless_it_is_set_elsewhere() -> None:
    assert Settings(data="/srv/registry").master_key_file == Path("/srv/registry/master.key")
    assert Settings(data="/srv/registry", master_key="~/key").master_key_file == Path.home() / "key"


# --- what is refused -----------------------------------------------------------------------------------------


def test_an_unknown_variable_is_refused_and_the_nearest_setting_named() -> None:
    message = refusal(environ={"WHARFINGER_WORKER": "2"})
    assert "WHARFINGER_WORKER" in message
    assert "did you mean workers?" in message


def test_an_unknown_line_of_the_file_is_refused_and_the_nearest_setting_named(tmp_path: Path) -> None:
    file = config(tmp_path, "log-level = 'debug'")
    message = refusal(file=file)
    assert "log-level" in message
    assert str(file) in message
    assert "did you mean log_level?" in message


def test_where_nothing_is_near_nothing_is_hinted(tmp_path: Path) -> None:
    assert "did you mean" not in refusal(file=config(tmp_path, "quux = 1"))


def test_a_table_in_the_file_is_no_setting(tmp_path: Path) -> None:
    assert "server" in refusal(file=config(tmp_path, "[server]\nport = 1001"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "0"),
        ("port", "65536"),
        ("port", "http"),
        ("port", ""),
        ("workers", "0"),
        ("workers", "65"),
        ("workers", "1.5"),
        ("open", "maybe"),
        ("address", "registry.example"),
        ("address", "ftp://registry.example"),
        ("address", "https://registry.example/path"),
        ("address", "https://user@registry.example"),
        ("address", "https://registry.example\n"),
        ("domain", "https://registry.example"),
        ("domain", "registry example"),
        ("domain", "registry.example\n"),
        ("account", "1234"),
        ("account", "1234567890123"),
        ("account", "123456789012\n"),
        ("region", "Frankfurt"),
        ("region", "eu-central-1\n"),
        ("trusted_proxies", "proxy.example"),
        ("trusted_proxies", "10.0.0.1/8"),
        ("trusted_proxies", "0.0.0.0/0"),
        ("metrics_from", "prometheus.example"),
        ("metrics_from", "0.0.0.0/0"),
        ("drain_delay", "-1"),
        ("log_format", "xml"),
        ("digest_and_tag", "both"),
        ("log_level", "loud"),
    ],
)
def test_a_value_that_a_setting_cannot_have_is_refused_and_the_setting_named(name: str, value: str) -> None:
    assert name in refusal(environ={f"WHARFINGER_{name.upper()}": value})
    assert name in refusal({name: value})


@pytest.mark.parametrize("name", ["tls_cert", "tls_key"])
def test_a_certificate_without_a_key_and_the_reverse_are_refused(name: str) -> None:
    assert "tls_cert and tls_key go together" in refusal({name: "file.pem"})


@pytest.mark.parametrize("text", ["port = ", "port = 1\nport = 2", "= 1", "\0"])
def test_a_file_that_is_no_toml_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    file = config(tmp_path, text)
    assert str(file) in refusal(file=file)


def test_a_file_that_is_no_text_is_refused_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "wharfinger.toml"
    file.write_bytes(b"\xff\xfe")
    assert str(file) in refusal(file=file)


def test_a_file_that_is_missing_is_refused_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "missing.toml"
    assert str(file) in refusal(file=file)
    assert str(file) in refusal(environ={"WHARFINGER_CONFIG": str(file)})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_an_open_server_listens_on_loopback(host: str) -> None:
    assert load({"open": True, "host": host}, {}).open


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0",
        "::",
        "192.168.1.1",
        "10.0.0.1",
        "registry.example",
        "",
        "128.0.0.1",
        "127.example",
        "127.0.0.1.registry.example",
        "localhost.registry.example",
        "localhosts",
        "::1234",
        "::1:2:3",
        "::ffff:192.168.1.1",
    ],
)
def test_an_open_server_listens_nowhere_else(host: str) -> None:
    assert "does not listen" in refusal({"open": True, "host": host})


def test_a_server_that_checks_signatures_may_listen_anywhere() -> None:
    assert load({"host": "0.0.0.0"}, {}).host == "0.0.0.0"


# --- what is made of them ------------------------------------------------------------------------------------


def test_the_data_directory_may_be_in_the_home_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Settings(data="~/registry").directory == tmp_path / "registry"


def test_a_relative_data_directory_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings(data="registry").directory == tmp_path / "registry"


def test_without_an_address_clients_reach_the_server_on_its_port_of_localhost() -> None:
    assert Settings(port=1001).addresses.base == "http://localhost:1001"
    assert Settings(port=1001, address="https://registry.example").addresses.base == "https://registry.example"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "::", "::1"])
def test_a_server_that_localhost_reaches_is_called_so(host: str) -> None:
    assert Settings(port=1001, host=host).addresses.base == "http://localhost:1001"


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("127.0.0.2", "http://127.0.0.2:1001"),
        ("192.0.2.7", "http://192.0.2.7:1001"),
        ("registry.example", "http://registry.example:1001"),
        ("2001:db8::7", "http://[2001:db8::7]:1001"),
        ("::ffff:192.0.2.7", "http://[::ffff:192.0.2.7]:1001"),
    ],
)
def test_a_server_that_listens_on_another_address_is_reached_there(host: str, base: str) -> None:
    assert Settings(port=1001, host=host).addresses.base == base


def test_with_tls_the_address_is_https() -> None:
    assert Settings(port=1001, tls_cert="a.crt", tls_key="a.key").addresses.base == "https://localhost:1001"


def test_the_files_of_tls_may_be_in_the_home_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Settings(tls_cert="~/a.crt", tls_key="/b.key").tls == (tmp_path / "a.crt", Path("/b.key"))
    assert Settings().tls is None


def test_an_address_that_was_set_counts_before_the_one_that_is_listened_on() -> None:
    found = Settings(host="192.0.2.7", address="https://registry.example").addresses
    assert found.base == "https://registry.example"


def test_the_rules_of_the_floors_below_are_those_that_were_set() -> None:
    rules = Settings(digest_and_tag="image", sparse_manifests=True, open=True, account="123456789012").rules
    assert (rules.digest_and_tag, rules.sparse_manifests, rules.any_signature) == ("image", True, True)
    assert rules.default_account == "123456789012"


def test_by_default_signatures_are_checked_and_ecr_is_followed() -> None:
    rules = Settings().rules
    assert (rules.digest_and_tag, rules.sparse_manifests, rules.any_signature) == ("tag", False, False)


def test_floors_below_get_the_access_file_by_its_absolute_path() -> None:
    assert Settings().rules.access_file == ""
    assert Settings(access_file="a.toml").rules.access_file == str(Path.cwd() / "a.toml")


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("days", [1, 90, 3650])
def test_strangers_can_fill_a_quarter_of_the_trail_at_most(days: int, workers: int) -> None:
    settings = Settings(trail_days=days, workers=workers)
    most = settings.strangers_share * workers * days * 24
    assert settings.trail_bytes // 5 < most <= settings.trail_bytes // 4


def test_another_database_than_postgresql_is_refused_without_showing_its_password() -> None:
    with pytest.raises(SettingsInvalid, match="has to begin with postgresql://") as caught:
        load({}, {"WHARFINGER_DATABASE": "mysql://user:s3cr3t@host/name"})
    assert "s3cr3t" not in str(caught.value)
