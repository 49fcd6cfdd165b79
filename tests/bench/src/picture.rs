//! The picture: a bar for every promise, and a curve for every range.

use std::error::Error;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::report::{Curve, Judged, Row};

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Done = Result<(), Box<dyn Error>>;

/// As wide as a README is shown.
const WIDTH: u32 = 900;
const HEAD: u32 = 44;
const LINE: u32 = 22;
const CHART: u32 = 180;
const ACROSS: usize = 3;

/// Where the columns are: names end, bars begin and end, figures begin.
const NAMES: i32 = 336;
const BARS: (i32, i32) = (346, 596);
const FIGURES: i32 = 606;

/// The longest bar: what is worse than that is cut off.
const MOST: f64 = 1.6;

const KEPT: RGBColor = RGBColor(60, 130, 90);
const BROKEN: RGBColor = RGBColor(200, 60, 40);
const GREY: RGBColor = RGBColor(110, 110, 110);

/// # Errors
///
/// The file cannot be written.
pub(crate) fn draw(path: &Path, rows: &[Row]) -> Done {
    let promises: Vec<(&Row, &Judged)> = rows
        .iter()
        .filter_map(|row| Some((row, row.judged.as_ref()?)))
        .collect();
    let curves: Vec<(&Row, &Curve)> = rows
        .iter()
        .filter_map(|row| Some((row, row.curve.as_ref()?)))
        .collect();
    let lines = curves.len().div_ceil(ACROSS);
    let bars = HEAD + LINE * promises.len() as u32 + 14;
    let charts = if lines > 0 {
        30 + CHART * lines as u32
    } else {
        0
    };
    let area = SVGBackend::new(path, (WIDTH, bars + charts)).into_drawing_area();
    area.fill(&WHITE)?;
    let (above, below) = area.split_vertically(bars);
    draw_promises(&above, &promises)?;
    if lines > 0 {
        let title =
            "Processor time of a message, in µs; dashed: what is promised of the last point";
        text(&below, title, (10, 16), 15, HPos::Left, BLACK)?;
        let (_, below) = below.split_vertically(30);
        let charts = below.split_evenly((lines, ACROSS));
        for (chart, (row, curve)) in charts.iter().zip(curves) {
            draw_curve(chart, row, curve)?;
        }
    }
    area.present()?;
    Ok(())
}

fn text(
    area: &Area<'_>,
    text: &str,
    at: (i32, i32),
    size: i32,
    align: HPos,
    colour: RGBColor,
) -> Done {
    let style = ("sans-serif", size).into_font().color(&colour);
    let style = style.pos(Pos::new(align, VPos::Center));
    area.draw(&Text::new(text, at, style))?;
    Ok(())
}

fn draw_promises(area: &Area<'_>, promises: &[(&Row, &Judged)]) -> Done {
    let x = |used: f64| BARS.0 + (f64::from(BARS.1 - BARS.0) * used.min(MOST) / MOST) as i32;
    let bottom = (HEAD + LINE * promises.len() as u32) as i32;
    let title = "How much of what is promised is used: up to the line, the promise is kept";
    text(area, title, (10, 16), 15, HPos::Left, BLACK)?;
    for (at, &(row, judged)) in promises.iter().enumerate() {
        let top = (HEAD + LINE * at as u32) as i32;
        let middle = top + LINE as i32 / 2;
        text(area, &row.name, (NAMES, middle), 12, HPos::Right, BLACK)?;
        let corners = [(x(0.0), top + 4), (x(judged.used), top + LINE as i32 - 4)];
        let word = if row.met == Some(true) {
            area.draw(&Rectangle::new(corners, KEPT.filled()))?;
            "kept"
        } else {
            hatch(area, corners)?;
            "NOT KEPT"
        };
        text(area, &judged.text, (FIGURES, middle), 12, HPos::Left, BLACK)?;
        let end = WIDTH as i32 - 10;
        text(area, word, (end, middle), 12, HPos::Right, colour(row))?;
    }
    let line = [(x(1.0), HEAD as i32 - 6), (x(1.0), bottom + 4)];
    area.draw(&PathElement::new(line, BLACK.stroke_width(2)))?;
    text(
        area,
        "promised",
        (x(1.0), HEAD as i32 - 13),
        11,
        HPos::Center,
        GREY,
    )
}

/// A bar that is told from a full one without its colour.
fn hatch(area: &Area<'_>, [(left, top), (right, bottom)]: [(i32, i32); 2]) -> Done {
    let high = bottom - top;
    for from in (left - high..right).step_by(6) {
        // What of the stroke is within the bar.
        let (begin, end) = (from.max(left), (from + high).min(right));
        let stroke = [
            (begin, bottom - (begin - from)),
            (end, bottom - (end - from)),
        ];
        area.draw(&PathElement::new(stroke, BROKEN.stroke_width(1)))?;
    }
    let frame = Rectangle::new([(left, top), (right, bottom)], BROKEN.stroke_width(1));
    area.draw(&frame)?;
    Ok(())
}

/// The points at equal distances, whatever they are: most ranges are of powers.
fn draw_curve(area: &Area<'_>, row: &Row, curve: &Curve) -> Done {
    let points = &curve.points;
    let along = || points.iter().map(|&(_, value)| value).enumerate();
    let allowed = row
        .judged
        .as_ref()
        .map_or(row.value, |judged| row.value / judged.used);
    let most = along().fold(allowed, |most, (_, value)| most.max(value)) * 1.15;
    let (left, right) = (-0.5, points.len() as f64 - 0.5);
    // What they have in common is said above all of them.
    let name = row.name.split_once(", ").map_or("", |(_, name)| name);
    let word = if row.met == Some(true) {
        ""
    } else {
        ": NOT KEPT"
    };
    let title = format!("{name}{word}");
    let mut chart = ChartBuilder::on(area)
        .margin(6)
        .caption(title, ("sans-serif", 13))
        .x_label_area_size(20)
        .y_label_area_size(30)
        .build_cartesian_2d(left..right, 0.0..most)?;
    let at_point = |x: &f64| {
        let point = points.get(x.round() as usize);
        let point = point.filter(|_| (x - x.round()).abs() < 0.01);
        point.map_or_else(String::new, |(value, _)| value.to_string())
    };
    chart
        .configure_mesh()
        .disable_mesh()
        .x_labels(points.len() + 1)
        .x_label_formatter(&at_point)
        .y_labels(5)
        .y_label_formatter(&|value| format!("{value:.0}"))
        .set_all_tick_mark_size(4)
        .label_style(("sans-serif", 11))
        .draw()?;
    let label = ("sans-serif", 11).into_font().color(&BLACK);
    let label = label.pos(Pos::new(HPos::Center, VPos::Bottom));
    let bound = [(left, allowed), (right, allowed)];
    let dashes = plotters::element::DashedPathElement::new(bound, 6, 4, GREY.stroke_width(1));
    chart.draw_series([dashes])?;
    let colour = colour(row);
    let line = along().map(|(at, value)| (at as f64, value));
    let path: Vec<_> = line.clone().collect();
    chart.draw_series([PathElement::new(path, colour.stroke_width(2))])?;
    chart.draw_series(line.clone().map(|at| Circle::new(at, 3, colour.filled())))?;
    chart.draw_series(line.map(|(x, y)| {
        let above = (x, y + most * 0.03);
        Text::new(format!("{y:.1}"), above, label.clone())
    }))?;
    Ok(())
}

fn colour(row: &Row) -> RGBColor {
    if row.met == Some(true) { KEPT } else { BROKEN }
}
