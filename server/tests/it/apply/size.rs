//! A whole company's file.

use std::fmt::Write;
use std::time::{Duration, Instant};

use server::apply::print;

use crate::support::{World, on_every_database};

on_every_database!(b08_50_servers_500_users_and_5_teams_twice);

const LONG: Duration = Duration::from_secs(30);

fn company() -> String {
    let mut text = String::from("users:\n");
    for user in 0..500 {
        let password = if user < 2 { ", password: env:PASSWORD" } else { "" };
        writeln!(text, "  user{user}@big.test: {{name: User {user}{password}}}").unwrap();
    }
    text.push_str("teams:\n");
    for team in 0..5 {
        let members: Vec<String> = (0..500)
            .filter(|user| user % 5 == team)
            .map(|user| format!("user{user}@big.test"))
            .collect();
        writeln!(text, "  team-{team}: {{members: [{}]}}", members.join(", ")).unwrap();
    }
    text.push_str("servers:\n");
    for server in 0..50 {
        writeln!(
            text,
            "  server-{server}:\n    url: https://s{server}.example/mcp\n    outbound_auth: {{mode: api_key_shared, headers: {{Authorization: env:KEY}}}}\n    access: {{team/team-{}: user, user/user{server}@big.test: manager, everyone: user}}",
            server % 5
        )
        .unwrap();
    }
    text
}

async fn b08_50_servers_500_users_and_5_teams_twice(world: &World) {
    let file = company();
    let begun = Instant::now();
    let first = world.apply(&file).await.unwrap();
    assert!(first.applied);
    assert_eq!(first.entries.len(), 555);
    let made = begun.elapsed();
    let second = world.apply(&file).await.unwrap();
    assert!(second.is_empty(), "{}", print(&second));
    assert_eq!(print(&second), "Nothing to change: all 555 are as the file says.\n");
    assert!(
        begun.elapsed() < LONG,
        "the first run took {made:?}, both {:?}",
        begun.elapsed()
    );
}
