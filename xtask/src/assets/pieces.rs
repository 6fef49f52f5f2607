//! The pieces of the browser half as they lie in a file.

use anyhow::{Context as _, Result};

/// How each module begins.
const HEAD: [u8; 8] = *b"\0asm\x01\0\0\0";

/// The kinds of sections in the order in which they stand in a module.
const KINDS: [u8; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11];

/// How many pieces are needed, and which; how many are within, and which; for each kind of section how long it is in each of these; then the
/// sections, kind by kind, for what is alike compresses best side by side. All numbers in four bytes, least first.
pub fn packed(needed: &[u32], within: &[(u32, &[u8])]) -> Result<Vec<u8>> {
    let ids: Vec<u32> = within.iter().map(|(id, _)| *id).collect();
    let modules: Vec<_> = within
        .iter()
        .map(|(_, module)| sections(module))
        .collect::<Result<_>>()?;
    let mut file = Vec::new();
    for list in [needed, &ids] {
        file.extend((list.len() as u32).to_le_bytes());
        file.extend(list.iter().flat_map(|id| id.to_le_bytes()));
    }
    let kinds = KINDS.map(|kind| {
        let of = |sections: &Vec<(u8, &'_ [u8])>| {
            sections
                .iter()
                .find(|(other, _)| *other == kind)
                .map_or([].as_slice(), |(_, section)| section)
                .to_vec()
        };
        modules.iter().map(of).collect::<Vec<_>>()
    });
    let lengths = kinds.iter().flatten().map(|section| section.len() as u32);
    file.extend(lengths.flat_map(u32::to_le_bytes));
    file.extend(kinds.iter().flatten().flatten());
    Ok(file)
}

/// Each with its kind.
fn sections(module: &[u8]) -> Result<Vec<(u8, &[u8])>> {
    const BAD: &str = "wasm-split wrote a module that cannot be read";
    let (_, mut rest) = module.split_at_checked(8).context(BAD)?;
    let mut found = Vec::new();
    while let [kind, after @ ..] = rest {
        let (length, digits) = leb128(after).context(BAD)?;
        let section = rest.get(..1 + digits + length).context(BAD)?;
        found.push((*kind, section));
        rest = &rest[section.len()..];
    }
    Ok(found)
}

/// The same module without its custom sections, which say how functions are called.
pub fn without_names(module: &[u8]) -> Result<Vec<u8>> {
    let kept = sections(module)?.into_iter().filter(|(kind, _)| *kind != 0);
    Ok(kept.fold(HEAD.to_vec(), |mut module, (_, section)| {
        module.extend(section);
        module
    }))
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
    fn sections_lie_side_by_side_by_their_kind() {
        let module = |sections: &[u8]| [HEAD.as_slice(), sections].concat();
        let (first, second) = (module(&[1, 1, b'a', 10, 2, b'b', b'c']), module(&[1, 0, 2, 1, b'd']));
        let file = packed(&[9, 258], &[(7, &first), (258, &second)]).unwrap();
        let numbers: Vec<u32> = file[..4 * 30]
            .chunks(4)
            .map(|four| u32::from_le_bytes(four.try_into().unwrap()))
            .collect();
        assert_eq!(numbers[..6], [2, 9, 258, 2, 7, 258]);
        // Types, imports, and code in the eleventh place, in the first piece and in the second.
        let mut lengths = [[0, 0]; 12];
        (lengths[0], lengths[1], lengths[10]) = ([3, 2], [0, 3], [4, 0]);
        assert_eq!(numbers[6..], *lengths.as_flattened());
        assert_eq!(file[4 * 30..], [1, 1, b'a', 1, 0, 2, 1, b'd', 10, 2, b'b', b'c']);
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
