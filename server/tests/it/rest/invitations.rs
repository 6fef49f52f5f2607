//! Coming in by a link: shown once, good once, for seven days (D09, G1, G2).

use serde_json::json;

use crate::support::{Answer, World, on_every_database};

on_every_database!(
    an_invitation_is_shown_once_and_works_once,
    a_link_is_good_for_seven_days,
    a_link_ends_with_the_next_one_and_with_its_person,
    a_password_that_will_not_do_uses_no_link_up,
    a_link_for_somebody_with_a_password_ends_their_sessions,
    only_admins_invite,
    of_many_who_use_a_link_at_once_one_gets_in,
);

const DAY: i64 = 86_400;
const PASSWORD: &str = "a long enough one";

/// Zoe, and the token of her link.
async fn invited(world: &World) -> (String, String) {
    let new = json!({"email": "zoe@demo.test", "name": "Zoe", "invite": true});
    let made = world.app.post(&world.ada, "/users", new).await.expect(201);
    let url = made["invitation"]["url"].as_str().unwrap();
    (made["id"].as_str().unwrap().to_owned(), token_of(url))
}

fn token_of(url: &str) -> String {
    let token = url.rsplit_once("/invite/").unwrap().1.to_owned();
    assert_eq!(token.len(), 43, "256 bits");
    token
}

async fn another_link(world: &World, who: &str) -> String {
    let made = world
        .app
        .post(&world.ada, &format!("/users/{who}/invitation"), json!({}))
        .await
        .expect(201);
    token_of(made["url"].as_str().unwrap())
}

async fn accept(world: &World, token: &str, password: &str) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("password", password)
        .finish();
    let request = world
        .app
        .http
        .post(world.app.at(&format!("/invite/{token}")))
        .header("content-type", "application/x-www-form-urlencoded");
    Answer::of(request.body(body)).await
}

fn is_in(answer: &Answer) -> bool {
    answer.header("location") == "/servers" && !answer.header("set-cookie").is_empty()
}

#[track_caller]
fn is_dead(answer: &Answer) {
    assert_eq!(answer.header("location"), "/sign-in?error=invitation", "{answer:?}");
    assert_eq!(answer.header("set-cookie"), "", "{answer:?}");
}

async fn signs_in(world: &World, password: &str) -> bool {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("email", "zoe@demo.test")
        .append_pair("password", password)
        .finish();
    let request = world.app.http.post(world.app.at("/sign-in"));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    is_in(&Answer::of(request.body(body)).await)
}

async fn page(world: &World, token: &str) -> Answer {
    let request = world.app.http.get(world.app.at(&format!("/invite/{token}")));
    Answer::of(request.header("accept", "text/html")).await
}

async fn state(world: &World) -> String {
    let zoe = world.app.get(&world.ada, "/users/zoe@demo.test").await.expect(200);
    zoe["state"].as_str().unwrap().to_owned()
}

async fn an_invitation_is_shown_once_and_works_once(world: &World) {
    let (id, token) = invited(world).await;
    assert_eq!(state(world).await, "invited");
    for path in ["/users", "/users/zoe@demo.test", "/audit"] {
        assert!(!world.app.get(&world.ada, path).await.text.contains(&token), "{path}");
    }
    // Looking at the page, as link previews do, uses nothing up.
    for _ in 0..2 {
        let shown = page(world, &token).await;
        assert_eq!(shown.status, 200);
        assert!(shown.text.contains("zoe@demo.test") && shown.text.contains("Zoe"));
        assert_eq!(shown.header("referrer-policy"), "same-origin");
        assert_eq!(shown.header("cache-control"), "no-store");
    }
    let entered = accept(world, &token, PASSWORD).await;
    assert!(is_in(&entered), "{entered:?}");
    let cookie = entered.header("set-cookie").split(';').next().unwrap().to_owned();
    let me = world.app.http.get(world.app.at("/api/v1/me")).header("cookie", cookie);
    assert_eq!(Answer::of(me).await.expect(200)["subject"]["id"], id);
    assert_eq!(state(world).await, "active");
    is_dead(&accept(world, &token, "another long one").await);
    assert_eq!(page(world, &token).await.status, 404);
    assert!(signs_in(world, PASSWORD).await);
    let trail = world.app.get(&world.ada, "/audit?action=user.joined").await.expect(200);
    assert_eq!(trail["items"][0]["actor"]["id"], id);
}

async fn a_link_is_good_for_seven_days(world: &World) {
    let (_, token) = invited(world).await;
    world.app.clock.advance(7 * DAY - 1);
    assert_eq!(page(world, &token).await.status, 200);
    assert_eq!(state(world).await, "invited");
    world.app.clock.advance(1);
    is_dead(&accept(world, &token, PASSWORD).await);
    assert_eq!(page(world, &token).await.status, 404);
    assert_eq!(state(world).await, "no_password");
    assert!(!signs_in(world, PASSWORD).await);
    let again = another_link(world, "zoe@demo.test").await;
    assert!(is_in(&accept(world, &again, PASSWORD).await));
}

