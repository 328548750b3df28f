#include "pcapanalyzer/ddl.h"

#include <string.h>

#define TABLE_TAIL "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin ROW_FORMAT=DYNAMIC"

/* A statement in the making: after the first error nothing more is added, and
 * finish() takes back what was. */
struct sql {
	struct pa_buf *out;
	size_t start;
	enum pa_status st;
};

static struct sql begin(struct pa_buf *out)
{
	return (struct sql){out, out->len, PA_OK};
}

static enum pa_status finish(struct sql *s)
{
	if (s->st != PA_OK)
		s->out->len = s->start;
	return s->st;
}

static void put(struct sql *s, const char *text)
{
	if (s->st == PA_OK)
		s->st = pa_buf_puts(s->out, text);
}

static void put_u64(struct sql *s, uint64_t v)
{
	if (s->st == PA_OK)
		s->st = pa_buf_put_u64(s->out, v);
}

/* TEXT between two QUOTE bytes; QUOTE is doubled inside, and so is the byte ALSO. */
static void put_quoted(struct sql *s, const char *text, size_t n, char quote, char also)
{
	if (s->st == PA_OK)
		s->st = pa_buf_putc(s->out, (uint8_t)quote);
	for (size_t i = 0; i < n && s->st == PA_OK; i++) {
		if (text[i] == quote || text[i] == also)
			s->st = pa_buf_putc(s->out, (uint8_t)text[i]);
		if (s->st == PA_OK)
			s->st = pa_buf_putc(s->out, (uint8_t)text[i]);
	}
	if (s->st == PA_OK)
		s->st = pa_buf_putc(s->out, (uint8_t)quote);
}

static void put_name(struct sql *s, const char *name)
{
	put_quoted(s, name, strlen(name), '`', '`');
}

static void put_text(struct sql *s, const char *text)
{
	put_quoted(s, text, strlen(text), '\'', '\\');
}

enum pa_status pa_sql_identifier(struct pa_buf *out, const char *name)
{
	struct sql s = begin(out);

	put_name(&s, name);
	return finish(&s);
}

enum pa_status pa_sql_text(struct pa_buf *out, const char *text)
{
	struct sql s = begin(out);

	put_text(&s, text);
	return finish(&s);
}

static const struct pa_column *column_at(const struct pa_profile *p, const struct pa_table *t,
                                         unsigned i)
{
	return &p->columns[t->first_column + i];
}

static void put_sized(struct sql *s, const char *type, uint32_t max, const char *unlimited)
{
	if (max == 0) {
		put(s, unlimited);
		return;
	}
	put(s, type);
	put(s, "(");
	put_u64(s, max);
	put(s, ")");
}

static void put_set(struct sql *s, const struct pa_profile *p, const struct pa_column *c)
{
	const char *between = "SET(";

	for (unsigned i = 0; i < c->n_sources; i++) {
		const struct pa_source *source = &p->sources[c->first_source + i];

		if (source->kind != PA_S_FIELD)
			continue;
		put(s, between);
		put_text(s, pa_set_word(p->fields[source->field].name));
		between = ",";
	}
	put(s, ")");
}

static void put_type(struct sql *s, const struct pa_profile *p, const struct pa_column *c)
{
	switch (c->type) {
	case PA_T_TIME:
		put(s, "DATETIME(6)");
		break;
	case PA_T_NANOS:
	case PA_T_UINT16:
		put(s, "SMALLINT UNSIGNED");
		break;
	case PA_T_UINT8:
		put(s, "TINYINT UNSIGNED");
		break;
	case PA_T_UINT32:
		put(s, "INT UNSIGNED");
		break;
	case PA_T_UINT64:
		put(s, "BIGINT UNSIGNED");
		break;
	case PA_T_INT8:
		put(s, "TINYINT");
		break;
	case PA_T_INT16:
		put(s, "SMALLINT");
		break;
	case PA_T_INT32:
		put(s, "INT");
		break;
	case PA_T_INT64:
		put(s, "BIGINT");
		break;
	case PA_T_DOUBLE:
		put(s, "DOUBLE");
		break;
	case PA_T_BOOL:
	case PA_T_PRESENT:
		put(s, "BOOLEAN");
		break;
	case PA_T_CHAR:
		put(s, "BINARY(1)");
		break;
	case PA_T_IP:
		put(s, "VARBINARY(16)");
		break;
	case PA_T_MAC:
		put(s, "BINARY(6)");
		break;
	case PA_T_EUI64:
		put(s, "BINARY(8)");
		break;
	case PA_T_GUID:
		put(s, "BINARY(16)");
		break;
	case PA_T_BYTES:
		put_sized(s, "VARBINARY", c->max, "LONGBLOB");
		break;
	case PA_T_TEXT:
		put_sized(s, c->max > PA_VARCHAR_MAX ? "TEXT" : "VARCHAR", c->max, "LONGTEXT");
		break;
	case PA_T_JSON:
		/* MySQL's JSON type would reorder and re-escape what the filter wrote. */
		put(s, "LONGTEXT");
		break;
	case PA_T_DURATION:
		put(s, "DECIMAL(20,9)");
		break;
	case PA_T_SET:
		put_set(s, p, c);
		break;
	case PA_T_COMMUNITY_ID:
		put(s, "CHAR(30) CHARACTER SET ascii COLLATE ascii_bin");
		break;
	case PA_T_COUNT:
		break;
	}
}

