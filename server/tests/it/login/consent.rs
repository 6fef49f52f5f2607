//! The page on which a person decides: whose answer counts, where it leads, and what it shows (G3, G6, G7, G9, D11).

use super::stage::*;
use crate::support::world::CALL;
use crate::support::{Answer, World, on_every_database};

on_every_database!(
    b10_a_client_with_nothing_but_the_address_signs_somebody_in_and_calls,
    g9_a_second_person_in_the_same_browser_gets_nothing_of_the_firsts,
    b10_a_client_that_names_no_server_gets_the_one_that_its_person_chooses,
);

/// Bob has a key, so that nothing but the consent is asked.
async fn ready(world: &World) -> Browser<'_> {
    world.set(&world.bob, "notes", "sk-bob").await;
    browser(world, &world.bob).await
}

async fn b10_a_client_with_nothing_but_the_address_signs_somebody_in_and_calls(world: &World) {
    let bobs = ready(world).await;
    world.server("other", crate::support::world::individual()).await;
    world.set(&world.bob, "other", "sk-other").await;
    let client = register(world).await;
    let request = Request::new(world, &client, "notes");

    // Whoever is not signed in signs in first, and comes back to the very question.
    let stranger = world
        .app
        .http
        .get(world.app.at(&request.path()))
        .header("accept", "text/html");
    let answer = Answer::of(stranger).await;
    assert_eq!(answer.status, 303);
    let next = world.app.at(answer.header("location"));
    assert_eq!(
        (next.path(), parameter(&next, "next")),
        ("/sign-in", Some(request.path()))
    );

    let page = bobs.get(&request.path()).await;
    for shown in [
        "Test client",
        "notes",
        "127.0.0.1:7777",
        "bob@demo.test",
        "Nobody has checked",
    ] {
        assert!(page.text.contains(shown), "{shown}: {}", page.text);
    }
    let back = bobs.answer(&ticket(&page), "allow").await;
    let url = sent_to(&back);
    assert!(url.as_str().starts_with(REDIRECT), "{url}");
    assert_eq!(
        parameter(&url, "iss"),
        Some(world.app.url.origin().ascii_serialization())
    );
    let issued = exchange(world, &client, &code(&back)).await;
    assert_eq!(issued.header("cache-control"), "no-store");
    let issued = issued.expect(200);
    assert_eq!(
        (&issued["token_type"], &issued["scope"]),
        (&"Bearer".into(), &"mcp".into())
    );
    let signed = signed(client, &world.bob, &issued);
    assert!(signed.caller.token.starts_with("ok_at_") && signed.refresh.starts_with("ok_rt_"));

    // It calls as Bob, with Bob's key, and never goes further.
    let sent = world.sent_authorization(&signed.caller, "notes").await;
    assert_eq!(sent.as_deref(), Some("Bearer sk-bob"));
    // For that one server, and as nothing else.
    for server in ["other", "nowhere"] {
        unauthorized(&world.call(&signed.caller, server).await);
    }
    world.app.get(&signed.caller, "/me").await.problem(401, "unauthorized");
    let refresh = crate::support::Caller::user(&world.bob.id, &signed.refresh);
    unauthorized(&world.call(&refresh, "notes").await);
    let cookie = world.app.http.post(world.app.at("/mcp/notes")).body(CALL);
    let answer = Answer::of(cookie.header("cookie", format!("overkey={}", signed.caller.token))).await;
    assert_eq!(answer.status, 401);
    world.upstream.assert_untouched();
}

