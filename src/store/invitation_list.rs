//! The invitations of a project, a page at a time: filtered, searched, sorted.
//!
//! A page is found by the key of the row beside it, never by counting rows, so that the last page of
//! 100,000 costs what the first does and nothing is shown twice when something is made meanwhile.

use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};

use crate::domain::{
    ConnectionType, Email, FailureReason, InvitationId, InvitationStatus, InvitationToken,
    PhoneNumber, ProjectId, SenderId, Timestamp,
};

use super::invitation_search::{MOST_COMPARED, MOST_HITS, SearchCut, SearchTerms};
use super::{Reader, StoreError};

/// What a list shows, and from where on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// As it stands at the moment that is asked for.
    pub status: Option<InvitationStatus>,
    pub search: SearchTerms,
    pub sort: ListSort,
    pub position: Option<ListPosition>,
}

/// What comes first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ListSort {
    /// What was made last.
    #[default]
    Newest,
    /// What was made first.
    Oldest,
    /// What has stood where it stands for the longest time.
    Longest,
    /// What expires first.
    Expiry,
}

/// A place between two rows, and which way it is looked from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListPosition {
    After(RowKey),
    Before(RowKey),
}

/// By what a row is sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowKey {
    at: Timestamp,
    id: InvitationId,
}

/// One page of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InvitationPage {
    pub rows: Vec<ListedInvitation>,
    /// Where the page before this one is, if there is one.
    pub before: Option<RowKey>,
    /// Where the next one is.
    pub after: Option<RowKey>,
}

/// An invitation as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedInvitation {
    pub id: InvitationId,
    pub client_name: Option<String>,
    pub client_email: Option<Email>,
    /// At the moment that was asked for.
    pub status: InvitationStatus,
    pub failure: Option<FailureReason>,
    pub connection: ConnectionType,
    /// The one that is pre-assigned; once it is completed, the one that was connected.
    pub number: Option<PhoneNumber>,
    pub token: InvitationToken,
    pub created_at: Timestamp,
    /// Since when it stands where it stands.
    pub since: Timestamp,
    pub expires_at: Timestamp,
    pub viewed_at: Option<Timestamp>,
    pub sender: Option<SenderId>,
}

/// How many invitations stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StatusCounts([u64; InvitationStatus::ALL.len()]);

/// Text that names no sort, or no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is nothing that a list is sorted by, and no place in one")]
pub struct InvalidPlace(pub String);

impl ListSort {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Newest, Self::Oldest, Self::Longest, Self::Expiry];

    /// The name in an address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::Longest => "longest",
            Self::Expiry => "expiry",
        }
    }

    /// The column that it sorts by, before the id.
    const fn column(self) -> &'static str {
        match self {
            // An id begins with the moment at which it was made.
            Self::Newest | Self::Oldest => "id",
            Self::Longest => "updated_at",
            Self::Expiry => "expires_at",
        }
    }

    const fn is_descending(self) -> bool {
        match self {
            Self::Newest => true,
            Self::Oldest | Self::Longest | Self::Expiry => false,
        }
    }

    fn key(self, row: &ListedInvitation) -> RowKey {
        let at = match self {
            Self::Newest | Self::Oldest => row.created_at,
            Self::Longest => row.since,
            // As it was stored.
            Self::Expiry => row.expires_at,
        };
        RowKey { at, id: row.id.clone() }
    }
}

impl std::str::FromStr for ListSort {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|sort| sort.as_str() == text);
        named.ok_or_else(|| InvalidPlace(text.to_owned()))
    }
}

impl std::fmt::Display for RowKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}-{}", self.at.unix_millis(), self.id)
    }
}

impl std::str::FromStr for RowKey {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('-').and_then(|(at, id)| Some((at.parse().ok()?, id)));
        let (at, id) = parts.ok_or_else(|| InvalidPlace(text.to_owned()))?;
        let id = InvitationId::from_stored(id.to_owned());
        Ok(Self { at: Timestamp::from_unix_millis(at), id })
    }
}

