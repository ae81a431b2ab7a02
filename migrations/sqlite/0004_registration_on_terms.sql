-- Registration on terms: tokens that permit it, what a client stays bound to, and when it showed a sign of life.
ALTER TABLE client ADD COLUMN registration_terms TEXT;
-- When the client last got tokens, to the hour; NULL: it never did. Clients of before are taken for used.
ALTER TABLE client ADD COLUMN last_used_at BIGINT;
UPDATE client SET last_used_at = updated_at WHERE registered_at IS NOT NULL;
-- What an identical registration is recognised by, where it may be answered with this client.
ALTER TABLE client ADD COLUMN reusable_as TEXT;
CREATE UNIQUE INDEX client_reusable ON client (issuer_id, reusable_as) WHERE reusable_as IS NOT NULL;
-- Silent clients are looked for in the order of their silence.
CREATE INDEX client_silent ON client (last_used_at, registered_at) WHERE registered_at IS NOT NULL;

-- Initial access tokens that were given out by command or on the admin listener; those of the configuration have no row.
CREATE TABLE initial_access_token (
    id BLOB NOT NULL PRIMARY KEY,
    issuer_id BIGINT NOT NULL,
    secret_hash BLOB NOT NULL UNIQUE,
    label TEXT,
    limits TEXT NOT NULL,
    max_uses BIGINT,
    uses BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);
CREATE INDEX initial_access_token_expiry ON initial_access_token (expires_at);
