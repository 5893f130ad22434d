//go:build !unix && !windows

package storage

import "os"

// mapFile leaves the file to be read.
func mapFile(*os.File, int) (*Bytes, error) { return nil, errNotMappable }
