//! The rows of the table: printed, as JSON, and as a picture.

use std::path::Path;

use plotters::prelude::*;
use serde::Serialize;

use crate::measure::Figure;

/// What is promised of a row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// The value itself.
    AtLeast(f64),
    AtMost(f64),
    /// The value as a multiple of the floor's.
    OfFloorAtLeast(f64),
    OfFloorAtMost(f64),
    /// The same beside the peer.
    OfPeerAtLeast(f64),
    OfPeerAtMost(f64),
}

/// One thing that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    name: String,
    value: f64,
    unit: &'static str,
    /// Half the distance between the quartiles, as a part of the value.
    spread: f64,
    floor: Option<Beside>,
    peer: Option<Beside>,
    /// The value beside what the target is about: the floor, or else the peer.
    ratio: Option<f64>,
    target: Option<String>,
    met: Option<bool>,
    #[serde(flatten)]
    curve: Option<Curve>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// What the value is at each point of a range, whose last is the value of the row.
#[derive(Debug, Serialize)]
pub(crate) struct Curve {
    along: &'static str,
    points: Vec<(usize, f64)>,
}

#[derive(Debug, Serialize)]
struct Beside {
    name: String,
    value: f64,
}

impl Beside {
    fn of(figure: &Figure) -> Self {
        Self {
            name: figure.name.clone(),
            value: figure.median(),
        }
    }
}

impl Row {
    pub(crate) fn new(name: impl Into<String>, unit: &'static str, figure: &Figure) -> Self {
        Self {
            name: name.into(),
            value: figure.median(),
            unit,
            spread: figure.spread(),
            floor: None,
            peer: None,
            ratio: None,
            target: None,
            met: None,
            curve: None,
            note: None,
        }
    }

    /// A value that is the same however often it is measured.
    pub(crate) fn fixed(name: impl Into<String>, unit: &'static str, value: f64) -> Self {
        Self::new(name, unit, &Figure::of("", vec![value]))
    }

    /// The least possible.
    pub(crate) fn floor(mut self, figure: &Figure) -> Self {
        self.floor = Some(Beside::of(figure));
        self.ratio = Some(self.value / figure.median());
        self
    }

    /// What people use today.
    pub(crate) fn peer(mut self, figure: &Figure) -> Self {
        self.peer = Some(Beside::of(figure));
        let ratio = self.value / figure.median();
        self.ratio.get_or_insert(ratio);
        self
    }

    pub(crate) fn points(mut self, along: &'static str, points: Vec<(usize, f64)>) -> Self {
        self.curve = Some(Curve { along, points });
        self
    }

    pub(crate) fn note(mut self, text: impl Into<String>) -> Self {
        self.note = Some(text.into());
        self
    }

    /// What was promised. Said last: it is judged at once.
    pub(crate) fn target(mut self, target: Target) -> Self {
        let beside =
            |beside: &Option<Beside>| beside.as_ref().map(|beside| self.value / beside.value);
        let (of_floor, of_peer) = (beside(&self.floor), beside(&self.peer));
        let (text, figure, met) = match target {
            Target::AtLeast(least) => (
                format!("at least {} {}", number(least), self.unit),
                None,
                Some(self.value >= least),
            ),
            Target::AtMost(most) => (
                format!("at most {} {}", number(most), self.unit),
                None,
                Some(self.value <= most),
            ),
            Target::OfFloorAtLeast(least) => (
                format!("at least {least} of the floor"),
                of_floor,
                of_floor.map(|ratio| ratio >= least),
            ),
            Target::OfFloorAtMost(most) => (
                format!("at most {most} of the floor"),
                of_floor,
                of_floor.map(|ratio| ratio <= most),
            ),
            Target::OfPeerAtLeast(least) => (
                format!("at least {least} of the peer"),
                of_peer,
                of_peer.map(|ratio| ratio >= least),
            ),
            Target::OfPeerAtMost(most) => (
                format!("at most {most} of the peer"),
                of_peer,
                of_peer.map(|ratio| ratio <= most),
            ),
        };
        // A second target is about the same row: both have to be met.
        self.target = Some(match self.target.take() {
            Some(first) => format!("{first}; {text}"),
            None => text,
        });
        self.met = match (self.met, met) {
            (Some(first), Some(second)) => Some(first && second),
            (one, other) => one.or(other),
        };
        self.ratio = figure.or(self.ratio);
        self
    }