static int is_cut(const struct pa_profile *p, const struct pa_column *c)
{
	return c->n_sources > 0 && p->sources[c->first_source].kind == PA_S_CUT;
}

static void put_key(struct sql *s, const struct pa_profile *p, const struct pa_table *t,
                    const struct pa_key *key)
{
	/* Without a name: the servers find one that is free, by the first column. */
	put(s, ",\n\tKEY (");
	for (unsigned i = 0; i < key->n_columns; i++) {
		put(s, i > 0 ? ", " : "");
		put_name(s, column_at(p, t, key->columns[i])->name);
		if (key->prefix[i] > 0)
			put_sized(s, "", key->prefix[i], "");
	}
	put(s, ")");
}

enum pa_status pa_ddl_table(const struct pa_profile *p, const struct pa_table *t,
                            struct pa_buf *out)
{
	struct sql s = begin(out);
	const char *between = "";

	put(&s, "CREATE TABLE IF NOT EXISTS ");
	put_name(&s, t->name);
	put(&s, " (\n");
	for (unsigned i = 0; i < t->n_columns; i++) {
		const struct pa_column *c = column_at(p, t, i);

		put(&s, "\t");
		put_name(&s, c->name);
		put(&s, " ");
		put_type(&s, p, c);
		put(&s, c->standard ? " NOT NULL" : " NULL");
		put(&s, is_cut(p, c) ? " DEFAULT 0,\n" : ",\n");
	}
	put(&s, "\tPRIMARY KEY (");
	for (unsigned i = 0; i < t->n_columns; i++) {
		const struct pa_column *c = column_at(p, t, i);

		if (!c->standard || c->type == PA_T_NANOS || is_cut(p, c))
			continue;
		put(&s, between);
		put_name(&s, c->name);
		between = ", ";
	}
	put(&s, ")");
	for (unsigned i = 0; i < t->n_keys; i++)
		put_key(&s, p, t, &t->keys[i]);
	put(&s, "\n) " TABLE_TAIL "\n"
	        "PARTITION BY RANGE COLUMNS (`ts`) "
	        "(PARTITION `p_max` VALUES LESS THAN (MAXVALUE));\n");
	return finish(&s);
}

/* The bytes of NAME in hexadecimal digits, with MARK in front of the digits at PLACES, which
 * stand from the right to the left, so that no mark moves the next place. */
static void put_marked_hex(struct sql *s, const char *name, const unsigned *places, size_t n,
                           const char *mark)
{
	for (size_t i = 0; i < n; i++)
		put(s, "INSERT(");
	put(s, "LOWER(HEX(");
	put_name(s, name);
	put(s, "))");
	for (size_t i = 0; i < n; i++) {
		put(s, ", ");
		put_u64(s, places[i]);
		put(s, ", 0, '");
		put(s, mark);
		put(s, "')");
	}
}

/* A view's column as a person reads it. */
static void put_readable(struct sql *s, const struct pa_column *c)
{
	static const unsigned pairs[] = {15, 13, 11, 9, 7, 5, 3};
	static const unsigned groups[] = {21, 17, 13, 9};

	switch (c->type) {
	case PA_T_IP:
		put(s, "INET6_NTOA(");
		put_name(s, c->name);
		put(s, ")");
		break;
	case PA_T_MAC:
		put_marked_hex(s, c->name, pairs + 2, 5, ":");
		break;
	case PA_T_EUI64:
		put_marked_hex(s, c->name, pairs, 7, ":");
		break;
	case PA_T_GUID:
		put_marked_hex(s, c->name, groups, 4, "-");
		break;
	case PA_T_CHAR:
		put(s, "CONVERT(");
		put_name(s, c->name);
		put(s, " USING latin1)");
		break;
	case PA_T_BYTES:
		put(s, "LOWER(HEX(");
		put_name(s, c->name);
		put(s, "))");
		break;
	default:
		put_name(s, c->name);
		return;
	}
	put(s, " AS ");
	put_name(s, c->name);
}

