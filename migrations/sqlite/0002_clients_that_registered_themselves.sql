-- Clients that registered themselves (RFC 7591) have a token of their own to look after themselves (RFC 7592).
-- Both columns are NULL for a client that an operator registered.
ALTER TABLE client ADD COLUMN registered_at BIGINT;
ALTER TABLE client ADD COLUMN registration_token TEXT;
-- How many there are is asked before each new one.
CREATE INDEX client_registered ON client (issuer_id) WHERE registered_at IS NOT NULL;
