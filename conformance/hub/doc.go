// Package hub compares package hub with Python's huggingface_hub, and holds it to
// what it promises where Python promises nothing: hostile hubs, processes that are
// killed, disks that are full.
//
// Every download happens in a process of its own, or in one that takes commands: this
// test binary once more for package hub, driver.py for Python. A stand-in hub of
// package hub/hubtest serves them, with faults by script, and logs what they ask for.
//
// What needs Python runs when COREML_HUB_CONFORMANCE names a folder with an
// environment for each version, which make hub-conformance makes. The rest runs with
// all tests.
package hub
