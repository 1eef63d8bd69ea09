//! Charts as SVG: lines over an axis of amounts, and bars. Colors follow the reader's choice of light
//! or dark; texts have the color of the document.

use std::fmt::Write as _;

/// A chart of the page, and its numbers as a table.
pub struct Chart {
    /// The name of the file without extension.
    pub file: &'static str,
    pub title: String,
    pub svg: String,
    pub table: String,
}

impl Chart {
    /// The image and the table. The page is in the parent folder of the images.
    pub fn markdown(&self) -> String {
        let Self { file, title, table, .. } = self;
        format!("![{title}](performance/{file}.svg)\n\n{table}")
    }
}

/// The scale of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// From zero.
    Linear,
    Log,
}

/// An axis: its label with the unit, and the format of values.
#[derive(Clone, Copy)]
pub struct Axis {
    pub label: &'static str,
    pub scale: Scale,
    pub text: fn(f64) -> String,
}

/// Points that a line connects.
pub struct Line {
    pub name: String,
    pub points: Vec<(f64, f64)>,
    /// For comparison, not measured.
    pub dashed: bool,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 60.0;

const STYLE: &str = "\
svg { color: #1f2328; --line: #0969da; --other: #9a6700; --grid: #d1d9e0; }
@media (prefers-color-scheme: dark) {
svg { color: #e6edf3; --line: #4493f8; --other: #d29922; --grid: #3d444d; }
}
text { fill: currentColor; font: 13px sans-serif; }
.title { font-size: 15px; font-weight: bold; }
.middle { text-anchor: middle; }
.end { text-anchor: end; }
.grid { stroke: var(--grid); }
.axis { stroke: currentColor; }
.line { stroke: var(--line); stroke-width: 2; fill: none; }
.dashed { stroke: var(--other); stroke-width: 2; stroke-dasharray: 6 4; fill: none; }
.point { fill: var(--line); }
.slower { fill: var(--other); }
";

/// The range of an axis, and its marks.
struct Range {
    scale: Scale,
    low: f64,
    high: f64,
}

impl Range {
    fn of(scale: Scale, values: impl Iterator<Item = f64> + Clone) -> Self {
        let high = values.clone().fold(f64::MIN, f64::max);
        let low = values.fold(f64::MAX, f64::min);
        match scale {
            Scale::Linear => Self { scale, low: 0.0, high: round_up(high) },
            Scale::Log => {
                let (low, high) = (10_f64.powf(low.log10().floor()), high.log10().ceil());
                Self { scale, low, high: 10_f64.powf(high).max(low * 10.0) }
            }
        }
    }

    /// From the minimum to the maximum of the values.
    fn between(scale: Scale, values: &[f64]) -> Self {
        let low = values.iter().copied().fold(f64::MAX, f64::min);
        let high = values.iter().copied().fold(f64::MIN, f64::max);
        Self { scale, low, high }
    }

    /// Returns the position of a value, from 0 to 1.
    fn place(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log => (value / self.low).log10() / (self.high / self.low).log10(),
        }
    }

    fn marks(&self) -> Vec<f64> {
        match self.scale {
            Scale::Linear => (0..=4_u8).map(|part| self.high * f64::from(part) / 4.0).collect(),
            Scale::Log => {
                let decades = (self.high / self.low).log10().round() as i32;
                (0..=decades).map(|decade| self.low * 10_f64.powi(decade)).collect()
            }
        }
    }
}

/// The next of 1, 2, 4 and 8 times a power of ten: its quarters are short to write.
fn round_up(value: f64) -> f64 {
    let decade = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 4.0, 8.0, 10.0];
    decade * steps.into_iter().find(|step| decade * step >= value).unwrap_or(10.0)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('`', "")
}

fn begin(height: f64, title: &str, description: &str) -> String {
    let (title, description) = (escaped(title), escaped(description));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-labelledby=\"title description\">\n\
         <title id=\"title\">{title}</title>\n<desc id=\"description\">{description}</desc>\n\
         <style>\n{STYLE}</style>\n<text class=\"title\" x=\"16\" y=\"26\">{title}</text>\n"
    )
}

fn text(class: &str, x: f64, y: f64, text: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>\n", escaped(text))
}

fn stroke(class: &str, from: (f64, f64), to: (f64, f64)) -> String {
    let ((x1, y1), (x2, y2)) = (from, to);
    format!(
        "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>\n"
    )
}

