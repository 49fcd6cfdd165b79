//! Six clients, eight threads, thousands of messages, the output of the module cut at random.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use atmqtt::{ClientConfig, Delivery, Event, Modem, Publication, QoS};
use atmqtt_emulator::runtime::{Chunk, Emulator};
use crossbeam_channel::{Receiver, Sender, bounded};

use crate::common::{Bench, PATIENCE};

const CLIENTS: u8 = 6;
const THREADS: usize = 8;
const QOS: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

/// What a thread publishes: a topic for each QoS, so that every topic has an order.
fn topic(thread: usize, qos: QoS) -> String {
    format!("load/{thread}/{qos}")
}

/// A payload that looks like half the protocol and says which message it is.
fn payload(thread: usize, qos: QoS, number: usize) -> Vec<u8> {
    let mut payload =
        format!("{thread},{qos},{number},\"\r\nOK\r\n+QMTSTAT: 0,1\r\n> ").into_bytes();
    payload.extend((0..number * 37 % 400).map(|n| (n * 31) as u8));
    payload
}

/// Every message of every thread arrives at the client that subscribed to that thread, in order per
/// topic and once. `permits`: messages that may be on their way to one client at a time.
fn run(delivery: Delivery, messages: usize, permits: Option<usize>) {
    let emulator = Emulator::builder()
        .chunk(Chunk::Random)
        .seed(7)
        .start()
        .unwrap();
    let modem = Modem::builder()
        .message_capacity(2 * THREADS * messages)
        .open(emulator.path())
        .unwrap();
    let bench = Bench { modem, emulator };
    let events = bench.modem.events().unwrap();
    let config = ClientConfig::new().delivery(delivery);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|index| bench.connected_with(index, &config))
        .collect();
    // Client c takes what the threads of client c - 1 publish.
    let publisher = |thread: usize| thread % usize::from(CLIENTS);
    let receiver = |thread: usize| (publisher(thread) + 1) % usize::from(CLIENTS);
    for thread in 0..THREADS {
        let filter = format!("load/{thread}/+");
        clients[receiver(thread)]
            .subscribe(&[(&filter, QoS::ExactlyOnce)])
            .unwrap();
    }
    // A message holds a permit of its receiver from its publish until it has been received.
    let (tokens, returned): (Vec<Sender<()>>, Vec<Receiver<()>>) = (0..CLIENTS)
        .map(|_| bounded(permits.unwrap_or(usize::MAX >> 40)))
        .unzip();
    let received = Arc::new(AtomicUsize::new(0));

    std::thread::scope(|scope| {
        let clients = &clients;
        let tokens = &tokens;
        for thread in 0..THREADS {
            let client = clients[publisher(thread)].clone();
            scope.spawn(move || {
                let mut pending: Vec<Publication> = Vec::new();
                for number in 0..messages {
                    let qos = QOS[number % QOS.len()];
                    if permits.is_some() {
                        tokens[receiver(thread)].send(()).unwrap();
                    }
                    let publication = client
                        .publish_start(
                            &topic(thread, qos),
                            payload(thread, qos, number / QOS.len()),
                            qos,
                            false,
                        )
                        .unwrap();
                    pending.push(publication);
                    if pending.len() == 20 {
                        for publication in pending.drain(..) {
                            publication.wait().unwrap();
                        }
                    }
                }
                for publication in pending {
                    publication.wait().unwrap();
                }
            });
        }
        for ((index, client), returned) in clients.iter().enumerate().zip(returned) {
            let threads: Vec<usize> = (0..THREADS).filter(|&t| receiver(t) == index).collect();
            let expected = threads.len() * messages;
            let received = Arc::clone(&received);
            scope.spawn(move || {
                let inbox = client.messages().unwrap();
                let mut next: HashMap<String, usize> = HashMap::new();
                for count in 0..expected {
                    let message = inbox
                        .recv_timeout(PATIENCE)
                        .unwrap_or_else(|| panic!("client {index}: {count} of {expected}"));
                    let text = message.topic().into_owned();
                    let number = next.entry(text.clone()).or_default();
                    let mut parts = text.split('/').skip(1);
                    let thread: usize = parts.next().unwrap().parse().unwrap();
                    let qos = QOS[parts.next().unwrap().parse::<usize>().unwrap()];
                    assert_eq!(
                        message.payload(),
                        payload(thread, qos, *number),
                        "{text} number {number}"
                    );
                    *number += 1;
                    if permits.is_some() {
                        returned.recv().unwrap();
                    }
                    received.fetch_add(1, Ordering::Relaxed);
                }
                assert!(inbox.try_recv().is_none());
            });
        }
    });
    assert_eq!(received.load(Ordering::Relaxed), THREADS * messages);
    bench.modem.close().unwrap();
    let lost: Vec<Event> = events
        .filter(|event| !matches!(event, Event::PortClosed { .. }))
        .collect();
    assert_eq!(lost, [], "nothing was lost, nothing was left over");
}

#[test]
fn inline() {
    run(Delivery::Inline, 600, None);
}

/// No more than the five slots of a client are ever taken, so none overflows.
#[test]
fn stored() {
    run(Delivery::Stored, 150, Some(5));
}
