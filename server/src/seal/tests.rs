use super::*;
use proptest::prelude::*;

const CONTEXT: SealContext<'_> = SealContext {
    table: "override",
    server: "s1",
    subject: "user/bob",
    origin: "https://a.example",
    field: "manual",
};

fn seal() -> Seal {
    Seal::new(1, &Zeroizing::new([7; KEY]))
}

#[test]
fn b06_opens_only_where_it_was_sealed() {
    let sealed = seal().seal(&CONTEXT, b"sk-abc123").unwrap();
    assert_eq!(&*seal().open(&CONTEXT, &sealed).unwrap().to_vec(), b"sk-abc123");
    for elsewhere in [
        SealContext {
            table: "server",
            ..CONTEXT
        },
        SealContext {
            server: "s2",
            ..CONTEXT
        },
        SealContext {
            subject: "user/eve",
            ..CONTEXT
        },
        SealContext {
            origin: "https://b.example",
            ..CONTEXT
        },
        SealContext {
            field: "oauth",
            ..CONTEXT
        },
        SealContext {
            server: "s1u",
            subject: "ser/bob",
            ..CONTEXT
        },
    ] {
        assert_eq!(
            seal().open(&elsewhere, &sealed),
            Err(SealError::DoesNotOpen),
            "{elsewhere:?}"
        );
    }
}

#[test]
fn b06_another_master_key_opens_nothing() {
    let sealed = seal().seal(&CONTEXT, b"x").unwrap();
    assert_eq!(
        Seal::new(1, &Zeroizing::new([8; KEY])).open(&CONTEXT, &sealed),
        Err(SealError::DoesNotOpen)
    );
    assert_eq!(
        Seal::new(2, &Zeroizing::new([7; KEY])).open(&CONTEXT, &sealed),
        Err(SealError::UnknownKey(1))
    );
}

#[test]
fn every_seal_is_fresh() {
    assert_ne!(
        seal().seal(&CONTEXT, b"x").unwrap(),
        seal().seal(&CONTEXT, b"x").unwrap()
    );
}

proptest! {
    #[test]
    fn h2_any_flipped_bit_fails_closed(plain in proptest::collection::vec(any::<u8>(), 0..60), place in any::<prop::sample::Index>(), bit in 0..8u8) {
        let mut bytes = seal().seal(&CONTEXT, &plain).unwrap().as_bytes().to_vec();
        let index = place.index(bytes.len());
        bytes[index] ^= 1 << bit;
        prop_assert!(seal().open(&CONTEXT, &Sealed::from_bytes(bytes)).is_err());
    }

    #[test]
    fn h2_cut_or_random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(seal().open(&CONTEXT, &Sealed::from_bytes(bytes)).is_err());
    }
}

fn ring(keys: &[(u32, u8)]) -> KeyRing {
    use base64::Engine;
    let encode = base64::engine::general_purpose::STANDARD;
    let text: Vec<String> = keys
        .iter()
        .map(|(id, byte)| format!("{id}:{}", encode.encode([*byte; KEY])))
        .collect();
    KeyRing::parse(&domain::secret::Secret::new(text.join("\n"))).unwrap()
}

fn with(keys: &[(u32, u8)], current: u32) -> Seal {
    Seal::with_ring(&ring(keys), current, None).unwrap()
}

#[test]
fn b06_a_ring_opens_what_all_its_keys_wrap_and_seals_with_the_current_one() {
    let both = with(&[(1, 7), (2, 8)], 1);
    let first = both.seal(&CONTEXT, b"x").unwrap();
    both.make_current(2).unwrap();
    let second = both.seal(&CONTEXT, b"y").unwrap();
    assert_eq!((first.key_id(), second.key_id()), (Some(1), Some(2)));
    assert_eq!(both.open(&CONTEXT, &first).unwrap().to_vec(), b"x");
    assert_eq!(both.open(&CONTEXT, &second).unwrap().to_vec(), b"y");
    assert_eq!(both.make_current(3), Err(SealError::UnknownKey(3)));
    assert_eq!(both.current(), 2, "it goes on with the one that it has");
    assert!(Seal::with_ring(&ring(&[(1, 7)]), 2, None).is_none());
}

#[test]
fn b06_h2_without_the_old_key_only_what_it_wraps_stays_closed() {
    let both = with(&[(1, 7), (2, 8)], 1);
    let left = both.seal(&CONTEXT, b"left").unwrap();
    let moved = both.seal(&CONTEXT, b"moved").unwrap();
    let moved = both.rewrap(&CONTEXT, &moved, 2).unwrap();
    let new = with(&[(2, 8)], 2);
    assert_eq!(new.open(&CONTEXT, &moved).unwrap().to_vec(), b"moved");
    assert_eq!(new.open(&CONTEXT, &left), Err(SealError::UnknownKey(1)));
}

#[test]
fn b06_keys_of_other_purposes_stay_when_the_master_key_goes() {
    let old = Seal::new(1, &Zeroizing::new([7; KEY]));
    let root = Root::from_bytes(old.root().as_bytes()).unwrap();
    let new = with(&[(2, 8)], 2);
    assert_ne!(new.derive("sessions"), old.derive("sessions"));
    assert_eq!(new.with_root(root).derive("sessions"), old.derive("sessions"));
    assert_ne!(old.derive("sessions"), old.derive("states"));
    assert_ne!(old.root().as_bytes(), [7; KEY], "the key itself is not in it");
}