impl StatusCounts {
    pub fn of(&self, status: InvitationStatus) -> u64 {
        self.0[index(status)]
    }

    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

fn index(status: InvitationStatus) -> usize {
    let place = InvitationStatus::ALL.into_iter().position(|each| each == status);
    place.expect("all of them stand there")
}

impl Reader<'_> {
    /// A page of at most `limit` invitations of a project, as they stand at `now`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn invitation_page(
        &self,
        project: &ProjectId,
        query: &ListQuery,
        limit: usize,
        now: Timestamp,
    ) -> Result<InvitationPage, StoreError> {
        let rows = self.listed(project, query, limit + 1, now)?;
        let is_cut = rows.len() > limit;
        let mut page = match &query.position {
            // There is less than a page before that place: the first page is meant.
            Some(ListPosition::Before(_)) if !is_cut => {
                let first = ListQuery { position: None, ..query.clone() };
                return self.invitation_page(project, &first, limit, now);
            }
            Some(ListPosition::Before(_)) => {
                let rows: Vec<_> = rows.into_iter().take(limit).rev().collect();
                let last = rows.last().map(|row| query.sort.key(row));
                InvitationPage { rows, before: None, after: last }
            }
            Some(ListPosition::After(_)) | None => {
                let rows: Vec<_> = rows.into_iter().take(limit).collect();
                let last = rows.last().filter(|_| is_cut).map(|row| query.sort.key(row));
                InvitationPage { rows, before: None, after: last }
            }
        };
        if query.position.is_some() {
            page.before = page.rows.first().map(|row| query.sort.key(row));
        }
        Ok(page)
    }

    /// How many invitations of a project stand where at `now`.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn invitation_counts(
        &self,
        project: &ProjectId,
        now: Timestamp,
    ) -> Result<StatusCounts, StoreError> {
        let mut counts = StatusCounts::default();
        let mut add = |sql: &str, parameters: &[&dyn rusqlite::ToSql], is_overdue: bool| {
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = statement.query(parameters)?;
            while let Some(row) = rows.next()? {
                let status: InvitationStatus =
                    row.get::<_, String>(0)?.parse().map_err(StoreError::unexpected)?;
                let count = row.get::<_, i64>(1)?.unsigned_abs();
                if is_overdue {
                    counts.0[index(status)] = counts.0[index(status)].saturating_sub(count);
                    counts.0[index(InvitationStatus::Expired)] += count;
                } else {
                    counts.0[index(status)] += count;
                }
            }
            Ok::<(), StoreError>(())
        };
        let stored = "SELECT status, count FROM invitation_counts WHERE project_id = ?1";
        add(stored, &[&project.as_str()], false)?;
        let overdue = "SELECT status, count(*) FROM invitations
             WHERE project_id = ?1 AND expires_at <= ?2
               AND status IN ('pending', 'in_progress', 'failed') GROUP BY status";
        add(overdue, &[&project.as_str(), &now.unix_millis()], true)?;
        Ok(counts)
    }

    /// What a search left out, if anything.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn search_cut(
        &self,
        project: &ProjectId,
        search: &SearchTerms,
    ) -> Result<Option<SearchCut>, StoreError> {
        if search.is_compared() {
            let all = "SELECT count(*) FROM (SELECT 1 FROM invitation_words
                                             WHERE project_id = ?1 LIMIT ?2)";
            let bounds = (project.as_str(), MOST_COMPARED + 1);
            let mut statement = self.connection.prepare_cached(all)?;
            let count: u32 = statement.query_row(bounds, |row| row.get(0))?;
            if count > MOST_COMPARED {
                return Ok(Some(SearchCut::Compared));
            }
        }
        let mut made = Statement { sql: String::new(), parameters: Vec::new() };
        let project = made.bind(project.as_str().to_owned());
        let Some(hits) = search.hits(&project, |value| made.bind(value)) else { return Ok(None) };
        let count: u32 = self
            .connection
            .prepare_cached(&format!("SELECT count(*) FROM ({hits})"))?
            .query_row(params_from_iter(made.parameters), |row| row.get(0))?;
        Ok((count >= MOST_HITS).then_some(SearchCut::Hits))
    }

    /// Rows from a position on, the nearest first.
    fn listed(
        &self,
        project: &ProjectId,
        query: &ListQuery,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<ListedInvitation>, StoreError> {
        let Statement { sql, parameters } = statement(project, query, limit, now);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(parameters), |row| Ok(listed(row, now)))?;
        rows.map(|row| row?).collect()
    }
}

/// A query, and what is filled in.
struct Statement {
    sql: String,
    parameters: Vec<Value>,
}

impl Statement {
    /// Fills a value in, and tells its name.
    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.parameters.push(value.into());
        format!("?{}", self.parameters.len())
    }
}

