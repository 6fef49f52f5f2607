//! Why a subject's calls carry what they carry (B03). Managers ask for anybody, everybody for themselves.

use domain::actor::{Actor, SubjectKind, SubjectRef};
use domain::id::UserId;
use domain::injection::ServerFacts;
use domain::overrides::OverrideFacts;
use domain::role::OverrideAction;
use domain::why::{Decision, Standing, explain};

use super::overrides::Overrides;
use super::place::{Place, reaches};
use super::{ServiceError, tokens};
use crate::store::{OverrideRow, StoreError, Work};

#[derive(Debug)]
pub struct Explained {
    pub subject: SubjectRef,
    pub name: String,
    /// A user's e-mail address.
    pub detail: Option<String>,
    pub decision: Decision,
}

impl Overrides {
    pub async fn explain(&self, actor: &Actor, server: &str, subject: &SubjectRef) -> Result<Explained, ServiceError> {
        let mut work = self.core.store.read().await?;
        let place = self.place(work.as_mut(), actor, server, false).await?;
        let subject = self.subject(work.as_mut(), &place, actor, subject).await?;
        place.decide(actor, OverrideAction::List, &subject)?;
        let own = work.overrides().of_subject(&place.server.id, &subject).await?;
        let own: Vec<OverrideFacts> = own.iter().map(OverrideRow::facts).collect();
        let standing = standing(work.as_mut(), &place, &subject).await?;
        let fields = place.auth.fields();
        let facts = ServerFacts {
            mode: place.server.mode,
            allow_optional: place.server.allow_optional,
            asked: &fields,
        };
        let (name, detail) = named(work.as_mut(), &subject).await?;
        Ok(Explained {
            decision: explain(standing, facts, &own, self.core.now()),
            subject,
            name,
            detail,
        })
    }
}

async fn standing(work: &mut dyn Work, place: &Place, subject: &SubjectRef) -> Result<Standing, ServiceError> {
    if tokens::owner(work, subject).await?.is_none() {
        return Ok(Standing::Disabled);
    }
    Ok(match reaches(work, &place.server, subject).await? {
        true => Standing::MayCall,
        false => Standing::NoAccess,
    })
}

async fn named(work: &mut dyn Work, subject: &SubjectRef) -> Result<(String, Option<String>), StoreError> {
    let user = match subject.kind {
        SubjectKind::User => work.users().find(&UserId::new(subject.id.clone())).await?,
        SubjectKind::VirtualAccount | SubjectKind::ExternalIdentity => None,
    };
    Ok(user.map_or((subject.id.clone(), None), |user| (user.name, Some(user.email))))
}
