//! What to do about a trouble, and when: table 4 of the note, back-off, brokers in turn, escalation. No I/O
//! and no clock.

use std::time::Duration;

use super::state::LinkCause;
use crate::error::{Error, ErrorKind};
use crate::mqtt::connect::DisconnectReason;

/// How long a [`Link`](crate::Link) waits between attempts.
///
/// The first wait after a trouble is up to `first`, and every further one twice as long up to `most`, each
/// shortened at random by up to half, so that a thousand devices do not come back in the same second. A
/// link that has stayed up for `stable` begins with `first` again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first wait, more than 0; default 1 s.
    pub first: Duration,
    /// The longest wait; default 5 minutes. For a port that is gone never more than 10 s.
    pub most: Duration,
    /// How long a link must be up to begin anew; default 30 s.
    pub stable: Duration,
    /// The wait after a cause that stays (bad credentials, for one); default 15 minutes.
    pub refused: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            most: Duration::from_secs(300),
            stable: Duration::from_secs(30),
            refused: Duration::from_secs(900),
        }
    }
}

/// Where to begin again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Remedy {
    /// Open the client again.
    Reconnect,
    /// The network, TLS and the client: the module has forgotten everything.
    Attach,
    /// Deactivate the PDP context, then as [`Attach`](Self::Attach).
    CycleContext,
    /// The port, and everything else.
    Reopen,
    /// Restart the module (`AT+CFUN=1,1`), unheard if need be, then as [`Reopen`](Self::Reopen).
    RestartModule,
    /// The user's power switch, then as [`Reopen`](Self::Reopen).
    CyclePower,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) remedy: Remedy,
    pub(super) wait: Duration,
    /// The cause stays, whichever broker is tried.
    pub(super) refused: bool,
}

/// Longest wait for a port that is gone: nobody else is asked when it is looked for.
const PORT_WAIT: Duration = Duration::from_secs(10);
/// Failures to open or connect in a row after which the PDP context is cycled, again and again.
const CYCLE_EVERY: u32 = 3;
/// The same for a restart of the module.
const RESTART_EVERY: u32 = 9;

/// What has been tried in vain since the link was last up for long enough.
#[derive(Debug)]
pub(super) struct Policy {
    backoff: Backoff,
    brokers: usize,
    has_power_hook: bool,
    random: Random,
    /// Index of the broker to try next.
    broker: usize,
    /// Troubles in a row.
    troubles: u32,
    /// Attempts to open and connect in vain, in a row.
    failures: u32,
    /// Times in a row that the module did not answer.
    deaf: u32,
    /// Brokers in a row that refused for good.
    refusals: usize,
}

impl Policy {
    pub(super) fn new(backoff: Backoff, brokers: usize, has_power_hook: bool, seed: u64) -> Self {
        Self {
            backoff,
            brokers,
            has_power_hook,
            random: Random(seed),
            broker: 0,
            troubles: 0,
            failures: 0,
            deaf: 0,
            refusals: 0,
        }
    }

    /// Index of the broker to try now.
    pub(super) fn broker(&self) -> usize {
        self.broker
    }

    /// The module has answered.
    pub(super) fn heard(&mut self) {
        self.deaf = 0;
    }

    /// The link has been up, for this long.
    pub(super) fn was_up(&mut self, up: Duration) {
        self.failures = 0;
        self.refusals = 0;
        if up >= self.backoff.stable {
            self.troubles = 0;
        }
    }

    /// The program wants it tried now.
    pub(super) fn begin_anew(&mut self) {
        self.troubles = 0;
        self.failures = 0;
        self.refusals = 0;
    }

    /// What to do about this.
    pub(super) fn plan(&mut self, cause: &LinkCause) -> Plan {
        let remedy = self.remedy(cause);
        if let LinkCause::Refused(error) = cause {
            let by_broker = error.kind() == ErrorKind::ConnectionRefused;
            self.refusals = if by_broker {
                self.refusals + 1
            } else {
                self.brokers
            };
            self.next_broker();
            if self.refusals >= self.brokers {
                self.refusals = 0;
                return Plan {
                    remedy,
                    wait: self.shortened(self.backoff.refused),
                    refused: true,
                };
            }
        }
        let round = self.troubles / u32::try_from(self.brokers).unwrap_or(u32::MAX);
        self.troubles = self.troubles.saturating_add(1);
        let most = match cause {
            LinkCause::PortLost(_) => self.backoff.most.min(PORT_WAIT),
            _ => self.backoff.most,
        };
        let wait = 2_u32
            .checked_pow(round)
            .and_then(|factor| self.backoff.first.checked_mul(factor))
            .map_or(most, |wait| wait.min(most));
        Plan {
            remedy,
            wait: self.shortened(wait),
            refused: false,
        }
    }

