//! Renewals of tokens, consents on their way, registered clients.

use domain::id::{OverrideId, ServerId, UserId};
use domain::overrides::{Condition, Kind};
use domain::timestamp::Timestamp;

use super::on_every_store;
use super::world::*;
use crate::seal::Sealed;
use crate::store::*;

on_every_store!(
    one_caller_claims_a_row_until_it_ends,
    renewed_tokens_are_the_next_version_and_leave_the_condition_alone,
    nothing_is_done_to_a_row_that_has_moved_on,
    s61_only_what_was_in_use_is_invalidated,
    wanted_scopes_are_kept_until_others_are,
    a_consent_on_its_way_is_taken_once,
    a_consent_goes_with_its_session_person_and_server,
    the_first_registered_client_counts,
);

fn consent() -> Consent {
    Consent {
        id: "consent-1".to_owned(),
        issuer: "https://id.example".to_owned(),
        scopes: vec!["read".to_owned()],
        expires_at: Some(Timestamp(500)),
    }
}

/// Bob's tokens on raw.
async fn tokens(store: &dyn Store) -> OverrideRow {
    people_and_servers(store).await;
    let row = OverrideRow {
        consent: Some(consent()),
        ..an_override("raw", &of_user("bob"), Kind::OAuth)
    };
    let mut work = store.begin().await.unwrap();
    work.overrides().insert(&row).await.unwrap();
    work.save().await.unwrap();
    row
}

async fn found(work: &mut dyn Work, row: &OverrideRow) -> OverrideRow {
    work.overrides().find(&row.id).await.unwrap().unwrap()
}

async fn one_caller_claims_a_row_until_it_ends(store: Arc<dyn Store>) {
    let row = tokens(&*store).await;
    let mut work = store.begin().await.unwrap();
    assert_eq!(found(work.as_mut(), &row).await.consent, Some(consent()));
    let renewals = work.renewals();
    let at = |now, until| (Timestamp(now), Timestamp(until));
    for (version, (now, until), claimed) in [
        (2, at(100, 130), false),
        (1, at(100, 130), true),
        (1, at(100, 130), false),
        (1, at(129, 159), false),
        (1, at(130, 160), true),
    ] {
        let got = renewals.claim(&row.id, version, now, until).await.unwrap();
        assert_eq!(got, claimed, "{version} at {now:?}");
    }
    renewals.release(&row.id, 1).await.unwrap();
    assert!(
        renewals
            .claim(&row.id, 1, Timestamp(131), Timestamp(161))
            .await
            .unwrap()
    );
}

async fn renewed_tokens_are_the_next_version_and_leave_the_condition_alone(store: Arc<dyn Store>) {
    let row = tokens(&*store).await;
    let mut work = store.begin().await.unwrap();
    let suspended = OverrideRow {
        condition: Condition::Suspended,
        ..row.clone()
    };
    work.overrides().update(&suspended).await.unwrap();
    assert!(
        work.renewals()
            .claim(&row.id, 1, Timestamp(1), Timestamp(31))
            .await
            .unwrap()
    );
    let later = Consent {
        expires_at: None,
        ..consent()
    };
    let sealed = Sealed::from_bytes(vec![7; 9]);
    assert!(work.renewals().renewed(&row.id, 1, &sealed, &later).await.unwrap());
    let now = found(work.as_mut(), &row).await;
    assert_eq!((now.version, now.condition), (2, Condition::Suspended));
    assert_eq!((now.sealed, now.consent), (sealed, Some(later)));
    // The claim is over.
    assert!(
        work.renewals()
            .claim(&row.id, 2, Timestamp(1), Timestamp(31))
            .await
            .unwrap()
    );
}

async fn nothing_is_done_to_a_row_that_has_moved_on(store: Arc<dyn Store>) {
    let row = tokens(&*store).await;
    let mut work = store.begin().await.unwrap();
    let replaced = OverrideRow {
        version: 2,
        ..row.clone()
    };
    work.overrides().update(&replaced).await.unwrap();
    let sealed = Sealed::from_bytes(vec![7; 9]);
    assert!(!work.renewals().renewed(&row.id, 1, &sealed, &consent()).await.unwrap());
    assert!(!work.renewals().invalidate(&row.id, 1).await.unwrap());
    assert!(
        work.renewals()
            .claim(&row.id, 2, Timestamp(1), Timestamp(31))
            .await
            .unwrap()
    );
    work.renewals().release(&row.id, 1).await.unwrap();
    assert!(
        !work
            .renewals()
            .claim(&row.id, 2, Timestamp(1), Timestamp(31))
            .await
            .unwrap()
    );
    assert_eq!(found(work.as_mut(), &row).await, replaced);
}

