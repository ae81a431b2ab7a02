-- JWTs that clients made and that count once: assertions (RFC 7523 section 3) and request objects with a jti (RFC 9101).
-- The id is a hash of client and jti; the attempt tells a repeated statement from a second use.
CREATE TABLE used_jwt (
    id BLOB NOT NULL PRIMARY KEY,
    attempt BLOB NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX used_jwt_expiry ON used_jwt (expires_at);
