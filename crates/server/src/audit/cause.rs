//! Who caused an event, from where, in which request, and when.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use grantor_protocol::{ClientId, UserId};

use crate::app::App;
use crate::clock::Now;
use crate::extract::Peer;
use crate::observe::TraceId;

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody who proved nothing.
    Anonymous,
    /// A user, signed in or with the password just entered.
    User(UserId),
    /// A client that authenticated.
    Client(ClientId),
    /// An operator's program at the admin listener.
    AdminListener,
    /// An operator at a command line.
    Command {
        /// The user of the machine, where the system tells.
        uid: Option<u32>,
        /// The command without its arguments, such as `users disable`.
        command: String,
    },
    /// The server by itself: its schedule, its clean-up.
    Server,
}

impl Actor {
    /// The kind, as it is recorded.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::User(_) => "user",
            Self::Client(_) => "client",
            Self::AdminListener | Self::Command { .. } => "operator",
            Self::Server => "server",
        }
    }

    /// Which one of the kind.
    pub(super) fn id(&self) -> Option<String> {
        match self {
            Self::Anonymous | Self::Server => None,
            Self::User(user) => Some(user.to_string()),
            Self::Client(client) => Some(client.to_string()),
            Self::AdminListener => Some("admin listener".to_owned()),
            Self::Command { uid, .. } => {
                Some(uid.map_or_else(|| "uid unknown".to_owned(), |uid| format!("uid {uid}")))
            }
        }
    }

    /// What was run.
    pub(super) fn command(&self) -> Option<&str> {
        match self {
            Self::Command { command, .. } => Some(command),
            Self::Anonymous | Self::User(_) | Self::Client(_) | Self::AdminListener | Self::Server => None,
        }
    }
}

/// The circumstances of an event.
#[derive(Clone, Debug)]
pub struct Cause {
    pub(super) actor: Actor,
    pub(super) peer: Option<IpAddr>,
    pub(super) trace_id: Option<String>,
    now: Now,
}

impl Cause {
    /// The server by itself.
    pub fn server(now: Now) -> Self {
        Self { actor: Actor::Server, peer: None, trace_id: None, now }
    }

    /// An operator who runs a command on this machine.
    pub fn command(command: &str, now: Now) -> Self {
        let actor = Actor::Command { uid: own_uid(), command: command.to_owned() };
        Self { actor, ..Self::server(now) }
    }

    /// A request of somebody who has not proved who they are.
    pub(crate) fn request(peer: &Peer, trace_id: &TraceId, now: Now) -> Self {
        Self { actor: Actor::Anonymous, peer: Some(peer.addr), trace_id: Some(trace_id.0.clone()), now }
    }

    /// The same, by somebody who has.
    #[must_use]
    pub(crate) fn by(self, actor: Actor) -> Self {
        Self { actor, ..self }
    }

    /// The instant.
    pub fn now(&self) -> Now {
        self.now
    }
}

impl FromRequestParts<App> for Cause {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let peer = Peer::from_request_parts(parts, app).await?;
        let trace_id = TraceId::from_request_parts(parts, app).await?;
        Ok(Self::request(&peer, &trace_id, Now::from_request_parts(parts, app).await?))
    }
}

/// A request at the admin listener, which lets nobody in but operators.
#[derive(Clone, Debug)]
pub(crate) struct OperatorCause(pub Cause);

impl FromRequestParts<App> for OperatorCause {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self(Cause::from_request_parts(parts, app).await?.by(Actor::AdminListener)))
    }
}

/// The user that this process belongs to, from whom its entry under `/proc` is.
#[cfg(target_os = "linux")]
fn own_uid() -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").ok().map(|entry| entry.uid())
}

#[cfg(not(target_os = "linux"))]
fn own_uid() -> Option<u32> {
    None
}
