//! One piece of work at a time for each key: whoever asks meanwhile waits for the same outcome. The work goes on when those who
//! wait are gone, because what it does at a provider cannot be taken back.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio_util::task::TaskTracker;

type Outcome<T> = Shared<BoxFuture<'static, Option<T>>>;

pub struct Flights<K, T> {
    under_way: Arc<Mutex<HashMap<K, Outcome<T>>>>,
    tasks: TaskTracker,
}

impl<K, T> Flights<K, T>
where
    K: Hash + Eq + Clone + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// `tasks` is what a shutdown waits for.
    pub fn new(tasks: TaskTracker) -> Self {
        Self {
            under_way: Arc::default(),
            tasks,
        }
    }

    /// Starts `work`, or joins what another began for the same key. `None` only when the work panicked. What is not awaited goes
    /// on by itself.
    pub fn join<F>(&self, key: &K, work: impl FnOnce() -> F) -> Outcome<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outcome) = under_way.get(key) {
            return outcome.clone();
        }
        let landing = Landing {
            under_way: Arc::clone(&self.under_way),
            key: key.clone(),
        };
        let work = work();
        let task = self.tasks.spawn(async move {
            let landing = landing;
            let outcome = work.await;
            drop(landing);
            outcome
        });
        let outcome = task.map(Result::ok).boxed().shared();
        under_way.insert(key.clone(), outcome.clone());
        outcome
    }
}

/// Takes the key away when the work is over, however it ends.
struct Landing<K: Hash + Eq, T> {
    under_way: Arc<Mutex<HashMap<K, Outcome<T>>>>,
    key: K,
}

impl<K: Hash + Eq, T> Drop for Landing<K, T> {
    fn drop(&mut self) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn who_comes_meanwhile_gets_the_same_outcome_and_who_comes_later_a_new_one() {
        let flights = Flights::new(TaskTracker::new());
        let started = Arc::new(AtomicUsize::new(0));
        for round in 1..=2 {
            let (land, landed) = oneshot::channel::<()>();
            let mut landed = Some(landed);
            let outcomes: Vec<_> = (0..100)
                .map(|_| {
                    flights.join(&"key", || {
                        let (started, landed) = (Arc::clone(&started), landed.take());
                        async move {
                            landed.unwrap().await.unwrap();
                            started.fetch_add(1, Ordering::Relaxed) + 1
                        }
                    })
                })
                .collect();
            land.send(()).unwrap();
            assert_eq!(join_all(outcomes).await, vec![Some(round); 100]);
        }
    }

    #[tokio::test]
    async fn the_work_goes_on_when_nobody_waits_and_a_panic_blocks_nobody() {
        let tasks = TaskTracker::new();
        let flights = Flights::new(tasks.clone());
        let (done, seen) = oneshot::channel();
        drop(flights.join(&1, move || async move {
            done.send(()).unwrap();
        }));
        seen.await.unwrap();
        assert_eq!(flights.join(&2, || async { panic!("on purpose") }).await, None);
        assert_eq!(flights.join(&2, || async {}).await, Some(()));
        tasks.close();
        tasks.wait().await;
    }
}
