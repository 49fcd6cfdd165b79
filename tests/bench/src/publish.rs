//! Messages: how many are under way while the broker is far away, and what processor time each costs.

use std::time::Duration;

use atmqtt::{Client, ClientConfig, Connect, Modem, QoS};
use atmqtt_emulator::runtime::Emulator;

use crate::Plan;
use crate::measure::{Figure, Runner, in_turn, seconds};
use crate::peer::{self, Peer, Who};
use crate::report::{Report, Row, Target};

/// What the module has under way at a time.
const WINDOW: usize = 5;
const LATENCY: Duration = Duration::from_millis(200);

/// A client that is connected through its own emulated module.
pub(crate) struct Bench {
    pub(crate) emulator: Emulator,
    pub(crate) modem: Modem,
    pub(crate) client: Client,
}

impl Bench {
    pub(crate) fn new(builder: atmqtt_emulator::runtime::Builder) -> Self {
        let emulator = builder.start().expect("an emulator");
        let modem = Modem::open(emulator.path()).expect("the port opens");
        let client = connect(&modem, 0);
        Self {
            emulator,
            modem,
            client,
        }
    }
}

/// Connects one of the six clients.
pub(crate) fn connect(modem: &Modem, index: u8) -> Client {
    let client = modem.client(index).expect("it is one of six");
    client
        .configure(&ClientConfig::default())
        .expect("configured");
    client.open("broker.example", 1883).expect("open");
    client
        .connect(&Connect::new(format!("bench-{index}").as_str()))
        .expect("connected");
    client
}

/// Publishes so many messages, all at once, and waits for all.
pub(crate) fn publish_all(client: &Client, count: usize, payload: &[u8], qos: QoS) {
    let started: Vec<_> = (0..count)
        .map(|_| {
            client
                .publish_start("t", payload, qos, false)
                .expect("started")
        })
        .collect();
    for publication in started {
        publication.wait().expect("published");
    }
}

pub(crate) fn run(plan: &Plan, report: &mut Report) {
    in_flight(plan, report);
    processor(plan, report);
}

fn in_flight(plan: &Plan, report: &mut Report) {
    let count = plan.pick(100, 10);
    let bench = Bench::new(Emulator::builder().latency(LATENCY));
    let possible = count as f64 / ((count / WINDOW) as f64 * LATENCY.as_secs_f64());
    let rounds = plan.pick(5, 1);
    let [rate] = in_turn(
        rounds,
        [Runner::new("QoS 1", || {
            count as f64
                / seconds(|| publish_all(&bench.client, count, &[b'x'; 64], QoS::AtLeastOnce))
        })],
    );
    let floor = Figure::of("five a round trip", vec![possible]);
    report.add(
        Row::new("publish at QoS 1, broker 200 ms away", "messages/s", &rate)
            .floor(&floor)
            .target(Target::OfFloorAtLeast(0.97)),
    );
}

/// What 64 bytes cost the processor, published and received.
fn processor(plan: &Plan, report: &mut Report) {
    let all = [
        Who::Rust,
        Who::C,
        Who::Python,
        Who::Pyserial,
        Who::PyserialThread,
    ];
    let times = plan.pick(1000, 20);
    for work in ["publish", "receive"] {
        let started = all.iter().filter_map(|&who| {
            let module = Emulator::builder().start().expect("an emulator");
            let peer = Peer::start(who, &plan.others, work, &module.path())?;
            Some((who, (peer, module)))
        });
        let mut peers: Vec<_> = started.collect();
        let figures = peer::in_turn(plan.rounds, &mut peers, |(peer, module)| {
            peer.begin(times);
            if work == "receive" {
                for _ in 0..times {
                    // As they come one by one, which costs the reader most.
                    let clients = module.publish("in", &[b'x'; 64], 0, false);
                    assert_eq!(clients.expect("the topic is one"), 1);
                    std::thread::sleep(Duration::from_micros(300));
                }
            }
            peer.end().processor * 1e6 / times as f64
        });
        let Some(peer) = figures.of(Who::Pyserial) else {
            continue;
        };
        for (who, most) in [(Who::Rust, 0.2), (Who::C, 0.2), (Who::Python, 0.5)] {
            let Some(ours) = figures.of(who) else {
                continue;
            };
            let mut row = Row::new(
                format!("processor time of a message, {work}, {}", who.name()),
                "µs",
                ours,
            )
            .peer(peer);
            if let Some(other) = figures.of(Who::PyserialThread) {
                row = row.note(format!(
                    "pyserial with a thread that reads takes {:.0} µs; both split lines at commas and line ends, \
                     and lose a payload that holds one",
                    other.median()
                ));
            }
            report.add(row.target(Target::OfPeerAtMost(most)));
        }
    }
}
