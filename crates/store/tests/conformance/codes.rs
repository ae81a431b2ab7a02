use grantor_crypto::Secret;
use grantor_protocol::{Challenge, Verifier};
use grantor_store::{
    Attempt, CodeOutcome, CodeRefusal, CodeUse, GrantFilter, LiveQuery, Revocation, RevocationReason,
};

use crate::world::{
    ACCESS_SECONDS, CODE_SECONDS, END_SECONDS, Flow, IDLE_SECONDS, ISSUER, NOW, World, at_once, new_grant,
};

fn another_challenge() -> Challenge {
    Verifier::parse(&"w".repeat(43)).unwrap().challenge()
}

async fn redeem(world: &World, code: CodeUse<'_>) -> CodeOutcome {
    world.store.codes().redeem(&code).await.unwrap()
}

async fn refusal(world: &World, code: CodeUse<'_>) -> CodeRefusal {
    match redeem(world, code).await {
        CodeOutcome::Refused(refusal) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

async fn is_redeemed(world: &World, code: CodeUse<'_>) -> bool {
    matches!(redeem(world, code).await, CodeOutcome::Redeemed(_))
}

async fn revocation(world: &World, flow: &Flow) -> Option<Revocation> {
    let filter = GrantFilter { client: Some(flow.client.row), limit: 1, ..GrantFilter::default() };
    world.store.grants().list(ISSUER, &filter).await.unwrap().remove(0).revocation
}

async fn token_lives(world: &World, flow: &Flow) -> bool {
    let query = LiveQuery {
        grant: Some(flow.grant),
        client: flow.client.row,
        epoch: flow.client.epoch,
        token: grantor_protocol::TokenId::from_uuid(flow.grant.uuid()),
        now: NOW.plus(2),
    };
    world.store.tokens().live(query).await.unwrap().is_some()
}

/// RFC 6749 section 4.1.2: the client MUST NOT use the authorization code more than once.
pub(crate) async fn a_code_is_redeemed_once_for_what_was_granted(world: World) {
    let flow = world.flow().await;
    let before = world.store.statements();
    let CodeOutcome::Redeemed(facts) = redeem(&world, flow.code_use()).await else { panic!("not redeemed") };
    assert_eq!(world.store.statements() - before, 1, "redemption is one statement");
    assert_eq!(facts.id, flow.grant);
    assert_eq!(facts.scope.as_str(), "openid offline_access email");
    assert_eq!(facts.nonce.as_deref(), Some("n-0S6_WzA2Mj"));
    assert_eq!(facts.user.unwrap().claims, flow.user.claims);
    assert!(token_lives(&world, &flow).await);
}

pub(crate) async fn thirty_two_tries_at_one_code_have_one_winner(world: World) {
    let other = world.another_process().await;
    for _ in 0..10 {
        let flow = world.flow().await;
        let tries = (0..32).map(|number| {
            let store = if number % 2 == 0 { world.store.clone() } else { other.clone() };
            let (code, challenge, client) = (flow.code, flow.challenge.clone(), flow.client.row);
            async move {
                let flow = CodeUse {
                    code: &code,
                    client,
                    redirect_uri: Some(crate::world::REDIRECT),
                    challenge: Some(&challenge),
                    attempt: Attempt::new(),
                    idle_seconds: IDLE_SECONDS,
                    access_seconds: ACCESS_SECONDS,
                    now: NOW.plus(1),
                };
                store.codes().redeem(&flow).await.unwrap()
            }
        });
        let outcomes = at_once(tries).await;
        let count = |wanted: fn(&CodeOutcome) -> bool| outcomes.iter().filter(|one| wanted(one)).count();
        assert_eq!(count(|one| matches!(one, CodeOutcome::Redeemed(_))), 1);
        // The first replay revokes; whoever comes after it finds a dead grant.
        assert_eq!(count(|one| *one == CodeOutcome::Replayed), 1);
        assert_eq!(count(|one| *one == CodeOutcome::Refused(CodeRefusal::AlreadyUsed)), 30);
        assert!(!token_lives(&world, &flow).await);
    }
}

/// design.md 2: an ambiguous COMMIT is read again and ends in one outcome.
pub(crate) async fn a_repeated_statement_of_the_winner_is_no_replay(world: World) {
    let flow = world.flow().await;
    let winner = flow.code_use();
    assert!(is_redeemed(&world, winner).await);
    assert!(is_redeemed(&world, winner).await);
    assert!(token_lives(&world, &flow).await);
}

/// RFC 6749 section 4.1.2 and 10.5: tokens issued on a code that is used twice are to be revoked.
pub(crate) async fn a_replay_by_its_owner_revokes_what_the_code_gave(world: World) {
    let flow = world.redeemed().await;
    assert_eq!(redeem(&world, flow.code_use()).await, CodeOutcome::Replayed);
    assert!(!token_lives(&world, &flow).await);
    let expected = Revocation { at: NOW.plus(1), because: RevocationReason::CodeReplayed.name().to_owned() };
    assert_eq!(revocation(&world, &flow).await, Some(expected));
    assert_eq!(refusal(&world, flow.code_use()).await, CodeRefusal::AlreadyUsed);

    // After the code's own time it is still a replay, as long as what it gave lives.
    let late = world.redeemed().await;
    let now = NOW.plus(CODE_SECONDS + 100);
    assert_eq!(redeem(&world, CodeUse { now, ..late.code_use() }).await, CodeOutcome::Replayed);

    // Any other replay only fails.
    let flow = world.redeemed().await;
    let (wrong, other) = (another_challenge(), world.client("other").await);
    let replays = [
        (CodeUse { challenge: Some(&wrong), ..flow.code_use() }, CodeRefusal::AlreadyUsed),
        (CodeUse { challenge: None, ..flow.code_use() }, CodeRefusal::AlreadyUsed),
        (CodeUse { redirect_uri: None, ..flow.code_use() }, CodeRefusal::RedirectMismatch),
        (CodeUse { client: other.row, ..flow.code_use() }, CodeRefusal::UnknownOrForeign),
    ];
    for (replay, expected) in replays {
        assert_eq!(refusal(&world, replay).await, expected);
        assert!(token_lives(&world, &flow).await);
    }
}

/// RFC 6749 section 4.1.3: the code was issued to this client, and `redirect_uri` is identical.
pub(crate) async fn a_wrong_client_or_address_changes_nothing(world: World) {
    let flow = world.flow().await;
    let other = world.client("other").await;
    let unknown = Secret::generate().hash();
    for _ in 0..6 {
        let presented = [
            (CodeUse { code: &unknown, ..flow.code_use() }, CodeRefusal::UnknownOrForeign),
            (CodeUse { client: other.row, ..flow.code_use() }, CodeRefusal::UnknownOrForeign),
            (CodeUse { redirect_uri: None, ..flow.code_use() }, CodeRefusal::RedirectMismatch),
            (
                CodeUse { redirect_uri: Some("https://app.example.com/"), ..flow.code_use() },
                CodeRefusal::RedirectMismatch,
            ),
        ];
        for (presented, expected) in presented {
            assert_eq!(refusal(&world, presented).await, expected);
        }
    }
    assert!(is_redeemed(&world, flow.code_use()).await);
}

pub(crate) async fn wrong_verifiers_are_counted_and_the_fifth_burns_the_code(world: World) {
    let wrong = another_challenge();
    let forgiven = world.flow().await;
    for _ in 0..4 {
        let guess = CodeUse { challenge: Some(&wrong), ..forgiven.code_use() };
        assert_eq!(refusal(&world, guess).await, CodeRefusal::VerifierMismatch { burnt: false });
    }
    assert!(is_redeemed(&world, forgiven.code_use()).await);

    let burnt = world.flow().await;
    for guess in 1..=5 {
        let use_ = CodeUse { challenge: Some(&wrong), ..burnt.code_use() };
        assert_eq!(refusal(&world, use_).await, CodeRefusal::VerifierMismatch { burnt: guess == 5 });
    }
    assert_eq!(refusal(&world, burnt.code_use()).await, CodeRefusal::VerifierMismatch { burnt: true });
    assert_eq!(revocation(&world, &burnt).await.unwrap().because, RevocationReason::CodeBurnt.name());
}

pub(crate) async fn parallel_guesses_are_all_counted(world: World) {
    let flow = world.flow().await;
    let guesses = (0..32).map(|_| {
        let store = world.store.clone();
        let (code, client) = (flow.code, flow.client.row);
        async move {
            let wrong = another_challenge();
            let guess = CodeUse {
                code: &code,
                client,
                redirect_uri: Some(crate::world::REDIRECT),
                challenge: Some(&wrong),
                attempt: Attempt::new(),
                idle_seconds: IDLE_SECONDS,
                access_seconds: ACCESS_SECONDS,
                now: NOW.plus(1),
            };
            store.codes().redeem(&guess).await.unwrap()
        }
    });
    let forgiven = CodeOutcome::Refused(CodeRefusal::VerifierMismatch { burnt: false });
    assert_eq!(at_once(guesses).await.into_iter().filter(|one| *one == forgiven).count(), 4);
    assert!(!is_redeemed(&world, flow.code_use()).await);
}

/// RFC 7636 section 4.6 and RFC 9700 section 4.8.2: no downgrade in either direction.
pub(crate) async fn a_missing_or_unexpected_verifier_is_refused_and_no_guess(world: World) {
    let flow = world.flow().await;
    for _ in 0..6 {
        let without = CodeUse { challenge: None, ..flow.code_use() };
        assert_eq!(refusal(&world, without).await, CodeRefusal::VerifierMissing);
    }
    assert!(is_redeemed(&world, flow.code_use()).await);

    let without_pkce = world.flow_with(|grant| grant.code.as_mut().unwrap().challenge = None).await;
    for _ in 0..6 {
        assert_eq!(refusal(&world, without_pkce.code_use()).await, CodeRefusal::VerifierUnexpected);
    }
    assert!(is_redeemed(&world, CodeUse { challenge: None, ..without_pkce.code_use() }).await);
}

pub(crate) async fn an_address_that_was_not_asked_for_may_stay_unnamed(world: World) {
    let unnamed = |grant: &mut grantor_store::NewGrant| {
        grant.code.as_mut().unwrap().redirect_uri_given = false;
    };
    let flow = world.flow_with(unnamed).await;
    let elsewhere = CodeUse { redirect_uri: Some("https://evil.example.com/"), ..flow.code_use() };
    assert_eq!(refusal(&world, elsewhere).await, CodeRefusal::RedirectMismatch);
    assert!(is_redeemed(&world, CodeUse { redirect_uri: None, ..flow.code_use() }).await);
    let flow = world.flow_with(unnamed).await;
    assert!(is_redeemed(&world, flow.code_use()).await);
}

pub(crate) async fn an_expired_code_gives_nothing(world: World) {
    let flow = world.flow().await;
    let expired = CodeUse { now: NOW.plus(CODE_SECONDS), ..flow.code_use() };
    assert_eq!(refusal(&world, expired).await, CodeRefusal::Expired);
    assert!(is_redeemed(&world, CodeUse { now: NOW.plus(CODE_SECONDS - 1), ..flow.code_use() }).await);

    // Tokens that left with the redirect keep the grant alive, not its code.
    let hybrid = world.flow_with(|grant| grant.expires_at = NOW.plus(ACCESS_SECONDS)).await;
    let expired = CodeUse { now: NOW.plus(CODE_SECONDS), ..hybrid.code_use() };
    assert_eq!(refusal(&world, expired).await, CodeRefusal::Expired);
    assert!(token_lives(&world, &hybrid).await);
}

pub(crate) async fn a_code_dies_with_its_session_user_and_client(world: World) {
    let flow = world.flow_with(|grant| grant.offline = false).await;
    world.ends(&flow.session).await;
    assert_eq!(refusal(&world, flow.code_use()).await, CodeRefusal::Dead);

    let flow = world.flow().await;
    world.store.users().disable(flow.user.id, NOW).await.unwrap();
    assert_eq!(refusal(&world, flow.code_use()).await, CodeRefusal::Dead);

    let flow = world.flow().await;
    world.store.clients().raise_epoch(flow.client.row).await.unwrap();
    assert_eq!(refusal(&world, flow.code_use()).await, CodeRefusal::Dead);

    let flow = world.flow().await;
    world.store.clients().delete(flow.client.row).await.unwrap();
    assert_eq!(refusal(&world, flow.code_use()).await, CodeRefusal::Dead);

    let flow = world.flow().await;
    world.store.grants().revoke(flow.grant, None, RevocationReason::User, NOW).await.unwrap();
    assert_eq!(refusal(&world, flow.code_use()).await, CodeRefusal::Dead);
}

pub(crate) async fn a_grant_that_can_be_refreshed_lives_by_use_and_any_other_by_its_token(world: World) {
    let ends = |offline, ends_at| {
        move |grant: &mut grantor_store::NewGrant| {
            grant.offline = offline;
            grant.ends_at = ends_at;
        }
    };
    let rows = [
        (true, END_SECONDS, 1 + IDLE_SECONDS),
        (true, 500, 500),
        // It hangs on its session, and can be refreshed as long as that lives.
        (false, END_SECONDS, 1 + IDLE_SECONDS),
        (false, CODE_SECONDS + ACCESS_SECONDS, 1 + ACCESS_SECONDS),
    ];
    for (offline, ends_after, lives) in rows {
        let flow = world.flow_with(ends(offline, NOW.plus(ends_after))).await;
        let CodeOutcome::Redeemed(facts) = redeem(&world, flow.code_use()).await else { panic!() };
        assert_eq!(facts.expires_at, NOW.plus(lives), "offline: {offline}, ends after {ends_after}");
    }
}

pub(crate) async fn only_its_client_hears_what_a_code_is_for_before_using_it(world: World) {
    let flow = world.flow().await;
    let other = world.client("other").await;
    let codes = world.store.codes();
    let heard = codes.audience(&flow.code, flow.client.row).await.unwrap();
    assert_eq!(heard, Some(new_grant(&flow.client, &flow.user, &flow.session).audience));
    assert_eq!(codes.audience(&flow.code, other.row).await.unwrap(), None);
}
