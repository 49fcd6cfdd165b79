//! Where a `+QMTRECV` ends: the reading of a received message by its length.
//!
//! A payload is arbitrary bytes from anywhere on the Internet, so it is taken by its count and never
//! searched for line ends. The topic in front of it is **not** counted on the wire. It may hold
//! quotation marks, commas and digits, so every `",` may be its end; the first reading that fits
//! the whole line wins: count, closing quotation mark where there was an opening one, CR LF.

use memchr::{memchr, memchr2};

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
    /// A message; the ranges index the buffer, `end` is behind its CR LF.
    Message(Found),
    /// A payload of this length, larger than allowed, begins here: to be skipped by count.
    TooLarge {
        client: u8,
        length: usize,
        payload_at: usize,
    },
    /// No reading fits.
    Broken,
}

#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Where the search for the next `",` goes on.
    search: usize,
    /// A candidate carried a length, so the line cannot be one without.
    counted: bool,
}

#[derive(Debug, Clone, Copy)]
struct Head {
    client: u8,
    msgid: u16,
    topic: usize,
}

/// Bounds on what is believed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Longest payload that is kept.
    pub(super) payload: usize,
    /// Longest payload that is skipped by count; more is no message at all.
    pub(super) skipped: usize,
    /// Longest head, topic included.
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
    layout: &dyn Fn(u8) -> RecvLayout,
    bounds: Bounds,
    progress: &mut Progress,
    now_or_never: bool,
) -> Step {
    let head = match progress.head {
        Some(head) => head,
        None => match head(buf) {
            Parsed::Yes(Some(head)) => {
                progress.head = Some(head);
                progress.search = head.topic;
                head
            }
            Parsed::Yes(None) | Parsed::No => {
                return crlf_line(buf, PREFIX.len(), bounds, progress);
            }
            Parsed::Need(n) => return Step::Need(n),
        },
    };
    let layout = layout(head.client);
    if layout.length == LengthDisplay::Off {
        return uncounted(buf, head, bounds, progress);
    }
    loop {
        let from = progress.search;
        let Some(at) = memchr2(b'"', b'\r', &buf[from..]).map(|at| from + at) else {
            if buf.len() - head.topic > bounds.head {
                return Step::Broken;
            }
            progress.search = buf.len();
            return Step::Need(buf.len() + 1);
        };
        if buf[at] == b'\r' {
            // Only CR LF ends the place where a topic may stand.
            match buf.get(at + 1) {
                None => {
                    progress.search = at;
                    return Step::Need(at + 2);
                }
                Some(b'\n') if progress.counted => return Step::Broken,
                Some(b'\n') => return uncounted(buf, head, bounds, progress),
                Some(_) => {
                    progress.search = at + 1;
                    continue;
                }
            }
        }
        progress.search = at;
        match buf.get(at + 1) {
            None => return Step::Need(at + 2),
            Some(b',') => {}
            Some(_) => {
                progress.search = at + 1;
                continue;
            }
        }
        match candidate(buf, head, at, layout, bounds) {
            Parsed::Yes(step) => return step,
            Parsed::Need(n) if !now_or_never => return Step::Need(n),
            Parsed::Need(_) => progress.counted = true,
            Parsed::No => progress.counted |= counted_at(buf, at + 2),
        }
        if layout.length == LengthDisplay::Unknown {
            return uncounted(buf, head, bounds, progress);
        }
        progress.search = at + 1;
    }
}

/// `+QMTRECV:`, client, message id and the opening quotation mark of the topic. `Yes(None)`: the line
/// goes on in another way and is left to whoever reads lines.
fn head(buf: &[u8]) -> Parsed<Option<Head>> {
    let mut at = PREFIX.len();
    let mut number = |max_digits: usize| -> Parsed<u32> {
        // One space at most, here and below: what is read again with every byte must stay short.
        at += usize::from(buf.get(at) == Some(&b' '));
        let start = at;
        loop {
            match buf.get(at) {
                None => return Parsed::Need(at + 1),
                Some(b) if b.is_ascii_digit() && at - start < max_digits => at += 1,
                Some(b',') if at > start => {
                    at += 1;
                    return Parsed::Yes(decimal(&buf[start..at - 1]));
                }
                Some(_) => return Parsed::No,
            }
        }
    };
    let client = match number(3) {
        Parsed::Yes(n) => n,
        Parsed::No => return Parsed::No,
        Parsed::Need(n) => return Parsed::Need(n),
    };
    let msgid = match number(5) {
        Parsed::Yes(n) => n,
        Parsed::No => return Parsed::No,
        Parsed::Need(n) => return Parsed::Need(n),
    };
    at += usize::from(buf.get(at) == Some(&b' '));
    match buf.get(at) {
        None => Parsed::Need(at + 1),
        Some(b'"') => match (u8::try_from(client), u16::try_from(msgid)) {
            (Ok(client), Ok(msgid)) => Parsed::Yes(Some(Head {
                client,
                msgid,
                topic: at + 1,
            })),
            _ => Parsed::Yes(None),
        },
        Some(_) => Parsed::Yes(None),
    }
}

fn decimal(digits: &[u8]) -> u32 {
    digits.iter().fold(0_u32, |n, digit| {
        n.saturating_mul(10).saturating_add(u32::from(digit - b'0'))
    })
}

/// Longest length that is read as a number; more digits are no length.
const LENGTH_DIGITS: usize = 9;

