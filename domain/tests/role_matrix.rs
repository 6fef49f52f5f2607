//! Who may do what, printed (S03, S10-S14, S20-S25, S30, S31, D01, D11, B01), and what a role through a team is worth.
//!
//! The snapshots are the rule as a reviewer reads it. The tests under them say the most important sentences once more, over
//! every cell, so that accepting a wrong snapshot is not enough to break a promise.

mod table;
mod upstreams;

use domain::account::{AccountAction, decide_account};
use domain::actor::{Actor, SubjectKind, SubjectRef};
use domain::outbound::Mode;
use domain::reach::{Given, Reach, Source};
use domain::role::{
    OverrideAction, Permit, PlatformRole, Refusal, ServerAction, ServerRole, Whose, decide, decide_activity,
    decide_override, effective_role,
};
use upstreams::{COLUMNS, WITHOUT_B01};

const ROLES: [Option<ServerRole>; 3] = [Some(ServerRole::Manager), Some(ServerRole::User), None];

fn everybody() -> Vec<Whose> {
    let of = |own| SubjectKind::ALL.map(|kind| Whose { own, kind });
    [of(true), of(false)].concat()
}

fn role_name(role: Option<ServerRole>) -> String {
    role.map_or("(no role)", ServerRole::as_str).to_owned()
}

fn whose_name(whose: Whose) -> String {
    let kind = match whose.kind {
        SubjectKind::User => "user",
        SubjectKind::VirtualAccount => "virtual account",
        SubjectKind::ExternalIdentity => "external",
    };
    format!("{} {kind}", if whose.own { "own" } else { "another" })
}

fn answer<T>(decided: &Result<T, Refusal>) -> String {
    match decided {
        Ok(_) => "yes",
        Err(Refusal::Forbidden) => "403",
        Err(Refusal::NotVisible) => "404",
        Err(Refusal::Unsupported) => "422",
    }
    .to_owned()
}

/// One row per role and answers; subjects that are answered alike share it.
fn action_table(action: OverrideAction) -> String {
    let mut rows: Vec<(String, Vec<String>, Vec<String>)> = Vec::new();
    for role in ROLES {
        for whose in everybody() {
            let cells = COLUMNS.map(|(_, mode, allow)| answer(&decide_override(role, action, whose, mode, allow)));
            match rows
                .iter_mut()
                .find(|(known, _, known_cells)| *known == role_name(role) && *known_cells == cells)
            {
                Some((_, names, _)) => names.push(whose_name(whose)),
                None => rows.push((role_name(role), vec![whose_name(whose)], cells.to_vec())),
            }
        }
    }
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(role, names, cells)| {
            let all = names.len() == everybody().len();
            let names = if all { "anybody".to_owned() } else { names.join(", ") };
            [vec![role, names], cells].concat()
        })
        .collect();
    let head = [vec!["role", "whose override"], COLUMNS.map(|(name, ..)| name).to_vec()].concat();
    table::print(&head, &rows)
}

#[test]
fn s03_s10_to_s14_s20_to_s25_s30_s31_d01_d11_b01_role_matrix() {
    let titles = OverrideAction::ALL.map(|action| match action {
        OverrideAction::OpenTab => (action, "S10: open the tab"),
        OverrideAction::List => (action, "S11: see it in the list"),
        OverrideAction::Add => (action, "S03, S12, S20-S25, S30, S31: add"),
        OverrideAction::Edit => (action, "S13, D01: edit"),
        OverrideAction::Delete => (action, "S14, D01: delete"),
        OverrideAction::Consent => (action, "S22, S55: consent at the provider"),
    });
    let printed = titles.map(|(action, title)| format!("{title}\n\n{}", action_table(action)));
    let printed = printed.join("\n");
    insta::assert_snapshot!("overrides", printed);
}

#[test]
fn roles_on_a_server_d11() {
    let actions = ServerAction::ALL;
    let rows = ROLES.map(|role| {
        let cells = actions.map(|action| answer(&decide(role, action)));
        [vec![role_name(role)], cells.to_vec()].concat()
    });
    let printed = table::print(&["role", "see", "call", "manage"], &rows);
    insta::assert_snapshot!("servers", printed);
}

fn given(source: Source, role: ServerRole) -> Given {
    Given { role, source }
}

fn team(role: ServerRole) -> Given {
    given(Source::Team("platform".into()), role)
}

