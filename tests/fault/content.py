"""What a database holds, as lines that do not depend on the order or the time of loading: every
column of every table, numbers that the ledger gave replaced by what they stand for."""
import collections
import hashlib

# When or by whom, not what; and what a batch is called, which is another thing when it replaces one.
PASSING = {
    "loaded_at", "first_seen", "applied_at", "last_seen", "planned_at", "done_at", "loader",
    "clock_offset_us", "waiting_batches", "coverage_id", "batch_id",
}
# When a live capture listened is another time in each run, and how often it was not running is
# what a fault changes.
COVERAGE = {"event_id", "from_ts", "until_ts"}
# Numbers of the ledger: the table that gives them, and what its row is known by.
MEANING = {
    "capture_id": ("captures", "sha256"),
    "batch_no": ("batches", "CONCAT(m.profile, m.first_row)"),
    "passport_id": ("passports", "sha256"),
    "sensor_id": ("sensors", "name"),
    "prune_id": ("prunes", "CONCAT(m.table_name, m.partition_name, m.until_ts)"),
}


def _text(column):
    return "IFNULL(HEX(CAST(%s AS BINARY)), '-')" % column


def _column(table, name):
    if name not in MEANING:
        return _text("t.`%s`" % name)
    owner, known_by = MEANING[name]
    if "(" not in known_by:
        known_by = "m.`%s`" % known_by
    if owner == table:
        return _text(known_by.replace("m.", "t."))
    return "IFNULL((SELECT %s FROM `%s` m WHERE m.`%s` = t.`%s`), '-')" % (
        _text(known_by), owner, name, name)


def _statement(sql):
    tables = collections.defaultdict(list)
    rows = sql("SELECT c.table_name, c.column_name FROM information_schema.columns c "
               "JOIN information_schema.tables t USING (table_schema, table_name) "
               "WHERE t.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' "
               "ORDER BY c.table_name, c.ordinal_position")
    for table, column in (row.split("\t") for row in rows):
        if column not in PASSING and not (table == "coverage" and column in COVERAGE):
            tables[table].append(column)
    parts = ["SELECT CONCAT_WS(' ', '%s', %s) FROM `%s` t%s" % (
        table, ", ".join(_column(table, c) for c in columns), table,
        " WHERE t.kind <> 'stopped'" if table == "coverage" else "")
        for table, columns in tables.items()]
    parts.append("SELECT CONCAT_WS(' ', 'schema', table_name, ordinal_position, column_name, "
                 "column_type) FROM information_schema.columns WHERE table_schema = DATABASE()")
    return " UNION ALL ".join(parts)


class Content:
    """Reads the content through SQL, a function from a statement to lines."""

    def __init__(self, sql):
        self.sql = sql
        self.statement = _statement(sql)

    def read(self):
        return collections.Counter(self.sql(self.statement))


def digest(content):
    """SHA-256 of all lines in their order."""
    h = hashlib.sha256()
    for line in sorted(content.elements()):
        h.update(line.encode() + b"\n")
    return h.hexdigest()


def readable(line):
    """A line with the values of its columns as text where they are text."""
    table, *values = line.split(" ")
    texts = []
    for value in values:
        try:
            text = bytes.fromhex(value).decode()
        except ValueError:
            text = value
        texts.append(text if text.isprintable() else value.lower())
    return table + ": " + " | ".join(texts)


def compare(want, got):
    """Rows that are lost, and rows that are there twice or should not be there; Counters."""
    return want - got, got - want
