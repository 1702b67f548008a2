//! What the cells of a row say of its project, or of its person: each spelling is read and looked up
//! once, however many rows have it.
//!
//! Owns when all that a row says of one means one thing together. Knows no rows.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use super::{
    column::Column,
    header::Header,
    meaning::{Meaning, Meanings},
    name::{Name, PersonRef, ProjectRef},
    no_meaning::NoMeaning,
    problem::{Expected, shown},
    reading::Wrong,
    spelling::Spellings,
};

/// The cells that say who, or where: the id, and the two columns of names. Empty where the row says
/// nothing, or the file has no such column.
pub(super) type NameCells<'a> = [&'a [u8]; 3];

/// Names that cells of a roster have, beside a column of ids.
pub(super) trait InCells: Name {
    /// The column of ids.
    const ID: Column;
}

impl InCells for PersonRef {
    const ID: Column = Column::UserId;
}

impl InCells for ProjectRef {
    const ID: Column = Column::WorkspaceId;
}

/// A filled cell.
#[derive(Debug, Clone)]
struct Spelled<N> {
    column: usize,
    name: N,
    /// As the file has it, where the name is not the same text.
    text: Option<Box<str>>,
}

/// All that cells say of one person or project; it has to be the same one.
#[derive(Debug, Clone)]
struct Naming<N> {
    cells: Vec<Spelled<N>>,
    wrong: Vec<Wrong>,
}

/// What a naming means; none where something is wrong with it.
#[derive(Debug, Clone)]
pub(super) struct Resolved<I> {
    pub id: Option<I>,
    pub wrong: Vec<Wrong>,
}

/// All namings of a roster, each once.
#[derive(Debug, Clone)]
pub(super) struct Namings<N> {
    spellings: Spellings,
    all: Vec<Naming<N>>,
    key: Vec<u8>,
}

impl<N> Default for Namings<N> {
    fn default() -> Self {
        Self { spellings: Spellings::default(), all: Vec::new(), key: Vec::new() }
    }
}

/// Cells in one text: no cell has the byte between them, as none of UTF-8 has it.
fn write_key(cells: NameCells<'_>, key: &mut Vec<u8>) {
    key.clear();
    for cell in cells {
        key.extend_from_slice(cell);
        key.push(0xff);
    }
}

impl<N: InCells> Namings<N> {
    /// The place of what these cells say.
    pub fn place(&mut self, cells: NameCells<'_>, header: &Header) -> usize {
        write_key(cells, &mut self.key);
        let (place, is_new) = self.spellings.place(&self.key);
        if is_new {
            self.all.push(read(cells, header));
        }
        place
    }

    /// The place of what these cells say, where a row that was read says it.
    pub fn find(&self, cells: NameCells<'_>) -> Option<usize> {
        let mut key = Vec::new();
        write_key(cells, &mut key);
        self.spellings.find(&key)
    }

    /// Each name that has to be looked up, once.
    pub fn to_look_up(&self) -> BTreeSet<N> {
        self.all.iter().flat_map(Naming::to_look_up).cloned().collect()
    }

    /// Each name at these places that has to be looked up, once.
    pub fn at(&self, places: &BTreeSet<usize>) -> BTreeSet<N> {
        places.iter().flat_map(|place| self.all[*place].to_look_up()).cloned().collect()
    }

    /// What each naming means, by place.
    pub fn resolve(&self, known: &Meanings<N, N::Id>, header: &Header) -> Vec<Resolved<N::Id>> {
        self.all.iter().map(|naming| naming.resolve(known, header)).collect()
    }

    /// What each name would mean if each meant something of its own: enough to hold rows against
    /// each other where nobody can be asked.
    pub fn distinct(&self, id: impl Fn(u64) -> Option<N::Id>) -> Meanings<N, N::Id> {
        let taken: BTreeSet<N::Id> = self
            .all
            .iter()
            .flat_map(|naming| &naming.cells)
            .filter_map(|one| one.name.id())
            .collect();
        let mut free = (1..).filter_map(id).filter(|id| !taken.contains(id));
        let mut known = BTreeMap::new();
        for naming in &self.all {
            // All that one row says of one is one; what another row says may be the same.
            let own = naming.cells.iter().find_map(|one| match known.get(&one.name) {
                Some(Meaning::One(id)) => Some(*id),
                _ => one.name.id(),
            });
            let Some(meant) = own.or_else(|| free.next()) else { continue };
            for name in naming.to_look_up() {
                known.entry(name.clone()).or_insert(Meaning::One(meant));
            }
        }
        known
    }
}

