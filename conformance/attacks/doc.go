// Package attacks holds hostile inputs for the libraries and the command, and what
// each must be answered with: a typed error or a right result, within bounded time
// and memory, with nothing left behind and nothing on the terminal that the input
// chose.
//
// Every attack runs in a process of its own, so that its processor time and peak
// memory are its own, and so that a crash is seen and does no harm. Devices are
// played by pseudo-terminals and named pipes that the test makes; none of the
// machine's own is touched.
//
// The attacks need some minutes and run when COREML_ATTACKS is set: make attacks.
package attacks
