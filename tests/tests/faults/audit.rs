//! Whether the server still stands by what it acknowledged.

use std::sync::{Arc, Mutex};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::ledger::Life;
use crate::load::World;

const AT_ONCE: usize = 8;

impl World {
    /// What changed since the last audit, while nobody does anything.
    pub(crate) async fn audit(self: &Arc<Self>) {
        let _alone = self.gate.write().await;
        let lives = self.ledger.lives.lock().unwrap().clone();
        let changed = lives.into_iter().filter(|life| std::mem::take(&mut life.lock().unwrap().changed));
        self.each(changed.collect(), |world, life| async move { world.checks(&life).await }).await;
    }

    /// Everything, by what a relying party can find out, destructive means last.
    pub(crate) async fn final_audit(self: &Arc<Self>) {
        let _alone = self.gate.write().await;
        let lives = self.ledger.lives.lock().unwrap().clone();
        self.each(lives.clone(), |world, life| async move { world.checks(&life).await }).await;
        let sessions = self.ledger.sessions.lock().unwrap().clone();
        self.each(sessions, |world, cookie| async move { drop(world.code(&cookie).await) }).await;
        let own_tokens = self.ledger.own_tokens.lock().unwrap().clone();
        let check = |world: Arc<Self>, (token, revoked): (String, bool)| async move {
            if world.is_active(&token).await == Some(revoked) {
                world.ledger.broken(format!("a token of the client itself (revoked: {revoked})"));
            }
        };
        self.each(own_tokens, check).await;
        self.everybody_is_there().await;
        self.each(lives, |world, life| async move { world.ends_as_a_family(&life).await }).await;
    }

    /// A live grant's tokens count, the newest refresh token alone; nothing of a revoked one does.
    pub(crate) async fn checks(&self, life: &Mutex<Life>) {
        let (access, refresh, revoked) = {
            let life = life.lock().unwrap();
            (life.access.clone(), life.refresh.last().cloned().unwrap_or_default(), life.revoked)
        };
        for (kind, token) in [("access", access), ("refresh", refresh)] {
            if self.is_active(&token).await == Some(revoked) {
                self.ledger
                    .broken(format!("the {kind} token of a grant (revoked: {revoked}) is the contrary"));
            }
        }
    }

    async fn everybody_is_there(self: &Arc<Self>) {
        let registered = self.ledger.registered.lock().unwrap().clone();
        let check = |world: Arc<Self>, client: crate::ledger::Registered| async move {
            let path = format!("/oauth2/register/{}", client.id);
            let ask = |http: &reqwest::Client, base: &str| {
                http.get(format!("{base}{path}")).bearer_auth(&client.token)
            };
            if let Some(settled) = world.caller.settled(&world.ledger, "read registration", ask).await
                && settled.reply.status != 200
            {
                world.ledger.broken(format!("a client is gone: {:?}", settled.reply));
            }
        };
        self.each(registered, check).await;
        let listed = self.server.cli(&["users", "list", "--json"]).await.json();
        for name in self.ledger.users.lock().unwrap().iter() {
            let there =
                listed.as_array().is_some_and(|users| users.iter().any(|user| user["username"] == **name));
            if !there {
                self.ledger.broken(format!("the user {name} is gone"));
            }
        }
    }

    /// The family has one branch: its newest token advances, an older one ends all of it, and the code gives nothing.
    async fn ends_as_a_family(&self, life: &Mutex<Life>) {
        self.advances(life).await;
        let (refresh, code, verifier) = {
            let life = life.lock().unwrap();
            (life.refresh.clone(), life.code.clone(), life.verifier.clone())
        };
        if let [.., older, _, newest] = refresh.as_slice() {
            for token in [older, newest] {
                if let Some(reply) = self.refreshes(token).await
                    && reply.status != 400
                {
                    self.ledger.broken(format!("a replayed family lives: {reply:?}"));
                }
            }
        }
        if let Some(settled) = self.redeems(&code, &verifier).await
            && settled.reply.status != 400
        {
            self.ledger.broken(format!("a code was redeemed twice: {:?}", settled.reply));
        }
    }

    /// Several at a time, so that thousands take minutes and not hours.
    async fn each<T: Send + 'static, F: Future<Output = ()> + Send + 'static>(
        self: &Arc<Self>,
        all: Vec<T>,
        check: impl Fn(Arc<Self>, T) -> F,
    ) {
        let (room, mut tasks) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
        for one in all {
            let (permit, checking) =
                (Arc::clone(&room).acquire_owned().await.unwrap(), check(Arc::clone(self), one));
            tasks.spawn(async move {
                checking.await;
                drop(permit);
            });
        }
        tasks.join_all().await;
    }
}