fn read<N: InCells>([id, first, second]: NameCells<'_>, header: &Header) -> Naming<N> {
    let mut naming = Naming { cells: Vec::new(), wrong: Vec::new() };
    let id_place = header.place(N::ID);
    naming.add(id_place, id, N::read_id, header);
    let mut first_place = id_place;
    for (column, cell) in N::NAMES.into_iter().zip([first, second]) {
        let place = header.place_of_names(column);
        first_place = first_place.or(place);
        let read = |cell: &[u8]| N::read_name(column, &String::from_utf8_lossy(cell));
        naming.add(place, cell, read, header);
    }
    if let (true, true, Some(at)) = (naming.cells.is_empty(), naming.wrong.is_empty(), first_place)
    {
        let column = header.label(at);
        naming.wrong.push(Wrong { column, value: String::new(), expected: Expected::Filled });
    }
    if !naming.wrong.is_empty() {
        // One cell that is wrong makes the others doubtful.
        naming.cells.clear();
    }
    // Most have one cell, and there are as many as a roster has names.
    naming.cells.shrink_to_fit();
    naming
}

/// All that cells say of one person or project; `None` where something is wrong with them.
pub(super) fn read_names<N: InCells>(cells: NameCells<'_>, header: &Header) -> Option<Vec<N>> {
    let Naming { cells, wrong } = read(cells, header);
    wrong.is_empty().then(|| cells.into_iter().map(|cell| cell.name).collect())
}

impl<N: Name> Naming<N> {
    fn add(
        &mut self,
        column: Option<usize>,
        cell: &[u8],
        read: impl Fn(&[u8]) -> Result<N, Expected>,
        header: &Header,
    ) {
        let Some(column) = column.filter(|_| !cell.is_empty()) else { return };
        let text = String::from_utf8_lossy(cell);
        match read(cell) {
            Ok(name) => {
                let text = (name.text() != text).then(|| text.into());
                self.cells.push(Spelled { column, name, text });
            }
            Err(expected) => self.wrong.push(Wrong {
                column: header.label(column),
                value: shown(&text),
                expected,
            }),
        }
    }

    fn to_look_up(&self) -> impl Iterator<Item = &N> {
        self.cells.iter().map(|cell| &cell.name).filter(|name| name.id().is_none())
    }

    fn resolve(&self, known: &Meanings<N, N::Id>, header: &Header) -> Resolved<N::Id> {
        let mut agreed: Option<(N::Id, usize)> = None;
        let mut wrong = self.wrong.clone();
        for Spelled { column, name, text } in &self.cells {
            let expected = match (meaning(name, known), agreed) {
                (Meaning::None(why), _) => Expected::Meaning { why },
                (Meaning::One(id), Some((other, by))) if id != other => {
                    Expected::Agreement { column: header.label(by), id: other.to_string() }
                }
                (Meaning::One(id), _) => {
                    agreed.get_or_insert((id, *column));
                    continue;
                }
            };
            let text = text.as_deref().map_or_else(|| name.text(), Cow::Borrowed);
            wrong.push(Wrong { column: header.label(*column), value: shown(&text), expected });
        }
        Resolved { id: agreed.map(|(id, _)| id).filter(|_| wrong.is_empty()), wrong }
    }
}

fn meaning<N: Name>(name: &N, known: &Meanings<N, N::Id>) -> Meaning<N::Id> {
    match name.id() {
        Some(id) => Meaning::One(id),
        None => {
            known.get(name).cloned().unwrap_or(Meaning::None(NoMeaning::Unknown { near: None }))
        }
    }
}
