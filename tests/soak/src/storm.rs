//! Three links in a storm.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::Report;
use crate::books::Books;
use crate::broker::{Broker, Line, Process};
use crate::life::{Host, Life};
use crate::weather::{CLEAR, Module, random_fault};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long the storm lasts, in minutes
    #[arg(long, default_value_t = 2.0)]
    minutes: f64,
    /// Seed of the storm
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Keep what the modules and their hosts said, a file for each life of a module
    #[arg(long, value_name = "FOLDER")]
    traces: Option<PathBuf>,
    #[command(flatten)]
    report: Report,
}

/// How long everything that waits may take to be sent when the weather is good again: an open whose result is
/// lost is waited for 125 s.
const AFTERMATH: Duration = Duration::from_secs(420);
/// A trouble is put down to what happened at most so long before.
const BLAME: Duration = Duration::from_secs(4);
/// Live heap bytes may differ by this much for no reason: buffers grow to their size.
const HEAP_SLACK: i64 = 128 * 1024;

enum News {
    /// From the host of this link, in its how-manieth life.
    Host(usize, u32, Option<String>),
    Arrived(Line),
}

struct Sample {
    at: Duration,
    waiting: u64,
    heap: i64,
    threads: u64,
    descriptors: u64,
}

struct Link {
    host: Host,
    life: Option<Life>,
    lives: u32,
    books: Books,
    module: Module,
    next_event: Instant,
    /// The last thing that happened to it.
    last: Option<(&'static str, Instant)>,
    clear_at: Option<Instant>,
    down_since: Option<(Instant, &'static str)>,
    done: bool,
    samples: Vec<Sample>,
}

/// What happened, and how long a link was down for it.
#[derive(Default)]
struct Weather {
    happened: BTreeMap<&'static str, u64>,
    worst: BTreeMap<&'static str, Duration>,
    recoveries: u64,
}

struct Storm {
    started: Instant,
    random: fastrand::Rng,
    broker: Broker,
    books_keeper: Process,
    links: Vec<Link>,
    weather: Weather,
    sender: Sender<News>,
    news: Receiver<News>,
    next_restart: Instant,
    faults: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let length = Duration::from_secs_f64(options.minutes * 60.0);
    let mut storm = Storm::new(folder.path(), options);
    let bar = progress(length);
    storm.blow(length, &bar);
    bar.set_message("clearing up");
    storm.clear_up();
    bar.finish_and_clear();
    storm.report(options)
}

fn progress(length: Duration) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {elapsed}/{len:}s {msg}")
        .expect("the template is right");
    ProgressBar::new(length.as_secs()).with_style(style)
}

impl Storm {
    fn new(folder: &Path, options: &Options) -> Self {
        let seed = options.seed;
        let broker = Broker::start(folder);
        let (sender, news) = mpsc::channel();
        let (arrivals, arrived) = mpsc::channel();
        let books_keeper = broker.subscribe("soak/#", arrivals);
        {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in arrived {
                    if sender.send(News::Arrived(line)).is_err() {
                        return;
                    }
                }
            });
        }
        let now = Instant::now();
        let links = [
            ("memory", false, false),
            ("report", true, false),
            ("resend", true, true),
        ]
        .into_iter()
        .zip(0..)
        .map(|((name, outbox, resend), n)| Link {
            host: Host {
                id: format!("soak/{name}"),
                port: folder.join(name),
                broker: broker.port(),
                outbox: outbox.then(|| folder.join(format!("{name}.outbox"))),
                resend,
                pause: 200,
            },
            life: None,
            lives: 0,
            books: Books::new(name, resend),
            module: Module::new(
                folder.join(name),
                options.traces.clone(),
                seed * 1000 + n * 100,
            ),
            // Everybody comes up once.
            next_event: now + Duration::from_secs(2),
            last: None,
            clear_at: None,
            down_since: None,
            done: false,
            samples: Vec::new(),
        })
        .collect();
        let mut storm = Self {
            started: now,
            random: fastrand::Rng::with_seed(seed),
            broker,
            books_keeper,
            links,
            weather: Weather::default(),
            sender,
            news,
            next_restart: now + Duration::from_secs(10),
            faults: Vec::new(),
        };
        for link in 0..storm.links.len() {
            storm.launch(link);
        }
        storm
    }

    fn launch(&mut self, index: usize) {
        let sender = self.sender.clone();
        let link = &mut self.links[index];
        link.lives += 1;
        let life = link.lives;
        let from = link.books.next_number();
        link.life = Some(
            link.host
                .start(from, sender, move |line| News::Host(index, life, line)),
        );
    }

    fn blow(&mut self, length: Duration, bar: &ProgressBar) {
        let end = self.started + length;
        let mut told = Instant::now();
        while Instant::now() < end {
            self.listen(Duration::from_millis(20));
            for index in 0..self.links.len() {
                let now = Instant::now();
                if self.links[index].clear_at.is_some_and(|at| at <= now) {
                    self.links[index].clear_at = None;
                    self.links[index].module.fault(CLEAR);
                }
                if self.links[index].next_event <= now {
                    self.strike(index);
                    let pause = Duration::from_millis(self.random.u64(200..3000));
                    self.links[index].next_event = Instant::now() + pause;
                }
            }
            if self.next_restart <= Instant::now() {
                *self.weather.happened.entry("broker-restart").or_default() += 1;
                self.note_all("broker-restart");
                let after = Duration::from_millis(self.random.u64(0..1500));
                self.broker.restart(after);
                let pause = Duration::from_secs(self.random.u64(8..25));
                self.next_restart = Instant::now() + pause;
            }
            bar.set_position(self.started.elapsed().as_secs());
            if bar.is_hidden() && told.elapsed() > Duration::from_secs(30) {
                told = Instant::now();
                println!("{:4} s: {}", self.started.elapsed().as_secs(), self.line());
            }
            bar.set_message(self.line());
        }
    }

    fn line(&self) -> String {
        let accepted: usize = self.links.iter().map(|link| link.books.accepted()).sum();
        let faults: u64 = self.weather.happened.values().sum();
        format!(
            "{accepted} messages, {faults} faults, {} recoveries",
            self.weather.recoveries
        )
    }

    fn note_all(&mut self, what: &'static str) {
        for link in &mut self.links {
            link.last = Some((what, Instant::now()));
        }
    }

    /// Something happens to a link.
    fn strike(&mut self, index: usize) {
        let dice = self.random.u32(0..100);
        let link = &mut self.links[index];
        let what = if dice < 4 {
            let after = Duration::from_millis(self.random.u64(0..500));
            link.module.restart(after);
            "module-restart"
        } else if dice < 12 && link.host.outbox.is_some() {
            if let Some(life) = link.life.take() {
                life.kill();
            }
            self.launch(index);
            "host-kill"
        } else {
            let (name, spec) = random_fault(&mut self.random);
            link.module.fault(&spec);
            if name == "registration" {
                link.clear_at = Some(Instant::now() + Duration::from_secs(2));
            }
            name
        };
        *self.weather.happened.entry(what).or_default() += 1;
        self.links[index].last = Some((what, Instant::now()));
    }

    /// Takes in what is said.
    fn listen(&mut self, patience: Duration) {
        let until = Instant::now() + patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.news.recv_timeout(left) {
                Ok(News::Arrived(line)) => {
                    let name = line.topic.split('/').nth(1).unwrap_or_default();
                    let link = self.links.iter_mut().find(|link| link.books.name() == name);
                    if let Some(link) = link {
                        link.books.arrived(&line);
                    }
                }
                Ok(News::Host(index, life, line)) => self.hear(index, life, line),
                Err(RecvTimeoutError::Timeout) => return,
                Err(RecvTimeoutError::Disconnected) => unreachable!("this end has a sender"),
            }
        }
    }

    fn hear(&mut self, index: usize, life: u32, line: Option<String>) {
        let link = &mut self.links[index];
        let Some(line) = line else {
            if life == link.lives && !link.done {
                self.faults
                    .push(format!("the host of {} ended by itself", link.books.name()));
                link.done = true;
            } else if life < link.lives {
                // Everything that it said has been read.
                link.books.host_killed();
            }
            return;
        };
        if link.books.host_says(&line) {
            return;
        }
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["L", from, to, ..] => self.moved(index, from, to),
            ["M", waiting, heap, threads, descriptors] => link.samples.push(Sample {
                at: self.started.elapsed(),
                waiting: waiting.parse().expect("a number"),
                heap: heap.parse().expect("a number"),
                threads: threads.parse().expect("a number"),
                descriptors: descriptors.parse().expect("a number"),
            }),
            ["Q"] => link.done = true,
            _ => self
                .faults
                .push(format!("{} says {line}", link.books.name())),
        }
    }

    /// A link went from one state to another.
    fn moved(&mut self, index: usize, from: &str, to: &str) {
        let up = atmqtt::LinkState::Up.number().to_string();
        let link = &mut self.links[index];
        let now = Instant::now();
        if from == up {
            let blame = link.last.filter(|(_, at)| now - *at < BLAME);
            link.down_since = Some((now, blame.map_or("something before", |(what, _)| what)));
        }
        if to == up {
            if let Some((since, what)) = link.down_since.take() {
                let worst = self.weather.worst.entry(what).or_default();
                *worst = (*worst).max(now - since);
                self.weather.recoveries += 1;
            }
        }
    }

    /// The weather is good again: everything that waits is sent.
    fn clear_up(&mut self) {
        let end = Instant::now() + AFTERMATH;
        for link in &mut self.links {
            link.module.fault(CLEAR);
            if let Some(life) = &mut link.life {
                life.finish();
            }
        }
        while Instant::now() < end && !self.links.iter().all(|link| link.done) {
            self.listen(Duration::from_millis(100));
        }
        // What the broker has arrives in its own time.
        let end = Instant::now() + Duration::from_secs(30);
        while Instant::now() < end && !self.links.iter().all(|link| link.books.is_settled()) {
            self.listen(Duration::from_millis(100));
        }
        self.listen(Duration::from_millis(500));
    }

    fn report(mut self, options: &Options) -> Vec<String> {
        let _ = self.books_keeper.0.kill();
        let mut faults = std::mem::take(&mut self.faults);
        let mut books = Vec::new();
        for link in &self.links {
            if !link.done {
                faults.push(format!(
                    "{} did not send what waits in {AFTERMATH:?}",
                    link.books.name()
                ));
            }
            faults.extend(link.books.faults());
            books.push(link.books.report());
        }
        let memory = memory(&self.links[0].samples, &mut faults);
        let seconds = |map: &BTreeMap<&str, Duration>| -> BTreeMap<String, f64> {
            map.iter()
                .map(|(name, time)| ((*name).to_owned(), time.as_secs_f64()))
                .collect()
        };
        let report = json!({
            "minutes": options.minutes,
            "seed": options.seed,
            "books": books,
            "faults": self.weather.happened,
            "recoveries": self.weather.recoveries,
            "worst_recovery_seconds": seconds(&self.weather.worst),
            "memory": memory,
            "not_as_promised": faults,
        });
        println!("{report:#}");
        options.report.write("storm", report);
        faults
    }
}

