//! The rules are those of REST; what is shown is what happens.

use serde_json::{Value, json};
use server::apply::print;
use server::services::apply::Options;

use crate::support::{World, on_every_database};

on_every_database!(
    b08_a_file_makes_everything_and_the_second_time_nothing,
    b08_a_change_is_shown_field_by_field_and_secrets_masked,
    b08_a_dry_run_changes_nothing,
    b08_all_or_nothing_and_all_problems_at_once,
    b08_what_a_change_does_to_overrides_is_shown_and_confirmed,
    b08_an_old_confirmation_does_not_count,
    b08_only_prune_removes_and_only_what_is_in_a_section,
    b08_a_first_password_is_set_and_never_changed,
    b07_every_entry_says_that_it_was_apply,
    d06_a_move_to_another_origin_is_shown_and_confirmed,
);

const ALL: &str = "
users:
  zoe@demo.test: {name: Zoe, platform_role: admin, password: env:PASSWORD}
  yan@demo.test: {disabled: true}
teams:
  platform: {description: Runs it, members: [zoe@demo.test, bob@demo.test]}
virtual_accounts:
  deployer: {description: Deploys, owner: zoe@demo.test}
servers:
  wiki:
    url: https://wiki.example/mcp
    description: The wiki
    outbound_auth: {mode: api_key_shared, headers: {Authorization: 'Bearer {{env:KEY}}'}}
    allow_overrides: true
    access:
      everyone: user
      team/platform: manager
      user/bob@demo.test: user
      virtual_account/deployer: user
";

async fn b08_a_file_makes_everything_and_the_second_time_nothing(world: &World) {
    let first = world.apply(ALL).await.unwrap();
    assert!(first.applied && first.entries.len() == 5, "{}", print(&first));
    let server = world.app.get(&world.ada, "/servers/wiki").await.expect(200);
    assert_eq!(server["url"], "https://wiki.example/mcp");
    assert_eq!(server["outbound_auth"]["headers"]["Authorization"], "••••••••0001");
    assert_eq!(server["allow_overrides"], true);
    let access = world.app.get(&world.ada, "/servers/wiki/access").await.expect(200);
    let mut roles: Vec<String> = access["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|grant| {
            format!(
                "{}={}",
                grant["grantee"]["type"].as_str().unwrap(),
                grant["role"].as_str().unwrap()
            )
        })
        .collect();
    roles.sort();
    assert_eq!(
        roles,
        ["everyone=user", "team=manager", "user=user", "virtual_account=user"],
        "{access}"
    );
    let zoe = world.app.get(&world.ada, "/users/zoe@demo.test").await.expect(200);
    assert_eq!(zoe["platform_role"], "admin");
    let yan = world.app.get(&world.ada, "/users/yan@demo.test").await.expect(200);
    assert_eq!(yan["state"], "disabled", "{yan}");
    // Bob manages through the team.
    world.app.get(&world.bob, "/servers/wiki/access").await.expect(200);
    let account = world
        .app
        .get(&world.ada, "/virtual-accounts/deployer")
        .await
        .expect(200);
    assert_eq!(account["owner"]["id"], zoe["id"], "{account}");

    let second = world.apply(ALL).await.unwrap();
    assert!(second.is_empty(), "{}", print(&second));
    assert!(
        print(&second).contains("Nothing to change: all 5"),
        "{}",
        print(&second)
    );
    let again = world.app.get(&world.ada, "/servers/wiki").await.expect(200);
    assert_eq!(again["revision"], server["revision"], "not even touched");
}

