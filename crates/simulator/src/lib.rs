//! An X look-alike with a fault plan and a ledger of every byte it wrote.
