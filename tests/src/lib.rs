//! Everything that drives the `grantor` binary from outside: processes and their configuration,
//! a browser without a window (plain HTTP) and one with an engine (Chromium), and relying parties.
//!
//! Only `in_process` knows the server's insides: it runs one in the test's own process, whose clock
//! can be moved and whose statements can be counted. What all others use is what design.md 6
//! promises to keep. They install or build what they need and say in one line what they cannot have; they
//! never skip.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a harness reports failure by panicking in the test that uses it"
)]

mod accessibility;
mod answer;
mod apache;
mod binary;
mod certificate;
mod chromium;
mod clean_root;
mod collector;
mod compose;
mod description;
mod dev_server;
mod documents;
mod golang;
mod guardian;
mod guide;
mod html;
mod http;
mod in_process;
mod jose;
mod jose_peer;
mod journal;
mod maven;
mod nginx;
mod npm;
mod openid;
mod output;
mod packages;
mod page;
mod parties;
mod password_hashes;
mod person;
mod pip;
mod process;
mod program;
mod receiver;
mod registrar;
mod relying_party;
mod server;
mod site;
mod tls_front;
mod web_app;

pub use accessibility::{Scheme, Screen};
pub use answer::{Answer, Tokens};
pub use apache::Apache;
pub use binary::CommandOutput;
pub use certificate::CertificateFiles;
pub use chromium::{Chromium, ChromiumOptions};
pub use clean_root::CleanRoot;
pub use collector::{Collector, Span};
pub use compose::compose_project;
pub use dev_server::DevServer;
pub use documents::Documents;
pub use guide::{Fence, fences, region};
pub use html::{Document, Form};
pub use http::{Arrival, Browser, Left, ResponsePage, Visit, http_client, http_client_trusting};
pub use in_process::{Engine, InProcess};
pub use jose::{Jws, SigningKey, signed_with, unsigned};
pub use jose_peer::JosePeer;
pub use journal::{Begun, Journal, LoggedIn};
pub use nginx::Nginx;
pub use openid::{Http, LoginWithOpenidconnect, login_with_openidconnect, register_with_openidconnect};
pub use output::output_path;
pub use packages::system_program;
pub use page::Page;
pub use parties::{Notice, Parties};
pub use password_hashes::password_hashes;
pub use person::{Choice, Person, claims_of_user};
pub use process::Node;
pub use program::{integrates, login_with_nimbus, login_with_openid_client};
pub use receiver::{Manners, Receiver, Told};
pub use registrar::{Credential, Registrar, registered};
pub use relying_party::{Authorization, ClientAuthentication, RelyingParty, random_text};
pub use server::{Client, Database, Options, Server};
pub use site::{Received, Site};
pub use tls_front::TlsFront;
pub use web_app::{Kind, WebApp};
