-- Run once after each start by compose.yaml's sql-provision (sqlcmd -I). Safe to run again.
-- `payments` is what the service uses; `payments_test` is emptied by the database suite.
IF DB_ID(N'payments') IS NULL CREATE DATABASE payments;
IF DB_ID(N'payments_test') IS NULL CREATE DATABASE payments_test;
GO
-- As in Azure SQL: readers see what is committed, wait for nobody, and may ask for one snapshot.
ALTER DATABASE payments SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE;
ALTER DATABASE payments_test SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE;
ALTER DATABASE payments SET ALLOW_SNAPSHOT_ISOLATION ON;
ALTER DATABASE payments_test SET ALLOW_SNAPSHOT_ISOLATION ON;
GO
IF SUSER_ID(N'payments_app') IS NULL CREATE LOGIN payments_app WITH PASSWORD = N'$(APP_PASSWORD)';
GO
USE payments;
IF USER_ID(N'payments_app') IS NULL CREATE USER payments_app FOR LOGIN payments_app;
-- The laptop's user also applies migrations; in Azure a deployment does that, and the app may only read and write.
ALTER ROLE db_owner ADD MEMBER payments_app;
GO
USE payments_test;
IF USER_ID(N'payments_app') IS NULL CREATE USER payments_app FOR LOGIN payments_app;
ALTER ROLE db_owner ADD MEMBER payments_app;
GO