enum pa_status pa_ddl_view(const struct pa_profile *p, const struct pa_table *t, struct pa_buf *out)
{
	struct sql s = begin(out);

	put(&s, "CREATE OR REPLACE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW `v_");
	put(&s, t->name); /* a plain identifier */
	put(&s, "` AS\nSELECT\n");
	for (unsigned i = 0; i < t->n_columns; i++) {
		put(&s, i > 0 ? ",\n\t" : "\t");
		put_readable(&s, column_at(p, t, i));
	}
	put(&s, "\nFROM ");
	put_name(&s, t->name);
	put(&s, ";\n");
	return finish(&s);
}

/* schema_version stands last: where it is, the others are. */
static const char *const ledger[] = {
    "CREATE TABLE IF NOT EXISTS `sensors` (\n"
    "\t`sensor_id` SMALLINT UNSIGNED NOT NULL AUTO_INCREMENT,\n"
    "\t`name` VARCHAR(255) NOT NULL,\n"
    "\t`last_seen` DATETIME(6) NULL,\n"
    "\t`clock_offset_us` BIGINT NULL,\n"
    "\t`waiting_batches` INT UNSIGNED NULL,\n"
    "\t`loader` VARCHAR(255) NULL,\n"
    "\tPRIMARY KEY (`sensor_id`),\n"
    "\tUNIQUE KEY `name` (`name`)\n",

    "CREATE TABLE IF NOT EXISTS `captures` (\n"
    "\t`capture_id` INT UNSIGNED NOT NULL AUTO_INCREMENT,\n"
    "\t`sensor_id` SMALLINT UNSIGNED NOT NULL,\n"
    "\t`sha256` BINARY(32) NOT NULL,\n"
    "\t`name` VARCHAR(1024) NOT NULL,\n"
    "\t`bytes` BIGINT UNSIGNED NOT NULL,\n"
    "\t`packets` BIGINT UNSIGNED NULL,\n"
    "\t`truncated` BOOLEAN NOT NULL DEFAULT 0,\n"
    "\t`first_seen` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),\n"
    "\tPRIMARY KEY (`capture_id`),\n"
    "\tUNIQUE KEY `content` (`sensor_id`, `sha256`)\n",

    "CREATE TABLE IF NOT EXISTS `passports` (\n"
    "\t`passport_id` INT UNSIGNED NOT NULL AUTO_INCREMENT,\n"
    "\t`sha256` BINARY(32) NOT NULL,\n"
    "\t`tshark` VARCHAR(255) NOT NULL,\n"
    "\t`tshark_args` MEDIUMTEXT NOT NULL,\n"
    "\t`dialect` VARCHAR(16) NOT NULL,\n"
    "\t`profile` VARCHAR(64) NOT NULL,\n"
    "\t`profile_sha256` BINARY(32) NOT NULL,\n"
    "\t`profile_text` MEDIUMTEXT NOT NULL,\n"
    "\t`filter` VARCHAR(255) NOT NULL,\n"
    "\t`first_seen` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),\n"
    "\tPRIMARY KEY (`passport_id`),\n"
    "\tUNIQUE KEY `content` (`sha256`)\n",

    "CREATE TABLE IF NOT EXISTS `batches` (\n"
    "\t`batch_no` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,\n"
    "\t`batch_id` VARCHAR(40) NOT NULL,\n"
    "\t`capture_id` INT UNSIGNED NOT NULL,\n"
    "\t`profile` VARCHAR(64) NOT NULL,\n"
    "\t`profile_sha256` BINARY(32) NOT NULL,\n"
    "\t`first_row` BIGINT UNSIGNED NOT NULL,\n"
    "\t`last_row` BIGINT UNSIGNED NOT NULL,\n"
    "\t`packets` BIGINT UNSIGNED NOT NULL,\n"
    "\t`rejected` BIGINT UNSIGNED NOT NULL,\n"
    "\t`filtered` BIGINT UNSIGNED NOT NULL,\n"
    "\t`cut` BIGINT UNSIGNED NOT NULL,\n"
    "\t`is_last` BOOLEAN NOT NULL,\n"
    "\t`truncated` BOOLEAN NOT NULL,\n"
    "\t`dialect` VARCHAR(16) NOT NULL,\n"
    "\t`tshark` VARCHAR(255) NOT NULL,\n"
    "\t`first_ts` DATETIME(6) NULL,\n"
    "\t`last_ts` DATETIME(6) NULL,\n"
    "\t`table_rows` TEXT NOT NULL,\n"
    "\t`loaded_at` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),\n"
    "\t`passport_id` INT UNSIGNED NULL,\n"
    "\t`schema_version` SMALLINT UNSIGNED NOT NULL DEFAULT 1,\n"
    "\tPRIMARY KEY (`batch_no`),\n"
    "\tUNIQUE KEY `batch_id` (`batch_id`),\n"
    "\tKEY `place` (`capture_id`, `profile`, `first_row`)\n",

    "CREATE TABLE IF NOT EXISTS `rejects` (\n"
    "\t`capture_id` INT UNSIGNED NOT NULL,\n"
    "\t`batch_no` BIGINT UNSIGNED NOT NULL,\n"
    "\t`row_no` BIGINT UNSIGNED NOT NULL,\n"
    "\t`frame` BIGINT UNSIGNED NULL,\n"
    "\t`column_name` VARCHAR(64) NULL,\n"
    "\t`reason` VARCHAR(512) NOT NULL,\n"
    "\t`raw_bytes` BIGINT UNSIGNED NOT NULL,\n"
    "\t`raw` LONGBLOB NULL,\n"
    "\tPRIMARY KEY (`batch_no`, `row_no`),\n"
    "\tKEY `capture` (`capture_id`)\n",

    "CREATE TABLE IF NOT EXISTS `coverage` (\n"
    "\t`coverage_id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,\n"
    "\t`sensor_id` SMALLINT UNSIGNED NOT NULL,\n"
    "\t`event_id` VARCHAR(64) NOT NULL,\n"
    "\t`interface` VARCHAR(255) NOT NULL,\n"
    "\t`kind` VARCHAR(16) NOT NULL,\n"
    "\t`from_ts` DATETIME(6) NOT NULL,\n"
    "\t`until_ts` DATETIME(6) NOT NULL,\n"
    "\t`packets` BIGINT UNSIGNED NULL,\n"
    "\t`bytes` BIGINT UNSIGNED NULL,\n"
    "\t`capture_sha256` BINARY(32) NULL,\n"
    "\t`detail` VARCHAR(512) NOT NULL,\n"
    "\tPRIMARY KEY (`coverage_id`),\n"
    "\tUNIQUE KEY `event` (`sensor_id`, `event_id`),\n"
    "\tKEY `place` (`sensor_id`, `from_ts`)\n",

    "CREATE TABLE IF NOT EXISTS `prunes` (\n"
    "\t`prune_id` BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,\n"
    "\t`table_name` VARCHAR(64) NOT NULL,\n"
    "\t`partition_name` VARCHAR(64) NOT NULL,\n"
    "\t`until_ts` DATETIME(6) NOT NULL,\n"
    "\t`row_count` BIGINT UNSIGNED NOT NULL,\n"
    "\t`state` VARCHAR(8) NOT NULL,\n"
    "\t`exported_to` VARCHAR(1024) NULL,\n"
    "\t`planned_at` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),\n"
    "\t`done_at` DATETIME(6) NULL,\n"
    "\tPRIMARY KEY (`prune_id`)\n",

    "CREATE TABLE IF NOT EXISTS `pruned` (\n"
    "\t`prune_id` BIGINT UNSIGNED NOT NULL,\n"
    "\t`capture_id` INT UNSIGNED NOT NULL,\n"
    "\t`row_count` BIGINT UNSIGNED NOT NULL,\n"
    "\tPRIMARY KEY (`prune_id`, `capture_id`),\n"
    "\tKEY `capture` (`capture_id`)\n",

    "CREATE TABLE IF NOT EXISTS `schema_version` (\n"
    "\t`version` INT NOT NULL,\n"
    "\t`applied_at` DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),\n"
    "\tPRIMARY KEY (`version`)\n",
};