/// First the ids of the page, by an index alone; then what is shown of those few.
fn statement(project: &ProjectId, query: &ListQuery, limit: usize, now: Timestamp) -> Statement {
    let mut made = Statement { sql: String::new(), parameters: Vec::new() };
    let project = made.bind(project.as_str().to_owned());
    let now = made.bind(now.unix_millis());
    let limit = made.bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let is_backwards = matches!(query.position, Some(ListPosition::Before(_)));
    let is_descending = query.sort.is_descending() != is_backwards;
    let (direction, beyond) = if is_descending { ("DESC", "<") } else { ("ASC", ">") };
    let column = query.sort.column();
    let order = format!("{column} {direction}, id {direction}");
    let from = match &query.position {
        None => String::new(),
        Some(ListPosition::After(key) | ListPosition::Before(key)) => {
            let id = made.bind(key.id.as_str().to_owned());
            match query.sort {
                ListSort::Newest | ListSort::Oldest => format!(" AND id {beyond} {id}"),
                ListSort::Longest | ListSort::Expiry => {
                    let at = made.bind(key.at.unix_millis());
                    format!(" AND ({column}, id) {beyond} ({at}, {id})")
                }
            }
        }
    };
    let found = match query.search.hits(&project, |value| made.bind(value)) {
        None => "invitations".to_owned(),
        Some(hits) => format!("({hits}) AS hits CROSS JOIN invitations ON id = hits.invitation_id"),
    };
    let branches = branches(query.status, &now).into_iter().map(|condition| {
        format!(
            "SELECT * FROM (SELECT id, updated_at, expires_at FROM {found}
                            WHERE invitations.project_id = {project}{condition}{from}
                            ORDER BY {order} LIMIT {limit})"
        )
    });
    let branches = branches.collect::<Vec<_>>().join(" UNION ALL ");
    made.sql = format!(
        "SELECT {COLUMNS} FROM (SELECT * FROM ({branches}) ORDER BY {order} LIMIT {limit}) AS page
         CROSS JOIN invitations ON invitations.id = page.id
         LEFT JOIN phone_numbers ON phone_numbers.id = invitations.phone_number_id
         LEFT JOIN senders ON senders.id = invitations.sender_id
         ORDER BY page.{column} {direction}, page.id {direction}"
    );
    made
}

/// What of the stored status a filter means, each a piece of an index.
fn branches(status: Option<InvitationStatus>, now: &str) -> Vec<String> {
    match status {
        None => vec![String::new()],
        Some(InvitationStatus::Expired) => vec![
            " AND status = 'expired'".to_owned(),
            format!(
                " AND status IN ('pending', 'in_progress', 'failed') AND +expires_at <= {now}
                  AND id IN (SELECT id FROM invitations
                             WHERE status IN ('pending', 'in_progress', 'failed')
                               AND expires_at <= {now})"
            ),
        ],
        Some(open) if open.is_open() => {
            vec![format!(" AND status = '{}' AND +expires_at > {now}", open.as_str())]
        }
        Some(closed) => vec![format!(" AND status = '{}'", closed.as_str())],
    }
}

/// What [`listed`] reads, of `invitations` joined with `phone_numbers` and `senders`.
pub(super) const COLUMNS: &str = "invitations.id, client_name, client_email, invitations.status,
    invitations.expires_at, failure_reason, connection_type,
    ifnull(senders.phone_number, phone_numbers.number), invitations.token, invitations.created_at,
    invitations.updated_at, viewed_at, invitations.sender_id";

/// How many those are.
pub(super) const COLUMN_COUNT: usize = 13;

pub(super) fn listed(row: &Row<'_>, now: Timestamp) -> Result<ListedInvitation, StoreError> {
    let moment = |column| Ok::<_, StoreError>(Timestamp::from_unix_millis(row.get(column)?));
    let stored: InvitationStatus =
        row.get::<_, String>(3)?.parse().map_err(StoreError::unexpected)?;
    let expires_at = moment(4)?;
    let status = stored.at(expires_at, now);
    let email: Option<String> = row.get(2)?;
    let failure: Option<String> = row.get(5)?;
    let number: Option<String> = row.get(7)?;
    Ok(ListedInvitation {
        id: InvitationId::from_stored(row.get(0)?),
        client_name: row.get(1)?,
        client_email: email.map(|it| it.parse()).transpose().map_err(StoreError::unexpected)?,
        status,
        failure: failure.map(|it| it.parse()).transpose().map_err(StoreError::unexpected)?,
        connection: row.get::<_, String>(6)?.parse().map_err(StoreError::unexpected)?,
        number: number.map(|it| it.parse()).transpose().map_err(StoreError::unexpected)?,
        token: InvitationToken::from_text(row.get(8)?),
        created_at: moment(9)?,
        since: if status == stored { moment(10)? } else { expires_at },
        expires_at,
        viewed_at: row.get::<_, Option<i64>>(11)?.map(Timestamp::from_unix_millis),
        sender: row.get::<_, Option<String>>(12)?.map(SenderId::from_stored),
    })
}
