//! Talking to Kantata: two traits (reading, writing), and one client that is the only door.

mod settings;

pub use settings::HttpSettings;
