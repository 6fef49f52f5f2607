//! The filters of the overrides tab against the rule: a list of one state, or of one type, is exactly what a list of all shows of it.
//! The store finds a state by what is stored of it; the state shown is worked out for each row.

use domain::overrides::{Condition, Kind};
use domain::timestamp::Timestamp;
use serde_json::{Value, json};

use crate::support::{World, on_every_database};

mod stage;
use stage::{Case, Stage, Way, cases};

on_every_database!(
    b05_a_state_is_found_as_the_rule_says_it,
    b05_a_state_is_found_among_thousands,
    b05_a_state_is_found_where_nearly_everybody_is_in_a_team,
    s11_a_user_finds_their_own_by_state,
);

const SORTS: [&str; 8] = [
    "entity",
    "-entity",
    "kind",
    "-kind",
    "updated_at",
    "-updated_at",
    "last_used_at",
    "-last_used_at",
];
/// More than the store gathers and sorts: then it goes along an index and asks each row.
const MANY: usize = 1_001;

async fn b05_a_state_is_found_as_the_rule_says_it(world: &World) {
    let mut stage = Stage::new(world).await;
    stage.add(&cases(stage.now)).await;
    for sort in SORTS {
        stage.agree(sort, 50, false).await;
    }
    let everyone = "/servers/notes/access/everyone/all";
    world
        .app
        .put(&world.ada, everyone, json!({"role": "user"}))
        .await
        .expect(201);
    stage.agree("entity", 200, true).await;
    world.app.delete(&world.ada, everyone).await.expect(204);
    // The clock goes on: what ends in a second has ended.
    world.app.clock.advance(1);
    let expired = stage.list("state=expired").await.len();
    let right = |later: i64| {
        let has = |case: &&Case| {
            case.way.has_access()
                && case.kind == Kind::Manual
                && matches!(case.condition, Condition::Good | Condition::Rejected)
                && case.fields == ["API_KEY"]
                && case.expires_at.is_some_and(|at| at.0 <= stage.now.0 + later)
        };
        cases(stage.now).iter().filter(has).count()
    };
    assert_eq!(expired, right(1));
    assert!(right(0) < right(1));
}

async fn b05_a_state_is_found_among_thousands(world: &World) {
    let mut stage = Stage::new(world).await;
    stage.add(&cases(stage.now)).await;
    stage.add(&many(&stage)).await;
    for sort in ["entity", "-kind", "-updated_at"] {
        stage.agree(sort, 200, false).await;
    }
}

/// So it seems, as those who come first all are.
async fn b05_a_state_is_found_where_nearly_everybody_is_in_a_team(world: &World) {
    let mut stage = Stage::new(world).await;
    stage.add(&many(&stage)).await;
    stage.add(&cases(stage.now)).await;
    for sort in ["entity", "-last_used_at"] {
        stage.agree(sort, 200, false).await;
    }
}

fn many(stage: &Stage<'_>) -> Vec<Case> {
    let ended = Case {
        way: Way::Team,
        of_user: true,
        kind: Kind::Manual,
        condition: Condition::Good,
        expires_at: Some(Timestamp(stage.now.0 - 1)),
        fields: &["API_KEY"],
    };
    vec![ended; MANY]
}

async fn s11_a_user_finds_their_own_by_state(world: &World) {
    let mut stage = Stage::new(world).await;
    stage.add(&cases(stage.now)).await;
    world.set(&world.bob, "notes", "sk-bob").await;
    for (query, found) in [
        ("", 1),
        ("state=active", 1),
        ("state=rejected", 0),
        ("state=no_access", 0),
        ("type=user&search=bob", 1),
        ("type=virtual_account", 0),
    ] {
        for limit in [1, 50] {
            let path = format!("/servers/notes/overrides?{query}&limit={limit}");
            let page = world.app.get(&world.bob, &path).await.expect(200);
            let names: Vec<_> = page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| &item["subject"]["name"])
                .collect();
            assert_eq!(names, vec!["bob"; found], "{query}");
            assert_eq!(page["next_cursor"], Value::Null, "{query}");
        }
    }
}
