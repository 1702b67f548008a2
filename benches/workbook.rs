//! What reading an `.xlsx` of a hundred thousand rows costs next to the same rows as CSV: at most four
//! times as long. By addresses and titles, as lists from spreadsheets are.

use std::path::Path;

use divan::Bencher;
use kantata_sync::roster::{ParsedRoster, ReaderSettings};
use rust_xlsxwriter::Workbook;

const ROWS: u32 = 100_000;
const HEADER: [&str; 6] = ["project", "email", "role", "access_level", "team_lead", "name"];

fn main() {
    divan::main();
}

fn row(at: u32) -> [String; 6] {
    let (project, person) = (at / 5, at % 3_000);
    [
        format!("Project {project} of the sample"),
        format!("person.{person}@firm.example"),
        if at.is_multiple_of(5) { "buyer" } else { "maven" }.to_owned(),
        ["edit_tasks", "view_tasks", ""][at as usize % 3].to_owned(),
        String::new(),
        format!("Person {person} Lastname"),
    ]
}

fn csv() -> Vec<u8> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(HEADER).expect("memory");
    (0..ROWS).for_each(|at| csv.write_record(row(at)).expect("memory"));
    csv.into_inner().expect("memory")
}

fn xlsx() -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_row(0, 0, HEADER).expect("a row");
    for at in 0..ROWS {
        for (column, cell) in (0..).zip(row(at)).filter(|(_, cell)| !cell.is_empty()) {
            sheet.write(at + 1, column, cell).expect("a cell");
        }
    }
    workbook.save_to_buffer().expect("a workbook")
}

fn read(bytes: Vec<u8>, name: &str) -> usize {
    let settings = ReaderSettings { names: true, ..ReaderSettings::default() };
    let parsed = ParsedRoster::parse(bytes, Path::new(name), &settings).expect("sound");
    let known = parsed.as_spelled();
    parsed.settle(&known).desired.entries().len()
}

#[divan::bench(args = ["csv", "xlsx"], sample_count = 15, sample_size = 1)]
fn read_and_validate(bencher: Bencher, form: &str) {
    let bytes = if form == "csv" { csv() } else { xlsx() };
    bencher.with_inputs(|| bytes.clone()).bench_values(|bytes| {
        assert_eq!(read(bytes, form), ROWS as usize);
    });
}
