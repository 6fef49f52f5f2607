//! Many rows in one statement.

/// Rows in one statement. Few sizes, because every one is a prepared statement that each connection keeps, and a large one.
const SIZES: [usize; 3] = [64, 8, 1];

/// The rows in their order, as many at a time as one statement takes.
pub(super) fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= rows.len())?;
        let (piece, rest) = rows.split_at(size);
        rows = rest;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_into_statements_of_few_sizes() {
        let sizes = |rows: usize| pieces(&vec![0; rows]).map(<[i32]>::len).collect::<Vec<_>>();
        assert_eq!(sizes(0), [0; 0]);
        assert_eq!(sizes(3), [1, 1, 1]);
        assert_eq!(sizes(138), [64, 64, 8, 1, 1]);
        let rows: Vec<usize> = (0..1_000).collect();
        assert_eq!(pieces(&rows).flatten().copied().collect::<Vec<_>>(), rows);
    }
}
