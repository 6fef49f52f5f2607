//! Goes through both chains from end to end and names the first entry that does not fit (B07).

use super::AuditTrail;
use super::verdict::{Broken, Fault, Noted, Verdict, hex};
use crate::services::ServiceError;
use crate::store::trail::chain::GENESIS;
use crate::store::trail::{ChainEnds, ChainEntry};
use crate::store::{ChainKey, Trail, Work};

const AT_ONCE: u32 = 1_000;

impl AuditTrail {
    /// Both chains, as they are at one moment.
    pub async fn verify(&self, noted: &[Noted]) -> Result<Vec<Verdict>, ServiceError> {
        let mut work = self.core.store.read().await?;
        let mut verdicts = Vec::new();
        for trail in Trail::ALL {
            let ends = work.trails().ends(trail).await?;
            let noted = noted.iter().filter(|noted| noted.trail == trail).collect();
            let start = (ends.anchor_seq, anchored(&ends));
            verdicts.push(self.verdict(work.as_mut(), (trail, ends), noted, start).await?);
        }
        Ok(verdicts)
    }

    /// The newest entries of both: quick, and blind to what was changed before them.
    pub async fn verify_newest(&self, count: i64) -> Result<Vec<Verdict>, ServiceError> {
        let mut work = self.core.store.read().await?;
        let mut verdicts = Vec::new();
        for trail in Trail::ALL {
            let ends = work.trails().ends(trail).await?;
            let from = ends.seq - count;
            let mut start = (ends.anchor_seq, anchored(&ends));
            if from > ends.anchor_seq {
                let entry = work.trails().entries(trail, from - 1, 1).await?.pop();
                // Without it, everything is looked at.
                if let Some(entry) = entry.filter(|entry| entry.seq == from) {
                    start = (entry.seq, entry.hash);
                }
            }
            verdicts.push(self.verdict(work.as_mut(), (trail, ends), Vec::new(), start).await?);
        }
        Ok(verdicts)
    }

    /// Of the entries that follow `start`.
    async fn verdict(
        &self,
        work: &mut dyn Work,
        (trail, ends): (Trail, ChainEnds),
        noted: Vec<&Noted>,
        (seq, hash): (i64, Vec<u8>),
    ) -> Result<Verdict, ServiceError> {
        let mut check = Check {
            key: &self.core.audit_keys.chain,
            trail,
            noted,
            seq,
            hash,
            entries: 0,
        };
        let broken = check.run(work, &ends).await?;
        Ok(Verdict {
            trail,
            entries: check.entries,
            ends,
            broken,
        })
    }
}

fn anchored(ends: &ChainEnds) -> Vec<u8> {
    if ends.anchor_seq == 0 {
        GENESIS.to_vec()
    } else {
        ends.anchor_hash.clone()
    }
}

struct Check<'a> {
    key: &'a ChainKey,
    trail: Trail,
    noted: Vec<&'a Noted>,
    /// The last entry that fitted.
    seq: i64,
    hash: Vec<u8>,
    entries: u64,
}

impl Check<'_> {
    async fn run(&mut self, work: &mut dyn Work, ends: &ChainEnds) -> Result<Option<Broken>, ServiceError> {
        let mac = self.key.anchor(self.trail, ends.anchor_seq, &ends.anchor_hash);
        if ends.anchor_seq != 0 && ends.anchor_mac != mac {
            return Ok(broken(ends.anchor_seq, None, Fault::AnchorForged));
        }
        loop {
            let entries = work.trails().entries(self.trail, self.seq, AT_ONCE).await?;
            if entries.is_empty() {
                return Ok(self.at_end(ends));
            }
            for entry in entries {
                if let Some(fault) = self.fault(work, &entry, ends).await? {
                    // A gap is where the missing ones were.
                    let seq = if matches!(fault, Fault::Missing { .. }) {
                        self.seq + 1
                    } else {
                        entry.seq
                    };
                    return Ok(broken(seq, Some(entry.what), fault));
                }
                self.entries += 1;
                (self.seq, self.hash) = (entry.seq, entry.hash);
            }
        }
    }

    async fn fault(
        &self,
        work: &mut dyn Work,
        entry: &ChainEntry,
        ends: &ChainEnds,
    ) -> Result<Option<Fault>, ServiceError> {
        let place = self.seq + 1;
        if entry.seq > place {
            return Ok(Some(Fault::Missing { up_to: entry.seq - 1 }));
        }
        if entry.seq > ends.seq {
            return Ok(Some(Fault::BehindEnd));
        }
        if self.key.link(self.trail, place, &self.hash, &entry.content)[..] != entry.hash {
            return Ok(Some(self.why(work, entry, ends).await?));
        }
        let differs = |noted: &&&Noted| noted.seq == place && !hex(&entry.hash).starts_with(&noted.hash);
        Ok(self.noted.iter().find(differs).map(|_| Fault::NotAsNoted))
    }

    /// The chain says where; what stands around tells what was done there.
    async fn why(&self, work: &mut dyn Work, entry: &ChainEntry, ends: &ChainEnds) -> Result<Fault, ServiceError> {
        if let Some(belongs_here) = self.find_belonging(work).await? {
            return Ok(Fault::Reordered { belongs_here });
        }
        let next = work.trails().entries(self.trail, entry.seq, 1).await?.pop();
        let follows = |hash: &[u8]| match &next {
            Some(next) => self.key.link(self.trail, next.seq, hash, &next.content)[..] == next.hash,
            None => ends.hash == hash,
        };
        let own = self.key.link(self.trail, entry.seq, &self.hash, &entry.content);
        Ok(if follows(&entry.hash) {
            Fault::Edited
        } else if follows(&own) {
            Fault::Rehashed
        } else {
            Fault::Foreign
        })
    }

    /// The entry whose hash says that it follows here, wherever it stands.
    async fn find_belonging(&self, work: &mut dyn Work) -> Result<Option<i64>, ServiceError> {
        let mut after = self.seq;
        loop {
            let entries = work.trails().entries(self.trail, after, AT_ONCE).await?;
            let Some(last) = entries.last() else { return Ok(None) };
            after = last.seq;
            let belongs = |entry: &&ChainEntry| {
                self.key.link(self.trail, self.seq + 1, &self.hash, &entry.content)[..] == entry.hash
            };
            if let Some(found) = entries.iter().find(belongs) {
                return Ok(Some(found.seq));
            }
        }
    }

    fn at_end(&self, ends: &ChainEnds) -> Option<Broken> {
        let wanted = self
            .noted
            .iter()
            .map(|noted| noted.seq)
            .chain([ends.seq])
            .max()
            .unwrap_or_default();
        if wanted > self.seq {
            return broken(self.seq + 1, None, Fault::Missing { up_to: wanted });
        }
        // An end that was moved back would hide entries from those who go on behind it.
        if ends.seq < self.seq || (ends.seq > 0 && ends.hash != self.hash) {
            return broken(self.seq, None, Fault::EndChanged);
        }
        None
    }
}

fn broken(seq: i64, what: Option<String>, fault: Fault) -> Option<Broken> {
    Some(Broken { seq, what, fault })
}
