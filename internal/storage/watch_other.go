//go:build !unix

package storage

import "os"

// watch does nothing: these systems do not let a mapped file be shortened, or
// know no mapping.
type watch struct{}

func newWatch(*os.File) watch  { return watch{} }
func (w *watch) changed() bool { return false }
func (w *watch) close() error  { return nil }
