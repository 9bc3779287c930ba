//! A file of clients, and what is wrong in which row of it. Pure: which numbers there are comes in.
//!
//! Files come out of spreadsheets, so the separator may be a comma, a semicolon or a tab, the columns
//! stand in any order, and a cell that begins with an apostrophe is meant without it.

mod cells;

use std::collections::HashMap;

use crate::domain::{Email, Language, PhoneNumber, PhoneNumberId, ShownName};
use crate::store::NewConnection;

use cells::Cells;

/// Rows of one file, besides its header. More is a mistake, or a task for the REST API.
const MOST_ROWS: usize = 10_000;

/// Longer than anything that fits a column.
const LONGEST_CELL: usize = 500;

/// For how many days a link can be used.
const DAYS: std::ops::RangeInclusive<u32> = 1..=30;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Column {
    ClientName,
    ClientEmail,
    Connection,
    Number,
    Language,
    ExpiresInDays,
}

/// A file that can be read, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportSheet {
    pub rows: Vec<ImportRow>,
    /// Columns with a name that means nothing here.
    pub ignored: Vec<String>,
}

/// A row: what is to be made of it, or everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRow {
    /// As a spreadsheet counts: the header is 1.
    pub line: usize,
    /// As it stands there, to recognise it by.
    pub client: String,
    pub wanted: Result<Wanted, Vec<Problem>>,
}

/// An invitation that a row asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub client_name: Option<ShownName>,
    pub client_email: Option<Email>,
    pub connection: NewConnection,
    /// Of the connection, where one is pre-assigned.
    pub number: Option<PhoneNumber>,
    pub language: Option<Language>,
    /// `None` where the row does not say it.
    pub days: Option<u32>,
}

/// Why nothing of a file can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    #[error("the file is empty")]
    Empty,
    #[error("the file is UTF-16, and not UTF-8")]
    Utf16,
    #[error("line {line} is not UTF-8")]
    NotUtf8 { line: usize },
    #[error("the file is a spreadsheet or an archive, and not CSV")]
    NotText,
    #[error("the first line names no column {missing:?}; it names {found:?}")]
    MissingColumn { missing: Column, found: Vec<String> },
    #[error("the first line names the column {0:?} twice")]
    ColumnTwice(Column),
    #[error("the file has {0} rows, and {MOST_ROWS} are the most")]
    TooManyRows(usize),
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// There is neither a name nor an e-mail address.
    Nobody,
    /// There are more cells than columns.
    TooManyCells,
    TooLong(Column),
    /// No name on one line.
    BadName(String),
    BadEmail(String),
    BadConnection(String),
    BadNumber(String),
    /// No number of the project, or not an active one.
    UnknownNumber(String),
    /// An open invitation has it: of this client.
    NumberTaken {
        number: PhoneNumber,
        by: String,
    },
    /// An earlier row has it.
    NumberTwice {
        number: PhoneNumber,
        line: usize,
    },
    /// The connection wants a number of ours.
    NoNumber,
    /// The connection has no use for a number of ours.
    NumberNotNeeded,
    BadLanguage(String),
    BadDays(String),
}

/// A number of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownNumber {
    pub id: PhoneNumberId,
    /// The client of the open invitation that has it.
    pub taken_by: Option<String>,
}

impl Column {
    /// All there are.
    pub const ALL: [Self; 6] = [
        Self::ClientName,
        Self::ClientEmail,
        Self::Connection,
        Self::Number,
        Self::Language,
        Self::ExpiresInDays,
    ];

    /// The name that we write.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientName => "client_name",
            Self::ClientEmail => "client_email",
            Self::Connection => "connection",
            Self::Number => "number",
            Self::Language => "language",
            Self::ExpiresInDays => "expires_in_days",
        }
    }

    /// The column of a name as people write it, in the languages of the admin.
    fn named(name: &str) -> Option<Self> {
        let letters: String =
            name.to_lowercase().chars().filter(|character| character.is_alphanumeric()).collect();
        Some(match letters.as_str() {
            "clientname" | "client" | "name" | "nombre" | "nome" | "cliente" => Self::ClientName,
            "clientemail" | "email" | "mail" | "correo" => Self::ClientEmail,
            "connection" | "connectiontype" | "conexi\u{f3}n" | "conexion" | "conex\u{e3}o"
            | "conexao" => Self::Connection,
            "number" | "phonenumber" | "phone" | "n\u{fa}mero" | "numero" => Self::Number,
            "language" | "idioma" => Self::Language,
            "expiresindays" | "days" | "d\u{ed}as" | "dias" => Self::ExpiresInDays,
            _ => return None,
        })
    }
}

