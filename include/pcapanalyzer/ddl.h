/* SQL that a profile implies: tables, views, LOAD DATA statements. One text for MySQL 8/9 and
 * MariaDB 10.11/11. Statements end with ";\n"; identifiers are quoted with backticks. */
#ifndef PCAPANALYZER_DDL_H
#define PCAPANALYZER_DDL_H

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"
#include "pcapanalyzer/manifest.h"
#include "pcapanalyzer/profile.h"

/* How CSV on standard output is written; the loader's batches have their own form. */
enum pa_format { PA_FORMAT_MYSQL, PA_FORMAT_RFC4180, PA_FORMAT_TSV };

/* CREATE TABLE IF NOT EXISTS of one table of the profile: standard columns NOT NULL, the rest
 * NULL, PRIMARY KEY (ts, capture_id, frame[, idx]), its keys, one p_max partition on ts. */
enum pa_status pa_ddl_table(const struct pa_profile *p, const struct pa_table *t,
                            struct pa_buf *out) __attribute__((warn_unused_result));

/* CREATE OR REPLACE VIEW v_TABLE: every column, addresses, MACs and bytes as text. */
enum pa_status pa_ddl_view(const struct pa_profile *p, const struct pa_table *t, struct pa_buf *out)
    __attribute__((warn_unused_result));

/* The ledger (sensors, captures, passports, batches, rejects, coverage, prunes, pruned,
 * schema_version), one CREATE TABLE IF NOT EXISTS after the other. */
enum pa_status pa_ddl_ledger(struct pa_buf *out) __attribute__((warn_unused_result));

/* LOAD DATA LOCAL for what tshark2csv prints on standard output in FORMAT: readable addresses
 * and times are converted by the statement. FILE is the name to put into it. */
enum pa_status pa_ddl_load_stdout(const struct pa_profile *p, const struct pa_table *t,
                                  enum pa_format format, const char *file, struct pa_buf *out)
    __attribute__((warn_unused_result));

/* LOAD DATA LOCAL for one file of a batch, without the trailing ";": raw values, the columns
 * that the manifest names, capture_id set (and batch_no too in table rejects).
 * token: the file name in the statement, which the local-infile callback compares */
enum pa_status pa_ddl_load_batch(const struct pa_manifest_table *t, const char *token,
                                 uint32_t capture_id, uint64_t batch_no, struct pa_buf *out)
    __attribute__((warn_unused_result));

/* LOAD DATA LOCAL for whole rows of a table in the same form, as pa_export_rows() writes them.
 * columns: "a,b,c"; file: the name to put into it */
enum pa_status pa_ddl_load_rows(const char *table, const char *columns, const char *file,
                                struct pa_buf *out) __attribute__((warn_unused_result));

/* Append `name` in backticks, or 'text' as an SQL string literal (quotes doubled, backslashes
 * doubled). */
enum pa_status pa_sql_identifier(struct pa_buf *out, const char *name)
    __attribute__((warn_unused_result));
enum pa_status pa_sql_text(struct pa_buf *out, const char *text)
    __attribute__((warn_unused_result));

#endif
