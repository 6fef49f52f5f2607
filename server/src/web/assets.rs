//! The files that browsers load: WASM, JavaScript, style sheet, icons.
//!
//! They lie inside the binary (a debug build reads them from the disk), compressed when they were built. Names below
//! `/pkg/` carry a hash of the whole build, so browsers may keep those for ever.

use std::collections::HashMap;

use axum::body::Body;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../target/site"]
struct Site;

/// What a build writes for us, and nobody else needs to see.
const NAME_FILE: &str = "site.txt";
/// Which files each part of the browser half is made of.
const PARTS_FILE: &str = "parts.json";
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const FOR_AN_HOUR: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// Best first.
const ENCODINGS: [Encoding; 2] = [
    Encoding {
        name: "br",
        suffix: ".br",
    },
    Encoding {
        name: "gzip",
        suffix: ".gz",
    },
];

#[derive(Clone, Copy)]
struct Encoding {
    name: &'static str,
    suffix: &'static str,
}

/// The stem of the built files' names, for Leptos' `LeptosOptions::output_name`: `/pkg/{name}.js`,
/// `/pkg/{name}_bg.wasm`, `/pkg/{name}.css`. Without a build it is `overkey`, and those files are not there.
pub fn output_name() -> String {
    let file = Site::get(NAME_FILE);
    let name = file.and_then(|file| String::from_utf8(file.data.into_owned()).ok());
    name.map_or_else(|| "overkey".to_owned(), |name| name.trim().to_owned())
}

/// For each part of the browser half (`app/src/pages.rs`) its files. Nothing without a build, or in one for development.
pub fn parts() -> HashMap<String, Vec<String>> {
    let file = Site::get(PARTS_FILE);
    file.and_then(|file| serde_json::from_slice(&file.data).ok())
        .unwrap_or_default()
}

/// Answers with the file at this path, or 404.
pub async fn serve(uri: Uri, headers: HeaderMap) -> Response {
    find(uri.path(), &headers).unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

/// The answer for this path in the best encoding that the browser takes, or nothing if there is no such file.
pub fn find(path: &str, request: &HeaderMap) -> Option<Response> {
    let name = path.strip_prefix('/')?;
    let content_type = content_type(name)?;
    let (encoding, file) = choose(name, request)?;
    let tag = entity_tag(&file, encoding);
    let mut response = if knows(request, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(file.data).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(
        CACHE_CONTROL,
        if name.starts_with("pkg/") {
            FOR_EVER
        } else {
            FOR_AN_HOUR
        },
    );
    headers.insert(VARY, HeaderValue::from_name(ACCEPT_ENCODING));
    headers.insert(ETAG, HeaderValue::from_str(&tag).ok()?);
    if let Some(encoding) = encoding {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding.name));
    }
    Some(response)
}

fn choose(name: &str, request: &HeaderMap) -> Option<(Option<Encoding>, EmbeddedFile)> {
    let packed = ENCODINGS.into_iter().filter(|encoding| accepts(request, encoding.name));
    let packed =
        packed.filter_map(|encoding| Some((Some(encoding), Site::get(&format!("{name}{}", encoding.suffix))?)));
    packed.chain(Site::get(name).map(|file| (None, file))).next()
}

/// RFC 9110, section 12.5.3: a weight of zero refuses.
fn accepts(request: &HeaderMap, encoding: &str) -> bool {
    items(request, &ACCEPT_ENCODING).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.trim().parse::<f32>().ok());
        named && weight.is_none_or(|weight| weight > 0.0)
    })
}

/// RFC 9110, section 13.1.2: the comparison is weak, since a proxy may have made the tag so.
fn knows(request: &HeaderMap, tag: &str) -> bool {
    items(request, &IF_NONE_MATCH).any(|item| item == "*" || item.trim_start_matches("W/") == tag)
}

fn items<'a>(request: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = request
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Each encoding is another entity, so it gets another tag.
fn entity_tag(file: &EmbeddedFile, encoding: Option<Encoding>) -> String {
    let hash = file.metadata.sha256_hash();
    let digits: String = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digits}{}\"", encoding.map_or("", |encoding| encoding.suffix))
}

