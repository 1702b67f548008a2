//! From when to when rows hold: the cells of `starts_on` and `ends_on`, which of two rows about one
//! person overlap, and what they say together on one day.
//!
//! Dates are kept beside the rows, by line, so that a roster without dates is none the larger. Knows
//! no clock: the day is said from outside.

use jiff::{ToSpan as _, civil::Date};

use super::problem::Expected;
use crate::model::{DatedMembership, Dates, DesiredMembership, NotNow, Turn, Upcoming};

/// The day that a roster is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// The day.
    pub date: Date,
    /// Whether somebody asked for it (`--as-of`).
    pub previewed: bool,
    /// How many days ahead it is told who starts and ends.
    pub ahead: u16,
}

impl Day {
    /// How many days are looked ahead where nobody says.
    pub const AHEAD: u16 = 14;

    /// This day, as it is.
    #[must_use]
    pub const fn of(date: Date) -> Self {
        Self { date, previewed: false, ahead: Self::AHEAD }
    }

    fn until(self) -> Date {
        self.date.saturating_add(i64::from(self.ahead).days())
    }
}

impl Default for Day {
    /// Before all dates.
    fn default() -> Self {
        Self::of(Date::MIN)
    }
}

/// From a first to a last day, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Period {
    pub first: Date,
    pub last: Date,
}

impl Period {
    /// What a row without dates says.
    pub const ALWAYS: Self = Self { first: Date::MIN, last: Date::MAX };

    /// Between the days that a row has.
    pub fn new(first: Option<Date>, last: Option<Date>) -> Self {
        let Self { first: earliest, last: latest } = Self::ALWAYS;
        Self { first: first.unwrap_or(earliest), last: last.unwrap_or(latest) }
    }

    fn holds_on(self, day: Date) -> bool {
        self.first <= day && day <= self.last
    }
}

/// The periods of the rows that have dates.
#[derive(Debug, Default)]
pub(super) struct Periods {
    /// By line.
    dated: Vec<(u64, Period)>,
}

impl Periods {
    /// Of a row below all that were added before.
    pub fn add(&mut self, line: u64, period: Period) {
        if period != Period::ALWAYS {
            self.dated.push((line, period));
        }
    }

    pub fn of(&self, line: u64) -> Period {
        let at = self.dated.binary_search_by_key(&line, |(line, _)| *line);
        at.map_or(Period::ALWAYS, |at| self.dated[at].1)
    }

    /// Takes out what does not hold on the day; of whom nothing else does, why. What holds may be said
    /// by several rows. The entries are sorted by key, and contradict each other nowhere.
    pub fn take_not_now(
        &self,
        entries: &mut Vec<DesiredMembership>,
        day: Date,
    ) -> Vec<DatedMembership> {
        if self.dated.is_empty() {
            return Vec::new();
        }
        let is_not_now = |entry: &mut DesiredMembership| !self.of(entry.line).holds_on(day);
        let others: Vec<DesiredMembership> = entries.extract_if(.., is_not_now).collect();
        let of_a_key = others.chunk_by(|a, b| a.key == b.key);
        let is_desired = |key| entries.binary_search_by_key(&key, |entry| entry.key).is_ok();
        of_a_key
            .filter(|same| !is_desired(same[0].key))
            .filter_map(|same| self.not_now(same, day))
            .collect()
    }

    /// What rows of one person, of which none holds on the day, say together: a stated end, which has
    /// passed, goes before a start that is to come.
    fn not_now(&self, same: &[DesiredMembership], day: Date) -> Option<DatedMembership> {
        let rows = || same.iter().map(|entry| (self.of(entry.line), entry));
        let ended = rows().filter(|(period, _)| period.last < day);
        let ended = ended.max_by_key(|(period, entry)| (period.last, entry.line));
        let next = rows().filter(|(period, _)| period.first > day);
        let next = next.min_by_key(|(period, entry)| (period.first, entry.line));
        let again = next.map(|(period, _)| period.first);
        let (entry, why) = match (ended, next) {
            (Some((period, entry)), _) => (entry, NotNow::Ended { on: period.last, again }),
            (None, Some((period, entry))) => (entry, NotNow::NotYet { starts_on: period.first }),
            (None, None) => return None,
        };
        Some(DatedMembership { entry: *entry, why })
    }

