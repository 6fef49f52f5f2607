//! Reads the sources and fails when a room uses what ARCHITECTURE.md keeps out of it.

use std::fs;
use std::path::{Path, PathBuf};

/// A room: its folder or file, and the paths that must not stand in its code.
const ROOMS: &[(&str, &[&str])] = &[
    (
        "domain/src",
        &[
            "tokio",
            "leptos",
            "axum",
            "sqlx",
            "reqwest",
            "rand",
            "SystemTime::now",
            "Instant::now",
            "now_utc",
        ],
    ),
    ("app/src", &["sqlx", "argon2", "reqwest", "tokio"]),
    ("frontend/src", &["domain", "server", "sqlx", "tokio", "reqwest"]),
    (
        "server/src/apply",
        &["sqlx", "axum", "leptos", "crate::store", "crate::gateway"],
    ),
    ("server/src/services", &["sqlx", "axum", "leptos", "app"]),
    (
        "server/src/egress",
        &[
            "axum",
            "sqlx",
            "leptos",
            "app",
            "crate::services",
            "crate::gateway",
            "crate::store",
        ],
    ),
    ("server/src/gateway", &["sqlx", "leptos", "app", "tower_sessions"]),
    (
        "server/src/oauth",
        &[
            "sqlx",
            "leptos",
            "axum",
            "app",
            "tower_sessions",
            "crate::gateway",
            "crate::store",
        ],
    ),
    (
        "server/src/identity",
        &[
            "sqlx",
            "leptos",
            "axum",
            "app",
            "tower_sessions",
            "crate::gateway",
            "crate::store",
        ],
    ),
    (
        "server/src/login",
        &[
            "sqlx",
            "leptos",
            "app",
            "tower_sessions",
            "crate::gateway",
            "crate::store",
            "crate::web",
        ],
    ),
    (
        "server/src/mcp",
        &[
            "sqlx",
            "leptos",
            "axum",
            "app",
            "crate::services",
            "crate::gateway",
            "crate::store",
        ],
    ),
    (
        "server/src/notify",
        &["sqlx", "leptos", "axum", "app", "crate::gateway"],
    ),
    ("server/src/backend", &["sqlx", "axum"]),
    ("server/src/web", &["sqlx"]),
    (
        "server/src/store",
        &[
            "crate::services",
            "crate::gateway",
            "crate::api",
            "axum",
            "app",
            "leptos",
        ],
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All Rust files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let of = |path: PathBuf| if path.is_dir() { sources(&path) } else { vec![path] };
    paths
        .flat_map(of)
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .collect()
}

/// Each forbidden path in a source, as `line: path`. Comments and words that only begin or end alike do not count.
fn forbidden(source: &str, paths: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in source.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for path in paths.iter().filter(|path| uses(code, path)) {
            found.push(format!("{}: {path}", number + 1));
        }
    }
    found
}

/// `path::...`, `use path;` or `...::path(`, at the ends of words.
fn uses(code: &str, path: &str) -> bool {
    code.match_indices(path).any(|(at, _)| {
        let before = &code[..at];
        let after = &code[at + path.len()..];
        let starts = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.');
        let inner = before.ends_with("::");
        let crates = !path.contains("::") && !path.contains("now");
        let named = after.starts_with("::")
            || (after.starts_with([';', ' ', ',', '}']) && code.trim_start().starts_with("use "))
            || after.starts_with('(');
        // A module of our own that is called like a crate is not that crate.
        starts && named && !(crates && (inner || after.starts_with('(')))
    })
}

#[test]
fn no_room_uses_what_is_kept_out_of_it() {
    let mut broken = Vec::new();
    for (room, paths) in ROOMS {
        for file in sources(&root().join(room)) {
            let source = fs::read_to_string(&file).unwrap();
            let found = forbidden(&source, paths);
            broken.extend(found.into_iter().map(|found| format!("{}:{found}", file.display())));
        }
    }
    assert!(
        broken.is_empty(),
        "forbidden by the rooms' table:\n{}",
        broken.join("\n")
    );
}

