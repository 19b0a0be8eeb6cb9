"""Every form of database URL that the five systems' documents and clouds show, and every way to get it wrong."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from talkbase.db.url import DatabaseUrl, parse
from talkbase.errors import UsageError

AZURE = "postgresql://username%40servername:password@servername.postgres.database.azure.com:5432/video_analyzer"
SOCKET = "postgresql://username:password@/video_analyzer?host=/cloudsql/project:region:instance"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p@h:5432/db", DatabaseUrl("u", "p", "h", "5432", "db")),
        ("postgres://u:p@h/db", DatabaseUrl("u", "p", "h", None, "db")),
        ("PostgreSQL+psycopg2://u:p@h/db", DatabaseUrl("u", "p", "h", None, "db")),
        ("postgresql+psycopg://u:p@h/db", DatabaseUrl("u", "p", "h", None, "db")),
        ("jdbc:postgresql://h:1/db?user=u&password=p", DatabaseUrl("u", "p", "h", "1", "db")),
        (" 'postgresql://localhost/lct_dev' ", DatabaseUrl(host="localhost", dbname="lct_dev")),
        ("postgresql://", DatabaseUrl()),
        ("postgresql:///db", DatabaseUrl(dbname="db")),
        ("postgresql://u@h", DatabaseUrl("u", None, "h")),
        ("postgresql://u:@h", DatabaseUrl("u", "", "h")),
        ("postgresql://u:p@[::1]:5433/db", DatabaseUrl("u", "p", "::1", "5433", "db")),
        ("postgresql://u@a:1,b:2/db", DatabaseUrl("u", None, "a,b", "1,2", "db")),
        ("postgresql://%2Fvar%2Frun/db", DatabaseUrl(host="/var/run", dbname="db")),
        ("host=h dbname=db user=u password='a b'", DatabaseUrl("u", "a b", "h", None, "db")),
        (
            AZURE,
            DatabaseUrl(
                "username@servername",
                "password",
                "servername.postgres.database.azure.com",
                "5432",
                "video_analyzer",
            ),
        ),
        (SOCKET, DatabaseUrl("username", "password", "/cloudsql/project:region:instance", None, "video_analyzer")),
        (
            "postgresql+asyncpg://u:p@h/db?ssl=require&prepared_statement_cache_size=0",
            DatabaseUrl("u", "p", "h", None, "db", (("sslmode", "require"),)),
        ),
        ("postgresql+asyncpg://h/db?ssl=true", DatabaseUrl(host="h", dbname="db", options=(("sslmode", "require"),))),
        (
            "postgresql://h/db?application_name=me@home",
            DatabaseUrl(host="h", dbname="db", options=(("application_name", "me@home"),)),
        ),
        ("postgresql://h/ümlaut", DatabaseUrl(host="h", dbname="ümlaut")),
    ],
)
def test_forms(url: str, expected: DatabaseUrl) -> None:
    assert parse(url) == expected
    assert parse(parse(url).conninfo or "postgresql://") == expected


@pytest.mark.parametrize("password", ["p@ss", "p/w", "a:b", "a#b", "p?w", "100%sure", "p@/w", "a+b", "ü€", "p?a=b"])
def test_passwords_with_odd_characters_as_they_are(password: str) -> None:
    url = parse(f"postgresql://u:{password}@db.example.org:5432/talks?sslmode=require")
    assert (url.user, url.password, url.host, url.dbname) == ("u", password, "db.example.org", "talks")
    assert url.sslmode == "require"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:///talks.db", "talkbase import video-analyzer"),
        ("sqlite+aiosqlite:///x", "talkbase import video-analyzer"),
        ("sqlite:x.db", "talkbase import video-analyzer"),
        ("/data/video_analyzer.sqlite3", "talkbase import video-analyzer"),
        ("duckdb:///x", "talkbase import conversation-assistant"),
        ("memory.duckdb", "talkbase import conversation-assistant"),
        ("mongodb+srv://u:secret@h/db", "mongoexport"),
        ("mysql://u:secret@h/db", "not with mysql://"),
        ("", "is empty"),
        ("hello", "does not begin with postgresql://"),
        ("postgresql://u:secret@h:port/db", "port is not a number"),
        ("postgresql://u:secret@h:99999/db", "1 to 65535"),
        ("postgresql://[user]:[password]@[host]:[port]/[database]", "database URL"),
        ("postgresql://u:secret@h/db?sslmodus=require", "no connection parameter sslmodus"),
        ("postgresql://u:secret@h/db?sslmode", "has no value"),
        ("postgresql://u:secret@ho st/db", "host name is not one"),
        ("postgresql://u:%ffsecret@h/db", "not UTF-8"),
        ("postgresql://u:secret%00@h/db", "NUL"),
        ("password=secret nonsense", "neither a URL nor"),
    ],
)
def test_what_is_wrong_is_said_without_the_password(url: str, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(url)
    assert says in str(raised.value)
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "redacted"),
    [
        ("postgresql://u:secret@h:1/db?sslmode=require", "postgresql://u:***@h:1/db?sslmode=require"),
        ("postgresql://u:secret@/db?host=/run/pg", "postgresql://u:***@/db?host=/run/pg"),
        ("postgresql://[::1]/db", "postgresql://[::1]/db"),
        ("postgresql://u@h/db?sslpassword=secret", "postgresql://u@h/db?sslpassword=***"),
    ],
)
def test_redacted(url: str, redacted: str) -> None:
    assert parse(url).redacted == redacted
    assert "secret" not in repr(parse(url))


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("postgresql:///db", True),
        ("postgresql://localhost/db", True),
        ("postgresql://127.0.0.9/db", True),
        ("postgresql://[::1]/db", True),
        (SOCKET, True),
        ("postgresql://192.168.0.1/db", False),
        ("postgresql://localhost,db.example.org/db", False),
    ],
)
def test_is_local(url: str, local: bool) -> None:
    assert parse(url).is_local is local


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(TEXT, TEXT, TEXT, st.sampled_from(["db.example.org", "10.0.0.1", "::1", "/cloudsql/a:b:c"]))
def test_any_login_and_name_survive_percent_encoding(user: str, password: str, dbname: str, host: str) -> None:
    where = f"[{host}]" if ":" in host and "/" not in host else quote(host, safe="")
    url = parse(f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@{where}/{quote(dbname, safe='')}")
    assert (url.user, url.password, url.host, url.dbname) == (user, password, host, dbname)
    assert conninfo_to_dict(url.conninfo) == {"user": user, "password": password, "host": host, "dbname": dbname}
    again = parse(url.redacted)
    assert (again.user, again.password, again.host, again.dbname) == (user, "***", host, dbname)


@given(st.text(st.sampled_from("ab1@/:#%+&=!$ü"), min_size=1, max_size=12).map(lambda text: f"Zq{text}Zq"))
@example("Zq@/:Zq")
@example("Zq/1@Zq")
def test_any_password_without_question_mark_needs_no_encoding(password: str) -> None:
    try:
        url = parse(f"postgresql://u:{password}@host/db")
    except UsageError as error:
        assert "%" in password, error  # "%ff" and the like is an encoding, and a wrong one
        assert "Zq" not in str(error)
        return
    if "%" not in password:
        assert (url.user, url.password, url.host, url.dbname) == ("u", password, "host", "db")


@given(st.one_of(st.text(max_size=80), st.text(max_size=60).map(lambda rest: f"postgresql://u:Geheim{rest}")))
def test_garbage_gives_a_url_or_a_usage_error_that_hides_it(text: str) -> None:
    try:
        parse(text)
    except UsageError as error:
        assert "Geheim" not in str(error)
