//! The library in a process of its own, publishing in any number, size and company: the work of `growth`.

use std::io::BufRead as _;
use std::sync::Barrier;
use std::time::Instant;

use atmqtt::{Client, Modem, QoS};
use serde::{Deserialize, Serialize};

use crate::own::processor;
use crate::publish::{connect, publish_all};

/// One round of it: a line of JSON.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Load {
    pub(crate) messages: usize,
    /// They go over so many clients, by turns.
    pub(crate) clients: usize,
    /// So many are handed over at a time, before the first of them is waited for.
    pub(crate) waiting: usize,
    pub(crate) payload: usize,
    /// So many threads have an equal share each.
    pub(crate) threads: usize,
}

impl Load {
    /// How many are published: as many as all threads can have whole heaps of.
    pub(crate) fn messages(&self) -> usize {
        self.heaps() * self.waiting * self.threads
    }

    fn heaps(&self) -> usize {
        self.messages / self.threads / self.waiting
    }
}

pub(crate) fn run(modem: &Modem) {
    let clients: Vec<Client> = (0..6).map(|index| connect(modem, index)).collect();
    // Whoever waits for a thread that is gone would wait for ever.
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tell(panic);
        std::process::exit(1);
    }));
    println!("ready");
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("a line");
        let load: Load = serde_json::from_str(&line).expect("a load");
        let (seconds, processor) = round(&load, &clients);
        println!("{seconds} {processor}");
    }
}

fn round(load: &Load, clients: &[Client]) -> (f64, f64) {
    let payload = vec![b'x'; load.payload];
    let all = Barrier::new(load.threads + 1);
    std::thread::scope(|scope| {
        for _ in 0..load.threads {
            scope.spawn(|| {
                all.wait();
                all.wait();
                let clients = clients[..load.clients].iter().cycle();
                for client in clients.take(load.heaps()) {
                    publish_all(client, load.waiting, &payload, QoS::AtMostOnce);
                }
                all.wait();
                all.wait();
            });
        }
        // They have started, and have not ended yet: what either takes is not a message's.
        all.wait();
        let (begun, before) = (Instant::now(), processor());
        all.wait();
        all.wait();
        let took = (begun.elapsed().as_secs_f64(), processor() - before);
        all.wait();
        took
    })
}
