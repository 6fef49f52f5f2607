//! Refresh tokens rotate, and one that comes back ends everything; access tokens are short (A2, A8).

use serde_json::json;

use super::stage::*;
use crate::support::{Answer, World, on_every_database, soon};

on_every_database!(
    b10_a_refresh_token_is_good_once_and_a_copy_ends_them_all,
    b10_of_many_renewals_at_once_none_leaves_two_heirs,
    a2_a8_tokens_end_by_the_clock_and_with_their_person,
    b10_what_an_app_gives_back_is_gone,
    d09_a_server_of_the_same_name_is_another_server,
    a8_a_stream_ends_when_its_app_is_disconnected,
);

async fn stage(world: &World) -> Signed {
    world.set(&world.bob, "notes", "sk-bob").await;
    let bobs = browser(world, &world.bob).await;
    sign_in(world, &bobs, &world.bob, "notes").await
}

async fn b10_a_refresh_token_is_good_once_and_a_copy_ends_them_all(world: &World) {
    let first = stage(world).await;
    let other = register(world).await;
    refused(&renew(world, &other, &first.refresh).await, "invalid_grant");
    let elsewhere = [
        ("grant_type", "refresh_token"),
        ("client_id", first.client.as_str()),
        ("refresh_token", &first.refresh),
        ("resource", "https://elsewhere.example/"),
    ];
    refused(&token(world, &elsewhere).await, "invalid_target");
    // None of this used it up.
    let issued = renew(world, &first.client, &first.refresh).await.expect(200);
    let second = signed(first.client.clone(), &world.bob, &issued);
    assert_ne!(second.refresh, first.refresh);
    world.call(&second.caller, "notes").await.expect(200);
    let third = renew(world, &first.client, &second.refresh).await.expect(200);
    let third = signed(first.client.clone(), &world.bob, &third);
    // Somebody has the first one.
    refused(&renew(world, &first.client, &first.refresh).await, "invalid_grant");
    for token in [&first, &second, &third] {
        unauthorized(&world.call(&token.caller, "notes").await);
        refused(&renew(world, &first.client, &token.refresh).await, "invalid_grant");
    }
    let found = crate::audit::trail(world, "action=app.reuse_detected").await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (&found[0]["detail"]["what"], &found[0]["server"]),
        (&"refresh_token".into(), &"notes".into())
    );
}

async fn b10_of_many_renewals_at_once_none_leaves_two_heirs(world: &World) {
    let first = stage(world).await;
    let all = (0..6).map(|_| renew(world, &first.client, &first.refresh));
    let answers = futures_util::future::join_all(all).await;
    let won: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert!(won.len() <= 1, "{answers:?}");
    for issued in won {
        let heir = signed(first.client.clone(), &world.bob, &issued.json());
        unauthorized(&world.call(&heir.caller, "notes").await);
    }
    refused(&renew(world, &first.client, &first.refresh).await, "invalid_grant");
}

async fn a2_a8_tokens_end_by_the_clock_and_with_their_person(world: &World) {
    let app = stage(world).await;
    world.call(&app.caller, "notes").await.expect(200);
    let path = format!("/users/{}", world.bob.id);
    let disable = |disabled: bool| world.app.patch(&world.ada, &path, json!({"disabled": disabled}));
    disable(true).await.expect(200);
    unauthorized(&world.call(&app.caller, "notes").await);
    refused(&renew(world, &app.client, &app.refresh).await, "invalid_grant");
    disable(false).await.expect(200);
    world.call(&app.caller, "notes").await.expect(200);
    world.app.clock.advance(3_600);
    unauthorized(&world.call(&app.caller, "notes").await);
    let issued = renew(world, &app.client, &app.refresh).await.expect(200);
    let renewed = signed(app.client.clone(), &world.bob, &issued);
    world.call(&renewed.caller, "notes").await.expect(200);
    // Losing access is losing access.
    world.revoke("notes", &world.bob).await;
    world.call(&renewed.caller, "notes").await.expect(404);
    world.app.clock.advance(30 * 86_400);
    refused(&renew(world, &app.client, &renewed.refresh).await, "invalid_grant");
}

async fn b10_what_an_app_gives_back_is_gone(world: &World) {
    let app = stage(world).await;
    let revoke =
        |form: Vec<(&'static str, String)>| Answer::of(world.app.http.post(world.app.at("/oauth/revoke")).form(&form));
    revoke(vec![("token", "ok_rt_nobody".to_owned())]).await.expect(200);
    let anothers = vec![("token", app.refresh.clone()), ("client_id", "another".to_owned())];
    refused(&revoke(anothers).await, "invalid_grant");
    refused(&revoke(Vec::new()).await, "invalid_request");
    world.call(&app.caller, "notes").await.expect(200);
    let own = vec![("token", app.caller.token.clone()), ("client_id", app.client.clone())];
    revoke(own).await.expect(200);
    unauthorized(&world.call(&app.caller, "notes").await);
    refused(&renew(world, &app.client, &app.refresh).await, "invalid_grant");
}

async fn d09_a_server_of_the_same_name_is_another_server(world: &World) {
    let app = stage(world).await;
    world
        .server("other", crate::support::world::shared("Bearer sk-other"))
        .await;
    // Known now, and still only where it counts.
    world.call(&app.caller, "notes").await.expect(200);
    world.upstream.next().await;
    unauthorized(&world.call(&app.caller, "other").await);
    world.app.delete(&world.ada, "/servers/notes").await.expect(204);
    unauthorized(&world.call(&app.caller, "notes").await);
    world
        .server("notes", crate::support::world::shared("Bearer sk-shared"))
        .await;
    unauthorized(&world.call(&app.caller, "notes").await);
    refused(&renew(world, &app.client, &app.refresh).await, "invalid_grant");
    world.upstream.assert_untouched();
}

async fn a8_a_stream_ends_when_its_app_is_disconnected(world: &World) {
    let app = stage(world).await;
    let upstream = world.upstream.stream(&[]);
    let mut response = world.mcp(&app.caller, "notes").send().await.unwrap();
    upstream.send("data: 1\n\n").await;
    assert_eq!(response.chunk().await.unwrap().unwrap(), "data: 1\n\n");
    let apps = world.app.get(&world.bob, "/connected-apps").await.expect(200);
    let id = apps["items"][0]["id"].as_str().unwrap();
    world
        .app
        .delete(&world.bob, &format!("/connected-apps/{id}"))
        .await
        .expect(204);
    let end = soon("the stream to end", response.chunk()).await;
    assert!(matches!(end, Ok(None) | Err(_)), "{end:?}");
    upstream.closed().await;
}
