//! Whole runs under every fault, from thousands of seeds; a failing seed prints how to replay it.

use kantata_sync::simulation::{Simulation, simulate};

#[test]
fn simulation_of_two_thousand_seeds_breaks_no_promise() {
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let simulation = Simulation { first_seed: 0, seeds: 2_000, faults: None, threads };
    let tally = simulate(&simulation);
    let broken: Vec<String> = tally.violations.iter().map(ToString::to_string).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
    assert_eq!(tally.seeds, 2_000);
    assert!(tally.faults > 10_000, "hardly anything went wrong: {tally:?}");
    let errands = [tally.approved, tally.adoptions, tally.undos];
    assert!(errands.iter().all(|runs| *runs > 100), "hardly any errands: {tally:?}");
    let beside = [tally.plan_files, tally.killed, tally.kept_out];
    assert!(beside.iter().all(|runs| *runs > 100), "hardly anything beside them: {tally:?}");
    let by_name = [tally.named, tally.renamed, tally.foreseen];
    assert!(by_name.iter().all(|count| *count > 500), "hardly anything by name: {tally:?}");
    assert_eq!(tally.disk.len(), 5, "not every fault of the disk was met: {:?}", tally.disk);
    assert!(tally.disk.values().all(|met| *met > 20), "the disk hardly failed: {:?}", tally.disk);
    assert!(tally.restored > 1_000, "hardly anything was given back: {tally:?}");
}
