//! The program as its users meet it: the binary in a process of its own, the sandbox over HTTP.

mod apply;
mod doctor;
mod export;
mod guard;
mod harness;
mod input;
mod interruption;
mod offline;
mod ownership;
mod past;
mod place;
mod plan;
mod readme;
mod roster;
mod secret;
mod server;
mod trust;
mod undo;
