//! The command itself: what it prints, how it ends, and what it never shows.

use std::fs;

use crate::support::process::{Ended, Home};

const FILE: &str = "
users:
  ada@demo.test: {platform_role: admin}
servers:
  wiki:
    url: https://wiki.example/mcp
    outbound_auth: {mode: api_key_shared, headers: {Authorization: 'Bearer {{env:WIKI_KEY}}', X-Key: 'file:keys/wiki'}}
";

fn apply(home: &Home, more: &[&str]) -> Ended {
    let arguments = [&["apply", "-f", "world.yaml"], more].concat();
    home.run_with(&arguments, &[("WIKI_KEY", "sk-canary-from-outside")])
}

fn home(file: &str) -> Home {
    let home = Home::new();
    fs::create_dir(home.folder.path().join("keys")).unwrap();
    fs::write(home.folder.path().join("keys/wiki"), "sk-canary-from-a-file\n").unwrap();
    fs::write(home.folder.path().join("world.yaml"), file).unwrap();
    home
}

/// The files beside the one that holds the secret.
fn stored(home: &Home) -> Vec<u8> {
    fs::remove_dir_all(home.folder.path().join("keys")).unwrap();
    home.bytes()
}

#[test]
fn b08_apply_says_what_it_does_and_then_that_there_is_nothing_to_do() {
    let home = home(FILE);
    let plan = apply(&home, &["--dry-run", "--exit-code"]);
    assert!(
        !plan.success && plan.stdout.contains("2 to add, 0 to change, 0 to remove"),
        "{plan:?}"
    );
    let done = apply(&home, &[]).ok();
    assert!(
        done.contains("+ server wiki\n") && done.contains("2 added, 0 changed"),
        "{done}"
    );
    assert!(done.contains("+ outbound_auth.headers.X-Key: ••••••••file"), "{done}");
    assert!(!done.contains("canary"), "{done}");
    let again = apply(&home, &["--exit-code"]).ok();
    assert_eq!(again, "Nothing to change: all 2 are as the file says.\n");
    let bytes = stored(&home);
    assert!(!bytes.windows(9).any(|window| window == b"sk-canary"));
}

#[test]
fn b08_everything_wrong_is_listed_and_nothing_is_changed() {
    let file = FILE
        .replace("platform_role", "platfrom_role")
        .replace("'Bearer {{env:WIKI_KEY}}'", "sk-canary-literal")
        + "  notes: {}\n";
    let home = home(&file);
    let told = apply(&home, &[]).complaint();
    assert!(
        told.contains(
            "world.yaml:3: users.ada@demo.test.platfrom_role: There is no such key; did you mean `platform_role`?"
        ),
        "{told}"
    );
    assert!(
        told.contains(
            "world.yaml:7: servers.wiki.outbound_auth.headers.Authorization: A secret does not stand in this file."
        ),
        "{told}"
    );
    // Found by looking at the installation, and told together with the rest.
    assert!(
        told.contains("world.yaml:8: servers.notes.url: A new server needs this."),
        "{told}"
    );
    assert!(!told.contains("canary"), "{told}");
    assert_eq!(home.run(&["user", "list"]).ok(), "");
}

#[test]
fn b08_what_takes_something_away_needs_a_word() {
    let home = home(FILE);
    apply(&home, &[]).ok();
    fs::write(home.folder.path().join("world.yaml"), "servers: {}\n").unwrap();
    let plan = apply(&home, &["--prune", "--dry-run"]).ok();
    assert!(plan.contains("- server wiki"), "{plan}");
    let id = plan.trim().rsplit_once("--confirm ").unwrap().1.to_owned();
    let refused = apply(&home, &["--prune"]);
    assert!(
        !refused.success && refused.stderr.contains(&format!("--confirm {id}")),
        "{refused:?}"
    );
    apply(&home, &["--prune", "--confirm", "000000000000"]).complaint();
    let done = apply(&home, &["--prune", "--confirm", &id]).ok();
    assert!(done.contains("0 added, 0 changed, 1 removed"), "{done}");
    assert_eq!(
        apply(&home, &["--prune"]).ok(),
        "Nothing to change: all 0 are as the file says.\n"
    );
}

#[test]
fn what_only_prints_needs_no_configuration() {
    let home = Home::new();
    let broken = [("OVERKEY_DATABSE_URL", "x")];
    let schema = home.run_with(&["apply", "--schema"], &broken).ok();
    serde_json::from_str::<serde_json::Value>(&schema).unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let script = home.run_with(&["completions", shell], &broken).ok();
        assert!(script.contains("apply") && script.contains("dry-run"), "{script}");
    }
    let page = home.run_with(&["man"], &broken).ok();
    assert!(
        page.contains(".TH overkey 1") && page.contains("COMMAND OVERKEY APPLY") && page.contains("dry\\-run"),
        "{page}"
    );
    assert!(home.run(&["apply"]).complaint().contains("--file"));
}
