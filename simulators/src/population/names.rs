//! Surnames that nobody could take for real ones, and ordinary given names.

#[rustfmt::skip]
pub const SURNAMES: [&str; 26] = [
    "ESEMPIO", "PROVINI", "CAMPIONI", "FITTIZI", "COLLAUDI", "IMMAGINARI", "FANTASIA", "SIMULATI", "PLACEBO",
    "INVENTATI", "VERIFICA", "BOZZETTI", "MANICHINI", "SEGNAPOSTO", "QUALUNQUE", "TALDEITALI", "CAIO", "SEMPRONI",
    "PINCOPALLI", "NESSUNO", "MODELLI", "PROTOTIPI", "ABBOZZI", "IPOTESI", "FINZIONI", "SCHIZZI",
];

/// For people born abroad.
#[rustfmt::skip]
pub const FOREIGN_SURNAMES: [&str; 6] = [
    "MUSTERMANN", "SAMPLESCU", "PROBAJ", "DOE", "ZRAZOK", "EL MITHAL",
];

#[rustfmt::skip]
pub const MEN: [&str; 20] = [
    "MARIO", "LUIGI", "GIOVANNI", "PAOLO", "ANDREA", "MARCO", "STEFANO", "ALDO", "UGO", "CARLO", "PIETRO", "LORENZO",
    "MATTEO", "DAVIDE", "SIMONE", "FABIO", "GUIDO", "IVAN", "OTTO", "ROCCO",
];

#[rustfmt::skip]
pub const WOMEN: [&str; 20] = [
    "ANNA", "MARIA", "LAURA", "CHIARA", "SARA", "ELENA", "GIULIA", "PAOLA", "EVA", "IDA", "CARLA", "MARTA", "SILVIA",
    "ROSA", "LUISA", "IRENE", "ALICE", "NOEMI", "ADA", "VERA",
];
