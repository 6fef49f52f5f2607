//! Lists as files, streamed page by page: CSV for spreadsheets, one JSON object a line for programs.
//!
//! A failure after the first page cuts the connection: a file that ends early must not look whole.

use std::future::Future;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use tracing::error;

use super::problem::Problem;
use crate::services::ServiceError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    JsonLines,
}

/// What can be a row of a file.
pub(super) trait Exported: Serialize {
    const HEAD: &'static [&'static str];
    fn cells(&self) -> Vec<String>;
}

pub(super) fn format(text: Option<&str>) -> Result<Format, Problem> {
    match text {
        Some("csv") => Ok(Format::Csv),
        Some("jsonl") | None => Ok(Format::JsonLines),
        Some(_) => Err(Problem::malformed("format", "Choose csv or jsonl.")),
    }
}

impl Format {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::JsonLines => "application/jsonl",
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }

    fn head<T: Exported>(self) -> Result<Vec<u8>, ServiceError> {
        match self {
            Self::Csv => lines([T::HEAD.iter().map(|name| (*name).to_owned()).collect()]),
            Self::JsonLines => Ok(Vec::new()),
        }
    }

    fn rows<T: Exported>(self, rows: &[T]) -> Result<Vec<u8>, ServiceError> {
        match self {
            Self::Csv => lines(rows.iter().map(|row| row.cells().into_iter().map(harmless).collect())),
            Self::JsonLines => {
                let mut bytes = Vec::new();
                for row in rows {
                    serde_json::to_writer(&mut bytes, row).map_err(|error| ServiceError::Internal(error.into()))?;
                    bytes.push(b'\n');
                }
                Ok(bytes)
            }
        }
    }
}

/// RFC 4180.
fn lines(rows: impl IntoIterator<Item = Vec<String>>) -> Result<Vec<u8>, ServiceError> {
    let failed = |error: csv::Error| ServiceError::Internal(error.into());
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(failed)?;
    }
    writer
        .into_inner()
        .map_err(|error| ServiceError::Internal(anyhow::anyhow!("{error}")))
}

/// A spreadsheet takes a cell that begins like this for a formula, whoever wrote it: an apostrophe makes it text.
fn harmless(cell: String) -> String {
    let formula = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    if cell.starts_with(formula) {
        format!("'{cell}")
    } else {
        cell
    }
}

/// `fetch` gives the page behind a cursor and the cursor of the next. The first is fetched before there is an answer, so that a
/// refusal is one.
pub(super) async fn answer<T, F, P>(name: &str, format: Format, fetch: F) -> Result<Response, Problem>
where
    T: Exported + Send + 'static,
    F: Fn(Option<String>) -> P + Send + 'static,
    P: Future<Output = Result<(Vec<T>, Option<String>), ServiceError>> + Send,
{
    let (rows, next) = fetch(None).await?;
    let mut first = format.head::<T>()?;
    first.extend(format.rows(&rows)?);
    let rest = stream::try_unfold((next, fetch), move |(cursor, fetch)| async move {
        let Some(cursor) = cursor else { return Ok(None) };
        let (rows, next) = fetch(Some(cursor)).await?;
        Ok(Some((Bytes::from(format.rows(&rows)?), (next, fetch))))
    });
    let rest = rest.map_err(|error: ServiceError| {
        error!(error = %error, "An export broke off");
        std::io::Error::other("the export broke off")
    });
    let body = stream::once(async move { Ok(Bytes::from(first)) }).chain(rest);
    let mut response = (StatusCode::OK, Body::from_stream(body)).into_response();
    let disposition = format!("attachment; filename=\"{name}.{}\"", format.ending());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    if let Ok(disposition) = HeaderValue::try_from(disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b07_a_spreadsheet_takes_no_cell_for_a_formula() {
        let cells = ["=1+1", "+1", "-1", "@sum", "\t=1", "\r=1", "＝1", "a=1", "", "it's"];
        let made = cells.map(|cell| harmless(cell.to_owned()));
        assert_eq!(
            made,
            [
                "'=1+1", "'+1", "'-1", "'@sum", "'\t=1", "'\r=1", "'＝1", "a=1", "", "it's"
            ]
        );
    }

    #[test]
    fn what_has_signs_of_csv_in_it_is_quoted() {
        let row = ["a,b", "say \"hi\"", "two\nlines", "plain"].map(str::to_owned).to_vec();
        let text = String::from_utf8(lines([row]).unwrap()).unwrap();
        assert_eq!(text, "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",plain\r\n");
    }
}