/// What calls URLs or asks for addresses; the database's own driver aside.
const WAYS_OUT: &[&str] = &[
    "hyper_rustls",
    "hyper_util::client",
    "hyper::client",
    "reqwest",
    "net::lookup_host",
    "ToSocketAddrs::to_socket_addrs",
    "TcpSocket::new_v4",
    "TcpSocket::new_v6",
    "TcpStream::connect",
    "lettre",
];

#[test]
fn nobody_goes_out_but_through_egress() {
    let egress = root().join("server/src/egress");
    let (mut broken, mut inside) = (Vec::new(), 0);
    // A test beside the code may call what it listens on.
    let is_test = |file: &Path| file.ends_with("tests.rs");
    for file in sources(&root().join("server/src")).into_iter().filter(|file| !is_test(file)) {
        let source = fs::read_to_string(&file).unwrap();
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        let found = forbidden(code, WAYS_OUT);
        if file.starts_with(&egress) {
            inside += found.len();
        } else {
            broken.extend(found.into_iter().map(|found| format!("{}:{found}", file.display())));
        }
    }
    assert!(inside > 0, "what egress uses is not among them");
    assert!(
        broken.is_empty(),
        "these call out by themselves:\n{}",
        broken.join("\n")
    );
}

/// What Cargo keeps out by itself, as long as nobody adds it: crate, and what it must not depend on.
const CRATES: &[(&str, &[&str])] = &[
    (
        "domain",
        &["tokio", "leptos", "axum", "sqlx", "reqwest", "rand", "app", "server"],
    ),
    ("app", &["server", "sqlx", "argon2", "reqwest", "tokio", "axum"]),
    ("frontend", &["domain", "server", "sqlx", "tokio", "reqwest"]),
];

/// The names in a manifest's `[dependencies]`.
fn dependencies(manifest: &str) -> Vec<&str> {
    let lines = manifest
        .lines()
        .skip_while(|line| line.trim() != "[dependencies]")
        .skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    lines
        .filter_map(|line| line.split(['.', '=', ' ']).next())
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn no_crate_depends_on_what_is_kept_out_of_it() {
    for (name, kept_out) in CRATES {
        let manifest = fs::read_to_string(root().join(name).join("Cargo.toml")).unwrap();
        let found = dependencies(&manifest);
        assert!(!found.is_empty(), "{name}");
        let wrong: Vec<_> = found.iter().filter(|found| kept_out.contains(found)).collect();
        assert!(wrong.is_empty(), "{name} depends on {wrong:?}");
    }
    assert_eq!(
        dependencies("[package]\n[dependencies]\na.workspace = true\nb = \"1\"\n\n[lints]\nc = 1"),
        ["a", "b"]
    );
}

#[test]
fn the_rooms_are_where_the_table_says() {
    for room in [
        "domain/src",
        "app/src",
        "server/src/egress",
        "server/src/services",
        "server/src/gateway",
        "server/src/login",
        "server/src/mcp",
        "server/src/web",
        "server/src/store",
    ] {
        assert!(!sources(&root().join(room)).is_empty(), "{room} has no sources");
    }
}

#[test]
fn a_forbidden_line_is_found_and_an_innocent_one_is_not() {
    for (code, path) in [
        ("use sqlx::Row;", "sqlx"),
        ("    let row = sqlx::query(\"\");", "sqlx"),
        ("use tokio;", "tokio"),
        ("use {serde, tokio::sync};", "tokio"),
        ("#[tokio::test]", "tokio"),
        ("let now = std::time::SystemTime::now();", "SystemTime::now"),
        ("time::OffsetDateTime::now_utc()", "now_utc"),
        ("use crate::services::Services;", "crate::services"),
        ("pub use app::backend::Backend;", "app"),
        ("fn f(x: &axum::Router) {}", "axum"),
    ] {
        assert_eq!(forbidden(code, &[path]), [format!("1: {path}")], "{code}");
    }
    for (code, path) in [
        ("// sqlx::query would be wrong here", "sqlx"),
        ("let app = 1;", "app"),
        ("let wrapp = app.get();", "app"),
        ("use operand::x;", "rand"),
        ("use crate::store::app::x;", "app"),
        ("use crate::services_of::x;", "crate::services"),
        ("let grandparent = rand_like::x();", "rand"),
    ] {
        assert_eq!(forbidden(code, &[path]), Vec::<String>::new(), "{code}");
    }
}
