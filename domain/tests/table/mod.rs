//! Prints a table of text, as the snapshots hold it: a reviewer reads the change of a rule as the change of a cell.

/// Each column as wide as its widest cell.
pub fn print(head: &[&str], rows: &[Vec<String>]) -> String {
    let head = head.iter().map(ToString::to_string).collect::<Vec<_>>();
    let lines = || std::iter::once(&head).chain(rows);
    let widths: Vec<usize> = (0..head.len())
        .map(|column| lines().map(|line| line[column].chars().count()).max().unwrap_or(0))
        .collect();
    let rule = widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>();
    std::iter::once(&head)
        .chain(std::iter::once(&rule))
        .chain(rows)
        .map(|line| {
            let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            cells.collect::<Vec<_>>().join(" | ").trim_end().to_owned() + "\n"
        })
        .collect()
}
