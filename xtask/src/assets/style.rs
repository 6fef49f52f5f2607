//! The style sheet: one file for the browser from many for the reader.

use std::path::Path;

use anyhow::{Result, anyhow, bail};
use lightningcss::bundler::{Bundler, FileProvider};
use lightningcss::stylesheet::{MinifyOptions, ParserOptions, PrinterOptions};
use lightningcss::targets::{Browsers, Features, Targets};

/// Follows every `@import` below `entry`, and minifies.
///
/// An error names file, line and column.
pub fn bundle(entry: &Path) -> Result<String> {
    if !entry.is_file() {
        bail!("{} is missing", entry.display());
    }
    let files = FileProvider::new();
    let mut bundler = Bundler::new(&files, None, ParserOptions::default());
    let mut sheet = bundler
        .bundle(entry)
        .map_err(|error| anyhow!("the style sheet: {error}"))?;
    let targets = targets();
    let minify = MinifyOptions {
        targets,
        ..MinifyOptions::default()
    };
    sheet
        .minify(minify)
        .map_err(|error| anyhow!("the style sheet: {error}"))?;
    let printer = PrinterOptions {
        minify: true,
        targets,
        ..PrinterOptions::default()
    };
    Ok(sheet
        .to_css(printer)
        .map_err(|error| anyhow!("the style sheet: {error}"))?
        .code)
}

/// The first versions that know `light-dark()`, and with it oklch, nesting and layers, none of which may be rewritten.
fn targets() -> Targets {
    let version = |major: u32, minor: u32| Some((major << 16) | (minor << 8));
    let browsers = Browsers {
        chrome: version(123, 0),
        edge: version(123, 0),
        firefox: version(120, 0),
        safari: version(17, 5),
        ios_saf: version(17, 5),
        ..Browsers::default()
    };
    Targets {
        browsers: Some(browsers),
        include: Features::empty(),
        exclude: Features::LightDark | Features::OklabColors,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::bundle;

    fn sheets(files: &[(&str, &str)]) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let entry = dir.path().join("main.css");
        (dir, entry)
    }

    #[test]
    fn follows_imports_into_their_layers() {
        let main = "@layer base, components;\n@import url(button.css) layer(components);\n";
        let (_dir, entry) = sheets(&[("main.css", main), ("button.css", ".button { color: red; }")]);
        let css = bundle(&entry).unwrap();
        assert!(css.contains("@layer components{.button{color:red}}"), "{css}");
        assert!(!css.contains("@import"), "{css}");
    }

    #[test]
    fn leaves_modern_colours_alone() {
        let main = ":root { --x: light-dark(oklch(90% 0.1 20), oklch(20% 0.1 20)); color: light-dark(oklch(50% .1 20), #000) }";
        let (_dir, entry) = sheets(&[("main.css", main)]);
        let css = bundle(&entry).unwrap();
        assert_eq!(css.matches("light-dark(").count(), 2, "{css}");
        assert!(css.contains("oklch("), "{css}");
    }

    #[test]
    fn says_where_a_mistake_is() {
        let (_dir, entry) = sheets(&[
            ("main.css", "@import url(broken.css);"),
            ("broken.css", "a { color: red;\n}}"),
        ]);
        let error = bundle(&entry).unwrap_err().to_string();
        assert!(error.contains("broken.css:"), "{error}");
    }
}
