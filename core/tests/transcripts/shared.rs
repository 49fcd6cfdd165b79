//! Replays published logs of real modules that are kept beside this project and are no part of it.
//! What they must give is said here in counts and lengths.

use std::fs;
use std::path::Path;

use atmqtt::wire::{Context, Fields, Lexer, Limits, Token};

use super::script::Cutting;

/// Module output as a log shows it, line ends lost.
#[derive(Debug, Clone)]
enum Printed {
    Echo(String),
    Line(String),
    Final(String),
    /// A prompt, and the payload that the module prints back behind it.
    Prompt(String),
}

/// How the lost line ends are put back.
#[derive(Debug, Clone, Copy)]
struct Ends {
    echo: &'static str,
    before_line: &'static str,
    before_final: &'static str,
    prompt: &'static str,
}

const ENDS: [Ends; 4] = [
    Ends {
        echo: "\r\r\n",
        before_line: "",
        before_final: "\r\n",
        prompt: "> ",
    },
    Ends {
        echo: "\r\n",
        before_line: "",
        before_final: "",
        prompt: ">",
    },
    Ends {
        echo: "\r",
        before_line: "\r\n",
        before_final: "\r\n",
        prompt: "\r\n> ",
    },
    Ends {
        echo: "\r\r\n",
        before_line: "\r\n\r\n",
        before_final: "\r\n\r\n",
        prompt: "\r\n>",
    },
];

impl Ends {
    fn print(self, lines: &[Printed]) -> Vec<u8> {
        let mut text = String::new();
        for line in lines {
            match line {
                Printed::Echo(echo) => text += &format!("{echo}{}", self.echo),
                Printed::Line(line) => text += &format!("{}{line}\r\n", self.before_line),
                Printed::Final(code) => text += &format!("{}{code}\r\n", self.before_final),
                Printed::Prompt(echo) => text += &format!("{}{echo}\r\n", self.prompt),
            }
        }
        text.into_bytes()
    }
}

fn printed(text: &str) -> Vec<Printed> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let owned = line.trim_end().to_owned();
            match line {
                _ if line.to_ascii_uppercase().starts_with("AT") => Printed::Echo(owned),
                _ if line.starts_with('>') => {
                    Printed::Prompt(line[1..].trim_start_matches(' ').to_owned())
                }
                "OK" | "ERROR" => Printed::Final(owned),
                _ => Printed::Line(owned),
            }
        })
        .collect()
}

/// A line by what it says: test answers and read answers are no events.
fn event(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    if text.to_ascii_uppercase().starts_with("AT") {
        return "echo".to_owned();
    }
    match &*text {
        "OK" => return "ok".to_owned(),
        "ERROR" => return "error".to_owned(),
        _ => {}
    }
    if let Some(code) = text.strip_prefix("+CME ERROR: ") {
        return format!("cme {code}");
    }
    let Some((name, fields)) = Fields::of_line(line) else {
        return "info".to_owned();
    };
    let name = String::from_utf8_lossy(name);
    let numbers: Option<Vec<String>> = fields
        .map(|field| field.int().map(|number| number.to_string()))
        .collect();
    match (name.strip_prefix("+QMT"), numbers) {
        (Some(name), Some(numbers)) => {
            format!("{} {}", name.to_lowercase(), numbers.join(","))
        }
        _ if name == "+QIURC" => "urc".to_owned(),
        _ => "info".to_owned(),
    }
}

/// The events of `bytes`, the same for every cutting. `echoes` are printed back behind the prompts.
fn events(bytes: &[u8], echoes: &[&str], cutting: Cutting) -> Vec<String> {
    let mut lexer = Lexer::new(Limits::default());
    let context = Context {
        prompt: true,
        ..Context::default()
    };
    let mut echoes = echoes.iter();
    let mut events = Vec::new();
    for piece in cutting.cut(bytes) {
        lexer.push(piece);
        while let Some(token) = lexer.next(&context) {
            events.push(match token {
                Token::Line(line) => event(line),
                Token::Prompt => "prompt".to_owned(),
                Token::Raw(bytes) => format!("raw {}", bytes.len()),
                Token::Ack => "ack".to_owned(),
                Token::Message(raw) => format!(
                    "recv {},{} topic {} payload {} declared {:?}",
                    raw.client,
                    raw.msgid,
                    raw.topic.len(),
                    raw.payload.len(),
                    raw.length
                ),
                Token::Lost(loss) => format!("{loss:?}"),
            });
            if events.last().is_some_and(|event| event == "prompt") {
                if let Some(echo) = echoes.next().filter(|echo| !echo.is_empty()) {
                    lexer.expect_echo(echo.as_bytes());
                }
            }
        }
    }
    events
}