/// The digits at `from`, after optional spaces: value and where they end.
fn length_at(buf: &[u8], from: usize) -> Parsed<(usize, usize)> {
    let start = from + usize::from(buf.get(from) == Some(&b' '));
    let mut end = start;
    loop {
        match buf.get(end) {
            None => return Parsed::Need(end + 1),
            Some(b) if b.is_ascii_digit() && end - start < LENGTH_DIGITS => end += 1,
            Some(_) if end > start => {
                return Parsed::Yes((decimal(&buf[start..end]) as usize, end));
            }
            Some(_) => return Parsed::No,
        }
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
    layout: RecvLayout,
    bounds: Bounds,
) -> Parsed<Step> {
    let (length, end) = match length_at(buf, quote + 2) {
        Parsed::Yes(found) => found,
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
    if length > bounds.skipped {
        return Parsed::No;
    }
    if length > bounds.payload {
        return match buf.get(at) {
            None => Parsed::Need(at + 1),
            Some(_) => Parsed::Yes(Step::TooLarge {
                client: head.client,
                length,
                payload_at: at,
            }),
        };
    }
    let found = |(start, stop, end)| {
        Parsed::Yes(Step::Message(Found {
            client: head.client,
            msgid: head.msgid,
            topic: (head.topic, quote),
            payload: (start, stop),
            length: u32::try_from(length).ok(),
            end,
        }))
    };
    if own_line && length == 0 {
        return found((at, at, at));
    }
    match counted(buf, at, length) {
        Parsed::Yes(ends) => return found(ends),
        Parsed::Need(n) => return Parsed::Need(n),
        Parsed::No => {}
    }
    if layout.hex && length <= bounds.payload / 2 {
        match counted(buf, at, 2 * length) {
            Parsed::Yes(ends) => return found(ends),
            Parsed::Need(n) => return Parsed::Need(n),
            Parsed::No => {}
        }
    }
    Parsed::No
}

/// Exactly `length` bytes at `at`: in quotation marks, bare, or after a CR LF; CR LF must follow.
/// Gives start, stop, and the end behind CR LF.
fn counted(buf: &[u8], at: usize, length: usize) -> Parsed<(usize, usize, usize)> {
    let line_ends = |from: usize| match (buf.get(from), buf.get(from + 1)) {
        (Some(b'\r'), Some(b'\n')) => Parsed::Yes(()),
        (None, _) => Parsed::Need(from + 2),
        (Some(b'\r'), None) => Parsed::Need(from + 2),
        _ => Parsed::No,
    };
    let Some(&first) = buf.get(at) else {
        return Parsed::Need(at + length.max(1));
    };
    if first == b'"' {
        match buf.get(at + 1 + length) {
            None => return Parsed::Need(at + length + 2),
            Some(b'"') => match line_ends(at + length + 2) {
                Parsed::Yes(()) => {
                    return Parsed::Yes((at + 1, at + 1 + length, at + length + 4));
                }
                Parsed::Need(n) => return Parsed::Need(n),
                Parsed::No => {}
            },
            Some(_) => {}
        }
    }
    match line_ends(at + length) {
        Parsed::Yes(()) => return Parsed::Yes((at, at + length, at + length + 2)),
        Parsed::Need(n) => return Parsed::Need(n),
        Parsed::No => {}
    }
    if first != b'\r' || buf.get(at + 1) != Some(&b'\n') {
        return Parsed::No;
    }
    match line_ends(at + 2 + length) {
        Parsed::Yes(()) => Parsed::Yes((at + 2, at + 2 + length, at + length + 4)),
        Parsed::Need(n) => Parsed::Need(n),
        Parsed::No => Parsed::No,
    }
}

/// The end of a line at CR LF, where a lone CR or LF is data.
fn crlf(buf: &[u8], progress: &mut Progress, bounds: Bounds) -> Result<usize, Step> {
    loop {
        match memchr(b'\n', &buf[progress.search..]).map(|at| progress.search + at) {
            Some(at) if at > 0 && buf[at - 1] == b'\r' => return Ok(at - 1),
            Some(at) => progress.search = at + 1,
            None if buf.len() > bounds.head + bounds.payload => return Err(Step::Broken),
            None => {
                progress.search = buf.len();
                return Err(Step::Need(buf.len() + 1));
            }
        }
    }
}

fn crlf_line(buf: &[u8], from: usize, bounds: Bounds, progress: &mut Progress) -> Step {
    progress.search = progress.search.max(from);
    match crlf(buf, progress, bounds) {
        Ok(end) => Step::Line(end),
        Err(step) => step,
    }
}

/// The reading without a length: the payload runs to CR LF, one quotation mark is taken off either
/// end.
fn uncounted(buf: &[u8], head: Head, bounds: Bounds, progress: &mut Progress) -> Step {
    let end = match crlf(buf, progress, bounds) {
        Ok(end) => end,
        Err(step) => return step,
    };
    let quote = memchr::memmem::find(&buf[head.topic..end], b"\",").map(|at| head.topic + at);
    let Some(quote) = quote else {
        return Step::Line(end);
    };
    let mut start = quote + 2;
    let mut stop = end;
    if buf[start..stop].trim_ascii_start().first() == Some(&b'"') {
        start += buf[start..stop].len() - buf[start..stop].trim_ascii_start().len() + 1;
        if stop > start && buf[stop - 1] == b'"' {
            stop -= 1;
        }
    }
    if stop - start > bounds.payload {
        return Step::Broken;
    }
    Step::Message(Found {
        client: head.client,
        msgid: head.msgid,
        topic: (head.topic, quote),
        payload: (start, stop),
        length: None,
        end: end + 2,
    })
}
