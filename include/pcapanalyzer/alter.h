/* Changes of a table that is there already: the pure part, text in and text out. A table's
 * definition is a CREATE TABLE statement as pa_ddl_table() and pa_ddl_ledger() write them, one
 * column or key to a line. */
#ifndef PCAPANALYZER_ALTER_H
#define PCAPANALYZER_ALTER_H

#include "pcapanalyzer/buf.h"
#include "pcapanalyzer/error.h"

/* The definition of column NAME, from its quoted name up to the comma; points into DDL. 0 when
 * it has none. */
int pa_alter_column(struct pa_slice ddl, const char *name, struct pa_slice *out);

/* Append a statement that makes a temporary table SCRATCH of the same columns and keys, without
 * partitions, which temporary tables cannot have. */
enum pa_status pa_alter_scratch(struct pa_slice ddl, const char *scratch, struct pa_buf *out)
    __attribute__((warn_unused_result));

/* What it takes to make a column of one type into another, as the server names both. */
enum pa_alter_cost {
	PA_ALTER_CHEAP,   /* loses nothing, and no row is written anew */
	PA_ALTER_REWRITE, /* loses nothing, and rewrites the table */
	PA_ALTER_LOSS,    /* values may be lost or changed, or refused */
};

/* from, to: COLUMN_TYPE of the server, "smallint(5) unsigned", "varchar(255)", "set('a','b')" */
enum pa_alter_cost pa_alter_cost(struct pa_slice from, struct pa_slice to) __attribute__((pure));

/* 1 when a column of the type IS holds whatever one with this DEFINITION does, though it is of
 * another type: a VARCHAR that is as long as a TEXT, which long text was not always.
 * definition: as pa_alter_column() has it */
int pa_alter_holds(struct pa_slice is, struct pa_slice definition) __attribute__((pure));

#endif
