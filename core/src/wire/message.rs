//! Where a `+QMTRECV` ends: the reading of a received message by its length.
//!
//! A payload is arbitrary bytes from anywhere on the Internet, so it is taken by its count and never
//! searched for line ends. The topic in front of it is **not** counted on the wire. It may hold
//! quotation marks, commas and digits, so every `",` may be its end; the first reading that fits
//! the whole line wins: count, closing quotation mark where there was an opening one, CR LF.

use memchr::{memchr, memchr2};

use super::find::find;

/// Whether the module prints the payload length in front of a payload (`recv/mode`, second value).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LengthDisplay {
    /// It does: a length that does not fit is a framing error.
    On,
    /// It does not: a payload ends at CR LF, and one that holds CR LF cannot be read whole.
    Off,
    /// Nobody has asked: a length is tried first and taken when the line ends where it says.
    #[default]
    Unknown,
}

/// How one client's messages look on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecvLayout {
    /// Is the length shown?
    pub length: LengthDisplay,
    /// Is the payload written as hexadecimal text (`dataformat`)? Its length may then count bytes or
    /// characters (register A19).
    pub hex: bool,
}

/// A message as it stands on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawMessage<'a> {
    /// Client index as printed; not checked against 0..=5.
    pub client: u8,
    /// Message id; in the notice of a module that prints topic and slot together, the slot.
    pub msgid: u16,
    /// Topic bytes between the quotation marks.
    pub topic: &'a [u8],
    /// Payload bytes, without the quotation marks around them.
    pub payload: &'a [u8],
    /// The length that the line announced, if it did.
    pub length: Option<u32>,
}

/// What the bytes so far, beginning with `+QMTRECV:`, amount to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Look again when this many bytes are there.
    Need(usize),
    /// An ordinary line, its text ends here.
    Line(usize),
    /// A message: `found` says where.
    Message,
    /// A payload larger than allowed: to be skipped by count. `found` says whose, how long it is, and where it
    /// begins, or the quotation mark or CR LF in front of it.
    TooLarge,
    /// No reading fits.
    Broken,
}

/// Where a message stands; the ranges index the buffer, `end` is behind its CR LF.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) client: u8,
    pub(super) msgid: u16,
    pub(super) topic: (usize, usize),
    pub(super) payload: (usize, usize),
    pub(super) length: Option<u32>,
    pub(super) end: usize,
}

/// How far a message has been read, so that bytes that come one at a time cost no second look.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    head: Option<Head>,
    /// Where the search for the next `",`, or for the CR LF, goes on.
    search: usize,
    /// A candidate carried a length, so the line cannot be one without.
    counted: bool,
    /// The line carries no length: only its end is looked for.
    uncounted: bool,
}

#[derive(Debug, Clone, Copy)]
struct Head {
    client: u8,
    msgid: u16,
    topic: usize,
    layout: RecvLayout,
}

/// Bounds on what is believed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Longest payload that is kept.
    pub(super) payload: usize,
    /// Longest payload that is skipped by count; more is no message at all.
    pub(super) skipped: usize,
    /// Longest topic, and what else stands in front of a payload.
    pub(super) head: usize,
}

pub(super) const PREFIX: &[u8] = b"+QMTRECV:";

enum Parsed<T> {
    Yes(T),
    No,
    /// Undecided until this many bytes are there.
    Need(usize),
}

/// Reads on. `now_or_never`: no more bytes will come, so a reading that would need them is out.
pub(super) fn read(
    buf: &[u8],
    layout: impl FnOnce(u8) -> RecvLayout,
    bounds: Bounds,
    progress: &mut Progress,
    now_or_never: bool,
    found: &mut Found,
) -> Step {
    let head = match progress.head {
        Some(head) => head,
        None => match head(buf) {
            Parsed::Yes((client, msgid, topic)) => {
                let layout = layout(client);
                progress.search = topic;
                progress.uncounted = layout.length == LengthDisplay::Off;
                *progress.head.insert(Head {
                    client,
                    msgid,
                    topic,
                    layout,
                })
            }
            Parsed::No => return other_line(buf, bounds, progress),
            Parsed::Need(n) => return Step::Need(n),
        },
    };
    // Beyond this place no topic may end.
    let limit = head.topic + bounds.head;
    loop {
        if progress.uncounted {
            return uncounted(buf, head, bounds, progress, found);
        }
        let from = progress.search;
        let within = &buf[from..buf.len().min(limit + 1)];
        let Some(at) = memchr2(b'"', b'\r', within).map(|at| from + at) else {
            if buf.len() > limit {
                return Step::Broken;
            }
            progress.search = buf.len();
            return Step::Need(buf.len() + 1);
        };
        progress.search = at;
        match (buf[at], buf.get(at + 1)) {
            (_, None) => return Step::Need(at + 2),
            (b'"', Some(b',')) => {}
            // Only CR LF ends the place where a topic may stand.
            (b'\r', Some(b'\n')) if progress.counted => return Step::Broken,
            (b'\r', Some(b'\n')) => {
                progress.uncounted = true;
                continue;
            }
            _ => {
                progress.search = skip(at, limit);
                continue;
            }
        }
        match candidate(buf, head, at, bounds, found) {
            Parsed::Yes(step) => return step,
            Parsed::Need(n) if !now_or_never => return Step::Need(n),
            Parsed::Need(_) => progress.counted = true,
            Parsed::No => progress.counted |= counted_at(buf, at + 2),
        }
        progress.uncounted = head.layout.length == LengthDisplay::Unknown;
        progress.search = skip(at, limit);
    }
}

