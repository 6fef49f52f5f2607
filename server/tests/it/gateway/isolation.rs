//! B9: nobody's call ever carries somebody else's credential.

use futures_util::future::join_all;

use crate::support::world::individual;
use crate::support::{World, on_every_database};

on_every_database!(b9_every_call_of_many_at_once_carries_its_callers_own_credential);

const ROUNDS: usize = 6;

async fn b9_every_call_of_many_at_once_carries_its_callers_own_credential(world: &World) {
    let servers = ["notes", "second", "third"];
    for name in &servers[1..] {
        world.server(name, individual()).await;
    }
    let callers = [&world.ada, &world.mia, &world.bob, &world.eve, &world.ci_bot];
    let value = |caller: usize, server: &str| format!("sk-{caller}-{server}");
    for (number, caller) in callers.iter().enumerate() {
        for server in servers {
            let own = value(number, server);
            world.put_override(&world.ada, server, caller, &own).await.expect(201);
        }
    }
    let mut calls = Vec::new();
    for _ in 0..ROUNDS {
        for (number, caller) in callers.iter().enumerate() {
            for server in servers {
                let expected = format!("Bearer {}", value(number, server));
                let call = world.call(caller, server);
                calls.push(async move {
                    let answer = call.await.expect(200);
                    let given = &answer["result"]["authorization"];
                    assert_eq!(*given, serde_json::json!([expected]));
                });
            }
        }
    }
    join_all(calls).await;
}