/// By the ending; a file of a kind that is not listed is not served, nor is what only the build needs.
fn content_type(name: &str) -> Option<&'static str> {
    if name == NAME_FILE || name == PARTS_FILE {
        return None;
    }
    let (_, ending) = name.rsplit_once('.')?;
    match ending {
        "css" => Some("text/css; charset=utf-8"),
        "ico" => Some("image/x-icon"),
        "js" => Some("text/javascript; charset=utf-8"),
        "png" => Some("image/png"),
        "svg" => Some("image/svg+xml"),
        "txt" => Some("text/plain; charset=utf-8"),
        "wasm" => Some("application/wasm"),
        "webmanifest" => Some("application/manifest+json"),
        "woff2" => Some("font/woff2"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use axum::body::to_bytes;

    use super::*;

    /// A debug build reads the folder at run time, so a test can put a file of its own there.
    struct Planted(&'static str);

    impl Planted {
        fn new(name: &'static str, packed: bool) -> Self {
            let planted = Self(name);
            let path = planted.path("");
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "plain").unwrap();
            if packed {
                fs::write(planted.path(".br"), "brotli").unwrap();
                fs::write(planted.path(".gz"), "gzip").unwrap();
            }
            planted
        }

        fn path(&self, suffix: &str) -> std::path::PathBuf {
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../target/site")
                .join(format!("{}{suffix}", self.0))
        }

        async fn get(&self, headers: &[(HeaderName, &str)]) -> (StatusCode, HeaderMap, String) {
            let request = headers
                .iter()
                .map(|(name, value)| (name.clone(), value.parse().unwrap()))
                .collect();
            let response = serve(format!("/{}", self.0).parse().unwrap(), request).await;
            let (parts, body) = response.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
        }
    }

    impl Drop for Planted {
        fn drop(&mut self) {
            for suffix in ["", ".br", ".gz"] {
                let _ = fs::remove_file(self.path(suffix));
            }
        }
    }

    #[tokio::test]
    async fn serves_the_best_encoding_the_browser_takes() {
        let file = Planted::new("pkg/test-encodings.js", true);
        for (accepted, body, named) in [
            ("gzip, deflate, br, zstd", "brotli", Some("br")),
            ("gzip;q=1.0, br;q=0", "gzip", Some("gzip")),
            ("GZIP", "gzip", Some("gzip")),
            ("identity", "plain", None),
            ("brotli-like", "plain", None),
        ] {
            let (status, headers, served) = file.get(&[(ACCEPT_ENCODING, accepted)]).await;
            assert_eq!((status, served.as_str()), (StatusCode::OK, body), "{accepted}");
            assert_eq!(
                headers.get(CONTENT_ENCODING).map(|value| value.to_str().unwrap()),
                named,
                "{accepted}"
            );
            assert_eq!(headers[CONTENT_TYPE], "text/javascript; charset=utf-8");
            assert_eq!(headers[VARY], "accept-encoding");
        }
    }

    #[tokio::test]
    async fn falls_back_to_the_plain_file() {
        let file = Planted::new("test-plain.svg", false);
        let (status, headers, body) = file.get(&[(ACCEPT_ENCODING, "br, gzip")]).await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "plain"));
        assert!(!headers.contains_key(CONTENT_ENCODING));
        assert_eq!(headers[CONTENT_TYPE], "image/svg+xml");
    }

    #[tokio::test]
    async fn only_hashed_names_are_kept_for_ever() {
        let hashed = Planted::new("pkg/test-cache.css", false).get(&[]).await.1;
        assert_eq!(hashed[CACHE_CONTROL], "public, max-age=31536000, immutable");
        let icon = Planted::new("test-cache.svg", false).get(&[]).await.1;
        assert_eq!(icon[CACHE_CONTROL], "public, max-age=3600");
    }

    #[tokio::test]
    async fn a_known_tag_is_answered_without_a_body() {
        let file = Planted::new("pkg/test-tag.wasm", true);
        let (_, headers, _) = file.get(&[(ACCEPT_ENCODING, "br")]).await;
        let tag = headers[ETAG].to_str().unwrap().to_owned();
        let weak = format!("\"other\", W/{tag}");
        for known in [tag.as_str(), weak.as_str(), "*"] {
            let (status, headers, body) = file.get(&[(ACCEPT_ENCODING, "br"), (IF_NONE_MATCH, known)]).await;
            assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""), "{known}");
            assert_eq!(headers[ETAG], tag);
        }
        let (status, other, _) = file.get(&[(ACCEPT_ENCODING, "gzip"), (IF_NONE_MATCH, &tag)]).await;
        assert_eq!(status, StatusCode::OK, "another encoding is another entity");
        assert_ne!(other[ETAG], tag);
    }

    #[tokio::test]
    async fn what_is_not_there_or_not_for_browsers_is_404() {
        let packed = Planted::new("pkg/test-hidden.js", true);
        assert!(packed.path(".br").is_file());
        for path in [
            "/pkg/absent.js",
            "/pkg",
            "/",
            "/site.txt",
            "/pkg/test-hidden.js.br",
            "/pkg/../../../Cargo.toml",
        ] {
            let response = serve(path.parse().unwrap(), HeaderMap::new()).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[test]
    fn names_the_build() {
        let name = output_name();
        assert!(name == "overkey" || name.starts_with("overkey-"), "{name}");
    }
}
