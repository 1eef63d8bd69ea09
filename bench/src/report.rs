//! The table.

use std::fmt::Write as _;

use crate::rounds::{Race, Spread};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Holds,
    Broken,
    /// The floor was not steady.
    NoConclusion,
    /// Has no bound of its own.
    Told,
}

/// One figure.
pub struct Row {
    pub figure: String,
    pub measured: String,
    pub floor: String,
    pub bound: String,
    pub verdict: Verdict,
}

impl Row {
    /// A count that does not jitter.
    pub fn count(figure: &str, measured: usize, most: usize, floor: impl Into<String>) -> Self {
        let verdict = if measured <= most { Verdict::Holds } else { Verdict::Broken };
        Self {
            figure: figure.to_owned(),
            measured: measured.to_string(),
            floor: floor.into(),
            bound: format!("<= {most}"),
            verdict,
        }
    }

    /// `name` as a multiple of `floor`, and what it may be at most.
    pub fn ratio(figure: &str, race: &Race, name: &str, floor: &str, most: f64) -> Self {
        let (ratio, floor_time) = (race.ratio(name, floor), race.spread(floor));
        let verdict = match ratio.median <= most {
            _ if !floor_time.is_steady() => Verdict::NoConclusion,
            true => Verdict::Holds,
            false => Verdict::Broken,
        };
        Self {
            figure: figure.to_owned(),
            measured: times(ratio),
            floor: format!("{floor}: {}", duration(floor_time.median)),
            bound: format!("<= {most:.2} x"),
            verdict,
        }
    }

    pub fn told(figure: &str, measured: impl Into<String>, floor: impl Into<String>) -> Self {
        Self {
            figure: figure.to_owned(),
            measured: measured.into(),
            floor: floor.into(),
            bound: "-".to_owned(),
            verdict: Verdict::Told,
        }
    }
}

/// A ratio with its spread.
pub fn times(ratio: Spread) -> String {
    format!("{:.2} x ({:.2} to {:.2})", ratio.median, ratio.p10, ratio.p90)
}

pub fn duration(nanoseconds: f64) -> String {
    match nanoseconds {
        short if short < 1e3 => format!("{short:.0} ns"),
        middle if middle < 1e6 => format!("{:.1} us", middle / 1e3),
        long => format!("{:.2} ms", long / 1e6),
    }
}

/// Rows that are measured together, and again if one of them breaks its bound.
pub struct Section {
    pub title: &'static str,
    /// What selects it on the command line.
    pub name: &'static str,
    pub rows: Vec<Row>,
    /// What is worth reading beside the rows.
    pub table: Option<String>,
}

impl Section {
    pub fn is_broken(&self) -> bool {
        self.rows.iter().any(|row| row.verdict == Verdict::Broken)
    }

    pub fn markdown(&self) -> String {
        let mut out = format!("### {}\n\n`cargo xtask bench {}`\n\n", self.title, self.name);
        out.push_str("| figure | measured | floor or rival | bound | |\n|---|---|---|---|---|\n");
        for row in &self.rows {
            let verdict = match row.verdict {
                Verdict::Holds => "holds",
                Verdict::Broken => "**missed**",
                Verdict::NoConclusion => "floor unsteady, no conclusion",
                Verdict::Told => "",
            };
            let Row { figure, measured, floor, bound, .. } = row;
            let _ = writeln!(out, "| {figure} | {measured} | {floor} | {bound} | {verdict} |");
        }
        if let Some(table) = &self.table {
            let _ = write!(out, "\n{table}");
        }
        out
    }
}

/// All contenders of a race beside each other.
pub fn contenders(race: &Race, floor: &str) -> String {
    let mut out = format!("| contender | time | p10 to p90 | x {floor} | allocations | bytes |\n");
    out.push_str("|---|---|---|---|---|---|\n");
    for name in &race.names {
        let (time, ratio, counts) =
            (race.spread(name), race.ratio(name, floor), race.counts(name));
        let _ = writeln!(
            out,
            "| {name} | {} | {} to {} | {:.2} | {} | {} |",
            duration(time.median),
            duration(time.p10),
            duration(time.p90),
            ratio.median,
            counts.allocations,
            counts.bytes,
        );
    }
    out
}
