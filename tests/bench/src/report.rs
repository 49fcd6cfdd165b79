//! The rows of the table: printed, and as JSON.

use std::path::Path;

use serde::Serialize;

use crate::measure::Figure;
use crate::picture;

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
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    /// Half the distance between the quartiles, as a part of the value.
    spread: f64,
    floor: Option<Beside>,
    peer: Option<Beside>,
    /// The value beside what the target is about: the floor, or else the peer.
    ratio: Option<f64>,
    target: Option<String>,
    pub(crate) met: Option<bool>,
    #[serde(flatten)]
    pub(crate) curve: Option<Curve>,
    #[serde(skip)]
    pub(crate) judged: Option<Judged>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// What the value is at each point of a range, whose last is the value of the row.
#[derive(Debug, Serialize)]
pub(crate) struct Curve {
    pub(crate) along: &'static str,
    pub(crate) points: Vec<(usize, f64)>,
}

/// What the picture shows of a target.
#[derive(Debug)]
pub(crate) struct Judged {
    /// How much of what is allowed is used: up to 1 the target is met.
    pub(crate) used: f64,
    pub(crate) text: String,
}

#[derive(Debug, Serialize)]
struct Beside {
    name: String,
    value: f64,
}

impl Beside {
    fn of(figure: &Figure) -> Self {
        Self {
            name: figure.name.to_owned(),
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
            judged: None,
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
        let (figure, least, bound, of) = match target {
            Target::AtLeast(bound) => (Some(self.value), true, bound, None),
            Target::AtMost(bound) => (Some(self.value), false, bound, None),
            Target::OfFloorAtLeast(bound) => (of_floor, true, bound, Some("the floor")),
            Target::OfFloorAtMost(bound) => (of_floor, false, bound, Some("the floor")),
            Target::OfPeerAtLeast(bound) => (of_peer, true, bound, Some("the peer")),
            Target::OfPeerAtMost(bound) => (of_peer, false, bound, Some("the peer")),
        };
        let word = if least { "at least" } else { "at most" };
        let promised = match of {
            Some(of) => format!("{word} {bound} of {of}"),
            None => format!("{word} {bound} {}", self.unit),
        };
        if let Some(figure) = figure {
            let used = match least {
                true => bound / figure,
                // Of nothing allowed, too.
                false if figure == 0.0 => 0.0,
                false => figure / bound,
            };
            self.met = Some(used <= 1.0);
            self.judged = Some(Judged {
                used,
                text: format!("{}, {promised}", number(figure)),
            });
        }
        if of.is_some() {
            self.ratio = figure.or(self.ratio);
        }
        self.target = Some(promised);
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
        0.0 => "0".to_owned(),
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

    /// # Panics
    ///
    /// The file cannot be written.
    pub(crate) fn write_svg(&self, path: &Path) {
        picture::draw(path, &self.rows)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}
