-- One table per remembered thing (design.md 2). Instants are BIGINT seconds, or milliseconds where
-- the name says so; JSON is TEXT. There are no foreign keys: what is missing is dead, and an insert
-- never fails because its neighbour is being deleted. The Postgres twin has the same tables and columns.

CREATE TABLE client (
    id BLOB NOT NULL PRIMARY KEY,
    issuer_id BIGINT NOT NULL,
    client_id TEXT NOT NULL,
    metadata TEXT NOT NULL,
    secret TEXT,
    previous_secret TEXT,
    previous_secret_expires_at BIGINT,
    epoch BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (issuer_id, client_id)
);

-- Where single-page applications call from; derived from the metadata, for preflights, which carry no identity.
CREATE TABLE client_origin (
    origin TEXT NOT NULL,
    client BLOB NOT NULL,
    PRIMARY KEY (origin, client)
);
CREATE INDEX client_origin_client ON client_origin (client);

CREATE TABLE account (
    id BLOB NOT NULL PRIMARY KEY,
    issuer_id BIGINT NOT NULL,
    username TEXT NOT NULL,
    username_display TEXT NOT NULL,
    password TEXT,
    claims TEXT NOT NULL,
    disabled_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (issuer_id, username)
);

CREATE TABLE session (
    id BLOB NOT NULL PRIMARY KEY,
    issuer_id BIGINT NOT NULL,
    secret_hash BLOB NOT NULL UNIQUE,
    user_id BLOB NOT NULL,
    authenticated_at_ms BIGINT NOT NULL,
    authentications TEXT NOT NULL,
    acr TEXT NOT NULL,
    amr TEXT NOT NULL,
    remembered BOOLEAN NOT NULL,
    last_seen_at BIGINT NOT NULL,
    idle_seconds BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    user_agent TEXT,
    address TEXT
);
CREATE INDEX session_of_user ON session (user_id);
CREATE INDEX session_expiry ON session (expires_at);

CREATE TABLE interaction (
    id BLOB NOT NULL PRIMARY KEY,
    issuer_id BIGINT NOT NULL,
    client BLOB NOT NULL,
    request TEXT NOT NULL,
    origin TEXT NOT NULL,
    browser_hash BLOB,
    session_id BLOB,
    authenticated_here BOOLEAN NOT NULL,
    chosen BOOLEAN NOT NULL,
    created_at_ms BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX interaction_expiry ON interaction (expires_at);

-- A code is a state of its grant and a refresh token a generation of it: neither has a row.
CREATE TABLE oauth_grant (
    id BLOB NOT NULL PRIMARY KEY,
    issuer_id BIGINT NOT NULL,
    client BLOB NOT NULL,
    client_epoch BIGINT NOT NULL,
    user_id BLOB,
    subject TEXT NOT NULL,
    scope TEXT NOT NULL,
    audience TEXT NOT NULL,
    session_id BLOB,
    offline BOOLEAN NOT NULL,
    claims TEXT,
    authorization_details TEXT,
    act TEXT,
    confirmation TEXT,
    interaction BLOB UNIQUE,
    authenticated_at BIGINT,
    acr TEXT,
    amr TEXT NOT NULL,
    nonce TEXT,
    created_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    revoked_because TEXT,
    generation BIGINT NOT NULL,
    parent BLOB,
    rotated_at_ms BIGINT,
    code_hash BLOB UNIQUE,
    code_challenge TEXT,
    code_redirect_uri TEXT,
    code_redirect_uri_given BOOLEAN NOT NULL,
    code_expires_at BIGINT,
    code_redeemed_at BIGINT,
    code_attempt BLOB,
    code_failures BIGINT NOT NULL
);
CREATE INDEX oauth_grant_user ON oauth_grant (user_id);
CREATE INDEX oauth_grant_client ON oauth_grant (client);
CREATE INDEX oauth_grant_session ON oauth_grant (session_id);
CREATE INDEX oauth_grant_expiry ON oauth_grant (expires_at);

CREATE TABLE consent (
    user_id BLOB NOT NULL,
    client BLOB NOT NULL,
    scope TEXT NOT NULL,
    granted_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, client)
);
CREATE INDEX consent_client ON consent (client);

CREATE TABLE revoked_token (
    id BLOB NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX revoked_token_expiry ON revoked_token (expires_at);

-- The ordinal settles who made the first key of an algorithm when several nodes start at once.
CREATE TABLE signing_key (
    kid TEXT NOT NULL PRIMARY KEY,
    issuer_id BIGINT NOT NULL,
    algorithm TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    public_jwk TEXT NOT NULL,
    sealed BLOB NOT NULL,
    data_key TEXT NOT NULL,
    published_at BIGINT NOT NULL,
    signs_from BIGINT,
    UNIQUE (issuer_id, algorithm, ordinal)
);
CREATE UNIQUE INDEX signing_key_next ON signing_key (issuer_id, algorithm) WHERE signs_from IS NULL;

CREATE TABLE data_key (
    id TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    wrapped BLOB NOT NULL,
    wrapped_with TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (purpose, ordinal)
);

CREATE TABLE throttle (
    key BLOB NOT NULL PRIMARY KEY,
    allowance BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL,
    attempt BLOB NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX throttle_expiry ON throttle (expires_at);