    fn remedy(&mut self, cause: &LinkCause) -> Remedy {
        match cause {
            LinkCause::Disconnected(DisconnectReason::PingFailed)
            | LinkCause::PingFailed
            | LinkCause::PdpDeactivated => Remedy::CycleContext,
            // No CONNECT or CONNACK: the attempt failed.
            LinkCause::Disconnected(
                DisconnectReason::ConnectFailed | DisconnectReason::ConnackFailed,
            ) => self.attempt_failed(),
            LinkCause::Disconnected(_) | LinkCause::FoundDisconnected => Remedy::Reconnect,
            LinkCause::Restarted => Remedy::Attach,
            LinkCause::PortLost(_) => Remedy::Reopen,
            LinkCause::Deaf(_) => self.escalate(),
            LinkCause::Failed(error) if is_context(error) => {
                self.attempt_failed().max(Remedy::CycleContext)
            }
            LinkCause::Failed(_) => self.attempt_failed(),
            LinkCause::Refused(_) | LinkCause::Progress | LinkCause::Asked => Remedy::Attach,
        }
    }

    fn attempt_failed(&mut self) -> Remedy {
        self.next_broker();
        self.failures += 1;
        // A broker that is down is no reason to restart the module before the others were tried.
        let rounds = self.failures / self.brokers as u32;
        if self.failures % self.brokers as u32 != 0 {
            Remedy::Reconnect
        } else if rounds % RESTART_EVERY == 0 {
            Remedy::RestartModule
        } else if rounds % CYCLE_EVERY == 0 {
            Remedy::CycleContext
        } else {
            Remedy::Reconnect
        }
    }

    /// Resynchronise, restart, power: a step more every time, and from the beginning after the last.
    fn escalate(&mut self) -> Remedy {
        let steps = [Remedy::Reopen, Remedy::RestartModule, Remedy::CyclePower];
        let steps = &steps[..if self.has_power_hook { 3 } else { 2 }];
        let remedy = steps[self.deaf as usize % steps.len()];
        self.deaf += 1;
        remedy
    }

    fn next_broker(&mut self) {
        self.broker = (self.broker + 1) % self.brokers;
    }

    /// Between half of it and all.
    fn shortened(&mut self, wait: Duration) -> Duration {
        wait.mul_f64(0.5 + self.random.fraction() / 2.0)
    }
}

/// `+QMTOPEN` result 3, or an activation that failed.
fn is_context(error: &Error) -> bool {
    matches!(
        (error.command(), error.code()),
        (Some("AT+QMTOPEN"), Some(3)) | (Some("AT+QIACT"), _)
    )
}

/// Enough chance for waits: splitmix64.
#[derive(Debug)]
struct Random(u64);

impl Random {
    /// 0 up to but not 1.
    fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn policy(brokers: usize) -> Policy {
        Policy::new(Backoff::default(), brokers, false, 7)
    }

    fn stat(code: i32) -> LinkCause {
        LinkCause::Disconnected(DisconnectReason::from_code(code))
    }

    fn failed() -> LinkCause {
        LinkCause::Failed(Error::new(ErrorKind::OperationFailed, "").with_command("AT+QMTOPEN"))
    }

    #[test]
    fn table_4_of_the_note() {
        for (code, remedy) in [
            (1, Remedy::Reconnect),
            (2, Remedy::CycleContext),
            (3, Remedy::Reconnect),
            (4, Remedy::Reconnect),
            (5, Remedy::Reconnect),
            (6, Remedy::Reconnect),
            (7, Remedy::Reconnect),
            (8, Remedy::Reconnect),
            (9, Remedy::Reconnect),
        ] {
            assert_eq!(policy(1).plan(&stat(code)).remedy, remedy, "code {code}");
        }
    }

