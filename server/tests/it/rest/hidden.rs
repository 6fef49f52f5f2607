//! What nobody gets to see (D11, S08, D10).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::world::{authorization_code, individual, shared};
use crate::support::{Answer, Caller, World, on_every_database};

on_every_database!(
    d11_an_unknown_server_and_a_foreign_one_answer_byte_alike,
    d10_masks_show_four_characters_of_long_values_only,
    s08_b8_no_answer_holds_what_was_entered,
    accounts_of_others_are_not_there_for_users,
);

/// Every route below `/servers/{name}`, with a body that would be fine.
fn routes(subject: &Caller) -> Vec<(Method, String, Option<Value>)> {
    let whose = subject.path();
    vec![
        (Method::GET, String::new(), None),
        (Method::PATCH, String::new(), Some(json!({"description": "x"}))),
        (Method::DELETE, String::new(), None),
        (Method::PUT, "/outbound-auth".to_owned(), Some(individual())),
        (
            Method::PUT,
            "/outbound-auth?dry_run=true".to_owned(),
            Some(individual()),
        ),
        (Method::GET, "/overrides".to_owned(), None),
        (Method::GET, format!("/overrides/{whose}"), None),
        (
            Method::PUT,
            format!("/overrides/{whose}"),
            Some(json!({"credential": "sk-1"})),
        ),
        (
            Method::PUT,
            "/overrides/user/nobody".to_owned(),
            Some(json!({"credential": "sk-1"})),
        ),
        (
            Method::PUT,
            format!("/overrides/{whose}"),
            Some(json!({"credential": "a\r\nb"})),
        ),
        (Method::DELETE, format!("/overrides/{whose}"), None),
        (Method::GET, format!("/resolve/{whose}"), None),
        (Method::GET, "/access".to_owned(), None),
        (Method::PUT, format!("/access/{whose}"), Some(json!({"role": "user"}))),
        (Method::DELETE, format!("/access/{whose}"), None),
    ]
}

async fn d11_an_unknown_server_and_a_foreign_one_answer_byte_alike(world: &World) {
    world
        .put_override(&world.mia, "notes", &world.sue, "sk-1")
        .await
        .expect(201);
    for (method, rest, body) in routes(&world.sue) {
        let ask = async |server: &str| {
            let request = world
                .app
                .request(&world.sue, method.clone(), &format!("/servers/{server}{rest}"));
            let request = match &body {
                Some(body) => request.json(body),
                None => request,
            };
            let mut answer = Answer::of(request).await;
            answer.headers.remove("date");
            answer
        };
        let (foreign, absent) = (ask("notes").await, ask("nowhere").await);
        foreign.problem(404, "not-found");
        assert_eq!(
            (foreign.headers, foreign.text),
            (absent.headers, absent.text),
            "{method} {rest}"
        );
    }
    let list = world.app.get(&world.sue, "/servers?search=notes").await.expect(200);
    assert_eq!(list["items"], json!([]));
}

async fn d10_masks_show_four_characters_of_long_values_only(world: &World) {
    for (value, masked) in [
        ("sk-1234567890123", "••••••••0123"),
        ("sk-123456789012", "••••••••"),
        ("x", "••••••••"),
    ] {
        let answer = world.put_override(&world.bob, "notes", &world.bob, value).await;
        assert_eq!(answer.json()["masked"], masked, "{answer:?}");
    }
    let headers = json!({"Authorization": "{{USER}}:{{KEY}}"});
    world
        .server("two", json!({"mode": "api_key_individual", "headers": headers}))
        .await;
    let values = json!({"credentials": {"USER": "bob", "KEY": "sk-1234567890123456"}});
    let path = format!("/servers/two/overrides/{}", world.bob.path());
    let masked = world.app.put(&world.bob, &path, values).await.expect(201)["masked"].clone();
    assert_eq!(masked, "KEY ••••••••3456, USER ••••••••");
    world.server("tracker", authorization_code()).await;
    let seen = world.app.get(&world.mia, "/servers/tracker").await.expect(200);
    assert_eq!(seen["outbound_auth"]["client_secret"], "••••••••1234");
}

async fn s08_b8_no_answer_holds_what_was_entered(world: &World) {
    const SECRETS: [&str; 3] = ["canary-own-1234", "canary-shared-1234", "canary-client-1234"];
    let mut code = authorization_code();
    code["client_secret"] = json!(SECRETS[2]);
    world.server("shared", shared(SECRETS[1])).await;
    world.server("tracker", code).await;
    let put = world.put_override(&world.bob, "notes", &world.bob, SECRETS[0]).await;
    let mut answers = vec![put];
    for caller in [&world.ada, &world.mia, &world.bob] {
        for server in ["notes", "shared", "tracker"] {
            for (method, rest, _) in routes(&world.bob)
                .into_iter()
                .filter(|(method, ..)| *method == Method::GET)
            {
                let path = format!("/servers/{server}{rest}");
                answers.push(Answer::of(world.app.request(caller, method, &path)).await);
            }
        }
        for path in ["/servers", "/audit", "/me", "/tokens", "/users"] {
            answers.push(world.app.get(caller, path).await);
        }
    }
    // Refusals do not repeat it either.
    for bad in [
        json!({"credential": [SECRETS[0]]}),
        json!({"credential": SECRETS[0], SECRETS[1]: 1}),
        json!(SECRETS[0]),
    ] {
        let path = format!("/servers/notes/overrides/{}", world.bob.path());
        answers.push(world.app.put(&world.bob, &path, bad).await);
    }
    let found = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(found > 20, "only {found} answers to look at");
    // Names of fields are shown as they were sent; nothing that was a value is.
    for answer in &answers {
        for secret in [SECRETS[0], SECRETS[2]] {
            assert!(!answer.text.contains(secret), "{answer:?}");
        }
    }
    assert!(
        answers
            .iter()
            .filter(|answer| answer.status == 200)
            .all(|answer| !answer.text.contains(SECRETS[1]))
    );
}

async fn accounts_of_others_are_not_there_for_users(world: &World) {
    let eve = format!("/users/{}", world.eve.id);
    for caller in [&world.mia, &world.bob, &world.ci_bot] {
        for path in ["/users", "/audit", eve.as_str(), "/users/nobody"] {
            world.app.get(caller, path).await.problem(403, "forbidden");
        }
        // Who owns an account sees it; to others it is not there.
        for path in ["/virtual-accounts/ci-bot", "/virtual-accounts/ci-bot/tokens"] {
            world.app.get(caller, path).await.problem(404, "not-found");
        }
    }
    // People see those that they own.
    let list = world.app.get(&world.bob, "/virtual-accounts").await.expect(200);
    assert_eq!(list["items"], json!([]));
    let list = world.app.get(&world.ci_bot, "/virtual-accounts").await;
    list.problem(403, "forbidden");
    let me = world.app.get(&world.bob, "/me").await.expect(200);
    assert_eq!(
        (&me["subject"]["id"], &me["platform_role"]),
        (&json!(world.bob.id), &json!("member"))
    );
    let me = world.app.get(&world.ci_bot, "/me").await.expect(200);
    assert_eq!(
        me["subject"],
        json!({"type": "virtual_account", "id": "ci-bot", "name": "ci-bot"})
    );
    let nobody = Caller::user("", "");
    let answer = world.app.get(&nobody, "/me").await;
    answer.problem(401, "unauthorized");
    assert!(answer.header("www-authenticate").starts_with("Bearer"));
}