enum pa_status pa_ddl_ledger(struct pa_buf *out)
{
	struct sql s = begin(out);

	for (size_t i = 0; i < sizeof ledger / sizeof ledger[0]; i++) {
		put(&s, ledger[i]);
		put(&s, ") " TABLE_TAIL ";\n");
	}
	return finish(&s);
}

/* CHARACTER SET binary: with utf8mb4 a stray lead byte in a packet's text could swallow the
 * separator after it. REPLACE: LOCAL alone would turn errors into warnings. */
static void put_load(struct sql *s, const char *file, const char *table, const char *format)
{
	put(s, "LOAD DATA LOCAL INFILE ");
	put_text(s, file);
	put(s, " REPLACE INTO TABLE ");
	put_name(s, table);
	put(s, " CHARACTER SET binary\n");
	put(s, format);
}

static const char tsv[] = "FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' "
                          "LINES TERMINATED BY '\\n'\n";
static const char mysql_csv[] = "FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' "
                                "ESCAPED BY '\\\\' LINES TERMINATED BY '\\n'\n";
static const char rfc4180[] = "FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' "
                              "ESCAPED BY '' LINES TERMINATED BY '\\r\\n' IGNORE 1 LINES\n";

static int is_readable(enum pa_type type)
{
	return type == PA_T_IP || type == PA_T_MAC || type == PA_T_EUI64 || type == PA_T_GUID ||
	       type == PA_T_CHAR || type == PA_T_BYTES;
}