    #[test]
    fn waits_double_up_to_the_most_and_begin_anew_after_a_stable_time() {
        let mut policy = policy(1);
        for round in 0..40 {
            let whole = (SECOND * 2_u32.pow(round.min(20))).min(Backoff::default().most);
            let wait = policy.plan(&stat(1)).wait;
            assert!(wait <= whole && wait >= whole / 2, "{round}: {wait:?}");
        }
        policy.was_up(29 * SECOND);
        assert!(policy.plan(&stat(1)).wait > 100 * SECOND);
        policy.was_up(30 * SECOND);
        assert!(policy.plan(&stat(1)).wait <= SECOND);
    }

    #[test]
    fn a_port_that_is_gone_is_looked_for_all_the_time() {
        let mut policy = policy(1);
        let gone = LinkCause::PortLost(Error::new(ErrorKind::PortLost, ""));
        let waits: Vec<_> = (0..20).map(|_| policy.plan(&gone).wait).collect();
        assert!(waits.iter().all(|&wait| wait <= PORT_WAIT), "{waits:?}");
        assert!(waits[19] >= PORT_WAIT / 2, "{waits:?}");
    }

    #[test]
    fn waits_differ_between_links() {
        let waits: std::collections::BTreeSet<_> = (0..100)
            .map(|seed| {
                let mut policy = Policy::new(Backoff::default(), 1, false, seed);
                policy.plan(&stat(1)).wait
            })
            .collect();
        assert_eq!(waits.len(), 100);
    }

    #[test]
    fn brokers_take_turns_and_share_a_wait() {
        let mut policy = policy(3);
        let mut tried = Vec::new();
        for _ in 0..6 {
            tried.push(policy.broker());
            policy.plan(&failed());
        }
        assert_eq!(tried, [0, 1, 2, 0, 1, 2]);
        // The third round.
        let wait = policy.plan(&failed()).wait;
        assert!((2 * SECOND..=4 * SECOND).contains(&wait), "{wait:?}");
    }

    #[test]
    fn a_lost_connection_goes_back_to_the_same_broker() {
        let mut policy = policy(3);
        policy.plan(&failed());
        policy.plan(&stat(1));
        assert_eq!(policy.broker(), 1);
    }

    #[test]
    fn failures_escalate() {
        let mut policy = policy(1);
        let remedies: Vec<_> = (0..9).map(|_| policy.plan(&failed()).remedy).collect();
        use Remedy::{CycleContext, Reconnect, RestartModule};
        assert_eq!(
            remedies,
            [
                Reconnect,
                Reconnect,
                CycleContext,
                Reconnect,
                Reconnect,
                CycleContext,
                Reconnect,
                Reconnect,
                RestartModule
            ]
        );
        policy.was_up(Duration::ZERO);
        assert_eq!(policy.plan(&failed()).remedy, Reconnect);
    }

    #[test]
    fn a_context_that_does_not_come_is_cycled_at_once() {
        let error = Error::new(ErrorKind::OperationFailed, "").with_command("AT+QMTOPEN");
        let cause = LinkCause::Failed(error.with_code(3));
        assert_eq!(policy(1).plan(&cause).remedy, Remedy::CycleContext);
    }

    #[test]
    fn a_deaf_module_is_restarted_and_then_switched_off() {
        use Remedy::{CyclePower, Reopen, RestartModule};
        let deaf = LinkCause::Deaf(Error::new(ErrorKind::Timeout, ""));
        for (hook, expected) in [
            (false, [Reopen, RestartModule, Reopen, RestartModule]),
            (true, [Reopen, RestartModule, CyclePower, Reopen]),
        ] {
            let mut policy = Policy::new(Backoff::default(), 1, hook, 7);
            let remedies: Vec<_> = (0..4).map(|_| policy.plan(&deaf).remedy).collect();
            assert_eq!(remedies, expected);
            policy.heard();
            assert_eq!(policy.plan(&deaf).remedy, Reopen);
        }
    }

    #[test]
    fn what_stays_is_not_hammered() {
        let refused = |kind| LinkCause::Refused(Error::new(kind, ""));
        let mut policy = policy(2);
        // Another broker may have other users.
        let first = policy.plan(&refused(ErrorKind::ConnectionRefused));
        assert!(!first.refused && first.wait <= SECOND);
        assert_eq!(policy.broker(), 1);
        let second = policy.plan(&refused(ErrorKind::ConnectionRefused));
        assert!(second.refused && second.wait >= 450 * SECOND);
        // A PIN is missing whichever broker it is.
        assert!(policy.plan(&refused(ErrorKind::InvalidState)).refused);
    }
}