/// `echo` and `info` lines are left out: the rest must be this.
fn must(name: &str, bytes: &[u8], echoes: &[&str], wanted: &str) {
    let wanted: Vec<&str> = wanted.split(';').map(str::trim).collect();
    for cutting in super::CUTTINGS {
        let mut events = events(bytes, echoes, cutting);
        events.retain(|event| event != "echo" && event != "info");
        assert_eq!(events, wanted, "{name} ({cutting:?})");
    }
}

fn must_print(name: &str, text: &str, wanted: &str) {
    let lines = printed(text);
    let echoes: Vec<&str> = lines
        .iter()
        .filter_map(|line| match line {
            Printed::Prompt(echo) => Some(echo.as_str()),
            _ => None,
        })
        .collect();
    for ends in ENDS {
        must(name, &ends.print(&lines), &echoes, wanted);
    }
}

struct Logs<'a>(&'a Path);

impl Logs<'_> {
    /// The file with this number and ending, as `003.rx.bin`.
    fn bytes(&self, name: &str) -> Vec<u8> {
        let (number, ending) = name.split_once('.').expect("a number and an ending");
        let path = fs::read_dir(self.0)
            .expect("the folder")
            .map(|entry| entry.expect("an entry").path())
            .find(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                name.starts_with(number) && name.ends_with(&format!(".{ending}"))
            })
            .unwrap_or_else(|| panic!("{name} is not there"));
        fs::read(path).expect("a log")
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).expect("UTF-8")
    }

    /// The lines that begin with one of these, from there on, up to `until`.
    fn picked(&self, name: &str, starts: &[&str], until: &str) -> String {
        let text = self.text(name);
        let mut picked = String::new();
        for line in text.lines() {
            let found = starts
                .iter()
                .filter_map(|start| line.find(start))
                .min()
                .map(|at| &line[at..]);
            if let Some(found) = found {
                let end = if until.is_empty() {
                    found.len()
                } else {
                    found.find(until).unwrap_or(found.len())
                };
                picked += found[..end].trim_end();
                picked.push('\n');
            }
        }
        picked
    }
}

pub(crate) fn replay(folder: &Path) {
    let logs = Logs(folder);
    exact(&logs);
    sessions(&logs);
    messages(&logs);
    timestamped(&logs);
}

fn repeat(what: &str, times: usize) -> String {
    vec![what; times].join(";")
}

/// The files that hold the very bytes.
fn exact(logs: &Logs<'_>) {
    let name = "003.rx.bin";
    let bytes = logs.bytes(name);
    // Nothing but final codes: no test answer is a result, and each of 25 commands has one.
    let wanted = format!(
        "{}; cme 505; {}; cme operation not allowed; ok; ok; cme Incorrect parameters; error; error",
        repeat("ok", 13),
        repeat("ok", 5)
    );
    must(name, &bytes, &[], &wanted);
    let all = events(&bytes, &[], Cutting::Whole);
    let count = |what: &str| all.iter().filter(|event| *event == what).count();
    assert_eq!(count("echo"), 25, "{name}");
    assert_eq!(count("info"), 11, "{name}");

    let name = "004.rx.bin";
    let bytes = logs.bytes(name);
    let wanted = format!(
        "{};error;ok;cme 3;ok;cme operation not allowed",
        repeat("ok", 7)
    );
    must(name, &bytes, &[], &wanted);
    let all = events(&bytes, &[], Cutting::Whole);
    // The third and fourth answers came while echo was off.
    assert_eq!(all[..7].join(" "), "echo ok echo ok ok ok echo");

    let published = "prompt; ok; pub 0,0,0";
    must(
        "006",
        &logs.bytes("006.rx.bin"),
        &[],
        &format!("recv 0,0 topic 44 payload 26 declared Some(26); {published}; {published}"),
    );
    must(
        "007",
        &logs.bytes("007.rx.bin"),
        &[],
        &format!(
            "recv 0,0 topic 49 payload 37 declared Some(37); {published}; {published}; {published}; \
             prompt; ok"
        ),
    );
    let name = "010.rx.bin";
    let all = events(&logs.bytes(name), &[], Cutting::Single);
    assert_eq!(
        all.join(" "),
        "info echo ok echo ok echo ok echo ok echo ok ok ok ok ok ok ok info info ok",
        "{name}"
    );
    let name = "034.rx.bin";
    let all = events(&logs.bytes(name), &[], Cutting::Random(7));
    assert_eq!(
        all.join(" "),
        format!(
            "{} echo info ok echo conn 0,3 ok",
            repeat("echo ok", 8).replace(';', " ")
        ),
        "{name}: the state has the shape of a result, only the command tells"
    );
}

