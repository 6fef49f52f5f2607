//! What happened on a server: calls and changes one by one, and calls counted. Managers see everybody's, users their own.

mod summary;

use domain::actor::{Actor, SubjectKind, SubjectRef};
use domain::role::{ServerRole, decide_activity};
use domain::timestamp::Timestamp;

use super::{Core, ServiceError, access, accounts};
use crate::store::trail::{UsageBy, UsageQuery};
use crate::store::{AuditRow, CallRow, Page, PageQuery, ServerRow, Trail, TrailEntry, TrailQuery, Work};

pub use summary::{Piece, Span, Stats, Summary, Who};

/// Which calls to show; `None` asks nothing of a thing.
#[derive(Debug, Clone, Default)]
pub struct CallFilter {
    /// Whose.
    pub of: Option<SubjectRef>,
    /// A tool's or a method's name.
    pub tool: Option<String>,
    pub failed: Option<bool>,
    /// Nothing before it.
    pub since: Option<Timestamp>,
    /// Nothing from it on.
    pub until: Option<Timestamp>,
}

/// A call, with what it is called.
#[derive(Debug, Clone)]
pub struct SeenCall {
    pub seq: i64,
    pub row: CallRow,
}

#[derive(Clone)]
pub struct Activity {
    core: Core,
}

/// A server, and whose activity on it may be seen and was asked for.
struct Seen {
    server: ServerRow,
    of: Option<SubjectRef>,
    anybody: bool,
}

impl Activity {
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// Newest first.
    pub async fn calls(
        &self,
        actor: &Actor,
        server: &str,
        query: &PageQuery,
        filter: &CallFilter,
    ) -> Result<Page<SeenCall>, ServiceError> {
        let mut work = self.core.store.read().await?;
        let seen = seen(work.as_mut(), actor, server, filter.of.as_ref()).await?;
        let query = TrailQuery {
            only: Some(Trail::Calls),
            tool: filter.tool.clone(),
            failed: filter.failed,
            since: filter.since,
            until: filter.until,
            ..asked(&seen, query)
        };
        let page = work.trails().page(&query).await?;
        let calls = page.items.into_iter().filter_map(|entry| match entry {
            TrailEntry::Call(seq, row) => Some(SeenCall { seq, row }),
            TrailEntry::Change(_) => None,
        });
        Ok(Page {
            items: calls.collect(),
            next: page.next,
        })
    }

    /// Newest first; a user's are those they made, and those that were made to them.
    pub async fn changes(
        &self,
        actor: &Actor,
        server: &str,
        query: &PageQuery,
    ) -> Result<Page<AuditRow>, ServiceError> {
        let mut work = self.core.store.read().await?;
        let seen = seen(work.as_mut(), actor, server, None).await?;
        let query = TrailQuery {
            only: Some(Trail::Changes),
            search: query.search.clone(),
            ..asked(&seen, query)
        };
        let page = work.trails().page(&query).await?;
        let changes = page.items.into_iter().filter_map(|entry| match entry {
            TrailEntry::Change(row) => Some(row),
            TrailEntry::Call(..) => None,
        });
        Ok(Page {
            items: changes.collect(),
            next: page.next,
        })
    }

    /// One server's calls, counted.
    pub async fn of_server(
        &self,
        actor: &Actor,
        server: &str,
        of: Option<&SubjectRef>,
        span: Span,
    ) -> Result<Summary, ServiceError> {
        let mut work = self.core.store.read().await?;
        let seen = seen(work.as_mut(), actor, server, of).await?;
        let by = [UsageBy::Tool, UsageBy::Actor];
        let summary = self
            .summary(work.as_mut(), (Some(seen.server), seen.of), by, span)
            .await?;
        Ok(Summary {
            anybody: seen.anybody,
            ..summary
        })
    }

