//! The table.

use std::fmt::Write as _;

use crate::chart::{Chart, bars};
use crate::rounds::{Race, Ratio, Spread};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Holds,
    Broken,
    /// The baseline was not steady.
    NoConclusion,
    /// The row has no bound.
    Told,
}

/// The aim of a figure, and its bound: `--check` fails if the bound is exceeded. They differ if the
/// aim was missed; `tail.md` contains the reason.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    aim: f64,
    bound: f64,
}

impl Limit {
    /// The bound is the aim.
    pub const fn at(aim: f64) -> Self {
        Self { aim, bound: aim }
    }

    /// The aim is missed, and the bound is larger.
    pub const fn above(aim: f64, bound: f64) -> Self {
        Self { aim, bound }
    }

    /// Returns aim and bound, relative to a baseline.
    pub fn plus(self, baseline: f64) -> Self {
        Self { aim: baseline + self.aim, bound: baseline + self.bound }
    }

    fn text(self) -> [String; 2] {
        [self.aim, self.bound].map(|most| format!("<= {most}"))
    }
}

/// One figure.
pub struct Row {
    pub figure: String,
    pub measured: String,
    pub baseline: String,
    /// Texts of aim and bound.
    pub limit: [String; 2],
    pub aim_missed: bool,
    pub verdict: Verdict,
    /// The multiple of a rival's time, and the rival.
    pub against: Option<(f64, String)>,
}

impl Row {
    /// Creates a row with an exact count.
    pub fn count(figure: &str, measured: usize, limit: Limit, baseline: impl Into<String>) -> Self {
        let value = measured as f64;
        let verdict = if value <= limit.bound { Verdict::Holds } else { Verdict::Broken };
        Self {
            figure: figure.to_owned(),
            measured: measured.to_string(),
            baseline: baseline.into(),
            limit: limit.text(),
            aim_missed: value > limit.aim,
            verdict,
            against: None,
        }
    }

    /// Creates a row with the time of `name` as a multiple of `baseline`.
    pub fn ratio(figure: &str, race: &Race, name: &str, baseline: &str, limit: Limit) -> Self {
        Self::multiple(figure, race.ratio(name, baseline), baseline, limit)
    }

    /// Creates a row with a ratio, the name of the baseline, and the limit.
    pub fn multiple(figure: &str, ratio: Ratio, baseline: &str, limit: Limit) -> Self {
        let median = ratio.spread.median;
        let verdict = match median <= limit.bound {
            _ if !ratio.steady => Verdict::NoConclusion,
            true => Verdict::Holds,
            false => Verdict::Broken,
        };
        Self {
            figure: figure.to_owned(),
            measured: format!("{}; quiet {:.2} x", times(ratio.spread), ratio.quiet),
            baseline: format!("{baseline}: {}", duration(ratio.baseline.median)),
            limit: limit.text().map(|text| text + " x"),
            aim_missed: median > limit.aim,
            verdict,
            against: Some((median, baseline.to_owned())),
        }
    }

    pub fn told(figure: &str, measured: impl Into<String>, baseline: impl Into<String>) -> Self {
        Self {
            figure: figure.to_owned(),
            measured: measured.into(),
            baseline: baseline.into(),
            limit: ["-".to_owned(), "-".to_owned()],
            aim_missed: false,
            verdict: Verdict::Told,
            against: None,
        }
    }

    /// A multiple of a rival's time that has no bound.
    pub fn told_ratio(figure: &str, ratio: Ratio, rival: &str) -> Self {
        let against = Some((ratio.spread.median, rival.to_owned()));
        Self { against, ..Self::told(figure, times(ratio.spread), rival) }
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
        long if long < 1e10 => format!("{:.2} ms", long / 1e6),
        longest => format!("{:.1} s", longest / 1e9),
    }
}

/// Rows that are measured together, and again if one of them breaks its bound.
#[derive(Default)]
pub struct Section {
    pub title: &'static str,
    /// The name on the command line.
    pub name: &'static str,
    pub rows: Vec<Row>,
    /// A table below the rows.
    pub table: Option<String>,
    pub charts: Vec<Chart>,
}

/// The rows by the result of their aims.
#[derive(Default)]
pub struct Aims<'a> {
    reached: Vec<&'a Row>,
    missed: Vec<&'a Row>,
    unknown: Vec<&'a Row>,
}

impl<'a> Aims<'a> {
    pub fn of(sections: &'a [Section]) -> Self {
        let mut aims = Self::default();
        for row in sections.iter().flat_map(|section| &section.rows) {
            match row.verdict {
                Verdict::Told => {}
                Verdict::NoConclusion => aims.unknown.push(row),
                Verdict::Holds | Verdict::Broken if row.aim_missed => aims.missed.push(row),
                Verdict::Holds | Verdict::Broken => aims.reached.push(row),
            }
        }
        aims
    }

    /// Returns all figures, the missed ones first.
    pub fn markdown(&self) -> String {
        let Self { reached, missed, unknown } = self;
        let mut out = format!(
            "## Aims\n\n{} aims are reached, {} are missed, {} are inconclusive.\n\n",
            reached.len(),
            missed.len(),
            unknown.len(),
        );
        out.push_str("| figure | | measured | baseline or rival | aim | bound |\n");
        out.push_str("|---|---|---|---|---|---|\n");
        for (rows, what) in
            [(missed, "missed"), (unknown, "baseline unsteady"), (reached, "reached")]
        {
            for Row { figure, measured, baseline, limit: [aim, bound], .. } in rows {
                let _ = writeln!(
                    out,
                    "| {figure} | {what} | {measured} | {baseline} | {aim} | {bound} |"
                );
            }
        }
        out
    }

