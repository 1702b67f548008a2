//! A place for a progress bar that never blocks: a frame that cannot be shown is left out.

use std::{
    io,
    sync::{Mutex, PoisonError},
};

use indicatif::{ProgressDrawTarget, TermLike};

use super::TALK;

/// Frames a second.
const RATE: u8 = 20;
/// Where the terminal does not tell its own.
const WIDTH: u16 = 80;

/// Collects a frame until it is whole.
#[derive(Debug, Default)]
struct Canvas {
    frame: Mutex<String>,
}

impl Canvas {
    fn put(&self, text: &str) -> io::Result<()> {
        self.frame.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
        Ok(())
    }

    fn step(&self, by: usize, direction: char) -> io::Result<()> {
        if by > 0 { self.put(&format!("\u{1b}[{by}{direction}")) } else { Ok(()) }
    }
}

impl TermLike for Canvas {
    fn width(&self) -> u16 {
        terminal_size::terminal_size_of(io::stderr()).map_or(WIDTH, |(width, _)| width.0)
    }

    fn move_cursor_up(&self, by: usize) -> io::Result<()> {
        self.step(by, 'A')
    }

    fn move_cursor_down(&self, by: usize) -> io::Result<()> {
        self.step(by, 'B')
    }

    fn move_cursor_right(&self, by: usize) -> io::Result<()> {
        self.step(by, 'C')
    }

    fn move_cursor_left(&self, by: usize) -> io::Result<()> {
        self.step(by, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.put(&format!("{text}\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.put(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.put("\r\u{1b}[2K")
    }

    fn flush(&self) -> io::Result<()> {
        let frame = std::mem::take(&mut *self.frame.lock().unwrap_or_else(PoisonError::into_inner));
        if !frame.is_empty() {
            TALK.queue.push_if_idle(frame.into_bytes());
        }
        Ok(())
    }
}

/// Where bars are drawn.
#[must_use]
pub fn draw_target() -> ProgressDrawTarget {
    ProgressDrawTarget::term_like_with_hz(Box::new(Canvas::default()), RATE)
}

/// Takes away what a frame may have left: the last one may have been left out.
pub fn clear_bar() {
    TALK.queue.push(b"\r\x1b[2K".to_vec());
}