    /// The day, and who starts, ends or changes soon. The entries are sorted by key.
    pub fn ahead(&self, entries: &[DesiredMembership], day: Day) -> Dates {
        let until = day.until();
        let mut upcoming = Vec::new();
        if !self.dated.is_empty() {
            for same in entries.chunk_by(|a, b| a.key == b.key) {
                let turns = self.turns(same).into_iter();
                upcoming.extend(turns.filter(|turn| is_ahead(turn, day.date, until)));
            }
        }
        upcoming.sort_unstable();
        Dates { day: day.date, previewed: day.previewed, until, upcoming }
    }

    /// All that becomes of one person, whose rows contradict each other nowhere.
    fn turns(&self, same: &[DesiredMembership]) -> Vec<Upcoming> {
        let mut rows: Vec<(Period, &DesiredMembership)> =
            same.iter().map(|entry| (self.of(entry.line), entry)).collect();
        rows.sort_unstable_by_key(|(period, entry)| (*period, entry.line));
        let turn = |on, turn, entry: &DesiredMembership| Upcoming {
            on,
            key: entry.key,
            turn,
            line: entry.line,
        };
        let mut found = Vec::new();
        let mut before: Option<(Date, &DesiredMembership)> = None;
        for (Period { first, last }, entry) in rows {
            match before {
                Some((end, row)) if first > following(end) => {
                    found.push(turn(end, Turn::Ends, row));
                    found.push(turn(first, Turn::Starts, entry));
                }
                Some((_, row)) if row.spec != entry.spec => {
                    found.push(turn(first, Turn::Changes, entry))
                }
                Some(_) => {}
                None => found.push(turn(first, Turn::Starts, entry)),
            }
            if before.is_none_or(|(end, _)| end <= last) {
                before = Some((last, entry));
            }
        }
        found.extend(before.map(|(end, row)| turn(end, Turn::Ends, row)));
        found
    }
}

fn following(day: Date) -> Date {
    day.tomorrow().unwrap_or(day)
}

/// A first day that is today is in the plan; a last day that is today is ahead.
fn is_ahead(turn: &Upcoming, day: Date, until: Date) -> bool {
    let is_over = if turn.turn == Turn::Ends { turn.on < day } else { turn.on <= day };
    !is_over && turn.on <= until && turn.on < Period::ALWAYS.last
}

/// Of each of these another one that overlaps it in time and is another `T`, where there is any. They
/// stand in the order of their first days.
pub(super) fn rivals<T: PartialEq>(rows: &[(Period, T)]) -> Vec<Option<usize>> {
    let differs = |a: usize, b: usize| rows[a].1 != rows[b].1;
    let last = |at: usize| rows[at].0.last;
    let mut rivals = vec![None; rows.len()];
    // Of those before: which lasts longest, and which lasts longest of those that differ from it.
    let mut longest: [Option<usize>; 2] = [None; 2];
    for at in 0..rows.len() {
        let meets = |other: &usize| differs(*other, at) && last(*other) >= rows[at].0.first;
        rivals[at] = longest.into_iter().flatten().find(meets);
        let lasts_longer = |place: Option<usize>| place.is_none_or(|other| last(at) > last(other));
        let same = longest[0].is_none_or(|other| !differs(other, at));
        match (same, lasts_longer(longest[0])) {
            (true, true) => longest[0] = Some(at),
            (true, false) => {}
            (false, true) => longest = [Some(at), longest[0]],
            (false, false) if lasts_longer(longest[1]) => longest[1] = Some(at),
            (false, false) => {}
        }
    }
    // Of those behind: the next, and the next that differs from it.
    let mut next: [Option<usize>; 2] = [None; 2];
    for at in (0..rows.len()).rev() {
        let meets = |other: &usize| differs(*other, at) && rows[*other].0.first <= last(at);
        rivals[at] = rivals[at].or_else(|| next.into_iter().flatten().find(meets));
        let same = next[0].is_some_and(|other| !differs(other, at));
        next = [Some(at), if same { next[1] } else { next[0] }];
    }
    rivals
}

