//! What is here: settings, database, key, trail.

use std::path::Path;
use std::sync::Arc;

use url::Host;

use super::Finding;
use crate::cli::operator;
use crate::config::Config;
use crate::services::master_key::KEY_CHECK;
use crate::services::{ServiceError, vault};
use crate::startup::Overkey;
use crate::store::{self, OverrideQuery, OverrideSort, PageQuery, ServerRow, Store};

/// Of each server's overrides, as many are opened.
const SAMPLE: u32 = 100;
/// Of each chain, as many of the newest entries are looked at.
const NEWEST: i64 = 10_000;

pub(super) fn public_url(config: &Config) -> Finding {
    let check = "public URL";
    let Some(url) = &config.public_url else {
        let todo = "Set OVERKEY_PUBLIC_URL to where browsers and clients reach this installation.";
        return Finding::warning(
            check,
            "not set, so links begin with http:// and the listening address",
            todo,
        );
    };
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() == "https" || loopback {
        return Finding::ok(check, url.to_string());
    }
    let todo = "Put a proxy with TLS before it and set OVERKEY_PUBLIC_URL to its https:// address.";
    Finding::trouble(
        check,
        format!("{url} is not https: tokens and sessions cross the network in clear"),
        todo,
    )
}

/// The database, if it can be worked with. None is made, and none is migrated.
pub(super) async fn database(findings: &mut Vec<Finding>, config: &Config) -> Option<Arc<dyn Store>> {
    let check = "database";
    if let Some(path) = missing_file(&config.database_url) {
        let detail = format!("there is no file {path}");
        let todo = "Start `overkey serve` or run `overkey migrate`, which make it; or correct OVERKEY_DATABASE_URL.";
        findings.push(Finding::trouble(check, detail, todo));
        return None;
    }
    let opened = match store::open(&config.database_url).await {
        Ok(store) => store.pending().await.map(|pending| (store, pending)),
        Err(error) => Err(error),
    };
    match opened {
        Err(error) => {
            let todo = "Check OVERKEY_DATABASE_URL, and that the database runs and lets us in.";
            findings.push(Finding::trouble(check, error.to_string(), todo));
            None
        }
        Ok((_, pending)) if pending > 0 => {
            let detail = format!("reachable, and {pending} migrations are missing");
            findings.push(Finding::trouble(
                check,
                detail,
                "Run `overkey migrate`, or start `overkey serve`.",
            ));
            None
        }
        Ok((store, _)) => {
            findings.push(Finding::ok(check, "reachable, and its schema is up to date"));
            Some(store)
        }
    }
}

/// The SQLite file that is not there; opening it would make one.
fn missing_file(database_url: &str) -> Option<&str> {
    let path = database_url.strip_prefix("sqlite:")?.trim_start_matches("//");
    let path = path.split('?').next().unwrap_or(path);
    (!Path::new(path).exists()).then_some(path)
}

/// Whether something was sealed before; a first start would make a key now.
pub(super) async fn has_key_check(findings: &mut Vec<Finding>, store: &dyn Store) -> bool {
    let stored = async { store.read().await?.settings().get(KEY_CHECK).await };
    match stored.await {
        Ok(Some(_)) => true,
        Ok(None) => {
            let detail = "nothing is sealed yet: `overkey serve` has not run on this database";
            findings.push(Finding::warning("master key", detail, "Start `overkey serve` once."));
            false
        }
        Err(error) => {
            findings.push(Finding::trouble(
                "master key",
                error.to_string(),
                "Look at the database first.",
            ));
            false
        }
    }
}

/// Every server's own secrets, and the newest overrides of each.
pub(super) async fn sealed(overkey: &Overkey) -> Finding {
    let check = "master key";
    match opened(overkey).await {
        Ok((count, broken)) if broken.is_empty() => {
            Finding::ok(check, format!("opens what is sealed ({count} looked at)"))
        }
        Ok((_, broken)) => {
            let detail = format!("does not open what is sealed for {}", broken.join(", "));
            let todo = "These rows were changed or copied from another installation: enter their credentials again.";
            Finding::trouble(check, detail, todo)
        }
        Err(error) => Finding::trouble(check, error.to_string(), "Look at the database first."),
    }
}

/// Whether every key that something is wrapped with is here, and a rotation was brought to its end.
pub(super) async fn keys(overkey: &Overkey) -> Finding {
    let check = "master keys";
    let status = match overkey.services.master_keys.status(&operator()).await {
        Ok(status) => status,
        Err(error) => return Finding::trouble(check, error.to_string(), "Look at the database first."),
    };
    let (current, missing) = (status.current, status.missing());
    let left: u64 = status.not_with(current).values().sum();
    if !missing.is_empty() {
        let missing: Vec<_> = missing.iter().map(u32::to_string).collect();
        let detail = format!("values need key {}, which is not configured", missing.join(" and "));
        let todo =
            "Put it back beside the current one, and run `overkey key rotate`; `overkey key status` has the numbers.";
        Finding::trouble(check, detail, todo)
    } else if left > 0 {
        let detail = format!("key {current} is current, and another one still wraps {left} values");
        Finding::warning(
            check,
            detail,
            "Run `overkey key rotate`, which goes on where it was stopped.",
        )
    } else {
        Finding::ok(check, format!("key {current} wraps everything"))
    }
}

async fn opened(overkey: &Overkey) -> Result<(usize, Vec<String>), ServiceError> {
    let (seal, mut count, mut broken) = (&overkey.core.seal, 0, Vec::new());
    for server in servers(overkey).await? {
        if server.secrets.is_some() {
            count += 1;
            if vault::open_server(seal, &server).is_err() {
                broken.push(server.name.to_string());
            }
        }
        let query = OverrideQuery {
            server: server.id.clone(),
            only: None,
            search: None,
            among: None,
            counted: false,
            sort: OverrideSort::UpdatedAt,
            descending: true,
            cursor: None,
            limit: SAMPLE,
        };
        let page = overkey.core.store.read().await?.overrides().page(&query).await?;
        for row in page.rows {
            count += 1;
            let opens = match row.kind {
                domain::overrides::Kind::Manual => vault::open_override(seal, &row, &row.origin).is_ok(),
                domain::overrides::Kind::OAuth => vault::open_tokens(seal, &row, &row.origin).is_ok(),
            };
            if !opens {
                broken.push(format!("{} on {}", row.subject_name, server.name));
            }
        }
    }
    Ok((count, broken))
}

pub(super) async fn servers(overkey: &Overkey) -> Result<Vec<ServerRow>, ServiceError> {
    let mut work = overkey.core.store.read().await?;
    let mut query = PageQuery {
        limit: 200,
        ..PageQuery::default()
    };
    let mut rows = Vec::new();
    loop {
        let page = work.servers().list(&query, None).await?;
        rows.extend(page.items);
        let Some(next) = page.next else { return Ok(rows) };
        query.cursor = Some(next);
    }
}

/// Quick: the newest entries. `overkey audit verify` goes through all of them.
pub(super) async fn trail(overkey: &Overkey) -> Finding {
    let check = "audit trail";
    match overkey.services.audit.verify_newest(NEWEST).await {
        Ok(verdicts) => {
            let texts: Vec<String> = verdicts.iter().map(ToString::to_string).collect();
            let detail = texts.join("; ");
            if verdicts.iter().all(|verdict| verdict.broken.is_none()) {
                Finding::ok(check, detail)
            } else {
                let todo = "Run `overkey audit verify`, and find out who changed the database.";
                Finding::trouble(check, detail, todo)
            }
        }
        Err(error) => Finding::trouble(check, error.to_string(), "Look at the database first."),
    }
}