/// The place to go on behind `at`, which is never behind what may be searched.
fn skip(at: usize, limit: usize) -> usize {
    (at + 1).min(limit + 1)
}

/// `+QMTRECV:`, client, message id and the opening quotation mark of the topic: gives client, id and
/// where the topic begins. `No`: the line goes on in another way.
fn head(buf: &[u8]) -> Parsed<(u8, u16, usize)> {
    let mut at = PREFIX.len();
    let mut numbers = [0; 2];
    for (number, max_digits) in numbers.iter_mut().zip([3, 5]) {
        let (value, start, end) = digits(buf, at, max_digits);
        match buf.get(end) {
            None => return Parsed::Need(end + 1),
            Some(b',') if end > start => {}
            Some(_) => return Parsed::No,
        }
        *number = value;
        at = end + 1;
    }
    at += usize::from(buf.get(at) == Some(&b' '));
    let [client, msgid] = numbers;
    match (buf.get(at), u8::try_from(client), u16::try_from(msgid)) {
        (None, ..) => Parsed::Need(at + 1),
        (Some(b'"'), Ok(client), Ok(msgid)) => Parsed::Yes((client, msgid, at + 1)),
        _ => Parsed::No,
    }
}

/// Longest length that is read as a number; more digits are no length.
const LENGTH_DIGITS: usize = 9;

/// The digits at `at`, `max` (nine at most) of them, behind an optional space: their value, and where they begin
/// and end. One space and no more: what is read again with every byte must stay short.
fn digits(buf: &[u8], at: usize, max: usize) -> (u32, usize, usize) {
    let start = at + usize::from(buf.get(at) == Some(&b' '));
    let mut end = start;
    let mut value = 0;
    while let Some(digit @ b'0'..=b'9') = buf.get(end) {
        if end - start == max {
            break;
        }
        value = value * 10 + u32::from(digit - b'0');
        end += 1;
    }
    (value, start, end)
}

/// The length at `from`: value and where it ends.
fn length_at(buf: &[u8], from: usize) -> Parsed<(usize, usize)> {
    let (value, start, end) = digits(buf, from, LENGTH_DIGITS);
    match buf.get(end) {
        None => Parsed::Need(end + 1),
        Some(_) if end > start => Parsed::Yes((value as usize, end)),
        Some(_) => Parsed::No,
    }
}

/// Does a length with a payload behind it stand here?
fn counted_at(buf: &[u8], from: usize) -> bool {
    matches!(length_at(buf, from), Parsed::Yes((_, end)) if matches!(buf.get(end), Some(b',' | b'\r')))
}

/// The reading in which the topic ends at the quotation mark `quote`.
fn candidate(
    buf: &[u8],
    head: Head,
    quote: usize,
    bounds: Bounds,
    found: &mut Found,
) -> Parsed<Step> {
    let (length, end) = match length_at(buf, quote + 2) {
        Parsed::Yes(length) => length,
        Parsed::No => return Parsed::No,
        Parsed::Need(n) => return Parsed::Need(n),
    };
    let (at, own_line) = match (buf[end], buf.get(end + 1)) {
        (b',', _) => (end + 1, false),
        (b'\r', None) => return Parsed::Need(end + 2),
        // Header and payload on two lines, as some EC200U firmware prints them.
        (b'\r', Some(b'\n')) => (end + 2, true),
        _ => return Parsed::No,
    };
    let hex = head.layout.hex;
    if length > bounds.payload {
        if length > bounds.skipped {
            return Parsed::Yes(Step::Broken);
        }
        *found = Found {
            client: head.client,
            payload: (at, at),
            length: u32::try_from(length).ok(),
            ..Found::default()
        };
        return Parsed::Yes(Step::TooLarge);
    }
    let ends = if own_line && length == 0 {
        Parsed::Yes((at, at, at))
    } else {
        match counted(buf, at, length) {
            Parsed::No if hex => counted(buf, at, 2 * length),
            ends => ends,
        }
    };
    match ends {
        Parsed::Yes((start, stop, end)) => {
            *found = Found {
                client: head.client,
                msgid: head.msgid,
                topic: (head.topic, quote),
                payload: (start, stop),
                length: u32::try_from(length).ok(),
                end,
            };
            Parsed::Yes(Step::Message)
        }
        Parsed::Need(n) => Parsed::Need(n),
        Parsed::No => Parsed::No,
    }
}

