//go:build !unix

package main

import "time"

// cpuTime is not known here: the flag cpu is refused.
func cpuTime() time.Duration { return 0 }
