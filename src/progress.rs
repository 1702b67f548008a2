//! What a run is doing, on stderr: a bar on a terminal, a log line for each phase otherwise.

use std::{fmt, time::Duration};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::{api::Waits, event::Event, plan::Stage, talk};

/// Follows the events of a run.
#[derive(Debug)]
pub struct Progress {
    terminal: bool,
    bar: Option<ProgressBar>,
    waits: Waits,
}

const fn words(stage: Stage) -> &'static str {
    match stage {
        Stage::Create => "creates",
        Stage::Promote => "lead promotions",
        Stage::Update => "updates",
        Stage::Demote => "lead demotions",
        Stage::Delete => "deletes and replacements",
    }
}

impl Progress {
    /// A follower; `terminal` draws bars.
    #[must_use]
    pub fn new(terminal: bool) -> Self {
        Self { terminal, bar: None, waits: Waits::default() }
    }

    /// Shows what these requests wait for from now on.
    pub fn follow(&mut self, waits: Waits) {
        self.waits = waits;
    }

    /// Takes one event.
    pub fn take(&mut self, event: Event) {
        match event {
            Event::ListingStarted { workspaces } => self.begin("projects listed", workspaces),
            Event::StageStarted { stage, actions } => self.begin(words(stage), actions),
            Event::WorkspaceListed => self.advance(1),
            Event::ActionsDone { actions } => self.advance(actions),
        }
    }

    fn begin(&mut self, what: &'static str, total: usize) {
        self.finish();
        if !self.terminal {
            tracing::info!(total, "{what}");
            return;
        }
        // Not drawn on stderr by itself: a terminal that stands still must not hold the run.
        let bar = ProgressBar::with_draw_target(Some(total as u64), talk::draw_target())
            .with_message(what);
        let template = "{msg} {bar:20} {pos}/{len} {per_sec} eta {eta}  {waits}";
        let waits = self.waits.clone();
        let shown = move |_: &ProgressState, out: &mut dyn fmt::Write| {
            let _never_fails = out.write_str(&waits.words());
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key("waits", shown));
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        self.bar = Some(bar);
    }

    fn advance(&mut self, by: usize) {
        if let Some(bar) = &self.bar {
            bar.inc(by as u64);
        }
    }

    /// Takes the bar away.
    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
            talk::clear_bar();
        }
    }
}