    /// One subject's calls on every server: one's own, or (admins) anybody's or everybody's.
    pub async fn everywhere(
        &self,
        actor: &Actor,
        of: Option<&SubjectRef>,
        span: Span,
    ) -> Result<Summary, ServiceError> {
        let mut work = self.core.store.read().await?;
        let admin = access::require_admin(actor);
        let anybody = admin.is_ok();
        // Who may not look at others' learns nothing about who exists.
        let of = match (of, admin) {
            (Some(of), Ok(())) => Some(find_subject(work.as_mut(), of).await?),
            (None, Ok(())) => None,
            (Some(of), Err(refused)) if !actor.is(of) => return Err(refused),
            (_, Err(_)) => Some(actor.subject.clone()),
        };
        let by = [UsageBy::Server, UsageBy::Actor];
        let summary = self.summary(work.as_mut(), (None, of), by, span).await?;
        Ok(Summary { anybody, ..summary })
    }

    async fn summary(
        &self,
        work: &mut dyn Work,
        (server, of): (Option<ServerRow>, Option<SubjectRef>),
        by: [UsageBy; 2],
        span: Span,
    ) -> Result<Summary, ServiceError> {
        let (from, to) = span.hours(self.core.now());
        let query = UsageQuery {
            server: server.as_ref().map(|server| server.id.clone()),
            actor: of.clone(),
            from,
            to,
        };
        let time = work.calls().sums(&query, UsageBy::Time(span.step())).await?;
        let mut parts = Vec::new();
        for by in by {
            parts.push(work.calls().sums(&query, by).await?);
        }
        let actors = summary::by_actor(work, &parts.pop().unwrap_or_default()).await?;
        let others = parts.pop().unwrap_or_default();
        let (tools, servers) = match by[0] {
            UsageBy::Server => (Vec::new(), summary::by_server(work, &others).await?),
            _ => (summary::by_tool(&others), Vec::new()),
        };
        Ok(Summary {
            span,
            total: summary::total(&time),
            over_time: summary::over_time(&time, span, (from, to)),
            tools,
            servers,
            // One's own is the total again.
            actors: if of.is_some() { Vec::new() } else { actors },
            of,
            anybody: false,
        })
    }
}

fn asked(seen: &Seen, query: &PageQuery) -> TrailQuery {
    TrailQuery {
        server_id: Some(seen.server.id.clone()),
        of: seen.of.clone(),
        cursor: query.cursor.clone(),
        limit: query.limit,
        ..TrailQuery::default()
    }
}

/// D11, B07: the server, and whose entries: those asked for, or all that the actor may see.
async fn seen(work: &mut dyn Work, actor: &Actor, server: &str, of: Option<&SubjectRef>) -> Result<Seen, ServiceError> {
    let row = work.servers().find(server).await?.ok_or(ServiceError::NotFound)?;
    let role = access::role_on(work, actor, &row.id).await?;
    // Who may not look at others' learns nothing about who exists.
    let own = match of {
        Some(of) if role != Some(ServerRole::Manager) => actor.is(of),
        Some(_) => false,
        None => role != Some(ServerRole::Manager),
    };
    let permit = decide_activity(role, own)?;
    let of = match of {
        Some(of) if permit.is_manager() => Some(find_subject(work, of).await?),
        Some(_) => Some(actor.subject.clone()),
        None => own.then(|| actor.subject.clone()),
    };
    Ok(Seen {
        server: row,
        of,
        anybody: permit.is_manager(),
    })
}

/// A user may be named by e-mail address. One who is gone still has calls.
async fn find_subject(work: &mut dyn Work, named: &SubjectRef) -> Result<SubjectRef, ServiceError> {
    if named.kind == SubjectKind::User && named.id.contains('@') {
        let user = accounts::find_user(work, &named.id).await?;
        return user
            .map(|user| SubjectRef::user(&user.id))
            .ok_or_else(|| ServiceError::invalid("subject", "There is no such user."));
    }
    Ok(named.clone())
}