/// Reads a file, given the numbers of the project.
///
/// # Errors
/// When there is nothing in it that could be read row by row.
pub fn read_import(
    file: &[u8],
    numbers: &HashMap<PhoneNumber, KnownNumber>,
) -> Result<ImportSheet, FileProblem> {
    let text = decode(file)?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator(text))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let is_readable = "the text is UTF-8, and rows may be of any length";
    let mut records = reader.records().map(|record| record.expect(is_readable));
    let header = records.next().ok_or(FileProblem::Empty)?;
    let (columns, ignored) = columns(&header)?;
    let width = header.len();
    let filled: Vec<_> =
        records.filter(|record| record.iter().any(|cell| !cell.trim().is_empty())).collect();
    if filled.len() > MOST_ROWS {
        return Err(FileProblem::TooManyRows(filled.len()));
    }
    let (mut seen, mut lines) = (HashMap::new(), Lines { text, counted: 0, line: 1 });
    let rows = filled.iter().map(|record| {
        let cells = Cells { columns: &columns, width, record };
        let line = lines.of(record);
        let wanted = cells.read(numbers, &mut seen, line);
        ImportRow { line, client: cells.client(), wanted }
    });
    Ok(ImportSheet { rows: rows.collect(), ignored })
}

/// The text of a file, without the mark that says in which order its bytes are.
fn decode(file: &[u8]) -> Result<&str, FileProblem> {
    if file.starts_with(&[0xff, 0xfe]) || file.starts_with(&[0xfe, 0xff]) {
        return Err(FileProblem::Utf16);
    }
    // Spreadsheets are archives, older ones compound files.
    if file.starts_with(b"PK\x03\x04") || file.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Err(FileProblem::NotText);
    }
    let file = file.strip_prefix("\u{feff}".as_bytes()).unwrap_or(file);
    let text = std::str::from_utf8(file).map_err(|error| {
        let before = &file[..error.valid_up_to()];
        FileProblem::NotUtf8 { line: before.iter().filter(|byte| **byte == b'\n').count() + 1 }
    })?;
    // UTF-16 without a mark: each other byte of plain letters is zero.
    if text.contains('\0') { Err(FileProblem::Utf16) } else { Ok(text) }
}

/// What stands between the cells: whatever stands in the header most often.
fn separator(text: &str) -> u8 {
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |separator: u8| header.bytes().filter(|byte| *byte == separator).count();
    // Of equals the last one: a comma.
    [b'\t', b';', b','].into_iter().max_by_key(|it| count(*it)).unwrap_or(b',')
}

/// Which column stands where, and the names that mean nothing.
fn columns(
    header: &csv::StringRecord,
) -> Result<(HashMap<Column, usize>, Vec<String>), FileProblem> {
    let (mut columns, mut ignored) = (HashMap::new(), Vec::new());
    for (place, name) in header.iter().enumerate() {
        match Column::named(name) {
            Some(column) if columns.insert(column, place).is_some() => {
                return Err(FileProblem::ColumnTwice(column));
            }
            Some(_) => {}
            None if name.trim().is_empty() => {}
            None => ignored.push(name.trim().chars().take(LONGEST_CELL).collect()),
        }
    }
    if !columns.contains_key(&Column::ClientName) && !columns.contains_key(&Column::ClientEmail) {
        let found = header.iter().map(|name| name.trim().chars().take(40).collect());
        return Err(FileProblem::MissingColumn {
            missing: Column::ClientName,
            found: found.take(10).collect(),
        });
    }
    Ok((columns, ignored))
}

/// Tells the lines of records, in their order. The reader's own count is one behind after a line that
/// ends in two characters, or is empty.
struct Lines<'a> {
    text: &'a str,
    /// Bytes in which the ends of lines are counted.
    counted: usize,
    line: usize,
}

impl Lines<'_> {
    fn of(&mut self, record: &csv::StringRecord) -> usize {
        let place = record.position().map_or(0, |at| usize::try_from(at.byte()).unwrap_or(0));
        let rest = self.text.get(place..).unwrap_or_default();
        let begins = place + rest.len() - rest.trim_start_matches(['\r', '\n']).len();
        let passed = self.text.get(self.counted..begins).unwrap_or_default();
        self.line += passed.bytes().filter(|byte| *byte == b'\n').count();
        self.counted = begins;
        self.line
    }
}

#[cfg(test)]
mod tests;
