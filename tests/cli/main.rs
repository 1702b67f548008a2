//! The program as its users meet it: the binary in a process of its own, the sandbox over HTTP.

mod absence;
mod apply;
mod doctor;
mod export;
mod freeze;
mod guard;
mod harness;
mod input;
mod interruption;
mod offline;
mod ownership;
mod past;
mod place;
mod plan;
mod protection;
mod readme;
mod recheck;
mod replacement;
mod roster;
mod secret;
mod server;
mod shown;
mod stuck;
mod talk;
mod trust;
mod undo;
