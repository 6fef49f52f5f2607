//! What reading a file says of it.

use std::collections::BTreeSet;

use domain::role::ServerRole;
use serde_json::Value;

use super::*;
use crate::services::apply::Named;

struct Here;

impl Look for Here {
    fn variable(&self, name: &str) -> Option<String> {
        (name == "KEY").then(|| "sk-from-outside-1".to_owned())
    }

    fn file(&self, path: &str) -> Result<String, String> {
        Err(format!("The file {path} cannot be read."))
    }
}

fn complaints(text: &str) -> String {
    let read = read(text, &Here);
    told("world.yaml", &read.problems, &read.lines)
}

#[test]
fn b08_a_file_is_read_whole() {
    let text = "
users:
  Ada@Example.com: {name: Ada, platform_role: admin, disabled: false, password: env:KEY}
  bob@example.com:
teams:
  platform: {members: [ada@example.com, BOB@example.com]}
external_identities:
  deployer: {issuer: 'https://id.example', subject: '17'}
virtual_accounts:
  ci-bot: {owner: null}
servers:
  notes:
    url: https://notes.example/mcp
    outbound_auth: {mode: api_key_shared, headers: {Authorization: 'Bearer {{env:KEY}}'}}
    access: {everyone: user, team/platform: manager}
  raw:
    outbound_auth: {mode: api_key_individual, headers: {Authorization: null}}
";
    let read = read(text, &Here);
    assert_eq!(read.problems, []);
    let users = read.world.users.unwrap();
    assert_eq!(users.keys().collect::<Vec<_>>(), ["ada@example.com", "bob@example.com"]);
    assert_eq!(
        users["ada@example.com"].password.as_ref().unwrap().expose(),
        "sk-from-outside-1"
    );
    let members = read.world.teams.unwrap()["platform"].members.clone().unwrap();
    assert!(members.contains("bob@example.com"));
    assert_eq!(read.world.virtual_accounts.unwrap()["ci-bot"].owner, Some(None));
    let servers = read.world.servers.unwrap();
    let headers = servers["notes"].outbound_auth.clone().unwrap().headers.unwrap();
    assert_eq!(headers["Authorization"].as_deref(), Some("Bearer sk-from-outside-1"));
    let access = servers["notes"].access.clone().unwrap();
    assert_eq!(access[&Named::Everyone], ServerRole::User);
    assert_eq!(
        servers["raw"].outbound_auth.clone().unwrap().headers.unwrap()["Authorization"],
        None
    );
}

#[test]
fn b08_all_that_is_wrong_is_told_at_once_each_at_its_line() {
    let text = "
users:
  ada: {nmae: Ada}
  bob@example.com: {platform_role: boss, disabled: 'yes', password: sk-canary-literal}
teams:
  Platform: {members: [bob]}
virtual_account: {}
servers:
  notes:
    url: notes.example
    outbound_auth: {mode: api_key_shared, headers: {Authorization: sk-canary-literal, X-Key: env:ABSENT}}
    access: {all: user, team/platform: owner}
  wiki:
    outbound_auth:
      mode: oauth2_client_credentials
      token_url: https://id.example/token
      client_secret: sk-canary-literal
";
    let told = complaints(text);
    insta::assert_snapshot!(told, @r"
    world.yaml:3: users.ada.nmae: There is no such key; did you mean `name`?
    world.yaml:3: users.ada: Write an e-mail address, such as ada@example.com.
    world.yaml:4: users.bob@example.com.disabled: Write true or false here.
    world.yaml:4: users.bob@example.com.password: A secret does not stand in this file. Name where it is: env:NAME or file:path, or {{env:NAME}} inside a text.
    world.yaml:4: users.bob@example.com.platform_role: Choose one of: member, admin.
    world.yaml:6: teams.Platform.members.bob: Write an e-mail address, such as ada@example.com.
    world.yaml:6: teams.Platform: A team's name has 1 to 63 lower-case letters, digits, hyphens, dots and underscores.
    world.yaml:7: virtual_account: There is no such key; did you mean `virtual_accounts`?
    world.yaml:10: servers.notes.url: Enter the server's full URL, such as https://mcp.example.com/mcp.
    world.yaml:11: servers.notes.outbound_auth.headers.Authorization: A secret does not stand in this file. Name where it is: env:NAME or file:path, or {{env:NAME}} inside a text.
    world.yaml:11: servers.notes.outbound_auth.headers.X-Key: The environment variable ABSENT is not set.
    world.yaml:12: servers.notes.access.all: Name somebody: everyone, user/ADDRESS, team/NAME, virtual_account/NAME or external_identity/NAME.
    world.yaml:12: servers.notes.access.team/platform: Choose one of: user, manager.
    world.yaml:17: servers.wiki.outbound_auth.client_secret: A secret does not stand in this file. Name where it is: env:NAME or file:path, or {{env:NAME}} inside a text.
    ");
    assert!(!told.contains("canary"));
}

#[test]
fn b08_what_is_no_yaml_is_told_by_its_line() {
    assert_eq!(
        complaints("users:\n  a@b.c: {}\n  a@b.c: {}\n"),
        "world.yaml: line 3: This key is there twice; the first is in line 2."
    );
    assert!(complaints("- a\n").contains("as keys and values"));
    assert!(complaints("users: [a]\n").contains("world.yaml:1: users: Write users here"));
}

#[test]
fn the_schema_knows_exactly_the_keys_that_are_read() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let keys = |place: &str| -> BTreeSet<String> {
        let properties = schema.pointer(place).unwrap().as_object().unwrap();
        properties.keys().cloned().collect()
    };
    for (place, read) in [
        ("/properties", &world::TOP[..]),
        ("/$defs/user/properties", &world::USER),
        ("/$defs/team/properties", &world::TEAM),
        ("/$defs/identity/properties", &world::IDENTITY),
        ("/$defs/account/properties", &world::ACCOUNT),
        ("/$defs/server/properties", &world::SERVER),
        ("/$defs/outbound_auth/properties", &world::AUTH),
    ] {
        assert_eq!(
            keys(place),
            read.iter().map(|key| (*key).to_owned()).collect(),
            "{place}"
        );
    }
    let modes = schema.pointer("/$defs/outbound_auth/properties/mode/enum").unwrap();
    let modes: BTreeSet<&str> = modes.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(
        modes,
        domain::outbound::Mode::ALL.map(domain::outbound::Mode::as_str).into()
    );
}

struct Anything;

impl Look for Anything {
    fn variable(&self, _: &str) -> Option<String> {
        Some("a value that is good for all of them".to_owned())
    }

    fn file(&self, _: &str) -> Result<String, String> {
        Ok("a value from a file".to_owned())
    }
}

#[test]
fn the_documented_file_is_a_good_one() {
    let page = include_str!("../../../docs/apply.md");
    let file = page.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let read = read(file, &Anything);
    assert_eq!(told("world.yaml", &read.problems, &read.lines), "");
    assert_eq!(read.world.servers.unwrap().len(), 4);
}