/// Exactly `length` bytes at `at`, or behind a CR LF there. Gives start, stop, and the end behind the
/// CR LF that must follow.
fn counted(buf: &[u8], at: usize, length: usize) -> Parsed<(usize, usize, usize)> {
    match counted_here(buf, at, length) {
        Parsed::No if buf[at..].starts_with(b"\r\n") => counted_here(buf, at + 2, length),
        ends => ends,
    }
}

/// Exactly `length` bytes at `at`: in quotation marks if one stands here and one behind them, else
/// bare; CR LF must follow.
fn counted_here(buf: &[u8], at: usize, length: usize) -> Parsed<(usize, usize, usize)> {
    let line_ends = |from: usize| match (buf.get(from), buf.get(from + 1)) {
        (Some(b'\r'), Some(b'\n')) => Parsed::Yes(()),
        (None | Some(b'\r'), None) => Parsed::Need(from + 2),
        _ => Parsed::No,
    };
    let stop = at + length;
    if buf.len() < stop + 2 {
        return Parsed::Need(stop + 2);
    }
    if buf[at] == b'"' && buf[stop + 1] == b'"' {
        match line_ends(stop + 2) {
            Parsed::Yes(()) => return Parsed::Yes((at + 1, stop + 1, stop + 4)),
            Parsed::Need(n) => return Parsed::Need(n),
            Parsed::No => {}
        }
    }
    match line_ends(stop) {
        Parsed::Yes(()) => Parsed::Yes((at, stop, stop + 2)),
        Parsed::Need(n) => Parsed::Need(n),
        Parsed::No => Parsed::No,
    }
}

/// Where the text of a line ends that only CR LF ends; a lone CR or LF is data.
fn crlf(buf: &[u8], bounds: Bounds, progress: &mut Progress) -> Result<usize, Step> {
    let limit = PREFIX.len() + bounds.head + bounds.payload;
    loop {
        let from = progress.search;
        match memchr(b'\n', &buf[from..]).map(|at| from + at) {
            Some(at) if at > limit + 1 => return Err(Step::Broken),
            Some(at) if at > 0 && buf[at - 1] == b'\r' => return Ok(at - 1),
            Some(at) => progress.search = at + 1,
            None if buf.len() > limit + 1 => return Err(Step::Broken),
            None => {
                progress.search = buf.len();
                return Err(Step::Need(buf.len() + 1));
            }
        }
    }
}

/// A line of this name without a topic in quotation marks: left to whoever reads lines.
fn other_line(buf: &[u8], bounds: Bounds, progress: &mut Progress) -> Step {
    progress.search = progress.search.max(PREFIX.len());
    match crlf(buf, bounds, progress) {
        Ok(end) => Step::Line(end),
        Err(step) => step,
    }
}

/// The reading without a length: the payload runs to CR LF, one quotation mark is taken off either
/// end.
fn uncounted(
    buf: &[u8],
    head: Head,
    bounds: Bounds,
    progress: &mut Progress,
    found: &mut Found,
) -> Step {
    let end = match crlf(buf, bounds, progress) {
        Ok(end) => end,
        Err(step) => return step,
    };
    let Some(quote) = find(&buf[head.topic..end], b"\",").map(|at| head.topic + at) else {
        return Step::Line(end);
    };
    let mut start = quote + 2;
    let mut stop = end;
    let trimmed = buf[start..stop].trim_ascii_start();
    if trimmed.first() == Some(&b'"') {
        start = stop - trimmed.len() + 1;
        if stop > start && buf[stop - 1] == b'"' {
            stop -= 1;
        }
    }
    if stop - start > bounds.payload || quote - head.topic > bounds.head {
        return Step::Broken;
    }
    *found = Found {
        client: head.client,
        msgid: head.msgid,
        topic: (head.topic, quote),
        payload: (start, stop),
        length: None,
        end: end + 2,
    };
    Step::Message
}
