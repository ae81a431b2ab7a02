//! The end of logins: by their users, by operators, by whatever ends a user. One primitive ends sessions, and in the same
//! transaction notes whom to tell (Back-Channel Logout section 2.5).

use grantor_protocol::{ClientId, ClientMetadata, ClientRowId, SessionId, Timestamp, UserId};

use crate::{
    Attempt, Fault, Sessions,
    engine::{Row, Transaction},
    liveness::session_lives,
    logout_notifications::note_clients_where,
    sessions::SESSIONS_PER_BROWSER,
};

/// Which sessions end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// These.
    Sessions(Vec<SessionId>),
    /// All of a user, but for one.
    OfUser(UserId, Option<SessionId>),
}

/// What ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// The sessions that had not ended before.
    pub sessions: Vec<SessionId>,
    /// Their users, in the same order.
    pub users: Vec<UserId>,
    /// How many clients are to be told over the back channel.
    pub notifications: u64,
}

/// A client that a browser tells of a logout (Front-Channel Logout section 3).
#[derive(Clone, Debug, PartialEq)]
pub struct FrontChannelClient {
    /// The session that it knows.
    pub session: SessionId,
    /// Its row.
    pub client: ClientRowId,
    /// Its name.
    pub client_id: ClientId,
    /// What it is registered for.
    pub metadata: ClientMetadata,
}

impl FrontChannelClient {
    fn from_row(row: &Row) -> Result<Self, Fault> {
        Ok(Self {
            session: row.id("session_id")?,
            client: row.id("id")?,
            client_id: row.parsed("client_id")?,
            metadata: row.json("metadata")?,
        })
    }
}

impl Sessions<'_> {
    /// Ends sessions, and with them every grant of them that is not offline; notes the clients to tell until `give_up_at`. Of
    /// two who end the same session one does.
    #[tracing::instrument(name = "store.sessions.end", level = "debug", skip_all)]
    pub async fn end(&self, which: &Ending, give_up_at: Timestamp, now_ms: i64) -> Result<Ended, Fault> {
        const NAME: &str = "sessions.end";
        let mut ended = Ended::default();
        let rounds: Vec<Option<&[SessionId]>> = match which {
            Ending::Sessions(sessions) => sessions.chunks(SESSIONS_PER_BROWSER).map(Some).collect(),
            Ending::OfUser(..) => vec![None],
        };
        for sessions in rounds {
            let act = Act { attempt: Attempt::new(), give_up_at, now_ms };
            let mut transaction = self.0.begin(NAME).await?;
            let of_round = match (which, sessions) {
                (Ending::OfUser(user, except), _) => {
                    act.end_of_user(&mut transaction, *user, *except).await?
                }
                (Ending::Sessions(_), sessions) => {
                    act.end_these(&mut transaction, sessions.unwrap_or_default()).await?
                }
            };
            if !of_round.is_empty() {
                ended.notifications += act.note_whom_to_tell(&mut transaction).await?;
            }
            transaction.commit().await?;
            let (sessions, users): (Vec<_>, Vec<_>) = of_round.into_iter().unzip();
            ended.sessions.extend(sessions);
            ended.users.extend(users);
        }
        Ok(ended)
    }

    /// Notes that `client` is to be told when the session ends, and that the session was used. `false` when it has ended
    /// already: then nobody would tell the client.
    #[tracing::instrument(name = "store.sessions.note_client", level = "debug", skip_all)]
    pub async fn note_client(
        &self,
        session: SessionId,
        client: ClientRowId,
        now: Timestamp,
    ) -> Result<bool, Fault> {
        const NAME: &str = "sessions.note_client";
        let mut transaction = self.0.begin(NAME).await?;
        // The row is written so that whoever ends the session at this moment comes before or after, and then sees it.
        let seen = transaction.statement(
            NAME,
            concat!(
                "UPDATE session SET last_seen_at = CASE WHEN last_seen_at < $2 THEN $2 ELSE last_seen_at END
                  WHERE id = $1 AND ",
                session_lives!("$2")
            ),
        );
        if seen.bind(session).bind(now).execute().await? == 0 {
            return Ok(false);
        }
        let note = transaction.statement(
            NAME,
            "INSERT INTO session_client (session_id, client) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        );
        note.bind(session).bind(client).execute().await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// The clients of these sessions that are told by the browser; sessions past the sixth do not count.
    #[tracing::instrument(name = "store.sessions.front_channel_clients", level = "debug", skip_all)]
    pub async fn front_channel_clients(
        &self,
        sessions: &[SessionId],
    ) -> Result<Vec<FrontChannelClient>, Fault> {
        let mut list = self.0.statement(
            "sessions.front_channel_clients",
            "SELECT session_client.session_id, client.id, client.client_id, client.metadata
              FROM session_client JOIN client ON client.id = session_client.client
             WHERE session_client.session_id IN ($1, $2, $3, $4, $5, $6)
               AND client.metadata LIKE '%\"frontchannel_logout_uri\"%'
             ORDER BY client.id, session_client.session_id",
        );
        for index in 0..SESSIONS_PER_BROWSER {
            list = list.bind(sessions.get(index).copied());
        }
        list.read().fetch_all().await?.iter().map(FrontChannelClient::from_row).collect()
    }
}

/// One act that ends sessions.
struct Act {
    attempt: Attempt,
    give_up_at: Timestamp,
    now_ms: i64,
}

impl Act {
    const NAME: &'static str = "sessions.end";

    fn now(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.now_ms)
    }

    async fn end_these(
        &self,
        transaction: &mut Transaction,
        sessions: &[SessionId],
    ) -> Result<Vec<(SessionId, UserId)>, Fault> {
        let end = transaction.statement(
            Self::NAME,
            "UPDATE session SET ended_at = $1, ending = $2
              WHERE ended_at IS NULL AND id IN ($3, $4, $5, $6, $7, $8) RETURNING id, user_id",
        );
        let mut end = end.bind(self.now()).bind(self.attempt.uuid());
        for index in 0..SESSIONS_PER_BROWSER {
            end = end.bind(sessions.get(index).copied());
        }
        end.fetch_all().await?.iter().map(|row| Ok((row.id("id")?, row.id("user_id")?))).collect()
    }

    async fn end_of_user(
        &self,
        transaction: &mut Transaction,
        user: UserId,
        except: Option<SessionId>,
    ) -> Result<Vec<(SessionId, UserId)>, Fault> {
        let end = transaction.statement(
            Self::NAME,
            "UPDATE session SET ended_at = $1, ending = $2
              WHERE ended_at IS NULL AND user_id = $3 AND ($4 IS NULL OR id <> $4) RETURNING id, user_id",
        );
        let end = end.bind(self.now()).bind(self.attempt.uuid()).bind(user).bind(except);
        end.fetch_all().await?.iter().map(|row| Ok((row.id("id")?, row.id("user_id")?))).collect()
    }

    async fn note_whom_to_tell(&self, transaction: &mut Transaction) -> Result<u64, Fault> {
        let note = transaction.statement(Self::NAME, note_clients_where!("session.ending = $4"));
        let note = note.bind(self.now_ms).bind(self.now()).bind(self.give_up_at);
        note.bind(self.attempt.uuid()).execute().await
    }
}