/// Lines over the amounts of the first line, each of which has a mark. The first line's points have
/// their values beside them.
pub fn lines(title: &str, description: &str, x: Axis, y: Axis, lines: &[Line]) -> String {
    let points = || lines.iter().flat_map(|line| &line.points);
    let amounts: Vec<f64> = lines[0].points.iter().map(|point| point.0).collect();
    let across = Range::between(x.scale, &amounts);
    let up = Range::of(y.scale, points().map(|point| point.1));
    let at_x = |value| LEFT + across.place(value) * (WIDTH - LEFT - RIGHT - 30.0) + 15.0;
    let at_y = |value| HEIGHT - BOTTOM - up.place(value) * (HEIGHT - TOP - BOTTOM);

    let mut out = begin(HEIGHT, title, description);
    for mark in up.marks() {
        out += &stroke("grid", (LEFT, at_y(mark)), (WIDTH - RIGHT, at_y(mark)));
        out += &text("end", LEFT - 8.0, at_y(mark) + 4.0, &(y.text)(mark));
    }
    let floor = HEIGHT - BOTTOM;
    out += &stroke("axis", (LEFT, floor), (WIDTH - RIGHT, floor));
    out += &stroke("axis", (LEFT, TOP), (LEFT, floor));
    for amount in &amounts {
        out += &stroke("axis", (at_x(*amount), floor), (at_x(*amount), floor + 5.0));
        out += &text("middle", at_x(*amount), floor + 20.0, &(x.text)(*amount));
    }
    out += &text("middle", (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 14.0, &axis_label(x));
    let middle = (TOP + floor) / 2.0;
    let _ = writeln!(
        out,
        "<text class=\"middle\" x=\"18\" y=\"{middle:.1}\" transform=\"rotate(-90 18 {middle:.1})\">{}</text>",
        escaped(&axis_label(y)),
    );
    let mut legend = LEFT;
    for line in lines {
        let class = if line.dashed { "dashed" } else { "line" };
        let places: Vec<String> =
            line.points.iter().map(|(x, y)| format!("{:.1},{:.1}", at_x(*x), at_y(*y))).collect();
        let _ = writeln!(out, "<polyline class=\"{class}\" points=\"{}\"/>", places.join(" "));
        out += &stroke(class, (legend, 46.0), (legend + 28.0, 46.0));
        out += &text("", legend + 34.0, 50.0, &line.name);
        legend += 60.0 + 7.0 * line.name.len() as f64;
    }
    for (x, value) in &lines[0].points {
        let (x, place) = (at_x(*x), at_y(*value));
        let _ = writeln!(out, "<circle class=\"point\" cx=\"{x:.1}\" cy=\"{place:.1}\" r=\"4\"/>");
        out += &text("middle", x, place - 9.0, &(y.text)(*value));
    }
    out + "</svg>\n"
}

fn axis_label(axis: Axis) -> String {
    match axis.scale {
        Scale::Linear => axis.label.to_owned(),
        Scale::Log => format!("{}, log scale", axis.label),
    }
}

/// A bar for each name, from zero, with a line at 1.
pub fn bars(title: &str, description: &str, label: &str, bars: &[(String, f64)]) -> String {
    const STEP: f64 = 40.0;
    let height = 60.0 + STEP * bars.len() as f64 + 54.0;
    let most = bars.iter().map(|bar| bar.1).fold(1.0, f64::max);
    let marks = (most * 4.0).ceil() as u32;
    let right = WIDTH - 80.0;
    let at = |value: f64| 16.0 + value / (f64::from(marks) / 4.0) * (right - 16.0);
    let floor = height - 50.0;

    let mut out = begin(height, title, description);
    for mark in 0..=marks {
        let value = f64::from(mark) / 4.0;
        let class = if mark == 4 { "axis" } else { "grid" };
        out += &stroke(class, (at(value), 44.0), (at(value), floor));
        out += &text("middle", at(value), floor + 18.0, &format!("{value}"));
    }
    for (index, (name, value)) in bars.iter().enumerate() {
        let top = 50.0 + STEP * index as f64;
        out += &text("", 20.0, top + 12.0, name);
        let class = if *value > 1.0 { "slower" } else { "point" };
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"16\" y=\"{:.1}\" width=\"{:.1}\" height=\"14\"/>",
            top + 17.0,
            at(*value) - 16.0,
        );
        out += &text("", at(*value) + 6.0, top + 29.0, &format!("{value:.2}"));
    }
    out += &text("middle", (16.0 + right) / 2.0, height - 12.0, label);
    out + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_axis_marks_decades_and_a_linear_one_quarters() {
        let log = Range::of(Scale::Log, [0.2, 10.0].into_iter());
        let marks: Vec<String> = log.marks().iter().map(|mark| format!("{mark:.1}")).collect();
        assert_eq!(marks, ["0.1", "1.0", "10.0"]);
        assert!((log.place(1.0) - 0.5).abs() < 1e-9);
        let linear = Range::of(Scale::Linear, [300.0, 3500.0].into_iter());
        assert_eq!(linear.marks(), [0.0, 1000.0, 2000.0, 3000.0, 4000.0]);
        assert_eq!(linear.place(1000.0), 0.25);
    }

    #[test]
    fn a_chart_names_its_axes_and_adapts_to_dark() {
        let axis = Axis { label: "time in s", scale: Scale::Log, text: |value| value.to_string() };
        let line =
            Line { name: "a < b".into(), points: vec![(1.0, 2.0), (4.0, 1.0)], dashed: false };
        let svg = lines("Title & more", "What it shows", axis, axis, &[line]);
        for part in [
            "<title id=\"title\">Title &amp; more</title>",
            "<desc id=\"description\">What it shows</desc>",
            "prefers-color-scheme: dark",
            "currentColor",
            "time in s, log scale",
            "a &lt; b",
        ] {
            assert!(svg.contains(part), "{part}");
        }
    }

    #[test]
    fn a_bar_above_one_is_shown_as_slower() {
        let svg = bars("T", "D", "multiple", &[("quick".into(), 0.5), ("slow".into(), 1.2)]);
        assert_eq!(svg.matches("<rect class=\"point\"").count(), 1);
        assert_eq!(svg.matches("<rect class=\"slower\"").count(), 1);
        assert!(svg.contains(">1.20</text>"));
    }
}
