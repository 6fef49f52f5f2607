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

/// A statement with VALUES for as many rows as a piece may have: written once, and not for every piece anew.
pub(super) struct Texts([(usize, String); SIZES.len()]);

impl Texts {
    /// `start` ends before VALUES; each row has so many columns.
    pub fn new(start: &str, columns: usize) -> Self {
        Self(SIZES.map(|rows| (rows, format!("{start} VALUES {}", numbered(rows, columns)))))
    }

    pub fn of<T>(&self, piece: &[T]) -> &str {
        let found = self.0.iter().find(|(rows, _)| *rows == piece.len());
        found.map_or("", |(_, text)| text)
    }
}

/// `($1, $2), ($3, $4)`
fn numbered(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let names: Vec<String> = (1..=columns)
            .map(|column| format!("${}", row * columns + column))
            .collect();
        format!("({})", names.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
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

    #[test]
    fn each_size_has_its_statement() {
        let texts = Texts::new("INSERT INTO t (a, b)", 2);
        assert_eq!(texts.of(&[0]), "INSERT INTO t (a, b) VALUES ($1, $2)");
        assert!(texts.of(&[0; 8]).ends_with("($13, $14), ($15, $16)"));
        let whole = pieces(&[0; 100]).all(|piece| texts.of(piece).matches('$').count() == 2 * piece.len());
        assert!(whole, "every piece has a statement");
    }
}