/// Memberships end since there is the product; what is older is what systems write for "no date".
const EARLIEST_END: Date = jiff::civil::date(2000, 1, 1);

/// Reads a first day.
pub(super) fn first_day(cell: &[u8]) -> Result<Date, Expected> {
    parse_date(&String::from_utf8_lossy(cell)).map_err(|meant| Expected::Date { meant })
}

/// Reads a last day.
pub(super) fn last_day(cell: &[u8]) -> Result<Date, Expected> {
    let day = first_day(cell)?;
    if day < EARLIEST_END { Err(Expected::EndSince { earliest: EARLIEST_END }) } else { Ok(day) }
}

/// Reads `2026-12-31`, and no other form.
///
/// # Errors
/// The days that it may mean, where it looks like another form of a date.
pub fn parse_date(text: &str) -> Result<Date, Vec<Date>> {
    let is_written = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    let is_iso = text.len() == 10 && text.bytes().enumerate().all(is_written);
    let day = if is_iso { text.parse().ok() } else { None };
    day.ok_or_else(|| if is_iso { Vec::new() } else { meant(text) })
}

/// The one day that a text means which is written otherwise, whoever wrote it and wherever.
pub(super) fn unambiguous(text: &str) -> Option<Date> {
    let [day] = meant(text)[..] else { return None };
    let parts: Vec<&str> = text.split(['.', '/', '-']).collect();
    // Where the year is last, day and month may have changed places.
    let other = match parts[..] {
        [first, second, year] if year.len() == 4 => [[year, first, second], [year, second, first]]
            .into_iter()
            .filter_map(day_of)
            .any(|other| other != day),
        _ => false,
    };
    // The number of a day is another one where days are counted from 1904.
    let is_number = parts.len() == 1 && text.len() == 5;
    (!other && !is_number).then_some(day)
}

/// Which days a text may mean that is written otherwise; none where that would be a guess.
fn meant(text: &str) -> Vec<Date> {
    let mut days = match text.split_once(['T', ' ']) {
        Some((day, time)) if is_midnight(time) => written_otherwise(day),
        Some(_) => Vec::new(),
        None => written_otherwise(text),
    };
    days.sort_unstable();
    days.dedup();
    days
}

/// Any other time of a day, or one with its zone, may be the next day where people are.
fn is_midnight(time: &str) -> bool {
    time.starts_with("00:00") && time.bytes().all(|byte| matches!(byte, b'0' | b':' | b'.'))
}

