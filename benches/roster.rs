//! What reading a roster of a million rows costs, next to the least that anybody could do: a loop
//! over raw records that parses the two ids. Reading and validating may take four times as long.

use std::{fmt::Write, hint::black_box, path::Path};

use csv::{ByteRecord, ReaderBuilder};
use divan::Bencher;
use kantata_sync::{
    model::{UserId, WorkspaceId},
    roster::{ReaderSettings, parse_roster},
};

const ROWS: u64 = 1_000_000;

fn main() {
    divan::main();
}

/// Ten people a project, in the order of the file or mixed like an export that nobody sorted.
fn roster(mixed: bool) -> Vec<u8> {
    const LEVELS: [&str; 4] = ["edit_tasks", "view_tasks", "edit_time_and_expenses", ""];
    const FLAGS: [&str; 3] = ["true", "no", ""];
    let mut text = String::from("workspace_id,user_id,role,access_level,can_invite\n");
    for row in 0..ROWS {
        // A factor without a common divisor visits every row once.
        let row = if mixed { row * 514_229 % ROWS } else { row };
        let role = if row % 5 == 0 { "buyer" } else { "maven" };
        let level = LEVELS[(row % 4) as usize];
        let flag = FLAGS[(row % 3) as usize];
        let (workspace, user) = (40_000_000 + row / 10, 7_000_000 + row * 7 % 90_000);
        let _ = writeln!(text, "{workspace},{user},{role},{level},{flag}");
    }
    text.into_bytes()
}

#[divan::bench(args = [false, true], sample_count = 15, sample_size = 1)]
fn bare_csv_loop(bencher: Bencher, mixed: bool) {
    let bytes = roster(mixed);
    bencher.bench(|| {
        let mut reader = ReaderBuilder::new().from_reader(bytes.as_slice());
        let mut record = ByteRecord::new();
        let mut rows = 0_u64;
        while reader.read_byte_record(&mut record).expect("in memory") {
            let workspace = WorkspaceId::from_digits(&record[0]);
            rows += u64::from(workspace.is_some() && UserId::from_digits(&record[1]).is_some());
            black_box(workspace);
        }
        assert_eq!(rows, ROWS);
    });
}

#[divan::bench(args = [false, true], sample_count = 15, sample_size = 1)]
fn read_and_validate(bencher: Bencher, mixed: bool) {
    let bytes = roster(mixed);
    bencher.with_inputs(|| bytes.clone()).bench_values(|bytes| {
        let roster = parse_roster(bytes, Path::new("large.csv"), &ReaderSettings::default());
        assert_eq!(roster.expect("sound").desired.entries().len() as u64, ROWS);
    });
}