/// Terminal logs of whole sessions.
fn sessions(logs: &Logs<'_>) {
    let picked = logs.picked(
        "001.txt",
        &["AT+QMTCFG=?\n", "+QMTCFG:", "+QMTOPEN:", "OK"],
        "",
    );
    must_print("001", &picked, "ok;ok");
    assert_eq!(picked.lines().count(), 12, "nine keys, one open, two OK");

    // The logger wrote a dot for every CR and every LF.
    let text: String = logs
        .text("005.txt")
        .lines()
        .filter_map(|line| line.strip_prefix("#[")?.split_once("] "))
        .filter(|(_, line)| line.contains(".."))
        .map(|(_, line)| line)
        .collect::<String>()
        .replace("...>", "\r\r\n>")
        .replace("....", "\r\n\r\n")
        .replace("...", "\r\r\n")
        .replace("..", "\r\n");
    let ok = |times: usize| repeat("ok", times);
    must(
        "005",
        text.as_bytes(),
        &["Hello MQTT from GPS-4G-HAT shield"],
        &format!(
            "{}; error; ok; ok; open 0,0; ok; ok; conn 0,0,0; prompt; ok; pub 0,1,0; ok; sub 0,1,0,2; \
             recv 0,0 topic 32 payload 23 declared None; ok; uns 0,1,0; ok; disc 0,0; ok; ok",
            ok(14)
        ),
    );
    must_print(
        "012",
        &logs.text("012.txt"),
        &format!(
            "{}; open 0,0; ok; conn 0,0,0; prompt; ok; pub 0,1,0; ok; sub 0,1,0,1; \
             recv 0,1 topic 57 payload 249 declared None; ok; disc 0,0",
            ok(14)
        ),
    );
    must_print(
        "014",
        &logs.text("014.txt"),
        "ok; sub 0,4,0,1; prompt; ok; pub 0,0,0; \
         recv 0,1 topic 28 payload 35 declared None; recv 0,2 topic 28 payload 36 declared None; \
         recv 0,3 topic 28 payload 35 declared None; recv 0,4 topic 28 payload 36 declared None; \
         pub 0,0,0; prompt; ok; pub 0,0,0; recv 0,18 topic 28 payload 24 declared None; prompt; ok",
    );
    must_print(
        "015",
        &logs.text("015.txt"),
        &format!(
            "ok; open 0,0; ok; conn 0,0,0; {}",
            repeat("prompt; ok; pub 0,0,0", 5)
        ),
    );
    must_print(
        "019",
        &logs.picked("019.txt", &["+QMTOPEN", "+QMTSTAT"], ""),
        &repeat("open 0,0; stat 0,1", 3),
    );
    must_print(
        "021",
        &logs.picked("021.txt", &["+QMTSTAT", "+QHTTP", "+QIURC"], ""),
        "stat 1,1; urc",
    );
    let text = logs.text("022.txt");
    let module: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("```") && !line.starts_with("Public"))
        .collect();
    // With nothing quoted the message is a line for whoever knows the module.
    must_print(
        "022",
        &module.join("\n"),
        "ok; sub 0,1,0,1; prompt; ok; pub 0,1,0",
    );
    let text = logs.text("027.txt");
    let module: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with('[') && !line.starts_with("Start"))
        .collect();
    must_print(
        "027",
        &module.join("\n"),
        &format!(
            "{}; close 0,0; ok; ok; error; {}; open 0,0; ok; conn 0,0,0; prompt; ok; pubex 0,0,0; ok; \
             disc 0,0",
            ok(6),
            ok(5)
        ),
    );
    must_print(
        "064",
        &logs
            .picked("064.txt", &["+QMTCONN"], "]")
            .replace("', '", "\n")
            .replace('\'', ""),
        "conn 0,0,2; stat 0,4; conn 0,0,5; stat 0,4",
    );
}

