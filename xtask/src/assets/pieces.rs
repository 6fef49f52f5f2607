//! The pieces of the browser half as they lie in a file.

use anyhow::{Context as _, Result};

/// How many pieces are needed, and which; then each piece within after its number and its length. All in four bytes, least first.
pub fn packed<'a>(needed: &[u32], within: impl Iterator<Item = (u32, &'a [u8])>) -> Vec<u8> {
    let mut file = (needed.len() as u32).to_le_bytes().to_vec();
    file.extend(needed.iter().flat_map(|id| id.to_le_bytes()));
    for (id, piece) in within {
        file.extend(id.to_le_bytes());
        file.extend((piece.len() as u32).to_le_bytes());
        file.extend(piece);
    }
    file
}

/// The same module without its custom sections, which say how functions are called.
pub fn without_names(module: &[u8]) -> Result<Vec<u8>> {
    const BAD: &str = "wasm-split wrote a module that cannot be read";
    let (head, mut rest) = module.split_at_checked(8).context(BAD)?;
    let mut kept = head.to_vec();
    while let [kind, after @ ..] = rest {
        let (length, digits) = leb128(after).context(BAD)?;
        let section = rest.get(..1 + digits + length).context(BAD)?;
        if *kind != 0 {
            kept.extend(section);
        }
        rest = &rest[section.len()..];
    }
    Ok(kept)
}

/// A number as WebAssembly writes it, and in how many bytes.
fn leb128(bytes: &[u8]) -> Option<(usize, usize)> {
    let digits = bytes.iter().take(5).position(|byte| byte & 0x80 == 0)? + 1;
    let digit = |(place, byte): (usize, &u8)| usize::from(byte & 0x7f) << (7 * place);
    Some((bytes[..digits].iter().enumerate().map(digit).sum(), digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_follows_its_number_and_its_length() {
        let file = packed(&[9, 258], [(7, b"ab".as_slice()), (258, b"c")].into_iter());
        let (needed, within) = file.split_at(12);
        assert_eq!(needed, [2, 0, 0, 0, 9, 0, 0, 0, 2, 1, 0, 0]);
        assert_eq!(
            within,
            [7, 0, 0, 0, 2, 0, 0, 0, b'a', b'b', 2, 1, 0, 0, 1, 0, 0, 0, b'c']
        );
    }

    #[test]
    fn only_names_are_left_out() {
        let long = [10, 0x81, 0x01].into_iter().chain([9; 129]);
        let module: Vec<u8> = b"\0asm\x01\0\0\0"
            .iter()
            .copied()
            .chain([1, 1, 5, 0, 2, 1, b'n'])
            .chain(long.clone())
            .collect();
        let kept: Vec<u8> = b"\0asm\x01\0\0\0"
            .iter()
            .copied()
            .chain([1, 1, 5])
            .chain(long)
            .collect();
        assert_eq!(without_names(&module).unwrap(), kept);
        assert!(without_names(&module[..20]).is_err());
    }
}
