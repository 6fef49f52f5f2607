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
use leptos::server::codee::{Decoder, Encoder};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::UiError;
use crate::wire;

/// A question and its answer, once it has come.
pub struct Asked<T> {
    pub(super) answer: Carried,
    kind: PhantomData<fn() -> T>,
}

/// What came, of whatever type.
pub(super) type Carried = Resource<Result<Answer, UiError>, InPage>;

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
fn carry(turn: Box<dyn Fn() -> u64 + Send + Sync>, fetch: Box<dyn Fn() -> Fetched + Send + Sync>) -> Carried {
    let asked = Resource::new_with_options(turn, move |_| fetch(), true);
    if let Some(Open(questions)) = use_context() {
        let mut questions = questions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(questions) = questions.as_mut() {
            questions.push(asked);
        }
    }
    asked
}

/// In a context: what is asked there until somebody waits for the answers.
#[derive(Clone)]
pub struct Open(Arc<Mutex<Option<Vec<Carried>>>>);

impl Default for Open {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Some(Vec::new()))))
    }
}

impl Open {
    pub async fn answered(self) {
        let questions = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        for question in questions.into_iter().flatten() {
            // What came of it, whoever shows it says.
            let _ = question.await;
        }
    }
}

/// An answer of some type.
#[derive(Clone)]
pub enum Answer {
    /// As it stands in the page that the server sent.
    Sent(Arc<str>),
    Fetched(Arc<dyn Any + Send + Sync>, Write),
}

/// Only the server writes answers into pages.
#[cfg(feature = "ssr")]
type Write = fn(&(dyn Any + Send + Sync)) -> serde_json::Result<String>;
#[cfg(not(feature = "ssr"))]
type Write = ();

impl Answer {
    fn of<T: Serialize + Send + Sync + 'static>(value: T) -> Self {
        #[cfg(feature = "ssr")]
        return Self::Fetched(Arc::new(value), |value| {
            serde_json::to_string(&value.downcast_ref::<T>())
        });
        #[cfg(not(feature = "ssr"))]
        Self::Fetched(Arc::new(value), ())
    }

    pub(super) fn read<T: DeserializeOwned + Clone + 'static>(&self) -> Result<T, UiError> {
        match self {
            Self::Sent(text) => wire::read(text),
            Self::Fetched(value, _) => {
                let value = value.downcast_ref().cloned();
                value.ok_or_else(|| UiError::Internal("no reference".to_owned()))
            }
        }
    }
}

/// How an answer stands in a page: a sign that says whether it is one or an error, and its JSON.
pub struct InPage;

const GOOD: char = '+';
const BAD: char = '-';

impl Encoder<Result<Answer, UiError>> for InPage {
    type Error = wire::Unreadable;
    type Encoded = String;

    #[cfg(feature = "ssr")]
    fn encode(answer: &Result<Answer, UiError>) -> Result<String, wire::Unreadable> {
        let (sign, text) = match answer {
            Ok(Answer::Sent(text)) => (GOOD, Ok(text.to_string())),
            Ok(Answer::Fetched(value, write)) => (GOOD, write(value.as_ref())),
            Err(error) => (BAD, serde_json::to_string(error)),
        };
        text.map(|text| format!("{sign}{text}")).map_err(|_| wire::Unreadable)
    }

    /// Only the server sends pages.
    #[cfg(not(feature = "ssr"))]
    fn encode(_: &Result<Answer, UiError>) -> Result<String, wire::Unreadable> {
        Err(wire::Unreadable)
    }
}

impl Decoder<Result<Answer, UiError>> for InPage {
    type Error = wire::Unreadable;
    type Encoded = str;

    fn decode(text: &str) -> Result<Result<Answer, UiError>, wire::Unreadable> {
        if let Some(error) = text.strip_prefix(BAD) {
            return Ok(Err(wire::read(error).unwrap_or_else(|unread| unread)));
        }
        let text = text.strip_prefix(GOOD).ok_or(wire::Unreadable)?;
        Ok(Ok(Answer::Sent(text.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through_a_page(answer: Result<Answer, UiError>) -> Result<Answer, UiError> {
        InPage::decode(&InPage::encode(&answer).unwrap()).unwrap()
    }

    #[test]
    fn an_answer_reads_as_it_was_whichever_way_it_came() {
        let value = vec!["a".to_owned(), "b\"</script>".to_owned()];
        let answer = Answer::of(value.clone());
        assert_eq!(answer.read::<Vec<String>>(), Ok(value.clone()));
        let sent = through_a_page(Ok(answer)).unwrap();
        assert_eq!(sent.read::<Vec<String>>(), Ok(value.clone()));
        assert_eq!(through_a_page(Ok(sent)).unwrap().read::<Vec<String>>(), Ok(value));
    }

    #[test]
    fn an_error_stays_what_it_was() {
        let errors = vec![domain::field::FieldError::new("subject", "There is no such user.")];
        for error in [
            UiError::Gone,
            UiError::Refused("No".to_owned()),
            UiError::Invalid {
                errors,
                kept: vec![("a".into(), "b".into())],
            },
        ] {
            assert_eq!(through_a_page(Err(error.clone())).err(), Some(error));
        }
    }

    #[test]
    fn an_answer_of_another_type_is_an_error() {
        assert!(Answer::of(1_u8).read::<String>().is_err());
        assert!(Answer::Sent("1".into()).read::<String>().is_err());
        assert!(InPage::decode("neither").is_err());
    }
}