/// Lines quoted by developers.
fn messages(logs: &Logs<'_>) {
    let recv = |name: &str, until: &str| logs.picked(name, &["+QMTRECV:"], until);
    must_print(
        "035",
        &recv("035.txt", ""),
        "recv 0,0 topic 37 payload 10 declared Some(10); recv 0,0 topic 55 payload 39 declared Some(39)",
    );
    must_print(
        "039",
        &recv("039.txt", ""),
        "recv 0,0,0,0,0,0; recv 0,1,1,1,1,1; recv 0,0 topic 12 payload 12 declared Some(12)",
    );
    must_print(
        "044",
        &recv("044.txt", ""),
        "recv 0,0 topic 42 payload 1 declared None",
    );
    // The same message on one line and on two.
    let text = logs.text("048.txt");
    let notes: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("*   "))
        .take(3)
        .collect();
    must(
        "048",
        format!("\r\n{}\r\n", notes.join("\r\n")).as_bytes(),
        &[],
        "recv 0,0 topic 11 payload 23 declared None; recv 0,0 topic 11 payload 23 declared Some(23)",
    );
    // Three pieces of one message, and its end is not there: nothing yet.
    let text = logs.text("020.txt");
    let pieces: String = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("] \""))
        .map(|piece| piece.trim_end().trim_end_matches('"'))
        .collect::<String>()
        .replace("\\r\\n", "\r\n")
        .replace("\\\"", "\"");
    assert!(pieces.len() > 180, "three pieces");
    for cutting in super::CUTTINGS {
        assert_eq!(events(pieces.as_bytes(), &[], cutting), [""; 0], "020");
    }
    let ended = format!("{pieces}\"}}}}\"\r\n");
    for cutting in super::CUTTINGS {
        let events = events(ended.as_bytes(), &[], cutting);
        assert!(
            events.len() == 1 && events[0].starts_with("recv 0,3 topic 69 "),
            "020 with an end: {events:?}"
        );
    }
}

/// The log of an EC800M that shows what was sent and what came back, with times.
fn timestamped(logs: &Logs<'_>) {
    let text = logs.text("028.txt");
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in text.lines() {
        let (time, line) = line.split_at(line.find(']').map_or(0, |at| at + 1));
        if time < "[14:14:48" {
            continue;
        }
        let line = line.strip_prefix(' ').unwrap_or(line);
        match groups.last_mut() {
            Some((last, lines)) if *last == time => lines.push(line),
            _ => groups.push((time, vec![line])),
        }
    }
    let sent = |at: usize| {
        let first = |at: usize| {
            groups
                .get(at)
                .map(|(_, lines)| lines[0].trim())
                .unwrap_or("")
        };
        let echo = first(at + 1);
        let start = echo.len().min(20);
        // An answer that came with an echo was not sent.
        let alone = groups[at].1.len() == 1 || echo.starts_with('{');
        alone && start > 0 && first(at).starts_with(&echo[..start])
    };
    let mut bytes = String::new();
    let mut echoes = Vec::new();
    for (at, (_, lines)) in groups.iter().enumerate() {
        if sent(at) {
            continue;
        }
        if lines[0].starts_with('{') {
            echoes.push(lines.join("\r\n"));
            bytes += &lines.join("\r\n");
            continue;
        }
        let echo_goes_on = groups.get(at + 1).is_some_and(|(_, next)| {
            let first = next[0];
            !first.is_empty() && !first.starts_with(['A', ' ', '{', '+', '>', 'O']) && !sent(at + 1)
        });
        for line in lines {
            match *line {
                ">" => bytes += "> ",
                line if line.starts_with("AT") && echo_goes_on => bytes += line,
                line if line.starts_with("AT") => bytes += &format!("{line}\r\r\n"),
                line => bytes += &format!("{line}\r\n"),
            }
        }
    }
    let echoes: Vec<&str> = echoes.iter().map(String::as_str).collect();
    assert_eq!(echoes.len(), 4, "the payload was echoed four times");
    let published = "prompt; ok; pubex 0,0,0";
    must(
        "028",
        bytes.as_bytes(),
        &echoes,
        &format!(
            "{}; open 0,0; ok; conn 0,0,0; ok; ok; sub 0,1,0,1; {published}; ok; {published}; \
             {published}; {published}",
            repeat("ok", 12)
        ),
    );
}
