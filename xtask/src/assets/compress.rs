//! Compresses once, at build time, what would otherwise be compressed for every visitor.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use brotli::CompressorWriter;
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;

/// What is worth it; pictures and fonts are compressed already.
const KINDS: [&str; 8] = ["css", "html", "js", "json", "svg", "txt", "wasm", "webmanifest"];

/// Puts `FILE.br` and `FILE.gz` beside every file below `dir` that they make smaller.
pub fn all_below(dir: &Path) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            all_below(&path)?;
        } else if path
            .extension()
            .is_some_and(|kind| KINDS.iter().any(|known| kind == *known))
        {
            let plain = fs::read(&path)?;
            for (kind, packed) in [("br", brotli(&plain)?), ("gz", gzip(&plain)?)] {
                if packed.len() < plain.len() {
                    let mut name = path.clone().into_os_string();
                    name.push(format!(".{kind}"));
                    fs::write(name, packed)?;
                }
            }
        }
    }
    Ok(())
}

fn brotli(plain: &[u8]) -> Result<Vec<u8>> {
    let params = BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        size_hint: plain.len(),
        ..BrotliEncoderParams::default()
    };
    let mut packed = Vec::new();
    CompressorWriter::with_params(&mut packed, 4096, &params).write_all(plain)?;
    Ok(packed)
}

fn gzip(plain: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn what_is_packed_unpacks_to_the_same() {
        let plain = "overkey ".repeat(500).into_bytes();
        let mut unpacked = Vec::new();
        brotli::Decompressor::new(brotli(&plain).unwrap().as_slice(), 4096)
            .read_to_end(&mut unpacked)
            .unwrap();
        assert_eq!(unpacked, plain);
        unpacked.clear();
        flate2::read::GzDecoder::new(gzip(&plain).unwrap().as_slice())
            .read_to_end(&mut unpacked)
            .unwrap();
        assert_eq!(unpacked, plain);
    }

    #[test]
    fn leaves_out_what_would_not_shrink() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("tiny.css"), "a").unwrap();
        fs::write(dir.path().join("icon.png"), "p".repeat(1000)).unwrap();
        fs::write(dir.path().join("long.css"), "a{}".repeat(1000)).unwrap();
        all_below(dir.path()).unwrap();
        let there = |name: &str| dir.path().join(name).exists();
        assert!(there("long.css.br") && there("long.css.gz"));
        assert!(!there("tiny.css.br") && !there("icon.png.br"));
    }
}
