//! What a warm call costs before it goes on its way: who calls, which server, may they, and with which credential (S40 to S43).
//!
//! `cargo bench -p server` prints it. The goal is two microseconds at most for all of it (`bench/README.md`).

#![expect(clippy::expect_used, reason = "a bench that cannot begin has nothing to say")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use domain::role::{ServerAction, decide};
use futures_util::FutureExt;
use server::services::calls::{Calls, Opened};
use tokio::runtime::Runtime;
use world::{SERVER, world};

mod world;

/// The phases of a call as the gateway goes through them.
async fn decided(calls: &Calls, token: &str) -> Opened {
    let caller = calls.authenticate_at(token, SERVER).await.expect("a good token");
    let target = calls
        .target(&caller.actor, SERVER)
        .await
        .expect("a database")
        .expect("the server");
    decide(target.role, ServerAction::Call).expect("a role");
    calls.open(&target).expect("a credential")
}

fn decision(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let (overkey, token) = runtime.block_on(world("sqlite::memory:"));
    let calls = &overkey.services.calls;
    runtime.block_on(decided(calls, &token));
    let _inside = runtime.enter();
    criterion.bench_function("credential decision, warm", |bencher| {
        bencher.iter_batched(
            || runtime.block_on(decided(calls, &token)),
            // Copies are proven good once in a while: between two proofs nothing waits, and nothing may.
            |_| black_box(decided(calls, &token).now_or_never().expect("a warm call never waits")),
            criterion::BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, decision);
criterion_main!(benches);
