//! D06: a server's URL and its origin.

use domain::server::ServerUrl;
use proptest::prelude::*;

proptest! {
    /// The store reads what it wrote: a URL that is accepted once must be accepted in the form it is stored.
    #[test]
    fn an_accepted_url_is_accepted_again_as_it_is_stored(text in "(https?|HTTP)://[a-zé.\\[\\]:0-9]{1,12}(:[0-9]{0,5})?[/\\\\?]\\PC{0,700}") {
        if let Ok(url) = ServerUrl::parse(&text) {
            prop_assert_eq!(ServerUrl::parse(url.as_str()), Ok(url.clone()), "{}", url);
        }
    }

    #[test]
    fn d06_path_and_query_have_no_part_in_the_origin(host in "[a-z]{1,9}", port in 1..=u16::MAX, path in "(/[a-z0-9]{0,5}){0,3}(\\?[a-z=&]{0,9})?") {
        let base = format!("https://{host}.example:{port}");
        let origin = |text: &str| ServerUrl::parse(text).unwrap().origin();
        prop_assert_eq!(origin(&format!("{base}{path}")), origin(&base));
    }

    #[test]
    fn d06_scheme_host_and_port_each_make_another_origin(host in "[a-z]{1,9}", port in 1024..u16::MAX) {
        let origin = |text: String| ServerUrl::parse(&text).unwrap().origin();
        let here = origin(format!("https://{host}.example:{port}"));
        prop_assert_ne!(&here, &origin(format!("http://{host}.example:{port}")));
        prop_assert_ne!(&here, &origin(format!("https://{host}.example:{}", port + 1)));
        prop_assert_ne!(&here, &origin(format!("https://{host}x.example:{port}")));
    }
}
