-- By what an imported password hash is recognised when the file comes again: SHA-256 of what was stored for it. The hash
-- itself is gone once its user has logged in.
ALTER TABLE account ADD COLUMN imported_password BYTEA;
