//! What a page asks the server for.
//!
//! One kind of resource carries every answer. Leptos builds all of its machinery anew for each type of resource, and that was
//! most of what browsers loaded.

use std::any::Any;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use leptos::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::error::UiError;

/// A question and its answer, once it has come.
pub struct Asked<T> {
    pub(super) answer: Resource<Result<Answer, UiError>>,
    kind: PhantomData<fn() -> T>,
}

impl<T> Clone for Asked<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Asked<T> {}

impl<T: DeserializeOwned + Clone + 'static> Asked<T> {
    /// For a page that draws the answer itself, inside a `Suspense`.
    pub async fn answer(self) -> Result<T, UiError> {
        self.answer.await?.read()
    }
}

/// Asks again whenever `about` changes. The server waits for the answer before it sends the page.
pub fn ask<S, T, F>(
    about: impl Fn() -> S + Send + Sync + 'static,
    fetch: impl Fn(S) -> F + Send + Sync + 'static,
) -> Asked<T>
where
    S: PartialEq + Clone + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    F: Future<Output = Result<T, UiError>> + Send + 'static,
{
    let last = Arc::new(Mutex::new((0, None)));
    let known = Arc::clone(&last);
    let turn = move || {
        let now = Some(about());
        let mut last = known.lock().unwrap_or_else(PoisonError::into_inner);
        if last.1 != now {
            *last = (last.0 + 1, now);
        }
        last.0
    };
    let fetch = move || {
        let about = last.lock().unwrap_or_else(PoisonError::into_inner).1.clone();
        let answer = about.map(&fetch);
        let carried: Fetched = Box::pin(async move {
            let answer = answer.ok_or(UiError::Unreachable)?.await?;
            Ok(Answer::of(answer))
        });
        carried
    };
    Asked {
        answer: carry(Box::new(turn), Box::new(fetch)),
        kind: PhantomData,
    }
}

type Fetched = Pin<Box<dyn Future<Output = Result<Answer, UiError>> + Send>>;

/// Once, whatever is asked for.
#[inline(never)]
fn carry(
    turn: Box<dyn Fn() -> u64 + Send + Sync>,
    fetch: Box<dyn Fn() -> Fetched + Send + Sync>,
) -> Resource<Result<Answer, UiError>> {
    Resource::new_blocking(turn, move |_| fetch())
}

/// An answer of some type.
#[derive(Clone)]
pub enum Answer {
    /// As it stands in the page that the server sent.
    Sent(Arc<RawValue>),
    Fetched(Arc<dyn Any + Send + Sync>, Write),
}

/// Only the server writes answers into pages.
#[cfg(feature = "ssr")]
type Write = fn(&(dyn Any + Send + Sync)) -> serde_json::Result<Box<RawValue>>;
#[cfg(not(feature = "ssr"))]
type Write = ();

impl Answer {
    fn of<T: Serialize + Send + Sync + 'static>(value: T) -> Self {
        #[cfg(feature = "ssr")]
        return Self::Fetched(Arc::new(value), |value| {
            serde_json::value::to_raw_value(&value.downcast_ref::<T>())
        });
        #[cfg(not(feature = "ssr"))]
        Self::Fetched(Arc::new(value), ())
    }

    pub(super) fn read<T: DeserializeOwned + Clone + 'static>(&self) -> Result<T, UiError> {
        let value = match self {
            // From bytes, as server functions read theirs, so that the reading code is there once.
            Self::Sent(text) => serde_json::from_slice(text.get().as_bytes()).ok(),
            Self::Fetched(value, _) => value.downcast_ref().cloned(),
        };
        value.ok_or_else(|| UiError::Internal("no reference".to_owned()))
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Sent(text) => text.serialize(to),
            #[cfg(feature = "ssr")]
            Self::Fetched(value, write) => write(value.as_ref()).map_err(serde::ser::Error::custom)?.serialize(to),
            #[cfg(not(feature = "ssr"))]
            Self::Fetched(..) => Err(serde::ser::Error::custom("only the server sends")),
        }
    }
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(from).map(|text| Self::Sent(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_reads_as_it_was_whichever_way_it_came() {
        let answer = Answer::of(vec!["a".to_owned(), "b\"</script>".to_owned()]);
        let value = vec!["a".to_owned(), "b\"</script>".to_owned()];
        assert_eq!(answer.read::<Vec<String>>(), Ok(value.clone()));
        let page: Result<Answer, UiError> = Ok(answer);
        let text = serde_json::to_string(&page).unwrap();
        assert_eq!(text, r#"{"Ok":["a","b\"</script>"]}"#);
        let sent: Result<Answer, UiError> = serde_json::from_str(&text).unwrap();
        assert_eq!(sent.unwrap().read::<Vec<String>>(), Ok(value));
    }

    #[test]
    fn an_answer_of_another_type_is_an_error() {
        assert!(Answer::of(1_u8).read::<String>().is_err());
    }
}
