//go:build !unix && !windows

package storage

import "os"

func mapFile(*os.File, int) (*Bytes, error) { return nil, errNotMappable }
