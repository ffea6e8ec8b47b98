"""Where Postgres is: `publish.postgres` without a password, how it is connected to, and whether it would take a release."""

from typing import TYPE_CHECKING, Any

from outfit_pairing.errors import SettingsError, first_line, installing
from outfit_pairing.settings import Settings

if TYPE_CHECKING:
    from psycopg import Connection

SECRETS = ("password", "sslpassword", "scram_client_key", "scram_server_key")
WAIT_S = "5"  # for a server that does not answer, unless the URL says otherwise
OLDEST = 120_000  # server_version_num of Postgres 12


def connection_text(settings: Settings) -> str:
    """What libpq connects by: `publish.postgres` and its parameters; the password comes from PGPASSWORD or PGPASSFILE.

    Raises:  SettingsError: unset, no URL of Postgres, one that holds a password, or psycopg is not installed.
    """
    return _text(**_parameters(settings))


def _parameters(settings: Settings) -> dict[str, str]:
    url = settings.publish.postgres
    if not url:
        raise SettingsError("publish.postgres is not set; name the server, for example postgresql://user@host:5432/database")
    if not url.startswith(("postgresql://", "postgres://")):
        raise SettingsError("publish.postgres is no URL of Postgres; write postgresql://user@host:5432/database?sslmode=require")
    try:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict
    except ImportError:
        raise SettingsError(f"publish.postgres needs psycopg; {installing('postgres')}") from None
    try:
        found = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except ProgrammingError:  # its words may hold a part of a password
        raise SettingsError("publish.postgres cannot be read as a URL; write postgresql://user@host:5432/database") from None
    held = [name for name in SECRETS if name in found]
    if held:
        raise SettingsError(f"publish.postgres holds a {held[0]}, which would be stored; take it out, set PGPASSWORD or PGPASSFILE")
    return {"application_name": "outfit-pairing", "connect_timeout": WAIT_S, **found}


def _text(**parameters: str) -> str:
    from psycopg.conninfo import make_conninfo

    return make_conninfo("", **parameters)


def place_name(settings: Settings) -> str:
    """Server and database for messages, without who logs in."""
    found = _parameters(settings)
    return f"Postgres at {found.get('host', 'localhost')}:{found.get('port', '5432')}/{found.get('dbname', found.get('user', ''))}"


def connect(settings: Settings) -> "Connection[tuple[Any, ...]]":
    """A connection in which every statement commits by itself unless a transaction is opened.

    Raises:  SettingsError: see `connection_text`.    psycopg.OperationalError: it cannot be reached, or lets nobody in.
    """
    import psycopg

    return psycopg.connect(connection_text(settings), autocommit=True)


def check_postgres(settings: Settings) -> None:
    """Said before Spark starts: Postgres is there, lets us in, and would take tables. Nothing happens where none is set.

    Raises:  SettingsError: it cannot be reached, is too old, or its schema cannot be written.
    """
    if settings.publish.postgres is None:
        return
    place, schema = place_name(settings), settings.publish.postgres_schema  # which also finds out that psycopg is missing
    import psycopg

    try:
        with connect(settings) as connection:
            version = connection.info.server_version
            row = connection.execute(
                "SELECT n.oid IS NOT NULL, has_database_privilege(current_database(), 'CREATE'), "
                "has_schema_privilege(n.oid, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE'), current_user "
                "FROM (SELECT 1) one LEFT JOIN pg_namespace n ON n.nspname = %s",
                [schema],
            ).fetchone()
    except psycopg.Error as fault:
        raise SettingsError(
            f"{place} cannot be used ({first_line(fault)}); start it, correct publish.postgres, or set PGPASSWORD or PGPASSFILE"
        ) from None
    if version < OLDEST:
        raise SettingsError(f"{place} is Postgres {version // 10_000}; 12 or newer is needed")
    exists, may_create, may_write, user = row or (False, False, False, "")
    if not (may_write if exists else may_create):
        cure = f"GRANT USAGE, CREATE ON SCHEMA {schema} TO {user}" if exists else f"CREATE SCHEMA {schema} AUTHORIZATION {user}"
        raise SettingsError(f"{place}: {user} may not write schema {schema}; let its owner run: {cure}")
