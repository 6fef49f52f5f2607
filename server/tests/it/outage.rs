//! The database goes away and comes back: everything says so in its own words, and works again (protocol-security 1.2).

use std::time::{Duration, Instant};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use url::Url;

use crate::support::database::Postgres;
use crate::support::{Answer, World, soon};

/// A way to the database that can be cut: then it takes connections and closes them.
pub async fn cuttable(database: &str) -> (String, watch::Sender<bool>) {
    let mut url = Url::parse(database).unwrap();
    let target = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
    let (switch, state) = watch::channel(true);
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let (target, mut state) = (target.clone(), state.clone());
            tokio::spawn(async move {
                if !*state.borrow() {
                    return;
                }
                let mut far = TcpStream::connect(target).await.unwrap();
                tokio::select! {
                    _ = copy_bidirectional(&mut near, &mut far) => {}
                    _ = state.wait_for(|up| !up) => {}
                }
            });
        }
    });
    (url.into(), switch)
}

#[tokio::test]
async fn without_a_database_answers_are_503_and_with_it_they_are_fine_again() {
    let database = Postgres::create().await;
    let (url, switch) = cuttable(&database.url).await;
    let world = World::with(|config| config.database_url = url).await;
    world.set(&world.bob, "notes", "sk-bob").await;
    let get = |path: &str| Answer::of(world.app.http.get(world.app.at(path)));
    assert_eq!(get("/readyz").await.status, 200);
    switch.send(false).unwrap();

    let rest = world.app.get(&world.bob, "/servers").await;
    let body = rest.problem(503, "unavailable");
    assert!(
        body["trace_id"].is_string() && !rest.header("retry-after").is_empty(),
        "{rest:?}"
    );
    // Somebody of whom nothing is known yet.
    let call = world.call(&world.eve, "notes").await;
    let body = call.expect(503);
    assert_eq!(body["error"]["code"], -32603, "{body}");
    assert_eq!(call.header("retry-after"), "5");
    world.upstream.assert_untouched();
    assert_eq!(get("/readyz").await.status, 503);
    assert_eq!(get("/healthz").await.status, 200);

    switch.send(true).unwrap();
    let sent = world.sent_authorization(&world.bob, "notes").await;
    assert_eq!(sent.as_deref(), Some("Bearer sk-bob"));
    assert_eq!(get("/readyz").await.status, 200);
    world.app.settle().await;
    drop(world);
    database.remove().await;
}

#[tokio::test]
async fn b12_a_warm_call_outlives_the_database_until_copies_no_longer_hold() {
    let database = Postgres::create().await;
    let (url, switch) = cuttable(&database.url).await;
    let world = World::with(|config| config.database_url = url).await;
    world.set(&world.bob, "notes", "sk-bob").await;
    let changes = world.app.overkey.core.store.follow();
    let hold = || changes.hold(changes.moment(), &[]);
    let mut answered = 0;
    // On a busy machine the second may be over before the first call, and other tests' apps tell this one of changes, too.
    while answered == 0 {
        soon("news to arrive", async {
            while !hold() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let sent = world.sent_authorization(&world.bob, "notes").await;
        assert_eq!(sent.as_deref(), Some("Bearer sk-bob"));
        switch.send(false).unwrap();
        let cut = Instant::now();
        loop {
            let call = world.call(&world.bob, "notes").await;
            if call.status == 503 {
                break;
            }
            let body = call.expect(200);
            assert_eq!(body["result"]["authorization"][0], "Bearer sk-bob", "{body}");
            assert!(cut.elapsed() < Duration::from_secs(5), "without news no copy holds");
            answered += 1;
        }
        while world.upstream.seen().is_some() {}
        switch.send(true).unwrap();
    }
    let sent = world.sent_authorization(&world.bob, "notes").await;
    assert_eq!(sent.as_deref(), Some("Bearer sk-bob"));
    world.app.settle().await;
    drop(world);
    database.remove().await;
}