/// What the link that was never killed took, early and late, when next to nothing waited: the least of the heap,
/// which buffers come on top of, and the median of threads and descriptors, of which a port that is away takes some
/// with it.
fn memory(samples: &[Sample], faults: &mut Vec<String>) -> serde_json::Value {
    let length = samples.last().map_or(Duration::ZERO, |sample| sample.at);
    let within = |from: f64, to: f64| -> Vec<&Sample> {
        let in_time =
            |sample: &&Sample| sample.at >= length.mul_f64(from) && sample.at <= length.mul_f64(to);
        samples
            .iter()
            .filter(in_time)
            .filter(|sample| sample.waiting < 10)
            .collect()
    };
    let (early, late) = (within(0.05, 0.4), within(0.6, 1.0));
    let least = |samples: &[&Sample]| samples.iter().map(|sample| sample.heap).min();
    let (Some(heap), Some(later)) = (least(&early), least(&late)) else {
        return json!(null);
    };
    if later > heap + HEAP_SLACK {
        faults.push(format!("the heap grew from {heap} to {later} bytes"));
    }
    let mut flat = |name: &str, count: fn(&Sample) -> u64| {
        let (early, late) = (median(&early, count), median(&late, count));
        if late > early {
            faults.push(format!("there were {early} {name}, and later {late}"));
        }
        [early, late]
    };
    json!({
        "heap_bytes": [heap, later],
        "threads": flat("threads", |sample| sample.threads),
        "descriptors": flat("descriptors", |sample| sample.descriptors),
    })
}

fn median(samples: &[&Sample], count: fn(&Sample) -> u64) -> u64 {
    let mut counts: Vec<u64> = samples.iter().map(|sample| count(sample)).collect();
    counts.sort_unstable();
    counts[counts.len() / 2]
}