async fn b08_a_change_is_shown_field_by_field_and_secrets_masked(world: &World) {
    world.apply(ALL).await.unwrap();
    let changed = ALL
        .replace("https://wiki.example/mcp", "https://wiki.example/v2")
        .replace("env:KEY", "env:OTHER")
        .replace("team/platform: manager", "team/platform: user")
        .replace("name: Zoe", "name: Zoe Park");
    let report = world.apply(&changed).await.unwrap();
    let shown = print(&report);
    assert!(!shown.contains("canary"), "{shown}");
    insta::assert_snapshot!(shown, @r"
    ~ user zoe@demo.test
        ~ name: Zoe -> Zoe Park
    ~ server wiki
        ~ url: https://wiki.example/mcp -> https://wiki.example/v2
        ~ outbound_auth.headers.Authorization: ••••••••0001 -> ••••••••9999
        ~ access team/platform: manager -> user
    0 added, 2 changed, 0 removed, 3 unchanged.
    ");
    // Masks of short secrets look alike.
    let short = |name: &str| changed.replace("Bearer {{env:OTHER}}", &format!("env:{name}"));
    world.apply(&short("SHORT")).await.unwrap();
    let shown = print(&world.apply(&short("SHORTER")).await.unwrap());
    assert!(shown.contains("•••••••• -> •••••••• (another one)"), "{shown}");
    assert!(world.apply(&short("SHORTER")).await.unwrap().is_empty());
}

async fn b08_a_dry_run_changes_nothing(world: &World) {
    let dry = Options {
        dry_run: true,
        ..Options::default()
    };
    let report = world.apply_with(ALL, dry).await.unwrap();
    assert!(!report.applied && report.entries.len() == 5);
    world.app.get(&world.ada, "/servers/wiki").await.expect(404);
    world.app.get(&world.ada, "/users/zoe@demo.test").await.expect(404);
    let trail = world.app.get(&world.ada, "/audit?search=wiki").await.expect(200);
    assert_eq!(trail["items"], json!([]));
    // The database is not held: others write on.
    world.set(&world.bob, "notes", "sk-bob").await;
}

async fn b08_all_or_nothing_and_all_problems_at_once(world: &World) {
    let bad = "
users:
  new@demo.test: {password: env:SHORT}
teams:
  platform: {members: [bob@demo.test, nobody@demo.test, new@demo.test]}
virtual_accounts:
  deployer: {owner: nobody@demo.test}
servers:
  wiki:
    url: https://wiki.example/mcp
  notes:
    access: {user/eve@demo.test: manager, team/absent: user, user/new@demo.test: user}
";
    let told = world.apply(bad).await.unwrap_err();
    insta::assert_snapshot!(told, @r"
    world.yaml:3: users.new@demo.test.password: A password has at least 8 characters.
    world.yaml:5: teams.platform.members.nobody@demo.test: There is no user nobody@demo.test, here or in the file.
    world.yaml:7: virtual_accounts.deployer.owner: There is no user nobody@demo.test, here or in the file.
    world.yaml:9: servers.wiki.outbound_auth: A new server needs this.
    world.yaml:12: servers.notes.access.team/absent: There is no team absent, here or in the file.
    ");
    world.app.get(&world.ada, "/teams/platform").await.expect(404);
    let roles = world.app.get(&world.eve, "/servers/notes").await.expect(200);
    assert_eq!(roles["my_role"], "user");
}

fn shared(credential: &str) -> String {
    format!("servers: {{notes: {{outbound_auth: {{mode: api_key_shared, headers: {{Authorization: {credential}}}}}}}}}")
}

async fn overrides(world: &World) -> Vec<Value> {
    let listed = world.app.get(&world.mia, "/servers/notes/overrides").await.expect(200);
    listed["items"].as_array().unwrap().clone()
}

async fn b08_what_a_change_does_to_overrides_is_shown_and_confirmed(world: &World) {
    world.set(&world.bob, "notes", "sk-bob").await;
    world
        .put_override(&world.mia, "notes", &world.ci_bot, "sk-ci")
        .await
        .expect(201);
    let report = world.apply(&shared("env:KEY")).await.unwrap();
    assert!(!report.applied && report.loses());
    let shown = print(&report);
    assert!(
        shown.contains("! overrides deleted: 2 (bob@demo.test, ci-bot)"),
        "{shown}"
    );
    assert_eq!(overrides(world).await.len(), 2, "S50 needs a word");
    let confirmed = Options {
        confirmed: Some(report.id()),
        ..Options::default()
    };
    let done = world.apply_with(&shared("env:KEY"), confirmed).await.unwrap();
    assert!(done.applied);
    assert_eq!(overrides(world).await.len(), 0, "S50");
    let trail = world
        .app
        .get(&world.ada, "/audit?action=override.deleted")
        .await
        .expect(200);
    assert_eq!(trail["items"].as_array().unwrap().len(), 2);
}

async fn b08_an_old_confirmation_does_not_count(world: &World) {
    world.set(&world.bob, "notes", "sk-bob").await;
    let report = world.apply(&shared("env:KEY")).await.unwrap();
    world.set(&world.eve, "notes", "sk-eve").await;
    let old = Options {
        confirmed: Some(report.id()),
        ..Options::default()
    };
    let again = world.apply_with(&shared("env:KEY"), old).await.unwrap();
    assert!(!again.applied && again.id() != report.id(), "D07");
    assert_eq!(overrides(world).await.len(), 2);
}

async fn b08_only_prune_removes_and_only_what_is_in_a_section(world: &World) {
    world.apply(ALL).await.unwrap();
    let less = "
teams:
  platform: {members: [zoe@demo.test]}
servers:
  wiki:
    access: {everyone: user}
";
    assert!(world.apply(less).await.unwrap().is_empty());
    let prune = |confirmed: Option<String>| Options {
        prune: true,
        confirmed,
        ..Options::default()
    };
    let report = world.apply_with(less, prune(None)).await.unwrap();
    assert!(!report.applied);
    insta::assert_snapshot!(print(&report).replace(world.upstream.url("").as_str(), "UPSTREAM"), @r"
    ~ team platform
        - member: bob@demo.test
    ~ server wiki
        - access user/bob@demo.test: user
        - access virtual_account/deployer: user
        - access team/platform: manager
    - server notes
        - url: UPSTREAM/notes/mcp
        - overrides: 0
    0 to add, 2 to change, 1 to remove, 0 unchanged.
    ");
    let done = world.apply_with(less, prune(Some(report.id()))).await.unwrap();
    assert!(done.applied);
    world.app.get(&world.ada, "/servers/notes").await.expect(404);
    world.app.get(&world.bob, "/servers/wiki").await.expect(200);
    world.app.get(&world.bob, "/servers/wiki/access").await.expect(403);
    // No such section: nothing of it goes.
    world
        .app
        .get(&world.ada, "/virtual-accounts/deployer")
        .await
        .expect(200);
    assert!(world.apply_with(less, prune(None)).await.unwrap().is_empty());
}

async fn b08_a_first_password_is_set_and_never_changed(world: &World) {
    let with = |variable: &str| format!("users: {{bob@demo.test: {{password: 'env:{variable}'}}}}");
    let report = world.apply(&with("PASSWORD")).await.unwrap();
    assert!(print(&report).contains("+ password: (hidden)"), "{}", print(&report));
    let sign_in = |password: &str| {
        let body = format!("email=bob%40demo.test&password={}", password.replace(' ', "+"));
        let form = world.app.http.post(world.app.at("/sign-in")).body(body);
        form.header("content-type", "application/x-www-form-urlencoded")
    };
    let set = crate::support::Answer::of(sign_in("a canary of some length")).await;
    assert!(set.header("set-cookie").contains("overkey"), "{set:?}");
    assert!(world.apply(&with("KEY")).await.unwrap().is_empty());
    let still = crate::support::Answer::of(sign_in("a canary of some length")).await;
    assert!(still.header("set-cookie").contains("overkey"), "{still:?}");
}

async fn b07_every_entry_says_that_it_was_apply(world: &World) {
    world.apply(ALL).await.unwrap();
    let trail = world
        .app
        .get(&world.ada, "/audit?limit=200&actor=command-line")
        .await
        .expect(200);
    let entries = trail["items"].as_array().unwrap();
    let mut actions: Vec<&str> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    actions.sort_unstable();
    actions.dedup();
    assert_eq!(
        actions,
        [
            "access.granted",
            "server.created",
            "team.created",
            "team.member_added",
            "user.changed",
            "user.created",
            "virtual_account.created"
        ]
    );
    for entry in entries {
        assert_eq!(entry["via"]["type"], "apply", "{entry}");
        assert_eq!(entry["via"]["id"].as_str().unwrap().len(), 12);
    }
}

async fn d06_a_move_to_another_origin_is_shown_and_confirmed(world: &World) {
    world.set(&world.bob, "notes", "sk-bob").await;
    let moved = "servers: {notes: {url: 'https://elsewhere.example/mcp'}}";
    let report = world.apply(moved).await.unwrap();
    let shown = print(&report);
    assert!(
        !report.applied && shown.contains("! overrides suspended until confirmed: 1 (bob@demo.test)"),
        "{shown}"
    );
    let confirmed = Options {
        confirmed: Some(report.id()),
        ..Options::default()
    };
    assert!(world.apply_with(moved, confirmed).await.unwrap().applied);
    assert_eq!(overrides(world).await[0]["state"], "suspended");
}