fn written_otherwise(text: &str) -> Vec<Date> {
    let Some(separator) = text.chars().find(|letter| !letter.is_ascii_digit()) else {
        return in_one_number(text);
    };
    let parts: Vec<&str> = text.split(separator).collect();
    let is_number = |part: &&str| {
        (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let [a, b, c] = parts[..] else { return Vec::new() };
    if !['.', '/', '-'].contains(&separator) || !parts.iter().all(is_number) {
        return Vec::new();
    }
    let orders: &[[&str; 3]] = match (a.len(), c.len(), separator) {
        (4, 1..=2, _) => &[[a, b, c]],
        // With points, the day stands first wherever people write so.
        (1..=2, 4, '.') => &[[c, b, a]],
        (1..=2, 4, _) => &[[c, b, a], [c, a, b]],
        _ => &[],
    };
    orders.iter().filter_map(|parts| day_of(*parts)).collect()
}

fn day_of([year, month, day]: [&str; 3]) -> Option<Date> {
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// `20261231`, or a spreadsheet's number of a day: those of 1954 to 2119 have five digits.
fn in_one_number(text: &str) -> Vec<Date> {
    const DAY_0: Date = jiff::civil::date(1899, 12, 30);
    let day = match (text.len(), text.parse::<i64>()) {
        (8, Ok(_)) => day_of([&text[..4], &text[4..6], &text[6..]]),
        (5, Ok(number @ 20_000..80_000)) => DAY_0.checked_add(number.days()).ok(),
        _ => None,
    };
    day.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_form_of_a_day_is_read_and_the_others_are_understood_where_they_say_one_thing() {
        for (text, day) in [
            ("2026-12-31", date(2026, 12, 31)),
            ("2024-02-29", date(2024, 2, 29)),
            ("9999-12-31", date(9999, 12, 31)),
            ("0001-01-01", date(1, 1, 1)),
        ] {
            assert_eq!(parse_date(text), Ok(day), "{text}");
        }
        let last = date(2026, 12, 31);
        let jan = [date(2026, 1, 2), date(2026, 2, 1)];
        for (text, meant) in [
            ("31.12.2026", &[last][..]),
            ("12/31/2026", &[last]),
            ("31/12/2026", &[last]),
            ("12-31-2026", &[last]),
            ("2026/12/31", &[last]),
            ("20261231", &[last]),
            ("46387", &[last]),
            ("2026-12-31 00:00:00", &[last]),
            ("1.2.2026", &jan[1..]),
            ("1/2/2026", &jan),
            ("3/3/2026", &[date(2026, 3, 3)]),
            ("2026-1-2", &jan[..1]),
        ] {
            assert_eq!(parse_date(text), Err(meant.to_vec()), "{text}");
        }
        for text in [
            "",
            "-",
            "2026-02-30",
            "0000-00-00",
            "2026-12-31T10:00",
            "2026-12-31T00:00Z",
            "2026-12-311",
            "+2026-12-31",
            "2026-1231",
            "1.2.26",
            "99999",
            "1899",
            "1.2.3.2026",
            "٢٠٢٦-١٢-٣١",
            "1.2/2026",
        ] {
            assert_eq!(parse_date(text), Err(Vec::new()), "{text}");
        }
    }

    #[test]
    fn an_end_that_systems_write_for_none_is_no_end() {
        for text in ["0001-01-01", "1753-01-01", "1900-01-01", "1970-01-01", "1999-12-31"] {
            assert!(matches!(last_day(text.as_bytes()), Err(Expected::EndSince { .. })), "{text}");
            assert!(first_day(text.as_bytes()).is_ok(), "{text}");
        }
        assert_eq!(last_day(b"2000-01-01"), Ok(EARLIEST_END));
    }

    proptest! {
        #[test]
        fn any_text_is_a_day_or_is_refused(text in "[0-9./ T:-]{0,12}|.{0,12}") {
            if let Ok(day) = parse_date(&text) {
                prop_assert_eq!(day.to_string(), text);
            }
        }

        #[test]
        fn a_rival_is_found_wherever_there_is_one(
            drawn in prop::collection::vec((1..20_i8, 0..9_i8, 0..3_u8), 0..12),
        ) {
            let day = |day: i8| date(2026, 1, day.min(28));
            let row = |(first, length, who)| {
                (Period { first: day(first), last: day(first + length) }, who)
            };
            let mut rows: Vec<(Period, u8)> = drawn.into_iter().map(row).collect();
            rows.sort_unstable();
            let meets = |(a, who): &(Period, u8), (b, other): &(Period, u8)| {
                who != other && a.first <= b.last && b.first <= a.last
            };
            for (row, rival) in rows.iter().zip(rivals(&rows)) {
                match rival {
                    Some(at) => prop_assert!(meets(row, &rows[at])),
                    None => prop_assert!(!rows.iter().any(|other| meets(row, other))),
                }
            }
        }
    }
}