    /// One line for each figure whose bound is not its aim.
    pub fn where_bound_is_not_aim(&self) -> String {
        let mut out = String::new();
        for (rows, what) in [(&self.missed, "missed"), (&self.reached, "reached")] {
            for Row { figure, measured, limit: [aim, bound], .. } in rows {
                if aim != bound {
                    let _ = writeln!(out, "{figure}: aim {aim} {what}: {measured}; bound {bound}");
                }
            }
        }
        out
    }
}

impl Section {
    pub fn is_broken(&self) -> bool {
        self.rows.iter().any(|row| row.verdict == Verdict::Broken)
    }

    /// Returns the number of rows that exceed their bound, and of inconclusive rows.
    pub fn doubts(&self) -> (usize, usize) {
        let count = |verdict| self.rows.iter().filter(|row| row.verdict == verdict).count();
        (count(Verdict::Broken), count(Verdict::NoConclusion))
    }

    pub fn markdown(&self) -> String {
        let mut out = format!("### {}\n\n`cargo xtask bench {}`\n\n", self.title, self.name);
        out.push_str("| figure | measured | baseline or rival | aim | bound | |\n");
        out.push_str("|---|---|---|---|---|---|\n");
        for row in &self.rows {
            let verdict = match row.verdict {
                Verdict::Holds if row.aim_missed => "bound holds, aim missed",
                Verdict::Holds => "holds",
                Verdict::Broken => "**broken**",
                Verdict::NoConclusion => "baseline unsteady, no conclusion",
                Verdict::Told => "",
            };
            let Row { figure, measured, baseline, limit: [aim, bound], .. } = row;
            let _ = writeln!(
                out,
                "| {figure} | {measured} | {baseline} | {aim} | {bound} | {verdict} |"
            );
        }
        if let Some(table) = &self.table {
            let _ = write!(out, "\n{table}");
        }
        for chart in &self.charts {
            let _ = write!(out, "\n{}", chart.markdown());
        }
        out
    }
}

/// Rivals. Other baselines are the client itself with other settings.
const RIVALS: [&str; 7] = [
    "bare ureq, best settings",
    "reqwest::blocking",
    "reqwest, async, `buffered(8)`",
    "naive",
    "plain derived struct",
    "ring, webpki and md5 by hand",
    "program-bare",
];

/// The times of all sections against those of rivals, without those whose baseline was unsteady.
pub fn rivals(sections: &[Section]) -> Option<Chart> {
    let rows = sections.iter().flat_map(|section| &section.rows);
    let against = rows.filter_map(|row| {
        let (ratio, rival) = row.against.as_ref()?;
        if row.verdict == Verdict::NoConclusion {
            return None;
        }
        RIVALS.contains(&rival.as_str()).then_some((row, *ratio, rival))
    });
    let mut table = "| figure | rival | multiple of the rival |\n|---|---|---|\n".to_owned();
    let mut shown = Vec::new();
    for (row, ratio, rival) in against {
        let _ = writeln!(table, "| {} | {rival} | {ratio:.2} |", row.figure);
        shown.push((format!("{}, against {rival}", row.figure), ratio));
    }
    if shown.is_empty() {
        return None;
    }
    let title = "Times against rivals".to_owned();
    let svg = bars(
        &title,
        "A bar is the time of a client as a multiple of the time of a rival that does the same work. \
         Below 1 the client takes less time.",
        "multiple of the rival's time; less is better",
        &shown,
    );
    Some(Chart { file: "rivals", title, svg, table })
}

/// All contenders of a race beside each other.
pub fn contenders(race: &Race, baseline: &str) -> String {
    let mut out =
        format!("| contender | time | p10 to p90 | x {baseline} | allocations | bytes |\n");
    out.push_str("|---|---|---|---|---|---|\n");
    for name in &race.names {
        let (time, ratio, counts) =
            (race.spread(name), race.ratio(name, baseline), race.counts(name));
        let _ = writeln!(
            out,
            "| {name} | {} | {} to {} | {:.2} | {} | {} |",
            duration(time.median),
            duration(time.p10),
            duration(time.p90),
            ratio.spread.median,
            counts.allocations,
            counts.bytes,
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(rows: Vec<Row>) -> Section {
        Section { title: "T", name: "t", rows, ..Section::default() }
    }

    #[test]
    fn a_row_is_reached_or_missed_or_broken() {
        let unsteady = Ratio::of(&[1.0, 9.0, 9.0, 9.0], &[9.0; 4]);
        let rows = vec![
            Row::count("reached", 5, Limit::at(5.0), "5"),
            Row::count("missed", 7, Limit::above(5.0, 8.0), "5"),
            Row::count("broken", 9, Limit::above(5.0, 8.0), "5"),
            Row::multiple("unsteady", unsteady, "baseline", Limit::at(1.0)),
            Row::told("told", "x", "y"),
        ];
        let sections = [section(rows)];
        assert!(sections[0].is_broken());
        assert_eq!(sections[0].doubts(), (1, 1));
        let aims = Aims::of(&sections);
        let names = |rows: &[&Row]| rows.iter().map(|row| row.figure.clone()).collect::<Vec<_>>();
        assert_eq!(names(&aims.reached), ["reached"]);
        assert_eq!(names(&aims.missed), ["missed", "broken"]);
        assert_eq!(names(&aims.unknown), ["unsteady"]);
        let lines = aims.where_bound_is_not_aim();
        assert_eq!(lines.lines().next(), Some("missed: aim <= 5 missed: 7; bound <= 8"));
        assert_eq!(lines.lines().count(), 2);
    }
}
