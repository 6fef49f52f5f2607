//! Those who want the same name at the same time ask for it once. The system answers on threads that it blocks, so without this the
//! callers of one name whose servers do not answer would take the threads from everybody else.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};

use super::resolve::Resolve;

type Found = Result<Vec<IpAddr>, Arc<io::Error>>;
type Asking = BoxFuture<'static, Found>;

pub struct Together {
    resolver: Arc<dyn Resolve>,
    /// A question ends with its answer, or when nobody waits for it any more.
    asking: Mutex<HashMap<String, WeakShared<Asking>>>,
}

impl Together {
    pub fn new(resolver: &Arc<dyn Resolve>) -> Self {
        Self {
            resolver: resolver.clone(),
            asking: Mutex::default(),
        }
    }

    fn ask(&self, name: &str) -> Shared<Asking> {
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        let running = asking.get(name).and_then(WeakShared::upgrade);
        // An answer that is there already is an old one.
        if let Some(running) = running.filter(|running| running.peek().is_none()) {
            return running;
        }
        asking.retain(|_, asked| asked.upgrade().is_some_and(|asked| asked.peek().is_none()));
        let (resolver, wanted) = (self.resolver.clone(), name.to_owned());
        let answer = async move { resolver.resolve(&wanted).await.map_err(Arc::new) };
        let begun = answer.boxed().shared();
        if let Some(weak) = begun.downgrade() {
            asking.insert(name.to_owned(), weak);
        }
        begun
    }
}

#[async_trait]
impl Resolve for Together {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = self.ask(name).await;
        found.map_err(|error| io::Error::new(error.kind(), error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    /// Answers as often as it is let.
    struct Slow {
        asked: AtomicUsize,
        answers: Semaphore,
    }

    #[async_trait]
    impl Resolve for Slow {
        async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            let number = self.asked.fetch_add(1, Ordering::Relaxed) as u8;
            self.answers.acquire().await.unwrap().forget();
            Ok(vec![IpAddr::from([10, 0, 0, number])])
        }
    }

    fn slow() -> (Arc<Slow>, Together) {
        let slow = Arc::new(Slow {
            asked: AtomicUsize::new(0),
            answers: Semaphore::new(0),
        });
        let together = Together::new(&(slow.clone() as Arc<dyn Resolve>));
        (slow, together)
    }

    #[tokio::test]
    async fn a_name_is_asked_for_once_by_all_who_want_it_now_and_anew_by_who_comes_later() {
        let (slow, together) = slow();
        let all = join_all((0..1_000).map(|_| together.resolve("a.example")));
        let mut all = Box::pin(all);
        assert!(all.as_mut().now_or_never().is_none());
        assert!(together.resolve("b.example").now_or_never().is_none());
        assert_eq!(slow.asked.load(Ordering::Relaxed), 2, "once for each name");
        slow.answers.add_permits(1);
        for found in all.await {
            assert_eq!(found.unwrap(), [IpAddr::from([10, 0, 0, 0])]);
        }
        slow.answers.add_permits(1);
        assert_eq!(
            together.resolve("a.example").await.unwrap(),
            [IpAddr::from([10, 0, 0, 2])]
        );
        assert!(together.asking.lock().unwrap().len() <= 1);
    }

    #[tokio::test]
    async fn a_question_that_nobody_waits_for_is_given_up() {
        let (slow, together) = slow();
        assert!(together.resolve("a.example").now_or_never().is_none());
        assert!(together.resolve("a.example").now_or_never().is_none());
        assert_eq!(slow.asked.load(Ordering::Relaxed), 2);
    }
}
