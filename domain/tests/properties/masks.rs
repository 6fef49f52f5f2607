//! S08, D10: masks.

use domain::secret::{Secret, parse_credential};
use proptest::prelude::*;

fn masked(text: String) -> String {
    Secret::new(text).masked()
}

proptest! {
    #[test]
    fn d10_secrets_that_end_alike_have_one_mask_however_long(one in "\\PC{12,40}", other in "\\PC{12,40}", tail in "\\PC{4}") {
        prop_assert_eq!(masked(one + &tail), masked(other + &tail));
    }

    #[test]
    fn d10_short_secrets_all_have_one_mask(one in "\\PC{0,15}", other in "\\PC{0,15}") {
        prop_assert_eq!(masked(one), masked(other));
    }

    #[test]
    fn d10_a_mask_is_never_taken_for_a_credential(text in "\\PC{0,40}") {
        prop_assert!(parse_credential(&masked(text)).is_err());
    }
}
