//! Whether a grant lives: the one predicate that redemption, refresh and every read of a token share.
//! Live is derived when read and missing means dead, so nothing is fanned out when a user, client or session
//! ends, and no race leaves a survivor (design.md 2).

/// SQL that holds for a live row of `oauth_grant`; the argument is the parameter that carries `now`.
macro_rules! grant_lives {
    ($now:literal) => {
        concat!(
            "(oauth_grant.revoked_at IS NULL AND oauth_grant.expires_at > ",
            $now,
            " AND EXISTS (SELECT 1 FROM client
                   WHERE client.id = oauth_grant.client AND client.epoch = oauth_grant.client_epoch)
              AND (oauth_grant.user_id IS NULL OR EXISTS (SELECT 1 FROM account
                   WHERE account.id = oauth_grant.user_id AND account.disabled_at IS NULL))
              AND (oauth_grant.offline OR oauth_grant.session_id IS NULL OR EXISTS (SELECT 1 FROM session
                   WHERE session.id = oauth_grant.session_id AND ",
            session_lives!($now),
            ")))"
        )
    };
}

/// SQL that holds for a live row of `session`.
macro_rules! session_lives {
    ($now:literal) => {
        concat!(
            "session.ended_at IS NULL AND session.expires_at > ",
            $now,
            " AND session.last_seen_at + session.idle_seconds > ",
            $now
        )
    };
}

pub(crate) use {grant_lives, session_lives};
