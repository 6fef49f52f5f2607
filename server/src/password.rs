//! Passwords: argon2id, off the async threads, a few at a time.
//!
//! Parameters: m = 47,104 KiB, t = 1, p = 1 (OWASP cheat sheet, ASVS 5.0 appendix C). A hash takes 46 MiB and a core, so few run at
//! once and few more wait for their turn: a flood of sign-ins is refused here, before the database is asked, and calls go on.

use std::sync::Arc;

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use domain::secret::Secret;
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

use crate::telemetry::measures;

const MEMORY_KIB: u32 = 47_104;
/// Half the cores, and no more than this: the others are for calls.
const AT_ONCE: usize = 2;
/// How many may wait: the last one does for about two seconds.
const WAITING: usize = 30;
const MIN_CHARACTERS: usize = 8;
/// Refused, not cut: hashing megabytes is a way to keep a server busy.
const MAX_BYTES: usize = 1_024;
/// The estimate's cost grows with the square of the length; the start is enough to tell.
const JUDGED: usize = 64;

#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("A password has at least 8 characters.")]
    TooShort,
    #[error("A password has at most 1,024 bytes.")]
    TooLong,
    #[error("This password is one of the first that anybody would try. Choose another one.")]
    Common,
    #[error("too many passwords are being looked at")]
    Busy,
    #[error("the password could not be hashed")]
    Failed,
}

/// Checks a new password (ASVS 6.2: length, and not one that is guessed in a million tries; no rules of composition).
pub fn check_new(password: &Secret) -> Result<(), PasswordError> {
    let text = password.expose();
    if text.chars().count() < MIN_CHARACTERS {
        return Err(PasswordError::TooShort);
    }
    if text.len() > MAX_BYTES {
        return Err(PasswordError::TooLong);
    }
    let start: String = text.chars().take(JUDGED).collect();
    if zxcvbn::zxcvbn(&start, &["overkey"]).score() < zxcvbn::Score::Two {
        return Err(PasswordError::Common);
    }
    Ok(())
}

pub struct Passwords {
    slots: Arc<Semaphore>,
    /// For those who have a slot and those who wait for one.
    turns: Arc<Semaphore>,
    /// A hash nobody's password matches, to spend the same time on unknown addresses.
    decoy: OnceCell<String>,
}

impl Default for Passwords {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let at_once = (cores / 2).clamp(1, AT_ONCE);
        Self {
            slots: Arc::new(Semaphore::new(at_once)),
            turns: Arc::new(Semaphore::new(at_once + WAITING)),
            decoy: OnceCell::new(),
        }
    }
}

/// A place in the queue.
#[derive(Debug)]
pub struct Turn {
    _held: OwnedSemaphorePermit,
}

impl Passwords {
    /// `Busy` when too many wait already.
    pub fn turn(&self) -> Result<Turn, PasswordError> {
        let turn = self.turns.clone().try_acquire_owned();
        turn.map(|held| Turn { _held: held }).map_err(|_| {
            measures::limited("passwords");
            PasswordError::Busy
        })
    }

    /// A PHC string (`$argon2id$…`).
    pub async fn hash(&self, password: Secret) -> Result<String, PasswordError> {
        let turn = self.turn()?;
        let hash = self.hash_now(password).await;
        drop(turn);
        hash
    }

    async fn hash_now(&self, password: Secret) -> Result<String, PasswordError> {
        self.run(move || {
            let salt = SaltString::generate(&mut OsRng);
            let hash = argon2().hash_password(password.expose().as_bytes(), &salt);
            hash.map(|hash| hash.to_string()).map_err(|_| PasswordError::Failed)
        })
        .await?
    }

    /// Whether `password` is the one of `stored`. With nothing stored it takes as long and is false.
    pub async fn verify(&self, _turn: Turn, stored: Option<String>, password: Secret) -> Result<bool, PasswordError> {
        if password.expose().len() > MAX_BYTES {
            return Ok(false);
        }
        let known = stored.is_some();
        let hash = match stored {
            Some(hash) => hash,
            None => self
                .decoy
                .get_or_try_init(|| self.hash_now(Secret::new("nobody's password")))
                .await?
                .clone(),
        };
        let matches = self
            .run(move || {
                PasswordHash::new(&hash)
                    .is_ok_and(|hash| argon2().verify_password(password.expose().as_bytes(), &hash).is_ok())
            })
            .await?;
        Ok(known && matches)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
        let slot = self
            .slots
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| PasswordError::Failed)?;
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(slot);
            result
        });
        done.await.map_err(|_| PasswordError::Failed)
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, 1, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn fits(passwords: &Passwords, stored: Option<&String>, password: &str) -> bool {
        let turn = passwords.turn().unwrap();
        let matches = passwords.verify(turn, stored.cloned(), Secret::new(password)).await;
        matches.unwrap()
    }

    #[tokio::test]
    async fn only_the_right_password_matches_and_nobody_s_never_does() {
        let passwords = Passwords::default();
        let hash = passwords.hash(Secret::new("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"), "{hash}");
        assert!(fits(&passwords, Some(&hash), "correct horse").await);
        assert!(!fits(&passwords, Some(&hash), "correct house").await);
        assert!(!fits(&passwords, None, "nobody's password").await);
    }

    #[tokio::test]
    async fn whoever_comes_when_too_many_wait_is_refused_at_once() {
        let passwords = Passwords::default();
        let turns: Vec<_> = std::iter::from_fn(|| passwords.turn().ok()).collect();
        assert!(turns.len() > WAITING, "{}", turns.len());
        let hashed = passwords.hash(Secret::new("correct horse")).await;
        assert!(matches!(hashed, Err(PasswordError::Busy)));
        drop(turns);
        let hash = passwords.hash(Secret::new("correct horse")).await.unwrap();
        assert!(fits(&passwords, Some(&hash), "correct horse").await);
        assert_eq!(
            passwords.turns.available_permits(),
            passwords.slots.available_permits() + WAITING
        );
    }

    #[test]
    fn short_long_and_common_passwords_are_refused() {
        assert!(matches!(
            check_new(&Secret::new("seven77")),
            Err(PasswordError::TooShort)
        ));
        assert!(matches!(
            check_new(&Secret::new("x".repeat(1025))),
            Err(PasswordError::TooLong)
        ));
        assert!(matches!(
            check_new(&Secret::new("Password1")),
            Err(PasswordError::Common)
        ));
        assert!(check_new(&Secret::new("overkey-demo")).is_ok());
    }
}
