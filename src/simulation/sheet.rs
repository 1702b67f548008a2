//! A drawn roster as a table: how each row says where and who, and what it says of them.
//!
//! Made from a roster by ids, and written as text for the tool's reader. What its rows mean is told in
//! `truth`, from this table, so that no reader of the tool has a say in it.

use crate::roster::PARTIAL_MARKER;

/// How a row says where or who.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// By the account's id.
    Id,
    /// By what people call it: a title, an address.
    Called,
    /// By another system's key.
    Key,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Id, Self::Called, Self::Key];
}

/// A filled cell of a column of that kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub kind: Kind,
    pub text: String,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// Where: all of it has to mean the same.
    pub place: Vec<Name>,
    /// Who, likewise.
    pub person: Vec<Name>,
    /// What they are to be: the role, then the fields, as text.
    pub rest: String,
    /// The first day, or nothing.
    pub starts: String,
    /// The last one, or nothing.
    pub ends: String,
    /// Whether it has as many cells as the header.
    pub is_whole: bool,
}

impl Row {
    pub(super) fn role(&self) -> &str {
        self.rest.split(',').next().unwrap_or_default()
    }

    /// Whether they are to lead; the third cell after who and where.
    pub(super) fn leads(&self) -> bool {
        self.rest.split(',').nth(2) == Some("true")
    }
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sheet {
    pub is_partial: bool,
    /// The kinds of columns that say where.
    pub places: Vec<Kind>,
    /// The kinds of columns that say who.
    pub people: Vec<Kind>,
    /// The headers of the columns behind those.
    rest: String,
    has_dates: bool,
    pub rows: Vec<Row>,
}

const DATES: &str = ",starts_on,ends_on";

impl Sheet {
    /// The table of a roster by ids that was drawn.
    pub(super) fn of_ids(text: &str) -> Self {
        let is_partial = text.starts_with(PARTIAL_MARKER);
        let mut lines = text.lines().skip(usize::from(is_partial));
        let header = lines.next().unwrap_or_default();
        let bare = header.strip_suffix(DATES);
        let has_dates = bare.is_some();
        let rest = bare.unwrap_or(header).splitn(3, ',').nth(2).unwrap_or_default().to_owned();
        let width = header.split(',').count();
        let rows = lines.map(|line| row(line, has_dates, width)).collect();
        Self { is_partial, places: vec![Kind::Id], people: vec![Kind::Id], rest, has_dates, rows }
    }

    /// As the tool's reader gets it.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        if self.is_partial {
            text.push_str(&format!("{PARTIAL_MARKER}\n"));
        }
        let places = self.places.iter().map(|kind| match kind {
            Kind::Id => "workspace_id",
            Kind::Called => "project",
            Kind::Key => "project_reference",
        });
        let people = self.people.iter().map(|kind| match kind {
            Kind::Id => "user_id",
            Kind::Called => "email",
            Kind::Key => "person_reference",
        });
        let names: Vec<&str> = places.chain(people).collect();
        let dates = if self.has_dates { DATES } else { "" };
        text.push_str(&format!("{},{}{dates}\n", names.join(","), self.rest));
        for row in &self.rows {
            self.write(row, &mut text);
        }
        text
    }

    fn write(&self, row: &Row, text: &mut String) {
        let Row { place, person, rest, starts, ends, is_whole } = row;
        let cell = |names: &[Name], kind: &Kind| {
            let name = names.iter().find(|name| name.kind == *kind);
            name.map(|name| quoted(&name.text)).unwrap_or_default()
        };
        let places = self.places.iter().map(|kind| cell(place, kind));
        let people = self.people.iter().map(|kind| cell(person, kind));
        let mut cells: Vec<String> = places.chain(people).collect();
        cells.push(rest.clone());
        if self.has_dates && *is_whole {
            cells.extend([starts.clone(), ends.clone()]);
        }
        text.push_str(&format!("{}\n", cells.join(",")));
    }
}

fn row(line: &str, has_dates: bool, width: usize) -> Row {
    let cells: Vec<&str> = line.split(',').collect();
    let is_whole = cells.len() == width;
    let (rest, starts, ends) = match cells[2..] {
        [ref rest @ .., starts, ends] if has_dates && is_whole => (rest, starts, ends),
        ref rest => (rest, "", ""),
    };
    let by_id = |text: &str| vec![Name { kind: Kind::Id, text: text.to_owned() }];
    Row {
        place: by_id(cells[0]),
        person: by_id(cells[1]),
        rest: rest.join(","),
        starts: starts.to_owned(),
        ends: ends.to_owned(),
        is_whole,
    }
}

fn quoted(cell: &str) -> String {
    if cell.contains(',') { format!("\"{cell}\"") } else { cell.to_owned() }
}
