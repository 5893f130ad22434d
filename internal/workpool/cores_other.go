//go:build !linux

package workpool

// smtActive reports false where the question has no cheap answer: then every
// logical CPU counts as a core.
func smtActive() bool { return false }
