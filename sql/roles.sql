-- Roles for those who use the database `pcapanalyzer`; run once, by an administrator, after
-- `csv2mysql init`. It may be run again, as after a profile got new tables.
--
--   pcapanalyzer_analyst  reads everything: tables, views, ledger
--   pcapanalyzer_loader   adds batches; cannot change or read the packets that are stored
--   pcapanalyzer_redissector  a loader who may also replace captures (import --redissect)
--   pcapanalyzer_keeper   init, migrate, partitions, removal of old days
--
-- Then, for each account:
--   CREATE USER 'ann'@'localhost' IDENTIFIED BY '...';
--   GRANT pcapanalyzer_analyst TO 'ann'@'localhost';
--   SET DEFAULT ROLE pcapanalyzer_analyst TO 'ann'@'localhost';   (MySQL)
--   SET DEFAULT ROLE pcapanalyzer_analyst FOR 'ann'@'localhost';  (MariaDB)
--
-- The views run with the rights of who asks (SQL SECURITY INVOKER). With the rights of their
-- maker they would fail in MariaDB when that account has its privileges through a role, and in
-- both servers once it is dropped. So the analyst needs the tables too, and wants them: only
-- there can a search by address use a key (WHERE src = INET6_ATON('192.0.2.1')). Nothing in the
-- tables is kept from the views.

CREATE ROLE IF NOT EXISTS pcapanalyzer_analyst;
GRANT SELECT, SHOW VIEW ON `pcapanalyzer`.* TO pcapanalyzer_analyst;

-- DELETE is for LOAD DATA ... REPLACE, which without it is refused even if nothing is replaced.
-- A profile of your own needs the same line for each of its tables.
CREATE ROLE IF NOT EXISTS pcapanalyzer_loader;
GRANT INSERT, DELETE ON `pcapanalyzer`.`packets` TO pcapanalyzer_loader;
GRANT INSERT, DELETE ON `pcapanalyzer`.`layers` TO pcapanalyzer_loader;
GRANT INSERT, DELETE ON `pcapanalyzer`.`dns` TO pcapanalyzer_loader;
GRANT INSERT, DELETE ON `pcapanalyzer`.`dns_answers` TO pcapanalyzer_loader;
GRANT INSERT, DELETE ON `pcapanalyzer`.`http` TO pcapanalyzer_loader;
GRANT INSERT, DELETE ON `pcapanalyzer`.`tls` TO pcapanalyzer_loader;
GRANT INSERT, DELETE ON `pcapanalyzer`.`rejects` TO pcapanalyzer_loader;
GRANT SELECT, INSERT, UPDATE ON `pcapanalyzer`.`sensors` TO pcapanalyzer_loader;
GRANT SELECT, INSERT, UPDATE ON `pcapanalyzer`.`captures` TO pcapanalyzer_loader;
GRANT SELECT, INSERT, UPDATE ON `pcapanalyzer`.`batches` TO pcapanalyzer_loader;
GRANT SELECT, INSERT ON `pcapanalyzer`.`passports` TO pcapanalyzer_loader;
GRANT SELECT, INSERT ON `pcapanalyzer`.`coverage` TO pcapanalyzer_loader;
GRANT SELECT ON `pcapanalyzer`.`prunes` TO pcapanalyzer_loader;
GRANT SELECT ON `pcapanalyzer`.`pruned` TO pcapanalyzer_loader;
GRANT SELECT ON `pcapanalyzer`.`schema_version` TO pcapanalyzer_loader;

-- The old rows are copied into temporary tables, to tell afterwards what has changed.
CREATE ROLE IF NOT EXISTS pcapanalyzer_redissector;
GRANT pcapanalyzer_loader TO pcapanalyzer_redissector;
GRANT CREATE TEMPORARY TABLES, SELECT ON `pcapanalyzer`.* TO pcapanalyzer_redissector;
GRANT DELETE ON `pcapanalyzer`.`batches` TO pcapanalyzer_redissector;
GRANT DELETE ON `pcapanalyzer`.`pruned` TO pcapanalyzer_redissector;

-- LOCK TABLES is for prune.
CREATE ROLE IF NOT EXISTS pcapanalyzer_keeper;
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, CREATE TEMPORARY TABLES, ALTER, DROP, INDEX,
	CREATE VIEW, SHOW VIEW, LOCK TABLES
	ON `pcapanalyzer`.* TO pcapanalyzer_keeper;
