"""What the database's administrator on the portal's host is told about the rights of its roles."""

import json

from hosts.host import Host

PSQL = ("psql", "-AtX", "-v", "ON_ERROR_STOP=1", "-d", "gantry", "-c")
TABLES = """
    SELECT json_agg(json_build_array(grantee, table_name, privilege_type))
    FROM information_schema.role_table_grants
    WHERE table_schema = 'public' AND grantee <> 'gantry'
"""
COLUMNS = """
    SELECT json_agg(json_build_array(grantee, privilege_type, table_name, column_name))
    FROM information_schema.column_privileges
    WHERE table_schema = 'public' AND grantee <> 'gantry'
"""
ALL_COLUMNS = """
    SELECT json_agg(json_build_array(table_name, column_name)) FROM information_schema.columns
    WHERE table_schema = 'public'
"""
NUMBERS = """
    SELECT json_agg(json_build_array(role, relname))
    FROM pg_class
    CROSS JOIN unnest(ARRAY['gantry-web', 'gantry-daemon', 'gantry-publisher', 'gantry-stager']) AS role
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' AND has_sequence_privilege(role, oid, 'USAGE')
"""
Grants = dict[str, dict[str, set[str]]]
Columns = dict[str, set[str]]


def as_postgres(portal: Host, statement: str) -> str:
    """What the database's administrator sees."""
    done = portal.run("runuser", "-u", "postgres", "--", *PSQL, statement)
    assert done.returncode == 0, done.stderr
    return done.stdout


def of_tables(portal: Host) -> Grants:
    """Role -> table -> what it may do with whole rows."""
    found: Grants = {}
    for role, table, privilege in json.loads(as_postgres(portal, TABLES)):
        found.setdefault(role, {}).setdefault(table, set()).add(privilege)
    return found


def of_columns(portal: Host, role: str, privilege: str) -> Columns:
    """Table -> columns with which a role may do this, be it as a part of whole rows."""
    found: Columns = {}
    for grantee, granted, table, column in json.loads(as_postgres(portal, COLUMNS)):
        if (grantee, granted) == (role, privilege):
            found.setdefault(table, set()).add(column)
    return found


def all_columns(portal: Host) -> Columns:
    """Table -> its columns."""
    found: Columns = {}
    for table, column in json.loads(as_postgres(portal, ALL_COLUMNS)):
        found.setdefault(table, set()).add(column)
    return found


def numbers(portal: Host, role: str) -> set[str]:
    """The sequences from which a role may take the next number."""
    return {name for one, name in json.loads(as_postgres(portal, NUMBERS)) if one == role}
