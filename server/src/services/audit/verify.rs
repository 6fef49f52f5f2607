//! Goes through both chains from end to end and names the first entry that does not fit (B07).

use std::fmt;

use super::AuditTrail;
use crate::services::ServiceError;
use crate::store::trail::chain::GENESIS;
use crate::store::trail::{ChainEnds, ChainEntry};
use crate::store::{ChainKey, Trail, Work};

const AT_ONCE: u32 = 1_000;

/// What became of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// What it says was changed after it was written.
    Edited,
    /// Its hash was overwritten.
    Rehashed,
    /// It stands where another one belongs, which stands there.
    Reordered { belongs_here: i64 },
    /// It does not follow from the one before: put there, or changed together with its hash.
    Foreign,
    /// From the place named up to this one.
    Missing { up_to: i64 },
    /// Entries stand behind the chain's end.
    BehindEnd,
    /// The chain's end names another hash than the newest entry has.
    EndChanged,
    /// The mark that says where retention has removed entries is not the program's.
    AnchorForged,
    /// It is not the entry that was noted.
    NotAsNoted,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub seq: i64,
    /// The entry, as far as there is one.
    pub what: Option<String>,
    pub fault: Fault,
}

/// One chain's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub trail: Trail,
    /// How many entries were looked at: all, unless one is broken.
    pub entries: u64,
    pub ends: ChainEnds,
    pub broken: Option<Broken>,
}

/// An end of a chain that somebody has kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    pub trail: Trail,
    pub seq: i64,
    /// In hexadecimal digits; the first ones will do.
    pub hash: String,
}

impl Noted {
    /// `changes:17:3f9a...`, as `overkey audit verify` and the log tell it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split(':');
        let (trail, seq, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let known = hash.len() >= 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) && parts.next().is_none();
        Some(Self {
            trail: Trail::ALL.into_iter().find(|known| known.as_str() == trail)?,
            seq: seq.parse().ok().filter(|seq| *seq > 0)?,
            hash: known.then(|| hash.to_ascii_lowercase())?,
        })
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seq = self.seq;
        match &self.fault {
            Fault::Missing { up_to } if *up_to == seq => return write!(f, "entry {seq} is missing"),
            Fault::Missing { up_to } => return write!(f, "entries {seq} to {up_to} are missing"),
            Fault::AnchorForged => {
                return write!(
                    f,
                    "entries up to {seq} are missing: retention did not remove them, or its mark was changed"
                );
            }
            Fault::EndChanged => return write!(f, "the chain's end was changed: its hash is not that of entry {seq}"),
            _ => {}
        }
        write!(f, "entry {seq}")?;
        if let Some(what) = &self.what {
            write!(f, ", {what},")?;
        }
        match &self.fault {
            Fault::Edited => f.write_str(" was edited after it was written"),
            Fault::Rehashed => f.write_str(" has another hash than it was written with"),
            Fault::Reordered { belongs_here } => {
                write!(f, " stands in the wrong place: entry {belongs_here} belongs there")
            }
            Fault::BehindEnd => f.write_str(" stands behind the chain's end"),
            Fault::NotAsNoted => f.write_str(" is not the one that was noted"),
            Fault::Foreign | Fault::Missing { .. } | Fault::AnchorForged | Fault::EndChanged => {
                f.write_str(" does not follow from the one before: it was put there, or edited together with its hash")
            }
        }
    }
}

/// `changes: 17 entries, whole; newest changes:17:3f9a...`, in a line.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trail = self.trail.as_str();
        if let Some(broken) = &self.broken {
            return write!(f, "{trail}: broken after {} good entries: {broken}", self.entries);
        }
        write!(f, "{trail}: {} entries, whole", self.entries)?;
        if self.ends.anchor_seq > 0 {
            write!(f, " (retention removed those up to {})", self.ends.anchor_seq)?;
        }
        if self.ends.seq > 0 {
            write!(f, "; newest {trail}:{}:{}", self.ends.seq, hex(&self.ends.hash))?;
        }
        Ok(())
    }
}

impl AuditTrail {
    /// Both chains, as they are at one moment.
    pub async fn verify(&self, noted: &[Noted]) -> Result<Vec<Verdict>, ServiceError> {
        let mut work = self.core.store.read().await?;
        let mut verdicts = Vec::new();
        for trail in Trail::ALL {
            let ends = work.trails().ends(trail).await?;
            let noted = noted.iter().filter(|noted| noted.trail == trail).collect();
            let mut check = Check {
                key: &self.core.audit_keys.chain,
                trail,
                noted,
                seq: ends.anchor_seq,
                hash: anchored(&ends),
                entries: 0,
            };
            let broken = check.run(work.as_mut(), &ends).await?;
            verdicts.push(Verdict {
                trail,
                entries: check.entries,
                ends,
                broken,
            });
        }
        Ok(verdicts)
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

/// As the log and the command line write hashes.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noted_end_is_read_as_it_is_told() {
        let noted = Noted::parse(" changes:17:3F9a00ff ").unwrap();
        assert_eq!(
            (noted.trail, noted.seq, noted.hash.as_str()),
            (Trail::Changes, 17, "3f9a00ff")
        );
        for bad in [
            "",
            "changes:17",
            "changes:17:3f9a",
            "edits:17:3f9a00ff",
            "changes:0:3f9a00ff",
            "calls:1:xxxxxxxx",
            "calls:1:3f9a00ff:1",
        ] {
            assert_eq!(Noted::parse(bad), None, "{bad}");
        }
    }
}