    fn cells(&self) -> [String; 7] {
        let beside = |beside: &Option<Beside>| {
            beside.as_ref().map_or_else(String::new, |beside| {
                format!("{} ({})", number(beside.value), beside.name)
            })
        };
        [
            self.name.clone(),
            format!(
                "{} {} ±{:.0} %",
                number(self.value),
                self.unit,
                self.spread * 100.0
            ),
            beside(&self.floor),
            beside(&self.peer),
            self.ratio
                .map_or_else(String::new, |ratio| format!("{ratio:.2}")),
            self.target.clone().unwrap_or_default(),
            match self.met {
                Some(true) => "yes".to_owned(),
                Some(false) => "NO".to_owned(),
                None => String::new(),
            },
        ]
    }
}

/// Three digits that count.
fn number(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

const HEAD: [&str; 7] = [
    "what", "median", "floor", "peer", "ratio", "promised", "met",
];

#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// The table, as Markdown reads it too.
    pub(crate) fn table(&self) -> String {
        let mut lines = vec![HEAD.map(str::to_owned)];
        lines.extend(self.rows.iter().map(Row::cells));
        let width = |column: usize| {
            let cells = lines.iter().map(|line| line[column].chars().count());
            cells.max().unwrap_or(0)
        };
        let widths: [usize; 7] = std::array::from_fn(width);
        let mut text = String::new();
        for (at, line) in lines.iter().enumerate() {
            for (cell, width) in line.iter().zip(widths) {
                text.push_str(&format!("| {cell:width$} "));
            }
            text.push_str("|\n");
            if at == 0 {
                for width in widths {
                    text.push_str(&format!("|{}", "-".repeat(width + 2)));
                }
                text.push_str("|\n");
            }
        }
        for note in self.rows.iter().filter_map(|row| {
            let note = row.note.as_ref()?;
            Some(format!("\n{}: {note}", row.name))
        }) {
            text.push_str(&note);
        }
        text
    }

    /// # Panics
    ///
    /// The file cannot be written.
    pub(crate) fn write_json(&self, path: &Path) {
        let text = serde_json::to_string_pretty(&self.rows).expect("rows are JSON");
        std::fs::write(path, text + "\n")
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// A bar for each row that has a floor or a peer: how far from it, 1 = the same.
    ///
    /// # Panics
    ///
    /// The file cannot be written.
    pub(crate) fn write_svg(&self, path: &Path) {
        let rows: Vec<(&Row, f64)> = self
            .rows
            .iter()
            .filter_map(|row| Some((row, row.ratio?)))
            .collect();
        let height = 24 * rows.len() as u32 + 70;
        let area = SVGBackend::new(path, (980, height)).into_drawing_area();
        draw(&area, &rows).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw(area: &Area<'_>, rows: &[(&Row, f64)]) -> Result<(), Box<dyn std::error::Error>> {
    area.fill(&WHITE)?;
    let most = rows
        .iter()
        .fold(10.0_f64, |most, &(_, ratio)| most.max(ratio));
    let least = rows
        .iter()
        .fold(0.1_f64, |least, &(_, ratio)| least.min(ratio));
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .x_label_area_size(40)
        .build_cartesian_2d(
            (least / 1.2..most * 1.2).log_scale(),
            0.0..rows.len() as f64,
        )?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_desc("beside the floor, or where there is none beside the peer")
        .draw()?;
    for (at, &(row, ratio)) in rows.iter().enumerate() {
        let y = (rows.len() - at) as f64;
        let colour = match row.met {
            Some(true) => RGBColor(60, 140, 80),
            Some(false) => RGBColor(200, 60, 50),
            None => RGBColor(120, 120, 120),
        };
        let bar = [(1.0, y - 0.85), (ratio, y - 0.15)];
        chart.draw_series([Rectangle::new(bar, colour.filled())])?;
        let text = format!("{}  {ratio:.2}", row.name);
        let style = ("sans-serif", 13).into_font().color(&BLACK);
        chart.draw_series([Text::new(text, (least / 1.15, y - 0.3), style)])?;
    }
    area.present()?;
    Ok(())
}
