//! Disconnecting gives the tokens back to the provider (RFC 7009), which has no say in it.

use super::stage::{LIFETIME, Stage};
use crate::support::{World, on_every_database, soon};

on_every_database!(
    disconnecting_ends_the_grant_at_the_provider,
    a_provider_that_takes_nothing_back_stops_nobody,
);

async fn disconnect(world: &World, server: &str) {
    let path = format!("/servers/{server}/overrides/{}?kind=oauth", world.bob.path());
    world.app.delete(&world.bob, &path).await.expect(204);
}

async fn disconnecting_ends_the_grant_at_the_provider(world: &World) {
    let stage = Stage::on(world).await;
    stage.connect(&world.bob, "tracker", "bob").await;
    stage.connect(&world.eve, "tracker", "eve").await;
    // The newest tokens are given back, not those of the consent.
    world.app.clock.advance(LIFETIME);
    assert_eq!(stage.whoami(&world.bob, "tracker").await, "bob");
    assert_eq!(stage.provider.grants_of("bob"), 1);
    disconnect(world, "tracker").await;
    soon("both tokens", stage.provider.counted(|counts| counts.revocations == 2)).await;
    assert_eq!(stage.provider.grants_of("bob"), 0);
    assert_eq!(world.missing(&world.bob, "tracker").await, "oauth_consent_required");
    assert_eq!(stage.provider.grants_of("eve"), 1, "nobody else's");
    assert_eq!(stage.whoami(&world.eve, "tracker").await, "eve");
}

async fn a_provider_that_takes_nothing_back_stops_nobody(world: &World) {
    let stage = Stage::on(world).await;
    // A typed-in provider does not tell where tokens are given back.
    stage.connect(&world.bob, "echo", "bob").await;
    disconnect(world, "echo").await;
    assert_eq!(world.missing(&world.bob, "echo").await, "oauth_consent_required");
    // One that refuses: the answer does not wait for it.
    stage.connect(&world.bob, "tracker", "bob").await;
    stage.provider.switch(|switches| switches.refuse_revocations = true);
    disconnect(world, "tracker").await;
    assert_eq!(world.missing(&world.bob, "tracker").await, "oauth_consent_required");
    soon("both tokens", stage.provider.counted(|counts| counts.revocations == 2)).await;
    // Only those of `tracker`, once each, and it is not tried again.
    world.app.overkey.oauth.finish_renewals().await;
    assert_eq!(stage.provider.counts().revocations, 2);
    assert_eq!(stage.provider.grants_of("bob"), 2);
}
