//! One row of a file: its cells, and what is to be made of them.

use std::collections::HashMap;
use std::str::FromStr;

use csv::StringRecord;

use crate::domain::{ConnectionType, PhoneNumber, PhoneNumberId};
use crate::store::NewConnection;

use super::{Column, DAYS, KnownNumber, LONGEST_CELL, Problem, Wanted};

/// The cells of a row, by their column.
pub(super) struct Cells<'a> {
    pub(super) columns: &'a HashMap<Column, usize>,
    /// Cells of the header.
    pub(super) width: usize,
    pub(super) record: &'a StringRecord,
}

/// A number of ours that a row asks for.
type OurNumber = (PhoneNumber, PhoneNumberId);

impl Cells<'_> {
    fn cell(&self, column: Column) -> &str {
        let place = self.columns.get(&column);
        let cell = place.and_then(|place| self.record.get(*place)).unwrap_or_default().trim();
        // What an export wrote so that no spreadsheet computes it.
        match cell.strip_prefix('\'') {
            Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
            _ => cell,
        }
    }

    /// What the row is recognised by.
    pub(super) fn client(&self) -> String {
        let named = [Column::ClientName, Column::ClientEmail].map(|column| self.cell(column));
        let shown = named.into_iter().find(|cell| !cell.is_empty()).unwrap_or_default();
        shown.chars().take(100).collect()
    }

    /// What is to be made of the row. `seen` are the numbers of the rows before, with their lines.
    pub(super) fn read(
        &self,
        numbers: &HashMap<PhoneNumber, KnownNumber>,
        seen: &mut HashMap<PhoneNumber, usize>,
        line: usize,
    ) -> Result<Wanted, Vec<Problem>> {
        let mut problems = Vec::new();
        if self.record.iter().skip(self.width).any(|cell| !cell.trim().is_empty()) {
            problems.push(Problem::TooManyCells);
        }
        if [Column::ClientName, Column::ClientEmail].iter().all(|it| self.cell(*it).is_empty()) {
            problems.push(Problem::Nobody);
        }
        let client_name = self.parsed(Column::ClientName, Problem::BadName, &mut problems);
        let client_email = self.parsed(Column::ClientEmail, Problem::BadEmail, &mut problems);
        let number = self.number(numbers, (seen, line), &mut problems);
        let connection = self.connection(number.as_ref(), &mut problems);
        let language = self.parsed(Column::Language, Problem::BadLanguage, &mut problems);
        let days: Option<u32> = self.parsed(Column::ExpiresInDays, Problem::BadDays, &mut problems);
        if let Some(days) = days.filter(|days| !DAYS.contains(days)) {
            problems.push(Problem::BadDays(days.to_string()));
        }
        match connection {
            Some(connection) if problems.is_empty() => {
                let number = number.map(|(number, _)| number);
                Ok(Wanted { client_name, client_email, connection, number, language, days })
            }
            _ => Err(problems),
        }
    }

    /// What a cell says; `None` where it is empty, or where that is a problem.
    fn parsed<T: FromStr>(
        &self,
        column: Column,
        problem: impl Fn(String) -> Problem,
        problems: &mut Vec<Problem>,
    ) -> Option<T> {
        let cell = self.cell(column);
        if cell.is_empty() {
            return None;
        }
        if cell.chars().count() > LONGEST_CELL {
            problems.push(Problem::TooLong(column));
            return None;
        }
        // Codes of a language are written in capitals as well.
        let small = cell.to_lowercase();
        let parsed = if column == Column::Language { small.parse() } else { cell.parse() };
        parsed.map_err(|_| problems.push(problem(cell.to_owned()))).ok()
    }

    fn number(
        &self,
        numbers: &HashMap<PhoneNumber, KnownNumber>,
        (seen, line): (&mut HashMap<PhoneNumber, usize>, usize),
        problems: &mut Vec<Problem>,
    ) -> Option<OurNumber> {
        let cell = self.cell(Column::Number);
        if cell.is_empty() {
            return None;
        }
        let shown: String = cell.chars().take(LONGEST_CELL).collect();
        // A spreadsheet takes the plus sign away.
        let number = PhoneNumber::from_pasted(cell)
            .ok()
            .or_else(|| cell.bytes().all(|it| it.is_ascii_digit()).then(|| cell.parse().ok())?);
        let Some(number) = number else {
            problems.push(Problem::BadNumber(shown));
            return None;
        };
        let Some(known) = numbers.get(&number) else {
            problems.push(Problem::UnknownNumber(shown));
            return None;
        };
        if let Some(by) = known.taken_by.clone() {
            problems.push(Problem::NumberTaken { number: number.clone(), by });
        }
        if let Some(line) = seen.get(&number).copied() {
            problems.push(Problem::NumberTwice { number: number.clone(), line });
        } else {
            seen.insert(number.clone(), line);
        }
        Some((number, known.id.clone()))
    }

    /// How the client connects. Where the row does not say it, its number does.
    fn connection(
        &self,
        number: Option<&OurNumber>,
        problems: &mut Vec<Problem>,
    ) -> Option<NewConnection> {
        let cell = self.cell(Column::Connection);
        let has_number = !self.cell(Column::Number).is_empty();
        let kind = match named_connection(cell) {
            Some(kind) => kind,
            None if cell.is_empty() && has_number => ConnectionType::Preassigned,
            None if cell.is_empty() => ConnectionType::ClientNumber,
            None => {
                let shown = cell.chars().take(LONGEST_CELL).collect();
                problems.push(Problem::BadConnection(shown));
                return None;
            }
        };
        match kind {
            ConnectionType::Preassigned if !has_number => {
                problems.push(Problem::NoNumber);
                None
            }
            ConnectionType::Preassigned => {
                number.map(|(_, id)| NewConnection::Preassigned(id.clone()))
            }
            ConnectionType::ClientNumber | ConnectionType::Coexistence if has_number => {
                problems.push(Problem::NumberNotNeeded);
                None
            }
            ConnectionType::ClientNumber => Some(NewConnection::ClientNumber),
            ConnectionType::Coexistence => Some(NewConnection::Coexistence),
        }
    }
}

fn named_connection(text: &str) -> Option<ConnectionType> {
    let letters: String = text.to_lowercase().chars().filter(|it| it.is_alphanumeric()).collect();
    Some(match letters.as_str() {
        "clientnumber" | "client" | "own" => ConnectionType::ClientNumber,
        "preassigned" | "preassignednumber" => ConnectionType::Preassigned,
        "coexistence" | "app" | "whatsappbusinessapp" => ConnectionType::Coexistence,
        _ => return None,
    })
}