/// Each way to come by a role, and some at once.
fn ways() -> [(&'static str, Vec<Given>); 11] {
    use ServerRole::{Manager, User};
    let (direct, everyone) = (|role| given(Source::Direct, role), |role| given(Source::Everyone, role));
    [
        ("no grant", vec![]),
        ("user", vec![direct(User)]),
        ("manager", vec![direct(Manager)]),
        ("team: user", vec![team(User)]),
        ("team: manager", vec![team(Manager)]),
        ("everyone: user", vec![everyone(User)]),
        ("everyone: manager", vec![everyone(Manager)]),
        ("user, team: manager", vec![direct(User), team(Manager)]),
        ("manager, team: user", vec![direct(Manager), team(User)]),
        ("everyone: user, team: manager", vec![everyone(User), team(Manager)]),
        ("user, team: user", vec![direct(User), team(User)]),
    ]
}

fn source_name(source: &Source) -> String {
    match source {
        Source::PlatformAdmin => "admin".to_owned(),
        Source::Direct => "direct".to_owned(),
        Source::Team(name) => format!("team {name}"),
        Source::Everyone => "everyone".to_owned(),
    }
}

#[test]
fn b07_d11_whose_calls_and_changes_one_sees() {
    let rows = ROLES.map(|role| {
        let cells = [true, false].map(|own| answer(&decide_activity(role, own)));
        [vec![role_name(role)], cells.to_vec()].concat()
    });
    let printed = table::print(&["role", "own", "others'"], &rows);
    insta::assert_snapshot!("activity", printed);
}

#[test]
fn the_role_that_counts_is_the_strongest_and_an_admins_is_manager() {
    let rows = ways().map(|(name, grants)| {
        let cell = |platform| match Reach::of(platform, grants.clone()) {
            Some(reach) => {
                let sources: Vec<String> = reach.decisive().map(source_name).collect();
                format!("{} by {}", reach.role.as_str(), sources.join(", "))
            }
            None => "(no role)".to_owned(),
        };
        vec![name.to_owned(), cell(PlatformRole::Member), cell(PlatformRole::Admin)]
    });
    let printed = table::print(&["grants", "member", "admin"], &rows);
    insta::assert_snapshot!("effective_roles", printed);
}

#[test]
fn a_role_through_a_team_is_worth_what_the_same_role_of_ones_own_is() {
    type Decide = Box<dyn Fn(Option<ServerRole>) -> String>;
    let on_override = |action, own, kind| -> Decide {
        let whose = Whose { own, kind };
        Box::new(move |role| answer(&decide_override(role, action, whose, Mode::ApiKeyIndividual, false)))
    };
    let on_server = |action| -> Decide { Box::new(move |role| answer(&decide(role, action))) };
    let (user, account) = (SubjectKind::User, SubjectKind::VirtualAccount);
    let external = SubjectKind::ExternalIdentity;
    let columns: [(&str, Decide); 18] = [
        ("see", on_server(ServerAction::See)),
        ("call", on_server(ServerAction::Call)),
        ("manage", on_server(ServerAction::Manage)),
        ("open the tab", on_override(OverrideAction::OpenTab, true, user)),
        ("list own", on_override(OverrideAction::List, true, user)),
        ("list another's", on_override(OverrideAction::List, false, user)),
        ("add own", on_override(OverrideAction::Add, true, user)),
        ("edit own", on_override(OverrideAction::Edit, true, user)),
        ("delete own", on_override(OverrideAction::Delete, true, user)),
        ("add another's", on_override(OverrideAction::Add, false, user)),
        ("add an account's", on_override(OverrideAction::Add, false, account)),
        ("delete another's", on_override(OverrideAction::Delete, false, user)),
        ("external: add own", on_override(OverrideAction::Add, true, external)),
        ("external: edit own", on_override(OverrideAction::Edit, true, external)),
        (
            "external: delete own",
            on_override(OverrideAction::Delete, true, external),
        ),
        ("add an external's", on_override(OverrideAction::Add, false, external)),
        (
            "delete an external's",
            on_override(OverrideAction::Delete, false, external),
        ),
        (
            "external: consent",
            on_override(OverrideAction::Consent, true, external),
        ),
    ];
    let rows = ways().map(|(name, grants)| {
        let role = Reach::of(PlatformRole::Member, grants).map(|reach| reach.role);
        let cells: Vec<String> = columns.iter().map(|(_, decide)| decide(role)).collect();
        // D11: without a role, not one cell tells that the server is there.
        assert_eq!(role.is_none(), cells.iter().all(|cell| cell == "404"), "{name}");
        assert!(role.is_none() || cells.iter().all(|cell| cell != "404"), "{name}");
        [vec![name.to_owned()], cells].concat()
    });
    // The way has no say: rows of the same role are the same row.
    for (one, (_, grants)) in rows.iter().zip(ways()) {
        for (another, (_, others)) in rows.iter().zip(ways()) {
            let role = |grants: Vec<Given>| Reach::of(PlatformRole::Member, grants).map(|reach| reach.role);
            assert_eq!(
                role(grants.clone()) == role(others),
                one[1..] == another[1..],
                "{} and {}",
                one[0],
                another[0]
            );
        }
    }
    let head = [vec!["grants"], columns.iter().map(|(name, _)| *name).collect()].concat();
    insta::assert_snapshot!("by_way", table::print(&head, &rows));
}

#[test]
fn what_takes_nothing_away_from_whom_is_told_by_the_sources() {
    for (name, grants) in ways() {
        let Some(reach) = Reach::of(PlatformRole::Member, grants.clone()) else {
            assert!(grants.is_empty(), "{name}");
            continue;
        };
        assert_eq!(
            Some(reach.role),
            effective_role(PlatformRole::Member, grants.iter().map(|one| one.role))
        );
        // Without all of the decisive ones the role is another; without any one of several it stays.
        let decisive: Vec<Source> = reach.decisive().cloned().collect();
        let rest = grants.iter().filter(|one| !decisive.contains(&one.source)).cloned();
        let rest = Reach::of(PlatformRole::Member, rest).map(|reach| reach.role);
        assert!(rest < Some(reach.role), "{name}");
        assert_eq!(reach.given.len(), grants.len(), "{name}");
    }
}

#[test]
fn who_may_do_what_with_a_virtual_account() {
    let who = [
        ("admin", PlatformRole::Admin, false),
        ("owner", PlatformRole::Member, true),
        ("anybody else", PlatformRole::Member, false),
    ];
    let rows = who.map(|(name, platform, owner)| {
        let cells = AccountAction::ALL.map(|action| answer(&decide_account(platform, owner, action)));
        [vec![name.to_owned()], cells.to_vec()].concat()
    });
    let actions = AccountAction::ALL.map(|action| match action {
        AccountAction::See => "see it and its tokens",
        AccountAction::RotateToken => "rotate a token",
        AccountAction::RevokeToken => "revoke a token",
        AccountAction::AddToken => "add a token",
        AccountAction::Change => "make, change",
        AccountAction::Delete => "delete",
    });
    let head = [vec!["who"], actions.to_vec()].concat();
    insta::assert_snapshot!("virtual_accounts", table::print(&head, &rows));
}

type Cell = (Option<ServerRole>, OverrideAction, Whose, Mode, bool);

fn every_cell() -> impl Iterator<Item = (Cell, Result<Permit, Refusal>)> {
    let mut cells = Vec::new();
    for role in ROLES {
        for action in OverrideAction::ALL {
            for whose in everybody() {
                for mode in Mode::ALL {
                    cells.extend([false, true].map(|allow| (role, action, whose, mode, allow)));
                }
            }
        }
    }
    cells.into_iter().map(|cell| {
        let (role, action, whose, mode, allow) = cell;
        (cell, decide_override(role, action, whose, mode, allow))
    })
}

#[test]
fn d11_without_a_role_every_answer_is_that_of_a_server_that_does_not_exist() {
    for (cell, decided) in every_cell().filter(|((role, ..), _)| role.is_none()) {
        assert_eq!(decided, Err(Refusal::NotVisible), "{cell:?}");
    }
}

#[test]
fn s03_s11_to_s14_a_user_gets_nothing_done_to_another_subjects_override() {
    for (cell, decided) in every_cell() {
        let (role, action, whose, ..) = cell;
        if role == Some(ServerRole::User) && !whose.own && action != OverrideAction::OpenTab {
            // 403 on every server: the answer must not depend on what the server supports.
            assert_eq!(decided, Err(Refusal::Forbidden), "{cell:?}");
        }
    }
}

#[test]
fn s12_s20_s22_s31_a_user_adds_only_on_individual_only_for_themselves_and_never_for_a_virtual_account() {
    for (cell, decided) in every_cell() {
        let (role, action, whose, mode, _) = cell;
        if role == Some(ServerRole::User) && matches!(action, OverrideAction::Add | OverrideAction::Edit) {
            let may = whose.own && mode == Mode::ApiKeyIndividual && whose.kind != SubjectKind::VirtualAccount;
            assert_eq!(decided.is_ok(), may, "{cell:?}");
        }
    }
}

#[test]
fn s20_to_s25_b01_a_manager_adds_for_anybody_exactly_where_overrides_are_supported() {
    for (cell, decided) in every_cell() {
        let (role, action, _, mode, allow) = cell;
        if role == Some(ServerRole::Manager) && matches!(action, OverrideAction::Add | OverrideAction::Edit) {
            let supported = match mode {
                Mode::ApiKeyIndividual | Mode::AuthorizationCode => true,
                Mode::ApiKeyShared | Mode::ClientCredentials => allow,
                Mode::TokenPassthrough | Mode::NoAuth => false,
            };
            let refusal = decided.err();
            assert_eq!(refusal, (!supported).then_some(Refusal::Unsupported), "{cell:?}");
        }
    }
}

#[test]
fn d01_who_may_edit_is_who_could_have_added() {
    for (cell, decided) in every_cell() {
        let (role, action, whose, mode, allow) = cell;
        if action == OverrideAction::Edit {
            let added = decide_override(role, OverrideAction::Add, whose, mode, allow);
            assert_eq!(decided, added, "{cell:?}");
        }
    }
}

#[test]
fn d01_s14_on_every_kind_of_server_one_may_see_and_delete_ones_own() {
    for (cell, decided) in every_cell() {
        let (role, action, whose, ..) = cell;
        if role.is_some() && whose.own && matches!(action, OverrideAction::List | OverrideAction::Delete) {
            assert!(decided.is_ok(), "{cell:?}");
        }
    }
}

#[test]
fn s22_s55_consent_is_a_persons_own_and_only_where_the_server_asks_for_it() {
    for (cell, decided) in every_cell() {
        let (role, action, whose, mode, _) = cell;
        if role.is_some() && action == OverrideAction::Consent {
            let own = whose.own && whose.kind == SubjectKind::User;
            assert_eq!(decided.is_ok(), own && mode == Mode::AuthorizationCode, "{cell:?}");
        }
    }
}

#[test]
fn a_permit_carries_the_role_it_was_given_for() {
    for (cell, decided) in every_cell() {
        if let Ok(permit) = decided {
            assert_eq!(Some(permit.role()), cell.0, "{cell:?}");
            assert_eq!(permit.is_manager(), cell.0 == Some(ServerRole::Manager), "{cell:?}");
        }
    }
}

#[test]
fn b02_an_external_identity_may_what_a_user_may_but_consent() {
    for (cell, decided) in every_cell() {
        let (role, action, whose, mode, allow) = cell;
        if whose.kind == SubjectKind::ExternalIdentity {
            let user = Whose {
                kind: SubjectKind::User,
                ..whose
            };
            let users = decide_override(role, action, user, mode, allow);
            let expected = match action {
                // Nobody sits at a browser for it.
                OverrideAction::Consent if role.is_some() => Err(Refusal::Forbidden),
                _ => users,
            };
            assert_eq!(decided, expected, "{cell:?}");
        }
    }
}

#[test]
fn b01_has_no_say_elsewhere() {
    for (cell, decided) in every_cell() {
        let (role, action, whose, mode, allow) = cell;
        if WITHOUT_B01.contains(&mode) {
            assert_eq!(decided, decide_override(role, action, whose, mode, !allow), "{cell:?}");
        }
    }
}

#[test]
fn s03_d01_own_means_the_same_id_of_the_same_kind() {
    let subject = |kind, id: &str| SubjectRef { kind, id: id.into() };
    let bot = Actor::new(
        subject(SubjectKind::VirtualAccount, "ci-bot"),
        "ci-bot",
        PlatformRole::Member,
    );
    assert!(Whose::of(&bot, &bot.subject).own);
    for other in [
        subject(SubjectKind::User, "ci-bot"),
        subject(SubjectKind::ExternalIdentity, "ci-bot"),
        subject(SubjectKind::VirtualAccount, "CI-BOT"),
        subject(SubjectKind::VirtualAccount, ""),
    ] {
        let whose = Whose::of(&bot, &other);
        assert!(!whose.own, "{other}");
        assert_eq!(whose.kind, other.kind);
    }
}