/* Does the value go through a user variable? */
static int is_converted(const struct pa_column *c, enum pa_format format)
{
	return is_readable(c->type) || (format == PA_FORMAT_RFC4180 && !c->standard);
}

static void put_variable(struct sql *s, const struct pa_column *c, enum pa_format format)
{
	/* RFC 4180 has no word for NULL: it is the empty field there. */
	put(s, format == PA_FORMAT_RFC4180 ? "NULLIF(@" : "@");
	put_name(s, c->name);
	put(s, format == PA_FORMAT_RFC4180 ? ", '')" : "");
}

static void put_assignment(struct sql *s, const struct pa_column *c, enum pa_format format)
{
	put_name(s, c->name);
	put(s, " = ");
	switch (c->type) {
	case PA_T_IP:
		/* The variable holds a binary string, the function wants characters. */
		put(s, "INET6_ATON(CONVERT(");
		put_variable(s, c, format);
		put(s, " USING utf8mb4))");
		break;
	case PA_T_MAC:
	case PA_T_EUI64:
	case PA_T_GUID:
		put(s, "UNHEX(REPLACE(");
		put_variable(s, c, format);
		put(s, c->type == PA_T_GUID ? ", '-', ''))" : ", ':', ''))");
		break;
	case PA_T_CHAR:
		put(s, "CONVERT(CONVERT(");
		put_variable(s, c, format);
		put(s, " USING utf8mb4) USING latin1)");
		break;
	case PA_T_BYTES:
		put(s, "UNHEX(");
		put_variable(s, c, format);
		put(s, ")");
		break;
	default:
		put_variable(s, c, format);
		break;
	}
}

enum pa_status pa_ddl_load_stdout(const struct pa_profile *p, const struct pa_table *t,
                                  enum pa_format format, const char *file, struct pa_buf *out)
{
	struct sql s = begin(out);
	const char *between = "\nSET ";

	put_load(&s, file, t->name,
	         format == PA_FORMAT_TSV       ? tsv
	         : format == PA_FORMAT_RFC4180 ? rfc4180
	                                       : mysql_csv);
	for (unsigned i = 0; i < t->n_columns; i++) {
		const struct pa_column *c = column_at(p, t, i);

		put(&s, i > 0 ? ", " : "(");
		put(&s, is_converted(c, format) ? "@" : "");
		put_name(&s, c->name);
	}
	put(&s, ")");
	for (unsigned i = 0; i < t->n_columns; i++) {
		const struct pa_column *c = column_at(p, t, i);

		if (!is_converted(c, format))
			continue;
		put(&s, between);
		put_assignment(&s, c, format);
		between = ",\n\t";
	}
	put(&s, ";\n");
	return finish(&s);
}

/* The columns of "a,b,c". */
static void put_columns(struct sql *s, const char *name)
{
	put(s, "(");
	for (;;) {
		size_t n = strcspn(name, ",");

		put_quoted(s, name, n, '`', '`');
		name += n;
		if (*name == '\0')
			break;
		name++;
		put(s, ", ");
	}
	put(s, ")");
}

enum pa_status pa_ddl_load_batch(const struct pa_manifest_table *t, const char *token,
                                 uint32_t capture_id, uint64_t batch_no, struct pa_buf *out)
{
	struct sql s = begin(out);

	put_load(&s, token, t->name, tsv);
	put_columns(&s, t->columns);
	put(&s, "\nSET `capture_id` = ");
	put_u64(&s, capture_id);
	if (strcmp(t->name, "rejects") == 0) {
		put(&s, ", `batch_no` = ");
		put_u64(&s, batch_no);
	}
	return finish(&s);
}

enum pa_status pa_ddl_load_rows(const char *table, const char *columns, const char *file,
                                struct pa_buf *out)
{
	struct sql s = begin(out);

	put_load(&s, file, table, tsv);
	put_columns(&s, columns);
	put(&s, ";\n");
	return finish(&s);
}