async fn a_link_ends_with_the_next_one_and_with_its_person(world: &World) {
    let (id, first) = invited(world).await;
    let second = another_link(world, &id).await;
    is_dead(&accept(world, &first, PASSWORD).await);
    // Taken back.
    let path = format!("/users/{id}/invitation");
    world.app.delete(&world.ada, &path).await.expect(204);
    world.app.delete(&world.ada, &path).await.problem(404, "not-found");
    is_dead(&accept(world, &second, PASSWORD).await);
    assert_eq!(state(world).await, "no_password");
    // A password from an admin is the one that counts.
    let third = another_link(world, &id).await;
    let user = format!("/users/{id}");
    let set = json!({"password": PASSWORD});
    world.app.patch(&world.ada, &user, set).await.expect(200);
    is_dead(&accept(world, &third, "another long one").await);
    assert!(signs_in(world, PASSWORD).await);
    // Who is out does not come in by a link, neither before nor after they are let in again.
    let fourth = another_link(world, &id).await;
    let disabled = |disabled: bool| json!({ "disabled": disabled });
    let out = world.app.patch(&world.ada, &user, disabled(true)).await.expect(200);
    assert_eq!(
        (&out["state"], &out["invited_until"]),
        (&json!("disabled"), &json!(null))
    );
    is_dead(&accept(world, &fourth, "another long one").await);
    world
        .app
        .post(&world.ada, &path, json!({}))
        .await
        .problem(409, "conflict");
    world.app.patch(&world.ada, &user, disabled(false)).await.expect(200);
    is_dead(&accept(world, &fourth, "another long one").await);
    // D09.
    let fifth = another_link(world, &id).await;
    world.app.delete(&world.ada, &user).await.expect(204);
    is_dead(&accept(world, &fifth, "another long one").await);
    world
        .app
        .post(&world.ada, &path, json!({}))
        .await
        .problem(404, "not-found");
}

async fn a_password_that_will_not_do_uses_no_link_up(world: &World) {
    let (_, token) = invited(world).await;
    for bad in ["", "short", "password1"] {
        let answer = accept(world, &token, bad).await;
        assert_eq!(answer.header("location"), format!("/invite/{token}?error=password"));
        assert_eq!(answer.header("set-cookie"), "");
    }
    for made_up in ["x", &"A".repeat(43), &token.to_lowercase()] {
        is_dead(&accept(world, made_up, PASSWORD).await);
    }
    assert!(is_in(&accept(world, &token, PASSWORD).await));
}

async fn a_link_for_somebody_with_a_password_ends_their_sessions(world: &World) {
    let (id, token) = invited(world).await;
    let entered = accept(world, &token, PASSWORD).await;
    let cookie = entered.header("set-cookie").split(';').next().unwrap().to_owned();
    let is_signed_in = async || {
        let me = world.app.http.get(world.app.at("/api/v1/me"));
        Answer::of(me.header("cookie", &cookie)).await.status == 200
    };
    let token = another_link(world, &id).await;
    // Until it is used they go on as they were.
    assert_eq!(state(world).await, "active");
    assert!(is_signed_in().await && signs_in(world, PASSWORD).await);
    assert!(is_in(&accept(world, &token, "another long one").await));
    assert!(!is_signed_in().await);
    assert!(!signs_in(world, PASSWORD).await && signs_in(world, "another long one").await);
}

async fn only_admins_invite(world: &World) {
    let own = format!("/users/{}/invitation", world.bob.id);
    for other in [&world.mia, &world.bob, &world.ci_bot] {
        world.app.post(other, &own, json!({})).await.problem(403, "forbidden");
        world.app.delete(other, &own).await.problem(403, "forbidden");
        let new = json!({"email": "zoe@demo.test", "invite": true});
        world.app.post(other, "/users", new).await.problem(403, "forbidden");
    }
    let both = json!({"email": "zoe@demo.test", "password": PASSWORD, "invite": true});
    let answer = world.app.post(&world.ada, "/users", both).await;
    assert_eq!(answer.wrong_fields(422, "invalid"), ["invite"]);
    let bad = json!({"email": "zoe", "invite": true});
    let answer = world.app.post(&world.ada, "/users", bad).await;
    assert_eq!(answer.wrong_fields(422, "invalid"), ["email"]);
    let plain = json!({"email": "zoe@demo.test"});
    let made = world.app.post(&world.ada, "/users", plain).await.expect(201);
    assert_eq!(made["state"], "no_password");
    assert!(made.get("invitation").is_none());
}

async fn of_many_who_use_a_link_at_once_one_gets_in(world: &World) {
    let (_, token) = invited(world).await;
    let tries = ["one long password", "two long passwords", "three long passwords"];
    let [a, b, c] = tries.map(|password| accept(world, &token, password));
    let (a, b, c) = tokio::join!(a, b, c);
    let answers = [a, b, c];
    assert_eq!(answers.iter().filter(|answer| is_in(answer)).count(), 1, "{answers:?}");
    let mut good = 0;
    for password in tries {
        good += usize::from(signs_in(world, password).await);
    }
    assert_eq!(good, 1);
}