async fn g9_a_second_person_in_the_same_browser_gets_nothing_of_the_firsts(world: &World) {
    let bobs = ready(world).await;
    let client = register(world).await;
    let request = Request::new(world, &client, "notes");
    let question = bobs.question(&request).await;
    // Bob's question, answered by Eve, by Bob in another session, after signing out, and made up.
    let eves = browser(world, &world.eve).await;
    let bobs_other = Browser::again(world, &world.bob).await;
    for (who, browser) in [("Eve", &eves), ("Bob elsewhere", &bobs_other)] {
        let answer = browser.answer(&question, "allow").await;
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{who}");
    }
    let middle = question.len() / 2;
    let other = if question.as_bytes()[middle] == b'A' { "B" } else { "A" };
    let forged = format!("{}{other}{}", &question[..middle], &question[middle + 1..]);
    assert_eq!(bobs.answer(&forged, "allow").await.status, 400);
    assert_eq!(bobs.answer("", "allow").await.status, 400);
    assert_eq!(
        bobs.answer(&question, "continue").await.status,
        400,
        "nothing was allowed yet"
    );
    assert_eq!(bobs.answer(&question, "else").await.status, 400);
    assert_eq!(bobs.post("/sign-out", &[]).await.status, 303);
    let answer = bobs.answer(&question, "allow").await;
    assert!(answer.header("location").starts_with("/sign-in"), "{answer:?}");
    assert!(
        world.app.get(&world.bob, "/connected-apps").await.expect(200)["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    // Eve's own answer is Eve's.
    let step = ticket(&eves.answer(&eves.question(&request).await, "allow").await);
    let code = code(&eves.answer(&step, "continue").await);
    let issued = exchange(world, &client, &code).await.expect(200);
    let app = signed(client, &world.eve, &issued);
    assert_eq!(
        world.missing(&app.caller, "notes").await,
        "override_missing",
        "Bob's key is not Eve's"
    );
}

async fn b10_a_client_that_names_no_server_gets_the_one_that_its_person_chooses(world: &World) {
    let bobs = ready(world).await;
    world.empty_server("secluded", crate::support::world::no_auth()).await;
    let client = register(world).await;
    let page = bobs
        .get(&Request::new(world, &client, "notes").but("resource", None).path())
        .await;
    assert!(
        page.text.contains("<option value=\"notes\"") && !page.text.contains("secluded"),
        "{page:?}"
    );
    let question = ticket(&page);
    for server in ["", "secluded", "nowhere"] {
        let form = [("ticket", question.as_str()), ("decision", "allow"), ("server", server)];
        let status = bobs.post("/oauth/authorize", &form).await.status;
        assert!(matches!(status, 400 | 404), "{server}: {status}");
    }
    let form = [
        ("ticket", question.as_str()),
        ("decision", "allow"),
        ("server", "notes"),
    ];
    let code = code(&bobs.post("/oauth/authorize", &form).await);
    let issued = exchange(world, &client, &code).await.expect(200);
    let signed = signed(client, &world.bob, &issued);
    world.call(&signed.caller, "notes").await.expect(200);
}

#[tokio::test]
async fn g6_nobody_is_sent_to_an_address_that_the_client_is_not_known_with() {
    let world = World::new().await;
    let bobs = ready(&world).await;
    let client = register(&world).await;
    let request = Request::new(&world, &client, "notes");
    for elsewhere in [
        None,
        Some("https://evil.example/callback"),
        Some("http://127.0.0.1:7777/callback/more"),
        Some("http://127.0.0.1:7777/callback?x=1"),
        Some("http://localhost:7777/callback"),
        Some("http://127.0.0.1.evil.example:7777/callback"),
        Some("https://127.0.0.1:7777/callback"),
        Some("javascript:alert(1)"),
    ] {
        let answer = bobs.get(&request.but("redirect_uri", elsewhere).path()).await;
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{elsewhere:?}");
        assert!(
            !answer.text.contains("name=\"ticket\"") && !answer.text.contains("evil.example"),
            "{answer:?}"
        );
    }
    for unknown in ["mcp-client-nobody", "", "https://", "ftp://a.example/client"] {
        let answer = bobs.get(&request.but("client_id", Some(unknown)).path()).await;
        assert_eq!((answer.status, answer.header("location")), (400, ""), "{unknown}");
    }
    // RFC 8252 section 7.3: a program takes the port that it gets.
    let other_port = request.but("redirect_uri", Some("http://127.0.0.1:50123/callback"));
    let question = bobs.question(&other_port).await;
    let back = sent_to(&bobs.answer(&question, "allow").await);
    assert_eq!(back.port(), Some(50123));
}

#[tokio::test]
async fn b10_a_program_that_looks_ahead_is_told_that_its_registration_is_gone() {
    let world = World::new().await;
    let client = register(&world).await;
    let ahead = async |client: &str, accept: &str| {
        let path = Request::new(&world, client, "notes").path();
        Answer::of(world.app.http.get(world.app.at(&path)).header("accept", accept)).await
    };
    assert_eq!(ahead(&client, "application/json").await.status, 303);
    assert_eq!(
        ahead("mcp-client-nobody", "text/html").await.status,
        303,
        "a person signs in first"
    );
    refused(&ahead("mcp-client-nobody", "application/json").await, "invalid_client");
}

#[tokio::test]
async fn b10_a_request_that_lacks_something_is_told_on_the_page_and_sends_nobody_anywhere() {
    let world = World::new().await;
    let bobs = ready(&world).await;
    let client = register(&world).await;
    let request = Request::new(&world, &client, "notes");
    let elsewhere = "https://elsewhere.example/mcp/notes";
    for (name, value, error) in [
        ("response_type", Some("token"), "unsupported_response_type"),
        ("code_challenge", None, "invalid_request"),
        ("code_challenge", Some("short"), "invalid_request"),
        ("code_challenge_method", Some("plain"), "invalid_request"),
        ("code_challenge_method", None, "invalid_request"),
        ("resource", Some(elsewhere), "invalid_target"),
        ("resource", Some("notes"), "invalid_target"),
    ] {
        let answer = bobs.get(&request.but(name, value).path()).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (400, ""),
            "{name}={value:?}"
        );
        let link = format!("{REDIRECT}?error={error}&amp;state={STATE}&amp;iss=");
        assert!(answer.text.contains(&link), "{name}={value:?}: {}", answer.text);
    }
    let twice = format!("{}&state=again", request.path());
    assert_eq!(bobs.get(&twice).await.status, 400);
    let long = request.but("state", Some(&"x".repeat(3_000)));
    assert_eq!(bobs.get(&long.path()).await.status, 400);
}

#[tokio::test]
async fn d11_a_server_that_is_not_there_and_one_that_is_not_yours_are_refused_alike() {
    let world = World::new().await;
    let sues = browser(&world, &world.sue).await;
    let client = register(&world).await;
    let mut texts = Vec::new();
    for server in ["notes", "nowhere"] {
        let answer = sues.get(&Request::new(&world, &client, server).path()).await;
        assert_eq!(answer.status, 404, "{server}");
        let before_nonces = answer.text.split("<script").next().unwrap();
        texts.push(before_nonces.replace(server, "NAME"));
    }
    assert_eq!(texts[0], texts[1]);
}

#[tokio::test]
async fn g3_g7_the_page_cannot_be_framed_or_posted_to_from_elsewhere_and_leads_to_its_client_only() {
    let world = World::new().await;
    let bobs = ready(&world).await;
    let client = register(&world).await;
    let request = Request::new(&world, &client, "notes");
    let page = bobs.get(&request.path()).await;
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(policy.contains("form-action 'self' http://127.0.0.1:7777;"), "{policy}");
    let woken = page.text.contains("type=\"module\"") || page.text.contains("src=");
    assert!(!woken, "{page:?}");
    assert_eq!(page.header("cache-control"), "no-store");
    let form = [("ticket", ticket(&page)), ("decision", "allow".to_owned())];
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let forged = world
            .app
            .http
            .post(world.app.at("/oauth/authorize"))
            .header(name, value)
            .form(&form);
        assert_eq!(Answer::of(forged).await.status, 403, "{name}");
    }
    // No is an answer, too; and a question is good for ten minutes.
    let url = sent_to(&bobs.answer(&form[0].1, "deny").await);
    assert_eq!(parameter(&url, "error").as_deref(), Some("access_denied"));
    assert_eq!(
        (parameter(&url, "code"), parameter(&url, "state").as_deref()),
        (None, Some(STATE))
    );
    world.app.clock.advance(600);
    assert_eq!(bobs.answer(&form[0].1, "allow").await.status, 400);
}

#[tokio::test]
async fn g4_what_a_client_calls_itself_is_text() {
    let world = World::new().await;
    let bobs = ready(&world).await;
    let name = "<img src=x onerror=alert(1)>";
    let client = serde_json::json!({"client_name": name, "redirect_uris": [REDIRECT]});
    let client = registration(&world, &client).await.expect(201);
    let request = Request::new(&world, client["client_id"].as_str().unwrap(), "notes");
    let page = bobs.get(&request.path()).await;
    assert!(
        page.text.contains("&lt;img src=x onerror=alert(1)&gt;") && !page.text.contains("<img"),
        "{page:?}"
    );
}

#[tokio::test]
async fn g4_a_name_in_a_tabs_title_is_text_too() {
    let world = World::new().await;
    let name = "</title><b>Bobby</b>";
    let path = format!("/users/{}", world.bob.id);
    let renamed = serde_json::json!({"name": name});
    world.app.patch(&world.ada, &path, renamed).await.expect(200);
    let adas = browser(&world, &world.ada).await;
    let page = adas.get(&format!("/people/{}", world.bob.id)).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("&lt;b&gt;Bobby"), "{page:?}");
    assert!(!page.text.contains("<b>Bobby"), "{page:?}");
}