async fn s61_only_what_was_in_use_is_invalidated(store: Arc<dyn Store>) {
    let row = tokens(&*store).await;
    let mut work = store.begin().await.unwrap();
    for (condition, invalidated) in [
        (Condition::Good, true),
        (Condition::Rejected, true),
        (Condition::Suspended, false),
        (Condition::Invalidated, false),
    ] {
        let row = OverrideRow {
            condition,
            ..row.clone()
        };
        work.overrides().update(&row).await.unwrap();
        let done = work.renewals().invalidate(&row.id, 1).await.unwrap();
        assert_eq!(done, invalidated, "{condition:?}");
        let after = found(work.as_mut(), &row).await.condition;
        assert_eq!(after, if done { Condition::Invalidated } else { condition });
    }
}

async fn wanted_scopes_are_kept_until_others_are(store: Arc<dyn Store>) {
    let row = tokens(&*store).await;
    let mut work = store.begin().await.unwrap();
    let renewals = work.renewals();
    assert_eq!(renewals.wanted_scopes(&row.id).await.unwrap(), None);
    for wanted in ["read write", ""] {
        renewals.want_scopes(&row.id, wanted).await.unwrap();
        assert_eq!(renewals.wanted_scopes(&row.id).await.unwrap().as_deref(), Some(wanted));
    }
    let nobodys = OverrideId::new("nobody's");
    assert_eq!(renewals.wanted_scopes(&nobodys).await.unwrap(), None);
}

fn pending(state: u8, expires_at: i64) -> PendingConsent {
    PendingConsent {
        state_hash: vec![state; 32],
        session_hash: vec![9; 32],
        user: UserId::new("id-bob"),
        server: ServerId::new("id-raw"),
        sealed: Sealed::from_bytes(vec![1, 2, 3]),
        expires_at: Timestamp(expires_at),
    }
}

async fn with_session(store: &dyn Store) -> Box<dyn Work> {
    people_and_servers(store).await;
    let mut work = store.begin().await.unwrap();
    work.sessions().put(&session(9, Some("bob"), 1_000)).await.unwrap();
    work
}

async fn a_consent_on_its_way_is_taken_once(store: Arc<dyn Store>) {
    let mut work = with_session(&*store).await;
    let consents = work.consents();
    for one in [pending(1, 100), pending(2, 200)] {
        consents.begin(&one).await.unwrap();
    }
    assert_eq!(consents.delete_expired(Timestamp(100)).await.unwrap(), 1);
    assert_eq!(consents.take(&[1; 32]).await.unwrap(), None);
    assert_eq!(consents.take(&[2; 32]).await.unwrap(), Some(pending(2, 200)));
    assert_eq!(consents.take(&[2; 32]).await.unwrap(), None);
}

async fn a_consent_goes_with_its_session_person_and_server(store: Arc<dyn Store>) {
    let mut work = with_session(&*store).await;
    work.consents().begin(&pending(1, 100)).await.unwrap();
    work.sessions().delete(&[9; 32]).await.unwrap();
    assert_eq!(work.consents().take(&[1; 32]).await.unwrap(), None);
    work.sessions().put(&session(9, Some("bob"), 1_000)).await.unwrap();
    work.consents().begin(&pending(2, 100)).await.unwrap();
    work.servers().delete(&ServerId::new("id-raw")).await.unwrap();
    assert_eq!(work.consents().take(&[2; 32]).await.unwrap(), None);
    let on_notes = PendingConsent {
        server: ServerId::new("id-notes"),
        ..pending(3, 100)
    };
    work.consents().begin(&on_notes).await.unwrap();
    work.users().delete(&UserId::new("id-bob")).await.unwrap();
    assert_eq!(work.consents().take(&[3; 32]).await.unwrap(), None);
}

async fn the_first_registered_client_counts(store: Arc<dyn Store>) {
    people_and_servers(&*store).await;
    let mut work = store.begin().await.unwrap();
    let client = |issuer: &str, byte| OAuthClientRow {
        server: ServerId::new("id-raw"),
        issuer: issuer.to_owned(),
        sealed: Sealed::from_bytes(vec![byte; 3]),
        created_at: Timestamp(5),
    };
    let consents = work.consents();
    assert!(consents.add_client(&client("https://a.example", 1)).await.unwrap());
    assert!(!consents.add_client(&client("https://a.example", 2)).await.unwrap());
    assert!(consents.add_client(&client("https://b.example", 3)).await.unwrap());
    let raw = ServerId::new("id-raw");
    let kept = consents.client(&raw, "https://a.example").await.unwrap();
    assert_eq!(kept, Some(client("https://a.example", 1)));
    assert_eq!(
        consents
            .client(&ServerId::new("id-notes"), "https://a.example")
            .await
            .unwrap(),
        None
    );
    consents.forget_client(&raw, "https://a.example").await.unwrap();
    assert_eq!(consents.client(&raw, "https://a.example").await.unwrap(), None);
    assert!(consents.client(&raw, "https://b.example").await.unwrap().is_some());
}
