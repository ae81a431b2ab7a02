-- Who is told when a session ends: the clients of it that registered an address for that.
CREATE TABLE session_client (
    session_id UUID NOT NULL,
    client UUID NOT NULL,
    PRIMARY KEY (session_id, client)
);
CREATE INDEX session_client_client ON session_client (client);

-- Which act ended the session, so that the statements of that act find what they are about.
ALTER TABLE session ADD COLUMN ending UUID;
CREATE INDEX session_ending ON session (ending) WHERE ending IS NOT NULL;

-- Logout tokens (Back-Channel Logout section 2.5) that are still to be delivered. They are minted when they are sent.
CREATE TABLE logout_notification (
    session_id UUID NOT NULL,
    client UUID NOT NULL,
    issuer_id BIGINT NOT NULL,
    user_id UUID NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt_at_ms BIGINT NOT NULL,
    leased_until_ms BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (session_id, client)
);
CREATE INDEX logout_notification_due ON logout_notification (client, next_attempt_at_ms, session_id);
CREATE INDEX logout_notification_leased ON logout_notification (client, leased_until_ms)
    WHERE leased_until_ms IS NOT NULL;

-- How well a client is reached.
CREATE TABLE logout_delivery (
    client UUID NOT NULL PRIMARY KEY,
    delivered BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    given_up BIGINT NOT NULL,
    last_delivered_at BIGINT,
    last_failed_at BIGINT,
    last_error TEXT
);