/// HKDF-SHA-256 of key 7, as installations from before there was a ring have derived it.
#[test]
fn b06_keys_are_derived_as_before_there_was_a_root() {
    let mut expected = [0; KEY];
    hkdf::Hkdf::<sha2::Sha256>::new(None, &[7; KEY])
        .expand(b"sessions", &mut expected)
        .unwrap();
    assert_eq!(*seal().derive("sessions"), expected);
}

mod file {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn file() -> (tempfile::TempDir, KeyFile) {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::new(&folder.path().join("overkey.key"), true);
        (folder, file)
    }

    #[test]
    fn b06_a_key_that_was_put_into_the_file_meanwhile_is_found() {
        let (folder, here) = file();
        let seal = Seal::with_ring(&here.create().unwrap(), 1, Some(here)).unwrap();
        let there = KeyFile::new(&folder.path().join("overkey.key"), true);
        let ring = there.add().unwrap();
        let other = Seal::with_ring(&ring, 2, None).unwrap();
        let sealed = other.seal(&CONTEXT, b"x").unwrap();
        assert_eq!(seal.ids(), [1], "it looks only when it has to");
        assert_eq!(seal.open(&CONTEXT, &sealed).unwrap().to_vec(), b"x");
        assert_eq!(seal.ids(), [1, 2]);
        let again = there.add().unwrap();
        assert_eq!(again.newest(), 3);
        seal.make_current(3).unwrap();
        assert_eq!(seal.make_current(4), Err(SealError::UnknownKey(4)));
    }

    #[test]
    fn h7_b06_the_file_stays_its_owners_keeps_its_keys_and_may_be_behind_a_link() {
        let (folder, here) = file();
        let first = here.create().unwrap();
        let link = folder.path().join("link.key");
        std::os::unix::fs::symlink(here.path(), &link).unwrap();
        KeyFile::new(&link, true).add().unwrap();
        let now = here.read().unwrap();
        assert_eq!((now.newest(), now.get(1)), (2, first.get(1)));
        let mode = std::fs::metadata(here.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(link.is_symlink());
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            2,
            "nothing is left over"
        );
    }

    /// Half a file, or none, takes nothing away; a key that is known does not become another one.
    #[test]
    fn b06_what_the_file_loses_stays_in_a_running_process() {
        let (_folder, here) = file();
        let ring = here.create().unwrap();
        let path = here.path().to_owned();
        let seal = Seal::with_ring(&ring, 1, Some(here)).unwrap();
        let sealed = seal.seal(&CONTEXT, b"x").unwrap();
        for content in ["1:AAAA", "", super::ring(&[(1, 9)]).text().expose()] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(seal.make_current(2), Err(SealError::UnknownKey(2)));
            assert_eq!(seal.open(&CONTEXT, &sealed).unwrap().to_vec(), b"x");
        }
        std::fs::remove_file(&path).unwrap();
        assert_eq!(seal.make_current(2), Err(SealError::UnknownKey(2)));
        std::fs::write(&path, super::ring(&[(2, 8)]).text().expose()).unwrap();
        seal.make_current(2).unwrap();
        assert_eq!(seal.open(&CONTEXT, &sealed).unwrap().to_vec(), b"x");
    }
}

proptest! {
    #[test]
    fn b06_rewrapping_changes_the_wrapped_key_and_nothing_else(plain in proptest::collection::vec(any::<u8>(), 0..60), to in 2..9u32) {
        let seal = with(&[(1, 7), (to, 8)], 1);
        let old = seal.seal(&CONTEXT, &plain).unwrap();
        let new = seal.rewrap(&CONTEXT, &old, to).unwrap();
        prop_assert_eq!(new.key_id(), Some(to));
        prop_assert_eq!(&new.as_bytes()[VALUE..], &old.as_bytes()[VALUE..]);
        prop_assert_ne!(&new.as_bytes()[5..VALUE], &old.as_bytes()[5..VALUE]);
        prop_assert_eq!(&seal.open(&CONTEXT, &new).unwrap()[..], &plain[..]);
        prop_assert_eq!(&seal.open(&CONTEXT, &old).unwrap()[..], &plain[..]);
    }

    #[test]
    fn b06_h2_what_stands_elsewhere_or_is_damaged_is_not_rewrapped(field in "[a-z]{0,8}", place in any::<prop::sample::Index>(), bit in 0..8u8) {
        prop_assume!(field != CONTEXT.field);
        let seal = with(&[(1, 7), (2, 8)], 1);
        let sealed = seal.seal(&CONTEXT, b"x").unwrap();
        let elsewhere = SealContext { field: &field, ..CONTEXT };
        prop_assert_eq!(seal.rewrap(&elsewhere, &sealed, 2), Err(SealError::DoesNotOpen));
        let mut bytes = sealed.as_bytes()[..].to_vec();
        bytes[place.index(VALUE)] ^= 1 << bit;
        prop_assert!(seal.rewrap(&CONTEXT, &Sealed::from_bytes(bytes), 2).is_err());
    }
}
