//! The port goes away.

use super::*;

/// The port is lost while this is outstanding: everything ends at once, and nothing comes after.
fn ends_everything(outstanding: impl Fn(&mut Test) -> Vec<OpId>) {
    connected(|t| {
        t.get_open(1);
        let ids = outstanding(t);
        t.sent();
        t.events();
        t.lose_port();
        for id in ids {
            t.failed_with(id, ErrorKind::PortLost);
        }
        t.nothing_left();
        assert!(all_clients().all(|client| t.state(client) == State::Closed));
        assert!(matches!(t.events()[..], [Event::PortClosed { .. }]));
        t.message(0, "t", "x");
        t.prompt();
        t.ok();
        t.lose_port();
        t.advance(seconds(3600));
        t.expect_nothing_sent();
        assert_eq!(t.events(), []);
        assert!(t.messages.is_empty());
        assert_eq!(t.engine.poll_timeout(), None);
        let error = t.try_submit(command("AT")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PortLost);
    });
}

#[test]
fn while_idle() {
    ends_everything(|_| vec![]);
}

#[test]
fn during_a_command_and_with_others_waiting() {
    ends_everything(|t| vec![t.command("AT"), t.command("AT"), t.close(1)]);
}

#[test]
fn before_a_prompt() {
    ends_everything(|t| vec![t.publish(0, "x", 1), t.publish(0, "x", 0)]);
}

#[test]
fn after_a_prompt() {
    ends_everything(|t| {
        let id = t.publish(0, "x", 1);
        t.prompt();
        vec![id]
    });
}

#[test]
fn before_results() {
    ends_everything(|t| {
        let mut ids = vec![t.publish_taken(0, "x", 1), t.publish_taken(0, "x", 0)];
        ids.push(t.subscribe(0, &[("t", 0)]));
        t.ok();
        ids.push(t.connect(1));
        t.ok();
        ids
    });
}

#[test]
fn with_a_full_window() {
    ends_everything(|t| {
        let mut ids: Vec<_> = (0..5).map(|_| t.publish_taken(0, "x", 1)).collect();
        ids.push(t.publish(0, "x", 1));
        ids
    });
}

#[test]
fn in_the_middle_of_a_message() {
    ends_everything(|t| {
        t.module("\r\n+QMTRECV: 0,0,\"t\",9,\"abc");
        vec![]
    });
}

#[test]
fn while_a_lost_prompt_is_waited_out() {
    ends_everything(|t| {
        let id = t.publish(0, "x", 1);
        t.advance(seconds(6));
        vec![id]
    });
}

#[test]
fn while_synchronising() {
    ends_everything(|t| {
        t.command("AT");
        t.advance(seconds(5));
        t.done.clear();
        vec![t.command("AT")]
    });
}

#[test]
fn before_anything_was_said() {
    script(|t| {
        let id = t.engine.start(t.now);
        t.lose_port();
        t.failed_with(id, ErrorKind::PortLost);
        assert_eq!(t.engine.poll_timeout(), None);
    });
}

#[test]
fn in_the_middle_of_a_message_nothing_comes_of_it_later() {
    connected(|t| {
        t.module("\r\n+QMTRECV: 0,0,\"t\",9,\"abc");
        t.lose_port();
        t.events();
        t.engine.handle_timeout(t.now + seconds(60));
        t.settle();
        assert_eq!(t.events(), []);
    });
}
